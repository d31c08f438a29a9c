"""Login, logout and password pages; the visitor (session, CSRF token) of a page."""

from __future__ import annotations

import asyncio
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from xhcredit.errors import BadInput, LoginRefused
from xhcredit_serving.access.own_account import address_of
from xhcredit_serving.auth.csrf import refuse_other_site
from xhcredit_serving.auth.sessions import LoginSession, is_secure, login_rules, set_session_cookie
from xhcredit_serving.console.shell.layout import NAV_ITEMS, page
from xhcredit_serving.console.shell.visitor import (
    PURPOSE_COOKIE,
    PURPOSES,
    remembered_visitor,
    text_of,
)
from xhcredit_serving.demo_login import MAX_SESSIONS, demo_people
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.service import service_of

router = APIRouter(include_in_schema=False)
HOME = "/console/watchlist"


@router.get("/console")
@router.get("/console/")
async def home(request: Request) -> Response:
    """The first page that the visitor may see."""
    visit = await service_of(request).login_session(request)
    permissions = visit.caller.permissions
    return RedirectResponse(
        next((p.address for p in NAV_ITEMS if p.permission in permissions), HOME), 303
    )


@router.get("/console/login")
async def login_page(request: Request) -> Response:
    """The form."""
    return _render_login(request, request.query_params.get("next", ""))


@router.post("/console/login")
async def log_in(request: Request) -> Response:
    """Open a session and redirect to the page asked for."""
    service = service_of(request)
    refuse_other_site(request, service.settings.public)
    form = await request.form()
    login, password = text_of(form, "login").strip().casefold(), text_of(form, "password")
    code, next_address = text_of(form, "code").strip() or None, text_of(form, "next")
    try:
        new_session = await service.logins.log_in(
            # Cut first: the hash reads whatever length it is given, before it is known who
            # asks.
            login[:64],
            password[:128],
            code,
            address_of(request),
            service.today(),
        )
    except LoginRefused as error:
        return _render_login(
            request, next_address, login=login, error_message=str(error), asks_code=code is not None
        )
    except Refusal as refusal:
        if refusal.code not in ("code_needed", "too_many_logins"):
            raise
        needs_code = refusal.code == "code_needed"
        return _render_login(
            request, next_address, login=login, error_message=refusal.detail, asks_code=needs_code
        )
    response = RedirectResponse(safe_redirect(next_address), 303)
    secure = is_secure(request, service.settings.public)
    set_session_cookie(response, new_session.cookie, secure)
    purpose = text_of(form, "purpose")
    # From the list only: what a stranger typed must not come back in a cookie.
    purpose_cookie = quote(purpose if purpose in PURPOSES else PURPOSES[0])
    response.set_cookie(
        PURPOSE_COOKIE, purpose_cookie, httponly=True, samesite="strict", secure=secure
    )
    return response


@router.post("/console/demo-login")
async def choose_person(request: Request) -> Response:
    """Open a session of one of the people of a demo store; in a real store there is no such page.

    Raises:
        HTTPException: it is no demo store, or nobody there has this login.
    """
    service = service_of(request)
    refuse_other_site(request, service.settings.public)
    form = await request.form()
    login, next_address = text_of(form, "login"), text_of(form, "next")
    people = await asyncio.to_thread(demo_people, service.store)
    person = next((p for p in people if p.login == login), None)
    if person is None:
        # As on a real store, where nobody logs in with a click and the page does not exist.
        raise HTTPException(404)
    user = service.store.access.get_user(person.login)
    act = person.act("session.open", "demo")
    new_session = await asyncio.to_thread(
        service.store.sessions.open,
        act,
        user,
        address_of(request),
        "demo",
        max_sessions=MAX_SESSIONS,
    )
    response = RedirectResponse(safe_redirect(next_address), 303)
    set_session_cookie(response, new_session.cookie, is_https=False)
    response.set_cookie(PURPOSE_COOKIE, quote(PURPOSES[0]), httponly=True, samesite="strict")
    return response


@router.post("/console/logout")
async def log_out(request: Request) -> Response:
    """End the session."""
    service = service_of(request)
    visit = await service.login_session(request, settled=False)
    act = visit.caller.act("session.close", "logout")
    await asyncio.to_thread(service.store.sessions.close, act, visit.caller.session)
    response = RedirectResponse("/console/login", 303)
    set_session_cookie(response, "", is_secure(request, service.settings.public))
    return response


@router.get("/console/password")
async def password_page(request: Request) -> Response:
    """The form for a new password; whoever must choose one sees nothing else."""
    visit = await service_of(request).login_session(request, settled=False)
    return _render_password(request, visit)


@router.post("/console/password")
async def change_password(request: Request) -> Response:
    """Choose a new password; all sessions end."""
    service = service_of(request)
    visit = await service.login_session(request, settled=False)
    form = await request.form()
    old_password, new_password = text_of(form, "old"), text_of(form, "new")
    if new_password != text_of(form, "again"):
        return _render_password(
            request, visit, "the two new passwords differ; write the same twice"
        )
    client_address = address_of(request)
    try:
        await service.logins.change_password(
            visit.login, old_password[:128], new_password[:128], client_address, service.today()
        )
    except (LoginRefused, BadInput) as error:
        return _render_password(request, visit, str(error))
    return RedirectResponse("/console/login?changed=1", 303)


def safe_redirect(address: str) -> str:
    """Redirect target after login, restricted to console pages (no open redirect)."""
    url_parts = urlsplit(address)
    is_local = (
        not url_parts.scheme and not url_parts.netloc and url_parts.path.startswith("/console/")
    )
    # Browsers read a backslash as a slash: `/\host` would lead away from here.
    is_safe = is_local and "\\" not in address and address.isprintable()
    return address if is_safe and not url_parts.path.startswith("/console/login") else "/console"


def _render_login(
    request: Request,
    next_address: str,
    login: str = "",
    error_message: str = "",
    *,
    asks_code: bool = False,
) -> Response:
    context = {
        "going": next_address,
        "login": login,
        "wrong": error_message,
        "asks_code": asks_code,
    }
    password_changed = "changed" in request.query_params
    session_expired = bool(next_address) and not error_message
    status = 401 if error_message else 200
    return page(
        request,
        "login.html",
        None,
        status,
        purposes=PURPOSES,
        changed=password_changed,
        expired=session_expired,
        people=demo_people(service_of(request).store),
        **context,
    )


def _render_password(request: Request, visit: LoginSession, error_message: str = "") -> Response:
    service = service_of(request)
    password_rules = login_rules(service.rulebook, service.today()).passwords
    context = {"wrong": error_message, "due": visit.must_change, "rules": password_rules}
    status = 400 if error_message else 200
    return page(request, "password.html", remembered_visitor(request, visit), status, **context)
