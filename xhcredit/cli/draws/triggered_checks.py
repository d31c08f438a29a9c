"""``draw trigger|triggered|trigger-close|trigger-off`` commands: triggered checks (触发式检查)."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from xhcredit.cli.arguments import day_from_text, existing_store
from xhcredit.cli.options import DEFAULT_STORE, DEFAULT_WAREHOUSE, Address, AsJson, Rules, Warehouse
from xhcredit.cli.output import grid, out, print_json
from xhcredit.jobs.draws.triggered_checks import (
    cancel_check,
    close_check,
    counts_by_source,
    open_check,
)
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.store.core.transactions import Act

_Id = Annotated[str, typer.Argument(help="Id of the check.")]
_On = Annotated[str, typer.Option(help="YYYY-MM-DD.  [default: today]")]


def _act(action: str, purpose: str, check: str) -> Act:
    return Act(getpass.getuser(), f"check.{action}", purpose, payload={"check": check})


def trigger(
    check: _Id,
    code: Annotated[str, typer.Option(help="The enterprise.")],
    bureau: Annotated[str, typer.Option(help="Who checks.")],
    item: Annotated[list[str], typer.Option(help="Inspection item; may be repeated.")],
    source: Annotated[str, typer.Option(help="complaint, alert, transfer …: draws.triggered.")],
    reason: Annotated[str, typer.Option(help="Why this enterprise; kept.")],
    reference: Annotated[str, typer.Option(help="Number of the complaint, alert, letter.")] = "",
    on: _On = "",
    rules: Rules = None,
    store: Address = DEFAULT_STORE,
    json_: AsJson = False,
) -> None:
    """触发式检查: open a check for a reason, beside the draws and counted apart."""
    check_fields = {
        "id": check,
        "code": code,
        "bureau": bureau,
        "items": item,
        "source": source,
        "reason": reason,
        "reference": reference,
        "opened_on": day_from_text(on),
    }
    with existing_store(store) as opened_store:
        rulebook = load_rulebook(rules)
        opened_check = open_check(
            opened_store, _act("open", reason, check), check_fields, rulebook, day_from_text("")
        )
    if json_:
        print_json(opened_check)
        return
    counts = "计入年度上限 counts" if opened_check["counts"] else "不计入年度上限 does not count"
    out.print(f"{check}: {counts} toward the yearly cap", soft_wrap=True)


def triggered(store: Address = DEFAULT_STORE, json_: AsJson = False) -> None:
    """List triggered checks, and how many there are by source."""
    with existing_store(store) as opened_store:
        checks = opened_store.triggered_checks.list_checks()
    if json_:
        print_json({"checks": checks, "counted": counts_by_source(checks)})
        return
    columns = ("id", "code", "bureau", "source", "reason", "opened_on", "state", "result", "counts")
    counts = counts_by_source(checks)
    tables: tuple[tuple[Sequence[Mapping[str, object]], tuple[str, ...]], ...] = (
        (checks, columns),
        (counts, ("source", "checks", "open", "counting", "failed")),
    )
    for rows, names in tables:
        table = grid("")
        table.add_row(*names)
        for row in rows:
            table.add_row(*(str(row[name]) for name in names))
        out.print(table)


def close(
    check: _Id,
    result: Annotated[str, typer.Argument(help="One of the eight result codes.")],
    on: _On = "",
    note: Annotated[str, typer.Option(help="What was found.")] = "",
    why: Annotated[str, typer.Option("--why", help="Why; kept in the activity chain.")] = "result",
    warehouse: Warehouse = DEFAULT_WAREHOUSE,
    store: Address = DEFAULT_STORE,
) -> None:
    """Enter the result; it becomes an inspection, with the form of its source."""
    check_result = {"result": result, "inspected_on": day_from_text(on).isoformat(), "note": note}
    with existing_store(store) as opened_store:
        act = _act("close", why, check)
        close_check(opened_store, act, check, check_result, warehouse, day_from_text(""))
    out.print(f"{check}: {result} 已录入")


def off(
    check: _Id,
    reason: Annotated[str, typer.Argument(help="Withdrawn, opened by mistake …; kept.")],
    store: Address = DEFAULT_STORE,
) -> None:
    """Call a check off before it took place."""
    with existing_store(store) as opened_store:
        cancel_check(
            opened_store, _act("call_off", reason, check), check, reason, day_from_text("")
        )
    out.print(f"{check}: 已撤销 called off")
