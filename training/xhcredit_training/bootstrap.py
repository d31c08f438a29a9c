"""Cluster bootstrap intervals: whole enterprises resampled with replacement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit_training.metrics import Metric
from xhcredit_training.random_source import generator

DRAWS = 200
SEED = 20261123


@dataclass(frozen=True)
class Estimate:
    """An estimate with its 95 % interval; NaN where it is undefined."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


def bootstrap_counts(ent: Array, count: int = DRAWS, seed: int = SEED) -> Array:
    """Bootstrap counts: how often each row is drawn, by draw."""
    rng = generator(seed)
    enterprises, enterprise_index = np.unique(ent, return_inverse=True)
    # Whole enterprises are drawn again: rows of one share most of their history, and rows drawn
    # alone would make intervals too narrow.
    draw_counts = rng.multinomial(
        enterprises.size, np.full(enterprises.size, 1 / enterprises.size), size=count
    )
    return draw_counts.astype(np.int16)[:, enterprise_index]


def interval(statistic: Callable[[Array], float], draw_counts: Array, value: float) -> Estimate:
    """A number with the interval of its repetitions.

    Args:
        statistic: number from how often each row is drawn.
        draw_counts: as ``bootstrap_counts`` made it.
        value: the number over the rows as they are.
    """
    replicates = np.array([statistic(t) for t in draw_counts])
    replicates = replicates[~np.isnan(replicates)]
    # Where most repetitions have one outcome only, the rest are a lucky choice and no
    # distribution.
    if replicates.size < len(draw_counts) / 2:
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.quantile(replicates, [0.025, 0.975])
    return Estimate(value, float(low), float(high))


def with_intervals(
    metrics: Mapping[str, Metric],
    risk: Array,
    bad: Array,
    weight: Array,
    ent: Array,
    count: int = DRAWS,
) -> dict[str, Estimate]:
    """Every metric with its interval, resampling enterprises; the same draws for all."""
    draw_counts = bootstrap_counts(ent, count)
    estimates = {}
    for name, metric in metrics.items():

        def resampled_metric(row_counts: Array, metric: Metric = metric) -> float:
            drawn_rows = np.flatnonzero(row_counts)
            return metric(
                risk[drawn_rows], bad[drawn_rows], weight[drawn_rows] * row_counts[drawn_rows]
            )

        estimates[name] = interval(resampled_metric, draw_counts, metric(risk, bad, weight))
    return estimates


def difference(
    metric: Metric,
    risk_a: Array,
    risk_b: Array,
    bad: Array,
    weight: Array,
    ent: Array,
    count: int = DRAWS,
) -> Estimate:
    """The metric of ``risk_a`` less that of ``risk_b`` on the same rows, resampled together."""

    def resampled_difference(row_counts: Array) -> float:
        drawn_rows = np.flatnonzero(row_counts)
        drawn_weight = weight[drawn_rows] * row_counts[drawn_rows]
        return metric(risk_a[drawn_rows], bad[drawn_rows], drawn_weight) - metric(
            risk_b[drawn_rows], bad[drawn_rows], drawn_weight
        )

    return interval(
        resampled_difference, bootstrap_counts(ent, count), resampled_difference(np.ones(bad.size))
    )
