"""Bins of an indicator by number, for many values at once: which bin, and between which edges."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit.scores.points import Indicator


class BinEdges(NamedTuple):
    """Edges of bins, float64: a value is ``at_least`` one edge and ``below`` the other.

    NaN: no edge on this side.  ``special`` is the value of a special row, which has no edges.
    """

    at_least: Array
    below: Array
    special: Array


def bin_numbers(indicator: Indicator, values: Array) -> Array:
    """Number of the row of the points table that each value falls into, float64; NaN is missing.

    0 lies below the range ever seen; then come the bins, what lies above the range, and the
    special values in their order.

    >>> from xhcredit.scores.points import Special
    >>> indicator = Indicator(feature="f", cuts=(1.0, 5.0), points=(0, 1, 2), missing=0,
    ...                       special=(Special(value=-9.0, points=3),))
    >>> bin_numbers(indicator, np.array([0.0, 1.0, 9.0, -9.0, np.nan]))
    array([ 1.,  2.,  3.,  5., nan])
    """
    numbers = 1.0 + np.searchsorted(indicator.cuts, values, side="right")
    if indicator.seen_range is not None:
        lowest, highest = indicator.seen_range
        numbers[values < lowest] = 0
        numbers[values > highest] = len(indicator.points) + 1
    for offset, special in enumerate(indicator.special, len(indicator.points) + 2):
        numbers[values == special.value] = offset
    # NaN sorts above every cut.
    numbers[np.isnan(values)] = np.nan
    return numbers


def edges_of_bins(indicator: Indicator, numbers: Array) -> BinEdges:
    """Edges of numbered bins (``bin_numbers``); NaN on all sides where the value is missing.

    >>> indicator = Indicator(feature="f", cuts=(1.0, 5.0), points=(0, 1, 2), missing=0)
    >>> edges_of_bins(indicator, np.array([1.0, 2.0, np.nan])).below
    array([ 1.,  5., nan])
    """
    lowest, highest = indicator.seen_range or (np.nan, np.nan)
    specials = [special.value for special in indicator.special]
    no_edges = [np.nan] * len(specials)
    rows = np.array(
        [
            [np.nan, np.nan, *indicator.cuts, highest, *no_edges],
            [lowest, *indicator.cuts, np.nan, np.nan, *no_edges],
            [np.nan] * (len(indicator.points) + 2) + specials,
        ]
    )
    is_missing = np.isnan(numbers)
    edges = rows[:, np.where(is_missing, 0, numbers).astype(np.int64)]
    return BinEdges(*np.where(is_missing, np.nan, edges))
