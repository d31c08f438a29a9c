"""``restoration list|what-if|notice`` commands: restorable records, what-if scores, notices."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from xhcredit.cli.arguments import day_from_text, model_for
from xhcredit.cli.options import DEFAULT_WAREHOUSE, AsJson, AsOf, Release, Rules, Warehouse
from xhcredit.cli.output import err, grid, out, print_json, progress_bar
from xhcredit.cli.restoration.commands import json_of
from xhcredit.domain.codes import UnifiedCode, normalised
from xhcredit.errors import BadInput
from xhcredit.jobs.restoration.barred_applicants import without_barred
from xhcredit.jobs.restoration.candidates import STATES, RestorableRecord, find_restorable
from xhcredit.jobs.restoration.candidates_spreadsheet import write_xlsx
from xhcredit.jobs.restoration.counterfactual import score_without_record
from xhcredit.jobs.restoration.nightly_update import barred_in
from xhcredit.jobs.restoration.records import RecordKey
from xhcredit.jobs.restoration.rows import ScoreWithoutRecord
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.restoration.notice import Parties, notice
from xhcredit.restoration.record import record_from
from xhcredit.scores.rulebook import load_rulebook

Code = Annotated[str, typer.Argument(help="Unified social credit code, 18 characters.")]


def list_command(
    as_of: AsOf = "",
    warehouse: Warehouse = DEFAULT_WAREHOUSE,
    into: Annotated[
        Path | None, typer.Option("--out", help="Spreadsheet (.xlsx) to write.")
    ] = None,
    rules: Rules = None,
    store: Annotated[
        str,
        typer.Option(
            envvar="XHCREDIT_STORE", help="Store that knows who is barred.  [default: none]"
        ),
    ] = "",
    json_: AsJson = False,
) -> None:
    """List the records that can be restored now or within 30 days, and what is still missing.

    With `--store`, who is barred after false materials or a broken pledge is left out.
    """
    day = day_from_text(as_of)
    rulebook = load_rulebook(rules)
    records = find_restorable(warehouse, rulebook, day)
    records = without_barred(records, barred_in(store), warehouse, rulebook, day)
    if into:
        write_xlsx(records, into, day)
    if json_:
        print_json([asdict(row) for row in records])
        return
    states: Counter[str] = Counter(row.state for row in records)
    table = grid(f"{day} 可以修复的记录 restorable records", "可否申请 state", "条数 records")
    for state, (zh, en) in STATES.items():
        table.add_row(f"{zh} [dim]{en}[/]", f"{states[state]:,}")
    out.print(table)
    _examples(records)
    if into:
        out.print(f"written: {into}")


def _examples(records: list[RestorableRecord]) -> None:
    table = grid("", "代码 code", "名称 name", "最早 from", "所缺 missing")
    for row in records[:10]:
        table.add_row(row.code, row.name, str(row.earliest_on or "–"), row.missing)
    if records:
        out.print(table)


def what_if_command(
    code: Code,
    record: Annotated[
        list[str],
        typer.Option("--key", help="Key of the record, such as doc_no=…; may be repeated."),
    ],
    table: Annotated[
        str,
        typer.Option(
            "--table", help="penalty, a listing or a spot check (inspection, food_sample)."
        ),
    ] = "penalty",
    as_of: AsOf = "",
    warehouse: Warehouse = DEFAULT_WAREHOUSE,
    release: Release = None,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """Compute score and tier without one record, as the law wants it after restoration."""
    code = UnifiedCode(normalised(code)).text
    record_key = RecordKey(table, dict(name_and_value(text) for text in record))
    model = model_for(as_of, release, rules)
    with progress_bar(quiet=json_) as progress:
        event_columns = open_event_columns(warehouse, progress=progress)
    comparison = score_without_record(warehouse, event_columns, model, code, record_key)
    if json_:
        print_json(comparison)
        return
    _show_change(comparison)


def name_and_value(text: str) -> tuple[str, str]:
    """A name and its value.

    Raises:
        BadInput: there is no "=" between them.
    """
    name, sign, value = text.partition("=")
    if not sign:
        raise BadInput(f'"{text}" has no "="; write it as doc_no=…')
    return name.strip(), value.strip()


def _show_change(comparison: ScoreWithoutRecord) -> None:
    before, after = comparison["before"], comparison["after"]
    table = grid(comparison["code"], "", "现在 now", "修复后 after restoration")
    composites = (f"{side['composite']:.1f}" for side in (before, after))
    table.add_row("综合信用分 composite", *composites)
    table.add_row("等级 tier", before["tier"], after["tier"])
    out.print(table)
    out.print(f"[dim]{comparison['mark']}[/]")


def notice_command(
    record: Annotated[str, typer.Option("--record", help="The decision as JSON, as in a case.")],
    name: Annotated[str, typer.Option(help="Name of the enterprise.")],
    code: Annotated[str, typer.Option(help="Unified social credit code.")],
    agency: Annotated[str, typer.Option(help="Organ that decided.")],
    doc_no: Annotated[str, typer.Option(help="Number of the decision.")] = "",
    rules: Rules = None,
) -> None:
    """Print the restoration notice that is served together with a decision (两书同达)."""
    parties = Parties(name, UnifiedCode(normalised(code)).text, agency, doc_no)
    notice_document = notice(record_from(json_of(record)), parties, load_rulebook(rules))
    out.print(notice_document.text, markup=False, highlight=False, soft_wrap=True)
    for hint in notice_document.lawyer:
        err.print(f"送达前须由法制确认 to confirm before serving: {hint}", soft_wrap=True)
