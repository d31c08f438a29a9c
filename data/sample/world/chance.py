"""Chance, vectorised: arrivals of events, delays, choices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .calendar import NEVER, Calendar, Floats, Ints

Rng = np.random.Generator


def sigmoid(x: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Probability of log-odds."""
    return 1 / (1 + np.exp(-x))


def arrivals(rng: Rng, expected: Floats) -> tuple[Ints, Ints]:
    """Poisson events for a matrix of expected numbers (enterprise x quarter).

    The sum of independent Poisson counts is Poisson, and given the sum the events fall on cells in
    proportion; so only as much chance is drawn as there are events.

    Returns:
        Row and quarter of every event, by row.
    """
    edges = np.cumsum(expected, axis=None, dtype=np.float64)
    total = rng.poisson(edges[-1]) if edges.size else 0
    places = np.sort(rng.random(total)) * (edges[-1] if edges.size else 0)
    cells = np.minimum(np.searchsorted(edges, places, side="right"), edges.size - 1)
    return cells // expected.shape[1], cells % expected.shape[1]


def day_in(rng: Rng, quarter: Ints, calendar: Calendar, born: Ints, dead: Ints) -> Ints:
    """A day of the quarter on which the enterprise (its life given per event) existed."""
    low = np.maximum(calendar.starts[quarter], born)
    high = np.maximum(np.minimum(calendar.ends[quarter], dead), low + 1)
    return low + (rng.random(len(quarter)) * (high - low)).astype(np.int64)


def delay(rng: Rng, size: int, median: float, sigma: float = 1.0, most: int = 400) -> Ints:
    """Days until something follows: at least one, log-normal, never more than ``most``."""
    days = np.exp(np.log(median) + sigma * rng.standard_normal(size))
    return np.clip(days, 1, most).astype(np.int64)


def pick(rng: Rng, size: int, weights: list[float]) -> Ints:
    """Positions 0, 1, ... with the given weights."""
    edges = np.cumsum(weights) / np.sum(weights)
    return np.minimum(np.searchsorted(edges, rng.random(size), side="right"), len(weights) - 1)


def sometimes(rng: Rng, days: Ints, chance: float | npt.NDArray[np.floating]) -> Ints:
    """Keep each day with the given chance; the others never come."""
    return np.where(rng.random(len(days)) < chance, days, NEVER)
