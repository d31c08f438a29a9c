"""Restorable records of a district, now or soon, with the missing conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.jobs.restoration.records import (
    SIGNATURE,
    days,
    read_records,
    record_of,
    with_amount_class,
)
from xhcredit.restoration import documents as papers
from xhcredit.restoration import legal_review as lawyer
from xhcredit.restoration.assess import Answer, answer
from xhcredit.restoration.assessment import Condition
from xhcredit.restoration.bulk import NAT, Answers, Days, answers, mendable
from xhcredit.restoration.law import Law
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.restoration import SPOT_CHECKS

SOON_DAYS = 30
TABLES = ("penalty", "abnormal_listing", "serious_listing", *SPOT_CHECKS)
STATES = {
    "now": ("现在可以申请", "may apply now"),
    "soon": ("30日内可以申请", "may apply within 30 days"),
    "needs_act": ("办妥所缺事项即可申请", "may apply once the missing piece is done"),
}
_DAYS = ("decided_on", "published_on", "duties_done_on", "same_kind_again_on")
#: records of one kind, column by column
Part = dict[str, npt.NDArray[Any]]
#: by which days the answers for listings and spot checks differ
_DAYS_OF = {
    "serious_listing": ("decided_on",),
    **dict.fromkeys(
        SPOT_CHECKS, ("decided_on", "corrected_on", "penalty_followed", "penalty_ended_on")
    ),
}
#: by what else they differ
_LISTED = ["authority", "ground", "on_abnormal_list", "on_serious_list"]


@dataclass(frozen=True, slots=True)
class Restorable:
    """One record that an officer can call an enterprise about.

    ``key`` names it in its table, as canonical JSON; ``agency`` is the organ that decided.
    """

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
    key: str = ""
    agency: str = ""


class _Words(NamedTuple):
    """Texts that all records of one kind share, and the days where they do not differ either."""

    state: str
    severity: str
    missing: str
    rules: str
    decides: str
    needs_lawyer: bool
    earliest_on: date | None
    publication_ends_on: date | None


def restorable(
    warehouse: Path,
    rules: Rulebook,
    as_of: date,
    *,
    within_days: int = SOON_DAYS,
    progress: Progress = ignore_progress,
    code: str = "",
) -> list[Restorable]:
    """Every penalty and listing of a warehouse that can be restored by ``as_of`` + ``within_days``.

    With a ``code``, only those of that enterprise; its rows are those of the whole list.  A record
    counts if its periods are over by then and nothing is missing that the enterprise
    cannot do itself; the pledge is always to be made and always named.  Sorted by state and day.
    """
    horizon = as_of + timedelta(days=within_days)
    found: list[Restorable] = []
    for n, table in enumerate(TABLES):
        progress("restorable", n, len(TABLES))
        frame = read_records(warehouse, table, as_of, code)
        if len(frame):
            found += _of_table(frame, rules, as_of, horizon)
    progress("restorable", len(TABLES), len(TABLES))
    order = list(STATES)
    return sorted(
        found, key=lambda r: (order.index(r.state), r.earliest_on or date.max, r.code, r.key)
    )


def _of_table(
    frame: pd.DataFrame, rules: Rulebook, as_of: date, horizon: date
) -> Iterator[Restorable]:
    laws: dict[str, Law] = {}
    kind = frame["kind"].iloc[0]
    if kind in SPOT_CHECKS and not Law(rules, "samr", as_of).has("spot_check"):
        return
    if kind == "penalty":
        frame = with_amount_class(frame, rules, as_of)
        by = [*SIGNATURE, "on_abnormal_list", "on_serious_list"]
    else:
        by = [*_LISTED, *_DAYS_OF.get(kind, ())]
    columns = {str(name): _column(frame[name]) for name in frame}
    told = _penalties if kind == "penalty" else _listings
    for positions in groups([columns[name] for name in by]):
        part = {name: values[positions] for name, values in columns.items()}
        authority = part["authority"][0]
        law = laws.setdefault(authority, Law(rules, authority, as_of))
        yield from told(part, law, horizon)


def _column(column: pd.Series[Any]) -> npt.NDArray[Any]:
    """Days as numpy days, texts as texts or None, numbers as they are."""
    if str(column.name).endswith("_on"):
        return days(column)
    if column.dtype.kind in "biuf":
        return column.to_numpy()
    return column.astype(object).where(column.notna(), None).to_numpy()


def groups(columns: Sequence[npt.NDArray[Any]]) -> Iterator[npt.NDArray[np.intp]]:
    """Positions of the rows that are alike in all columns, group by group."""
    ids = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        plain = column.view(np.int64) if column.dtype.kind == "M" else column
        codes = pd.factorize(plain, use_na_sentinel=False)[0]
        ids = pd.factorize(ids * (int(codes.max()) + 1) + codes)[0]
    order = np.argsort(ids, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(ids[order])) + 1)


def _listings(part: Part, law: Law, horizon: date) -> Iterator[Restorable]:
    """Listings of one kind: the answer for one is that for all."""
    said = _words(part, 0, law, horizon)
    if said is not None:
        size = len(part["code"])
        ends = [said.publication_ends_on] * size
        yield from _rows(part, [said] * size, [said.earliest_on] * size, ends)


def _penalties(part: Part, law: Law, horizon: date) -> Iterator[Restorable]:
    """Penalties of one profile: days by column, words once for all that differ in nothing else."""
    columns = _possible({name: part[name] for name in _DAYS})
    profile = replace(record_of(_row(part, 0)), duties_done_on=None, same_kind_again_on=None)
    told = answers(profile, law, columns, np.datetime64(horizon, "D"))
    kept = np.flatnonzero(_is_kept(told, law, horizon))
    if not kept.size:
        return
    kinds = _kinds(told, columns, law, horizon)
    words = np.empty(len(kept), dtype=object)
    for group in groups([values[kept] for values in kinds]):
        words[group] = [_words(part, int(kept[group[0]]), law, horizon)] * len(group)
    yield from _rows(
        {name: values[kept] for name, values in part.items()},
        words.tolist(),
        told.earliest[kept].astype(object).tolist(),
        told.most.day[kept].astype(object).tolist(),
    )


def _possible(columns: dict[str, Days]) -> dict[str, Days]:
    """Days of penalties; what cannot be (published before, repeated at once) is not known."""
    decided, published = columns["decided_on"], columns["published_on"]
    again = columns["same_kind_again_on"]
    return {
        **columns,
        "published_on": np.where(published >= decided, published, NAT),
        "same_kind_again_on": np.where(again > decided, again, NAT),
    }


def _is_kept(told: Answers, law: Law, horizon: date) -> npt.NDArray[np.bool_]:
    """Penalties that can be restored now, soon, or once the enterprise has done something."""
    return np.asarray(told.eligible | _soon(told, law, horizon) | told.can_be_met)


def _soon(told: Answers, law: Law, horizon: date) -> npt.NDArray[np.bool_]:
    today, last = np.datetime64(law.applied_on, "D"), np.datetime64(horizon, "D")
    return np.asarray(~told.over & (told.earliest > today) & (told.earliest <= last))


def _kinds(
    told: Answers, columns: dict[str, Days], law: Law, horizon: date
) -> list[npt.NDArray[Any]]:
    """Columns that determine the texts about a penalty, beside its profile."""
    today = np.datetime64(law.applied_on, "D")
    done, least, most = columns["duties_done_on"], told.least, told.most
    return [
        told.eligible,
        _soon(told, law, horizon),
        np.where(least.day <= today, NAT, least.day),  # a day is named only while it is ahead
        np.where(done <= today, np.datetime64(0, "D"), done),
        np.where(told.repeated, columns["same_kind_again_on"], NAT),
        least.which,
        np.where(np.isnat(most.day), np.int8(-1), most.which),
        least.is_transitional | most.is_transitional,
        (most.day < today) & ~(done <= most.day),
        least.has_other_clock | most.has_other_clock,
    ]


def _words(part: Part, at: int, law: Law, horizon: date) -> _Words | None:
    """Exact texts for one record; None if it is not to be listed."""
    record = record_of(_row(part, at))
    told = answer(record, law)
    state = _state(told, law.applied_on, horizon)
    if state is None:
        return None
    missing = [c.said.zh for c in told.unmet]
    missing.append("请提交信用承诺书和履行证明（能够共享的除外）。")
    why = lawyer.reasons(record, told.route, told.severity, (told.least, told.most), law)
    return _Words(
        state,
        told.severity,
        "".join(missing),
        ", ".join(c.rule_id for c in told.unmet),
        papers.decides(record, law.authority).zh,
        bool(why),
        told.earliest_on,
        told.most.day if told.most else None,
    )


def _row(part: Part, at: int) -> dict[str, Any]:
    """One record as plain values."""
    return {name: values[at : at + 1].astype(object)[0] for name, values in part.items()}


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
    return in_time or mendable(condition)


def _rows(
    part: Part, words: list[_Words], earliest: list[date | None], ends: list[date | None]
) -> Iterator[Restorable]:
    """Rows of the list, in the order of the records."""
    names = ("code", "name", "street", "kind", "reference", "decided_on", "key", "agency")
    texts = zip(*(part[name].astype(object).tolist() for name in names), strict=True)
    for row, said, first, last in zip(texts, words, earliest, ends, strict=True):
        code, name, street, table, reference, on, key, agency = row
        yield Restorable(
            code,
            name or "",
            street or "",
            table,
            reference or "",
            on,
            said.severity,
            said.state,
            first,
            last,
            said.missing,
            said.rules,
            said.decides,
            said.needs_lawyer,
            key,
            agency or "",
        )
