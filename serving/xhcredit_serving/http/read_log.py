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

WAITING = 2_000  #: reads that may wait for their commit; beyond it, nobody new is let in
GROUP = 500  #: entries of one commit
#: rounds of the loop before a commit: who was answered just now asks again, and shares it
GATHER = 5

NAME = "journal"  #: of the task that commits, for who watches over it
Waiting = tuple[Act, "asyncio.Future[None]"]


class Watched(Protocol):
    """Monitor of the commits of the read log."""

    def worked(self, name: str) -> None:
        """A commit went well."""

    def failed(self, name: str, error: BaseException | None) -> object:
        """A commit failed unexpectedly (not a store error with a message)."""


@dataclass
class Journal:
    """Commits acts through ``record`` in groups; ``note`` returns when an act is durable."""

    record: Callable[[Sequence[Act]], int]
    watched: Watched | None = None
    limit: int = WAITING
    _waiting: list[Waiting] = field(default_factory=list)
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
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((act, kept))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        await kept

    async def _write(self) -> None:
        """Commit groups until nothing waits; while one is committed, the next one gathers."""
        try:
            while self._waiting:
                for _ in range(GATHER):
                    await asyncio.sleep(0)
                group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
                await self._commit(group)
        finally:
            self._writer = None

    async def _commit(self, group: Sequence[Waiting]) -> None:
        """Commit a group; resolve the future of each act, whatever happens."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self.record, [a for a, _ in group])
        except Exception as error:
            _tell(group, error)
            if self.watched and not isinstance(error, XhcreditError):  # these are told in words
                self.watched.failed(NAME, error)
        except BaseException as error:  # cancelled: by who stops the service, or from inside
            _tell(group, StoreUnavailable("what was read could not be recorded; ask again"))
            task = asyncio.current_task()
            if task is None or task.cancelling() or not isinstance(error, asyncio.CancelledError):
                raise
            if self.watched:
                self.watched.failed(NAME, error)
        else:
            _tell(group, None)
            if self.watched:
                self.watched.worked(NAME)

    async def probe(self) -> None:
        """Commit nothing, to learn whether commits go well again."""
        await self._commit(())

    def close(self) -> None:
        """Wait for the commit that is under way."""
        self._thread.shutdown()


def _tell(group: Sequence[Waiting], error: Exception | None) -> None:
    """Resolve the futures of waiting acts; cancelled ones are skipped."""
    for _, kept in group:
        if kept.done():
            continue
        if error is None:
            kept.set_result(None)
        else:
            kept.set_exception(error)
