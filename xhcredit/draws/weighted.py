"""Validation of the score on drawn enterprises, weighted by inverse inclusion probability.

Only visited enterprises have a result, and the risky are visited more often: unweighted figures
tell about the visited, weighted ones about the frame.  Variances follow from the influence of each
enterprise (linearisation), within strata.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from scipy.special import expit, logit

from xhcredit.draws.numerics import CONFIDENCE, Array, Flags, Ints
from xhcredit.errors import NothingKnown


@dataclass(frozen=True)
class Figure:
    """A figure with its standard error and 95 % interval."""

    value: float
    error: float
    low: float
    high: float


@dataclass(frozen=True)
class WeightedVisits:
    """Visited enterprises: risk score (high = risky), violation found, odds, stratum (position).

    ``sizes`` has the number of enterprises of each stratum.
    """

    risk: Array
    failed: Flags
    odds: Array
    stratum: Ints
    sizes: Ints


def weighted_auc(v: WeightedVisits) -> Figure:
    """Chance that of a violator and another of the frame the violator has the higher risk.

    Ties count half.  The interval is made on the scale of log-odds, so it stays within (0, 1).

    Raises:
        NothingKnown: no violator, or nobody else, was visited.
    """
    weight = 1 / v.odds
    bad, good = weight * v.failed, weight * ~v.failed
    if not bad.any() or not good.any():
        raise NothingKnown("all visits ended alike; the score can be judged when both kinds occur")
    share_below = _share_below(v.risk, good)
    share_above = 1 - _share_below(v.risk, bad)
    # The AUC as the weighted chance that a violator outranks another (Mann-Whitney), so its
    # influence function is the centred share.
    auc = float(bad @ share_below / bad.sum())
    influence = np.where(
        v.failed, (share_below - auc) / bad.sum(), (share_above - auc) / good.sum()
    )
    error = _standard_error(influence * weight, v)
    # Log-odds of 0 and 1 are infinite: such a figure has no interval to be given.
    if not 0 < auc < 1:
        return Figure(auc, error, auc, auc)
    z, spread = float(scipy.stats.norm.ppf((1 + CONFIDENCE) / 2)), error / (auc * (1 - auc))
    # On log-odds: near 1 a symmetric interval would promise more than certainty.
    low, high = expit(logit(auc) + z * spread * np.array([-1, 1]))
    return Figure(auc, error, float(low), float(high))


def _share_below(risk: Array, weight: Array) -> Array:
    """Share of ``weight`` with a lower risk than each, ties half."""
    _, risk_index = np.unique(risk, return_inverse=True)
    mass = np.bincount(risk_index, weights=weight)
    result: Array = ((np.cumsum(mass) - mass / 2) / mass.sum())[risk_index]
    return result


def _standard_error(influence: Array, v: WeightedVisits) -> float:
    """Standard error of a sum of influences in a stratified draw."""
    strata = v.sizes.size
    m = np.bincount(v.stratum, minlength=strata).astype(float)
    mean = np.bincount(v.stratum, influence, strata) / np.maximum(m, 1)
    around = np.bincount(v.stratum, (influence - mean[v.stratum]) ** 2, strata)
    single = m == 1  # one visit shows no spread: taken around zero
    around[single] = (mean**2)[single]
    # Finite population correction: a stratum that was visited whole leaves nothing to chance.
    spare = 1 - np.minimum(m / np.maximum(v.sizes, 1), 1)
    return float((spare * m / np.maximum(m - 1, 1) * around).sum() ** (1 / 2))


def calibration_ratio(v: WeightedVisits, expected: Array) -> Figure:
    """Violations found over violations that the probabilities ``expected`` promised, weighted.

    1 is perfect; 2 means twice as many as promised.

    Raises:
        NothingKnown: no visit, or the promise is 0.
    """
    weight = 1 / v.odds
    promised = float(weight @ expected)
    if not promised > 0:
        raise NothingKnown("no violation was expected anywhere; give probabilities above 0")
    ratio = float(weight @ v.failed) / promised
    error = _standard_error(weight * (v.failed - ratio * expected) / promised, v)
    z = float(scipy.stats.norm.ppf((1 + CONFIDENCE) / 2))
    return Figure(ratio, error, max(0.0, ratio - z * error), ratio + z * error)
