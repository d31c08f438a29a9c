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
from typing import NamedTuple, TextIO

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from xhcredit.domain.log import json_lines, json_text, timestamp
from xhcredit_serving.http.problems import TOO_LARGE, Refusal, incident_response, refusal_response
from xhcredit_serving.supervisor import TaskMeters

#: names the folder through which workers share what they measured; read by prometheus_client too
SHARED_METERS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
#: numbers of requests that we take over from a gateway
_SAFE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
#: addresses that answer however busy we are
UNCAPPED_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
#: with "no-referrer", browsers would hide even from ourselves which page a form came from
_SECURITY_HEADERS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]


@dataclass
class Meters:
    """Prometheus metrics with their own registry."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        reg = self.registry
        self._of: dict[tuple[str, str, int], tuple[Histogram, Counter]] = {}
        self.seconds = Histogram(
            "xhcredit_http_request_seconds",
            "Time to answer",
            ["route", "method"],
            registry=reg,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30),
        )
        self.answers = Counter(
            "xhcredit_http_answers", "Answers by status", ["route", "status"], registry=reg
        )
        self.in_flight = Gauge(
            "xhcredit_http_in_flight",
            "Requests being answered",
            registry=reg,
            multiprocess_mode="livesum",
        )
        self.missing_notice = Gauge(
            "xhcredit_missing_notice_year",
            "Year whose notice on holidays should have been added by now; 0 if none",
            registry=reg,
            multiprocess_mode="max",
        )
        self.run = Gauge(
            "xhcredit_current_run",
            "Number of the run that answers",
            registry=reg,
            multiprocess_mode="max",
        )
        self.tasks = TaskMeters(reg)

    def exposition(self) -> bytes:
        """Metrics of all workers in the Prometheus text format."""
        folder = os.environ.get(SHARED_METERS_VARIABLE)
        if folder is None:
            return generate_latest(self.registry)
        shared_registry = CollectorRegistry()
        MultiProcessCollector(shared_registry, folder)  # type: ignore[no-untyped-call]  # untyped library
        return generate_latest(shared_registry)

    def meters_of(self, route: str, method: str, status: int) -> tuple[Histogram, Counter]:
        """Histogram and counter of a kind of request; cached, as labels cost more than that."""
        label_key = (route, method, status)
        if label_key not in self._of:
            meter_pair = self.seconds.labels(route, method), self.answers.labels(route, str(status))
            self._of[label_key] = meter_pair
        return self._of[label_key]


def access_log_writer(stream: TextIO) -> Callable[[dict[str, object]], None]:
    """Writer of access log lines, as ``json_lines`` does but at a third of the cost."""

    def write(line: dict[str, object]) -> None:
        base_fields = {"timestamp": timestamp(), "level": "info", "event": "request"}
        stream.write(json_text(base_fields | line) + "\n")
        stream.flush()

    return write


class Limits(NamedTuple):
    """Request limits: concurrency, body size, and time to receive the body."""

    in_flight: int
    body_bytes: int
    body_seconds: float


class RequestMiddleware:
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
        self._log, self._line = json_lines(log), access_log_writer(log)
        self._limits, self._in_flight = limits, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        state = scope["state"] = dict(scope.get("state") or ())
        state["request_id"] = _request_id(headers.get(b"x-request-id"))
        tracked_send = _TrackedSend(send, state["request_id"].encode())
        started_at = time.perf_counter()
        self._in_flight += 1
        try:
            refusal = self._refusal(scope["path"], headers.get(b"content-length", b""))
            if refusal is not None:
                answer = self._as_page(scope, refusal_response(state["request_id"], refusal))
                await answer(scope, receive, tracked_send)
            else:
                limited = _LimitedReceive(receive, self._limits)
                await self._guarded(scope, limited, tracked_send)
        finally:
            self._in_flight -= 1
            self._log_and_measure(scope, tracked_send, time.perf_counter() - started_at)

    def _refusal(self, path: str, length: bytes) -> Refusal | None:
        """Why a request is not even looked at."""
        if self._in_flight > self._limits.in_flight and path not in UNCAPPED_PATHS:
            cap = self._limits.in_flight
            return Refusal("overloaded", f"{cap} requests are being answered; try again")
        if length.isdigit() and int(length) > self._limits.body_bytes:
            return Refusal("too_large", TOO_LARGE)
        return None

    async def _guarded(self, scope: Scope, receive: Receive, tracked_send: _TrackedSend) -> None:
        """Answer, and turn an unexpected error into an incident problem (500)."""
        try:
            await self._app(scope, receive, tracked_send)
        except Exception:
            request_id = scope["state"]["request_id"]
            self._log.exception("incident", request_id=request_id, route=_route(scope))
            if (
                tracked_send.status
            ):  # too late for another answer: let the server cut the connection
                raise
            await self._as_page(scope, incident_response(request_id))(scope, receive, tracked_send)

    def _as_page(self, scope: Scope, answer: Response) -> Response:
        """Problem as an HTML page for browsers; as it is, if that page fails in its turn."""
        try:
            return self._problem_page(scope, answer)
        except Exception:
            request_id = scope["state"]["request_id"]
            self._log.exception("incident", request_id=request_id, route=_route(scope))
            return answer

    def _log_and_measure(self, scope: Scope, tracked_send: _TrackedSend, seconds: float) -> None:
        """Measure and log a request; the log names no enterprise, only the audit log does."""
        route, state = _route(scope), scope["state"]
        histogram, answer_counter = self._meters.meters_of(
            route, scope["method"], tracked_send.status
        )
        histogram.observe(seconds)
        answer_counter.inc()
        self._meters.in_flight.set(self._in_flight)
        line = {
            "request_id": state["request_id"],
            "method": scope["method"],
            "route": route,
            "status": tracked_send.status,
            "ms": round(seconds * 1000, 2),
            "bytes": tracked_send.bytes,
            "actor": state.get("actor"),
            "client": (scope.get("client") or [None])[0],
        }
        self._line(line | {"error": state["error"]} if "error" in state else line)


class _LimitedReceive:
    """Limits size and time of a request body; one without a content length is counted."""

    def __init__(self, receive: Receive, limits: Limits) -> None:
        self._receive, self._bytes_left = receive, limits.body_bytes
        self._seconds: float | None = limits.body_seconds
        self._deadline = 0.0

    async def __call__(self) -> Message:
        message = await self._in_time()
        self._bytes_left -= len(message.get("body", b""))
        if self._bytes_left < 0:
            raise HTTPException(413)
        if not message.get("more_body", False):  # what comes after the body may take any time
            self._seconds = None
        return message

    async def _in_time(self) -> Message:
        """Next body part within the time limit: a slow client would keep a place from others."""
        if self._seconds is None:
            return await self._receive()
        self._deadline = self._deadline or time.monotonic() + self._seconds
        try:
            async with asyncio.timeout(self._deadline - time.monotonic()):
                return await self._receive()
        except TimeoutError:
            # The rest of the body may still arrive, and must not be taken for the next request.
            raise HTTPException(408, headers={"Connection": "close"}) from None


class _TrackedSend:
    """Passes a response on with the request id, and tracks its status and size."""

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send, self._request_id = send, request_id
        self.status, self.bytes = 0, 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            extra_headers = [(b"x-request-id", self._request_id), *_SECURITY_HEADERS]
            headers = [*message.get("headers", ()), *extra_headers]
            # Answers tell of enterprises and persons: no cache keeps one that does not say so.
            if not any(name.lower() == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            self.bytes += len(message.get("body", b""))
        await self._send(message)


def _request_id(header_value: bytes | None) -> str:
    """The number given by the caller, if it is harmless; else a new one."""
    if header_value is not None and _SAFE_REQUEST_ID.fullmatch(header_value):
        return header_value.decode()
    return secrets.token_hex(8)


def _route(scope: Scope) -> str:
    """Route pattern of a request for metrics; ``other`` if none matched."""
    return str(scope["state"].get("route") or getattr(scope.get("route"), "path", "other"))
