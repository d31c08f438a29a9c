"""Stability of scores and indicators: PSI and CSI by month, drift of the outcome rate.

The population stability index compares shares of bins: below 0.1 nothing has moved, above 0.25 much
has (Siddiqi, Credit Risk Scorecards); which values close a gate is a rule, not said here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit_training.binning import fine_cuts
from xhcredit_training.dataset import Dataset

BINS = 10


def stability_index(expected: Array, actual: Array) -> float:
    """PSI of two distributions over the same bins, from counts; half a row is added to each bin.

    >>> round(stability_index(np.array([50.0, 50.0]), np.array([50.0, 50.0])), 6)
    0.0
    """
    # An empty bin would make the logarithm infinite: one new value of an indicator, and the
    # gate is closed for ever.
    expected_share, actual_share = expected + 0.5, actual + 0.5
    expected_share, actual_share = (
        expected_share / expected_share.sum(),
        actual_share / actual_share.sum(),
    )
    return float(((actual_share - expected_share) * np.log(actual_share / expected_share)).sum())


def bin_weights(values: Array, cuts: Array, weight: Array) -> Array:
    """Weight by bin; missing values last."""
    bin_index = np.where(
        np.isnan(values), cuts.size + 1, np.searchsorted(cuts, values, side="right")
    )
    return np.bincount(bin_index, weights=weight, minlength=cuts.size + 2)


def psi(base: Array, later: Array, base_weight: Array, later_weight: Array) -> float:
    """PSI of values (a score or an indicator) against a base period, over tenths of the base."""
    # Cut by the base alone: bins of both periods together would move with the very shift that
    # is to be measured.
    cuts = fine_cuts(base[~np.isnan(base)], BINS)
    return stability_index(
        bin_weights(base, cuts, base_weight), bin_weights(later, cuts, later_weight)
    )


@dataclass(frozen=True)
class Period:
    """One month of a sample against its base: ``csi`` by indicator, the largest first."""

    month: str
    rows: int
    rate: float
    psi: float
    csi: dict[str, float]


def months_of(day: Array) -> Array:
    """Month of each day number, as numpy months."""
    return day.astype("datetime64[D]").astype("datetime64[M]")


def by_month(base: Dataset, base_risk: Array, later: Dataset, risk: Array) -> list[Period]:
    """PSI of the score and CSI of every indicator, by month of ``later``, against ``base``."""
    month = months_of(later.day)
    periods = []
    for m in np.unique(month):
        in_month = month == m
        month_rows = later.rows(in_month)
        csi = {
            c.id: psi(base.x[k], month_rows.x[k], base.weight, month_rows.weight)
            for k, c in enumerate(base.columns)
        }
        periods.append(
            Period(
                str(m),
                len(month_rows),
                float(np.average(month_rows.bad, weights=month_rows.weight)),
                psi(base_risk, risk[in_month], base.weight, month_rows.weight),
                dict(sorted(csi.items(), key=lambda item: -item[1])),
            )
        )
    return periods
