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

from xhcredit.engine.columns import Array
from xhcredit_training.dataset import Column


@dataclass(frozen=True)
class Fineness:
    """How finely to cut: fine bins, most and smallest bins (share of rows), price of a bin.

    ``price`` is in units of log-likelihood; 1.92 is where a likelihood-ratio test says 5 %.
    ``prior``: so many average rows are added to each bin, so that small ones say little.
    """

    fine_bins: int = 64
    max_bins: int = 12
    min_share: float = 0.02
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
        special_counts = [self.missing, *self.special.values()]
        bad = np.append(self.bad, [b for b, _ in special_counts])
        size = np.append(self.size, [n for _, n in special_counts])
        good_weight = size - bad
        # A bin with one outcome only would count as infinitely telling, though it is mostly small.
        has_both_outcomes = (bad > 0) & (good_weight > 0)
        p, q = (
            bad[has_both_outcomes] / bad.sum(),
            good_weight[has_both_outcomes] / good_weight.sum(),
        )
        return float(((p - q) * np.log(p / q)).sum())


def find_bins(column: Column, x: Array, bad: Array, weight: Array, fineness: Fineness) -> Bins:
    """Return the bins of one indicator.

    Args:
        column: direction, special values, category or not.
        x: values, NaN is missing.
        bad, weight: outcome (0/1) and weight by row.
        fineness: how finely to cut.
    """
    # Missing is no value: were it put into a bin, silence would be scored as the bin's deeds.
    missing = np.isnan(x)
    special = {c: _counts(x == c, bad, weight) for c in column.special}
    is_ordinary = ~missing & ~np.isin(x, column.special) if column.special else ~missing
    missing_counts = _counts(missing, bad, weight)
    if column.category:
        return _categories(
            column, x[is_ordinary], bad[is_ordinary], weight[is_ordinary], fineness, missing_counts
        )
    edges = fine_cuts(x[is_ordinary], fineness.fine_bins)
    bin_index = np.searchsorted(edges, x[is_ordinary], side="right")
    size = np.bincount(bin_index, weights=weight[is_ordinary], minlength=edges.size + 1)
    n_bad = np.bincount(bin_index, weights=(weight * bad)[is_ordinary], minlength=edges.size + 1)
    size, n_bad, edges = _monotone(size, n_bad, edges, column.sign)
    ends = best_joins(n_bad, size, fineness)
    starts = np.append(0, ends[:-1])
    return Bins(
        column,
        tuple(float(c) for c in edges[ends[:-1] - 1]),
        np.add.reduceat(n_bad, starts),
        np.add.reduceat(size, starts),
        special,
        missing_counts,
    )


def _counts(row_mask: Array, bad: Array, weight: Array) -> tuple[float, float]:
    return float((weight * bad)[row_mask].sum()), float(weight[row_mask].sum())


def fine_cuts(values: Array, max_bins: int) -> Array:
    """Cuts between values: all if there are few, else near the quantiles; float64, ascending."""
    if values.size == 0:
        return np.empty(0)
    sorted_values = np.sort(values)
    distinct = sorted_values[np.append(True, sorted_values[1:] != sorted_values[:-1])]
    if distinct.size > max_bins:
        # Places among the sorted rows, not interpolated quantiles: a cut between two values that
        # occur is the same for every machine and weight.
        positions = (np.arange(1, max_bins) * sorted_values.size) // max_bins
        distinct = np.unique(np.append(sorted_values[0], sorted_values[positions]))
    midpoints: Array = (distinct[1:] + distinct[:-1]) / 2
    # the middle of two neighbouring floats may round down to the lower one
    return np.unique(np.where(midpoints > distinct[:-1], midpoints, distinct[1:]))


def _monotone(size: Array, bad: Array, edges: Array, sign: int) -> tuple[Array, Array, Array]:
    """Join fine bins whose rates run against the direction (pool adjacent violators)."""
    if edges.size == 0:
        return size, bad, edges
    has_rows = size > 0
    # A fine bin without rows (special values were taken out) has no rate to be made monotone.
    last_filled = np.flatnonzero(has_rows)[-1] if has_rows.any() else 0
    is_kept_edge = has_rows[:-1] & (np.arange(edges.size) < last_filled)
    size, bad, edges = size[has_rows], bad[has_rows], edges[is_kept_edge]
    if sign == 0 or edges.size == 0:
        return size, bad, edges
    rate = IsotonicRegression(increasing=sign > 0).fit_transform(
        np.arange(size.size), bad / size, sample_weight=size
    )
    is_cut = np.diff(rate) != 0
    starts = np.append(0, np.flatnonzero(is_cut) + 1)
    return np.add.reduceat(size, starts), np.add.reduceat(bad, starts), edges[is_cut]


def _likelihood(bad: Array, size: Array) -> Array:
    good = size - bad
    with np.errstate(divide="ignore", invalid="ignore"):
        log_likelihood = bad * np.log(bad / size) + good * np.log(good / size)
    return np.where((bad > 0) & (good > 0), log_likelihood, 0.0)


def best_joins(bad: Array, size: Array, fineness: Fineness) -> Array:
    """Ends (exclusive) of the bins of highest likelihood less price, over fine bins in order."""
    count = size.size
    total_bad, total = np.append(0, np.cumsum(bad)), np.append(0, np.cumsum(size))
    # Counts of every run of fine bins at once: row is where it begins, column where it ends.
    b, n = total_bad[None, :] - total_bad[:, None], total[None, :] - total[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        gain = _likelihood(np.maximum(b, 0), np.maximum(n, 1e-300)) - fineness.price
    # The second bound: with less than the smallest share in all, one bin must still be allowed.
    allowed = n >= min(fineness.min_share * total[-1], total[-1])
    gain = np.where(allowed & (np.arange(count + 1)[:, None] < np.arange(count + 1)), gain, -np.inf)
    best, previous_ends = gain[0].copy(), [np.zeros(count + 1, np.int64)]
    best_by_count = [best]
    for _ in range(1, fineness.max_bins):
        paths = best[:, None] + gain
        previous_ends.append(np.argmax(paths, axis=0))
        best = np.max(paths, axis=0)
        best_by_count.append(best)
    # The price is in the gain already, so the best count of bins is simply the best sum.
    k = int(np.argmax([r[count] for r in best_by_count]))
    ends = [count]
    for step in range(k, 0, -1):
        ends.append(int(previous_ends[step][ends[-1]]))
    return np.array(ends[::-1], np.int64)


def _categories(
    column: Column,
    x: Array,
    bad: Array,
    weight: Array,
    fineness: Fineness,
    missing: tuple[float, float],
) -> Bins:
    """Join codes of like bad rates; each code gets the counts of its bin, as a special value.

    Rates are drawn towards the average before they are compared, so that rare codes go together.
    """
    codes, code_index = np.unique(x, return_inverse=True)
    size = np.bincount(code_index, weights=weight, minlength=codes.size)
    n_bad = np.bincount(code_index, weights=weight * bad, minlength=codes.size)
    average = n_bad.sum() / max(size.sum(), 1e-300)
    order = np.argsort((n_bad + average * fineness.prior) / (size + fineness.prior), kind="stable")
    special: dict[float, tuple[float, float]] = {}
    for code_positions in _joined_codes(order, n_bad, size, fineness):
        bin_counts = float(n_bad[code_positions].sum()), float(size[code_positions].sum())
        special |= {float(codes[k]): bin_counts for k in code_positions}
    special = dict(sorted(special.items()))
    return Bins(column, (), np.zeros(1), np.zeros(1), special, missing)


def _joined_codes(order: Array, bad: Array, size: Array, fineness: Fineness) -> list[Array]:
    """Codes by bin; many codes go into as many fine groups of like weight first."""
    if not order.size:
        return []
    cumulated_weight = np.cumsum(size[order])
    fine_group = np.minimum(
        (cumulated_weight - size[order] / 2) * fineness.fine_bins // cumulated_weight[-1],
        fineness.fine_bins - 1,
    )
    fine_groups = (
        np.split(order, np.flatnonzero(np.diff(fine_group)) + 1)
        if order.size > fineness.fine_bins
        else [order[k : k + 1] for k in range(order.size)]
    )
    n_bad, n = (
        np.array([part[code_positions].sum() for code_positions in fine_groups])
        for part in (bad, size)
    )
    ends = best_joins(n_bad, n, fineness)
    starts = np.append(0, ends[:-1])
    return [np.concatenate(fine_groups[a:b]) for a, b in zip(starts, ends, strict=True)]
