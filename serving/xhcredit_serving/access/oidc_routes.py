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
from xhcredit.store.access.sessions import NewSession
from xhcredit.store.core.transactions import Act
from xhcredit_serving.access.own_account import address_of
from xhcredit_serving.auth.oidc import CALLBACK, LOGIN_TIMEOUT, Oidc
from xhcredit_serving.auth.sessions import is_secure, set_session_cookie
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
STATE = "xhcredit_state"
_HOME = "/console/"
#: the session's cookie is SameSite=Strict: it goes along only from a page of our own
_REDIRECT_PAGE = (
    '<!doctype html><html lang="zh"><meta charset="utf-8"><title>xhcredit</title>'
    f'<meta http-equiv="refresh" content="0;url={_HOME}">'
    f'<a href="{_HOME}">继续 / continue</a></html>'
)
_NO_STORE = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'"}


def _oidc(request: Request) -> Oidc:
    oidc: Oidc = request.app.state.oidc
    return oidc


def _callback_url(request: Request, service: Service) -> str:
    return (service.settings.public or str(request.base_url)).rstrip("/") + CALLBACK


@router.get("/v1/oidc/login")
async def start_login(request: Request) -> Response:
    """Redirect a browser to the OIDC provider; a state cookie ties the callback to it."""
    service = service_of(request)
    redirect = await _oidc(request).start_login(_callback_url(request, service), service.moment())
    answer = RedirectResponse(redirect.url, 303, headers={"Cache-Control": "no-store"})
    answer.set_cookie(
        STATE,
        redirect.state,
        int(LOGIN_TIMEOUT.total_seconds()),
        path=CALLBACK,
        httponly=True,
        # Lax, not Strict: the way back begins on the provider's page, and Strict would leave
        # the cookie out.
        samesite="lax",
        secure=is_secure(request, service.settings.public),
    )
    return answer


@router.get(CALLBACK)
async def finish_login(
    request: Request,
    code: Annotated[str, Query(max_length=2000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """OIDC callback: log in the account that is bound to the identity."""
    service = service_of(request)
    state_cookie = request.cookies.get(STATE, "")
    # Login CSRF: a state that another browser began would log this one in to somebody else's
    # account.
    if not code or not state or not hmac.compare_digest(state_cookie.encode(), state.encode()):
        raise LoginRefused("this browser did not begin a login, or it was refused; begin again")
    callback_url = _callback_url(request, service)
    identity = await _oidc(request).identity(state, code, callback_url, service.moment())
    new_session = await asyncio.to_thread(_open_session, service, identity, address_of(request))
    answer = HTMLResponse(_REDIRECT_PAGE, headers=_NO_STORE)
    set_session_cookie(answer, new_session.cookie, is_secure(request, service.settings.public))
    answer.delete_cookie(STATE, path=CALLBACK)
    return answer


def _open_session(service: Service, identity: str, address: str) -> NewSession:
    """Open a session for the account that is bound to an OIDC identity."""
    user = service.store.access.user_by_identity(identity)
    if user is None or user["disabled_at"]:
        audit_payload = {"login": user["login"] if user else "", "address": address, "how": "oidc"}
        service.store.record([Act("nobody", "session.refused", "login", payload=audit_payload)])
        raise LoginRefused("no open account is bound to this identity; ask the administrator")
    limits = service.rulebook.value("access.sessions", SessionLimits, as_of=service.today())
    act = Act(actor_of(user["login"]), "session.open", "login")
    return service.store.sessions.open(act, user, address, "oidc", max_sessions=limits.at_once)
