"""Schedule of demo tasks: run in order of their moments, each may add later ones."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, time

from xhcredit.jobs.demo.environment import AFTERNOON, MORNING, Stage

Task = Callable[[], None]


@dataclass
class Diary:
    """Schedule of tasks; tasks of one moment run in the order of entry."""

    stage: Stage
    _waiting: list[tuple[date, time, int, str, Task]] = field(default_factory=list)
    _written: int = 0

    def on(self, day: date, what: str, task: Task, hour: time = MORNING) -> None:
        """Write a task down for an hour of a day; ``what`` is shown while it is done."""
        heapq.heappush(self._waiting, (day, hour, self._written, what, task))
        self._written += 1

    def working_days_after(self, day: date, count: int, what: str, task: Task) -> None:
        """Write a task down for the afternoon of the working day so many after a day."""
        self.on(self.stage.rules.calendar.add_working_days(day, count), what, task, AFTERNOON)

    def run(self, until: date, hour: time) -> None:
        """Do everything up to a moment, the clock set forward from task to task.

        What is written for later stays undone: the demo ends in the middle of its work.
        """
        done = 0
        while self._waiting and self._waiting[0][:2] <= (until, hour):
            day, at, _, what, task = heapq.heappop(self._waiting)
            self.stage.progress(f"{day} {what}", done, done + len(self._waiting) + 1)
            self.stage.goes_on_at(day, at)
            task()
            done += 1
