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
from xhcredit.store.core.hash_chain import format_moment
from xhcredit_serving.auth.authentication import Caller, idempotency_key_of, purpose_of
from xhcredit_serving.auth.passwords import first_password
from xhcredit_serving.auth.permissions import ACCOUNTS
from xhcredit_serving.http import examples
from xhcredit_serving.http.examples import written_by_person
from xhcredit_serving.http.field_types import Bureau, EncodableText, Name, Role
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.service import Service, service_of

router = APIRouter(tags=["access"])
LOGIN = "^[a-z][a-z0-9._-]{1,31}$"
LoginInPath = Annotated[str, Path(pattern=LOGIN, examples=["zhang.san"])]
EXAMPLE_ACCOUNT = {
    "login": "zhang.san",
    "name": "张三",
    "grants": [{"role": "inspector", "bureau": "市场监管局"}],
    "has_totp": True,
    "must_change": False,
    "locked_until": None,
    "disabled_at": None,
    "external": None,
}
CHANGED_RESPONSE = examples.json_example({"login": "zhang.san"})
_EXAMPLE_SECRET = examples.json_example({"login": "zhang.san", "password": "…"})


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


class AccountDisabling(BaseModel):
    """Request: disable or enable an account."""

    model_config = ConfigDict(extra="forbid")
    disabled: bool


class Identity(BaseModel):
    """Request: OIDC identity of an account, the value of the identifying claim."""

    model_config = ConfigDict(extra="forbid")
    subject: Annotated[EncodableText, Field(min_length=1, max_length=255)] | None


def account_body(row: dict[str, Any]) -> dict[str, Any]:
    """Account as JSON, without secrets."""
    plain_fields = ("login", "name", "has_totp", "locked_until", "disabled_at", "external")
    grant_bodies = [{"role": role, "bureau": bureau} for role, bureau in row["grants"]]
    return {
        **{name: row[name] for name in plain_fields},
        "must_change": bool(row["must_change"]),
        "grants": grant_bodies,
    }


def manages_account(caller: Caller, account_grants: Iterable[tuple[str, str]]) -> bool:
    """Whether an account with these grants is in scope of the administrator."""
    # Who has no grant yet belongs to the administrators of the whole district.
    bureaus = {bureau for _, bureau in account_grants} or {""}
    return all(caller.may(ACCOUNTS, bureau) for bureau in bureaus)


@router.get(
    "/v1/accounts",
    operation_id="accounts",
    summary="账户列表 / accounts",
    description="本管理员管辖范围内的账户与授权。\n\nAccounts and grants within one's bureaus.",
    responses=declared_problems() | {200: examples.json_example({"accounts": [EXAMPLE_ACCOUNT]})},
)
async def accounts(request: Request) -> Response:
    """Accounts that the administrator looks after."""
    service = service_of(request)
    caller = await service.person(request, ACCOUNTS)
    account_rows = await asyncio.to_thread(service.store.access.list_users)
    account_bodies = [
        account_body(row) for row in account_rows if manages_account(caller, row["grants"])
    ]
    return RoundedJSON({"accounts": account_bodies}, headers=NO_STORE)


@router.post(
    "/v1/accounts",
    operation_id="new_account",
    summary="新建账户 / new account",
    description="返回一次性口令，仅显示一次，首次登录须更换；新账户没有任何权限。仅限全区安全管理员。\n\n"
    "Shows a one-time password once; the account may do nothing yet. For administrators of the "
    "whole district.",
    responses=declared_problems(400, 422) | {200: _EXAMPLE_SECRET},
    openapi_extra=written_by_person(with_key=False),
)
async def new_account(request: Request, new_account_body: NewAccount) -> Response:
    """Add an account without grants."""
    service = service_of(request)
    caller = await service.person(request, ACCOUNTS)
    password = await add_account(service, caller, purpose_of(request.headers), new_account_body)
    return RoundedJSON({"login": new_account_body.login, "password": password}, headers=NO_STORE)


async def add_account(
    service: Service, caller: Caller, purpose: str, new_account_body: NewAccount
) -> str:
    """Add an account and return its one-time password.

    Raises:
        Refusal: not an administrator of the whole district.
        BadInput: the login is taken.
    """
    if caller.scope(ACCOUNTS) is not None:
        raise Refusal("not_allowed", "only an administrator of the whole district adds accounts")
    password = first_password()
    password_hash = await service.passwords.hash_password(password)
    add_user = service.store.access.add_user
    await asyncio.to_thread(
        add_user,
        caller.act("account.new", purpose),
        new_account_body.login,
        new_account_body.name,
        password_hash,
    )
    return password


async def _managed_account(request: Request, login: str) -> tuple[Service, Caller, str]:
    """The administrator, if the account is theirs to look after, and why they act.

    Raises:
        UnknownRecord: nobody has this login, or it is another's to look after.
    """
    service = service_of(request)
    caller = await service.person(request, ACCOUNTS)
    purpose = purpose_of(request.headers)
    user = await asyncio.to_thread(service.store.access.get_user, login)
    # As if there were no such account: 403 would tell who works for another bureau.
    if not manages_account(caller, user["grants"]):
        raise UnknownRecord(f'nobody has the login "{login}"; check it')
    return service, caller, purpose


async def _apply_change(login: str, change: Callable[[], None]) -> Response:
    await asyncio.to_thread(change)
    return RoundedJSON({"login": login}, headers=NO_STORE)


@router.post(
    "/v1/accounts/{login}/grants",
    operation_id="grant",
    summary="授权 / grant",
    description="授予某部门的角色；三类管理员互斥且不得兼任业务角色，不得给自己授权。\n\n"
    "A role for a "
    "bureau. The three administrators stay apart; nobody grants to themselves.",
    responses=declared_problems(400, 404, 409, 422) | {200: CHANGED_RESPONSE},
    openapi_extra=written_by_person(),
)
async def grant(request: Request, login: LoginInPath, grant_body: Grant) -> Response:
    """Grant an account a role for a bureau."""
    return await _grant(request, login, grant_body, "account.grant", take=False)


@router.delete(
    "/v1/accounts/{login}/grants",
    operation_id="take_grant",
    summary="收回授权 / take a grant back",
    description="收回某部门的角色，其会话随即结束。\n\nTake a role back; their sessions end.",
    responses=declared_problems(400, 404, 409, 422) | {200: CHANGED_RESPONSE},
    openapi_extra=written_by_person(),
)
async def take_grant(
    request: Request, login: LoginInPath, grant_body: Annotated[Grant, Query()]
) -> Response:
    """Revoke a role for a bureau."""
    return await _grant(request, login, grant_body, "account.take", take=True)


async def _grant(
    request: Request, login: str, grant_body: Grant, action: str, take: bool
) -> Response:
    service, caller, purpose = await _managed_account(request, login)
    if not caller.may(ACCOUNTS, grant_body.bureau):
        raise Refusal("not_allowed", "this bureau is another administrator's; ask them")
    audit_payload = {
        "login": login,
        "role": grant_body.role,
        "bureau": grant_body.bureau,
        "take": take,
    }
    act = caller.act_once(idempotency_key_of(request.headers), action, purpose, **audit_payload)
    change_grant = service.store.access.grant
    return await _apply_change(
        login, lambda: change_grant(act, login, grant_body.role, grant_body.bureau, take=take)
    )


@router.put(
    "/v1/accounts/{login}/disabled",
    operation_id="shut_account",
    summary="停用或启用 / shut or open",
    description="停用即时生效，会话随即结束；账户与记录不删除。\n\nAt once; nothing is deleted.",
    responses=declared_problems(400, 404, 409, 422) | {200: CHANGED_RESPONSE},
    openapi_extra=written_by_person(),
)
async def shut_account(
    request: Request, login: LoginInPath, disabling: AccountDisabling
) -> Response:
    """Disable an account, or enable it again."""
    service, caller, purpose = await _managed_account(request, login)
    key = idempotency_key_of(request.headers)
    act = caller.act_once(key, "account.shut", purpose, login=login, disabled=disabling.disabled)
    disabled_at = format_moment(service.moment()) if disabling.disabled else None
    return await _apply_change(
        login, lambda: service.store.access.disable_user(act, login, disabled_at)
    )


@router.post(
    "/v1/accounts/{login}/password",
    operation_id="reset_password",
    summary="重置口令 / reset the password",
    description="返回新的一次性口令，仅显示一次；动态口令须重新启用，会话随即结束。\n\n"
    "A new one-time "
    "password, shown once; one-time codes must be set up anew; their sessions end.",
    responses=declared_problems(400, 404, 409, 422) | {200: _EXAMPLE_SECRET},
    openapi_extra=written_by_person(with_key=False),
)
async def reset_password(request: Request, login: LoginInPath) -> Response:
    """Reset an account to a one-time password."""
    service, caller, purpose = await _managed_account(request, login)
    password = first_password()
    password_hash = await service.passwords.hash_password(password)
    act = caller.act("account.reset", purpose, login=login)
    await asyncio.to_thread(service.store.access.reset_user, act, login, password_hash)
    return RoundedJSON({"login": login, "password": password}, headers=NO_STORE)


@router.put(
    "/v1/accounts/{login}/identity",
    operation_id="set_identity",
    summary="绑定统一身份 / bind an identity",
    description="绑定统一身份认证中的用户标识；null 为解除。授权仍以本系统为准。\n\n"
    "Who they are at the "
    "identity provider; null unbinds. What they may do is granted here only.",
    responses=declared_problems(400, 404, 409, 422) | {200: CHANGED_RESPONSE},
    openapi_extra=written_by_person(),
)
async def set_identity(request: Request, login: LoginInPath, identity: Identity) -> Response:
    """Bind an account to its OIDC identity."""
    service, caller, purpose = await _managed_account(request, login)
    issuer = service.settings.oidc.issuer if service.settings.oidc else ""
    # A subject is unique with its own issuer only (OpenID Connect).
    external = f"{issuer}|{identity.subject}" if identity.subject else None
    key = idempotency_key_of(request.headers)
    act = caller.act_once(key, "account.identity", purpose, login=login, external=external)
    return await _apply_change(login, lambda: service.store.access.bind_user(act, login, external))
