"""Alert budget: new facts only, quiet periods, capacity of officers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from xhcredit.rules.schemas.alerts import Budget, Colour, Flow

WEEK = timedelta(weeks=1)
WHOLE_DISTRICT = "全区"


@dataclass(frozen=True)
class Candidate:
    """A finding as it would be kept; ``subject`` is a code, a node or a street with industry."""

    trigger: str
    numbers: str
    family: str
    kind: str
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
    evidence: Mapping[str, Any] = field(default_factory=dict)


class Earlier(NamedTuple):
    """An alert that was raised before."""

    id: int
    trigger: str
    subject: str
    fact: str
    colour: Colour
    detected_on: str
    bureau: str


@dataclass(frozen=True)
class Choice:
    """What becomes an alert (with the number of the earlier one about the same subject), and why
    the rest does not: told before, too soon after the last, or beyond the budget.
    """

    new: list[tuple[Candidate, int | None]]
    told: int
    quiet: int
    held: list[Candidate]


def choose(
    found: Iterable[Candidate], earlier: Sequence[Earlier], budget: Budget, day: date
) -> Choice:
    """Choose tonight's alerts; those held back by the budget are tried again the next night."""
    facts = {(e.trigger, e.subject, e.fact) for e in earlier}
    last: dict[tuple[str, str], Earlier] = {}
    for e in earlier:
        if (e.trigger, e.subject) not in last or last[e.trigger, e.subject].id < e.id:
            last[e.trigger, e.subject] = e
    fresh: dict[tuple[str, str, str], tuple[Candidate, int | None]] = {}
    told = quiet = 0
    for c in found:
        before = last.get((c.trigger, c.subject))
        if (c.trigger, c.subject, c.fact) in facts:
            told += 1
        elif before is not None and is_quiet(c, before, day):
            quiet += 1
        else:
            fresh[c.trigger, c.subject, c.fact] = (c, before.id if before else None)
    new, held = _within_budget(list(fresh.values()), earlier, budget, day)
    return Choice(new, told, quiet, held)


def is_quiet(c: Candidate, before: Earlier, day: date) -> bool:
    """Whether the trigger is still silent about the subject; not if it got worse."""
    worse = Flow.COLOURS.index(c.colour) > Flow.COLOURS.index(before.colour)
    since = day - date.fromisoformat(before.detected_on)
    return since < timedelta(days=c.quiet_days) and not worse


def weekly(budget: Budget, bureau: str) -> int:
    """How many alerts the officers of a bureau can follow up in a week."""
    officers = budget.officers.get(bureau or WHOLE_DISTRICT, budget.officers_elsewhere)
    return officers * budget.per_officer_and_week


def _within_budget(
    fresh: list[tuple[Candidate, int | None]],
    earlier: Sequence[Earlier],
    budget: Budget,
    day: date,
) -> tuple[list[tuple[Candidate, int | None]], list[Candidate]]:
    """The worst colours first, within one colour the strongest of each trigger in turn."""
    week_ago = (day - WEEK).isoformat()
    used = Counter(
        e.bureau
        for e in earlier
        if week_ago < e.detected_on <= day.isoformat() and e.colour not in budget.never_held
    )
    new, held = [], []
    for c, before in ordered(fresh):
        if c.colour in budget.never_held:
            new.append((c, before))
        elif used[c.bureau] < weekly(budget, c.bureau):
            used[c.bureau] += 1
            new.append((c, before))
        else:
            held.append(c)
    return new, held


def ordered(fresh: Sequence[tuple[Candidate, int | None]]) -> list[tuple[Candidate, int | None]]:
    """In which order findings are taken: strengths of different triggers cannot be compared."""
    by_trigger: dict[tuple[str, str], list[tuple[Candidate, int | None]]] = defaultdict(list)
    for one in fresh:
        by_trigger[one[0].trigger, one[0].colour].append(one)
    ranked = []
    for (trigger, colour), group in by_trigger.items():
        group.sort(key=lambda one: (-one[0].strength, one[0].subject, one[0].fact))
        worst = -Flow.COLOURS.index(colour)
        ranked += [((worst, rank, trigger), one) for rank, one in enumerate(group)]
    return [one for _, one in sorted(ranked, key=lambda r: r[0])]
