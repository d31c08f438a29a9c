"""Challenger: monotone LightGBM with interactions, to measure the cost of transparency."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import lightgbm as lgb
import numpy as np

from xhcredit.engine.columns import Array
from xhcredit_training.boosted import Boosting, boost, lay_out_columns
from xhcredit_training.dataset import Column, Dataset, learnable
from xhcredit_training.metrics import chance

CHALLENGER_BOOSTING = Boosting(leaves=8, rate=0.05, rounds=1500, columns=0.7, rows=0.8, patience=60)


@dataclass(frozen=True)
class Challenger:
    """A grown booster, kept as text (never pickled); risk is ``shift + slope`` times its output."""

    columns: tuple[Column, ...]
    text: str
    slope: float = 1.0
    shift: float = 0.0

    @property
    def ids(self) -> list[str]:
        """Ids of the indicators that are read, in order."""
        return [c.id for c in self.columns]

    @cached_property
    def booster(self) -> lgb.Booster:
        """The booster, read from its text."""
        return lgb.Booster(model_str=self.text)

    def risk(self, x: Array, ids: list[str]) -> Array:
        """Log-odds of the bad outcome by row of ``x``: indicators by rows, in the order ``ids``."""
        row_positions = [ids.index(c.id) for c in self.columns]
        raw_scores = self.booster.predict(
            lay_out_columns(self.columns, x[row_positions]).matrix, raw_score=True
        )
        return self.shift + self.slope * np.asarray(raw_scores, np.float64)

    def scaled(self, slope: float, shift: float) -> Challenger:
        """The model whose risk is ``shift + slope`` times this risk."""
        return Challenger(self.columns, self.text, slope * self.slope, shift + slope * self.shift)

    def chance(self, x: Array, ids: list[str]) -> Array:
        """Probability of the bad outcome."""
        return chance(self.risk(x, ids))


def fit_challenger(sample: Dataset, boosting: Boosting | None = None) -> Challenger:
    """Grow the challenger, monotone in every declared direction.

    Raises:
        BadSample: one outcome only, too few cases, or nothing to learn from.
    """
    sample, _ = learnable(sample)
    booster, _ = boost(sample, boosting or CHALLENGER_BOOSTING, one_per_tree=False)
    count = booster.best_iteration or booster.current_iteration()
    return Challenger(sample.columns, booster.model_to_string(num_iteration=count))
