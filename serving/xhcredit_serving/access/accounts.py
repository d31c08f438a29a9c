"""Account administration: create, grant, revoke, disable, reset, by the security administrator.

An administrator of some bureaus sees and changes only people who have roles there and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from xhcredit.errors import UnknownRecord
from xhcredit.store.core.hash_chain import written
from xhcredit_serving.auth.authentication import Caller, key_of, purpose_of
from xhcredit_serving.auth.passwords import first_password
from xhcredit_serving.auth.permissions import ACCOUNTS
from xhcredit_serving.http import examples
from xhcredit_serving.http.examples import written_by_person
from xhcredit_serving.http.field_types import Bureau, Name, Role, Whole
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import Refusal, declared
from xhcredit_serving.service import Service, service_of

router = APIRouter(tags=["access"])
LOGIN = "^[a-z][a-z0-9._-]{1,31}$"
LoginInPath = Annotated[str, Path(pattern=LOGIN, examples=["zhang.san"])]
ACCOUNT = {
    "login": "zhang.san",
    "name": "张三",
    "grants": [{"role": "inspector", "bureau": "市场监管局"}],
    "has_totp": True,
    "must_change": False,
    "locked_until": None,
    "disabled_at": None,
    "external": None,
}
CHANGED = examples.json_of({"login": "zhang.san"})
_SECRET = examples.json_of({"login": "zhang.san", "password": "…"})


class NewAccount(BaseModel):
    """Request: a new account."""

    model_config = ConfigDict(extra="forbid")
    login: Annotated[str, Field(pattern=LOGIN, examples=["zhang.san"])]
    name: Name


class Grant(BaseModel):
    """A role for a bureau."""

    model_config = ConfigDict(extra="forbid")
    role: Role
    bureau: Bureau


class Shut(BaseModel):
    """Request: disable or enable an account."""

    model_config = ConfigDict(extra="forbid")
    disabled: bool


class Identity(BaseModel):
    """Request: OIDC identity of an account, the value of the identifying claim."""

    model_config = ConfigDict(extra="forbid")
    subject: Annotated[Whole, Field(min_length=1, max_length=255)] | None


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """Account as JSON, without secrets."""
    kept = ("login", "name", "has_totp", "locked_until", "disabled_at", "external")
    granted = [{"role": role, "bureau": bureau} for role, bureau in row["grants"]]
    return {
        **{name: row[name] for name in kept},
        "must_change": bool(row["must_change"]),
        "grants": granted,
    }


def looks_after(caller: Caller, granted: Iterable[tuple[str, str]]) -> bool:
    """Whether an account with these grants is in scope of the administrator."""
    bureaus = {bureau for _, bureau in granted} or {""}
    return all(caller.may(ACCOUNTS, bureau) for bureau in bureaus)


@router.get(
    "/v1/accounts",
    operation_id="accounts",
    summary="账户列表 / accounts",
    description="本管理员管辖范围内的账户与授权。\n\nAccounts and grants within one's bureaus.",
    responses=declared() | {200: examples.json_of({"accounts": [ACCOUNT]})},
)
async def accounts(request: Request) -> Response:
    """Accounts that the administrator looks after."""
    service = service_of(request)
    caller = await service.person(request, ACCOUNTS)
    people = await asyncio.to_thread(service.store.access.people)
    seen = [shown(row) for row in people if looks_after(caller, row["grants"])]
    return RoundedJSON({"accounts": seen}, headers=NO_STORE)


@router.post(
    "/v1/accounts",
    operation_id="new_account",
    summary="新建账户 / new account",
    description="返回一次性口令，仅显示一次，首次登录须更换；新账户没有任何权限。仅限全区安全管理员。\n\n"
    "Shows a one-time password once; the account may do nothing yet. For administrators of the "
    "whole district.",
    responses=declared(400, 422) | {200: _SECRET},
    openapi_extra=written_by_person(with_key=False),
)
async def new_account(request: Request, asked: NewAccount) -> Response:
    """Add an account without grants."""
    service = service_of(request)
    caller = await service.person(request, ACCOUNTS)
    password = await add_account(service, caller, purpose_of(request.headers), asked)
    return RoundedJSON({"login": asked.login, "password": password}, headers=NO_STORE)


async def add_account(service: Service, caller: Caller, purpose: str, asked: NewAccount) -> str:
    """Add an account and return its one-time password.

    Raises:
        Refusal: not an administrator of the whole district.
        BadInput: the login is taken.
    """
    if caller.scope(ACCOUNTS) is not None:
        raise Refusal("not_allowed", "only an administrator of the whole district adds accounts")
    password = first_password()
    kept = await service.passwords.hashed(password)
    add = service.store.access.add_user
    await asyncio.to_thread(add, caller.act("account.new", purpose), asked.login, asked.name, kept)
    return password


async def _theirs(request: Request, login: str) -> tuple[Service, Caller, str]:
    """The administrator, if the account is theirs to look after, and why they act.

    Raises:
        UnknownRecord: nobody has this login, or it is another's to look after.
    """
    service = service_of(request)
    caller = await service.person(request, ACCOUNTS)
    purpose = purpose_of(request.headers)
    user = await asyncio.to_thread(service.store.access.user, login)
    if not looks_after(caller, user["grants"]):
        raise UnknownRecord(f'nobody has the login "{login}"; check it')
    return service, caller, purpose


async def _done(login: str, work: Callable[[], None]) -> Response:
    await asyncio.to_thread(work)
    return RoundedJSON({"login": login}, headers=NO_STORE)


@router.post(
    "/v1/accounts/{login}/grants",
    operation_id="grant",
    summary="授权 / grant",
    description="授予某部门的角色；三类管理员互斥且不得兼任业务角色，不得给自己授权。\n\n"
    "A role for a "
    "bureau. The three administrators stay apart; nobody grants to themselves.",
    responses=declared(400, 404, 409, 422) | {200: CHANGED},
    openapi_extra=written_by_person(),
)
async def grant(request: Request, login: LoginInPath, asked: Grant) -> Response:
    """Grant an account a role for a bureau."""
    return await _grant(request, login, asked, "account.grant", take=False)


@router.delete(
    "/v1/accounts/{login}/grants",
    operation_id="take_grant",
    summary="收回授权 / take a grant back",
    description="收回某部门的角色，其会话随即结束。\n\nTake a role back; their sessions end.",
    responses=declared(400, 404, 409, 422) | {200: CHANGED},
    openapi_extra=written_by_person(),
)
async def take_grant(
    request: Request, login: LoginInPath, asked: Annotated[Grant, Query()]
) -> Response:
    """Revoke a role for a bureau."""
    return await _grant(request, login, asked, "account.take", take=True)


async def _grant(request: Request, login: str, asked: Grant, action: str, take: bool) -> Response:
    service, caller, purpose = await _theirs(request, login)
    if not caller.may(ACCOUNTS, asked.bureau):
        raise Refusal("not_allowed", "this bureau is another administrator's; ask them")
    asked_for = {"login": login, "role": asked.role, "bureau": asked.bureau, "take": take}
    act = caller.act_once(key_of(request.headers), action, purpose, **asked_for)
    change = service.store.access.grant
    return await _done(login, lambda: change(act, login, asked.role, asked.bureau, take=take))


@router.put(
    "/v1/accounts/{login}/disabled",
    operation_id="shut_account",
    summary="停用或启用 / shut or open",
    description="停用即时生效，会话随即结束；账户与记录不删除。\n\nAt once; nothing is deleted.",
    responses=declared(400, 404, 409, 422) | {200: CHANGED},
    openapi_extra=written_by_person(),
)
async def shut_account(request: Request, login: LoginInPath, asked: Shut) -> Response:
    """Disable an account, or enable it again."""
    service, caller, purpose = await _theirs(request, login)
    key = key_of(request.headers)
    act = caller.act_once(key, "account.shut", purpose, login=login, disabled=asked.disabled)
    at = written(service.now()) if asked.disabled else None
    return await _done(login, lambda: service.store.access.disable_user(act, login, at))


@router.post(
    "/v1/accounts/{login}/password",
    operation_id="reset_password",
    summary="重置口令 / reset the password",
    description="返回新的一次性口令，仅显示一次；动态口令须重新启用，会话随即结束。\n\n"
    "A new one-time "
    "password, shown once; one-time codes must be set up anew; their sessions end.",
    responses=declared(400, 404, 409, 422) | {200: _SECRET},
    openapi_extra=written_by_person(with_key=False),
)
async def reset_password(request: Request, login: LoginInPath) -> Response:
    """Reset an account to a one-time password."""
    service, caller, purpose = await _theirs(request, login)
    password = first_password()
    kept = await service.passwords.hashed(password)
    act = caller.act("account.reset", purpose, login=login)
    await asyncio.to_thread(service.store.access.reset_user, act, login, kept)
    return RoundedJSON({"login": login, "password": password}, headers=NO_STORE)


@router.put(
    "/v1/accounts/{login}/identity",
    operation_id="set_identity",
    summary="绑定统一身份 / bind an identity",
    description="绑定统一身份认证中的用户标识；null 为解除。授权仍以本系统为准。\n\n"
    "Who they are at the "
    "identity provider; null unbinds. What they may do is granted here only.",
    responses=declared(400, 404, 409, 422) | {200: CHANGED},
    openapi_extra=written_by_person(),
)
async def set_identity(request: Request, login: LoginInPath, asked: Identity) -> Response:
    """Bind an account to its OIDC identity."""
    service, caller, purpose = await _theirs(request, login)
    issuer = service.settings.oidc.issuer if service.settings.oidc else ""
    external = f"{issuer}|{asked.subject}" if asked.subject else None
    key = key_of(request.headers)
    act = caller.act_once(key, "account.identity", purpose, login=login, external=external)
    return await _done(login, lambda: service.store.access.bind_user(act, login, external))
