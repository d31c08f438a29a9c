"""When are the shortest and the longest publication over, across changes of the law?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from xhcredit.domain.calendar import add_months
from xhcredit.restoration.law import TRANSITION, Law, Span
from xhcredit.restoration.outcome import Basis
from xhcredit.restoration.record import AdverseRecord
from xhcredit.rules.shapes_restoration import Listing, Maximum, Minimum, SeverityName


@dataclass(frozen=True)
class Period:
    """The last day of a period and the rule that gives it.

    ``day`` is None if it cannot be told (no clock day) or, of a longest period, if there is none.
    ``by_rule`` is what each rule that the record has met would give, oldest first.
    """

    day: date | None
    basis: Basis
    by_rule: tuple[tuple[Basis, date | None], ...] = ()

    @property
    def is_transitional(self) -> bool:
        """Whether the rules that the record has met give different days."""
        return len({day for _, day in self.by_rule}) > 1


def minimum(record: AdverseRecord, severity: SeverityName, law: Law) -> Period:
    """The shortest publication (最短公示期) of a penalty, by the milder of the rules it has met."""
    law.value("minimum", Minimum)
    spans = law.spans("minimum", severity, record.field, record.decided_on)
    return _milder([(s, _minimum_by(s, record, severity)) for s in spans], record, law)


def maximum(record: AdverseRecord, severity: SeverityName, law: Law) -> Period:
    """The longest publication (最长公示期) of a penalty, by the milder of the rules it has met."""
    law.value("maximum", Maximum)
    spans = law.spans("maximum", severity, record.field, record.decided_on)
    return _milder([(s, _maximum_by(s, record, severity)) for s in spans], record, law)


def listing(record: AdverseRecord, law: Law) -> tuple[Period, Period]:
    """Shortest and longest stay on the serious-violation list."""
    value, basis = law.value("serious_list", Listing), law.basis("serious_list")
    days = (add_months(record.decided_on, m) for m in (value.minimum_months, value.term_months))
    least, most = (Period(day, basis) for day in days)
    return least, most


def _minimum_by(span: Span, record: AdverseRecord, severity: SeverityName) -> date | None:
    value: Minimum = span.entry.value
    months = value.of(severity, record.field) or 0
    clock: date | None = getattr(record, value.clock)
    if months == 0:  # nothing has to run, so no clock is needed
        return record.decided_on
    return None if clock is None else add_months(clock, months)


def _maximum_by(span: Span, record: AdverseRecord, severity: SeverityName) -> date | None:
    value: Maximum = span.entry.value
    months = value.of(severity, record.penalty_kinds)
    clock: date | None = getattr(record, value.clock)
    if months is None or clock is None:
        return None
    return add_months(clock, max(months, record.ban_months if value.bans_prolong else 0))


def _milder(found: Iterable[tuple[Span, date | None]], record: AdverseRecord, law: Law) -> Period:
    """The earliest day that one of the rules gives; a newer rule gives none before its own first.

    Which rules count (the milder of all, only the newest, only that of the decision) is itself a
    dated rule.
    """
    days: list[tuple[Basis, date | None]] = []
    for span, day in found:
        # the first rule known counts from the start, for records older than the rulebook too
        late = days and day is not None and span.since > record.decided_on
        days.append((span.basis, max(day, span.since) if late and day else day))
    by_rule = tuple(days)
    basis, day = by_rule[_chosen(by_rule, law.conflict(TRANSITION).prevails)]
    return Period(day, basis, by_rule)


def _chosen(by_rule: tuple[tuple[Basis, date | None], ...], prevails: str) -> int:
    """Which rule decides: the newest, unless an older one gives an earlier day and may."""
    last = len(by_rule) - 1
    if prevails == "older":
        return 0
    told = [(day, n - last) for n, (_, day) in enumerate(by_rule) if day is not None]
    if prevails == "newer" or not told:
        return last
    earliest = min(day for day, _ in told)
    return max(n for day, n in told if day == earliest) + last
