"""Vectorised publication periods of many records; equal to ``periods``, a column at a time.

Records of one profile (authority, field, kinds, class ...) differ in their days only; a test
compares every day with ``periods``, which is the reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from xhcredit.domain.calendar import YEAR
from xhcredit.restoration import provisions
from xhcredit.restoration.assessment import Condition
from xhcredit.restoration.conditions import conditions
from xhcredit.restoration.law import TRANSITION, Law
from xhcredit.restoration.provisions import Provision, Way
from xhcredit.restoration.record import AdverseRecord
from xhcredit.restoration.severity import severity_of
from xhcredit.rules.schemas.restoration import SeverityName

Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]
#: positions in ``WAYS``, by record
Positions = npt.NDArray[np.int8]
NAT = np.datetime64("NaT", "D")
#: how publication ends, by position (see ``provisions.Way``; what is exceptional is settled)
WAYS: tuple[Way, ...] = ("application", "by_itself", "unpublished")


def add_months(days: Days, months: int) -> Days:
    """As ``domain.calendar.add_months``, for a column of days; missing stays missing."""
    month = days.astype("datetime64[M]")
    target = month + np.timedelta64(months, "M")
    # The 31st counted on into a shorter month runs over into the next; the law's term ends on
    # the month's last day (民法典 art 202).
    last = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    day = target.astype("datetime64[D]") + (days - month.astype("datetime64[D]"))
    return np.asarray(np.minimum(day, last), dtype="datetime64[D]")


@dataclass(frozen=True)
class Term:
    """The last day of a period of each record (NaT where ``periods`` says None), which of the
    rules it met gives it, whether those rules differ, how publication ends (a position in
    ``WAYS``), and whether the clock that does not prevail gives another day.
    """

    day: Days
    rule_index: npt.NDArray[np.int8]
    is_transitional: Flags
    way: npt.NDArray[np.int8]
    has_other_clock: Flags


@dataclass(frozen=True)
class Answers:
    """Eligibility and earliest day of each record, and the facts on which their texts depend."""

    least: Term
    most: Term
    eligible: Flags
    over: Flags
    earliest: Days
    repeated: Flags
    can_be_met: Flags


def answers(
    profile: AdverseRecord, law: Law, columns: Mapping[str, Days], horizon: np.datetime64
) -> Answers:
    """The same as ``assess.answer`` for penalties of one profile, without the words.

    Args:
        profile: any of the records; all others are small fines if it is one (the standard is that
            of the day of decision), else its days are not read.
        law: the rules of the day.
        columns: ``decided_on``, ``published_on``, ``duties_done_on``, ``same_kind_again_on``.
        horizon: by when conditions may be met in ``can_be_met``.
    """
    decided, done = columns["decided_on"], columns["duties_done_on"]
    severity = severity_of(profile, law)
    least, most = terms(profile, severity, law, decided, columns["published_on"])
    by_itself = most.way == WAYS.index("by_itself")
    is_no_application = most.way != WAYS.index("application")
    today = np.datetime64(law.applied_on, "D")
    queried = add_months(decided, law.query_years() * YEAR)
    repeated = columns["same_kind_again_on"] <= today
    repeated &= law.asks("no_same_kind")
    fixed_conditions = _fixed_conditions(profile, law)
    since = max([d for _, d in fixed_conditions if d is not None], default=date.min)
    is_never_met = any(d is None for _, d in fixed_conditions)
    performed = done if law.asks("duties") else decided
    day = np.maximum(np.maximum(decided, least.day), performed)
    day = np.maximum(day, np.maximum(decided, np.datetime64(since, "D")))
    ends_before = (done <= most.day) & (most.day < day)
    is_unattainable = repeated | is_never_met | ends_before | (day > queried) | is_no_application
    over = ((most.day < today) & ((done <= most.day) | by_itself)) | (queried < today)
    met = (least.day <= today) & (performed <= today) & ~repeated
    is_hopeless = any(d is None and not mendable for mendable, d in fixed_conditions)
    late = np.datetime64(since, "D") > horizon
    return Answers(
        least,
        most,
        met
        & ~over
        & ~is_no_application
        & all(d is not None and d <= law.applied_on for _, d in fixed_conditions),
        over,
        np.where(is_unattainable, NAT, day),
        repeated,
        ~over
        & ~is_no_application
        & ~repeated
        & (least.day <= horizon)
        & (not is_hopeless and not late),
    )


def _fixed_conditions(profile: AdverseRecord, law: Law) -> list[tuple[bool, date | None]]:
    """Conditions that do not depend on a record's own days: can the enterprise mend it, and from
    which day is it met (None: nobody can tell).
    """
    # These two days differ from record to record and are columns; left in, the profile's own
    # would decide for all.
    bare_profile = replace(profile, duties_done_on=None, same_kind_again_on=None)
    every = conditions(bare_profile, None, law)  # without a day of it, no same kind is always met
    condition_list = [c for c in every if not c.rule_id.endswith("duties_done")]
    return [
        # A condition that is met without a day must not read as "nobody can tell when".
        (mendable(c), date.min if c.met and c.met_from is None else c.met_from)
        for c in condition_list
    ]


#: rules whose conditions an enterprise can meet by itself at any time
_BY_ITSELF = ("duties_done", "pledge", "not_listed", "abnormal_list", "spot_check")


def mendable(condition: Condition) -> bool:
    """Whether an enterprise can meet a condition by itself at any time."""
    return condition.rule_id.endswith(_BY_ITSELF)


def terms(
    profile: AdverseRecord, severity: SeverityName, law: Law, decided: Days, published: Days
) -> tuple[Term, Term]:
    """Last days of the shortest and of the longest publication of records of one profile.

    Args:
        profile: any of the records; its days are not read.
        severity: their class.
        law: the rules of the day.
        decided: day of each decision.
        published: day of each publication, NaT if not known.
    """
    # Provisions are asked for the oldest decision: it has met every rule that any of them met,
    # and each record then drops those that ended before its own day.
    earliest = decided.min().astype(object) if decided.size else law.applied_on
    first = replace(profile, decided_on=earliest, published_on=None)
    clocks = {"decided_on": decided, "published_on": published}
    return (
        _milder(provisions.minimum(first, severity, law), law, clocks),
        _milder(provisions.maximum(first, severity, law), law, clocks),
    )


def _last_day(provision: Provision, clocks: Mapping[str, Days]) -> Days:
    """As ``periods`` counts one rule, for a column; NaT where no day can be told."""
    published = clocks["published_on"]
    if provision.way == "unpublished" or provision.months is None:
        return np.full(published.shape, NAT)
    if provision.months == 0:
        return clocks["decided_on"]
    day = add_months(clocks[provision.clock], provision.months)
    return np.where(np.isnat(published), NAT, day) if provision.way == "exceptional" else day


def _milder(provision_list: Sequence[Provision], law: Law, clocks: Mapping[str, Days]) -> Term:
    """The day of the rule that prevails, among those that each record has met."""
    prevails, decided = law.conflict(TRANSITION).prevails, clocks["decided_on"]
    day_of: Days = np.full(decided.shape, NAT)
    first = day_of
    rule_index = np.zeros(decided.shape, dtype=np.int8)
    way_of, first_way = rule_index, rule_index
    differ = np.zeros(decided.shape, dtype=bool)
    met = np.zeros(decided.shape, dtype=bool)  # whether an older rule was met already
    for n, provision in enumerate(provision_list):
        since = np.datetime64(provision.since, "D")
        applies = np.ones_like(met)
        if provision.until is not None:
            applies = np.datetime64(provision.until, "D") >= decided
        day, way = _last_day(provision, clocks), _ways(provision, clocks)
        # A newer rule gives no day before its own first; the first rule a record met is exempt,
        # for records older than the rulebook.
        late = met & (decided < since) & ~np.isnat(day)
        day = np.where(late, np.maximum(day, since), day)
        takes = applies & _prevails(prevails, (day_of, way_of), (day, way), met)
        day_of, rule_index = np.where(takes, day, day_of), np.where(takes, np.int8(n), rule_index)
        way_of = np.where(takes, way, way_of)
        # NaT equals nothing, itself included; None equals None in periods, which is the
        # reference.
        is_same = ((day == first) | (np.isnat(day) & np.isnat(first))) & (way == first_way)
        differ |= applies & met & ~is_same
        first, first_way = np.where(met, first, day), np.where(met, first_way, way)
        met |= applies
    days = np.asarray(day_of, dtype="datetime64[D]")
    return Term(
        days,
        rule_index,
        differ,
        way_of,
        _has_other_clock(provision_list, days, rule_index, law, clocks),
    )


def _ways(provision: Provision, clocks: Mapping[str, Days]) -> npt.NDArray[np.int8]:
    """How publication ends of each record, as a position in ``WAYS``."""
    decided, published = clocks["decided_on"], clocks["published_on"]
    if provision.way == "exceptional":
        return np.where(np.isnat(published), WAYS.index("unpublished"), 0).astype(np.int8)
    return np.full(decided.shape, WAYS.index(provision.way), dtype=np.int8)


def _prevails(
    prevails: str, current: tuple[Days, Positions], newer: tuple[Days, Positions], met: Flags
) -> Flags:
    """Where a newer rule prevails over the current one."""
    if prevails == "older":
        return ~met
    if prevails == "newer":
        return np.ones_like(met)
    (day_of, way_of), (day, way) = current, newer
    unpublished = WAYS.index("unpublished")
    # "<=" and not "<": on a tie the newer rule is cited, as periods does.
    milder = np.isnat(day_of) | (day <= day_of)
    return np.asarray(~met | (way == unpublished) | (milder & (way_of != unpublished)))


def _has_other_clock(
    provision_list: Sequence[Provision],
    days: Days,
    rule_index: npt.NDArray[np.int8],
    law: Law,
    clocks: Mapping[str, Days],
) -> Flags:
    """Where the clock that does not prevail gives another day, as ``by_the_other_clock`` says."""
    differs = np.zeros(days.shape, dtype=bool)
    since = law.clocks_conflict_since()
    if since is None:
        return differs
    for n, provision in enumerate(provision_list):
        open_then = provision.until is None or provision.until >= since
        if not provision.months or provision.way == "unpublished" or not open_then:
            continue
        other_clock = "published_on" if provision.clock == "decided_on" else "decided_on"
        day = add_months(clocks[other_clock], provision.months)
        if other_clock == "decided_on":
            first = np.datetime64(since, "D")
            day = np.where(clocks[other_clock] < first, np.maximum(day, first), day)
            # Order 36's clock is told only where it is the milder; a later day is folded back
            # so that it does not count as a difference.
            day = np.where(day > days, days, day)
        differs |= (rule_index == n) & ~np.isnat(day) & (day != days)
    return differs
