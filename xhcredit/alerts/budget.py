"""Alert budget: new facts only, quiet periods, capacity of officers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from xhcredit.alerts.hits import Subject
from xhcredit.alerts.rows import AlertEvidence, no_evidence
from xhcredit.rules.schemas.alerts import Budget, Colour, Flow

WEEK = timedelta(weeks=1)
WHOLE_DISTRICT = "全区"


@dataclass(frozen=True)
class AlertCandidate:
    """A finding as it would be kept; ``subject`` is a code, a node or a street with industry.

    ``bureau`` follows it up; it and all of ``bureaus`` may be told of it.
    """

    trigger: str
    numbers: str
    family: str
    kind: Subject
    subject: str
    code: str
    name: str
    bureau: str
    street: str
    fact: str
    colour: Colour
    strength: float
    quiet_days: int
    p: float | None = None
    evidence: AlertEvidence = field(default_factory=no_evidence)
    bureaus: tuple[str, ...] = ()


class EarlierAlert(NamedTuple):
    """An alert that was raised before."""

    id: int
    trigger: str
    subject: str
    fact: str
    colour: Colour
    detected_on: str
    bureau: str


@dataclass(frozen=True)
class AlertChoice:
    """What becomes an alert (with the number of the earlier one about the same subject), and why
    the rest does not: told before, too soon after the last, or beyond the budget.
    """

    new: list[tuple[AlertCandidate, int | None]]
    known_count: int
    quiet_count: int
    held_back: list[AlertCandidate]


def choose_alerts(
    candidates: Iterable[AlertCandidate], earlier: Sequence[EarlierAlert], budget: Budget, day: date
) -> AlertChoice:
    """Choose tonight's alerts; those held back by the budget are tried again the next night."""
    # A fact is told once, however long it lasts; an officer who sees the same alert nightly
    # stops reading.
    facts = {(e.trigger, e.subject, e.fact) for e in earlier}
    last_by_subject: dict[tuple[str, str], EarlierAlert] = {}
    for e in earlier:
        if (e.trigger, e.subject) not in last_by_subject or last_by_subject[
            e.trigger, e.subject
        ].id < e.id:
            last_by_subject[e.trigger, e.subject] = e
    fresh: dict[tuple[str, str, str], tuple[AlertCandidate, int | None]] = {}
    known_count = quiet_count = 0
    for c in candidates:
        earlier_alert = last_by_subject.get((c.trigger, c.subject))
        if (c.trigger, c.subject, c.fact) in facts:
            known_count += 1
        elif earlier_alert is not None and is_quiet(c, earlier_alert, day):
            quiet_count += 1
        else:
            fresh[c.trigger, c.subject, c.fact] = (c, earlier_alert.id if earlier_alert else None)
    # The budget comes after the quiet period: what nobody is to hear again must not use up what
    # they can hear.
    new, held_back = _within_budget(list(fresh.values()), earlier, budget, day)
    return AlertChoice(new, known_count, quiet_count, held_back)


def is_quiet(c: AlertCandidate, earlier_alert: EarlierAlert, day: date) -> bool:
    """Whether the trigger is still silent about the subject; not if it got worse."""
    # A quiet period spares repetition; it must not hide that things got worse.
    worse = Flow.COLOURS.index(c.colour) > Flow.COLOURS.index(earlier_alert.colour)
    since = day - date.fromisoformat(earlier_alert.detected_on)
    return since < timedelta(days=c.quiet_days) and not worse


def weekly_capacity(budget: Budget, bureau: str) -> int:
    """How many alerts the officers of a bureau can follow up in a week."""
    officers = budget.officers.get(bureau or WHOLE_DISTRICT, budget.officers_elsewhere)
    return officers * budget.per_officer_and_week


def _within_budget(
    fresh: list[tuple[AlertCandidate, int | None]],
    earlier: Sequence[EarlierAlert],
    budget: Budget,
    day: date,
) -> tuple[list[tuple[AlertCandidate, int | None]], list[AlertCandidate]]:
    """The worst colours first, within one colour the strongest of each trigger in turn."""
    # A sliding week and not the calendar's: a fresh budget every Monday would let a flood
    # through on Sunday night and again on Monday.
    week_ago = (day - WEEK).isoformat()
    used = Counter(
        e.bureau
        for e in earlier
        if week_ago < e.detected_on <= day.isoformat() and e.colour not in budget.never_held
    )
    new, held_back = [], []
    for c, earlier_id in ordered_by_urgency(fresh):
        # Orange and red are never held back for want of officers, and do not use up the budget
        # of the others.
        if c.colour in budget.never_held:
            new.append((c, earlier_id))
        elif used[c.bureau] < weekly_capacity(budget, c.bureau):
            used[c.bureau] += 1
            new.append((c, earlier_id))
        else:
            held_back.append(c)
    return new, held_back


def ordered_by_urgency(
    fresh: Sequence[tuple[AlertCandidate, int | None]],
) -> list[tuple[AlertCandidate, int | None]]:
    """In which order findings are taken: strengths of different triggers cannot be compared."""
    by_trigger: dict[tuple[str, str], list[tuple[AlertCandidate, int | None]]] = defaultdict(list)
    for finding in fresh:
        by_trigger[finding[0].trigger, finding[0].colour].append(finding)
    ranked = []
    for (trigger, colour), group in by_trigger.items():
        group.sort(key=lambda finding: (-finding[0].strength, finding[0].subject, finding[0].fact))
        # Ranks and not strengths are compared across triggers: a p-value, a count and a share
        # have no common measure.
        worst = -Flow.COLOURS.index(colour)
        ranked += [((worst, rank, trigger), finding) for rank, finding in enumerate(group)]
    return [finding for _, finding in sorted(ranked, key=lambda r: r[0])]
