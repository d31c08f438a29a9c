"""Error pages: the RFC 9457 problem of the API as a page in words."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import quote, urlsplit

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope
from typing_extensions import TypedDict

from xhcredit.errors import XhcreditError
from xhcredit_serving.console.shell.language import language_of
from xhcredit_serving.console.shell.layout import Visitor, nav_item_of, page, redirect_to
from xhcredit_serving.console.shell.visitor import known_visitor, visitor_if_any
from xhcredit_serving.http.problem_catalogue import BY_CODE
from xhcredit_serving.http.problems import Refusal

_Handler = Callable[[Request, Exception], Awaitable[Response]]
#: what is not there, by the part of the address that names it
UNKNOWN_MESSAGES: dict[str, str] = {
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
_UNKNOWN_CODES = ("unknown_record", "unknown_enterprise")
#: kinds whose detail tells an officer nothing
_WITHOUT_DETAIL = ("not_found", "method_not_allowed", "internal", "refused")
_MAX_LENGTH = 80  #: characters of an address that are repeated
_DRAWER_ID = "drawer"  #: what htmx fills; everything else it replaces


def register(app: FastAPI) -> None:
    """Let every problem of a page be a page; the problems themselves stay as they are."""
    for kind, handler in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, _handler_with_page(handler))  # type: ignore[arg-type]  # all ours


def _handler_with_page(handler: _Handler) -> _Handler:
    async def handle_error(request: Request, error: Exception) -> Response:
        problem_response = await handler(request, error)
        if not is_page(request):
            return problem_response
        return _problem_page(
            request,
            problem_response,
            await _visitor_for_error(request, problem_response.status_code),
        )

    return handle_error


async def _visitor_for_error(request: Request, status: int) -> Visitor | None:
    """Visitor whose navigation surrounds the error page.

    None for a stranger, and where something is wrong with us: the store is asked nothing then.
    """
    if status >= 500:
        return None
    visitor = known_visitor(request)
    if visitor is None and request.method == "GET":
        with suppress(Refusal, XhcreditError):
            visitor = await visitor_if_any(request)
    return visitor


class ProblemFields(TypedDict):
    """Fields of a problem that its page reads: code, what was wrong, and the incident's name."""

    code: str
    detail: str
    instance: str


def without_handler(scope: Scope, problem_response: Response) -> Response:
    """The page of a problem that no handler saw: too busy, too large, our own mistake."""
    request = Request(scope)
    return _problem_page(request, problem_response, None) if is_page(request) else problem_response


def is_page(request: Request) -> bool:
    """Whether an address is read by people: below ``/console``, or opened in a browser."""
    path = request.url.path
    if path.startswith("/console"):
        return True
    return not path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")


def _problem_page(
    request: Request, problem_response: Response, visitor: Visitor | None
) -> Response:
    """Error page of a problem; without a session, a redirect to the login."""
    problem: ProblemFields = json.loads(bytes(problem_response.body))  # our own answer
    if problem["code"] == "no_key":
        # Back to the page that was asked for: who was logged out must not search for it again.
        return redirect_to(request, f"/console/login?next={quote(_return_address(request))}")
    if problem["code"] == "password_due":
        return redirect_to(request, "/console/password")
    context = _problem_context(request, problem) | {"target": _htmx_target(request)}
    is_partial = request.headers.get("hx-request-type") == "partial"
    template = "mishap_part.html" if is_partial else "mishap.html"
    page_response = page(request, template, visitor, problem_response.status_code, **context)
    # Otherwise who is told to wait would not be told how long.
    if "retry-after" in problem_response.headers:
        page_response.headers["Retry-After"] = problem_response.headers["retry-after"]
    return page_response


def _problem_context(request: Request, problem: ProblemFields) -> dict[str, object]:
    """Error title, remedy and link back, in the reader's language."""
    zh, problem_kind = language_of(request) == "zh", BY_CODE[problem["code"]]
    unknown, back_item = _unknown_record(request, problem), nav_item_of(request.url.path)
    without_detail = unknown or problem["code"] in _WITHOUT_DETAIL or problem_kind.status >= 500
    return {
        "title": problem_kind.zh if zh else problem_kind.en,
        "advice": (problem_kind.page_zh or problem_kind.do_zh)
        if zh
        else (problem_kind.page_en or problem_kind.do_en),
        "unknown": unknown,
        "address": request.url.path[:_MAX_LENGTH] if problem["code"] == "not_found" else "",
        "detail": "" if without_detail else problem["detail"],
        "number": problem["instance"].rpartition(":")[2],
        "back": back_item if back_item and back_item.address != request.url.path else None,
    }


def _unknown_record(request: Request, problem: ProblemFields) -> tuple[str, str] | None:
    """Message and name of an unknown record in the path; None for other problems.

    Only of what is read: an act may miss something else than what its address names.
    """
    if problem["code"] not in _UNKNOWN_CODES or request.method not in ("GET", "HEAD"):
        return None
    path_params = request.path_params.items()
    return next(
        (
            (UNKNOWN_MESSAGES[k], str(v)[:_MAX_LENGTH])
            for k, v in path_params
            if k in UNKNOWN_MESSAGES
        ),
        None,
    )


def _htmx_target(request: Request) -> str:
    """The part of a page that htmx replaces by the answer; it stays there to be replaced again."""
    target_id = request.headers.get("hx-target", "").rpartition("#")[2]
    return "" if target_id == _DRAWER_ID else target_id


def _return_address(request: Request) -> str:
    """Return address after login: HX-Current-URL, referrer or the request itself."""
    page_url = request.headers.get("hx-current-url", "")
    if request.method != "GET":
        page_url = page_url or request.headers.get("referer", "") or "/console"
    if page_url:
        url_parts = urlsplit(page_url)
        # Path and query only: the headers are the browser's, and a foreign host in them is
        # dropped here.
        return url_parts.path + (f"?{url_parts.query}" if url_parts.query else "")
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
