"""Requests, retry policy, ETag cache and response reading, shared by both clients."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from xhcredit.client.errors import Problem
from xhcredit.client.types import Score

MOST_CODES = 10_000  #: of one batch
_BUSY = 503
_UNCHANGED = 304
_KEPT = 10_000  #: answers held for their tags


@dataclass(frozen=True)
class Asking:
    """One request."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Manner:
    """Request policy: API key, purpose, retries and backoff."""

    key: str
    purpose: str
    tries: int = 4
    wait: float = 0.25
    _tags: dict[str, tuple[str, Score]] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        """Headers of every request, with the purpose percent-encoded."""
        return {"Authorization": f"Bearer {self.key}", "X-Purpose": quote(self.purpose)}

    def pauses(self) -> Iterator[float]:
        """Seconds between tries: doubled each time, and always the same."""
        for number in range(self.tries - 1):
            yield self.wait * 2**number

    def score(self, code: str) -> Asking:
        """The current result, if it changed since it was asked last."""
        held = self._tags.get(code)
        tag = {"If-None-Match": held[0]} if held else {}
        return Asking("GET", f"/v1/enterprises/{quote(code, safe='')}/score", headers=tag)

    def read_score(self, code: str, answer: httpx.Response) -> Score:
        """The score, from the response or from the ETag cache."""
        held = self._tags.get(code)
        if answer.status_code == _UNCHANGED and held:
            return held[1]
        score = Score.of(read(answer))
        if len(self._tags) >= _KEPT:
            self._tags.clear()
        self._tags[code] = answer.headers.get("etag", ""), score
        return score


def batches(codes: Sequence[str]) -> Iterator[Asking]:
    """Requests for many codes, in parts that the service takes."""
    for at in range(0, len(codes), MOST_CODES):
        yield Asking("POST", "/v1/scores:batch", body={"codes": list(codes[at : at + MOST_CODES])})


def sending(path: str, body: Any, once: str) -> Asking:
    """Something to be done; every try carries the same key, since an answer may be lost."""
    headers = {"Idempotency-Key": once or str(uuid.uuid4())}
    return Asking("POST", path, body=body, headers=headers)


def watchlist(cursor: str | None, filters: Mapping[str, Any]) -> Asking:
    """A page of the watchlist."""
    params = {k: v for k, v in filters.items() if v is not None}
    return Asking("GET", "/v1/watchlist", {**params, **({"cursor": cursor} if cursor else {})})


def again(answer: httpx.Response, pause: float) -> float | None:
    """Seconds after which to ask again; None if the answer is final."""
    if answer.status_code != _BUSY:
        return None
    told = answer.headers.get("retry-after", "")
    return max(pause, float(told)) if told.isdecimal() else pause


def read(answer: httpx.Response) -> Any:
    """The answer's JSON.

    Raises:
        Problem: the service refused.
    """
    if answer.is_success:
        return answer.json()
    try:
        body = answer.json()
    except ValueError:
        body = {"status": answer.status_code, "detail": answer.text[:200]}
    raise Problem(body)
