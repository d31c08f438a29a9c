"""When are the periods of many records over?  The same as ``periods``, a column at a time.

Records of one profile (authority, field, kinds, class ...) differ in their days only; a test
compares every day with ``periods``, which is the reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from xhcredit.restoration.law import TRANSITION, Law, Span
from xhcredit.restoration.record import AdverseRecord
from xhcredit.rules.shapes_restoration import SeverityName

Days = npt.NDArray[np.datetime64]
NAT = np.datetime64("NaT", "D")


def add_months(days: Days, months: int) -> Days:
    """As ``domain.calendar.add_months``, for a column of days; missing stays missing."""
    month = days.astype("datetime64[M]")
    target = month + np.timedelta64(months, "M")
    last = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    day = target.astype("datetime64[D]") + (days - month.astype("datetime64[D]"))
    return np.asarray(np.minimum(day, last), dtype="datetime64[D]")


def terms(
    profile: AdverseRecord, severity: SeverityName, law: Law, decided: Days, published: Days
) -> tuple[Days, Days]:
    """Last days of the shortest and of the longest publication of records of one profile.

    Args:
        profile: any of the records; its days are not read.
        severity: their class.
        law: the rules of the day.
        decided: day of each decision.
        published: day of each publication, NaT if not known.

    Returns:
        Two columns; NaT where ``periods`` would say None.
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

    return (
        _milder("minimum", least, profile, severity, law, decided),
        _milder("maximum", most, profile, severity, law, decided),
    )


def _milder(
    about: str,
    day_of: Callable[[Span], Days],
    profile: AdverseRecord,
    severity: SeverityName,
    law: Law,
    decided: Days,
) -> Days:
    """The day of the rule that prevails, among those that each record has met."""
    earliest = decided.min().astype(object) if decided.size else law.applied_on
    spans = law.spans(about, severity, profile.field, earliest)
    prevails = law.conflict(TRANSITION).prevails
    found: Any = np.full(decided.shape, NAT)
    met = np.zeros(decided.shape, dtype=bool)  # whether an older rule was met already
    for span in spans:
        since = np.datetime64(span.since, "D")
        applies = np.ones_like(met)
        if span.until is not None:
            applies = np.datetime64(span.until, "D") >= decided
        day = day_of(span)
        late = met & (decided < since) & ~np.isnat(day)
        day = np.where(late, np.maximum(day, since), day)
        found = np.where(applies, _prevailing(prevails, found, day, met), found)
        met |= applies
    return np.asarray(found, dtype="datetime64[D]")


def _prevailing(prevails: str, found: Days, day: Days, met: npt.NDArray[np.bool_]) -> Days:
    """What stands after one more, newer rule."""
    if prevails == "older":
        return np.where(met, found, day)
    if prevails == "newer":
        return day
    return np.fmin(found, day)
