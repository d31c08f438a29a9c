"""Schedule of demo tasks: run in order of their moments, each may add later ones."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, time

from xhcredit.jobs.demo.environment import AFTERNOON, MORNING, DemoEnvironment

Task = Callable[[], None]


@dataclass
class Schedule:
    """Schedule of tasks; tasks of one moment run in the order of entry."""

    environment: DemoEnvironment
    _pending_tasks: list[tuple[date, time, int, str, Task]] = field(default_factory=list)
    _task_count: int = 0

    def add_task(self, day: date, label: str, task: Task, hour: time = MORNING) -> None:
        """Write a task down for an hour of a day; ``label`` is shown while it is done."""
        heapq.heappush(self._pending_tasks, (day, hour, self._task_count, label, task))
        self._task_count += 1

    def add_after_working_days(self, day: date, count: int, label: str, task: Task) -> None:
        """Write a task down for the afternoon of the working day so many after a day."""
        self.add_task(
            self.environment.rules.calendar.add_working_days(day, count), label, task, AFTERNOON
        )

    def run(self, until: date, hour: time) -> None:
        """Do everything up to a moment, the clock set forward from task to task.

        What is written for later stays undone: the demo ends in the middle of its work.
        """
        done_count = 0
        while self._pending_tasks and self._pending_tasks[0][:2] <= (until, hour):
            day, task_hour, _, label, task = heapq.heappop(self._pending_tasks)
            self.environment.progress(
                f"{day} {label}", done_count, done_count + len(self._pending_tasks) + 1
            )
            self.environment.advance_clock(day, task_hour)
            task()
            done_count += 1
