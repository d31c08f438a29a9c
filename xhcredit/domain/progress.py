"""Progress callback of long work: stage, how much of it is done, how much there is."""

from __future__ import annotations

from collections.abc import Callable

#: called with the name of the stage, how much of it is done, and how much there is in all
Progress = Callable[[str, int, int], None]


def ignore_progress(stage: str, done: int, total: int) -> None:
    """Ignore progress: nobody watches."""
