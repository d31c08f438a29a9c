"""To the identity provider and back; only where one is set up."""

from __future__ import annotations

import asyncio
import hmac
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from xhcredit.errors import LoginRefused
from xhcredit.rules.schemas.access import SessionLimits
from xhcredit.store.access.accounts_and_keys import actor_of
from xhcredit.store.access.sessions import Opened
from xhcredit.store.core.transactions import Act
from xhcredit_serving.access.own_account import address_of
from xhcredit_serving.auth.oidc import CALLBACK, MINUTES, Oidc
from xhcredit_serving.auth.sessions import give_cookie, is_secure
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
STATE = "xhcredit_state"
_HOME = "/console/"
#: the session's cookie is SameSite=Strict: it goes along only from a page of our own
_ARRIVED = (
    '<!doctype html><html lang="zh"><meta charset="utf-8"><title>xhcredit</title>'
    f'<meta http-equiv="refresh" content="0;url={_HOME}">'
    f'<a href="{_HOME}">继续 / continue</a></html>'
)
_NO_STORE = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'"}


def _oidc(request: Request) -> Oidc:
    oidc: Oidc = request.app.state.oidc
    return oidc


def _callback(request: Request, service: Service) -> str:
    return (service.settings.public or str(request.base_url)).rstrip("/") + CALLBACK


@router.get("/v1/oidc/login")
async def leave(request: Request) -> Response:
    """Redirect a browser to the OIDC provider; a state cookie ties the callback to it."""
    service = service_of(request)
    left = await _oidc(request).leave(_callback(request, service), service.now())
    answer = RedirectResponse(left.url, 303, headers={"Cache-Control": "no-store"})
    answer.set_cookie(
        STATE,
        left.state,
        int(MINUTES.total_seconds()),
        path=CALLBACK,
        httponly=True,
        samesite="lax",
        secure=is_secure(request, service.settings.public),
    )
    return answer


@router.get(CALLBACK)
async def arrive(
    request: Request,
    code: Annotated[str, Query(max_length=2000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """OIDC callback: log in the account that is bound to the identity."""
    service = service_of(request)
    held = request.cookies.get(STATE, "")
    if not code or not state or not hmac.compare_digest(held.encode(), state.encode()):
        raise LoginRefused("this browser did not begin a login, or it was refused; begin again")
    back = _callback(request, service)
    identity = await _oidc(request).identity(state, code, back, service.now())
    opened = await asyncio.to_thread(_open, service, identity, address_of(request))
    answer = HTMLResponse(_ARRIVED, headers=_NO_STORE)
    give_cookie(answer, opened.cookie, is_secure(request, service.settings.public))
    answer.delete_cookie(STATE, path=CALLBACK)
    return answer


def _open(service: Service, identity: str, address: str) -> Opened:
    """Open a session for the account that is bound to an OIDC identity."""
    user = service.store.access.known_as(identity)
    if user is None or user["disabled_at"]:
        told = {"login": user["login"] if user else "", "address": address, "how": "oidc"}
        service.store.record([Act("nobody", "session.refused", "login", payload=told)])
        raise LoginRefused("no open account is bound to this identity; ask the administrator")
    limits = service.rulebook.value("access.sessions", SessionLimits, as_of=service.today())
    act = Act(actor_of(user["login"]), "session.open", "login")
    return service.store.sessions.open(act, user, address, "oidc", at_once=limits.at_once)
