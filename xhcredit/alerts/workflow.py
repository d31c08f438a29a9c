"""Follow-up workflow of an alert: states, transitions, two-person rule, due days.

A warning changes no tier: nothing here, and nothing that reads alerts, is read by the night.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal, NamedTuple, get_args

from typing_extensions import TypedDict

from xhcredit.alerts.detect import worse_colour
from xhcredit.alerts.rows import AlertStepDetails, StepTaken, Verdict
from xhcredit.domain.calendar import Calendar
from xhcredit.errors import BadInput, BeyondCalendar, TwoPersons, WrongState
from xhcredit.rules.schemas.alerts import Colour, Flow

AlertState = Literal[
    "detected", "screened", "dismissed", "issued", "verified", "disposed", "fed_back",
    "escalated", "closed", "merged", "expired",
]  # fmt: skip


class AlertTransition(NamedTuple):
    """A transition: names, states from which it is allowed, target state (None: unchanged)."""

    zh: str
    en: str
    states: tuple[AlertState, ...]
    to: AlertState | None


_UNISSUED: tuple[AlertState, ...] = ("detected", "screened")
#: states in which a term runs
UNDER_WAY: tuple[AlertState, ...] = ("issued", "verified", "disposed", "fed_back")

TRANSITIONS: dict[str, AlertTransition] = {
    "screen": AlertTransition("筛查", "screened", ("detected",), "screened"),
    "dismiss": AlertTransition("筛除", "dismissed", _UNISSUED, "dismissed"),
    "issue": AlertTransition("发布", "issued", ("screened", "escalated"), "issued"),
    "verify": AlertTransition("核查", "verified", ("issued",), "verified"),
    "dispose": AlertTransition("处置", "disposed", ("verified",), "disposed"),
    "feed_back": AlertTransition("反馈", "fed back", ("disposed",), "fed_back"),
    "close": AlertTransition("关闭", "closed", ("verified", "fed_back"), "closed"),
    "escalate": AlertTransition("升级", "escalated", UNDER_WAY, "escalated"),
    "snooze": AlertTransition("暂缓", "snoozed", (*_UNISSUED, *UNDER_WAY), None),
    "merge": AlertTransition("合并", "merged", (*_UNISSUED, "issued"), "merged"),
    "expire": AlertTransition("失效", "expired", _UNISSUED, "expired"),
    "redate": AlertTransition("重定期限", "given another due day", UNDER_WAY, None),
}
#: acts of the night, which no officer does
BY_NIGHT = frozenset({"expire", "redate"})
#: acts that give an alert its due day
_DATING = ("issue", "verify", "dispose")
STATES: Mapping[str, tuple[str, str]] = {
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
CLOSED_STATES = frozenset({"dismissed", "closed", "merged", "expired"})
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
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
class AlertAction:
    """Action of an officer on an alert: day, actor, reason, details.

    ``details`` by act: screen ``colour`` (if another), issue ``owner`` and ``colour``, verify
    ``verdict`` and ``evidence``, dispose ``measure`` (with ``check_code`` for a triggered check),
    feed_back ``result``, snooze ``until``, merge ``into``.
    """

    act: str
    on: date
    actor: str
    reason: str
    details: AlertStepDetails = field(default_factory=AlertStepDetails)


@dataclass(frozen=True)
class Standing:
    """Where an alert stands after an act."""

    state: AlertState
    colour: Colour
    owner: str = ""
    due_on: str = ""
    snoozed_until: str = ""


class AlertTerm(TypedDict):
    """The state of an alert and its due day, ``YYYY-MM-DD``; empty where it has none."""

    state: AlertState
    due_on: str


class SnoozableTerm(AlertTerm):
    """The term of an alert, and until when it is snoozed; empty if it is not."""

    snoozed_until: str


def next_state(state: AlertState, act: str) -> AlertState:
    """The state after an act.

    Raises:
        BadInput: there is no such act.
        WrongState: it does not fit the state; the message says what does.
    """
    if act not in TRANSITIONS:
        raise BadInput(f'unknown act "{act}"; choose one of: {", ".join(TRANSITIONS)}')
    transition = TRANSITIONS[act]
    if state not in transition.states:
        possible_moves = [
            n for n, m in TRANSITIONS.items() if state in m.states and n not in BY_NIGHT
        ]
        possible_acts = ", ".join(possible_moves) or "nothing more"
        raise WrongState(f'"{act}" does not fit: it is {state}; now possible: {possible_acts}')
    return transition.to or state


def standing_after(
    standing: Standing,
    steps: Sequence[StepTaken],
    action: AlertAction,
    rule: Flow,
    days: Calendar,
) -> Standing:
    """Standing of an alert after an action.

    Args:
        standing: where it stands.
        steps: all steps so far, each with ``act``, ``actor``, ``colour``.
        action: what is done.
        rule: the terms of the day.
        days: working days.

    Raises:
        WrongState: the act does not fit.
        TwoPersons: the alert is, or once was, of a colour that needs two, and one did both.
        BadInput: something that the act needs is not given.
    """
    state = next_state(standing.state, action.act)
    if not action.reason.strip():
        raise BadInput(f'"{action.act}" without a reason; say why')
    _refuse_one_person(steps, action, rule)
    _REQUIREMENTS.get(action.act, _no_requirement)(steps, action, rule)
    # A warning that proved true needs a measure or an explicit "nothing to do"; closed straight
    # away it would leave no trace of why.
    if action.act == "close" and standing.state == "verified" and _verdict(steps) == "true":
        raise WrongState('it was verified as true; "dispose" first, or "escalate"')
    colour = _colour(standing, action)
    due = standing.due_on
    # Each of these acts hands the alert on, and the next one's term begins; snoozing and
    # escalating give no new time.
    if action.act in _DATING:
        due = _due_text(days, action.on, rule.due_working_days[colour])
    owner = str(action.details.get("owner") or standing.owner)
    until = str(action.details["until"]) if action.act == "snooze" else ""
    return Standing(state, colour, owner, due, until)


def _due_text(days: Calendar, on: date, count: int) -> str:
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
    steps: Sequence[StepTaken],
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
    # Counted anew from the act that gave it, by the rules and the colour of that day: a new
    # notice on holidays moves days, never terms.
    on = date.fromisoformat(dating[-1]["done_on"])
    due = _due_text(days, on, flow_on(on).due_working_days[dating[-1]["colour"]])
    return None if due == standing.due_on else replace(standing, due_on=due)


def _colour(standing: Standing, action: AlertAction) -> Colour:
    new_colour = action.details.get("colour") or standing.colour
    if new_colour not in Flow.COLOURS:
        raise BadInput(f'"{new_colour}" is no colour; choose one of: {", ".join(Flow.COLOURS)}')
    return worse_colour(standing.colour) if action.act == "escalate" else new_colour


def _refuse_one_person(steps: Sequence[StepTaken], action: AlertAction, rule: Flow) -> None:
    """Two persons, if the alert ever had such a colour: lowering it first does not help."""
    # Every colour the alert ever had, and the one about to be set: lowering an orange alert to
    # yellow must not free one person to close it.
    colours = {s["colour"] for s in steps} | {action.details.get("colour")}
    grave = set(rule.two_persons) & colours
    if action.act not in SECOND or not grave:
        return
    first_actors = {s["actor"] for s in steps if s["act"] in SECOND[action.act]}
    acts = " / ".join(SECOND[action.act])
    if not first_actors:
        raise TwoPersons(f'"{action.act}" needs two officers here; let one do "{acts}" first')
    if action.actor in first_actors:
        raise TwoPersons(
            f'"{action.actor}" did "{acts}" before; for {", ".join(sorted(grave))} somebody else '
            f'must do "{action.act}"'
        )


def _verdict(steps: Sequence[StepTaken]) -> str:
    verdicts = [s["details"].get("verdict", "") for s in steps if s["act"] == "verify"]
    return str(verdicts[-1]) if verdicts else ""


def _no_requirement(steps: Sequence[StepTaken], action: AlertAction, rule: Flow) -> None:
    """Needs nothing more."""


def _issue(steps: Sequence[StepTaken], action: AlertAction, rule: Flow) -> None:
    if not str(action.details.get("owner") or "").strip():
        raise BadInput('"issue" without owner; name who follows it up')


def _verify(steps: Sequence[StepTaken], action: AlertAction, rule: Flow) -> None:
    if action.details.get("verdict") not in VERDICTS:
        raise BadInput(f'"verify" needs a verdict; choose one of: {", ".join(VERDICTS)}')
    if not str(action.details.get("evidence") or "").strip():
        raise BadInput('"verify" without evidence; say what was seen or heard, and where')


def _dispose(steps: Sequence[StepTaken], action: AlertAction, rule: Flow) -> None:
    measure = action.details.get("measure")
    if measure not in MEASURES:
        raise BadInput(f'"dispose" needs a measure; choose one of: {", ".join(MEASURES)}')
    # No visit without a code (检查码, 沪府办发〔2024〕34号); the code itself is the city's, so
    # it is asked for and not made here.
    if measure == "triggered_check" and not str(action.details.get("check_code") or "").strip():
        raise BadInput("a triggered check without its code (检查码); give check_code")


def _feed_back(steps: Sequence[StepTaken], action: AlertAction, rule: Flow) -> None:
    if not str(action.details.get("result") or "").strip():
        raise BadInput('"feed_back" without result; say what came of it')


def _snooze(steps: Sequence[StepTaken], action: AlertAction, rule: Flow) -> None:
    try:
        until = date.fromisoformat(str(action.details.get("until")))
    except ValueError:
        raise BadInput('"snooze" needs until, a day such as 2026-07-15') from None
    latest = action.on + timedelta(days=rule.snooze_days)
    if not action.on < until <= latest:
        raise BadInput(f"until {until} is not after {action.on} and by {latest}; choose such a day")
    if sum(s["act"] == "snooze" for s in steps) >= rule.snooze_times:
        raise WrongState(f"it was snoozed {rule.snooze_times} times already; deal with it now")


def _merge(steps: Sequence[StepTaken], action: AlertAction, rule: Flow) -> None:
    into = action.details.get("into")
    if not isinstance(into, int) or isinstance(into, bool):
        raise BadInput('"merge" needs into, the number of the alert that goes on')


_REQUIREMENTS = {
    "issue": _issue, "verify": _verify, "dispose": _dispose, "feed_back": _feed_back,
    "snooze": _snooze, "merge": _merge,
}  # fmt: skip


def is_due_unknown(standing: AlertTerm) -> bool:
    """Whether an alert has a term whose end is unknown."""
    return standing["state"] in UNDER_WAY and not standing["due_on"]


def is_provisional(standing: AlertTerm, days: Calendar) -> bool:
    """Whether an alert's due day lies in a year whose notice on holidays is not known."""
    due = standing["due_on"]
    return (
        standing["state"] not in CLOSED_STATES
        and bool(due)
        and days.is_provisional(date.fromisoformat(due))
    )


def is_overdue(standing: SnoozableTerm, day: date) -> bool:
    """Whether an alert that stands so should have been dealt with before ``day``."""
    if standing["state"] in CLOSED_STATES or not standing["due_on"]:
        return False
    asleep = bool(standing["snoozed_until"]) and standing["snoozed_until"] >= day.isoformat()
    return standing["due_on"] < day.isoformat() and not asleep
