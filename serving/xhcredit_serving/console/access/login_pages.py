"""Login, logout and password pages; the visitor (session, CSRF token) of a page."""

from __future__ import annotations

import asyncio
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from xhcredit.errors import BadInput, LoginRefused
from xhcredit_serving.access.own_account import address_of
from xhcredit_serving.auth.sessions import (
    Visit,
    give_cookie,
    is_secure,
    refuse_foreign,
    visit_limits,
)
from xhcredit_serving.console.shell.layout import PLACES, page
from xhcredit_serving.console.shell.visitor import (
    PURPOSE_COOKIE,
    PURPOSES,
    remembered_visitor,
    text_of,
)
from xhcredit_serving.demo_login import AT_ONCE, people_of
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.service import service_of

router = APIRouter(include_in_schema=False)
HOME = "/console/watchlist"


@router.get("/console")
@router.get("/console/")
async def home(request: Request) -> Response:
    """The first page that the visitor may see."""
    visit = await service_of(request).visit(request)
    may = visit.caller.permissions
    return RedirectResponse(next((p.address for p in PLACES if p.permission in may), HOME), 303)


@router.get("/console/login")
async def login_page(request: Request) -> Response:
    """The form."""
    return _login(request, request.query_params.get("next", ""))


@router.post("/console/login")
async def log_in(request: Request) -> Response:
    """Open a session and redirect to the page asked for."""
    service = service_of(request)
    refuse_foreign(request, service.settings.public)
    form = await request.form()
    login, password = text_of(form, "login").strip().casefold(), text_of(form, "password")
    code, going = text_of(form, "code").strip() or None, text_of(form, "next")
    try:
        opened = await service.logins.log_in(
            login[:64], password[:128], code, address_of(request), service.today()
        )
    except LoginRefused as error:
        return _login(request, going, login=login, wrong=str(error), asks_code=code is not None)
    except Refusal as refusal:
        if refusal.code not in ("code_needed", "too_many_logins"):
            raise
        needed = refusal.code == "code_needed"
        return _login(request, going, login=login, wrong=refusal.detail, asks_code=needed)
    answer = RedirectResponse(inside(going), 303)
    secure = is_secure(request, service.settings.public)
    give_cookie(answer, opened.cookie, secure)
    purpose = text_of(form, "purpose")
    told = quote(purpose if purpose in PURPOSES else PURPOSES[0])
    answer.set_cookie(PURPOSE_COOKIE, told, httponly=True, samesite="strict", secure=secure)
    return answer


@router.post("/console/demo-login")
async def choose_person(request: Request) -> Response:
    """Open a session of one of the people of a demo store; in a real store there is no such page.

    Raises:
        HTTPException: it is no demo store, or nobody there has this login.
    """
    service = service_of(request)
    refuse_foreign(request, service.settings.public)
    form = await request.form()
    login, going = text_of(form, "login"), text_of(form, "next")
    people = await asyncio.to_thread(people_of, service.store)
    person = next((p for p in people if p.login == login), None)
    if person is None:
        raise HTTPException(404)
    user = service.store.access.user(person.login)
    act = person.act("session.open", "demo")
    opened = await asyncio.to_thread(
        service.store.sessions.open, act, user, address_of(request), "demo", at_once=AT_ONCE
    )
    answer = RedirectResponse(inside(going), 303)
    give_cookie(answer, opened.cookie, secure=False)
    answer.set_cookie(PURPOSE_COOKIE, quote(PURPOSES[0]), httponly=True, samesite="strict")
    return answer


@router.post("/console/logout")
async def log_out(request: Request) -> Response:
    """End the session."""
    service = service_of(request)
    visit = await service.visit(request, settled=False)
    act = visit.caller.act("session.close", "logout")
    await asyncio.to_thread(service.store.sessions.close, act, visit.caller.session)
    answer = RedirectResponse("/console/login", 303)
    give_cookie(answer, "", is_secure(request, service.settings.public))
    return answer


@router.get("/console/password")
async def password_page(request: Request) -> Response:
    """The form for a new password; whoever must choose one sees nothing else."""
    visit = await service_of(request).visit(request, settled=False)
    return _password(request, visit)


@router.post("/console/password")
async def change_password(request: Request) -> Response:
    """Choose a new password; all sessions end."""
    service = service_of(request)
    visit = await service.visit(request, settled=False)
    form = await request.form()
    old, new = text_of(form, "old"), text_of(form, "new")
    if new != text_of(form, "again"):
        return _password(request, visit, "the two new passwords differ; write the same twice")
    where = address_of(request)
    try:
        await service.logins.change_password(
            visit.login, old[:128], new[:128], where, service.today()
        )
    except (LoginRefused, BadInput) as error:
        return _password(request, visit, str(error))
    return RedirectResponse("/console/login?changed=1", 303)


def inside(address: str) -> str:
    """Redirect target after login, restricted to console pages (no open redirect)."""
    parts = urlsplit(address)
    own = not parts.scheme and not parts.netloc and parts.path.startswith("/console/")
    safe = own and "\\" not in address and address.isprintable()
    return address if safe and not parts.path.startswith("/console/login") else "/console"


def _login(
    request: Request, going: str, login: str = "", wrong: str = "", *, asks_code: bool = False
) -> Response:
    shown = {"going": going, "login": login, "wrong": wrong, "asks_code": asks_code}
    changed = "changed" in request.query_params
    expired = bool(going) and not wrong
    status = 401 if wrong else 200
    return page(
        request,
        "login.html",
        None,
        status,
        purposes=PURPOSES,
        changed=changed,
        expired=expired,
        people=people_of(service_of(request).store),
        **shown,
    )


def _password(request: Request, visit: Visit, wrong: str = "") -> Response:
    service = service_of(request)
    rules = visit_limits(service.rulebook, service.today()).passwords
    shown = {"wrong": wrong, "due": visit.must_change, "rules": rules}
    status = 400 if wrong else 200
    return page(request, "password.html", remembered_visitor(request, visit), status, **shown)
