"""Weighted metrics of discrimination and calibration (AUC, KS, Brier), in plain numpy.

``risk`` grows with the chance of the bad outcome; ties count half.  ``weight`` is how many rows a
row stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import numpy as np

from xhcredit.engine.columns import Array

#: shares of a population that a bureau could visit
CAPACITIES = (0.05, 0.10, 0.20)


class Metric(Protocol):
    """Metric of risk (log-odds), outcome (0/1) and weight by row; NaN if undefined."""

    def __call__(self, risk: Array, bad: Array, weight: Array) -> float:
        """Return the number."""
        ...


def _weights_by_risk(risk: Array, bad: Array, weight: Array) -> tuple[Array, Array]:
    """Weights of bad and of good rows by distinct risk, from the highest risk down."""
    order = np.argsort(-risk, kind="stable")
    sorted_risk = risk[order]
    starts = np.flatnonzero(np.append(True, sorted_risk[1:] != sorted_risk[:-1]))
    sorted_weight = weight[order]
    bad_weight = np.add.reduceat(sorted_weight * bad[order], starts)
    return bad_weight, np.add.reduceat(sorted_weight, starts) - bad_weight


def auc(risk: Array, bad: Array, weight: Array) -> float:
    """Chance that a bad row ranks above a good one.

    >>> auc(np.array([3.0, 1.0, 2.0, 2.0]), np.array([1, 0, 1, 0]), np.ones(4))
    0.875
    """
    bad_weight, good_weight = _weights_by_risk(risk, bad, weight)
    pairs = bad_weight.sum() * good_weight.sum()
    good_weight_below = good_weight.sum() - np.cumsum(good_weight) + good_weight / 2
    return float((bad_weight * good_weight_below).sum() / pairs) if pairs > 0 else float("nan")


def gini(risk: Array, bad: Array, weight: Array) -> float:
    """Twice the AUC, less one."""
    return 2 * auc(risk, bad, weight) - 1


def ks(risk: Array, bad: Array, weight: Array) -> float:
    """Largest distance between the shares of bad and of good rows above a cut (Kolmogorov-Smirnov).

    >>> ks(np.array([3.0, 1.0, 2.0, 0.0]), np.array([1, 0, 1, 0]), np.ones(4))
    1.0
    """
    bad_weight, good_weight = _weights_by_risk(risk, bad, weight)
    if not bad_weight.sum() * good_weight.sum():
        return float("nan")
    return float(
        (
            np.cumsum(bad_weight) / bad_weight.sum() - np.cumsum(good_weight) / good_weight.sum()
        ).max()
    )


def chance(risk: Array) -> Array:
    """Probability of the bad outcome from its log-odds."""
    # exp overflows a double just above 709.
    probability: Array = 1 / (1 + np.exp(-np.clip(risk, -700, 700)))
    return probability


def brier(risk: Array, bad: Array, weight: Array) -> float:
    """Mean squared error of the probability."""
    return float(np.average((chance(risk) - bad) ** 2, weights=weight))


def log_loss(risk: Array, bad: Array, weight: Array) -> float:
    """Mean surprise in nats; a sure and wrong probability is bounded by the number format."""
    return float(np.average(np.logaddexp(0, np.where(bad == 1, -risk, risk)), weights=weight))


def platt(risk: Array, bad: Array, weight: Array) -> tuple[float, float]:
    """Slope and shift so that ``shift + slope * risk`` is true log-odds (Newton's method).

    Outcomes are drawn a little to the middle, as Platt proposed, so that a perfect ordering does
    not end in certainty.
    """
    scaled_weight = weight / weight.mean()
    n_bad, n_good = (scaled_weight * bad).sum(), (scaled_weight * (1 - bad)).sum()
    # Platt's targets (1999): with plain 0 and 1 a separable sample has no finite slope.
    target = np.where(bad == 1, (n_bad + 1) / (n_bad + 2), 1 / (n_good + 2))
    middle, width = float(risk.mean()), float(risk.std()) or 1.0
    x = np.stack([(risk - middle) / width, np.ones_like(risk)])
    rate = float(np.average(target, weights=scaled_weight))
    beta = np.array([0.0, np.log(rate / (1 - rate))])
    for _ in range(50):  # from the average outwards, over standardised risks, Newton does not stray
        p = chance(beta @ x)
        slope = (x * (scaled_weight * p * (1 - p))) @ x.T + np.eye(2) * 1e-9
        step = np.linalg.solve(slope, x @ (scaled_weight * (target - p)))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return float(beta[0] / width), float(beta[1] - beta[0] * middle / width)


def calibration_slope(risk: Array, bad: Array, weight: Array) -> float:
    """Calibration slope: 1 if log-odds are calibrated, below 1 if overconfident."""
    if np.ptp(risk) == 0 or not 0 < bad.sum() < bad.size:
        return float("nan")
    return platt(risk, bad, weight)[0]


def capture(share: float) -> Metric:
    """Share of the bad rows that are among the riskiest ``share`` of all.

    >>> capture(0.5)(np.array([3.0, 1.0, 2.0, 0.0]), np.array([1, 1, 0, 0]), np.ones(4))
    0.5
    """

    def metric(risk: Array, bad: Array, weight: Array) -> float:
        bad_weight, good_weight = _weights_by_risk(risk, bad, weight)
        if bad_weight.sum() == 0:
            return float("nan")
        total_weight = bad_weight + good_weight
        return float(
            _bad_weight_within(total_weight, bad_weight, share * total_weight.sum())
            / bad_weight.sum()
        )

    return metric


def precision(share: float) -> Metric:
    """Share of bad rows among the riskiest ``share`` of all."""

    def metric(risk: Array, bad: Array, weight: Array) -> float:
        bad_weight, good_weight = _weights_by_risk(risk, bad, weight)
        capacity = share * (bad_weight + good_weight).sum()
        return float(_bad_weight_within(bad_weight + good_weight, bad_weight, capacity) / capacity)

    return metric


def _bad_weight_within(step_weight: Array, bad_weight: Array, capacity: float) -> float:
    """Bad weight within the first ``capacity`` of weight; a tie at the edge counts by its share."""
    weight_before = np.cumsum(step_weight) - step_weight
    taken_share = np.clip((capacity - weight_before) / np.maximum(step_weight, 1e-300), 0, 1)
    return float((bad_weight * taken_share).sum())


def days_earlier(risk: Array, bad: Array, day: Array) -> float:
    """Mean days by which bad rows would have been met earlier if the riskiest went first.

    The days themselves stay as they are, only who is visited on which changes (the protocol of
    Chicago's food inspections).
    """
    planned = np.empty(day.size)
    planned[np.argsort(-risk, kind="stable")] = np.sort(day)
    return float((day - planned)[bad == 1].mean()) if bad.any() else float("nan")


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "auc": auc,
        "gini": gini,
        "ks": ks,
        "brier": brier,
        "log_loss": log_loss,
        "calibration_slope": calibration_slope,
        **{f"capture_{round(100 * s)}": capture(s) for s in CAPACITIES},
        **{f"precision_{round(100 * s)}": precision(s) for s in CAPACITIES},
    }
)
