"""Page layout: navigation, language, current run, security headers (CSP)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, get_args
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from xhcredit.domain.clock import beijing_time, china_day
from xhcredit.errors import UnknownRecord
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import (
    ACCOUNTS,
    ALERTS_READ,
    AUDIT,
    CATALOGUE,
    DRAWS_READ,
    MODELS_READ,
    RESTORATION_READ,
    SCORES,
)
from xhcredit_serving.console.shell.assets import address, inlined
from xhcredit_serving.console.shell.language import COOKIE, Language, chosen, translated
from xhcredit_serving.console.shell.value_labels import word_of
from xhcredit_serving.demo_login import banner_of
from xhcredit_serving.service import service_of

POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Vary": "Cookie, HX-Request",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Place:
    """A page of the main navigation and the permission that it needs."""

    name: str
    address: str
    permission: str


PLACES = (
    Place("Watchlist", "/console/watchlist", SCORES),
    Place("Alerts", "/console/alerts", ALERTS_READ),
    Place("Draws", "/console/draws", DRAWS_READ),
    Place("Restoration", "/console/restoration", RESTORATION_READ),
    Place("Models", "/console/models", MODELS_READ),
    Place("Half-year report", "/console/report", ALERTS_READ),
    Place("Data quality", "/console/quality", CATALOGUE),
    Place("Rules", "/console/rules", CATALOGUE),
    Place("Accounts", "/console/accounts", ACCOUNTS),
    Place("Audit trail", "/console/audit", AUDIT),
)


@dataclass(frozen=True)
class Visitor:
    """Visitor of a page: the caller behind the session, and the CSRF token of forms."""

    caller: Caller
    shown: str
    csrf: str
    purpose: str

    def act(self, action: str, **payload: Any) -> Act:
        """An act of the visitor, for the activity chain."""
        return self.caller.act(action, self.purpose, **payload)


def page(
    request: Request,
    template: str,
    visitor: Visitor | None = None,
    status: int = 200,
    **shown: Any,
) -> HTMLResponse:
    """A page in the visitor's language.

    Args:
        request: what was asked.
        template: file below ``templates``.
        visitor: who looks; None only before logging in and on public pages.
        status: HTTP status.
        shown: what the template shows.
    """
    language = chosen(request)
    body = (
        environment(language)
        .get_template(template)
        .render(
            language=language,
            visitor=visitor,
            places=_places(visitor),
            here=_here(request),
            fresh=_fresh(request) if visitor else None,
            notice_missing=_notice_missing(request, visitor),
            demo=banner_of(service_of(request).store),
            with_query=partial(with_query, request),
            **{"charts": False, **shown},
        )
    )
    answer = HTMLResponse(body, status, _HEADERS)
    if request.query_params.get("lang") == language:
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, language, max_age=31_536_000, samesite="lax", secure=secure)
    return answer


def compile_templates() -> None:
    """Read and compile every page in both languages."""
    for language in get_args(Language):
        made = environment(language)
        for name in made.list_templates(extensions=["html"]):
            made.get_template(name)


@cache
def environment(language: Language) -> Environment:
    """The templates; an unknown name in one is an error, not a blank."""
    made = Environment(
        loader=PackageLoader("xhcredit_serving.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "_": partial(translated, language=language),
        "asset": address,
        "inlined": inlined,
        "word": partial(word_of, language=language),
    }
    made.filters |= {
        "beijing": partial(_in_beijing, language=language),
        "clock_face": beijing_time,  # below a heading that says that it is Beijing time
        "china_day": china_day,
    }
    return made


def _in_beijing(moment: str, *, language: Language, seconds: bool = False) -> str:
    """A moment with the words "Beijing time"."""
    face, words = beijing_time(moment, seconds=seconds), translated("Beijing time", language)
    return f"{face} {words}" if language == "en" else f"{words} {face}"


def with_query(request: Request, **changed: Any) -> str:
    """This address with other parameters; None takes one away, a list repeats it."""
    kept: Mapping[str, list[str]] = {
        k: request.query_params.getlist(k) for k in request.query_params if k not in changed
    }
    added = {k: v for k, v in changed.items() if v is not None}
    query = urlencode({**kept, **added}, doseq=True)
    return f"{request.url.path}?{query}" if query else request.url.path


def go_to(request: Request, address: str) -> Response:
    """Redirect to another page, by HX-Redirect for htmx requests."""
    if request.headers.get("hx-request"):
        return Response(status_code=200, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


def _places(visitor: Visitor | None) -> list[Place]:
    """Where the visitor may go."""
    if visitor is None:
        return []
    return [p for p in PLACES if p.permission in visitor.caller.permissions]


def place_of(path: str) -> Place | None:
    """The place of the navigation that an address belongs to."""
    return next((p for p in PLACES if path.startswith(p.address)), None)


def _here(request: Request) -> str:
    place = place_of(request.url.path)
    return place.address if place else ""


def _notice_missing(request: Request, visitor: Visitor | None) -> int | None:
    """Year without a notice on holidays, for administrators only."""
    if visitor is None or ACCOUNTS not in visitor.caller.permissions:
        return None
    service = service_of(request)
    return service.rulebook.missing_notice(service.today())


def _fresh(request: Request) -> Any:
    """The run that the pages show; None before the first night."""
    try:
        return service_of(request).store.reader.current_run()
    except UnknownRecord:
        return None
