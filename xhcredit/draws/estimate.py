"""Prevalence of violations in the whole frame, estimated from a draw, with gamma intervals.

Within a *cell* (stratum, crossed with the group asked about) the enterprises visited are a simple
random sample of the cell, given how many they are.  So for any group - a tier, a field, a street -
the rate is the mean of its cells' rates weighted by their sizes, which are known from the frame.

Violations are rare and weights unequal, where the usual interval (plus and minus two standard
errors) covers the truth in 62 to 93 of 100 draws instead of 95.  The gamma interval used here
covers it in 95 (more where only a handful were found), with the finite population taken into
account.  Chosen by simulation: ``benchmarks/draw_statistics.py``.

Source: Fay and Feuer, Confidence intervals for directly standardized rates, 1997; the correction
at the upper end after Tiwari, Clegg and Zou, 2006.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from xhcredit.draws.numerics import CONFIDENCE, Array, Ints
from xhcredit.errors import NothingKnown


@dataclass(frozen=True)
class Estimate:
    """A group of the frame: its size, visits with a result, violations found, and rate.

    ``rate``, ``low`` and ``high`` are shares of the group's enterprises in [0, 1]; None where
    nobody of the group was visited.
    """

    enterprises: int
    visits: int
    violations_found: int
    rate: float | None
    low: float | None
    high: float | None

    @property
    def total(self) -> float | None:
        """Violations in the whole group."""
        return None if self.rate is None else self.rate * self.enterprises


def estimate(sizes: Ints, visits: Ints, violations: Ints) -> Estimate:
    """Rate of a group from its cells, in the order of their ratios.

    Args:
        sizes: enterprises of each cell.
        visits: visits with a result, at most the size.
        violations: visits that found a violation.

    A cell in which nobody was visited is joined with the next one in the given order.

    Raises:
        NothingKnown: the group has no enterprise.
    """
    total, visit_count, violation_count = int(sizes.sum()), int(visits.sum()), int(violations.sum())
    if not total:
        raise NothingKnown("the group has no enterprise in the frame; ask for another one")
    if not visit_count:
        return Estimate(total, 0, 0, None, None, None)
    n, x, m = _merge_empty_cells(
        sizes.astype(float), visits.astype(float), violations.astype(float)
    )
    weight = n / total / m
    unvisited = 1 - m / n
    rate = float(weight @ x)
    low, high = interval(weight, x, m, unvisited)
    if rate > 1 / 2:  # the rare side decides
        low, high = (1 - edge for edge in reversed(interval(weight, m - x, m, unvisited)))
    return Estimate(total, visit_count, violation_count, rate, low, high)


def _merge_empty_cells(
    sizes: Array, visits: Array, violations: Array
) -> tuple[Array, Array, Array]:
    """Sizes, violations and visits of cells, the ones without a visit joined with the next."""
    # Dropping an unvisited cell would speak for a smaller group than was asked about; joined
    # with the next it is given its rate. The last ones join the last visited.
    cell_of = np.minimum(np.cumsum(visits > 0) - (visits > 0), np.count_nonzero(visits) - 1)
    n, m, x = (np.bincount(cell_of, weights=w).astype(float) for w in (sizes, visits, violations))
    return n, x, m


def interval(
    weight: Array,
    violations: Array,
    visits: Array,
    unvisited: Array,
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """Gamma interval of ``sum(weight * found)``, cut to [0, 1].

    ``unvisited`` is the share of each cell that was not visited: where all were, nothing is unsure.
    """
    if not unvisited.any():
        return (float(weight @ violations),) * 2
    rate = float(weight @ violations)
    # Fay and Feuer's Poisson variance, lowered by the visited share and the binomial factor:
    # cells are small here and partly drawn whole.
    variance = float(weight**2 @ (violations * unvisited * (1 - violations / visits)))
    lower_tail, upper_tail = (1 - confidence) / 2, (1 + confidence) / 2
    low = (
        scipy.stats.gamma.ppf(lower_tail, rate**2 / variance, scale=variance / rate)
        if variance > 0
        else rate
    )
    # Tiwari, Clegg and Zou: the mean weight for the one more event at the upper end; Fay and
    # Feuer's largest weight makes the interval needlessly wide.
    mean_weight, mean_weight_squared = float(weight.mean()), float((weight**2 * unvisited).mean())
    upper_rate, upper_variance = rate + mean_weight, variance + mean_weight_squared
    high = scipy.stats.gamma.ppf(
        upper_tail, upper_rate**2 / upper_variance, scale=upper_variance / upper_rate
    )
    return min(float(low), rate), min(float(high), 1.0)
