"""Weighted metrics of discrimination and calibration (AUC, KS, Brier), in plain numpy.

``risk`` grows with the chance of the bad outcome; ties count half.  ``weight`` is how many rows a
row stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import numpy as np

from xhcredit_training.dataset import Array

#: shares of a population that a bureau could visit
CAPACITIES = (0.05, 0.10, 0.20)


class Metric(Protocol):
    """Metric of risk (log-odds), outcome (0/1) and weight by row; NaN if undefined."""

    def __call__(self, risk: Array, bad: Array, weight: Array) -> float:
        """Return the number."""
        ...


def _steps(risk: Array, bad: Array, weight: Array) -> tuple[Array, Array]:
    """Weights of bad and of good rows by distinct risk, from the highest risk down."""
    order = np.argsort(-risk, kind="stable")
    ordered = risk[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    mass = weight[order]
    worse = np.add.reduceat(mass * bad[order], starts)
    return worse, np.add.reduceat(mass, starts) - worse


def auc(risk: Array, bad: Array, weight: Array) -> float:
    """Chance that a bad row ranks above a good one.

    >>> auc(np.array([3.0, 1.0, 2.0, 2.0]), np.array([1, 0, 1, 0]), np.ones(4))
    0.875
    """
    worse, good = _steps(risk, bad, weight)
    pairs = worse.sum() * good.sum()
    below = good.sum() - np.cumsum(good) + good / 2
    return float((worse * below).sum() / pairs) if pairs > 0 else float("nan")


def gini(risk: Array, bad: Array, weight: Array) -> float:
    """Twice the AUC, less one."""
    return 2 * auc(risk, bad, weight) - 1


def ks(risk: Array, bad: Array, weight: Array) -> float:
    """Largest distance between the shares of bad and of good rows above a cut (Kolmogorov-Smirnov).

    >>> ks(np.array([3.0, 1.0, 2.0, 0.0]), np.array([1, 0, 1, 0]), np.ones(4))
    1.0
    """
    worse, good = _steps(risk, bad, weight)
    if not worse.sum() * good.sum():
        return float("nan")
    return float((np.cumsum(worse) / worse.sum() - np.cumsum(good) / good.sum()).max())


def chance(risk: Array) -> Array:
    """Probability of the bad outcome from its log-odds."""
    out: Array = 1 / (1 + np.exp(-np.clip(risk, -700, 700)))
    return out


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
    mass = weight / weight.mean()
    n_bad, n_good = (mass * bad).sum(), (mass * (1 - bad)).sum()
    target = np.where(bad == 1, (n_bad + 1) / (n_bad + 2), 1 / (n_good + 2))
    middle, width = float(risk.mean()), float(risk.std()) or 1.0
    x = np.stack([(risk - middle) / width, np.ones_like(risk)])
    rate = float(np.average(target, weights=mass))
    beta = np.array([0.0, np.log(rate / (1 - rate))])
    for _ in range(50):  # from the average outwards, over standardised risks, Newton does not stray
        p = chance(beta @ x)
        slope = (x * (mass * p * (1 - p))) @ x.T + np.eye(2) * 1e-9
        step = np.linalg.solve(slope, x @ (mass * (target - p)))
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
        worse, good = _steps(risk, bad, weight)
        if worse.sum() == 0:
            return float("nan")
        mass = worse + good
        return float(_up_to(mass, worse, share * mass.sum()) / worse.sum())

    return metric


def precision(share: float) -> Metric:
    """Share of bad rows among the riskiest ``share`` of all."""

    def metric(risk: Array, bad: Array, weight: Array) -> float:
        worse, good = _steps(risk, bad, weight)
        room = share * (worse + good).sum()
        return float(_up_to(worse + good, worse, room) / room)

    return metric


def _up_to(mass: Array, worse: Array, room: float) -> float:
    """Bad weight within the first ``room`` of weight; a tie at the edge counts by its share."""
    before = np.cumsum(mass) - mass
    part = np.clip((room - before) / np.maximum(mass, 1e-300), 0, 1)
    return float((worse * part).sum())


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
