"""Stability of scores and indicators: PSI and CSI by month, drift of the outcome rate.

The population stability index compares shares of bins: below 0.1 nothing has moved, above 0.25 much
has (Siddiqi, Credit Risk Scorecards); which values close a gate is a rule, not said here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xhcredit_training.binning import fine_cuts
from xhcredit_training.dataset import Array, Frame

BINS = 10


def index(expected: Array, found: Array) -> float:
    """PSI of two distributions over the same bins, from counts; half a row is added to each bin.

    >>> round(index(np.array([50.0, 50.0]), np.array([50.0, 50.0])), 6)
    0.0
    """
    p, q = expected + 0.5, found + 0.5
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def counts(values: Array, cuts: Array, weight: Array) -> Array:
    """Weight by bin; missing values last."""
    at = np.where(np.isnan(values), cuts.size + 1, np.searchsorted(cuts, values, side="right"))
    return np.bincount(at, weights=weight, minlength=cuts.size + 2)


def psi(base: Array, later: Array, base_weight: Array, later_weight: Array) -> float:
    """PSI of values (a score or an indicator) against a base period, over tenths of the base."""
    cuts = fine_cuts(base[~np.isnan(base)], BINS)
    return index(counts(base, cuts, base_weight), counts(later, cuts, later_weight))


@dataclass(frozen=True)
class Period:
    """One month of a sample against its base: ``csi`` by indicator, the largest first."""

    month: str
    rows: int
    rate: float
    psi: float
    csi: dict[str, float]


def months(day: Array) -> Array:
    """Month of each day number, as numpy months."""
    return day.astype("datetime64[D]").astype("datetime64[M]")


def by_month(base: Frame, base_risk: Array, later: Frame, risk: Array) -> list[Period]:
    """PSI of the score and CSI of every indicator, by month of ``later``, against ``base``."""
    month = months(later.day)
    told = []
    for m in np.unique(month):
        at = month == m
        part = later.rows(at)
        csi = {
            c.id: psi(base.x[k], part.x[k], base.weight, part.weight)
            for k, c in enumerate(base.columns)
        }
        told.append(
            Period(
                str(m),
                len(part),
                float(np.average(part.bad, weights=part.weight)),
                psi(base_risk, risk[at], base.weight, part.weight),
                dict(sorted(csi.items(), key=lambda item: -item[1])),
            )
        )
    return told
