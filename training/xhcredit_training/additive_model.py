"""Additive model: one step function per indicator, convertible to a points table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit.errors import BadSample
from xhcredit.scores.points import Indicator, PointsTable, Scale, Special
from xhcredit_training.dataset import Column


@dataclass(frozen=True)
class Shape:
    """Log-odds of the bad outcome by value of one indicator.

    A value falls into bin ``number of cuts <= value``.  ``special`` are values that stand for
    themselves.  A category has no cuts: each code is special, and its one bin is for codes never
    seen.  Values beyond all that was seen fall into the outer bins, which are open.
    ``missing_seen`` is false where no missing value was learned from: its row is then neutral.
    """

    column: Column
    cuts: tuple[float, ...]
    values: tuple[float, ...]
    missing: float
    special: Mapping[float, float]
    missing_seen: bool = True

    def log_odds(self, x: Array) -> Array:
        """Log-odds of each value, NaN being missing."""
        bins = np.searchsorted(np.asarray(self.cuts), x, side="right")
        log_odds: Array = np.asarray(self.values)[np.minimum(bins, len(self.cuts))]
        for code, value in self.special.items():
            log_odds[x == code] = value
        log_odds[np.isnan(x)] = self.missing
        return log_odds

    def scaled_by(self, factor: float) -> Shape:
        """The same shape, stretched."""
        return replace(
            self,
            values=tuple(v * factor for v in self.values),
            missing=self.missing * factor,
            special={code: v * factor for code, v in self.special.items()},
        )

    def shifted_by(self, constant: float) -> Shape:
        """The same shape, lifted."""
        return replace(
            self,
            values=tuple(v + constant for v in self.values),
            missing=self.missing + constant,
            special={code: v + constant for code, v in self.special.items()},
        )

    @property
    def log_odds_range(self) -> float:
        """Largest less smallest log-odds of any row."""
        rows = (*self.values, self.missing, *self.special.values())
        return max(rows) - min(rows)


@dataclass(frozen=True)
class Additive:
    """Log-odds of the bad outcome as ``intercept`` plus one shape per indicator."""

    intercept: float
    shapes: tuple[Shape, ...]

    @property
    def ids(self) -> list[str]:
        """Ids of the indicators that are read, in order."""
        return [s.column.id for s in self.shapes]

    def risk(self, x: Array, ids: Sequence[str]) -> Array:
        """Log-odds of the bad outcome by row of ``x`` (indicators by rows, in the order ``ids``).

        Raises:
            BadSample: an indicator that the model reads is not among ``ids``.
        """
        total = np.full(x.shape[1], self.intercept)
        for shape in self.shapes:
            total += shape.log_odds(x[position(shape.column.id, ids)])
        return total

    def scaled(self, slope: float, shift: float) -> Additive:
        """The model whose risk is ``shift + slope`` times this risk; still additive, exactly."""
        shapes = tuple(s.scaled_by(slope) for s in self.shapes)
        return Additive(shift + slope * self.intercept, shapes)

    def without(self, ids: Sequence[str]) -> Additive:
        """The model without the shapes of a nuisance, such as who inspected.

        It was there while the rest was estimated, so that no other shape answers for it; the score
        does not know it (mean 0 over the sample, if the model is centred).
        """
        return Additive(self.intercept, tuple(s for s in self.shapes if s.column.id not in ids))

    def centred(self, x: Array, ids: Sequence[str], weight: Array) -> Additive:
        """The same risks, every shape with mean 0 over a sample, so that 0 is the average.

        A row for missing values that were never seen becomes 0: neither fault nor merit.
        """
        intercept, shapes = self.intercept, []
        for shape in self.shapes:
            mean = float(
                np.average(shape.log_odds(x[position(shape.column.id, ids)]), weights=weight)
            )
            intercept += mean
            shifted = shape.shifted_by(-mean)
            # What was never missing in the sample taught nothing of missing values; its row
            # must neither cost nor help.
            shapes.append(shifted if shape.missing_seen else replace(shifted, missing=0.0))
        return Additive(intercept, tuple(shapes))

    def table(self, scale: Scale, score: str, name: tuple[str, str], made_by: str) -> PointsTable:
        """The points table: official form; points are exact, not rounded.

        Args:
            scale: what points mean.
            score: ``general`` or ``x_<domain>``.
            name: Chinese and English name of the score.
            made_by: kind of model, as a word.
        """
        unit = scale.points_to_double_odds / math.log(2)
        ids_without_missing = [s.column.id for s in self.shapes if not s.missing_seen]
        return PointsTable(
            score=score,
            name_zh=name[0],
            name_en=name[1],
            made_by=made_by,
            note=_note(ids_without_missing),
            scale=scale,
            # The model foretells the bad outcome, points stand for the good one: signs turn
            # here and in every row.
            base=scale.points(-self.intercept),
            indicators=tuple(_indicator(s, -unit) for s in self.shapes),
        )


def position(id_: str, ids: Sequence[str]) -> int:
    """Row of an indicator in a matrix.

    Raises:
        BadSample: it is not there.
    """
    try:
        return list(ids).index(id_)
    except ValueError:
        raise BadSample(f'the model reads "{id_}", which these values do not have') from None


def _note(unseen: Sequence[str]) -> str:
    note = "Values beyond all that was seen fall into the outer bins."
    if not unseen:
        return note
    return f"{note} No missing value was learned from, so its row is neutral: {', '.join(unseen)}"


def _indicator(shape: Shape, unit: float) -> Indicator:
    return Indicator(
        feature=shape.column.id,
        cuts=shape.cuts,
        points=tuple(v * unit for v in shape.values),
        missing=shape.missing * unit,
        special=tuple(Special(value=c, points=v * unit) for c, v in shape.special.items()),
    )


def merge_equal_bins(shape: Shape) -> Shape:
    """The same shape without cuts between equal bins."""
    kept_cuts = [k for k in range(len(shape.cuts)) if shape.values[k] != shape.values[k + 1]]
    return replace(
        shape,
        cuts=tuple(shape.cuts[k] for k in kept_cuts),
        values=(*(shape.values[k] for k in kept_cuts), shape.values[-1]),
    )
