"""Own account: log in and out, session, password change, TOTP setup."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import pyotp
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from xhcredit.errors import WrongState
from xhcredit_serving.auth.csrf import refuse_other_site
from xhcredit_serving.auth.sessions import (
    LoginSession,
    find_session,
    is_secure,
    login_rules,
    set_session_cookie,
)
from xhcredit_serving.http import examples
from xhcredit_serving.http.field_types import EncodableText
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.service import Service, service_of

#: everybody may try
public = APIRouter(tags=["access"])
router = APIRouter(tags=["access"])
_ISSUER = "xhcredit"


Login = Annotated[EncodableText, Field(min_length=1, max_length=64, examples=["zhang.san"])]
Password = Annotated[EncodableText, Field(min_length=1, max_length=128)]
Code = Annotated[str, Field(pattern="^[0-9]{6}$", examples=["492039"])]
EXAMPLE_SESSION = {
    "login": "zhang.san",
    "name": "张三",
    "grants": [{"role": "inspector", "bureau": "市场监管局"}],
    "may": ["enterprises:read"],
    "how": "totp",
    "must_change": False,
    "has_totp": True,
    "csrf": "…",
    "opened_at": "2026-06-30T08:00:00.000000Z",
    "idle_until": "2026-06-30T08:15:00.000000Z",
    "ends_at": "2026-06-30T18:00:00.000000Z",
}
_TOKEN = examples.header_parameter("X-CSRF-Token", "会话令牌，见 /v1/session / the session's token")


class Credentials(BaseModel):
    """Request: login credentials."""

    model_config = ConfigDict(extra="forbid")
    login: Login
    password: Password
    code: Code | None = None


class PasswordChange(BaseModel):
    """A new password."""

    model_config = ConfigDict(extra="forbid")
    old: Password
    new: Password


class OneTimeCode(BaseModel):
    """A one-time code."""

    model_config = ConfigDict(extra="forbid")
    code: Code


def session_body(session: LoginSession) -> dict[str, Any]:
    """Login session as JSON."""
    plain_fields = ("login", "name", "how", "must_change", "has_totp", "csrf")
    return {
        **{name: getattr(session, name) for name in plain_fields},
        "grants": [
            {"role": role, "bureau": bureau} for role, bureau in sorted(session.caller.grants)
        ],
        "may": sorted(session.caller.permissions),
        "opened_at": session.opened_at,
        "idle_until": session.idle_until,
        "ends_at": session.ends_at,
    }


def address_of(request: Request) -> str:
    """Client address of a request."""
    return request.client.host if request.client else ""


@public.post(
    "/v1/session",
    operation_id="log_in",
    summary="登录 / log in",
    description="口令正确即下发 HttpOnly 会话 Cookie；启用动态口令者须另送 code。"
    "失败原因一律不区分，连续失败即锁定。\n\n"
    "A right password (and one-time code, where set up) gives a session cookie. "
    "Whatever is wrong, the answer is the same; a few failures lock the account.",
    responses=declared_problems(400, 422, 429) | {200: examples.json_example(EXAMPLE_SESSION)},
)
async def log_in(request: Request, credentials: Credentials) -> Response:
    """Log in: open a session."""
    service = service_of(request)
    # There is no session yet and so no token: only its origin tells a forged login.
    refuse_other_site(request, service.settings.public)
    login = credentials.login.strip().casefold()
    new_session = await service.logins.log_in(
        login, credentials.password, credentials.code, address_of(request), service.today()
    )
    session = await asyncio.to_thread(_find_session, service, new_session.cookie)
    request.scope["state"]["actor"] = session.caller.name
    answer = RoundedJSON(session_body(session), headers=NO_STORE)
    set_session_cookie(answer, new_session.cookie, is_secure(request, service.settings.public))
    return answer


def _find_session(service: Service, cookie: str) -> LoginSession:
    rules = login_rules(service.rulebook, service.today())
    return find_session(service.store.sessions, cookie, service.moment(), rules)


@router.get(
    "/v1/session",
    operation_id="who_am_i",
    summary="当前登录 / who is logged in",
    description="姓名、权限、时限与会话令牌。\n\nName, grants, time-outs and the session's token.",
    responses=declared_problems() | {200: examples.json_example(EXAMPLE_SESSION)},
)
async def who_am_i(request: Request) -> Response:
    """Current login session."""
    session = await service_of(request).login_session(request, settled=False)
    return RoundedJSON(session_body(session), headers=NO_STORE)


@router.delete(
    "/v1/session",
    operation_id="log_out",
    summary="退出 / log out",
    description="结束本会话。\n\nEnd this session.",
    responses=declared_problems() | {200: examples.json_example({"logged_out": True})},
    openapi_extra={"parameters": [_TOKEN]},
)
async def log_out(request: Request) -> Response:
    """End this session."""
    service = service_of(request)
    session = await service.login_session(request, settled=False)
    act = session.caller.act("session.close", "logout")
    await asyncio.to_thread(service.store.sessions.close, act, session.caller.session)
    return _logged_out(request, service, {"logged_out": True})


@router.post(
    "/v1/account/password",
    operation_id="change_password",
    summary="更换口令 / choose a new password",
    description="须先验证原口令；成功后所有会话结束，请用新口令登录。\n\n"
    "Asks for the old one; then all "
    "sessions end: log in with the new one.",
    responses=declared_problems(400, 422, 429) | {200: examples.json_example({"changed": True})},
    openapi_extra={"parameters": [_TOKEN]},
)
async def change_password(request: Request, password_change: PasswordChange) -> Response:
    """Choose a new password."""
    service = service_of(request)
    session = await service.login_session(request, settled=False)
    await service.logins.change_password(
        session.login,
        password_change.old,
        password_change.new,
        address_of(request),
        service.today(),
    )
    return _logged_out(request, service, {"changed": True})


def _logged_out(request: Request, service: Service, body: dict[str, Any]) -> Response:
    answer = RoundedJSON(body, headers=NO_STORE)
    set_session_cookie(answer, "", is_secure(request, service.settings.public))
    return answer


@router.post(
    "/v1/account/totp",
    operation_id="enrol_totp",
    summary="启用动态口令：第一步 / set up one-time codes: begin",
    description="返回密钥与 otpauth 地址（仅此一次），录入手机后用 PUT 送一次动态口令确认。\n\n"
    "The "
    "secret, once; put it into a device and confirm with PUT and a first code.",
    responses=declared_problems(409)
    | {200: examples.json_example({"secret": "…", "uri": "otpauth://totp/…"})},
    openapi_extra={"parameters": [_TOKEN]},
)
async def enrol_totp(request: Request) -> Response:
    """Make a secret for one-time codes, which a first code must confirm."""
    service = service_of(request)
    session = await _local_session(request, service)
    if session.has_totp:
        raise WrongState("one-time codes are set up already; take them away first (DELETE)")
    secret = pyotp.random_base32()
    await asyncio.to_thread(service.store.access.save_pending_totp, session.login, secret)
    uri = pyotp.TOTP(secret).provisioning_uri(name=session.login, issuer_name=_ISSUER)
    return RoundedJSON({"secret": secret, "uri": uri}, headers=NO_STORE)


@router.put(
    "/v1/account/totp",
    operation_id="confirm_totp",
    summary="启用动态口令：确认 / set up one-time codes: confirm",
    description="送首个动态口令；成功后所有会话结束，此后登录均须动态口令。\n\n"
    "A first code; then all "
    "sessions end, and every login needs one.",
    responses=declared_problems(400, 409, 422) | {200: examples.json_example({"has_totp": True})},
    openapi_extra={"parameters": [_TOKEN]},
)
async def confirm_totp(request: Request, one_time_code: OneTimeCode) -> Response:
    """Confirm the secret by a first code."""
    service = service_of(request)
    session = await _local_session(request, service)
    user = await asyncio.to_thread(service.store.access.get_user, session.login)
    if user["totp_pending"] is None:
        raise WrongState("no set-up of one-time codes was begun; begin with POST")
    return await _set_totp_secret(
        request, session, one_time_code, user["totp_pending"], user["totp_pending"]
    )


@router.delete(
    "/v1/account/totp",
    operation_id="remove_totp",
    summary="停用动态口令 / take one-time codes away",
    description="须送一个有效的动态口令；成功后所有会话结束。\n\n"
    "Asks for a code; then all sessions end.",
    responses=declared_problems(400, 409, 422) | {200: examples.json_example({"has_totp": False})},
    openapi_extra={"parameters": [_TOKEN]},
)
async def remove_totp(request: Request, one_time_code: OneTimeCode) -> Response:
    """Take one-time codes away, by a code."""
    service = service_of(request)
    session = await _local_session(request, service)
    user = await asyncio.to_thread(service.store.access.get_user, session.login)
    if user["totp_secret"] is None:
        raise WrongState("one-time codes are not set up")
    return await _set_totp_secret(request, session, one_time_code, user["totp_secret"], None)


async def _set_totp_secret(
    request: Request,
    session: LoginSession,
    one_time_code: OneTimeCode,
    secret: str,
    new_secret: str | None,
) -> Response:
    """Set the secret of one-time codes to ``new_secret``, if a code of ``secret`` is right."""
    service = service_of(request)
    step = await service.logins.check_code(
        session.login, secret, one_time_code.code, address_of(request), service.today()
    )
    act = session.caller.act("account.totp", "own one-time codes", on=new_secret is not None)
    # The step is used up with the confirmation: the same code opens no session afterwards.
    totp_columns = {"totp_secret": new_secret, "totp_pending": None, "totp_step": step}
    await asyncio.to_thread(
        lambda: service.store.access.change_user(act, session.login, **totp_columns)
    )
    return _logged_out(request, service, {"has_totp": new_secret is not None})


async def _local_session(request: Request, service: Service) -> LoginSession:
    """Local login session, not one of the identity provider."""
    session = await service.login_session(request)
    if session.how == "oidc":
        raise Refusal("not_allowed", "your identity provider asks for codes; set them up there")
    return session
