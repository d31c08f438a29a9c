"""Cluster bootstrap intervals: whole enterprises resampled with replacement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from xhcredit_training.dataset import Array
from xhcredit_training.metrics import Metric
from xhcredit_training.random_source import generator

DRAWS = 200
SEED = 20261123


@dataclass(frozen=True)
class Told:
    """An estimate with its 95 % interval; NaN where it is undefined."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


def draws(ent: Array, count: int = DRAWS, seed: int = SEED) -> Array:
    """Bootstrap counts: how often each row is drawn, by draw."""
    rng = generator(seed)
    who, at = np.unique(ent, return_inverse=True)
    times = rng.multinomial(who.size, np.full(who.size, 1 / who.size), size=count)
    return times.astype(np.int16)[:, at]


def interval(of: Callable[[Array], float], times: Array, value: float) -> Told:
    """A number with the interval of its repetitions.

    Args:
        of: number from how often each row is drawn.
        times: as ``draws`` made it.
        value: the number over the rows as they are.
    """
    found = np.array([of(t) for t in times])
    found = found[~np.isnan(found)]
    if found.size < len(times) / 2:
        return Told(value, float("nan"), float("nan"))
    low, high = np.quantile(found, [0.025, 0.975])
    return Told(value, float(low), float(high))


def with_intervals(
    metrics: Mapping[str, Metric],
    risk: Array,
    bad: Array,
    weight: Array,
    ent: Array,
    count: int = DRAWS,
) -> dict[str, Told]:
    """Every metric with its interval, resampling enterprises; the same draws for all."""
    times = draws(ent, count)
    told = {}
    for name, metric in metrics.items():

        def again(t: Array, metric: Metric = metric) -> float:
            at = np.flatnonzero(t)
            return metric(risk[at], bad[at], weight[at] * t[at])

        told[name] = interval(again, times, metric(risk, bad, weight))
    return told


def difference(
    metric: Metric,
    one: Array,
    other: Array,
    bad: Array,
    weight: Array,
    ent: Array,
    count: int = DRAWS,
) -> Told:
    """The metric of ``one`` less that of ``other`` on the same rows, resampled together."""

    def gap(t: Array) -> float:
        at = np.flatnonzero(t)
        w = weight[at] * t[at]
        return metric(one[at], bad[at], w) - metric(other[at], bad[at], w)

    return interval(gap, draws(ent, count), gap(np.ones(bad.size)))
