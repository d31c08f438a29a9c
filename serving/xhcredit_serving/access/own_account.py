"""Own account: log in and out, session, password change, TOTP setup."""

from __future__ import annotations

from typing import Annotated

import pyotp
from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from xhcredit.errors import WrongState
from xhcredit_serving.access import schemas
from xhcredit_serving.auth.csrf import refuse_other_site
from xhcredit_serving.auth.sessions import (
    LoginSession,
    find_session,
    is_secure,
    login_rules,
    set_session_cookie,
)
from xhcredit_serving.dependencies import CsrfToken, ServiceDep
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.service import Service, service_of

#: everybody may try
public = APIRouter(tags=["access"])
router = APIRouter(tags=["access"])
_ISSUER = "xhcredit"


def session_body(session: LoginSession) -> schemas.CurrentSession:
    """Login session as JSON."""
    return {
        "login": session.login,
        "name": session.name,
        "grants": [
            {"role": role, "bureau": bureau} for role, bureau in sorted(session.caller.grants)
        ],
        "may": sorted(session.caller.permissions),
        "how": session.how,
        "must_change": session.must_change,
        "has_totp": session.has_totp,
        "csrf": session.csrf,
        "opened_at": session.opened_at,
        "idle_until": session.idle_until,
        "ends_at": session.ends_at,
    }


def address_of(request: Request) -> str:
    """Client address of a request."""
    return request.client.host if request.client else ""


# Also a session whose password is due: it may look at itself, choose a password, and end.
async def _any_session(request: Request) -> LoginSession:
    return await service_of(request).login_session(request, settled=False)


async def _local_session(request: Request) -> LoginSession:
    """Settled session, not one of the identity provider."""
    session = await service_of(request).login_session(request)
    if session.how == "oidc":
        raise Refusal("not_allowed", "your identity provider asks for codes; set them up there")
    return session


AnySession = Annotated[LoginSession, Depends(_any_session)]
LocalSession = Annotated[LoginSession, Depends(_local_session)]


@public.post(
    "/v1/session",
    operation_id="log_in",
    summary="登录 / log in",
    description="口令正确即下发 HttpOnly 会话 Cookie；启用动态口令者须另送 code。"
    "失败原因一律不区分，连续失败即锁定。\n\n"
    "A right password (and one-time code, where set up) gives a session cookie. "
    "Whatever is wrong, the answer is the same; a few failures lock the account.",
    status_code=201,
    responses=declared_problems(400, 422, 429),
)
async def log_in(
    request: Request, service: ServiceDep, credentials: schemas.Credentials, response: Response
) -> schemas.CurrentSession:
    """Log in: open a session."""
    # There is no session yet and so no token: only its origin tells a forged login.
    refuse_other_site(request, service.settings.public)
    login = credentials.login.strip().casefold()
    new_session = await service.logins.log_in(
        login, credentials.password, credentials.code, address_of(request), service.today()
    )
    session = await run_in_threadpool(_find_session, service, new_session.cookie)
    request.scope["state"]["actor"] = session.caller.name
    set_session_cookie(response, new_session.cookie, is_secure(request, service.settings.public))
    response.headers["Location"] = "/v1/session"
    return session_body(session)


def _find_session(service: Service, cookie: str) -> LoginSession:
    rules = login_rules(service.rulebook, service.today())
    return find_session(service.store.sessions, cookie, service.moment(), rules)


@router.get(
    "/v1/session",
    operation_id="get_session",
    summary="当前登录 / who is logged in",
    description="姓名、权限、时限与会话令牌。\n\nName, grants, time-outs and the session's token.",
    responses=declared_problems(),
)
async def get_session(session: AnySession) -> schemas.CurrentSession:
    """Current login session."""
    return session_body(session)


@router.delete(
    "/v1/session",
    operation_id="log_out",
    summary="退出 / log out",
    description="结束本会话。\n\nEnd this session.",
    responses=declared_problems(),
)
def log_out(
    request: Request, session: AnySession, _: CsrfToken, service: ServiceDep, response: Response
) -> schemas.LoggedOut:
    """End this session."""
    act = session.caller.act("session.close", "logout")
    service.store.sessions.close(act, session.caller.session)
    _forget_cookie(request, service, response)
    return {"logged_out": True}


@router.put(
    "/v1/account/password",
    operation_id="change_password",
    summary="更换口令 / choose a new password",
    description="须先验证原口令；成功后所有会话结束，请用新口令登录。\n\n"
    "Asks for the old one; then all "
    "sessions end: log in with the new one.",
    responses=declared_problems(400, 422, 429),
)
async def change_password(
    request: Request,
    session: AnySession,
    _: CsrfToken,
    service: ServiceDep,
    password_change: schemas.PasswordChange,
    response: Response,
) -> schemas.PasswordChanged:
    """Choose a new password."""
    await service.logins.change_password(
        session.login,
        password_change.old,
        password_change.new,
        address_of(request),
        service.today(),
    )
    _forget_cookie(request, service, response)
    return {"changed": True}


def _forget_cookie(request: Request, service: Service, response: Response) -> None:
    set_session_cookie(response, "", is_secure(request, service.settings.public))


@router.post(
    "/v1/account/totp:enrol",
    operation_id="enrol_totp",
    summary="启用动态口令：第一步 / set up one-time codes: begin",
    description="返回密钥与 otpauth 地址（仅此一次），录入手机后用 :confirm 送动态口令确认。\n\n"
    "The secret, once; put it into a device and confirm with :confirm and a first code.",
    responses=declared_problems(409),
)
def enrol_totp(session: LocalSession, _: CsrfToken, service: ServiceDep) -> schemas.TotpSecret:
    """Make a secret for one-time codes, which a first code must confirm."""
    if session.has_totp:
        raise WrongState("one-time codes are set up already; take them away first (:remove)")
    secret = pyotp.random_base32()
    service.store.access.save_pending_totp(session.login, secret)
    uri = pyotp.TOTP(secret).provisioning_uri(name=session.login, issuer_name=_ISSUER)
    return {"secret": secret, "uri": uri}


@router.post(
    "/v1/account/totp:confirm",
    operation_id="confirm_totp",
    summary="启用动态口令：确认 / set up one-time codes: confirm",
    description="送首个动态口令；成功后所有会话结束，此后登录均须动态口令。\n\n"
    "A first code; then all "
    "sessions end, and every login needs one.",
    responses=declared_problems(400, 409, 422),
)
async def confirm_totp(
    request: Request,
    session: LocalSession,
    _: CsrfToken,
    service: ServiceDep,
    one_time_code: schemas.OneTimeCode,
    response: Response,
) -> schemas.TotpState:
    """Confirm the secret by a first code."""
    user = await run_in_threadpool(service.store.access.get_user, session.login)
    secret = user["totp_pending"]
    if secret is None:
        raise WrongState("no set-up of one-time codes was begun; begin with :enrol")
    await _set_totp_secret(request, session, one_time_code.code, secret, secret)
    _forget_cookie(request, service, response)
    return {"has_totp": True}


# Not DELETE: it needs a code, and what a DELETE says in a body is lost on the way.
@router.post(
    "/v1/account/totp:remove",
    operation_id="remove_totp",
    summary="停用动态口令 / take one-time codes away",
    description="须送一个有效的动态口令；成功后所有会话结束。\n\n"
    "Asks for a code; then all sessions end.",
    responses=declared_problems(400, 409, 422),
)
async def remove_totp(
    request: Request,
    session: LocalSession,
    _: CsrfToken,
    service: ServiceDep,
    one_time_code: schemas.OneTimeCode,
    response: Response,
) -> schemas.TotpState:
    """Take one-time codes away, by a code."""
    user = await run_in_threadpool(service.store.access.get_user, session.login)
    if user["totp_secret"] is None:
        raise WrongState("one-time codes are not set up")
    await _set_totp_secret(request, session, one_time_code.code, user["totp_secret"], None)
    _forget_cookie(request, service, response)
    return {"has_totp": False}


async def _set_totp_secret(
    request: Request, session: LoginSession, code: str, secret: str, new_secret: str | None
) -> None:
    """Set the secret of one-time codes to ``new_secret``, if a code of ``secret`` is right."""
    service = service_of(request)
    step = await service.logins.check_code(
        session.login, secret, code, address_of(request), service.today()
    )
    act = session.caller.act("account.totp", "own one-time codes", on=new_secret is not None)
    # The step is used up with the confirmation: the same code opens no session afterwards.
    await run_in_threadpool(
        service.store.access.change_user,
        act,
        session.login,
        totp_secret=new_secret,
        totp_pending=None,
        totp_step=step,
    )
