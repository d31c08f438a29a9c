"""``demo``: the main job on the sample district, from exports to tiers."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xhcredit.cli.clock import today
from xhcredit.cli.console import out, progress_bar, tell_json
from xhcredit.cli.data import as_data, show_report
from xhcredit.cli.demo_draw import draw_sample
from xhcredit.cli.night import AsJson, show_listed
from xhcredit.cli.night import show_report as show_night
from xhcredit.errors import NothingKnown

if TYPE_CHECKING:  # what does the work is imported when it is asked for, so that --help is quick
    from xhcredit.ingest.report import IngestReport
    from xhcredit.jobs.night import NightReport
    from xhcredit.jobs.restorable_night import Listed

#: the sample stands beside the library in a checkout; its last day is its as-of day
SAMPLE = Path(__file__).parents[2] / "data" / "sample"
SAMPLE_DAY = date(2026, 6, 30)


def register(app: typer.Typer) -> None:
    """Add the command to the shell."""
    app.command("demo")(demo)


def demo(
    into: Annotated[Path, typer.Option("--out", help="Folder for all results.")] = Path("out/demo"),
    json_: AsJson = False,
) -> None:
    """See a district scored: ingest the sample's exports, score everybody, say what to try next."""
    if not (SAMPLE / "exports").is_dir():
        raise NothingKnown(
            f'no sample district at "{SAMPLE}"; run the demo from a checkout of the repository'
        )
    ingested, night, listed = _run(into, quiet=json_)
    if json_:
        told = {**night.__dict__, "scores": str(night.scores)}
        tell_json({"ingested": as_data(ingested), "night": told, "restorable": listed.states})
        return
    show_report(ingested, brief=True)
    show_night(night)
    show_listed(listed)
    out.print(f"数据质量 data quality: {into / 'quality.html'}")
    out.print(f"双随机抽查 draw: {into / 'draw'} (python3 verify_draw.py *.json *.csv checks it)")
    drawn = into / "draw"
    where = f"--warehouse {into / 'warehouse'} --as-of {SAMPLE_DAY}"
    out.print(
        "\n[bold]Try next[/]\n"
        f"  xhcredit explain {first_code(night.scores)} {where}\n"
        f"  xhcredit draw verify {drawn / 'record.json'} --frame {drawn / 'frame.csv'}\n"
        f"  xhcredit-serve --store {into / 'store.db'} --warehouse {into / 'warehouse'}\n"
        f"  xhcredit rules show --as-of {SAMPLE_DAY}\n"
        "(in a checkout the program is .venv/bin/xhcredit)",
        soft_wrap=True,
    )


def _run(into: Path, *, quiet: bool) -> tuple[IngestReport, NightReport, Listed]:
    """Ingest the exports, score everybody, list who can be restored, write the quality page."""
    from xhcredit.ingest.quality import write_quality_page
    from xhcredit.ingest.warehouse import Warehouse
    from xhcredit.jobs.ingest import run_ingest
    from xhcredit.jobs.model import model_on
    from xhcredit.jobs.night import run_night
    from xhcredit.jobs.restorable_night import write_restorable
    from xhcredit.rules.rulebook import Rulebook
    from xhcredit.scores.release import load_release

    warehouse, exports = into / "warehouse", str(SAMPLE / "exports")
    with progress_bar(quiet=quiet) as progress:
        ingested = run_ingest(
            exports, SAMPLE / "mappings", warehouse, today=today(), progress=progress
        )
        model = model_on(Rulebook.load(), load_release(), SAMPLE_DAY)
        night = run_night(warehouse, into, model, progress=progress)
        listed = write_restorable(warehouse, model.rules, SAMPLE_DAY, into, progress=progress)
        draw_sample(SAMPLE, into, progress)
    write_quality_page(Warehouse(warehouse), into / "quality.html")
    return ingested, night, listed


def first_code(scores: Path) -> str:
    """Code of the enterprise with the lowest composite score."""
    import pyarrow.parquet as pq  # keeps `--help` quick

    table = pq.read_table(scores, columns=["code", "composite"])
    return str(table.sort_by("composite").column("code")[0])
