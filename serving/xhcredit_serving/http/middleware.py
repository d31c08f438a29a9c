"""What happens to every request?  A number, a cap, a measurement, a log line; plain ASGI.

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
    """What ``/metrics`` tells; own registry, so that nothing else gets in."""

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
        """What all workers measured together, for Prometheus."""
        folder = os.environ.get(SHARED_METERS)
        if folder is None:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]  # untyped library
        return generate_latest(together)

    def of(self, route: str, method: str, status: int) -> tuple[Histogram, Counter]:
        """What measures a kind of request; looked up once, as labels cost more than measuring."""
        kind = (route, method, status)
        if kind not in self._of:
            of = self.seconds.labels(route, method), self.answers.labels(route, str(status))
            self._of[kind] = of
        return self._of[kind]


def access_line(to: TextIO) -> Callable[[dict[str, Any]], None]:
    """What writes the line of a request, as ``json_lines`` does but at a third of the price."""

    def write(line: dict[str, Any]) -> None:
        first = {"timestamp": stamp(), "level": "info", "event": "request"}
        to.write(json_text(first | line) + "\n")
        to.flush()

    return write


class Limits(NamedTuple):
    """How many requests may be answered at once; how long a body may be, and take to come."""

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
        """Answer, and turn what nobody expected into an incident."""
        try:
            await self._app(scope, receive, sent)
        except Exception:
            request_id = scope["state"]["request_id"]
            self._log.exception("incident", request_id=request_id, route=_route(scope))
            if sent.status:  # too late for another answer: let the server cut the connection
                raise
            await self._as_page(scope, incident(request_id))(scope, receive, sent)

    def _as_page(self, scope: Scope, answer: Response) -> Response:
        """The problem as a page, where people read it; as it is, if that page fails in its turn."""
        try:
            return self._problem_page(scope, answer)
        except Exception:
            request_id = scope["state"]["request_id"]
            self._log.exception("incident", request_id=request_id, route=_route(scope))
            return answer

    def _tell(self, scope: Scope, sent: _Sent, seconds: float) -> None:
        """Measure and log; the log names no enterprise, that is what the activity chain is for."""
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
    """Passes a body on, up to a length and a time; a body without a told length is counted."""

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
        """The next part; who lets us wait for it would keep a place from others."""
        if self._seconds is None:
            return await self._receive()
        self._until = self._until or time.monotonic() + self._seconds
        try:
            async with asyncio.timeout(self._until - time.monotonic()):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None


class _Sent:
    """Passes an answer on, with the request's number, and remembers what went out."""

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
    """The address as a pattern, so that there are few; what matched none is ``other``."""
    return str(scope["state"].get("route") or getattr(scope.get("route"), "path", "other"))
