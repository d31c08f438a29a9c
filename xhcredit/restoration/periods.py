"""Shortest and longest publication periods across changes of the law."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from xhcredit.domain.calendar import add_months
from xhcredit.restoration import provisions
from xhcredit.restoration.assessment import Basis
from xhcredit.restoration.law import TRANSITION, Law
from xhcredit.restoration.provisions import Provision, Way
from xhcredit.restoration.record import AdverseRecord
from xhcredit.rules.schemas.restoration import ListingTerms, PeriodStart, SeverityName


@dataclass(frozen=True)
class Period:
    """The last day of a period and the rule that gives it.

    ``day`` is None if it cannot be told (no clock day) or, of a longest period, if there is none.
    ``provision`` is what that rule says of a penalty.  ``is_transitional`` says whether the rules
    that the record has met give different days or ways.
    """

    day: date | None
    basis: Basis
    provision: Provision | None = None
    is_transitional: bool = False

    @property
    def way(self) -> Way:
        """Whether publication is ended by application or by itself, or there is none."""
        return self.provision.way if self.provision else "application"


def minimum(record: AdverseRecord, severity: SeverityName, law: Law) -> Period:
    """The shortest publication (最短公示期) of a penalty, by the milder of the rules it has met."""
    return _milder(provisions.minimum(record, severity, law), record, law)


def maximum(record: AdverseRecord, severity: SeverityName, law: Law) -> Period:
    """The longest publication (最长公示期) of a penalty, by the milder of the rules it has met."""
    return _milder(provisions.maximum(record, severity, law), record, law)


def listing(record: AdverseRecord, law: Law) -> tuple[Period, Period]:
    """Shortest and longest stay on the serious-violation list."""
    value, basis = law.value("serious_list", ListingTerms), law.basis("serious_list")
    # Stay and early removal (总局令第44号, M-H) are counted from the listing decision; a
    # listing has no other document.
    days = (add_months(record.decided_on, m) for m in (value.minimum_months, value.term_months))
    least, most = (Period(day, basis) for day in days)
    return least, most


def by_the_other_clock(period: Period, record: AdverseRecord, law: Law) -> date | None:
    """End of the period by the clock that does not prevail, if that is another day.

    Order 107 counts from publication, Order 36 from the decision; see ``conflicts.samr_clock``.
    """
    since, provision = law.clocks_conflict_since(), period.provision
    if since is None or provision is None or not provision.months:
        return None
    # A rule that was over before Order 36 came (2026-04-01) never met its clock.
    if provision.until is not None and provision.until < since:
        return None
    other_clock: PeriodStart = "published_on" if provision.clock == "decided_on" else "decided_on"
    start: date | None = getattr(record, other_clock)
    if start is None or provision.way == "unpublished":
        return None
    day = add_months(start, provision.months)
    if other_clock == "decided_on" and record.decided_on < since:
        day = max(day, since)  # a newer rule gives no day before its own first
    # Only a milder second date is worth telling: transition takes the milder, and Order 36's
    # clock cannot lengthen what Order 107 ends.
    later_is_newer = other_clock == "decided_on" and period.day is not None and day > period.day
    return None if day == period.day or later_is_newer else day


def _last_day(provision: Provision, record: AdverseRecord) -> date | None:
    """The last day of the period by one rule; None if none is fixed or the clock is not known."""
    clock: date | None = getattr(record, provision.clock)
    if provision.months == 0:  # nothing has to run, so no clock is needed
        return record.decided_on
    is_counted = provision.months is not None and clock is not None
    if provision.way == "unpublished" or not is_counted:
        return None
    return add_months(clock, provision.months)  # type: ignore[arg-type]  # is_counted


def _effective_way(provision: Provision, record: AdverseRecord) -> Way:
    """An exceptional publication is one only if a day of it is known."""
    # Order 36 publishes minor ones only "if really needed": a known day of publication is the
    # only evidence that this was such a case.
    if provision.way != "exceptional":
        return provision.way
    return "unpublished" if record.published_on is None else "application"


def _milder(provision_list: Iterable[Provision], record: AdverseRecord, law: Law) -> Period:
    """The earliest day that one of the rules gives; a newer rule gives none before its own first.

    Which rules count (the milder of all, only the newest, only that of the decision) is itself a
    dated rule.
    """
    days: list[tuple[Way, date | None]] = []
    rules_met = list(provision_list)
    for provision in rules_met:
        way = _effective_way(provision, record)
        day = None if way == "unpublished" else _last_day(provision, record)
        # the first rule known counts from the start, for records older than the rulebook too
        late = days and day is not None and provision.since > record.decided_on
        days.append((way, max(day, provision.since) if late and day else day))
    chosen_index = _prevailing_index(days, law.conflict(TRANSITION).prevails)
    way, day = days[chosen_index]
    provision = rules_met[chosen_index]
    chosen = Provision(
        provision.since, provision.until, provision.basis, provision.clock, provision.months, way
    )
    # Different days or ways are told to a lawyer: that the milder applies (立法法 art 104)
    # rests on memory (M-H) and is this system's proposal.
    return Period(day, provision.basis, chosen, len(set(days)) > 1)


def _prevailing_index(days: list[tuple[Way, date | None]], prevails: str) -> int:
    """Which rule decides: the newest, unless an older one is milder and may.

    No publication at all is the mildest; of days the earliest.
    """
    last = len(days) - 1
    if prevails == "older":
        return 0
    if prevails == "newer":
        return last
    # Of several rules that publish nothing the newest is cited: it is what an official finds in
    # force.
    unpublished = [n for n, (way, _) in enumerate(days) if way == "unpublished"]
    if unpublished:
        return unpublished[-1]
    # A rule whose clock day is unknown cannot be called the milder one, however short its
    # months.
    known_days = [(day, n - last) for n, (_, day) in enumerate(days) if day is not None]
    if not known_days:
        return last
    earliest = min(day for day, _ in known_days)
    # On a tie the newest is cited, so that nobody reads a repealed rule for a day the law in
    # force gives as well.
    return max(n for day, n in known_days if day == earliest) + last
