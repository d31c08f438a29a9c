"""Facts of reasons: what stands still while nothing happens to an enterprise.

Days since a day move every day and tell nothing new; the day itself stands.  A value that moves in
another way (an event that weighs less as it grows old) has no such day: told is the bin of the
points table in which it lies, which moves only with the points.  Any other value is told itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit.engine.one_enterprise import day_number
from xhcredit.jobs.scoring.model import Model
from xhcredit.scores.bins import bin_numbers, edges_of_bins
from xhcredit.scores.points import Indicator


class ReasonFacts(NamedTuple):
    """Facts of reasons, float64, NaN where there is none or the value is missing.

    ``value`` on the day of the facts; ``since``: the day (since 1970) from which it counts days;
    ``at_least`` and ``below``: the bin of a value that moves otherwise, whose ``value`` is missing.
    """

    value: Array
    since: Array
    at_least: Array
    below: Array


@dataclass(frozen=True)
class ReasonEncoding:
    """Numbers in which a night keeps the facts of its reasons, one per reason (float64).

    A day (since 1970) where days are counted from it, the number of a bin where the value moves
    otherwise, else the value; NaN is missing.  They stay the same until the result is due.
    """

    model: Model
    counts_days: Array = field(init=False)
    binned: Mapping[int, Indicator] = field(init=False)

    def __post_init__(self) -> None:
        vocabulary = self.model.scorer.vocabulary
        moves = [self.model.moves[feature] for _, feature in vocabulary]
        rows = [row for flat in self.model.scorer.flats.values() for row in flat.table.indicators]
        object.__setattr__(self, "counts_days", np.array([m == "elapses" for m in moves], bool))
        binned = {k: rows[k] for k, m in enumerate(moves) if m not in ("stands", "elapses")}
        object.__setattr__(self, "binned", binned)

    def encode(self, reason: Array, value: Array) -> Array:
        """Facts of reasons as numbers.

        Args:
            reason: positions in the scorer's vocabulary (-1: none).
            value: the indicators' values on the model's day, of the same shape.
        """
        day = day_number(self.model.as_of)
        facts = np.where(self.counts_days[reason], day - value, value)
        for position, indicator in self.binned.items():
            is_binned = reason == position
            facts[is_binned] = bin_numbers(indicator, value[is_binned])
        return np.where(reason < 0, np.nan, facts)

    def decode(self, reason: Array, facts: Array) -> ReasonFacts:
        """Facts of reasons from their numbers, as of the model's day."""
        day = day_number(self.model.as_of)
        counts_days = self.counts_days[reason]
        value = np.where(counts_days, day - facts, facts)
        at_least, below = np.full(facts.shape, np.nan), np.full(facts.shape, np.nan)
        for position, indicator in self.binned.items():
            is_binned = reason == position
            edges = edges_of_bins(indicator, facts[is_binned])
            at_least[is_binned], below[is_binned] = edges.at_least, edges.below
            value[is_binned] = edges.special
        return ReasonFacts(value, np.where(counts_days, facts, np.nan), at_least, below)
