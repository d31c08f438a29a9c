"""Points for many enterprises at once: compiled if numba is there, numpy otherwise.

Both add in the declared order, so they equal ``PointsTable.raw`` to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit.engine.jit import compiled, has_numba
from xhcredit.scores.points import PointsTable


@dataclass(frozen=True)
class FlatTable:
    """A points table as arrays.

    Indicator ``k`` reads row ``feature[k]`` of the feature matrix; its cuts are
    ``cuts[start[k]:start[k+1]]`` and its bins' points begin at ``start[k] + k``.
    Rows of special codes are spelled out before the bins (``special_*``).
    """

    table: PointsTable
    feature: Array
    start: Array
    cuts: Array
    points: Array
    missing: Array
    seen_range: Array
    unseen: Array
    special_start: Array
    special_value: Array
    special_points: Array
    best: Array


def flatten(table: PointsTable, positions: dict[str, int]) -> FlatTable:
    """Lay a table out for ``points_matrix``; ``positions`` are rows of the feature matrix."""
    rows = table.indicators
    specials = [s for i in rows for s in i.special]
    unbounded = (-np.inf, np.inf)
    return FlatTable(
        table=table,
        feature=np.array([positions[i.feature] for i in rows], np.int64),
        start=np.cumsum([0, *(len(i.cuts) for i in rows)]).astype(np.int64),
        cuts=np.array([c for i in rows for c in i.cuts], np.float64),
        points=np.array([p for i in rows for p in i.points], np.float64),
        missing=np.array([i.missing for i in rows], np.float64),
        seen_range=np.array([i.seen_range or unbounded for i in rows], np.float64).reshape(-1, 2),
        unseen=np.array([i.unseen or 0.0 for i in rows], np.float64),
        special_start=np.cumsum([0, *(len(i.special) for i in rows)]).astype(np.int64),
        special_value=np.array([s.value for s in specials], np.float64),
        special_points=np.array([s.points for s in specials], np.float64),
        best=np.array([i.best for i in rows], np.float64),
    )


def _walk(  # noqa: C901 - one pass, one loop per kind of row
    x: Array,
    feature: Array,
    start: Array,
    cuts: Array,
    points: Array,
    missing: Array,
    span: Array,
    unseen: Array,
    special_start: Array,
    special_value: Array,
    special_points: Array,
    out: Array,
) -> None:
    """Fill ``out[k, i]`` with the points of indicator ``k`` for enterprise ``i``.

    A cut at a time over all enterprises, without branches: that is what processors do in bulk.
    Missing comes last, because it stands above all other rows.
    """
    size = x.shape[1]
    bin_index = np.empty(size, np.int64)
    for k in range(feature.shape[0]):
        values, row = x[feature[k]], out[k]
        bin_index[:] = start[k] + k
        for c in range(start[k], start[k + 1]):
            for i in range(size):
                # Counting cuts is the definition of a bin, and NaN adds none; a search would
                # branch and cannot be vectorised.
                bin_index[i] += values[i] >= cuts[c]
        for i in range(size):
            row[i] = points[bin_index[i]]
        if span[k, 0] > -np.inf or span[k, 1] < np.inf:
            for i in range(size):
                row[i] = unseen[k] if values[i] < span[k, 0] or values[i] > span[k, 1] else row[i]
        for s in range(special_start[k], special_start[k + 1]):
            for i in range(size):
                row[i] = special_points[s] if values[i] == special_value[s] else row[i]
        for i in range(size):
            row[i] = missing[k] if values[i] != values[i] else row[i]


def _walk_numpy(x: Array, f: FlatTable, out: Array) -> None:
    """The same with numpy, an indicator at a time."""
    for k in range(f.feature.shape[0]):
        v = x[f.feature[k]]
        bins = np.searchsorted(f.cuts[f.start[k] : f.start[k + 1]], v, side="right")
        # NaN sorts above every cut; clamped to a real bin it is overwritten below, unclamped it
        # would read the next indicator's points.
        out[k] = f.points[f.start[k] + k + np.minimum(bins, f.start[k + 1] - f.start[k])]
        out[k][(v < f.seen_range[k, 0]) | (v > f.seen_range[k, 1])] = f.unseen[k]
        for s in range(f.special_start[k], f.special_start[k + 1]):
            out[k][v == f.special_value[s]] = f.special_points[s]
        out[k][np.isnan(v)] = f.missing[k]


@cache
def _compiled() -> Callable[..., None]:
    """The walk as machine code; compiled once and kept on disk."""
    return compiled(_walk)


def points_matrix(x: Array, flat: FlatTable) -> Array:
    """Points by indicator and enterprise: float64, indicators by enterprises.

    Args:
        x: feature matrix, features by enterprises, missing is NaN.
        flat: the table, flattened for the rows of ``x``.
    """
    out = np.empty((flat.feature.shape[0], x.shape[1]), dtype=np.float64)
    if not has_numba():
        _walk_numpy(x, flat, out)
        return out
    _compiled()(
        x,
        flat.feature,
        flat.start,
        flat.cuts,
        flat.points,
        flat.missing,
        flat.seen_range,
        flat.unseen,
        flat.special_start,
        flat.special_value,
        flat.special_points,
        out,
    )
    return out


def sum_points(table: PointsTable, points: Array) -> Array:
    """Score of each enterprise, clamped to the scale, from ``points_matrix``."""
    total = np.full(points.shape[1], table.base, dtype=np.float64)
    # A loop and not a sum over the axis: numpy adds pairwise, in another order than the table
    # declares, and the last bit would differ from the reference.
    for row in points:
        total += row
    scale = table.scale
    return np.minimum(np.maximum(total, scale.lowest), scale.highest)


def scores_of(table: PointsTable, x: Array, ids: Sequence[str]) -> Array:
    """Score of each column of a feature matrix whose rows are ``ids``."""
    positions: dict[str, Any] = {name: k for k, name in enumerate(ids)}
    return sum_points(table, points_matrix(x, flatten(table, positions)))
