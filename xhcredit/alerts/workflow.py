"""Follow-up workflow of an alert: states, transitions, two-person rule, due days.

A warning changes no tier: nothing here, and nothing that reads alerts, is read by the night.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from xhcredit.alerts.detect import raised
from xhcredit.domain.calendar import Calendar
from xhcredit.errors import BadInput, BeyondCalendar, TwoPersons, WrongState
from xhcredit.rules.schemas.alerts import Colour, Flow


class Move(NamedTuple):
    """A transition: names, states from which it is allowed, target state (None: unchanged)."""

    zh: str
    en: str
    states: tuple[str, ...]
    to: str | None


_UNISSUED = ("detected", "screened")
#: states in which a term runs
UNDER_WAY = ("issued", "verified", "disposed", "fed_back")

MOVES: dict[str, Move] = {
    "screen": Move("筛查", "screened", ("detected",), "screened"),
    "dismiss": Move("筛除", "dismissed", _UNISSUED, "dismissed"),
    "issue": Move("发布", "issued", ("screened", "escalated"), "issued"),
    "verify": Move("核查", "verified", ("issued",), "verified"),
    "dispose": Move("处置", "disposed", ("verified",), "disposed"),
    "feed_back": Move("反馈", "fed back", ("disposed",), "fed_back"),
    "close": Move("关闭", "closed", ("verified", "fed_back"), "closed"),
    "escalate": Move("升级", "escalated", UNDER_WAY, "escalated"),
    "snooze": Move("暂缓", "snoozed", (*_UNISSUED, *UNDER_WAY), None),
    "merge": Move("合并", "merged", (*_UNISSUED, "issued"), "merged"),
    "expire": Move("失效", "expired", _UNISSUED, "expired"),
    "redate": Move("重定期限", "given another due day", UNDER_WAY, None),
}
#: acts of the night, which no officer does
BY_NIGHT = frozenset({"expire", "redate"})
#: acts that give an alert its due day
_DATING = ("issue", "verify", "dispose")
STATES: dict[str, tuple[str, str]] = {
    "detected": ("已发现", "detected"),
    "screened": ("已筛查", "screened"),
    "dismissed": ("已筛除", "dismissed"),
    "issued": ("已发布", "issued"),
    "verified": ("已核查", "verified"),
    "disposed": ("已处置", "disposed"),
    "fed_back": ("已反馈", "fed back"),
    "escalated": ("已升级", "escalated"),
    "closed": ("已关闭", "closed"),
    "merged": ("已合并", "merged"),
    "expired": ("已失效", "expired"),
}
OVER = frozenset({"dismissed", "closed", "merged", "expired"})
VERDICTS = ("true", "false", "cannot_tell")
MEASURES: dict[str, tuple[str, str]] = {
    "remind": ("提醒", "reminded"),
    "guide": ("指导约谈", "guided"),
    "rectify": ("责令改正", "ordered to rectify"),
    "triggered_check": ("触发式检查", "triggered check"),
    "file_case": ("立案", "case filed"),
    "transfer": ("移送", "transferred"),
    "none": ("无须处置", "nothing to do"),
}
#: acts that somebody else must do than who did these before, for colours that need two persons
SECOND: dict[str, tuple[str, ...]] = {
    "issue": ("screen", "escalate"),
    "dismiss": ("screen",),
    "merge": ("screen",),
    "close": ("verify", "dispose"),
}


@dataclass(frozen=True)
class Doing:
    """Action of an officer on an alert: day, actor, reason, details.

    ``details`` by act: screen ``colour`` (if another), issue ``owner`` and ``colour``, verify
    ``verdict`` and ``evidence``, dispose ``measure`` (with ``check_code`` for a triggered check),
    feed_back ``result``, snooze ``until``, merge ``into``.
    """

    act: str
    on: date
    actor: str
    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """Where an alert stands after an act."""

    state: str
    colour: Colour
    owner: str = ""
    due_on: str = ""
    snoozed_until: str = ""


def after(state: str, act: str) -> str:
    """The state after an act.

    Raises:
        BadInput: there is no such act.
        WrongState: it does not fit the state; the message says what does.
    """
    if act not in MOVES:
        raise BadInput(f'unknown act "{act}"; choose one of: {", ".join(MOVES)}')
    move = MOVES[act]
    if state not in move.states:
        open_ = [n for n, m in MOVES.items() if state in m.states and n not in BY_NIGHT]
        may = ", ".join(open_) or "nothing more"
        raise WrongState(f'"{act}" does not fit: it is {state}; now possible: {may}')
    return move.to or state


def taken(
    before: Standing, steps: Sequence[Mapping[str, Any]], doing: Doing, rule: Flow, days: Calendar
) -> Standing:
    """Standing of an alert after an action.

    Args:
        before: where it stands.
        steps: all steps so far, each with ``act``, ``actor``, ``colour``.
        doing: what is done.
        rule: the terms of the day.
        days: working days.

    Raises:
        WrongState: the act does not fit.
        TwoPersons: the alert is, or once was, of a colour that needs two, and one did both.
        BadInput: something that the act needs is not given.
    """
    state = after(before.state, doing.act)
    if not doing.reason.strip():
        raise BadInput(f'"{doing.act}" without a reason; say why')
    _refuse_one_person(steps, doing, rule)
    _NEEDED.get(doing.act, _nothing)(steps, doing, rule)
    if doing.act == "close" and before.state == "verified" and _verdict(steps) == "true":
        raise WrongState('it was verified as true; "dispose" first, or "escalate"')
    colour = _colour(before, doing)
    due = before.due_on
    if doing.act in _DATING:
        due = _due(days, doing.on, rule.due_working_days[colour])
    owner = str(doing.details.get("owner") or before.owner)
    until = str(doing.details["until"]) if doing.act == "snooze" else ""
    return Standing(state, colour, owner, due, until)


def _due(days: Calendar, on: date, count: int) -> str:
    """The last day of a term; empty where the calendar does not reach.

    Work must not stand still because nobody knows the day: the alert goes on, its due day is told
    as unknown, and the next step, or the next night, gives it one.
    """
    try:
        return days.add_working_days(on, count).isoformat()
    except BeyondCalendar:
        return ""


def redated(
    standing: Standing,
    steps: Sequence[Mapping[str, Any]],
    flow_on: Callable[[date], Flow],
    days: Calendar,
) -> Standing | None:
    """Where an alert stands once its due day is counted anew; None if it stays as it is.

    A due day that was provisional, or not known, becomes another once the notice on holidays is
    added.

    Args:
        standing: where it stands.
        steps: all steps so far, each with ``act``, ``done_on`` and ``colour``.
        flow_on: the terms of a day.
        days: working days as known now.
    """
    dating = [s for s in steps if s["act"] in _DATING]
    if standing.state not in UNDER_WAY or not dating:
        return None
    on = date.fromisoformat(dating[-1]["done_on"])
    due = _due(days, on, flow_on(on).due_working_days[dating[-1]["colour"]])
    return None if due == standing.due_on else replace(standing, due_on=due)


def _colour(before: Standing, doing: Doing) -> Colour:
    if doing.act == "escalate":
        return raised(before.colour)
    told = doing.details.get("colour") or before.colour
    if told not in Flow.COLOURS:
        raise BadInput(f'"{told}" is no colour; choose one of: {", ".join(Flow.COLOURS)}')
    colour: Colour = told
    return colour


def _refuse_one_person(steps: Sequence[Mapping[str, Any]], doing: Doing, rule: Flow) -> None:
    """Two persons, if the alert ever had such a colour: lowering it first does not help."""
    colours = {s["colour"] for s in steps} | {doing.details.get("colour")}
    grave = set(rule.two_persons) & colours
    if doing.act not in SECOND or not grave:
        return
    first = {s["actor"] for s in steps if s["act"] in SECOND[doing.act]}
    named = " / ".join(SECOND[doing.act])
    if not first:
        raise TwoPersons(f'"{doing.act}" needs two officers here; let one do "{named}" first')
    if doing.actor in first:
        raise TwoPersons(
            f'"{doing.actor}" did "{named}" before; for {", ".join(sorted(grave))} somebody else '
            f'must do "{doing.act}"'
        )


def _verdict(steps: Sequence[Mapping[str, Any]]) -> str:
    told = [s["details"].get("verdict", "") for s in steps if s["act"] == "verify"]
    return str(told[-1]) if told else ""


def _nothing(steps: Sequence[Mapping[str, Any]], doing: Doing, rule: Flow) -> None:
    """Needs nothing more."""


def _issue(steps: Sequence[Mapping[str, Any]], doing: Doing, rule: Flow) -> None:
    if not str(doing.details.get("owner") or "").strip():
        raise BadInput('"issue" without owner; name who follows it up')


def _verify(steps: Sequence[Mapping[str, Any]], doing: Doing, rule: Flow) -> None:
    if doing.details.get("verdict") not in VERDICTS:
        raise BadInput(f'"verify" needs a verdict; choose one of: {", ".join(VERDICTS)}')
    if not str(doing.details.get("evidence") or "").strip():
        raise BadInput('"verify" without evidence; say what was seen or heard, and where')


def _dispose(steps: Sequence[Mapping[str, Any]], doing: Doing, rule: Flow) -> None:
    measure = doing.details.get("measure")
    if measure not in MEASURES:
        raise BadInput(f'"dispose" needs a measure; choose one of: {", ".join(MEASURES)}')
    if measure == "triggered_check" and not str(doing.details.get("check_code") or "").strip():
        raise BadInput("a triggered check without its code (检查码); give check_code")


def _feed_back(steps: Sequence[Mapping[str, Any]], doing: Doing, rule: Flow) -> None:
    if not str(doing.details.get("result") or "").strip():
        raise BadInput('"feed_back" without result; say what came of it')


def _snooze(steps: Sequence[Mapping[str, Any]], doing: Doing, rule: Flow) -> None:
    try:
        until = date.fromisoformat(str(doing.details.get("until")))
    except ValueError:
        raise BadInput('"snooze" needs until, a day such as 2026-07-15') from None
    latest = doing.on + timedelta(days=rule.snooze_days)
    if not doing.on < until <= latest:
        raise BadInput(f"until {until} is not after {doing.on} and by {latest}; choose such a day")
    if sum(s["act"] == "snooze" for s in steps) >= rule.snooze_times:
        raise WrongState(f"it was snoozed {rule.snooze_times} times already; deal with it now")


def _merge(steps: Sequence[Mapping[str, Any]], doing: Doing, rule: Flow) -> None:
    into = doing.details.get("into")
    if not isinstance(into, int) or isinstance(into, bool):
        raise BadInput('"merge" needs into, the number of the alert that goes on')


_NEEDED = {
    "issue": _issue, "verify": _verify, "dispose": _dispose, "feed_back": _feed_back,
    "snooze": _snooze, "merge": _merge,
}  # fmt: skip


def is_due_unknown(standing: Mapping[str, Any]) -> bool:
    """Whether an alert has a term whose end is unknown."""
    return standing["state"] in UNDER_WAY and not standing["due_on"]


def is_provisional(standing: Mapping[str, Any], days: Calendar) -> bool:
    """Whether an alert's due day lies in a year whose notice on holidays is not known."""
    due = standing["due_on"]
    return (
        standing["state"] not in OVER and bool(due) and days.is_provisional(date.fromisoformat(due))
    )


def is_overdue(standing: Mapping[str, Any], day: date) -> bool:
    """Whether an alert that stands so should have been dealt with before ``day``."""
    if standing["state"] in OVER or not standing["due_on"]:
        return False
    asleep = bool(standing["snoozed_until"]) and standing["snoozed_until"] >= day.isoformat()
    return bool(standing["due_on"] < day.isoformat()) and not asleep
