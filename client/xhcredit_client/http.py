"""Synchronous and asynchronous API client over httpx."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import httpx

from xhcredit_client.errors import Unreachable
from xhcredit_client.requests import (
    ApiRequest,
    QueryValue,
    RequestPolicy,
    batch_requests,
    changes_request,
    idempotent_request,
    json_body,
    retry_delay,
    watchlist,
)
from xhcredit_client.types import Changes, Score, WatchlistRow


def _unreachable(address: httpx.URL, cause: object) -> Unreachable:
    return Unreachable(f"{address} does not answer ({cause}); try again later")


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
        self._policy = RequestPolicy(key, purpose, tries)
        self._http = httpx.Client(base_url=address, timeout=timeout, headers=self._policy.headers())

    def score(self, code: str) -> Score:
        """The current result of an enterprise.

        Raises:
            Problem: the code is wrong, unknown, or not for this key.
            Unreachable: no answer after all tries.
        """
        return self._policy.read_score(code, self._send(self._policy.score_request(code)))

    def scores(self, codes: Sequence[str]) -> dict[str, Score]:
        """Results of many enterprises by code; those that the run lacks are left out."""
        score_bodies = [
            s
            for batch_request in batch_requests(codes)
            for s in json_body(self._send(batch_request))["scores"]
        ]
        return {body["code"]: Score.of(body) for body in score_bodies}

    def watchlist(self, **filters: QueryValue) -> Iterator[WatchlistRow]:
        """Every row of the watchlist, page after page, all of one run.

        ``filters`` are those of the API: ``tier``, ``street``, ``field``, ``moved``, ``sort`` …
        """
        cursor: str | None = None
        while True:
            page = json_body(self._send(watchlist(cursor, filters)))
            yield from (WatchlistRow.of(row) for row in page["enterprises"])
            cursor = page["next"]
            if cursor is None:
                return

    def changes(self, after: str = "", kinds: Sequence[str] = ()) -> Changes:
        """What changed since a cursor, at most a thousand changes.

        ``after`` is ``next`` of the call before, ``"now"`` for what comes from now on, or empty:
        from the oldest that is there.  ``kinds``: tier, score, listing, supervision, alert.

        Raises:
            Problem: ``cursor_gone`` (410) after too long an absence, or the cursor is no good.
        """
        return Changes.of(json_body(self._send(changes_request(after, kinds))))

    def get(self, path: str, **params: QueryValue) -> Any:
        """The JSON of another address."""
        return json_body(self._send(ApiRequest("GET", path, params)))

    def post(self, path: str, body: object, *, once: str = "") -> Any:
        """Send something; however often it is tried, it is done once.

        With a key ``once`` that also holds for the same call again, even by another process.
        """
        return json_body(self._send(idempotent_request(path, body, once)))

    def _send(self, api_request: ApiRequest) -> httpx.Response:
        failure: object = ""
        for pause in (*self._policy.pauses(), 0.0):
            delay_seconds: float | None = pause
            try:
                response = self._http.request(
                    api_request.method,
                    api_request.path,
                    params=dict(api_request.params),
                    json=api_request.body,
                    headers=dict(api_request.headers),
                )
                delay_seconds, failure = retry_delay(response, pause), response.status_code
            except httpx.TransportError as error:
                failure = error
            if delay_seconds is None:
                return response
            time.sleep(delay_seconds)
        raise _unreachable(self._http.base_url, failure)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class AsyncClient:
    """As ``Client``, to be awaited."""

    def __init__(
        self, address: str, key: str, purpose: str, *, timeout: float = 10, tries: int = 4
    ) -> None:
        """Open connections as they are needed."""
        self._policy = RequestPolicy(key, purpose, tries)
        self._http = httpx.AsyncClient(
            base_url=address, timeout=timeout, headers=self._policy.headers()
        )

    async def score(self, code: str) -> Score:
        """The current result of an enterprise; see ``Client.score``."""
        return self._policy.read_score(code, await self._send(self._policy.score_request(code)))

    async def scores(self, codes: Sequence[str]) -> dict[str, Score]:
        """Results of many enterprises by code; see ``Client.scores``."""
        batch_bodies = [
            json_body(await self._send(batch_request)) for batch_request in batch_requests(codes)
        ]
        return {s["code"]: Score.of(s) for batch_body in batch_bodies for s in batch_body["scores"]}

    async def watchlist(self, **filters: QueryValue) -> AsyncIterator[WatchlistRow]:
        """Every row of the watchlist; see ``Client.watchlist``."""
        cursor: str | None = None
        while True:
            page = json_body(await self._send(watchlist(cursor, filters)))
            for row in page["enterprises"]:
                yield WatchlistRow.of(row)
            cursor = page["next"]
            if cursor is None:
                return

    async def changes(self, after: str = "", kinds: Sequence[str] = ()) -> Changes:
        """What changed since a cursor; see ``Client.changes``."""
        return Changes.of(json_body(await self._send(changes_request(after, kinds))))

    async def get(self, path: str, **params: QueryValue) -> Any:
        """The JSON of another address."""
        return json_body(await self._send(ApiRequest("GET", path, params)))

    async def post(self, path: str, body: object, *, once: str = "") -> Any:
        """Send something once; see ``Client.post``."""
        return json_body(await self._send(idempotent_request(path, body, once)))

    async def _send(self, api_request: ApiRequest) -> httpx.Response:
        failure: object = ""
        for pause in (*self._policy.pauses(), 0.0):
            delay_seconds: float | None = pause
            try:
                response = await self._http.request(
                    api_request.method,
                    api_request.path,
                    params=dict(api_request.params),
                    json=api_request.body,
                    headers=dict(api_request.headers),
                )
                delay_seconds, failure = retry_delay(response, pause), response.status_code
            except httpx.TransportError as error:
                failure = error
            if delay_seconds is None:
                return response
            await asyncio.sleep(delay_seconds)
        raise _unreachable(self._http.base_url, failure)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()
