"""``alerts list|show|issue|verify|dispose|close|act`` commands: alert queries and workflow."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from xhcredit.alerts.workflow import Doing
from xhcredit.cli.arguments import existing_store, the_day
from xhcredit.cli.options import STORE, Actor, Address, AsJson, AsOf, Rules
from xhcredit.cli.output import grid, out, tell_json
from xhcredit.jobs.alerts.follow_up import Desk, take, with_overdue
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.alerts.alert_queries import Asked
from xhcredit.store.core.transactions import Act

Number = Annotated[list[int], typer.Argument(help="Numbers of alerts (200 at most).")]
Why = Annotated[str, typer.Option("--why", help="Reason; kept with the step.")]
Colour = Annotated[str, typer.Option(help="blue, yellow, orange or red.  [default: as it is]")]

_HEADINGS = (
    "编号", "颜色 colour", "状态 state", "触发器 trigger", "对象 subject", "名称 name", "期限 due",
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
    store: Address = STORE,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """List alerts, the latest first, with where they stand on a day."""
    day = the_day(as_of)
    asked = Asked(
        states=frozenset(state or ()),
        colours=frozenset(colour or ()),
        triggers=frozenset(trigger or ()),
        owner=owner,
        overdue_on=day.isoformat() if overdue else "",
        due_unknown=due_unknown,
        limit=limit,
    )
    with existing_store(store) as opened:
        rows = with_overdue(opened.alerts.page(asked), day, Rulebook.load(rules).calendar)
    if json_:
        tell_json(rows)
        return
    table = grid("", *_HEADINGS)
    for r in rows:
        due = "未知 unknown" if r["due_unknown"] else r["due_on"]
        due = f"{due}{' 暂定 provisional' if r['provisional'] else ''}"
        due = f"{due}{' 逾期 overdue' if r['overdue'] else ''}"
        cells = (r["colour"], r["state"], r["evidence"].get("zh") or r["trigger"], r["subject"])
        table.add_row(str(r["id"]), *cells, r["name"], due)
    out.print(table)


def show_command(
    number: Annotated[int, typer.Argument(help="Number of the alert.")],
    store: Address = STORE,
    rules: Rules = None,
    json_: AsJson = False,
) -> None:
    """Show one alert: what was found, the events behind it, and every step since."""
    with existing_store(store) as opened:
        calendar = Rulebook.load(rules).calendar
        found = with_overdue([opened.alerts.one(number)], the_day(""), calendar)[0]
    if json_:
        tell_json(found)
        return
    about = grid("")
    for name in (
        "subject",
        "name",
        "bureau",
        "street",
        "colour",
        "state",
        "owner",
        "due_on",
        "fact",
    ):
        about.add_row(name, str(found[name]))
    if found["provisional"]:
        about.add_row("", "{zh} {en}".format(**found["provisional_note"]))
    about.add_row("figures", ", ".join(f"{k} {v}" for k, v in found["evidence"]["figures"].items()))
    out.print(about)
    table = grid("", "步骤 step", "日期 on", "谁 who", "事由 why", "状态 state")
    for s in found["steps"]:
        table.add_row(s["act"], s["done_on"], s["actor"], s["reason"], s["state"])
    out.print(table)


def _do(
    act: str,
    numbers: list[int],
    why: str,
    details: Mapping[str, Any],
    given: tuple[str, str, Any, str, bool],
) -> None:
    """Perform a workflow action on alerts and print their new states."""
    as_of, store, rules, actor, json_ = given
    who = actor or getpass.getuser()
    told = {k: v for k, v in details.items() if v not in ("", None)}
    doing = Doing(act, the_day(as_of), who, why, told)
    with existing_store(store) as opened:
        desk = Desk(opened, Rulebook.load(rules))
        done = take(desk, Act(who, f"alert.{act}", why or act), numbers, doing)
    if json_:
        tell_json(done)
        return
    for d in done:
        due = f", due {d['due_on']}" if d["due_on"] else ""
        due += " (暂定 provisional)" if d["provisional"] else ""
        out.print(f"alert {d['alert']} is {d['state']} ({d['colour']}{due})")


def issue_command(
    number: Number,
    owner: Annotated[str, typer.Option(help="Who follows it up.")],
    why: Why,
    colour: Colour = "",
    as_of: AsOf = "",
    store: Address = STORE,
    rules: Rules = None,
    actor: Actor = "",
    json_: AsJson = False,
) -> None:
    """Issue screened alerts: colour, owner, due day; orange and red by a second person."""
    details = {"owner": owner, "colour": colour}
    _do("issue", number, why, details, (as_of, store, rules, actor, json_))


def verify_command(
    number: Number,
    verdict: Annotated[str, typer.Option(help="true, false or cannot_tell.")],
    evidence: Annotated[str, typer.Option(help="What was seen or heard, and where.")],
    why: Why,
    as_of: AsOf = "",
    store: Address = STORE,
    rules: Rules = None,
    actor: Actor = "",
    json_: AsJson = False,
) -> None:
    """Say whether an alert was right; the precision of its trigger is counted from it."""
    details = {"verdict": verdict, "evidence": evidence}
    _do("verify", number, why, details, (as_of, store, rules, actor, json_))


def dispose_command(
    number: Number,
    measure: Annotated[
        str,
        typer.Option(help="remind, guide, rectify, triggered_check, file_case, transfer, none."),
    ],
    why: Why,
    check_code: Annotated[str, typer.Option(help="检查码 of a triggered check.")] = "",
    as_of: AsOf = "",
    store: Address = STORE,
    rules: Rules = None,
    actor: Actor = "",
    json_: AsJson = False,
) -> None:
    """Say what is done about a verified alert."""
    details = {"measure": measure, "check_code": check_code}
    _do("dispose", number, why, details, (as_of, store, rules, actor, json_))


def close_command(
    number: Number,
    why: Why,
    as_of: AsOf = "",
    store: Address = STORE,
    rules: Rules = None,
    actor: Actor = "",
    json_: AsJson = False,
) -> None:
    """Close alerts that were fed back, or found not to be so."""
    _do("close", number, why, {}, (as_of, store, rules, actor, json_))


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
    as_of: AsOf = "",
    store: Address = STORE,
    rules: Rules = None,
    actor: Actor = "",
    json_: AsJson = False,
) -> None:
    """Do another act: screen, dismiss, feed_back, escalate, snooze, merge."""
    details = {"colour": colour, "result": result, "until": until, "into": into}
    _do(act, number, why, details, (as_of, store, rules, actor, json_))
