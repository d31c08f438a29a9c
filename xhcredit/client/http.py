"""Synchronous and asynchronous API client over httpx."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from types import TracebackType
from typing import Any

import httpx

from xhcredit.client.errors import Unreachable
from xhcredit.client.requests import Asking, Manner, again, batches, read, sending, watchlist
from xhcredit.client.types import Listed, Score


def _gone(address: Any, why: object) -> Unreachable:
    return Unreachable(f"{address} does not answer ({why}); try again later")


class Client:
    """Asks the service and waits for the answer.

    ::

        with Client("http://127.0.0.1:8000", "xhc_…", "日常监管") as client:
            client.score("91310000MA1HLG344Q").tier  # 'B'

    Args:
        address: where the service is.
        key: ``xhc_…``; keep it out of the program's text.
        purpose: why enterprises are read; kept with every read.
        timeout: seconds for one try.
        tries: how often to try when the service is busy or away.
    """

    def __init__(
        self, address: str, key: str, purpose: str, *, timeout: float = 10, tries: int = 4
    ) -> None:
        """Open connections as they are needed."""
        self._manner = Manner(key, purpose, tries)
        self._http = httpx.Client(base_url=address, timeout=timeout, headers=self._manner.headers())

    def score(self, code: str) -> Score:
        """The current result of an enterprise.

        Raises:
            Problem: the code is wrong, unknown, or not for this key.
            Unreachable: no answer after all tries.
        """
        return self._manner.read_score(code, self._ask(self._manner.score(code)))

    def scores(self, codes: Sequence[str]) -> dict[str, Score]:
        """Results of many enterprises by code; those that the run lacks are left out."""
        found = [s for asked in batches(codes) for s in read(self._ask(asked))["scores"]]
        return {body["code"]: Score.of(body) for body in found}

    def watchlist(self, **filters: Any) -> Iterator[Listed]:
        """Every row of the watchlist, page after page, all of one run.

        ``filters`` are those of the API: ``tier``, ``street``, ``field``, ``moved``, ``sort`` …
        """
        cursor: str | None = None
        while True:
            page = read(self._ask(watchlist(cursor, filters)))
            yield from (Listed.of(row) for row in page["enterprises"])
            cursor = page["next"]
            if cursor is None:
                return

    def get(self, path: str, **params: Any) -> Any:
        """Any other address, as JSON."""
        return read(self._ask(Asking("GET", path, params)))

    def post(self, path: str, body: Any, *, once: str = "") -> Any:
        """Send something; however often it is tried, it is done once.

        With a key ``once`` that also holds for the same call again, even by another process.
        """
        return read(self._ask(sending(path, body, once)))

    def _ask(self, asked: Asking) -> httpx.Response:
        why: object = ""
        for pause in (*self._manner.pauses(), 0.0):
            wait: float | None = pause
            try:
                answer = self._http.request(
                    asked.method,
                    asked.path,
                    params=dict(asked.params),
                    json=asked.body,
                    headers=dict(asked.headers),
                )
                wait, why = again(answer, pause), answer.status_code
            except httpx.TransportError as error:
                why = error
            if wait is None:
                return answer
            time.sleep(wait)
        raise _gone(self._http.base_url, why)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient:
    """As ``Client``, to be awaited."""

    def __init__(
        self, address: str, key: str, purpose: str, *, timeout: float = 10, tries: int = 4
    ) -> None:
        """Open connections as they are needed."""
        self._manner = Manner(key, purpose, tries)
        self._http = httpx.AsyncClient(
            base_url=address, timeout=timeout, headers=self._manner.headers()
        )

    async def score(self, code: str) -> Score:
        """The current result of an enterprise; see ``Client.score``."""
        return self._manner.read_score(code, await self._ask(self._manner.score(code)))

    async def scores(self, codes: Sequence[str]) -> dict[str, Score]:
        """Results of many enterprises by code; see ``Client.scores``."""
        parts = [read(await self._ask(asked)) for asked in batches(codes)]
        return {s["code"]: Score.of(s) for part in parts for s in part["scores"]}

    async def watchlist(self, **filters: Any) -> AsyncIterator[Listed]:
        """Every row of the watchlist; see ``Client.watchlist``."""
        cursor: str | None = None
        while True:
            page = read(await self._ask(watchlist(cursor, filters)))
            for row in page["enterprises"]:
                yield Listed.of(row)
            cursor = page["next"]
            if cursor is None:
                return

    async def get(self, path: str, **params: Any) -> Any:
        """Any other address, as JSON."""
        return read(await self._ask(Asking("GET", path, params)))

    async def post(self, path: str, body: Any, *, once: str = "") -> Any:
        """Send something once; see ``Client.post``."""
        return read(await self._ask(sending(path, body, once)))

    async def _ask(self, asked: Asking) -> httpx.Response:
        why: object = ""
        for pause in (*self._manner.pauses(), 0.0):
            wait: float | None = pause
            try:
                answer = await self._http.request(
                    asked.method,
                    asked.path,
                    params=dict(asked.params),
                    json=asked.body,
                    headers=dict(asked.headers),
                )
                wait, why = again(answer, pause), answer.status_code
            except httpx.TransportError as error:
                why = error
            if wait is None:
                return answer
            await asyncio.sleep(wait)
        raise _gone(self._http.base_url, why)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
