"""Scores of a night: what surely is as it was is carried over, the rest is computed.

Computed is an enterprise that was not there before, of which something came in, which is due, or
whose neighbours' indicators differ (those are found for everybody, every night).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xhcredit.engine.columns import Array, Store, frozen
from xhcredit.engine.one import day_number
from xhcredit.jobs import carry
from xhcredit.jobs.due_days import DueDays
from xhcredit.jobs.model import Model
from xhcredit.jobs.results import Results
from xhcredit.jobs.self_check import check_carried, check_events, sample

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class NightScores:
    """Columns of a night, and what it leaves to the next.

    ``why`` says for which reason enterprises were computed: how many by reason, or why nothing
    could be carried over.
    """

    results: Results
    rows: Array
    due: Array
    neighbours: Array
    carried: int
    why: str

    def keep(self, out: Path, store: Store) -> None:
        """Leave the night to the next one."""
        own = {"rows": self.rows, "due": self.due, "neighbours": self.neighbours}
        carry.keep(out, self.results.model, store, self.results.columns, own)


def score_night(
    warehouse: Path,
    out: Path,
    store: Store,
    model: Model,
    rows: Array,
    *,
    full: bool,
    check: float,
    progress: Progress,
) -> NightScores:
    """Score the enterprises at ``rows``.

    Args:
        warehouse: what the store was made from.
        out: folder of the earlier night.
        store: clustered columns.
        model: release, rules and day.
        rows: positions in the store.
        full: carry nothing over.
        check: share of what is carried over that is computed anew and compared.
        progress: told how many are scored.

    Raises:
        NightRefuted: the check found a difference; nothing was written.
    """
    days = np.full(rows.shape, day_number(model.as_of), np.int32)
    shared = model.compiled.neighbours(store, rows, days)
    neighbours = np.array(list(shared.values())).reshape(len(shared), -1).T
    before, why = _before(warehouse, out, store, model, rows, neighbours, full=full)
    results, due = Results(model, rows.shape[0]), np.zeros(rows.shape, np.int64)
    stays = np.flatnonzero(before.at >= 0)
    if before.night is not None:
        _carry(before.night, before.at, stays, results, due)
    todo = np.flatnonzero(before.at < 0)
    _compute(store, model, rows, todo, shared, results, due, progress)
    if stays.shape[0]:
        _check(warehouse, store, model, results, rows, stays, check)
    return NightScores(results, rows, due, neighbours, int(stays.shape[0]), why)


@dataclass(frozen=True)
class _Before:
    """An earlier night, and which of its rows each enterprise keeps (-1: it is computed)."""

    night: carry.Carried | None
    at: Array


def _before(
    warehouse: Path,
    out: Path,
    store: Store,
    model: Model,
    rows: Array,
    neighbours: Array,
    *,
    full: bool,
) -> tuple[_Before, str]:
    """What can be carried over, and why the rest cannot."""
    none = _Before(None, np.full(rows.shape, -1, np.int64))
    night = "要求全量 as asked for" if full else carry.load(out, model)
    if isinstance(night, str):
        return none, night
    touched = carry.touched_rows(warehouse, night, store)
    if touched is None:
        return none, "数据文件已重置 entries of the warehouse were taken back"
    at, reasons = carry.rows_before(night, store, rows, model.as_of)
    came = np.zeros(len(store), bool)
    came[touched] = True
    reasons["有新数据 something came in"] = _drop(at, came[rows])
    other = (night.neighbours[np.maximum(at, 0)] != neighbours).any(axis=1)
    reasons["关联主体有变 neighbours changed"] = _drop(at, other)
    told = "; ".join(f"{why} {count:,}" for why, count in reasons.items() if count)
    return _Before(night, at), told


def _drop(at: Array, which: Array) -> int:
    """Let some be computed; returns how many more they are."""
    more = which & (at >= 0)
    at[more] = -1
    return int(np.count_nonzero(more))


def _carry(night: carry.Carried, at: Array, stays: Array, results: Results, due: Array) -> None:
    """Put the rows of the earlier night in their places."""
    source = at[stays]
    for name, column in results.columns.items():
        column[stays] = np.take(night.columns[name], source, axis=0)
    due[stays] = night.due[source]


def _compute(
    store: Store,
    model: Model,
    rows: Array,
    todo: Array,
    shared: dict[int, Array],
    results: Results,
    due: Array,
    progress: Progress,
) -> None:
    """Compute the rows ``todo``, and until which day they stay."""
    own, dues = frozen(np.ascontiguousarray(rows[todo])), DueDays(model)
    days = np.full(own.shape, day_number(model.as_of), np.int32)
    done: list[int] = []

    def put(at: slice, x: Array) -> None:
        places = todo[at]
        results.put(places, x)
        due[places] = dues.of(store, frozen(own[at]), x, results.columns["reason"][places])
        done.append(x.shape[1])
        progress("score", sum(done), todo.shape[0])

    model.compiled.in_chunks(store, own, days, {k: v[todo] for k, v in shared.items()}, put)


def _check(
    warehouse: Path,
    store: Store,
    model: Model,
    results: Results,
    rows: Array,
    stays: Array,
    share: float,
) -> None:
    """Compare a sample of what was carried over; what it stands on is compared too."""
    chosen = stays[sample(stays.shape[0], share, f"{store.digest} {model.as_of}")]
    if chosen.shape[0]:
        check_carried(store, model, results, rows, chosen)
        check_events(warehouse, store, rows[chosen], day_number(model.as_of), share)
