"""Models compared in training: name, fit and risk of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np

from xhcredit.errors import BadSample
from xhcredit.scores.points import Indicator, PointsTable
from xhcredit.scores.release import load_release
from xhcredit_training.additive_model import Additive, Shape
from xhcredit_training.boosted import Boosting, fit_boosted, mean_of
from xhcredit_training.calibrate import calibrate, line_of
from xhcredit_training.challenger import Full, fit_full
from xhcredit_training.dataset import Array, Column, Frame
from xhcredit_training.woe import fit_woe


class Risky(Protocol):
    """A model: log-odds of the bad outcome by row."""

    @property
    def ids(self) -> list[str]:
        """Ids of the indicators that are read."""
        ...

    def risk(self, x: Array, ids: list[str]) -> Array:
        """Log-odds of the bad outcome by row of ``x``: indicators by rows, in the order ``ids``."""
        ...


def woe(sample: Frame) -> Additive:
    """The weight-of-evidence scorecard."""
    return fit_woe(sample)


def boosted(sample: Frame) -> Additive:
    """The boosted scorecard, for few rows more carefully."""
    return fit_boosted(sample, boosting_for(sample))


def blend(sample: Frame) -> Additive:
    """The mean of both scorecards: still one points table, often better than either."""
    return mean_of([woe(sample), boosted(sample)])


def revised(sample: Frame) -> Additive:
    """The expert table, set right and then corrected by trees: for few cases the safest start."""
    start = expert(sample)
    slope, shift = line_of(start.risk(sample.x, sample.ids), sample)
    return fit_boosted(sample, boosting_for(sample), start.scaled(slope, shift))


def full(sample: Frame) -> Full:
    """The challenger with interactions."""
    return fit_full(sample)


def boosting_for(sample: Frame) -> Boosting:
    """Stumps; where cases are few, the mean of several boosters on other held-out enterprises."""
    cases = int(min(sample.bad.sum(), len(sample) - sample.bad.sum()))
    if cases >= 3000:
        return Boosting(leaves=2, rate=0.2, rounds=1500, patience=50)
    return Boosting(
        leaves=3,
        rate=0.05,
        ridge=5.0,
        rows=0.5,
        columns=0.3,
        patience=150,
        bags=8,
        least_rows=max(5, min(50, cases // 20)),
    )


def expert(sample: Frame) -> Additive:
    """The shipped expert table of the sample's score; nothing is learned.

    Raises:
        BadSample: there is no expert table for it.
    """
    tables, score = load_release().tables, str(sample.notes.get("score", "general"))
    if score not in tables:
        raise BadSample(f'no expert table for "{score}"; there are: {", ".join(tables)}')
    return from_table(tables[score])


#: share of earlier failures by score: the rule of thumb that every model must beat
PLAIN = MappingProxyType(
    {
        "general": "inspection_failed_share_60m",
        "x_food": "food_inspection_failed_share_24m",
        "x_elderly_care": "elderly_care_inspection_failed_share_24m",
        "x_construction": "construction_inspection_failed_share_24m",
    }
)


def plain(sample: Frame) -> Additive:
    """The plain rule: the share of earlier failures as it is, unknown being average.

    Raises:
        BadSample: the sample does not hold that share.
    """
    name = PLAIN.get(str(sample.notes.get("score", "general")), "")
    name = name if name in sample.ids else next((i for i in sample.ids if "failed_share" in i), "")
    if not name:
        raise BadSample("the sample holds no share of earlier failures; the plain rule needs one")
    row = sample.x[sample.ids.index(name)]
    known = np.unique(row[~np.isnan(row)])
    if not known.size:
        raise BadSample(f'"{name}" is missing everywhere; the plain rule needs it')
    cuts = tuple(float(c) for c in known[1:])
    odds = np.log(np.clip(known, 1e-6, 1 - 1e-6) / (1 - np.clip(known, 1e-6, 1 - 1e-6)))
    missing = float(np.log(0.05 / 0.95)) if np.isnan(row).all() else float(odds.mean())
    shape = Shape(Column(name, "riskier"), cuts, tuple(float(o) for o in odds), missing, {})
    return Additive(0.0, (shape,))


def from_table(table: PointsTable) -> Additive:
    """The model that a points table stands for."""
    unit = -math.log(2) / table.scale.points_to_double_odds
    shapes = tuple(_shape(i, unit) for i in table.indicators)
    return Additive(-table.scale.log_odds(table.base), shapes)


def _shape(i: Indicator, unit: float) -> Shape:
    special = {s.value: s.points * unit for s in i.special}
    values = tuple(p * unit for p in i.points)
    return Shape(Column(i.feature), i.cuts, values, i.missing * unit, special)


#: every model by name; the last two are what they must beat
MODELS: Mapping[str, Callable[[Frame], Additive | Full]] = MappingProxyType(
    {
        "woe": woe,
        "boosted": boosted,
        "blend": blend,
        "revised": revised,
        "full": full,
        "expert": expert,
        "plain": plain,
    }
)


@dataclass(frozen=True)
class Fitted:
    """A model with its calibration; ``steps`` of the isotonic curve beside it."""

    kind: str
    model: Additive | Full
    slope: float
    shift: float
    steps: tuple[tuple[float, float], ...] = ()
    largest_gap: float = float("nan")


def fit(kind: str, learn: Frame, later: Frame | None) -> Fitted:
    """Fit a model by name and set it right on a later period, if one is given.

    Raises:
        BadSample: no such model, or one of the samples teaches nothing.
    """
    if kind not in MODELS:
        raise BadSample(f'no model "{kind}"; there are: {", ".join(MODELS)}')
    return calibrated(kind, MODELS[kind](learn), later)


def calibrated(kind: str, model: Additive | Full, later: Frame | None) -> Fitted:
    """Set a model right on a later period, if one is given."""
    if later is None:
        return Fitted(kind, model, 1.0, 0.0)
    if isinstance(model, Full):
        slope, shift = line_of(model.risk(later.x, later.ids), later)
        return Fitted(kind, model.scaled(slope, shift), slope, shift)
    c = calibrate(model, later)
    return Fitted(kind, c.model, c.slope, c.shift, c.steps, c.largest_gap)
