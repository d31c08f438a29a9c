"""Error pages: the RFC 9457 problem of the API as a page in words."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from xhcredit.errors import XhcreditError
from xhcredit_serving.console.shell.language import chosen
from xhcredit_serving.console.shell.layout import Visitor, go_to, page, place_of
from xhcredit_serving.console.shell.visitor import seen_visitor, visitor_if_any
from xhcredit_serving.http.problem_catalogue import BY_CODE
from xhcredit_serving.http.problems import Refusal

_Handler = Callable[[Request, Exception], Awaitable[Response]]
#: what is not there, by the part of the address that names it
UNKNOWN: dict[str, str] = {
    "code": "No published run has an enterprise with the code “{}”, or it is another bureau's.",
    "alert": "There is no alert with the number “{}”, or it is another bureau's.",
    "draw": "There is no draw with the id “{}”, or it is another bureau's.",
    "joint": "There is no joint draw with the id “{}”, or no bureau of yours takes part in it.",
    "check": "There is no triggered check with the id “{}”, or it is another bureau's.",
    "candidate": "There is no model with the number “{}”.",
    "application": "There is no application or objection with the number “{}”, or it is another "
    "bureau's.",
    "rule_id": "There is no rule with the id “{}”.",
}
#: kinds of problem that say that something named in the address is not there
_NOT_THERE = ("unknown_record", "unknown_enterprise")
#: kinds whose detail tells an officer nothing
_SILENT = ("not_found", "method_not_allowed", "internal", "refused")
_LONGEST = 80  #: characters of an address that are repeated
_FILLED = "drawer"  #: what htmx fills; everything else it replaces


def register(app: FastAPI) -> None:
    """Let every problem of a page be a page; the problems themselves stay as they are."""
    for kind, handler in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, _in_words(handler))  # type: ignore[arg-type]  # all ours


def _in_words(handler: _Handler) -> _Handler:
    async def told(request: Request, error: Exception) -> Response:
        answer = await handler(request, error)
        if not is_page(request):
            return answer
        return _page(request, answer, await _visitor(request, answer.status_code))

    return told


async def _visitor(request: Request, status: int) -> Visitor | None:
    """Visitor whose navigation surrounds the error page.

    None for a stranger, and where something is wrong with us: the store is asked nothing then.
    """
    if status >= 500:
        return None
    visitor = seen_visitor(request)
    if visitor is None and request.method == "GET":
        with suppress(Refusal, XhcreditError):
            visitor = await visitor_if_any(request)
    return visitor


def without_handler(scope: Scope, answer: Response) -> Response:
    """The page of a problem that no handler saw: too busy, too large, our own mistake."""
    request = Request(scope)
    return _page(request, answer, None) if is_page(request) else answer


def is_page(request: Request) -> bool:
    """Whether an address is read by people: below ``/console``, or opened in a browser."""
    path = request.url.path
    if path.startswith("/console"):
        return True
    return not path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")


def _page(request: Request, answer: Response, visitor: Visitor | None) -> Response:
    """Error page of a problem; without a session, a redirect to the login."""
    problem = json.loads(bytes(answer.body))
    if problem["code"] == "no_key":
        return go_to(request, f"/console/login?next={quote(_where(request))}")
    if problem["code"] == "password_due":
        return go_to(request, "/console/password")
    shown = _shown(request, problem) | {"target": _target(request)}
    partial = request.headers.get("hx-request-type") == "partial"
    template = "mishap_part.html" if partial else "mishap.html"
    made = page(request, template, visitor, answer.status_code, **shown)
    if "retry-after" in answer.headers:
        made.headers["Retry-After"] = answer.headers["retry-after"]
    return made


def _shown(request: Request, problem: Mapping[str, Any]) -> dict[str, Any]:
    """Error title, remedy and link back, in the reader's language."""
    zh, kind = chosen(request) == "zh", BY_CODE[problem["code"]]
    unknown, back = _unknown(request, problem), place_of(request.url.path)
    silent = unknown or problem["code"] in _SILENT or kind.status >= 500
    return {
        "title": kind.zh if zh else kind.en,
        "advice": (kind.page_zh or kind.do_zh) if zh else (kind.page_en or kind.do_en),
        "unknown": unknown,
        "address": request.url.path[:_LONGEST] if problem["code"] == "not_found" else "",
        "detail": "" if silent else problem["detail"],
        "number": problem["instance"].rpartition(":")[2],
        "back": back if back and back.address != request.url.path else None,
    }


def _unknown(request: Request, problem: Mapping[str, Any]) -> tuple[str, str] | None:
    """Message and name of an unknown record in the path; None for other problems.

    Only of what is read: an act may miss something else than what its address names.
    """
    if problem["code"] not in _NOT_THERE or request.method not in ("GET", "HEAD"):
        return None
    named = request.path_params.items()
    return next(((UNKNOWN[k], str(v)[:_LONGEST]) for k, v in named if k in UNKNOWN), None)


def _target(request: Request) -> str:
    """The part of a page that htmx replaces by the answer; it stays there to be replaced again."""
    told = request.headers.get("hx-target", "").rpartition("#")[2]
    return "" if told == _FILLED else told


def _where(request: Request) -> str:
    """Return address after login: HX-Current-URL, referrer or the request itself."""
    told = request.headers.get("hx-current-url", "")
    if request.method != "GET":
        told = told or request.headers.get("referer", "") or "/console"
    if told:
        parts = urlsplit(told)
        return parts.path + (f"?{parts.query}" if parts.query else "")
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
