"""Requests, retry policy, ETag cache and response reading, shared by both clients."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from xhcredit_client.errors import Problem
from xhcredit_client.types import Score

MAX_CODES = 10_000  #: of one batch
_BUSY = 503
_NOT_MODIFIED = 304
_MAX_CACHED = 10_000  #: answers held for their tags

_Scalar = str | int | float | bool | None
#: a parameter of an address; a sequence repeats it
QueryValue = _Scalar | Sequence[_Scalar]


@dataclass(frozen=True)
class ApiRequest:
    """One request."""

    method: str
    path: str
    params: Mapping[str, QueryValue] = field(default_factory=dict)
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


# Retries and the ETag cache are by hand, so that httpx stays the only dependency.  The libraries at
# hand would not be safer here: a retry decorator (stamina) logs the arguments of each retried call,
# which are codes of enterprises, unless switched off for the whole process; a caching transport
# (hishel 2.0) serves answers marked no-store from its cache unless told to obey headers.
@dataclass
class RequestPolicy:
    """Request policy: API key, purpose, retries and backoff."""

    key: str
    purpose: str
    tries: int = 4
    first_pause: float = 0.25
    _cached_scores: dict[str, tuple[str, Score]] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        """Headers of every request, with the purpose percent-encoded."""
        return {"Authorization": f"Bearer {self.key}", "X-Purpose": quote(self.purpose)}

    def pauses(self) -> Iterator[float]:
        """Seconds between tries: doubled each time, and always the same."""
        for attempt in range(self.tries - 1):
            yield self.first_pause * 2**attempt

    def score_request(self, code: str) -> ApiRequest:
        """The current result, if it changed since it was asked last."""
        cached = self._cached_scores.get(code)
        etag_headers = {"If-None-Match": cached[0]} if cached else {}
        return ApiRequest(
            "GET", f"/v1/enterprises/{quote(code, safe='')}/score", headers=etag_headers
        )

    def read_score(self, code: str, response: httpx.Response) -> Score:
        """The score, from the response or from the ETag cache."""
        cached = self._cached_scores.get(code)
        if response.status_code == _NOT_MODIFIED and cached:
            return cached[1]
        score = Score.of(json_body(response))
        if len(self._cached_scores) >= _MAX_CACHED:
            self._cached_scores.clear()
        self._cached_scores[code] = response.headers.get("etag", ""), score
        return score


def batch_requests(codes: Sequence[str]) -> Iterator[ApiRequest]:
    """Requests for many codes, in parts that the service takes."""
    for start in range(0, len(codes), MAX_CODES):
        yield ApiRequest(
            "POST", "/v1/scores:batch", body={"codes": list(codes[start : start + MAX_CODES])}
        )


def idempotent_request(path: str, body: object, idempotency_key: str) -> ApiRequest:
    """Something to be done; every try carries the same key, since an answer may be lost."""
    headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
    return ApiRequest("POST", path, body=body, headers=headers)


def watchlist(cursor: str | None, filters: Mapping[str, QueryValue]) -> ApiRequest:
    """A page of the watchlist."""
    params: dict[str, QueryValue] = {k: v for k, v in filters.items() if v is not None}
    return ApiRequest("GET", "/v1/watchlist", {**params, **({"after": cursor} if cursor else {})})


def changes_request(after: str, kinds: Sequence[str]) -> ApiRequest:
    """A page of changes, as large as the service gives."""
    cursor = {"after": after} if after else {}
    return ApiRequest("GET", "/v1/changes", {"kinds": list(kinds), "limit": 1000, **cursor})


def retry_delay(response: httpx.Response, pause: float) -> float | None:
    """Seconds after which to ask again; None if the answer is final."""
    if response.status_code != _BUSY:
        return None
    retry_after = response.headers.get("retry-after", "")
    return max(pause, float(retry_after)) if retry_after.isdecimal() else pause


def json_body(response: httpx.Response) -> Any:
    """The answer's JSON.

    Raises:
        Problem: the service refused.
    """
    if response.is_success:
        return response.json()
    try:
        body = response.json()
    except ValueError:
        body = {"status": response.status_code, "detail": response.text[:200]}
    raise Problem(body)
