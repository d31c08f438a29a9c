"""``restoration applications|grants`` and ``objection list`` commands: case states and
deadlines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from xhcredit.cli.arguments import day_from_text, open_store
from xhcredit.cli.clock import today
from xhcredit.cli.options import DEFAULT_STORE, DEFAULT_WAREHOUSE, Address, AsJson, Rules, Warehouse
from xhcredit.cli.output import grid, out, print_json
from xhcredit.errors import BadInput
from xhcredit.jobs.restoration.application_pages import CaseQuery, case_page
from xhcredit.jobs.restoration.applications import case_data
from xhcredit.jobs.restoration.nightly_update import apply_store_grants
from xhcredit.jobs.restoration.rows import Case
from xhcredit.restoration.workflow import STATES, Kind
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.store.restoration.rows import CaseRow

State = Annotated[list[str], typer.Option(help="Only these states.")]


def _list_command(kind: Kind, summary: str) -> object:
    """The command that lists cases of a kind."""

    def list_cases(
        number: Annotated[int, typer.Argument(help="Only this one, with all its steps.")] = 0,
        state: State = [],  # noqa: B006 - never changed; Typer wants a list
        overdue: Annotated[bool, typer.Option("--overdue", help="Only those overdue.")] = False,
        on: Annotated[
            str, typer.Option("--on", help="Overdue on which day.  [default: today]")
        ] = "",
        limit: Annotated[int, typer.Option(help="At most so many, the latest first.")] = 50,
        store: Address = DEFAULT_STORE,
        rules: Rules = None,
        json_: AsJson = False,
    ) -> None:
        query = CaseQuery(kind, _known_states(state), overdue=overdue, limit=limit)
        day, rulebook = day_from_text(on), load_rulebook(rules)
        with open_store(store) as opened_store:
            if number:
                case_row = _require_kind(opened_store.applications.get(number), kind)
                cases = [case_data(case_row, day, rulebook)]
            else:
                cases = case_page(opened_store, rulebook, query, day, today()).rows
        if json_:
            print_json(cases)
            return
        _print_cases(cases)
        for case in cases if number else ():
            _print_case(case)

    list_cases.__doc__ = summary
    return list_cases


applications = _list_command(
    "restoration",
    "List applications, or show one with its steps; deadlines in working days, overdue told.",
)
objection_list = _list_command(
    "objection", "List objections, or show one with its steps and clocks."
)


def _known_states(states: list[str]) -> frozenset[str]:
    for name in states:
        if name not in STATES:
            raise BadInput(f'unknown state "{name}"; choose from: {", ".join(STATES)}')
    return frozenset(states)


def _require_kind(case_row: CaseRow, kind: Kind) -> CaseRow:
    if case_row["kind"] != kind:
        raise BadInput(f"{case_row['id']} is a {case_row['kind']}; use the commands for it")
    return case_row


def _print_cases(cases: list[Case]) -> None:
    table = grid(
        "", "编号", "代码 code", "记录 record", "状态 state", "最近期限 next due", "超期 overdue"
    )
    for row in cases:
        open_due_days = [
            f"{c['due_on']}{' 暂定' if c['provisional'] else ''}"
            for c in row["clocks"]
            if c["due_on"] and not c["done_on"]
        ]
        key = " ".join(row["key"].values())
        overdue_text = "[red]是[/]" if row["overdue"] else ""
        table.add_row(
            str(row["application"]),
            row["code"],
            key,
            row["state_said"]["zh"],
            min(open_due_days, default="–"),
            overdue_text,
        )
    out.print(table)


def _print_case(row: Case) -> None:
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


def grants(
    warehouse: Warehouse = DEFAULT_WAREHOUSE, store: Address = DEFAULT_STORE, json_: AsJson = False
) -> None:
    """Tell the warehouse what was granted; `score --store` does it before every night."""
    grants_report = apply_store_grants(warehouse, store, today())
    if json_:
        print_json(asdict(grants_report))
        return
    out.print(f"told anew: {grants_report.written}, known before: {grants_report.before}")
    if grants_report.reinstated:
        out.print(f"counting again, for their restoration was revoked: {grants_report.reinstated}")
    if grants_report.unknown:
        out.print(
            f"[yellow]not in this warehouse: records of applications {grants_report.unknown}[/]"
        )
