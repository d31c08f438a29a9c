"""What officials can see at the start of a quarter, as points; it makes the observed class."""

from __future__ import annotations

import numpy as np

from .calendar import Calendar, Floats, Ints

WINDOW = 8  # quarters back that count
STEPS = (0.5, 1.9, 4.0)  # points from which the class is B, C, D


class Ledger:
    """Points per enterprise and quarter, by the day on which a fact became known."""

    def __init__(self, size: int, calendar: Calendar) -> None:
        self.calendar = calendar
        self.points = np.zeros((size, len(calendar)), np.float32)

    def add(self, who: Ints, known: Ints, points: float | Floats) -> None:
        """Count facts; what becomes known outside the period does not count."""
        inside = (known >= self.calendar.first) & (known <= self.calendar.last)
        weights = np.broadcast_to(np.float32(points), known.shape)[inside]
        at = (who[inside], self.calendar.quarter_of(known[inside]))
        np.add.at(self.points, at, weights)

    def classes(self, quarter: int) -> Ints:
        """Observed class 0 A to 3 D at the start of a quarter, from the quarters before."""
        seen = self.points[:, max(0, quarter - WINDOW) : quarter].sum(axis=1)
        return np.searchsorted(STEPS, seen, side="right")
