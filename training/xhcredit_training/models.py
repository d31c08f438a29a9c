"""Models compared in training: name, fit and risk of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit.errors import BadSample
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.points import Indicator, PointsTable
from xhcredit.scores.release import load_release
from xhcredit_training.additive_model import Additive, Shape
from xhcredit_training.boosted import Boosting, fit_boosted, mean_of
from xhcredit_training.calibrate import calibrate, platt_line
from xhcredit_training.challenger import Challenger, fit_challenger
from xhcredit_training.dataset import Column, Dataset
from xhcredit_training.woe import fit_woe


class RiskModel(Protocol):
    """A model: log-odds of the bad outcome by row."""

    @property
    def ids(self) -> list[str]:
        """Ids of the indicators that are read."""
        ...

    def risk(self, x: Array, ids: list[str]) -> Array:
        """Log-odds of the bad outcome by row of ``x``: indicators by rows, in the order ``ids``."""
        ...


def woe(sample: Dataset) -> Additive:
    """The weight-of-evidence scorecard."""
    return fit_woe(sample)


def boosted(sample: Dataset) -> Additive:
    """The boosted scorecard, for few rows more carefully."""
    return fit_boosted(sample, boosting_for(sample))


def blend(sample: Dataset) -> Additive:
    """The mean of both scorecards: still one points table, often better than either."""
    return mean_of([woe(sample), boosted(sample)])


def revised(sample: Dataset) -> Additive:
    """The expert table, set right and then corrected by trees: for few cases the safest start."""
    start = expert(sample)
    slope, shift = platt_line(start.risk(sample.x, sample.ids), sample)
    return fit_boosted(sample, boosting_for(sample), start.scaled(slope, shift))


def challenger(sample: Dataset) -> Challenger:
    """The challenger with interactions."""
    return fit_challenger(sample)


def boosting_for(sample: Dataset) -> Boosting:
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


def expert(sample: Dataset) -> Additive:
    """The expert table of the sample's score; nothing is learned.

    Raises:
        BadSample: there is no expert table for it.
    """
    table = sample.notes.get(_EXPERT)
    if not isinstance(table, PointsTable):
        score = str(sample.notes.get("score", "general"))
        tables = load_release().tables
        if score not in tables:
            raise BadSample(f'no expert table for "{score}"; there are: {", ".join(tables)}')
        table = tables[score]
    return from_table(table)


_EXPERT, _BASELINE = "expert_table", "baseline"  # in the notes of a sample under training
#: share of earlier failures: the rule of thumb that every model of the general score must beat
GENERAL_BASELINE = "inspection_failed_share_60m"


def with_rules_of_thumb(sample: Dataset, score: str, rules: Rulebook) -> Dataset:
    """The sample with what its models are compared with: expert table and baseline of its score.

    Those of a field stand in its folder (``points.json``, ``baseline`` in ``field.yaml``).
    """
    field, table = rules.field(score), load_release(None, rules).tables.get(score)
    baseline = field.names.baseline if field else GENERAL_BASELINE
    return replace(sample, notes={**sample.notes, _EXPERT: table, _BASELINE: baseline})


def plain(sample: Dataset) -> Additive:
    """The plain rule: the share of earlier failures as it is, unknown being average.

    Raises:
        BadSample: the sample does not hold that share.
    """
    name = str(sample.notes.get(_BASELINE) or GENERAL_BASELINE)
    name = name if name in sample.ids else next((i for i in sample.ids if "failed_share" in i), "")
    if not name:
        raise BadSample(
            "the sample holds no share of earlier failures; name the indicator that stands for it "
            "as baseline in the field.yaml of its field"
        )
    row = sample.x[sample.ids.index(name)]
    known_shares = np.unique(row[~np.isnan(row)])
    if not known_shares.size:
        raise BadSample(f'"{name}" is missing everywhere; the plain rule needs it')
    cuts = tuple(float(c) for c in known_shares[1:])
    odds = np.log(
        np.clip(known_shares, 1e-6, 1 - 1e-6) / (1 - np.clip(known_shares, 1e-6, 1 - 1e-6))
    )
    missing = float(np.log(0.05 / 0.95)) if np.isnan(row).all() else float(odds.mean())
    shape = Shape(Column(name, "riskier"), cuts, tuple(float(o) for o in odds), missing, {})
    return Additive(0.0, (shape,))


def from_table(table: PointsTable) -> Additive:
    """The model that a points table stands for."""
    unit = -math.log(2) / table.scale.points_to_double_odds
    shapes = tuple(_shape(i, unit) for i in table.indicators)
    return Additive(-table.scale.log_odds(table.base), shapes)


def _shape(indicator: Indicator, unit: float) -> Shape:
    special = {s.value: s.points * unit for s in indicator.special}
    values = tuple(p * unit for p in indicator.points)
    return Shape(
        Column(indicator.feature), indicator.cuts, values, indicator.missing * unit, special
    )


#: every model by name; the last two are what they must beat
MODELS: Mapping[str, Callable[[Dataset], Additive | Challenger]] = MappingProxyType(
    {
        "woe": woe,
        "boosted": boosted,
        "blend": blend,
        "revised": revised,
        "full": challenger,
        "expert": expert,
        "plain": plain,
    }
)


@dataclass(frozen=True)
class FittedModel:
    """A model with its calibration; ``steps`` of the isotonic curve beside it."""

    kind: str
    model: Additive | Challenger
    slope: float
    shift: float
    steps: tuple[tuple[float, float], ...] = ()
    largest_gap: float = float("nan")


def fit(kind: str, learning_part: Dataset, calibration_part: Dataset | None) -> FittedModel:
    """Fit a model by name and set it right on a later period, if one is given.

    Raises:
        BadSample: no such model, or one of the samples teaches nothing.
    """
    if kind not in MODELS:
        raise BadSample(f'no model "{kind}"; there are: {", ".join(MODELS)}')
    return calibrate_model(kind, MODELS[kind](learning_part), calibration_part)


def calibrate_model(
    kind: str, model: Additive | Challenger, calibration_part: Dataset | None
) -> FittedModel:
    """Set a model right on a later period, if one is given."""
    if calibration_part is None:
        return FittedModel(kind, model, 1.0, 0.0)
    if isinstance(model, Challenger):
        slope, shift = platt_line(
            model.risk(calibration_part.x, calibration_part.ids), calibration_part
        )
        return FittedModel(kind, model.scaled(slope, shift), slope, shift)
    calibration = calibrate(model, calibration_part)
    return FittedModel(
        kind,
        calibration.model,
        calibration.slope,
        calibration.shift,
        calibration.steps,
        calibration.largest_gap,
    )
