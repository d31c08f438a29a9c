"""The weight-of-evidence scorecard: bins, logistic regression over them, points."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from sklearn.linear_model import LogisticRegression

from xhcredit_training.additive_model import Additive, Shape
from xhcredit_training.binning import Bins, Fineness, find_bins
from xhcredit_training.dataset import Array, Frame, learnable


@dataclass(frozen=True)
class Card:
    """How the scorecard is learned.

    ``least_iv``: indicators that tell less are left out.  ``ridge``: strength of the penalty on
    the weights, per row.  Weights below 0 would turn an indicator round, so those are left out.
    """

    fineness: Fineness = field(default_factory=Fineness)
    least_iv: float = 0.002
    ridge: float = 1e-4


def fit_woe(sample: Frame, how: Card | None = None) -> Additive:
    """Learn the scorecard; every shape runs in its declared direction.

    Raises:
        BadSample: one outcome only, too few cases, or nothing to learn from.
    """
    how = how or Card()
    sample, _ = learnable(sample)
    average = float(np.average(sample.bad, weights=sample.weight))
    found = [
        find_bins(column, row, sample.bad, sample.weight, how.fineness)
        for column, row in zip(sample.columns, sample.x, strict=True)
    ]
    shapes = [evidence(b, average, how.fineness.prior) for b in found]
    telling = [
        b.information_value() >= how.least_iv and s.spread > 0
        for b, s in zip(found, shapes, strict=True)
    ]
    if not any(telling):
        return Additive(float(np.log(average / (1 - average))), ())
    keep = np.flatnonzero(telling)
    woe = np.stack([shapes[k].of(sample.x[k]) for k in keep])
    intercept, factors, used = weights_of(woe, sample.bad, sample.weight, how.ridge)
    own = tuple(shapes[keep[k]].times(f) for k, f in zip(used, factors, strict=True))
    return Additive(intercept, own).centred(sample.x, sample.ids, sample.weight)


def evidence(bins: Bins, average: float, prior: float) -> Shape:
    """Weights of evidence by row: log-odds of the bad outcome against the average.

    ``prior`` average rows are added to each row, so that what was hardly seen says little.
    """

    def woe(bad: float, size: float) -> float:
        rate = (bad + average * prior) / (size + prior)
        return float(np.log(rate / (1 - rate)) - np.log(average / (1 - average)))

    return Shape(
        bins.column,
        bins.cuts,
        _ordered([woe(b, n) for b, n in zip(bins.bad, bins.size, strict=True)], bins.column.sign),
        woe(*bins.missing),
        {code: woe(*counts) for code, counts in bins.special.items()},
        missing_seen=bins.missing[1] > 0,
    )


def _ordered(values: list[float], sign: int) -> tuple[float, ...]:
    """Keep the direction where drawing small bins to the average has bent it."""
    if sign == 0:
        return tuple(values)
    told = np.maximum.accumulate(np.array(values) * sign) * sign
    return tuple(float(v) for v in told)


def weights_of(woe: Array, bad: Array, weight: Array, ridge: float) -> tuple[float, Array, Array]:
    """Logistic regression over weights of evidence: intercept, weights, and which are used.

    Indicators whose weight would be negative are left out, the worst first.
    """
    used = np.arange(woe.shape[0])
    scaled = weight * (weight.size / weight.sum())
    while True:
        model = LogisticRegression(C=1 / (ridge * weight.size), max_iter=300, tol=1e-5)
        model.fit(woe[used].T, bad, sample_weight=scaled)
        factors = model.coef_[0]
        if (factors >= 0).all() or used.size == 1:
            return float(model.intercept_[0]), np.maximum(factors, 0), used
        used = used[factors >= 0] if (factors < 0).sum() > 3 else np.delete(used, factors.argmin())
