"""Days as whole numbers since 1970-01-01, and the quarters of the observed period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

NEVER = 10**6  # a day that does not come


def day(year: int, month: int, number: int) -> int:
    """Day number of a date.

    >>> day(1970, 1, 2)
    1
    """
    return date(year, month, number).toordinal() - date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Calendar:
    """The observed period, day ``first`` to day ``last``, cut into calendar quarters."""

    first: int
    last: int
    starts: Ints
    ends: Ints  # the day after each quarter's last day
    years: Ints

    @classmethod
    def between(cls, first: date, last: date) -> Calendar:
        """The quarters that touch the period; the outer ones are cut to it."""
        begin = first.year * 4 + (first.month - 1) // 3
        finish = last.year * 4 + (last.month - 1) // 3
        quarters = range(begin, finish + 2)
        edges = np.array([day(q // 4, q % 4 * 3 + 1, 1) for q in quarters])
        low, high = day(first.year, first.month, first.day), day(last.year, last.month, last.day)
        inner = np.clip(edges, low, high + 1)
        years = np.array([q // 4 for q in quarters])[:-1]
        return cls(low, high, inner[:-1], inner[1:], years)

    def __len__(self) -> int:
        return len(self.starts)

    def quarter_of(self, days: Ints) -> Ints:
        """Index of each day's quarter; days outside the period get the nearest one."""
        return np.clip(np.searchsorted(self.starts, days, side="right") - 1, 0, len(self) - 1)

    def names(self) -> list[str]:
        """``2023Q1`` and so on."""
        months = self.starts.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
        return [f"{y}Q{m // 3 + 1}" for y, m in zip(self.years, months, strict=True)]
