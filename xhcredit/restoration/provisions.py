"""Publication provisions of each rule that a penalty has met: length, clock, way of ending.

A provision depends on what a penalty is (kinds, class, amount, holder), not on its days, so that
one record and a column of records are counted from the same provisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from xhcredit.restoration.assessment import Basis
from xhcredit.restoration.law import NEVER_EARLY, SAMR_CLOCK, Law, Span
from xhcredit.restoration.record import AdverseRecord
from xhcredit.restoration.severity import is_small_fine
from xhcredit.rules.schemas.restoration import (
    Maximum,
    Minimum,
    NeverEarlyKinds,
    PeriodStart,
    SeverityName,
)

#: application: it can be ended early by restoration; by_itself: it ends after its months and not
#: before; unpublished: there is no publication; exceptional: there is none in principle (only if a
#: day of it is known)
Way = Literal["application", "by_itself", "unpublished", "exceptional"]


@dataclass(frozen=True)
class Provision:
    """Provision of one rule while it is in force (``since`` to ``until``, None without end).

    ``months`` run from ``clock``; None if no period is fixed.
    """

    since: date
    until: date | None
    basis: Basis
    clock: PeriodStart
    months: int | None
    way: Way = "application"

    def _content(self) -> tuple[PeriodStart, int | None, Way]:
        return self.clock, self.months, self.way

    def continues(self, earlier: Provision) -> bool:
        """Whether it equals an earlier provision right before it: no change of the law."""
        adjoins = earlier.until is not None and earlier.until + timedelta(days=1) == self.since
        return adjoins and self._content() == earlier._content()


def minimum(record: AdverseRecord, severity: SeverityName, law: Law) -> list[Provision]:
    """The shortest publication (最短公示期) by each rule that a penalty has met, oldest first.

    Raises:
        RuleNotInForce: nothing rules on it on the day of application.
    """
    spans = law.spans("minimum", severity, record.field, record.decided_on)
    span_provisions = [
        _minimum_provision(s, record, severity) for s in _with_a_minimum(spans, record, law)
    ]
    return list(
        _without_repeats(
            p for provision in span_provisions for p in _with_prevailing_clock(provision, law)
        )
    )


def maximum(record: AdverseRecord, severity: SeverityName, law: Law) -> list[Provision]:
    """The longest publication (最长公示期) by each rule that a penalty has met, oldest first.

    Raises:
        RuleNotInForce: nothing rules on it on the day of application.
    """
    spans = law.spans("maximum", severity, record.field, record.decided_on)
    return list(
        _without_repeats(
            p
            for s in spans
            for p in _with_prevailing_clock(_maximum_provision(s, record, severity, law), law)
        )
    )


def never_early_kinds(record: AdverseRecord, law: Law) -> frozenset[str]:
    """Kinds of this penalty whose publication SAMR's Order 45 never ends early."""
    if record.kind != "penalty" or not law.has("never_early"):
        return frozenset()
    return record.penalty_kinds & set(law.value("never_early", NeverEarlyKinds).kinds)


def _with_a_minimum(spans: list[Span], record: AdverseRecord, law: Law) -> list[Span]:
    """Without the rules that never let such a penalty be restored, once a newer one does.

    Their months were for other penalties (国市监信规〔2021〕3号 leaves out those of Order 45 art
    14(3)), so nobody can rely on them.
    """
    # While the prohibition still prevails, the condition itself refuses; the months then only
    # say how long the others wait.
    if not never_early_kinds(record, law) or law.conflict(NEVER_EARLY).prevails != "newer":
        return spans
    since = law.basis_of(NEVER_EARLY).effective_from
    # A rulebook without the newer months still has to name a day: then the old ones are all
    # there is.
    return [s for s in spans if s.until is None or s.until >= since] or spans


def _minimum_provision(span: Span, record: AdverseRecord, severity: SeverityName) -> Provision:
    value: Minimum = span.entry.value
    # A class without a shortest publication (minor ones of Order 107 end by themselves) has
    # nothing that must run first.
    months = value.of(severity, record.field)
    return Provision(span.since, span.until, span.basis, value.clock, months or 0)


def _maximum_provision(
    span: Span, record: AdverseRecord, severity: SeverityName, law: Law
) -> Provision:
    value: Maximum = span.entry.value
    months, way = value.months.of(severity), _way(value, record, severity, law)
    # Order 45 art 13 gives small fines and public criticism three months of their own; Order
    # 107 names whole classes, and those keep the longest publication of the class.
    if way == "by_itself" and severity not in value.by_itself.classes:
        months = value.by_itself.months
    # Order 45 art 13(3): a ban of more than three years is published as long as it lasts, else
    # the public could not know of a ban that still binds.
    if value.bans_prolong and months is not None:
        months = max(months, record.ban_months)
    return Provision(span.since, span.until, span.basis, value.clock, months, way)


def _way(value: Maximum, record: AdverseRecord, severity: SeverityName, law: Law) -> Way:
    """How the publication of such a penalty ends, if there is one."""
    kinds, unpublished_rule, by_itself_rule = (
        record.penalty_kinds,
        value.unpublished,
        value.by_itself,
    )
    grave = severity == "serious"  # an entry that contradicts itself goes by its kinds of penalty
    if (record.procedure in unpublished_rule.procedures and not grave) or kinds <= set(
        unpublished_rule.only
    ):
        return "unpublished"
    if severity in unpublished_rule.in_principle:
        return "exceptional"
    # Asked only where the entry wants it: since Order 107 small fines are a class of their own
    # and the standard is read in the class.
    small = by_itself_rule.small_fines and is_small_fine(record, law)
    if small or kinds <= set(by_itself_rule.only) or severity in by_itself_rule.classes:
        return "by_itself"
    return "application"


def _with_prevailing_clock(provision: Provision, law: Law) -> Iterator[Provision]:
    """The provision, from the first day of the conflict on with the clock that prevails."""
    since = law.clocks_conflict_since()
    ended = provision.until is not None and since is not None and provision.until < since
    if since is None or ended or law.conflict(SAMR_CLOCK).prevails != "newer":
        yield provision
        return
    # Split at the first day of the conflict: until then nobody contested market supervision's
    # clock.
    if provision.since < since:
        yield replace(provision, until=since - timedelta(days=1))
    yield replace(provision, since=max(since, provision.since), clock="decided_on")


def _without_repeats(provisions: Iterable[Provision]) -> Iterator[Provision]:
    """Provisions that say the same without a gap as one, with the source that is in force last."""
    earlier: Provision | None = None
    for provision in provisions:
        # A re-enacted text is no change of the law; kept apart it would count as one and call
        # for a lawyer.
        if earlier is not None and provision.continues(earlier):
            earlier = replace(provision, since=earlier.since)
            continue
        if earlier is not None:
            yield earlier
        earlier = provision
    if earlier is not None:
        yield earlier
