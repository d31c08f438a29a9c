"""Exponential backoff with jitter for restarts of failed work."""

from __future__ import annotations

import secrets

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0  #: seconds before the first restart, and at most
_DOUBLINGS = 16  #: beyond so many failures the pause has long been the longest


def pause_after(failures: int, share: float) -> float:
    """Seconds to wait after so many failures in a row, doubled each time.

    ``share`` (0 to 1) spreads workers apart: half of the pause is fixed, half is chance.

    >>> [pause_after(n, 1.0) for n in (1, 2, 3, 50)]
    [0.5, 1.0, 2.0, 60.0]
    >>> pause_after(1, 0.0)
    0.25
    """
    full_pause: float = min(FIRST_PAUSE * 2 ** min(failures - 1, _DOUBLINGS), LONGEST_PAUSE)
    return full_pause * (1 + share) / 2


def random_share() -> float:
    """A number from 0 to 1; it decides nothing but when work is tried again."""
    return secrets.randbelow(1001) / 1000
