"""``draw trigger|triggered|trigger-close|trigger-off`` commands: triggered checks (触发式检查)."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from xhcredit.cli.arguments import existing_store, the_day
from xhcredit.cli.options import STORE, WAREHOUSE, Address, AsJson, Rules, Warehouse
from xhcredit.cli.output import grid, out, tell_json
from xhcredit.jobs.draws.triggered_checks import call_off, close_check, counted, open_check
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.transactions import Act

_Id = Annotated[str, typer.Argument(help="Id of the check.")]
_On = Annotated[str, typer.Option(help="YYYY-MM-DD.  [default: today]")]


def _act(action: str, why: str, check: str) -> Act:
    return Act(getpass.getuser(), f"check.{action}", why, payload={"check": check})


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
    store: Address = STORE,
    json_: AsJson = False,
) -> None:
    """触发式检查: open a check for a reason, beside the draws and counted apart."""
    given = {
        "id": check,
        "code": code,
        "bureau": bureau,
        "items": item,
        "source": source,
        "reason": reason,
        "reference": reference,
        "opened_on": the_day(on),
    }
    with existing_store(store) as opened:
        book = Rulebook.load(rules)
        told = open_check(opened, _act("open", reason, check), given, book, the_day(""))
    if json_:
        tell_json(told)
        return
    counts = "计入年度上限 counts" if told["counts"] else "不计入年度上限 does not count"
    out.print(f"{check}: {counts} toward the yearly cap", soft_wrap=True)


def triggered(store: Address = STORE, json_: AsJson = False) -> None:
    """List triggered checks, and how many there are by source."""
    with existing_store(store) as opened:
        checks = opened.triggered.listed()
    if json_:
        tell_json({"checks": checks, "counted": counted(checks)})
        return
    columns = ("id", "code", "bureau", "source", "reason", "opened_on", "state", "result", "counts")
    for rows, names in (
        (checks, columns),
        (counted(checks), ("source", "checks", "open", "counting", "failed")),
    ):
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
    warehouse: Warehouse = WAREHOUSE,
    store: Address = STORE,
) -> None:
    """Enter the result; it becomes an inspection, with the form of its source."""
    found = {"result": result, "inspected_on": the_day(on).isoformat(), "note": note}
    with existing_store(store) as opened:
        act = _act("close", why, check)
        close_check(opened, act, check, found, warehouse, the_day(""))
    out.print(f"{check}: {result} 已录入")


def off(
    check: _Id,
    reason: Annotated[str, typer.Argument(help="Withdrawn, opened by mistake …; kept.")],
    store: Address = STORE,
) -> None:
    """Call a check off before it took place."""
    with existing_store(store) as opened:
        call_off(opened, _act("call_off", reason, check), check, reason, the_day(""))
    out.print(f"{check}: 已撤销 called off")
