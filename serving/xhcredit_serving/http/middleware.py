"""Request middleware (plain ASGI): request id, concurrency cap, metrics, access log.

Starlette's BaseHTTPMiddleware alone costs twice what a whole request costs here.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TextIO

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from xhcredit.domain.log import json_lines, json_text, stamp
from xhcredit_serving.http.problems import TOO_LARGE, Refusal, incident, refused
from xhcredit_serving.supervisor import TaskMeters

#: names the folder through which workers share what they measured; read by prometheus_client too
SHARED_METERS = "PROMETHEUS_MULTIPROC_DIR"
#: numbers of requests that we take over from a gateway
_GIVEN = re.compile(rb"[A-Za-z0-9._-]{8,64}")
#: addresses that answer however busy we are
UNCAPPED = frozenset({"/healthz", "/readyz", "/metrics"})
#: with "no-referrer", browsers would hide even from ourselves which page a form came from
_ALWAYS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]


@dataclass
class Meters:
    """Prometheus metrics with their own registry."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        to = self.registry
        self._of: dict[tuple[str, str, int], tuple[Histogram, Counter]] = {}
        self.seconds = Histogram(
            "xhcredit_http_request_seconds",
            "Time to answer",
            ["route", "method"],
            registry=to,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30),
        )
        self.answers = Counter(
            "xhcredit_http_answers", "Answers by status", ["route", "status"], registry=to
        )
        self.in_flight = Gauge(
            "xhcredit_http_in_flight",
            "Requests being answered",
            registry=to,
            multiprocess_mode="livesum",
        )
        self.missing_notice = Gauge(
            "xhcredit_missing_notice_year",
            "Year whose notice on holidays should have been added by now; 0 if none",
            registry=to,
            multiprocess_mode="max",
        )
        self.run = Gauge(
            "xhcredit_current_run",
            "Number of the run that answers",
            registry=to,
            multiprocess_mode="max",
        )
        self.tasks = TaskMeters(to)

    def exposed(self) -> bytes:
        """Metrics of all workers in the Prometheus text format."""
        folder = os.environ.get(SHARED_METERS)
        if folder is None:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]  # untyped library
        return generate_latest(together)

    def of(self, route: str, method: str, status: int) -> tuple[Histogram, Counter]:
        """Histogram and counter of a kind of request; cached, as labels cost more than that."""
        kind = (route, method, status)
        if kind not in self._of:
            of = self.seconds.labels(route, method), self.answers.labels(route, str(status))
            self._of[kind] = of
        return self._of[kind]


def access_line(to: TextIO) -> Callable[[dict[str, Any]], None]:
    """Writer of access log lines, as ``json_lines`` does but at a third of the cost."""

    def write(line: dict[str, Any]) -> None:
        first = {"timestamp": stamp(), "level": "info", "event": "request"}
        to.write(json_text(first | line) + "\n")
        to.flush()

    return write


class Limits(NamedTuple):
    """Request limits: concurrency, body size, and time to receive the body."""

    in_flight: int
    body_bytes: int
    body_seconds: float


class Frame:
    """Wraps the application; see the module."""

    def __init__(
        self,
        app: ASGIApp,
        meters: Meters,
        log: TextIO,
        limits: Limits,
        problem_page: Callable[[Scope, Response], Response],
    ) -> None:
        """Wrap ``app``; ``log`` is where lines go, ``problem_page`` turns problems into pages."""
        self._app, self._meters, self._problem_page = app, meters, problem_page
        self._log, self._line = json_lines(log), access_line(log)
        self._limits, self._now = limits, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"])
        state = scope["state"] = dict(scope.get("state") or ())
        state["request_id"] = _request_id(told.get(b"x-request-id"))
        sent = _Sent(send, state["request_id"].encode())
        begun = time.perf_counter()
        self._now += 1
        try:
            refusal = self._refusal(scope["path"], told.get(b"content-length", b""))
            if refusal is not None:
                answer = self._as_page(scope, refused(state["request_id"], refusal))
                await answer(scope, receive, sent)
            else:
                limited = _Received(receive, self._limits)
                await self._guarded(scope, limited, sent)
        finally:
            self._now -= 1
            self._tell(scope, sent, time.perf_counter() - begun)

    def _refusal(self, path: str, length: bytes) -> Refusal | None:
        """Why a request is not even looked at."""
        if self._now > self._limits.in_flight and path not in UNCAPPED:
            cap = self._limits.in_flight
            return Refusal("overloaded", f"{cap} requests are being answered; try again")
        if length.isdigit() and int(length) > self._limits.body_bytes:
            return Refusal("too_large", TOO_LARGE)
        return None

    async def _guarded(self, scope: Scope, receive: Receive, sent: _Sent) -> None:
        """Answer, and turn an unexpected error into an incident problem (500)."""
        try:
            await self._app(scope, receive, sent)
        except Exception:
            request_id = scope["state"]["request_id"]
            self._log.exception("incident", request_id=request_id, route=_route(scope))
            if sent.status:  # too late for another answer: let the server cut the connection
                raise
            await self._as_page(scope, incident(request_id))(scope, receive, sent)

    def _as_page(self, scope: Scope, answer: Response) -> Response:
        """Problem as an HTML page for browsers; as it is, if that page fails in its turn."""
        try:
            return self._problem_page(scope, answer)
        except Exception:
            request_id = scope["state"]["request_id"]
            self._log.exception("incident", request_id=request_id, route=_route(scope))
            return answer

    def _tell(self, scope: Scope, sent: _Sent, seconds: float) -> None:
        """Measure and log a request; the log names no enterprise, only the audit log does."""
        route, state = _route(scope), scope["state"]
        took, answers = self._meters.of(route, scope["method"], sent.status)
        took.observe(seconds)
        answers.inc()
        self._meters.in_flight.set(self._now)
        line = {
            "request_id": state["request_id"],
            "method": scope["method"],
            "route": route,
            "status": sent.status,
            "ms": round(seconds * 1000, 2),
            "bytes": sent.bytes,
            "actor": state.get("actor"),
            "client": (scope.get("client") or [None])[0],
        }
        self._line(line | {"error": state["error"]} if "error" in state else line)


class _Received:
    """Limits size and time of a request body; one without a content length is counted."""

    def __init__(self, receive: Receive, limits: Limits) -> None:
        self._receive, self._left = receive, limits.body_bytes
        self._seconds: float | None = limits.body_seconds
        self._until = 0.0

    async def __call__(self) -> Message:
        message = await self._in_time()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413)
        if not message.get("more_body", False):  # what comes after the body may take any time
            self._seconds = None
        return message

    async def _in_time(self) -> Message:
        """Next body part within the time limit: a slow client would keep a place from others."""
        if self._seconds is None:
            return await self._receive()
        self._until = self._until or time.monotonic() + self._seconds
        try:
            async with asyncio.timeout(self._until - time.monotonic()):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None


class _Sent:
    """Passes a response on with the request id, and tracks its status and size."""

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send, self._request_id = send, request_id
        self.status, self.bytes = 0, 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = [(b"x-request-id", self._request_id), *_ALWAYS]
            message = {**message, "headers": [*message.get("headers", ()), *own]}
        elif message["type"] == "http.response.body":
            self.bytes += len(message.get("body", b""))
        await self._send(message)


def _request_id(given: bytes | None) -> str:
    """The number given by the caller, if it is harmless; else a new one."""
    if given is not None and _GIVEN.fullmatch(given):
        return given.decode()
    return secrets.token_hex(8)


def _route(scope: Scope) -> str:
    """Route pattern of a request for metrics; ``other`` if none matched."""
    return str(scope["state"].get("route") or getattr(scope.get("route"), "path", "other"))
