"""What was known before: shares of earlier bad outcomes, strictly earlier, by any key."""

from __future__ import annotations

import numpy as np


def past(
    key: np.ndarray,
    day: np.ndarray,
    bad: np.ndarray,
    *,
    prior: float,
    lag: int = 1,
    known_until: int | None = None,
    half_life: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Smoothed share of earlier bad outcomes of the same key, and how many there were.

    Only outcomes at least ``lag`` days earlier count, and none after ``known_until``.  With a
    ``half_life`` in days, older outcomes weigh less.
    """
    average = float(bad[day <= known_until].mean() if known_until is not None else bad.mean())
    _, at = np.unique(key, return_inverse=True)
    order = np.lexsort((day, at))
    share, count = np.full(day.size, average), np.zeros(day.size)
    edges = np.flatnonzero(np.append(True, np.diff(at[order]) != 0))
    for rows in np.split(order, edges[1:]):
        own = day[rows]
        limit = own - lag if known_until is None else np.minimum(own - lag, known_until)
        if half_life:
            for n, row in enumerate(rows):
                told = own <= limit[n]
                w = 0.5 ** ((own[n] - own[told]) / half_life)
                count[row], hit = w.sum(), (w * bad[rows][told]).sum()
                share[row] = (hit + prior * average) / (w.sum() + prior)
            continue
        upto = np.searchsorted(own, limit, side="right")
        hits = np.append(0, np.cumsum(bad[rows]))[upto]
        count[rows] = upto
        share[rows] = (hits + prior * average) / (upto + prior)
    return share, count


def last(key: np.ndarray, day: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Value of the same key at its latest earlier day, and days since; NaN if there was none."""
    _, at = np.unique(key, return_inverse=True)
    order = np.lexsort((day, at))
    found, since = np.full(day.size, np.nan), np.full(day.size, np.nan)
    one, before = order[1:], order[:-1]
    same = (at[one] == at[before]) & (day[one] > day[before])
    found[one[same]] = value[before[same]]
    since[one[same]] = day[one[same]] - day[before[same]]
    return found, since
