"""Optimal monotone binning of an indicator, over fine quantile bins.

Fine bins first (quantiles, and every value if there are few).  With a declared direction their bad
rates are made monotone by isotonic regression (blocks keep their order however they are joined);
then dynamic programming joins neighbours into the bins of highest likelihood, each bin paying a
price, so that no bin is kept that does not tell something.  Missing and special values have rows of
their own.  Measured against optbinning 1.0.0 in ``benchmarks/training.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression

from xhcredit_training.dataset import Array, Column


@dataclass(frozen=True)
class Fineness:
    """How finely to cut: fine bins, most and smallest bins (share of rows), price of a bin.

    ``price`` is in units of log-likelihood; 1.92 is where a likelihood-ratio test says 5 %.
    ``prior``: so many average rows are added to each bin, so that small ones say little.
    """

    fine: int = 64
    most: int = 12
    least_share: float = 0.02
    price: float = 4.0
    prior: float = 20.0


@dataclass(frozen=True)
class Bins:
    """Rows of one indicator: bad and all weights by bin; ``special`` and ``missing`` likewise.

    ``codes`` (categories only): bin of each code, by position in ``special``.
    """

    column: Column
    cuts: tuple[float, ...]
    bad: Array
    size: Array
    special: dict[float, tuple[float, float]]
    missing: tuple[float, float]

    def information_value(self) -> float:
        """Information value over all rows, missing and special ones included (Siddiqi).

        >>> b = Bins(Column("f"), (1.0,), np.array([1.0, 3.0]), np.array([10.0, 10.0]), {}, (0, 0))
        >>> round(b.information_value(), 4)
        0.4219
        """
        rest = [self.missing, *self.special.values()]
        bad = np.append(self.bad, [b for b, _ in rest])
        size = np.append(self.size, [n for _, n in rest])
        good = size - bad
        there = (bad > 0) & (good > 0)
        p, q = bad[there] / bad.sum(), good[there] / good.sum()
        return float(((p - q) * np.log(p / q)).sum())


def find_bins(column: Column, x: Array, bad: Array, weight: Array, how: Fineness) -> Bins:
    """Return the bins of one indicator.

    Args:
        column: direction, special values, category or not.
        x: values, NaN is missing.
        bad, weight: outcome (0/1) and weight by row.
        how: how finely to cut.
    """
    missing = np.isnan(x)
    special = {c: _counts(x == c, bad, weight) for c in column.special}
    usual = ~missing & ~np.isin(x, column.special) if column.special else ~missing
    whole = _counts(missing, bad, weight)
    if column.category:
        return _categories(column, x[usual], bad[usual], weight[usual], how, whole)
    edges = fine_cuts(x[usual], how.fine)
    at = np.searchsorted(edges, x[usual], side="right")
    size = np.bincount(at, weights=weight[usual], minlength=edges.size + 1)
    n_bad = np.bincount(at, weights=(weight * bad)[usual], minlength=edges.size + 1)
    size, n_bad, edges = _monotone(size, n_bad, edges, column.sign)
    ends = best_joins(n_bad, size, how)
    starts = np.append(0, ends[:-1])
    return Bins(
        column,
        tuple(float(c) for c in edges[ends[:-1] - 1]),
        np.add.reduceat(n_bad, starts),
        np.add.reduceat(size, starts),
        special,
        whole,
    )


def _counts(rows: Array, bad: Array, weight: Array) -> tuple[float, float]:
    return float((weight * bad)[rows].sum()), float(weight[rows].sum())


def fine_cuts(values: Array, most: int) -> Array:
    """Cuts between values: all if there are few, else near the quantiles; float64, ascending."""
    if values.size == 0:
        return np.empty(0)
    ordered = np.sort(values)
    distinct = ordered[np.append(True, ordered[1:] != ordered[:-1])]
    if distinct.size > most:
        at = (np.arange(1, most) * ordered.size) // most
        distinct = np.unique(np.append(ordered[0], ordered[at]))
    middle: Array = (distinct[1:] + distinct[:-1]) / 2
    # the middle of two neighbouring floats may round down to the lower one
    return np.unique(np.where(middle > distinct[:-1], middle, distinct[1:]))


def _monotone(size: Array, bad: Array, edges: Array, sign: int) -> tuple[Array, Array, Array]:
    """Join fine bins whose rates run against the direction (pool adjacent violators)."""
    if edges.size == 0:
        return size, bad, edges
    there = size > 0
    last = np.flatnonzero(there)[-1] if there.any() else 0
    keep = there[:-1] & (np.arange(edges.size) < last)
    size, bad, edges = size[there], bad[there], edges[keep]
    if sign == 0 or edges.size == 0:
        return size, bad, edges
    rate = IsotonicRegression(increasing=sign > 0).fit_transform(
        np.arange(size.size), bad / size, sample_weight=size
    )
    cut = np.diff(rate) != 0
    starts = np.append(0, np.flatnonzero(cut) + 1)
    return np.add.reduceat(size, starts), np.add.reduceat(bad, starts), edges[cut]


def _likelihood(bad: Array, size: Array) -> Array:
    good = size - bad
    with np.errstate(divide="ignore", invalid="ignore"):
        told = bad * np.log(bad / size) + good * np.log(good / size)
    return np.where((bad > 0) & (good > 0), told, 0.0)


def best_joins(bad: Array, size: Array, how: Fineness) -> Array:
    """Ends (exclusive) of the bins of highest likelihood less price, over fine bins in order."""
    count = size.size
    total_bad, total = np.append(0, np.cumsum(bad)), np.append(0, np.cumsum(size))
    b, n = total_bad[None, :] - total_bad[:, None], total[None, :] - total[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        gain = _likelihood(np.maximum(b, 0), np.maximum(n, 1e-300)) - how.price
    allowed = n >= min(how.least_share * total[-1], total[-1])
    gain = np.where(allowed & (np.arange(count + 1)[:, None] < np.arange(count + 1)), gain, -np.inf)
    best, came = gain[0].copy(), [np.zeros(count + 1, np.int64)]
    reached = [best]
    for _ in range(1, how.most):
        paths = best[:, None] + gain
        came.append(np.argmax(paths, axis=0))
        best = np.max(paths, axis=0)
        reached.append(best)
    k = int(np.argmax([r[count] for r in reached]))
    ends = [count]
    for step in range(k, 0, -1):
        ends.append(int(came[step][ends[-1]]))
    return np.array(ends[::-1], np.int64)


def _categories(
    column: Column, x: Array, bad: Array, weight: Array, how: Fineness, missing: tuple[float, float]
) -> Bins:
    """Join codes of like bad rates; each code gets the counts of its bin, as a special value.

    Rates are drawn towards the average before they are compared, so that rare codes go together.
    """
    codes, at = np.unique(x, return_inverse=True)
    size = np.bincount(at, weights=weight, minlength=codes.size)
    n_bad = np.bincount(at, weights=weight * bad, minlength=codes.size)
    average = n_bad.sum() / max(size.sum(), 1e-300)
    order = np.argsort((n_bad + average * how.prior) / (size + how.prior), kind="stable")
    special: dict[float, tuple[float, float]] = {}
    for own in _joined_codes(order, n_bad, size, how):
        rows = float(n_bad[own].sum()), float(size[own].sum())
        special |= {float(codes[k]): rows for k in own}
    special = dict(sorted(special.items()))
    return Bins(column, (), np.zeros(1), np.zeros(1), special, missing)


def _joined_codes(order: Array, bad: Array, size: Array, how: Fineness) -> list[Array]:
    """Codes by bin; many codes go into as many fine groups of like weight first."""
    if not order.size:
        return []
    mass = np.cumsum(size[order])
    group = np.minimum((mass - size[order] / 2) * how.fine // mass[-1], how.fine - 1)
    fine = (
        np.split(order, np.flatnonzero(np.diff(group)) + 1)
        if order.size > how.fine
        else [order[k : k + 1] for k in range(order.size)]
    )
    n_bad, n = (np.array([part[own].sum() for own in fine]) for part in (bad, size))
    ends = best_joins(n_bad, n, how)
    starts = np.append(0, ends[:-1])
    return [np.concatenate(fine[a:b]) for a, b in zip(starts, ends, strict=True)]
