"""``restoration applications|grants`` and ``objection list`` commands: case states and deadlines."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from xhcredit.cli.arguments import open_store, the_day
from xhcredit.cli.clock import today
from xhcredit.cli.options import STORE, WAREHOUSE, Address, AsJson, Rules, Warehouse
from xhcredit.cli.output import grid, out, tell_json
from xhcredit.errors import BadInput
from xhcredit.jobs.restoration.application_pages import Wanted, page_of
from xhcredit.jobs.restoration.applications import shown
from xhcredit.jobs.restoration.nightly_update import before_night
from xhcredit.restoration.workflow import STATES, Kind
from xhcredit.rules.rulebook import Rulebook

State = Annotated[list[str], typer.Option(help="Only these states.")]


def applications(
    number: Annotated[int, typer.Argument(help="Only this one, with all its steps.")] = 0,
    state: State = [],  # noqa: B006 - never changed; Typer wants a list
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those overdue.")] = False,
    on: Annotated[str, typer.Option("--on", help="Overdue on which day.  [default: today]")] = "",
    limit: Annotated[int, typer.Option(help="At most so many, the latest first.")] = 50,
    store: Address = STORE,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """List applications, or show one with its steps; deadlines in working days, overdue told."""
    _show_list("restoration", number, state, (overdue, on, limit), (store, rules), json_)


def objection_list(
    number: Annotated[int, typer.Argument(help="Only this one, with all its steps.")] = 0,
    state: State = [],  # noqa: B006 - never changed; Typer wants a list
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those overdue.")] = False,
    on: Annotated[str, typer.Option("--on", help="Overdue on which day.  [default: today]")] = "",
    limit: Annotated[int, typer.Option(help="At most so many, the latest first.")] = 50,
    store: Address = STORE,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """List objections, or show one with its steps and clocks."""
    _show_list("objection", number, state, (overdue, on, limit), (store, rules), json_)


def _show_list(
    kind: Kind,
    number: int,
    states: list[str],
    asked: tuple[bool, str, int],
    places: tuple[str, Path | None],
    json_: bool,
) -> None:
    overdue, on, limit = asked
    for name in states:
        if name not in STATES:
            raise BadInput(f'unknown state "{name}"; choose from: {", ".join(STATES)}')
    day, rules = the_day(on), Rulebook.load(places[1])
    with open_store(places[0]) as store:
        if number:
            told = [shown(_of_kind(store.applications.one(number), kind), day, rules)]
        else:
            wanted = Wanted(kind, frozenset(states), overdue=overdue, limit=limit)
            told = page_of(store, rules, wanted, day, today()).rows
    if json_:
        tell_json(told)
        return
    _print(told)
    for row in told if number else ():
        _print_one(row)


def _of_kind(found: dict[str, Any], kind: Kind) -> dict[str, Any]:
    if found["kind"] != kind:
        raise BadInput(f"{found['id']} is a {found['kind']}; use the commands for it")
    return found


def _print(told: list[dict[str, Any]]) -> None:
    table = grid(
        "", "编号", "代码 code", "记录 record", "状态 state", "最近期限 next due", "超期 overdue"
    )
    for row in told:
        open_ = [
            f"{c['due_on']}{' 暂定' if c['provisional'] else ''}"
            for c in row["clocks"]
            if c["due_on"] and not c["done_on"]
        ]
        key = " ".join(row["key"].values())
        late = "[red]是[/]" if row["overdue"] else ""
        table.add_row(
            str(row["application"]),
            row["code"],
            key,
            row["state_said"]["zh"],
            min(open_, default="–"),
            late,
        )
    out.print(table)


def _print_one(row: dict[str, Any]) -> None:
    steps = grid("步骤 steps", "日期 day", "办理 what", "何人 who", "理由 why")
    for s in row["steps"]:
        steps.add_row(s["done_on"], s["zh"], f"{s['official']} {s['role']}".strip(), s["reason"])
    clocks = grid(
        "时限 clocks", "事项 step", "工作日 days", "截止 due", "办结 done", "超期 overdue"
    )
    for c in row["clocks"]:
        due = f"{c['due_on'] or '–'}{' 暂定' if c['provisional'] else ''}"
        days = (str(c["working_days"]), due, c["done_on"] or "–")
        clocks.add_row(c["zh"], *days, "是" if c["overdue"] else "")
    out.print(steps, clocks)


def grants(warehouse: Warehouse = WAREHOUSE, store: Address = STORE, json_: AsJson = False) -> None:
    """Tell the warehouse what was granted; `score --store` does it before every night."""
    told = before_night(warehouse, store, today())
    if json_:
        tell_json(asdict(told))
        return
    out.print(f"told anew: {told.written}, known before: {told.before}")
    if told.reinstated:
        out.print(f"counting again, for their restoration was revoked: {told.reinstated}")
    if told.unknown:
        out.print(f"[yellow]not in this warehouse: records of applications {told.unknown}[/]")
