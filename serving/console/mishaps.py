"""What a page shows when it cannot be shown: the same problem as the API tells, in words."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from serving.console.frame import go_to, page
from serving.console.language import chosen

_Handler = Callable[[Request, Exception], Awaitable[Response]]


def register(app: FastAPI) -> None:
    """Let every problem below ``/console`` be a page; the problems themselves stay as they are."""
    for kind, handler in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, _in_words(handler))  # type: ignore[arg-type]  # all ours


def _in_words(handler: _Handler) -> _Handler:
    async def told(request: Request, error: Exception) -> Response:
        answer = await handler(request, error)
        if not request.url.path.startswith("/console"):
            return answer
        return _page(request, json.loads(bytes(answer.body)), answer)

    return told


def _page(request: Request, problem: dict[str, str], answer: Response) -> Response:
    """The page of a problem; who is not logged in goes to the login and comes back afterwards."""
    if problem["code"] == "no_key":
        return go_to(request, f"/console/login?next={quote(_where(request))}")
    if problem["code"] == "password_due":
        return go_to(request, "/console/password")
    own = "" if chosen(request) == "zh" else "_en"
    shown = {
        "problem": problem,
        "title": problem[f"title{own}"],
        "advice": problem[f"advice{own}"],
        "number": problem["instance"].rpartition(":")[2],
    }
    made = page(request, "mishap.html", None, answer.status_code, **shown)
    if "retry-after" in answer.headers:
        made.headers["Retry-After"] = answer.headers["retry-after"]
    return made


def _where(request: Request) -> str:
    """The page one was on: htmx tells it; of a form the browser tells where it stood."""
    told = request.headers.get("hx-current-url", "")
    if request.method != "GET":
        told = told or request.headers.get("referer", "") or "/console"
    if told:
        parts = urlsplit(told)
        return parts.path + (f"?{parts.query}" if parts.query else "")
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
