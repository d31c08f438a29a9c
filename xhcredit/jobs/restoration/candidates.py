"""Restorable records of a district, now or soon, with the missing conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.jobs.restoration.records import (
    SIGNATURE,
    RecordColumns,
    days,
    read_records,
    record_of,
    with_amount_class,
)
from xhcredit.restoration import documents, legal_review
from xhcredit.restoration.assess import Answer, examine_record
from xhcredit.restoration.assessment import Condition
from xhcredit.restoration.bulk import NAT, Answers, Days, answers, mendable
from xhcredit.restoration.law import Law
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.restoration import SPOT_CHECKS, RecordKind, SeverityName

SOON_DAYS = 30
TABLES = ("penalty", "abnormal_listing", "serious_listing", *SPOT_CHECKS)
RestorableState = Literal["now", "soon", "needs_act"]
STATES: Mapping[str, tuple[str, str]] = {
    "now": ("现在可以申请", "may apply now"),
    "soon": ("30日内可以申请", "may apply within 30 days"),
    "needs_act": ("办妥所缺事项即可申请", "may apply once the missing piece is done"),
}
_DAYS = ("decided_on", "published_on", "duties_done_on", "same_kind_again_on")
#: records of one kind, column by column
GroupColumns = dict[str, npt.NDArray[Any]]
#: by which days the answers for listings and spot checks differ
_DAYS_OF = {
    "serious_listing": ("decided_on",),
    **dict.fromkeys(
        SPOT_CHECKS, ("decided_on", "corrected_on", "penalty_followed", "penalty_ended_on")
    ),
}
#: by what else they differ
_LISTING_KEYS = ["authority", "ground", "on_abnormal_list", "on_serious_list"]


@dataclass(frozen=True, slots=True)
class RestorableRecord:
    """One record that an officer can call an enterprise about.

    ``key`` names it in its table, as canonical JSON; ``agency`` is the organ that decided.
    """

    code: str
    name: str
    street: str
    table: RecordKind
    reference: str
    decided_on: date
    severity: SeverityName
    state: RestorableState
    earliest_on: date | None
    publication_ends_on: date | None
    missing: str
    rules: str
    decides: str
    needs_lawyer: bool
    key: str = ""
    agency: str = ""


class _Wording(NamedTuple):
    """Texts that all records of one kind share, and the days where they do not differ either."""

    state: RestorableState
    severity: SeverityName
    missing: str
    rules: str
    decides: str
    needs_lawyer: bool
    earliest_on: date | None
    publication_ends_on: date | None


def find_restorable(
    warehouse: Path,
    rules: Rulebook,
    as_of: date,
    *,
    within_days: int = SOON_DAYS,
    progress: Progress = ignore_progress,
    code: str = "",
) -> list[RestorableRecord]:
    """Every penalty and listing of a warehouse that can be restored by ``as_of`` + ``within_days``.

    With a ``code``, only those of that enterprise; its rows are those of the whole list.  A record
    counts if its periods are over by then and nothing is missing that the enterprise
    cannot do itself; the pledge is always to be made and always named.  Sorted by state and day.
    """
    horizon = as_of + timedelta(days=within_days)
    records: list[RestorableRecord] = []
    for n, table in enumerate(TABLES):
        progress("restorable", n, len(TABLES))
        frame = read_records(warehouse, table, as_of, code)
        if len(frame):
            records += _restorable_of_table(frame, rules, as_of, horizon)
    progress("restorable", len(TABLES), len(TABLES))
    order = list(STATES)
    return sorted(
        records, key=lambda r: (order.index(r.state), r.earliest_on or date.max, r.code, r.key)
    )


def _restorable_of_table(
    frame: pd.DataFrame, rules: Rulebook, as_of: date, horizon: date
) -> Iterator[RestorableRecord]:
    laws: dict[str, Law] = {}
    kind = frame["kind"].iloc[0]
    if kind in SPOT_CHECKS and not Law(rules, "samr", as_of).has("spot_check"):
        return
    if kind == "penalty":
        frame = with_amount_class(frame, rules, as_of)
        key_columns = [*SIGNATURE, "on_abnormal_list", "on_serious_list"]
    else:
        key_columns = [*_LISTING_KEYS, *_DAYS_OF.get(kind, ())]
    columns = {str(name): _column(frame[name]) for name in frame}
    row_builder = _restorable_penalties if kind == "penalty" else _restorable_listings
    for positions in equal_row_groups([columns[name] for name in key_columns]):
        group_columns = {name: values[positions] for name, values in columns.items()}
        authority = group_columns["authority"][0]
        law = laws.setdefault(authority, Law(rules, authority, as_of))
        yield from row_builder(group_columns, law, horizon)


def _column(column: pd.Series[Any]) -> npt.NDArray[Any]:
    """Days as numpy days, texts as texts or None, numbers as they are."""
    if str(column.name).endswith("_on"):
        return days(column)
    if column.dtype.kind in "biuf":
        return column.to_numpy()
    return column.astype(object).where(column.notna(), None).to_numpy()


def equal_row_groups(columns: Sequence[npt.NDArray[Any]]) -> Iterator[npt.NDArray[np.intp]]:
    """Positions of the rows that are alike in all columns, group by group."""
    ids = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        comparable = column.view(np.int64) if column.dtype.kind == "M" else column
        codes = pd.factorize(comparable, use_na_sentinel=False)[0]
        # Made dense after every column: the product of all their sizes would overflow.
        ids = pd.factorize(ids * (int(codes.max()) + 1) + codes)[0]
    order = np.argsort(ids, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(ids[order])) + 1)


def _restorable_listings(
    group_columns: GroupColumns, law: Law, horizon: date
) -> Iterator[RestorableRecord]:
    """Listings of one kind: the answer for one is that for all."""
    wording = _wording_of(group_columns, 0, law, horizon)
    if wording is not None:
        size = len(group_columns["code"])
        ends = [wording.publication_ends_on] * size
        yield from _restorable_rows(
            group_columns, [wording] * size, [wording.earliest_on] * size, ends
        )


def _restorable_penalties(
    group_columns: GroupColumns, law: Law, horizon: date
) -> Iterator[RestorableRecord]:
    """Penalties of one profile: days by column, words once for all that differ in nothing else."""
    columns = _plausible_days({name: group_columns[name] for name in _DAYS})
    profile = replace(
        record_of(_row(group_columns, 0)), duties_done_on=None, same_kind_again_on=None
    )
    bulk_answers = answers(profile, law, columns, np.datetime64(horizon, "D"))
    listed_positions = np.flatnonzero(_is_listed(bulk_answers, law, horizon))
    if not listed_positions.size:
        return
    wording_keys = _wording_keys(bulk_answers, columns, law, horizon)
    wordings = np.empty(len(listed_positions), dtype=object)
    for group in equal_row_groups([values[listed_positions] for values in wording_keys]):
        wordings[group] = [
            _wording_of(group_columns, int(listed_positions[group[0]]), law, horizon)
        ] * len(group)
    yield from _restorable_rows(
        {name: values[listed_positions] for name, values in group_columns.items()},
        wordings.tolist(),
        bulk_answers.earliest[listed_positions].astype(object).tolist(),
        bulk_answers.most.day[listed_positions].astype(object).tolist(),
    )


def _plausible_days(columns: dict[str, Days]) -> dict[str, Days]:
    """Days of penalties; what cannot be (published before, repeated at once) is not known."""
    decided_on, published_on = columns["decided_on"], columns["published_on"]
    repeated_on = columns["same_kind_again_on"]
    return {
        **columns,
        "published_on": np.where(published_on >= decided_on, published_on, NAT),
        "same_kind_again_on": np.where(repeated_on > decided_on, repeated_on, NAT),
    }


def _is_listed(bulk_answers: Answers, law: Law, horizon: date) -> npt.NDArray[np.bool_]:
    """Penalties that can be restored now, soon, or once the enterprise has done something."""
    return np.asarray(
        bulk_answers.eligible | _is_soon(bulk_answers, law, horizon) | bulk_answers.can_be_met
    )


def _is_soon(bulk_answers: Answers, law: Law, horizon: date) -> npt.NDArray[np.bool_]:
    today, horizon_day = np.datetime64(law.applied_on, "D"), np.datetime64(horizon, "D")
    return np.asarray(
        ~bulk_answers.over
        & (bulk_answers.earliest > today)
        & (bulk_answers.earliest <= horizon_day)
    )


def _wording_keys(
    bulk_answers: Answers, columns: dict[str, Days], law: Law, horizon: date
) -> list[npt.NDArray[Any]]:
    """Columns that determine the texts about a penalty, beside its profile."""
    today = np.datetime64(law.applied_on, "D")
    duties_done_on, least, most = columns["duties_done_on"], bulk_answers.least, bulk_answers.most
    return [
        bulk_answers.eligible,
        _is_soon(bulk_answers, law, horizon),
        np.where(least.day <= today, NAT, least.day),  # a day is named only while it is ahead
        np.where(duties_done_on <= today, np.datetime64(0, "D"), duties_done_on),
        np.where(bulk_answers.repeated, columns["same_kind_again_on"], NAT),
        least.rule_index,
        np.where(np.isnat(most.day), np.int8(-1), most.rule_index),
        least.is_transitional | most.is_transitional,
        (most.day < today) & ~(duties_done_on <= most.day),
        least.has_other_clock | most.has_other_clock,
    ]


def _wording_of(
    group_columns: GroupColumns, index: int, law: Law, horizon: date
) -> _Wording | None:
    """Exact texts for one record; None if it is not to be listed."""
    record = record_of(_row(group_columns, index))
    record_answer = examine_record(record, law)
    state = _state(record_answer, law.applied_on, horizon)
    if state is None:
        return None
    missing = [c.text.zh for c in record_answer.unmet]
    missing.append("请提交信用承诺书和履行证明（能够共享的除外）。")
    lawyer_reasons = legal_review.reasons(
        record,
        record_answer.route,
        record_answer.severity,
        (record_answer.least, record_answer.most),
        law,
    )
    return _Wording(
        state,
        record_answer.severity,
        "".join(missing),
        ", ".join(c.rule_id for c in record_answer.unmet),
        documents.deciding_department(record, law.authority).zh,
        bool(lawyer_reasons),
        record_answer.earliest_on,
        record_answer.most.day if record_answer.most else None,
    )


def _row(group_columns: GroupColumns, index: int) -> RecordColumns:
    """One record as plain values."""
    row = {
        name: values[index : index + 1].astype(object)[0] for name, values in group_columns.items()
    }
    return cast("RecordColumns", row)


def _state(record_answer: Answer, as_of: date, horizon: date) -> RestorableState | None:
    if record_answer.eligible:
        return "now"
    if record_answer.earliest_on is not None and as_of < record_answer.earliest_on <= horizon:
        return "soon"
    if (
        record_answer.route == "none"
        and record_answer.unmet
        and all(_can_be_met(c, horizon) for c in record_answer.unmet)
    ):
        return "needs_act"
    return None


def _can_be_met(condition: Condition, horizon: date) -> bool:
    """Whether a condition will be met by the horizon, by time or by what the enterprise does."""
    in_time = condition.met_from is not None and condition.met_from <= horizon
    return in_time or mendable(condition)


def _restorable_rows(
    group_columns: GroupColumns,
    wordings: list[_Wording],
    earliest: list[date | None],
    ends: list[date | None],
) -> Iterator[RestorableRecord]:
    """Rows of the list, in the order of the records."""
    names = ("code", "name", "street", "kind", "reference", "decided_on", "key", "agency")
    texts = zip(*(group_columns[name].astype(object).tolist() for name in names), strict=True)
    for text_row, wording, earliest_on, ends_on in zip(
        texts, wordings, earliest, ends, strict=True
    ):
        code, name, street, table, reference, decided_on, key, agency = text_row
        yield RestorableRecord(
            code,
            name or "",
            street or "",
            table,
            reference or "",
            decided_on,
            wording.severity,
            wording.state,
            earliest_on,
            ends_on,
            wording.missing,
            wording.rules,
            wording.decides,
            wording.needs_lawyer,
            key,
            agency or "",
        )
