"""Read log: audits reads before the answer goes out; many reads share one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from xhcredit.errors import StoreUnavailable, XhcreditError
from xhcredit.store.core.transactions import Act
from xhcredit_serving.http.problems import Refusal

MAX_WAITING = 2_000  #: reads that may wait for their commit; beyond it, nobody new is let in
GROUP_SIZE = 500  #: entries of one commit
#: rounds of the loop before a commit: who was answered just now asks again, and shares it
GATHER_ROUNDS = 5

TASK_NAME = "journal"  #: of the task that commits, for who watches over it
WaitingAct = tuple[Act, "asyncio.Future[None]"]


class CommitMonitor(Protocol):
    """Monitor of the commits of the read log."""

    def worked(self, name: str) -> None:
        """A commit went well."""

    def failed(self, name: str, error: BaseException | None) -> object:
        """A commit failed unexpectedly (not a store error with a message)."""


@dataclass
class Journal:
    """Commits acts through ``record`` in groups; ``note`` returns when an act is durable."""

    record: Callable[[Sequence[Act]], int]
    monitor: CommitMonitor | None = None
    limit: int = MAX_WAITING
    _waiting: list[WaitingAct] = field(default_factory=list)
    _writer: asyncio.Task[None] | None = None
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="journal")
    )

    async def note(self, act: Act) -> None:
        """Commit an act; return when it is on disk.

        Raises:
            Refusal: too many are waiting already.
            StoreUnavailable: the database did not take it; then nothing may be shown.
        """
        if len(self._waiting) >= self.limit:
            raise Refusal("overloaded", "too many reads wait to be recorded; try again")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((act, future))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        await future

    async def _write(self) -> None:
        """Commit groups until nothing waits; while one is committed, the next one gathers."""
        try:
            while self._waiting:
                for _ in range(GATHER_ROUNDS):
                    await asyncio.sleep(0)
                group, self._waiting = self._waiting[:GROUP_SIZE], self._waiting[GROUP_SIZE:]
                await self._commit(group)
        finally:
            self._writer = None

    async def _commit(self, group: Sequence[WaitingAct]) -> None:
        """Commit a group; resolve the future of each act, whatever happens."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self.record, [act for act, _ in group])
        except Exception as error:
            _resolve_futures(group, error)
            if self.monitor and not isinstance(error, XhcreditError):  # these are told in words
                self.monitor.failed(TASK_NAME, error)
        except BaseException as error:  # cancelled: by who stops the service, or from inside
            _resolve_futures(
                group, StoreUnavailable("what was read could not be recorded; ask again")
            )
            task = asyncio.current_task()
            if task is None or task.cancelling() or not isinstance(error, asyncio.CancelledError):
                raise
            if self.monitor:
                self.monitor.failed(TASK_NAME, error)
        else:
            _resolve_futures(group, None)
            if self.monitor:
                self.monitor.worked(TASK_NAME)

    async def probe(self) -> None:
        """Commit nothing, to learn whether commits go well again."""
        await self._commit(())

    def close(self) -> None:
        """Wait for the commit that is under way."""
        self._thread.shutdown()


def _resolve_futures(group: Sequence[WaitingAct], error: Exception | None) -> None:
    """Resolve the futures of waiting acts; cancelled ones are skipped."""
    for _, future in group:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
