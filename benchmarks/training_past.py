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
    _, key_of_row = np.unique(key, return_inverse=True)
    order = np.lexsort((day, key_of_row))
    share, count = np.full(day.size, average), np.zeros(day.size)
    edges = np.flatnonzero(np.append(True, np.diff(key_of_row[order]) != 0))
    for rows in np.split(order, edges[1:]):
        own_days = day[rows]
        limit = own_days - lag if known_until is None else np.minimum(own_days - lag, known_until)
        if half_life:
            for n, row in enumerate(rows):
                in_window = own_days <= limit[n]
                w = 0.5 ** ((own_days[n] - own_days[in_window]) / half_life)
                count[row], hit = w.sum(), (w * bad[rows][in_window]).sum()
                share[row] = (hit + prior * average) / (w.sum() + prior)
            continue
        upto = np.searchsorted(own_days, limit, side="right")
        hits = np.append(0, np.cumsum(bad[rows]))[upto]
        count[rows] = upto
        share[rows] = (hits + prior * average) / (upto + prior)
    return share, count


def last(key: np.ndarray, day: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Value of the same key at its latest earlier day, and days since; NaN if there was none."""
    _, key_of_row = np.unique(key, return_inverse=True)
    order = np.lexsort((day, key_of_row))
    last_values, since = np.full(day.size, np.nan), np.full(day.size, np.nan)
    later, before = order[1:], order[:-1]
    same = (key_of_row[later] == key_of_row[before]) & (day[later] > day[before])
    last_values[later[same]] = value[before[same]]
    since[later[same]] = day[later[same]] - day[before[same]]
    return last_values, since
