"""Which records of a district can be restored now or soon, and what is still missing?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xhcredit.jobs.restorable_records import (
    SIGNATURE,
    days,
    read_records,
    record_of,
    with_amount_class,
)
from xhcredit.restoration import lawyer, papers
from xhcredit.restoration.assess import Answer, answer
from xhcredit.restoration.bulk import terms
from xhcredit.restoration.law import Law
from xhcredit.restoration.outcome import Condition
from xhcredit.restoration.record import AdverseRecord
from xhcredit.restoration.severity import severity_of
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.shapes_restoration import SeverityClasses

SOON_DAYS = 30

#: rules whose conditions an enterprise can meet by itself at any time
_BY_ITSELF = ("duties_done", "pledge", "not_listed", "abnormal_list")

STATES = {
    "now": ("现在可以申请", "may apply now"),
    "soon": ("30日内可以申请", "may apply within 30 days"),
    "needs_act": ("办妥所缺事项即可申请", "may apply once the missing piece is done"),
}


@dataclass(frozen=True)
class Restorable:
    """One record that an officer can call an enterprise about."""

    code: str
    name: str
    street: str
    table: str
    reference: str
    decided_on: date
    severity: str
    state: str
    earliest_on: date | None
    publication_ends_on: date | None
    missing: str
    rules: str
    decides: str
    needs_lawyer: bool


def restorable(
    warehouse: Path, rules: Rulebook, as_of: date, *, within_days: int = SOON_DAYS
) -> list[Restorable]:
    """Every penalty and listing of a warehouse that can be restored by ``as_of`` + ``within_days``.

    A record counts if its periods are over by then and nothing is missing that the enterprise
    cannot do itself; the pledge is always to be made and always named.  Sorted by state and day.
    """
    horizon = as_of + timedelta(days=within_days)
    found: list[Restorable] = []
    for table in ("penalty", "abnormal_listing", "serious_listing"):
        frame = read_records(warehouse, table, as_of)
        kept = frame[_worth_a_look(frame, rules, as_of, horizon)] if len(frame) else frame
        found += _told(kept, rules, as_of, horizon)
    order = list(STATES)
    return sorted(
        found, key=lambda r: (order.index(r.state), r.earliest_on or date.max, r.code, r.reference)
    )


def _worth_a_look(
    frame: pd.DataFrame, rules: Rulebook, as_of: date, horizon: date
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Records whose periods let them be restored by the horizon; the rest is left out unread."""
    keep = np.ones(len(frame), dtype=bool)
    if frame["kind"].iloc[0] != "penalty":
        return keep
    laws: dict[str, Law] = {}
    last, today = np.datetime64(horizon, "D"), np.datetime64(as_of, "D")
    frame = with_amount_class(frame, rules, as_of)
    for positions in frame.groupby(SIGNATURE, dropna=False, sort=False).indices.values():
        part = frame.iloc[positions]
        profile = record_of(_first(part))
        law = laws.setdefault(profile.authority, Law(rules, profile.authority, as_of))
        severity = severity_of(profile, law.value("severity", SeverityClasses))
        decided, published, done = (days(part[c]) for c in _DAYS)
        least, most = terms(profile, severity, law, decided, published)
        ended = (most < today) & (done <= most)  # a missing day is never before another
        keep[positions] = (least <= last) & ~ended
    return keep


def _first(frame: pd.DataFrame) -> dict[str, Any]:
    return {str(name): value for name, value in frame.iloc[0].items()}


_DAYS = ("decided_on", "published_on", "duties_done_on")


def _told(frame: pd.DataFrame, rules: Rulebook, as_of: date, horizon: date) -> Iterator[Restorable]:
    """The exact answer for each record that is left."""
    laws: dict[str, Law] = {}
    columns = [frame[name].astype(object).tolist() for name in frame.columns]
    for values in zip(*columns, strict=True):
        row = dict(zip(frame.columns, values, strict=True))
        record = record_of(row)
        if record.authority not in laws:
            laws[record.authority] = Law(rules, record.authority, as_of)
        law = laws[record.authority]
        told = answer(record, law)
        state = _state(told, as_of, horizon)
        if state:
            yield _row(row, record, told, state, law)


def _state(told: Answer, as_of: date, horizon: date) -> str | None:
    if told.eligible:
        return "now"
    if told.earliest_on is not None and as_of < told.earliest_on <= horizon:
        return "soon"
    if told.route == "none" and told.unmet and all(_can_be_met(c, horizon) for c in told.unmet):
        return "needs_act"
    return None


def _can_be_met(condition: Condition, horizon: date) -> bool:
    """Whether a condition will be met by the horizon, by time or by what the enterprise does."""
    in_time = condition.met_from is not None and condition.met_from <= horizon
    return in_time or condition.rule_id.rpartition(".")[2] in _BY_ITSELF


def _row(
    row: dict[str, Any], record: AdverseRecord, told: Answer, state: str, law: Law
) -> Restorable:
    missing = [c.said.zh for c in told.unmet]
    missing.append("请提交信用承诺书和履行证明（能够共享的除外）。")
    terms_ = (told.least, told.most)
    why = lawyer.reasons(record, told.route, told.severity, terms_, law)
    return Restorable(
        code=row["code"],
        name=row["name"] or "",
        street=row["street"] or "",
        table=row["kind"],
        reference=row["reference"] or "",
        decided_on=record.decided_on,
        severity=told.severity,
        state=state,
        earliest_on=told.earliest_on,
        publication_ends_on=told.most.day if told.most else None,
        missing="".join(missing),
        rules=", ".join(c.rule_id for c in told.unmet),
        decides=papers.decides(record, law.authority).zh,
        needs_lawyer=bool(why),
    )
