"""Supervisor of background tasks: restarts with backoff, metrics, readiness.

A task of the event loop that nobody awaits ends without a word.  Every background task of the
service therefore runs under a supervisor: its end is logged with its trace, counted in
``/metrics``, told by ``/readyz``, and it starts again after a pause that grows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge
from structlog.typing import FilteringBoundLogger

from xhcredit.domain.backoff import pause_after, random_share

#: a task, given what it calls after each round that went well
BackgroundTask = Callable[[Callable[[], None]], Awaitable[None]]


class TaskMeters:
    """Prometheus metrics of background tasks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.failures = Counter(
            "xhcredit_background_failures",
            "Ends of background tasks that were not asked for",
            ["task"],
            registry=registry,
        )
        self.up = Gauge(
            "xhcredit_background_up",
            "Whether a background task works (of workers: the lowest)",
            ["task"],
            registry=registry,
            multiprocess_mode="livemin",
        )


@dataclass
class Supervisor:
    """Runs background tasks; ``down`` names those that do not work now.

    ``pause`` and ``share`` are handed in by tests that must not wait.
    """

    meters: TaskMeters
    log: FilteringBoundLogger
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    share: Callable[[], float] = random_share
    _failures: dict[str, int] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def down(self) -> list[str]:
        """Names of the tasks whose last round failed."""
        return sorted(name for name, count in self._failures.items() if count)

    def start(self, name: str, work: BackgroundTask) -> None:
        """Run ``work`` until ``stop``, again and again whatever ends it."""
        self.worked(name)
        task = asyncio.create_task(self._run_forever(name, work), name=name)
        # The event loop keeps weak references only: a task that nobody holds may vanish while
        # it waits.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Cancel every task of this event loop and wait until each has ended.

        One application may be started in two event loops (a tool that drives it in process does
        so beside a server); each stops what it has started.
        """
        loop = asyncio.get_running_loop()
        tasks = [task for task in self._tasks if task.get_loop() is loop]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def worked(self, name: str) -> None:
        """Note that a round of a task went well."""
        if self._failures.get(name) != 0:
            if self._failures.get(name):
                self.log.info("background.recovered", task=name, failures=self._failures[name])
            self._failures[name] = 0
            self.meters.up.labels(name).set(1)
            self.meters.failures.labels(name)  # so that it is told from the beginning

    def failed(self, name: str, error: BaseException | None) -> float:
        """Note that a task ended, by an error or by itself; return the seconds to wait."""
        self._failures[name] = self._failures.get(name, 0) + 1
        seconds = pause_after(self._failures[name], self.share())
        self.meters.up.labels(name).set(0)
        self.meters.failures.labels(name).inc()
        why = "returned" if error is None else f"{type(error).__name__}: {error}"
        self.log.error(
            "background.failed",
            task=name,
            error=why,
            failures=self._failures[name],
            again_in=round(seconds, 3),
            exc_info=error,
        )
        return seconds

    async def _run_forever(self, name: str, work: BackgroundTask) -> None:
        while True:
            error: BaseException | None = None
            try:
                await work(lambda: self.worked(name))
            except asyncio.CancelledError as cancelled:
                task = asyncio.current_task()
                # Both arrive as CancelledError; only `cancelling` tells a stop from a
                # cancellation further in.
                if task is not None and task.cancelling():  # we are asked to stop
                    raise
                error = cancelled  # something inside was cancelled, not we
            except Exception as task_error:  # of every kind: this is who is told of it
                error = task_error
            await self.pause(self.failed(name, error))
