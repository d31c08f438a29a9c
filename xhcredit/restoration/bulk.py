"""When are the periods of many records over?  The same as ``periods``, a column at a time.

Records of one profile (authority, field, kinds, class ...) differ in their days only; a test
compares every day with ``periods``, which is the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from xhcredit.domain.calendar import YEAR
from xhcredit.restoration.conditions import conditions
from xhcredit.restoration.law import TRANSITION, Law, Span
from xhcredit.restoration.outcome import Condition
from xhcredit.restoration.record import AdverseRecord
from xhcredit.restoration.severity import severity_of
from xhcredit.rules.shapes_restoration import SeverityClasses, SeverityName

Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]
NAT = np.datetime64("NaT", "D")


def add_months(days: Days, months: int) -> Days:
    """As ``domain.calendar.add_months``, for a column of days; missing stays missing."""
    month = days.astype("datetime64[M]")
    target = month + np.timedelta64(months, "M")
    last = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    day = target.astype("datetime64[D]") + (days - month.astype("datetime64[D]"))
    return np.asarray(np.minimum(day, last), dtype="datetime64[D]")


@dataclass(frozen=True)
class Term:
    """The last day of a period of each record (NaT where ``periods`` says None), which of the
    rules it met gives it, and whether those rules differ.
    """

    day: Days
    which: npt.NDArray[np.int8]
    is_transitional: Flags


@dataclass(frozen=True)
class Answers:
    """Of each record: may it be restored, from which day, and on what the words of that depend."""

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
        profile: any of the records; its days are not read, and are those of all others or none.
        law: the rules of the day.
        columns: ``decided_on``, ``published_on``, ``duties_done_on``, ``same_kind_again_on``.
        horizon: by when conditions may be met in ``can_be_met``.
    """
    decided, done = columns["decided_on"], columns["duties_done_on"]
    severity = severity_of(profile, law.value("severity", SeverityClasses))
    least, most = terms(profile, severity, law, decided, columns["published_on"])
    today = np.datetime64(law.applied_on, "D")
    queried = add_months(decided, law.query_years() * YEAR)
    repeated = columns["same_kind_again_on"] <= today
    repeated &= law.asks("no_same_kind")
    others = _others(profile, law)
    since = max([d for _, d in others if d is not None], default=date.min)
    never = any(d is None for _, d in others)
    day = np.maximum(np.maximum(decided, least.day), done)
    day = np.maximum(day, np.maximum(decided, np.datetime64(since, "D")))
    ends_before = (done <= most.day) & (most.day < day)
    lost = repeated | never | ends_before | (day > queried)
    over = ((most.day < today) & (done <= most.day)) | (queried < today)
    met = (least.day <= today) & (done <= today) & ~repeated
    hopeless = any(d is None and not mendable for mendable, d in others)
    late = np.datetime64(since, "D") > horizon
    return Answers(
        least,
        most,
        met & ~over & all(d is not None and d <= law.applied_on for _, d in others),
        over,
        np.where(lost, NAT, day),
        repeated,
        ~over & ~repeated & (least.day <= horizon) & (not hopeless and not late),
    )


def _others(profile: AdverseRecord, law: Law) -> list[tuple[bool, date | None]]:
    """Conditions that do not depend on a record's own days: can the enterprise mend it, and from
    which day is it met (None: nobody can tell).
    """
    plain = replace(profile, duties_done_on=None, same_kind_again_on=None)
    own = ("duties_done", "no_same_kind")
    found = [c for c in conditions(plain, None, law) if not c.rule_id.endswith(own)]
    return [(mendable(c), date.min if c.met and c.met_from is None else c.met_from) for c in found]


#: rules whose conditions an enterprise can meet by itself at any time
_BY_ITSELF = ("duties_done", "pledge", "not_listed", "abnormal_list")


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
    clocks = {"decided_on": decided, "published_on": published}

    def least(span: Span) -> Days:
        value = span.entry.value
        months = value.of(severity, profile.field) or 0
        return add_months(clocks[value.clock], months) if months else decided

    def most(span: Span) -> Days:
        value = span.entry.value
        months = value.of(severity, profile.penalty_kinds)
        if months is None:
            return np.full(decided.shape, NAT)
        ban = profile.ban_months if value.bans_prolong else 0
        return add_months(clocks[value.clock], max(months, ban))

    earliest = decided.min().astype(object) if decided.size else law.applied_on
    return (
        _milder(law.spans("minimum", severity, profile.field, earliest), least, law, decided),
        _milder(law.spans("maximum", severity, profile.field, earliest), most, law, decided),
    )


def _milder(spans: Sequence[Span], day_of: Callable[[Span], Days], law: Law, decided: Days) -> Term:
    """The day of the rule that prevails, among those that each record has met."""
    prevails = law.conflict(TRANSITION).prevails
    found: Any = np.full(decided.shape, NAT)
    first: Any = found
    which = np.zeros(decided.shape, dtype=np.int8)
    differ = np.zeros(decided.shape, dtype=bool)
    met = np.zeros(decided.shape, dtype=bool)  # whether an older rule was met already
    for n, span in enumerate(spans):
        since = np.datetime64(span.since, "D")
        applies = np.ones_like(met)
        if span.until is not None:
            applies = np.datetime64(span.until, "D") >= decided
        day = day_of(span)
        late = met & (decided < since) & ~np.isnat(day)
        day = np.where(late, np.maximum(day, since), day)
        takes = applies & _prevails(prevails, found, day, met)
        found, which = np.where(takes, day, found), np.where(takes, np.int8(n), which)
        same = (day == first) | (np.isnat(day) & np.isnat(first))
        differ |= applies & met & ~same
        first = np.where(met, first, day)
        met |= applies
    return Term(np.asarray(found, dtype="datetime64[D]"), which, differ)


def _prevails(prevails: str, found: Days, day: Days, met: Flags) -> Flags:
    """Whether one more, newer rule stands instead of what was found."""
    if prevails == "older":
        return ~met
    if prevails == "newer":
        return np.ones_like(met)
    return np.isnat(found) | (day <= found)
