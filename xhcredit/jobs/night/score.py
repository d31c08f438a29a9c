"""Scores of a night: rows that cannot have changed are reused, the rest is computed.

Computed is an enterprise that was not there before, of which something came in, which is due, or
whose neighbours' indicators differ (those are found for everybody, every night).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from xhcredit.domain.log import measured
from xhcredit.domain.progress import Progress
from xhcredit.engine.columns import Array, Store, frozen, let_go
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import NightRefuted
from xhcredit.jobs.night import reuse as carry
from xhcredit.jobs.night.result_columns import NightColumns, open_columns
from xhcredit.jobs.night.self_check import check_carried, check_events, sample
from xhcredit.jobs.night.valid_until import DueDays
from xhcredit.jobs.scoring.model import Model

_NEIGHBOURS = "关联主体有变 neighbours changed"


@dataclass(frozen=True)
class NightScores:
    """What a night found of everybody; some of it was ``carried`` over.

    ``why`` says for which reason enterprises were computed: how many by reason, or why nothing
    could be carried over.
    """

    columns: NightColumns
    carried: int
    why: str


def score_night(
    warehouse: Path,
    out: Path | None,
    store: Store,
    model: Model,
    rows: Array,
    *,
    full: bool,
    check: float,
    progress: Progress,
) -> NightScores:
    """Score the enterprises at ``rows``, slice after slice.

    Args:
        warehouse: what the store was made from.
        out: folder of the earlier night and of this one, which goes on where it was cut off;
            ``None``: everybody is scored, in memory.
        store: clustered columns.
        model: release, rules and day.
        rows: positions in the store.
        full: carry nothing over.
        check: share of what is carried over that is computed anew and compared.
        progress: told how many are scored.

    Raises:
        NightRefuted: the check found a difference; nothing was written.
    """
    before = _before(warehouse, out, store, model, rows, full=full)
    columns = open_columns(out, store, model, rows, full=full)
    for at in columns.todo():
        size = at.stop - at.start
        with measured("night.slice", first=at.start, enterprises=size) as counts:
            _score_slice(store, model, columns, before, at)
            counts["carried"] = int(np.count_nonzero(columns.carried[at]))
        store.let_go()
        progress("score", at.stop, rows.shape[0])
    stays = np.flatnonzero(columns.carried)
    if before.night is None:
        return NightScores(columns, 0, before.why)
    reasons = {**before.reasons, _NEIGHBOURS: int((before.at >= 0).sum()) - stays.shape[0]}
    try:
        _check(warehouse, store, model, columns, stays, check)
    except NightRefuted:
        columns.forget()
        raise
    return NightScores(columns, int(stays.shape[0]), _told(reasons))


@dataclass(frozen=True)
class _Before:
    """An earlier night, and which of its rows each enterprise keeps (-1: it is computed).

    ``why`` there is none; or how many are computed, by reason, unless neighbours changed too.
    """

    at: Array
    night: carry.Carried | None = None
    why: str = ""
    reasons: dict[str, int] = field(default_factory=dict)


def _before(
    warehouse: Path, out: Path | None, store: Store, model: Model, rows: Array, *, full: bool
) -> _Before:
    """Rows that can be reused unless neighbours changed, and why the rest cannot."""
    nobody = np.full(rows.shape, -1, np.int64)
    night = "要求全量 as asked for" if full or out is None else carry.load(out, model)
    if isinstance(night, str):
        return _Before(nobody, why=night)
    touched = carry.touched_rows(warehouse, night, store)
    if touched is None:
        return _Before(nobody, why="数据文件已重置 entries of the warehouse were taken back")
    at, reasons = carry.rows_before(night, store, rows, model.as_of)
    came = np.zeros(len(store), bool)
    came[touched] = True
    reasons["有新数据 something came in"] = _drop(at, came[rows])
    return _Before(at, night, reasons=reasons)


def _drop(at: Array, which: Array) -> int:
    """Mark rows to be recomputed; returns how many are newly marked."""
    more = which & (at >= 0)
    at[more] = -1
    return int(np.count_nonzero(more))


def _told(reasons: dict[str, int]) -> str:
    """Counts of computed enterprises by reason, as text."""
    return "; ".join(f"{why} {count:,}" for why, count in reasons.items() if count)


def _score_slice(
    store: Store, model: Model, columns: NightColumns, before: _Before, at: slice
) -> None:
    """Score a slice; valid rows of the earlier night are reused."""
    rows, source = np.ascontiguousarray(columns.rows[at]), before.at[at].copy()
    days = np.full(rows.shape, day_number(model.as_of), np.int32)
    shared = model.compiled.neighbours(store, rows, days)
    neighbours = np.array(list(shared.values())).reshape(len(shared), -1).T
    if before.night is not None:
        other = (before.night.neighbours[np.maximum(source, 0)] != neighbours).any(axis=1)
        _drop(source, other)
        _carry(before.night, source, columns, at.start)
    columns.neighbours[at] = neighbours
    columns.carried[at] = source >= 0
    todo = np.flatnonzero(source < 0)
    own = {k: values[todo] for k, values in shared.items()}
    _compute(store, model, columns, rows[todo], at.start + todo, own)


def _carry(night: carry.Carried, source: Array, columns: NightColumns, start: int) -> None:
    """Copy the rows ``source`` of the earlier night to their positions, from ``start`` on."""
    stays = np.flatnonzero(source >= 0)
    kept, places = source[stays], start + stays
    for name, column in columns.results.columns.items():
        column[places] = np.take(night.columns[name], kept, axis=0)
    columns.due[places] = night.due[kept]
    let_go([*night.columns.values(), night.due, night.neighbours])


def _compute(
    store: Store,
    model: Model,
    columns: NightColumns,
    rows: Array,
    places: Array,
    shared: dict[int, Array],
) -> None:
    """Compute ``rows``, and until which day they stay; ``places`` are theirs in the columns."""
    own, dues = frozen(rows), DueDays(model)
    days = np.full(own.shape, day_number(model.as_of), np.int32)

    def put(at: slice, x: Array) -> None:
        there = places[at]
        columns.results.put(there, x)
        reason = columns.results.columns["reason"][there]
        columns.due[there] = dues.of(store, frozen(own[at]), x, reason)

    model.compiled.in_chunks(store, own, days, shared, put)


def _check(
    warehouse: Path, store: Store, model: Model, columns: NightColumns, stays: Array, share: float
) -> None:
    """Compare a sample of the reused rows, and the events they rest on."""
    chosen = stays[sample(stays.shape[0], share, f"{store.digest} {model.as_of}")]
    if chosen.shape[0]:
        check_carried(store, model, columns.results, columns.rows, chosen)
        check_events(warehouse, store, columns.rows[chosen], day_number(model.as_of), share)
