"""Deadlines of the steps of an application or objection, and which are overdue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from xhcredit.domain.calendar import Calendar
from xhcredit.restoration import documents
from xhcredit.restoration.assessment import Basis, Bilingual
from xhcredit.restoration.law import Law
from xhcredit.restoration.record import Authority
from xhcredit.restoration.workflow import Kind
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.restoration import RecordKind, TimeLimits, Unit

#: by when an objection is marked, passed on and decided (上海市社会信用条例第36条)
OBJECTION = "restoration.shanghai.objection"

#: an act and its day
DoneStep = tuple[str, date]


@dataclass(frozen=True)
class StepClock:
    """A step of the authority: running since a day, ``days`` working days, done or not.

    ``due_on`` is None before the calendar's first year: then nobody can say whether it is overdue.
    It is ``provisional`` while the notice on holidays of a year of the term is not known.
    """

    step: str
    text: Bilingual
    since: date
    days: int
    due_on: date | None
    done_on: date | None
    basis: Basis
    may_be_left: bool = False
    provisional: bool = False

    @property
    def is_due_unknown(self) -> bool:
        """Whether it is running and its due day is unknown."""
        return self.due_on is None and self.done_on is None

    def is_overdue(self, on: date) -> bool:
        """Whether it was done late, or is still to be done after its last day."""
        if self.due_on is None or (self.done_on is None and self.may_be_left):
            return False
        return (self.done_on or on) > self.due_on


@dataclass(frozen=True)
class _Timer:
    """From which acts a step's time runs, and which acts end it."""

    step: str
    since: tuple[str, ...]
    until: tuple[str, ...]
    may_be_left: bool = False


_FILED = ("file", "refile")
_DECIDED = ("grant", "refuse", "withdraw")
_PUBLISHED = ("publish", "revoke")
_TIMERS: dict[Kind, tuple[_Timer, ...]] = {
    "restoration": (
        _Timer("accept", _FILED, ("accept", "return", "withdraw")),
        _Timer("decide", ("accept",), _DECIDED),
        _Timer("answer", _FILED, ("return", *_DECIDED)),
        _Timer("remove_abnormal", _FILED, ("return", *_DECIDED)),
        _Timer("share", ("grant",), _PUBLISHED),
        _Timer("take_down", ("grant",), _PUBLISHED),
        _Timer("delete", ("grant",), _PUBLISHED),
    ),
    "objection": (
        _Timer("mark", ("file",), ("mark", "withdraw")),
        # the centre decides by itself, or passes on; it need not do both
        _Timer("centre_decides", ("file",), ("forward", "uphold", "reject", "withdraw")),
        _Timer("forward", ("file",), ("forward",), may_be_left=True),
        _Timer("provider_decides", ("forward",), ("uphold", "reject", "withdraw")),
    ),
}
STEPS = {
    **documents.STEPS,
    "mark": Bilingual("作异议标注", "mark as disputed"),
    "centre_decides": Bilingual("市信用平台作出处理", "the centre decides"),
    "forward": Bilingual("转交信息提供单位", "pass on to the provider"),
    "provider_decides": Bilingual("信息提供单位作出处理", "the provider decides"),
}


def clocks(
    kind: Kind,
    record_type: tuple[Authority, RecordKind],
    steps: Sequence[DoneStep],
    on: date,
    rules: Rulebook,
    calendar: Calendar | None = None,
) -> list[StepClock]:
    """Running and finished clocks of a case as known on a day.

    Args:
        kind: an application for restoration, or an objection.
        record_type: under which authority, and which kind of record.
        steps: what was done, in order, the filing first.
        on: the day asked for.
        rules: the rulebook; the limits of the day of filing count.
        calendar: working days; by default those of the rulebook.

    Raises:
        RuleNotInForce: there were no such limits on the day of filing.
    """
    # Later steps are not known on the day asked for: a list of last month's overdue cases must
    # come out the same today.
    known = [step for step in steps if step[1] <= on]
    if not known:
        return []
    days = calendar or rules.calendar
    # By the day of filing: a limit that changes while a case runs (15 to 7 working days on
    # 2025-12-25) must not make a case overdue that was in time when it was filed.
    limits = _limits(kind, record_type, known[0][1], rules)
    return list(_clocks_of(_TIMERS[kind], limits, known, days))


def _limits(
    kind: Kind, record_type: tuple[Authority, RecordKind], filed_on: date, rules: Rulebook
) -> Mapping[str, tuple[int, Basis, Unit]]:
    """Days, rule and unit of each step."""
    authority, record = record_type
    law = Law(rules, authority, filed_on)
    # Objections have one clock for all regimes, that of the city's platform (上海市社会信用条例
    # art 36).
    if kind == "objection":
        rule = rules.value(OBJECTION, TimeLimits, applied_on=filed_on)
        return {s: (n, law.basis_of(OBJECTION), rule.unit) for s, n in rule.steps.items()}
    limit_by_step: dict[str, tuple[int, Basis, Unit]] = {}
    # National limits first, so that where both name a step the authority's own overwrites them.
    for name in ("national_limits", "time_limits"):
        if law.has(name):
            rule = law.value(name, TimeLimits)
            limit_by_step |= {s: (n, law.basis(name), rule.unit) for s, n in rule.steps.items()}
    return {
        step: limit for step, limit in limit_by_step.items() if documents.concerns(step, record)
    }


def _clocks_of(
    timers: Sequence[_Timer],
    limits: Mapping[str, tuple[int, Basis, Unit]],
    known: Sequence[DoneStep],
    calendar: Calendar,
) -> Iterator[StepClock]:
    for timer in timers:
        start_positions = [
            position for position, (act, _) in enumerate(known) if act in timer.since
        ]
        if not start_positions or timer.step not in limits:
            continue
        since = known[start_positions[-1]][1]  # what is filed again begins anew
        # Acts are compared by position, not by day: what is filed and returned on one day must
        # not end the clock that the next filing starts.
        end_days = [day for act, day in known[start_positions[-1] + 1 :] if act in timer.until]
        count, basis, unit = limits[timer.step]
        last = documents.last_day(calendar, since, count, unit)
        yield StepClock(
            timer.step,
            STEPS[timer.step],
            since,
            count,
            last.day if last else None,
            end_days[0] if end_days else None,
            basis,
            timer.may_be_left,
            last is not None and last.provisional,
        )
