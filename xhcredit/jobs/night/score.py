"""Scores of a night: rows that cannot have changed are reused, the rest is computed.

Computed is an enterprise that was not there before, of which something came in, which is due, or
whose neighbours' indicators differ (those are found for everybody, every night).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from xhcredit.domain.log import log_duration
from xhcredit.domain.progress import Progress
from xhcredit.engine.columns import Array, EventColumns, read_only, release_pages
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import NightRefuted
from xhcredit.jobs.night import reuse
from xhcredit.jobs.night.result_columns import NightColumns, open_columns
from xhcredit.jobs.night.self_check import check_carried, check_events, sample_positions
from xhcredit.jobs.night.valid_until import DueDays
from xhcredit.jobs.scoring.model import Model

_NEIGHBOURS_CHANGED = "关联主体有变 neighbours changed"


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
    event_columns: EventColumns,
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
        event_columns: clustered columns.
        model: release, rules and day.
        rows: positions in the store.
        full: carry nothing over.
        check: share of what is carried over that is computed anew and compared.
        progress: told how many are scored.

    Raises:
        NightRefuted: the check found a difference; nothing was written.
    """
    reuse_plan = _plan_reuse(warehouse, out, event_columns, model, rows, full=full)
    columns = open_columns(out, event_columns, model, rows, full=full)
    for row_slice in columns.open_slices():
        size = row_slice.stop - row_slice.start
        with log_duration("night.slice", first=row_slice.start, enterprises=size) as counts:
            _score_slice(event_columns, model, columns, reuse_plan, row_slice)
            counts["carried"] = int(np.count_nonzero(columns.carried[row_slice]))
        event_columns.release_pages()
        progress("score", row_slice.stop, rows.shape[0])
    carried_rows = np.flatnonzero(columns.carried)
    if reuse_plan.earlier_night is None:
        return NightScores(columns, 0, reuse_plan.why)
    reasons = {
        **reuse_plan.reasons,
        _NEIGHBOURS_CHANGED: int((reuse_plan.source_rows >= 0).sum()) - carried_rows.shape[0],
    }
    try:
        _self_check(warehouse, event_columns, model, columns, carried_rows, check)
    except NightRefuted:
        columns.discard()
        raise
    return NightScores(columns, int(carried_rows.shape[0]), _reason_counts_text(reasons))


@dataclass(frozen=True)
class _ReusePlan:
    """An earlier night, and which of its rows each enterprise keeps (-1: it is computed).

    ``why`` there is none; or how many are computed, by reason, unless neighbours changed too.
    """

    source_rows: Array
    earlier_night: reuse.EarlierNight | None = None
    why: str = ""
    reasons: dict[str, int] = field(default_factory=dict)


def _plan_reuse(
    warehouse: Path,
    out: Path | None,
    event_columns: EventColumns,
    model: Model,
    rows: Array,
    *,
    full: bool,
) -> _ReusePlan:
    """Rows that can be reused unless neighbours changed, and why the rest cannot."""
    no_source = np.full(rows.shape, -1, np.int64)
    earlier_night = (
        "要求全量 as asked for" if full or out is None else reuse.load_earlier_night(out, model)
    )
    if isinstance(earlier_night, str):
        return _ReusePlan(no_source, why=earlier_night)
    touched_rows = reuse.touched_rows(warehouse, earlier_night, event_columns)
    if touched_rows is None:
        return _ReusePlan(no_source, why="数据文件已重置 entries of the warehouse were taken back")
    source_rows, reasons = reuse.earlier_rows_of(earlier_night, event_columns, rows, model.as_of)
    has_new_data = np.zeros(len(event_columns), bool)
    has_new_data[touched_rows] = True
    reasons["有新数据 something came in"] = _recompute(source_rows, has_new_data[rows])
    return _ReusePlan(source_rows, earlier_night, reasons=reasons)


def _recompute(source_rows: Array, must_compute: Array) -> int:
    """Mark rows to be recomputed; returns how many are newly marked."""
    newly_computed = must_compute & (source_rows >= 0)
    source_rows[newly_computed] = -1
    return int(np.count_nonzero(newly_computed))


def _reason_counts_text(reasons: dict[str, int]) -> str:
    """Counts of computed enterprises by reason, as text."""
    return "; ".join(f"{why} {count:,}" for why, count in reasons.items() if count)


def _score_slice(
    event_columns: EventColumns,
    model: Model,
    columns: NightColumns,
    reuse_plan: _ReusePlan,
    row_slice: slice,
) -> None:
    """Score a slice; valid rows of the earlier night are reused."""
    rows, source_rows = (
        np.ascontiguousarray(columns.rows[row_slice]),
        reuse_plan.source_rows[row_slice].copy(),
    )
    days = np.full(rows.shape, day_number(model.as_of), np.int32)
    neighbour_features = model.compiled.neighbours(event_columns, rows, days)
    neighbours = np.array(list(neighbour_features.values())).reshape(len(neighbour_features), -1).T
    if reuse_plan.earlier_night is not None:
        is_different = (
            reuse_plan.earlier_night.neighbours[np.maximum(source_rows, 0)] != neighbours
        ).any(axis=1)
        _recompute(source_rows, is_different)
        _reuse_rows(reuse_plan.earlier_night, source_rows, columns, row_slice.start)
    columns.neighbours[row_slice] = neighbours
    columns.carried[row_slice] = source_rows >= 0
    computed_positions = np.flatnonzero(source_rows < 0)
    computed_neighbours = {
        k: values[computed_positions] for k, values in neighbour_features.items()
    }
    _compute_rows(
        event_columns,
        model,
        columns,
        rows[computed_positions],
        row_slice.start + computed_positions,
        computed_neighbours,
    )


def _reuse_rows(
    earlier_night: reuse.EarlierNight, source_rows: Array, columns: NightColumns, start: int
) -> None:
    """Copy the rows ``source_rows`` of the earlier night to their positions, from ``start`` on."""
    carried_positions = np.flatnonzero(source_rows >= 0)
    source_positions, target_positions = source_rows[carried_positions], start + carried_positions
    for name, column in columns.results.columns.items():
        column[target_positions] = np.take(earlier_night.columns[name], source_positions, axis=0)
    columns.due[target_positions] = earlier_night.due[source_positions]
    release_pages([*earlier_night.columns.values(), earlier_night.due, earlier_night.neighbours])


def _compute_rows(
    event_columns: EventColumns,
    model: Model,
    columns: NightColumns,
    rows: Array,
    target_positions: Array,
    neighbour_features: dict[int, Array],
) -> None:
    """Compute ``rows``, and until which day they stay; ``target_positions`` are theirs in the
    columns."""
    frozen_rows, due_days = read_only(rows), DueDays(model)
    days = np.full(frozen_rows.shape, day_number(model.as_of), np.int32)

    def put_chunk(row_slice: slice, x: Array) -> None:
        targets = target_positions[row_slice]
        columns.results.put_chunk(targets, x)
        columns.due[targets] = due_days.first_due_days(
            event_columns, read_only(frozen_rows[row_slice]), x
        )

    model.compiled.in_chunks(event_columns, frozen_rows, days, neighbour_features, put_chunk)


def _self_check(
    warehouse: Path,
    event_columns: EventColumns,
    model: Model,
    columns: NightColumns,
    carried_rows: Array,
    share: float,
) -> None:
    """Compare a sample of the reused rows, and the events they rest on."""
    checked_rows = carried_rows[
        sample_positions(carried_rows.shape[0], share, f"{event_columns.digest} {model.as_of}")
    ]
    if checked_rows.shape[0]:
        check_carried(event_columns, model, columns.results, columns.rows, checked_rows)
        check_events(
            warehouse, event_columns, columns.rows[checked_rows], day_number(model.as_of), share
        )
