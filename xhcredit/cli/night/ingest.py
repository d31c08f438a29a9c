"""``ingest`` and ``quality`` commands: ingestion of exports and the data-quality page."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xhcredit.cli.clock import today
from xhcredit.cli.demo_clock import use_clock_of_warehouse
from xhcredit.cli.options import DEFAULT_WAREHOUSE, AsJson, Rules
from xhcredit.cli.options import Warehouse as WarehouseOption
from xhcredit.cli.output import err, out, print_json, progress_bar
from xhcredit.ingest.quality import write_quality_page
from xhcredit.ingest.reasons import REASONS
from xhcredit.ingest.report import IngestReport
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.warehouse.ingest import district_names, run_ingest
from xhcredit.rules.rulebook import Rulebook


def ingest(
    source: Annotated[
        str, typer.Argument(help="A file, a folder, or a database URL (SQLAlchemy).")
    ],
    mapping: Annotated[
        Path, typer.Option("--mapping", help="Mapping file, or a folder of them (YAML).")
    ],
    into: Annotated[
        Path,
        typer.Option(
            "--into", "--warehouse", callback=use_clock_of_warehouse, help="Warehouse folder."
        ),
    ] = DEFAULT_WAREHOUSE,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """Take departments' exports into the warehouse; quarantine what cannot be used.

    A mapping says which source column is which canonical column; a new department needs no code
    (see `data/sample/mappings` for examples). Each file goes in whole or not at all; the same file
    again changes nothing. Quarantined rows are told with file, row, column, what was found, what
    to do. A folder in which some file is refused ends with that file's exit code, after the rest
    has gone in. Bureaus and streets get the official names of `--rules` (`district/bureaus.yaml`,
    `district/streets.yaml`); what these lists lack goes in as written and is counted in a note.
    """
    names = district_names(Rulebook.load(rules), today())
    with progress_bar(quiet=json_) as progress:
        report = run_ingest(source, mapping, into, today=today(), progress=progress, names=names)
    if json_:
        print_json(report_data(report))
    else:
        show_report(report)
    if report.refused:
        error = report.refused[0].error
        raise typer.Exit(error.exit_code if error else 1)


def report_data(report: IngestReport) -> dict[str, object]:
    """The report as JSON-ready values."""
    files = [asdict(f) | {"error": f.error and f"{f.error.code}: {f.error}"} for f in report.files]
    return {**asdict(report), "files": files, "quarantined": report.quarantined()}


def show_report(report: IngestReport, *, brief: bool = False) -> None:
    """Print what was ingested for people; ``brief`` leaves the table of files out."""
    if not brief:
        out.print(_files_table(report))
    rows = sum(f.rows_in for f in report.files)
    quarantined_rows = sum(f.rows_quarantined for f in report.files)
    out.print(f"{len(report.files)} files, {rows:,} rows; quarantined 隔离 {quarantined_rows:,}:")
    for reason, count in sorted(report.quarantined().items(), key=lambda item: -item[1]):
        finding, _, _ = REASONS[reason][0].partition("；")
        out.print(f"  {count:>8,}  {finding.replace('{}', '…')} [dim]{reason}[/]")
    _show_notes(report)


def _files_table(report: IngestReport) -> Table:
    """One line per file."""
    table = Table(title="归集 ingestion")
    table.add_column("文件 file")
    table.add_column("结果 result")
    for column in ("行 rows", "进入 entered", "隔离 quarantined"):
        table.add_column(column, justify="right")
    for f in report.files:
        entered = sum((f.entered or {}).values())
        cells = (f.rows_in, entered, f.rows_quarantined)
        table.add_row(f.source, f.status, *(f"{n:,}" for n in cells))
    return table


def _show_notes(report: IngestReport) -> None:
    """Print refused files, notes, and where the quarantined rows lie."""
    for f in report.files:
        if f.error:
            err.print(f"[bold red]refused[/] {f.source}: ", end="")
            err.print(str(f.error), markup=False, highlight=False, soft_wrap=True)
        for note in f.notes:
            out.print(f"[yellow]note[/] {f.source}: {note}", soft_wrap=True)
    for name in report.unmatched:
        out.print(f"[yellow]not read[/] {name}: no mapping names it", soft_wrap=True)
    quarantine_files = [f.quarantine_csv for f in report.files if f.quarantine_csv]
    if quarantine_files:
        folder = Path(quarantine_files[0]).parent
        out.print(
            f"隔离明细 quarantined rows (file, row, column, what to do): {folder}", soft_wrap=True
        )


def quality(
    warehouse: WarehouseOption = DEFAULT_WAREHOUSE,
    into: Annotated[
        Path, typer.Option("--out", help="Folder for quality.html and quality.json.")
    ] = Path("out/quality"),
) -> None:
    """Write the data-quality page: completeness, freshness, quarantine by source."""
    write_quality_page(Warehouse(warehouse), into / "quality.html")
    out.print(f"数据质量 data quality: {into / 'quality.html'}")
