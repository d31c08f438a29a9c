"""``alerts list|show|issue|verify|dispose|close|act`` commands: alert queries and workflow."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast

import typer

from xhcredit.alerts.rows import AlertStepDetails
from xhcredit.alerts.workflow import AlertAction
from xhcredit.cli.arguments import day_from_text, existing_store
from xhcredit.cli.option_groups import with_option_groups
from xhcredit.cli.options import DEFAULT_STORE, Actor, Address, AsJson, AsOf, Rules
from xhcredit.cli.output import grid, out, print_json
from xhcredit.jobs.alerts.follow_up import AlertContext, due_state, perform_on_alerts, with_overdue
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.store.alerts.alert_queries import AlertQuery
from xhcredit.store.core.transactions import Act

Number = Annotated[list[int], typer.Argument(help="Numbers of alerts (200 at most).")]
Why = Annotated[str, typer.Option("--why", help="Reason; kept with the step.")]
Colour = Annotated[str, typer.Option(help="blue, yellow, orange or red.  [default: as it is]")]

_HEADINGS = (
    "编号", "颜色 colour", "状态 state", "触发器 trigger", "对象 subject", "名称 name", "期限 due",
)  # fmt: skip
_SUMMARY_FIELDS = (
    "subject", "name", "bureau", "street", "colour", "state", "owner", "due_on", "fact",
)  # fmt: skip


def list_command(
    state: Annotated[list[str] | None, typer.Option(help="Only in these states.")] = None,
    colour: Annotated[list[str] | None, typer.Option(help="Only of these colours.")] = None,
    trigger: Annotated[list[str] | None, typer.Option(help="Only of these triggers.")] = None,
    owner: Annotated[str, typer.Option(help="Only of who follows them up.")] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those overdue.")] = False,
    due_unknown: Annotated[
        bool, typer.Option("--due-unknown", help="Only those whose due day nobody can tell yet.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_of: AsOf = "",
    store: Address = DEFAULT_STORE,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """List alerts, the latest first, with where they stand on a day."""
    day = day_from_text(as_of)
    query = AlertQuery(
        states=frozenset(state or ()),
        colours=frozenset(colour or ()),
        triggers=frozenset(trigger or ()),
        owner=owner,
        overdue_on=day.isoformat() if overdue else "",
        due_unknown=due_unknown,
        limit=limit,
    )
    with existing_store(store) as opened_store:
        rows = with_overdue(
            opened_store.alerts.read_page(query), day, load_rulebook(rules).calendar
        )
    if json_:
        print_json(rows)
        return
    table = grid("", *_HEADINGS)
    for alert in rows:
        due = "未知 unknown" if alert["due_unknown"] else alert["due_on"]
        due = f"{due}{' 暂定 provisional' if alert['provisional'] else ''}"
        due = f"{due}{' 逾期 overdue' if alert['overdue'] else ''}"
        cells = (
            alert["colour"],
            alert["state"],
            alert["evidence"].get("zh") or alert["trigger"],
            alert["subject"],
        )
        table.add_row(str(alert["id"]), *cells, alert["name"], due)
    out.print(table)


def show_command(
    number: Annotated[int, typer.Argument(help="Number of the alert.")],
    store: Address = DEFAULT_STORE,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """Show one alert: what was found, the events behind it, and every step since."""
    with existing_store(store) as opened_store:
        calendar = load_rulebook(rules).calendar
        alert = opened_store.alerts.get(number)
        due = due_state(alert, day_from_text(""), calendar)
    if json_:
        print_json({**alert, **due})
        return
    summary_table = grid("")
    fields: Mapping[str, object] = alert
    for name in _SUMMARY_FIELDS:
        summary_table.add_row(name, str(fields[name]))
    if due["provisional_note"] is not None:
        summary_table.add_row("", "{zh} {en}".format(**due["provisional_note"]))
    summary_table.add_row(
        "figures", ", ".join(f"{k} {v}" for k, v in alert["evidence"]["figures"].items())
    )
    out.print(summary_table)
    table = grid("", "步骤 step", "日期 on", "谁 who", "事由 why", "状态 state")
    for step in alert["steps"]:
        table.add_row(step["act"], step["done_on"], step["actor"], step["reason"], step["state"])
    out.print(table)


@dataclass(frozen=True)
class _Desk:
    """Where alerts are followed up, on which day, by whom, and how it is shown."""

    as_of: AsOf = ""
    store: Address = DEFAULT_STORE
    rules: Rules = None
    actor: Actor = ""
    json_: AsJson = False


def _perform(
    act: str,
    numbers: list[int],
    reason: str,
    details: Mapping[str, object],
    desk: _Desk,
) -> None:
    """Perform a workflow action on alerts and print their new states."""
    actor_name = desk.actor or getpass.getuser()
    filled_details = {k: v for k, v in details.items() if v not in ("", None)}
    # Whether they fit the act is checked where it is done.
    typed_details = cast("AlertStepDetails", filled_details)
    action = AlertAction(act, day_from_text(desk.as_of), actor_name, reason, typed_details)
    with existing_store(desk.store) as opened_store:
        context = AlertContext(opened_store, load_rulebook(desk.rules))
        changed_alerts = perform_on_alerts(
            context, Act(actor_name, f"alert.{act}", reason or act), numbers, action
        )
    if desk.json_:
        print_json(changed_alerts)
        return
    for changed_alert in changed_alerts:
        due = f", due {changed_alert['due_on']}" if changed_alert["due_on"] else ""
        due += " (暂定 provisional)" if changed_alert["provisional"] else ""
        out.print(
            f"alert {changed_alert['alert']} is {changed_alert['state']} "
            f"({changed_alert['colour']}{due})"
        )


@with_option_groups
def issue_command(
    number: Number,
    owner: Annotated[str, typer.Option(help="Who follows it up.")],
    why: Why,
    colour: Colour = "",
    *,
    desk: _Desk,
) -> None:
    """Issue screened alerts: colour, owner, due day; orange and red by a second person."""
    details = {"owner": owner, "colour": colour}
    _perform("issue", number, why, details, desk)


@with_option_groups
def verify_command(
    number: Number,
    verdict: Annotated[str, typer.Option(help="true, false or cannot_tell.")],
    evidence: Annotated[str, typer.Option(help="What was seen or heard, and where.")],
    why: Why,
    *,
    desk: _Desk,
) -> None:
    """Say whether an alert was right; the precision of its trigger is counted from it."""
    details = {"verdict": verdict, "evidence": evidence}
    _perform("verify", number, why, details, desk)


@with_option_groups
def dispose_command(
    number: Number,
    measure: Annotated[
        str,
        typer.Option(help="remind, guide, rectify, triggered_check, file_case, transfer, none."),
    ],
    why: Why,
    check_code: Annotated[str, typer.Option(help="检查码 of a triggered check.")] = "",
    *,
    desk: _Desk,
) -> None:
    """Say what is done about a verified alert."""
    details = {"measure": measure, "check_code": check_code}
    _perform("dispose", number, why, details, desk)


@with_option_groups
def close_command(
    number: Number,
    why: Why,
    *,
    desk: _Desk,
) -> None:
    """Close alerts that were fed back, or found not to be so."""
    _perform("close", number, why, {}, desk)


@with_option_groups
def act_command(
    act: Annotated[
        str, typer.Argument(help="screen, dismiss, feed_back, escalate, snooze, merge.")
    ],
    number: Number,
    why: Why,
    colour: Colour = "",
    result: Annotated[str, typer.Option(help="feed_back: what came of it.")] = "",
    until: Annotated[str, typer.Option(help="snooze: until which day.")] = "",
    into: Annotated[int | None, typer.Option(help="merge: the alert that goes on.")] = None,
    *,
    desk: _Desk,
) -> None:
    """Do another act: screen, dismiss, feed_back, escalate, snooze, merge."""
    details = {"colour": colour, "result": result, "until": until, "into": into}
    _perform(act, number, why, details, desk)
