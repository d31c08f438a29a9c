"""The weight-of-evidence scorecard: bins, logistic regression over them, points."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from sklearn.linear_model import LogisticRegression

from xhcredit.engine.columns import Array
from xhcredit_training.additive_model import Additive, Shape
from xhcredit_training.binning import Bins, Fineness, find_bins
from xhcredit_training.dataset import Dataset, learnable


@dataclass(frozen=True)
class WoeSettings:
    """How the scorecard is learned.

    ``least_iv``: indicators that tell less are left out.  ``ridge``: strength of the penalty on
    the weights, per row.  Weights below 0 would turn an indicator round, so those are left out.
    """

    fineness: Fineness = field(default_factory=Fineness)
    least_iv: float = 0.002
    ridge: float = 1e-4


def fit_woe(sample: Dataset, settings: WoeSettings | None = None) -> Additive:
    """Learn the scorecard; every shape runs in its declared direction.

    Raises:
        BadSample: one outcome only, too few cases, or nothing to learn from.
    """
    settings = settings or WoeSettings()
    sample, _ = learnable(sample)
    average = float(np.average(sample.bad, weights=sample.weight))
    bins_by_indicator = [
        find_bins(column, row, sample.bad, sample.weight, settings.fineness)
        for column, row in zip(sample.columns, sample.x, strict=True)
    ]
    shapes = [evidence_shape(b, average, settings.fineness.prior) for b in bins_by_indicator]
    is_informative = [
        b.information_value() >= settings.least_iv and s.log_odds_range > 0
        for b, s in zip(bins_by_indicator, shapes, strict=True)
    ]
    if not any(is_informative):
        return Additive(float(np.log(average / (1 - average))), ())
    informative_positions = np.flatnonzero(is_informative)
    evidence_rows = np.stack([shapes[k].log_odds(sample.x[k]) for k in informative_positions])
    intercept, factors, used_rows = logistic_weights(
        evidence_rows, sample.bad, sample.weight, settings.ridge
    )
    scaled_shapes = tuple(
        shapes[informative_positions[k]].scaled_by(f)
        for k, f in zip(used_rows, factors, strict=True)
    )
    return Additive(intercept, scaled_shapes).centred(sample.x, sample.ids, sample.weight)


def evidence_shape(bins: Bins, average: float, prior: float) -> Shape:
    """Weights of evidence by row: log-odds of the bad outcome against the average.

    ``prior`` average rows are added to each row, so that what was hardly seen says little.
    """

    def woe(bad: float, size: float) -> float:
        rate = (bad + average * prior) / (size + prior)
        return float(np.log(rate / (1 - rate)) - np.log(average / (1 - average)))

    return Shape(
        bins.column,
        bins.cuts,
        _monotone_values(
            [woe(b, n) for b, n in zip(bins.bad, bins.size, strict=True)], bins.column.sign
        ),
        woe(*bins.missing),
        {code: woe(*counts) for code, counts in bins.special.items()},
        missing_seen=bins.missing[1] > 0,
    )


def _monotone_values(values: list[float], sign: int) -> tuple[float, ...]:
    """Keep the direction where drawing small bins to the average has bent it."""
    if sign == 0:
        return tuple(values)
    # Bins were monotone as raw rates; the prior draws small ones more than large ones and can
    # bend them.
    monotone_values = np.maximum.accumulate(np.array(values) * sign) * sign
    return tuple(float(v) for v in monotone_values)


def logistic_weights(
    evidence_rows: Array, bad: Array, weight: Array, ridge: float
) -> tuple[float, Array, Array]:
    """Logistic regression over weights of evidence: intercept, weights, and which are used.

    Indicators whose weight would be negative are left out, the worst first.
    """
    used_rows = np.arange(evidence_rows.shape[0])
    scaled_weight = weight * (weight.size / weight.sum())
    while True:
        model = LogisticRegression(C=1 / (ridge * weight.size), max_iter=300, tol=1e-5)
        model.fit(evidence_rows[used_rows].T, bad, sample_weight=scaled_weight)
        factors = model.coef_[0]
        if (factors >= 0).all() or used_rows.size == 1:
            return float(model.intercept_[0]), np.maximum(factors, 0), used_rows
        used_rows = (
            # Many at once while many are wrong, then one by one: leaving one out may turn
            # another's sign back.
            used_rows[factors >= 0]
            if (factors < 0).sum() > 3
            else np.delete(used_rows, factors.argmin())
        )
