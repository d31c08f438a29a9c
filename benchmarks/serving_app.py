"""The server that ``benchmarks.serving`` measures: our application, and hellos to compare with.

All in one process, so that every ratio is of one process on one machine at one time.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from xhcredit_serving.app import SWITCH_SECONDS, create_app
from xhcredit_serving.http.middleware import Limits, Meters, RequestMiddleware
from xhcredit_serving.service import Settings

from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store


class Silent:
    """A journal that keeps nothing: what a read costs without its durable entry."""

    async def note(self, act: Act) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Nothing to end."""


def hello() -> FastAPI:
    """The ceiling: what FastAPI does for the least answer."""
    app = FastAPI(openapi_url=None)

    @app.get("/hello")
    async def say() -> dict[str, str]:
        return {"hello": "world"}

    return app


class Paths:
    """Hands each request to one of several applications, by the first part of its path."""

    def __init__(self, apps: dict[str, ASGIApp], fallback_app: ASGIApp) -> None:
        self._apps, self._rest = apps, fallback_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        first, _, path = scope.get("path", "/").lstrip("/").partition("/")
        app = self._apps.get(first)
        if app is None:
            await self._rest(scope, receive, send)
            return
        await app({**scope, "path": f"/{path}"}, receive, send)


def application(store: str, warehouse: str) -> Paths:
    """``/bare/hello``, ``/framed/hello``, ``/silent/v1/…`` (no journal) and ours."""
    log = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process
    settings = Settings(warehouse=Path(warehouse), log=log)
    opened = Store.open(store)
    ours, silent = create_app(opened, settings), create_app(opened, settings)
    silent.state.service.__dict__["journal"] = Silent()
    limits = Limits(settings.in_flight, settings.body_bytes, settings.body_seconds)
    framed = RequestMiddleware(hello(), Meters(), settings.log, limits, lambda _, answer: answer)
    return Paths({"bare": hello(), "framed": framed, "silent": silent}, ours)


def main() -> None:
    """Serve on a port until stopped, on the first processor."""
    store, warehouse, port = sys.argv[1:]
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {0})
    sys.setswitchinterval(SWITCH_SECONDS)  # as the application's start does
    config = uvicorn.Config(
        application(store, warehouse), port=int(port), access_log=False, log_level="warning"
    )
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
