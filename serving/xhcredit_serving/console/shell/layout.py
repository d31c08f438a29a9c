"""Page layout: navigation, language, current run, security headers (CSP)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import get_args
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension
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
from xhcredit_serving.console.shell.assets import address, data_url
from xhcredit_serving.console.shell.language import COOKIE, Language, language_of, translated
from xhcredit_serving.console.shell.value_labels import field_label, word_of
from xhcredit_serving.demo_login import banner_of
from xhcredit_serving.service import service_of

POLICY = (
    # No inline script: text of a department that slipped through escaping still cannot run.
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    # Pages name enterprises: on a shared computer nothing of them stays after logging out.
    "Cache-Control": "no-store",
    # htmx asks the same address for a part of the page; a cache must not mix the two.
    "Vary": "Cookie, HX-Request",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class NavItem:
    """A page of the main navigation and the permission that it needs."""

    name: str
    address: str
    permission: str


NAV_ITEMS = (
    NavItem("Watchlist", "/console/watchlist", SCORES),
    NavItem("Alerts", "/console/alerts", ALERTS_READ),
    NavItem("Draws", "/console/draws", DRAWS_READ),
    NavItem("Restoration", "/console/restoration", RESTORATION_READ),
    NavItem("Models", "/console/models", MODELS_READ),
    NavItem("Half-year report", "/console/report", ALERTS_READ),
    NavItem("Data quality", "/console/quality", CATALOGUE),
    NavItem("Rules", "/console/rules", CATALOGUE),
    NavItem("Accounts", "/console/accounts", ACCOUNTS),
    NavItem("Audit trail", "/console/audit", AUDIT),
)


@dataclass(frozen=True)
class Visitor:
    """Visitor of a page: the caller behind the session, and the CSRF token of forms."""

    caller: Caller
    shown: str
    csrf: str
    purpose: str

    def act(self, action: str, **payload: object) -> Act:
        """An act of the visitor, for the activity chain."""
        return self.caller.act(action, self.purpose, **payload)


def page(
    request: Request,
    template: str,
    visitor: Visitor | None = None,
    status: int = 200,
    /,
    **context: object,
) -> HTMLResponse:
    """A page in the visitor's language.

    Args:
        request: what was asked.
        template: file below ``templates``.
        visitor: who looks; None only before logging in and on public pages.
        status: HTTP status.
        shown: what the template shows.
    """
    language = language_of(request)
    body = (
        environment(language)
        .get_template(template)
        .render(
            language=language,
            visitor=visitor,
            places=_visible_places(visitor),
            current_place=_place_address(request),
            fresh=_current_run(request) if visitor else None,
            notice_missing=_notice_missing(request, visitor),
            demo=banner_of(service_of(request).store),
            with_query=partial(with_query, request),
            field_label=partial(field_label, rules=service_of(request).rulebook, language=language),
            **{"charts": False, **context},
        )
    )
    response = HTMLResponse(body, status, _HEADERS)
    if request.query_params.get("lang") == language:
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, language, max_age=31_536_000, samesite="lax", secure=secure)
    return response


class _Unindented(Extension):
    """Templates without the indentation that is for those who read them: a sixth of each page."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        # One blank stays: a line end after a block is trimmed, and attributes must not touch.
        return _INDENTATION.sub(" ", source)


def compile_templates() -> None:
    """Read and compile every page in both languages."""
    for language in get_args(Language):
        templates = environment(language)
        for name in templates.list_templates(extensions=["html"]):
            templates.get_template(name)


@cache
def environment(language: Language) -> Environment:
    """The templates; an unknown name in one is an error, not a blank."""
    templates = Environment(
        loader=PackageLoader("xhcredit_serving.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[_Unindented],
    )
    templates.globals |= {
        "_": partial(translated, language=language),
        "asset": address,
        "inlined": data_url,
        "word": partial(word_of, language=language),
    }
    templates.filters |= {
        "beijing": partial(_beijing_label, language=language),
        "clock_face": beijing_time,  # below a heading that says that it is Beijing time
        "china_day": china_day,
    }
    return templates


def _beijing_label(moment: str, *, language: Language, seconds: bool = False) -> str:
    """A moment with the words "Beijing time"."""
    time_text, zone_label = (
        beijing_time(moment, seconds=seconds),
        translated("Beijing time", language),
    )
    return f"{time_text} {zone_label}" if language == "en" else f"{zone_label} {time_text}"


def with_query(request: Request, **changes: object) -> str:
    """This address with other parameters; None takes one away, a list repeats it."""
    unchanged_params: Mapping[str, list[str]] = {
        k: request.query_params.getlist(k) for k in request.query_params if k not in changes
    }
    new_params = {k: v for k, v in changes.items() if v is not None}
    query = urlencode({**unchanged_params, **new_params}, doseq=True)
    return f"{request.url.path}?{query}" if query else request.url.path


def redirect_to(request: Request, address: str) -> Response:
    """Redirect to another page, by HX-Redirect for htmx requests."""
    if request.headers.get("hx-request"):
        return Response(status_code=200, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


def _visible_places(visitor: Visitor | None) -> list[NavItem]:
    """Where the visitor may go."""
    if visitor is None:
        return []
    return [p for p in NAV_ITEMS if p.permission in visitor.caller.permissions]


def nav_item_of(path: str) -> NavItem | None:
    """The place of the navigation that an address belongs to."""
    return next((p for p in NAV_ITEMS if path.startswith(p.address)), None)


def _place_address(request: Request) -> str:
    nav_item = nav_item_of(request.url.path)
    return nav_item.address if nav_item else ""


def _notice_missing(request: Request, visitor: Visitor | None) -> int | None:
    """Year without a notice on holidays, for administrators only."""
    if visitor is None or ACCOUNTS not in visitor.caller.permissions:
        return None
    service = service_of(request)
    return service.rulebook.missing_notice(service.today())


def _current_run(request: Request) -> object:
    """The run that the pages show; None before the first night."""
    try:
        return service_of(request).store.reader.current_run()
    except UnknownRecord:
        return None
