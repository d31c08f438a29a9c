"""Account administration: create, grant, revoke, disable, reset, by the security administrator.

An administrator of some bureaus sees and changes only people who have roles there and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from xhcredit.errors import UnknownRecord
from xhcredit.rules.official_names import bureau_to_revoke
from xhcredit.store.access.accounts_and_keys import without_secrets
from xhcredit.store.access.rows import ListedAccount
from xhcredit.store.core.hash_chain import format_moment
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store
from xhcredit_serving.access import schemas
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.passwords import first_password
from xhcredit_serving.auth.permissions import ACCOUNTS
from xhcredit_serving.dependencies import (
    Administrator,
    AdministratorChange,
    SecretMaker,
    ServiceDep,
    StoreDep,
    Writing,
)
from xhcredit_serving.http.paging import PageQueryDep
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.service import Service

router = APIRouter(tags=["access"])


def account_body(row: ListedAccount) -> schemas.Account:
    """Account as JSON, without secrets."""
    return {
        "login": row["login"],
        "name": row["name"],
        "grants": [{"role": role, "bureau": bureau} for role, bureau in row["grants"]],
        "has_totp": row["has_totp"],
        "must_change": bool(row["must_change"]),
        "locked_until": row["locked_until"],
        "disabled_at": row["disabled_at"],
        "external": row["external"],
    }


def manages_account(caller: Caller, account_grants: Iterable[tuple[str, str]]) -> bool:
    """Whether an account with these grants is in scope of the administrator."""
    # Who has no grant yet belongs to the administrators of the whole district.
    bureaus = {bureau for _, bureau in account_grants} or {""}
    return all(caller.may(ACCOUNTS, bureau) for bureau in bureaus)


def _managed_login(
    caller: Administrator,
    store: StoreDep,
    login: Annotated[str, Path(pattern=schemas.LOGIN, examples=["zhang.san"])],
) -> str:
    """The login of the address, if the account is the administrator's to look after.

    Raises:
        UnknownRecord: nobody has this login, or it is another's to look after.
    """
    # As if there were no such account: 403 would tell who works for another bureau.
    if not manages_account(caller, store.access.get_user(login)["grants"]):
        raise UnknownRecord(f'nobody has the login "{login}"; check it')
    return login


ManagedLogin = Annotated[str, Depends(_managed_login)]


def _account(store: Store, login: str) -> schemas.Account:
    return account_body(without_secrets(store.access.get_user(login)))


@router.get(
    "/v1/accounts",
    operation_id="list_accounts",
    summary="账户列表 / accounts",
    description="本管理员管辖范围内的账户与授权。\n\nAccounts and grants within one's bureaus.",
    responses=declared_problems(400, 422),
)
def list_accounts(
    caller: Administrator, store: StoreDep, page: PageQueryDep
) -> schemas.AccountPage:
    """Accounts that the administrator looks after, by login."""
    rows = [row for row in store.access.list_users() if manages_account(caller, row["grants"])]
    page_rows, next_cursor = page.cut(rows, key=lambda row: row["login"])
    return {"accounts": [account_body(row) for row in page_rows], "next": next_cursor}


@router.get(
    "/v1/accounts/{login}",
    operation_id="get_account",
    summary="单个账户 / one account",
    description="账户及其授权。\n\nAn account and its grants.",
    responses=declared_problems(404, 422),
)
def get_account(store: StoreDep, login: ManagedLogin) -> schemas.Account:
    """One account."""
    return _account(store, login)


@router.post(
    "/v1/accounts",
    operation_id="create_account",
    summary="新建账户 / new account",
    description="返回一次性口令，仅显示一次，首次登录须更换；新账户没有任何权限。仅限全区安全管理员。\n\n"
    "Shows a one-time password once; the account may do nothing yet. For administrators of the "
    "whole district.",
    status_code=201,
    responses=declared_problems(400, 422),
)
async def create_account(
    making: SecretMaker, service: ServiceDep, new_account: schemas.NewAccount, response: Response
) -> schemas.FirstPassword:
    """Add an account without grants."""
    password = await add_account(service, making.caller, making.act("account.new"), new_account)
    response.headers["Location"] = f"/v1/accounts/{new_account.login}"
    return {"login": new_account.login, "password": password}


async def add_account(
    service: Service, caller: Caller, act: Act, new_account: schemas.NewAccount
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
    await run_in_threadpool(
        service.store.access.add_user, act, new_account.login, new_account.name, password_hash
    )
    return password


@router.post(
    "/v1/accounts/{login}/grants",
    operation_id="add_grant",
    summary="授权 / grant",
    description="授予某部门的角色，返回账户；三类管理员互斥且不得兼任业务角色，不得给自己授权。\n\n"
    "A role for a bureau; answers the account. The three administrators stay apart; nobody grants "
    "to themselves.",
    status_code=201,
    responses=declared_problems(400, 404, 409, 422),
)
def add_grant(
    change: AdministratorChange,
    store: StoreDep,
    service: ServiceDep,
    login: ManagedLogin,
    grant: schemas.Grant,
    response: Response,
) -> schemas.Account:
    """Grant an account a role for a bureau."""
    _change_grant(change, service, login, grant, "account.grant", take=False)
    response.headers["Location"] = f"/v1/accounts/{login}"
    return _account(store, login)


@router.delete(
    "/v1/accounts/{login}/grants",
    operation_id="revoke_grant",
    summary="收回授权 / take a grant back",
    description="收回某部门的角色，其会话随即结束。\n\nTake a role back; their sessions end.",
    responses=declared_problems(400, 404, 409, 422),
)
def revoke_grant(
    change: AdministratorChange,
    store: StoreDep,
    service: ServiceDep,
    login: ManagedLogin,
    grant: Annotated[schemas.Grant, Query()],
) -> schemas.Account:
    """Revoke a role for a bureau."""
    _change_grant(change, service, login, grant, "account.take", take=True)
    return _account(store, login)


def _change_grant(
    change: Writing, service: Service, login: str, grant: schemas.Grant, action: str, take: bool
) -> None:
    bureau = granted_bureau(service, login, grant.bureau, take=take)
    if not change.caller.may(ACCOUNTS, bureau):
        raise Refusal("not_allowed", "this bureau is another administrator's; ask them")
    act = change.act(action, None, login=login, role=grant.role, bureau=bureau, take=take)
    service.store.access.grant(act, login, grant.role, bureau, take=take)


def granted_bureau(service: Service, login: str, text: str, *, take: bool) -> str:
    """Bureau of a grant by its official name; one that is taken back as it was granted.

    Raises:
        BadInput: a new grant names a bureau that the district does not have.
    """
    if not take:
        return service.official_bureau(text)
    user = service.store.access.get_user(login)
    bureaus = frozenset(bureau for _, bureau in user["grants"])
    return bureau_to_revoke(service.rulebook, text, service.today(), bureaus)


@router.put(
    "/v1/accounts/{login}/disabled",
    operation_id="set_account_disabled",
    summary="停用或启用 / shut or open",
    description="停用即时生效，会话随即结束；账户与记录不删除。\n\nAt once; nothing is deleted.",
    responses=declared_problems(400, 404, 409, 422),
)
def set_account_disabled(
    change: AdministratorChange,
    service: ServiceDep,
    login: ManagedLogin,
    disabling: schemas.AccountDisabling,
) -> schemas.Account:
    """Disable an account, or enable it again."""
    act = change.act("account.shut", None, login=login, disabled=disabling.disabled)
    disabled_at = format_moment(service.moment()) if disabling.disabled else None
    service.store.access.disable_user(act, login, disabled_at)
    return _account(service.store, login)


@router.post(
    "/v1/accounts/{login}:reset-password",
    operation_id="reset_password",
    summary="重置口令 / reset the password",
    description="返回新的一次性口令，仅显示一次；动态口令须重新启用，会话随即结束。\n\n"
    "A new one-time "
    "password, shown once; one-time codes must be set up anew; their sessions end.",
    responses=declared_problems(400, 404, 409, 422),
)
async def reset_password(
    making: SecretMaker, service: ServiceDep, login: ManagedLogin
) -> schemas.FirstPassword:
    """Reset an account to a one-time password."""
    password = first_password()
    password_hash = await service.passwords.hash_password(password)
    act = making.act("account.reset", login=login)
    await run_in_threadpool(service.store.access.reset_user, act, login, password_hash)
    return {"login": login, "password": password}


@router.put(
    "/v1/accounts/{login}/identity",
    operation_id="set_identity",
    summary="绑定统一身份 / bind an identity",
    description="绑定统一身份认证中的用户标识；null 为解除。授权仍以本系统为准。\n\n"
    "Who they are at the "
    "identity provider; null unbinds. What they may do is granted here only.",
    responses=declared_problems(400, 404, 409, 422),
)
def set_identity(
    change: AdministratorChange,
    service: ServiceDep,
    login: ManagedLogin,
    identity: schemas.Identity,
) -> schemas.Account:
    """Bind an account to its OIDC identity."""
    issuer = service.settings.oidc.issuer if service.settings.oidc else ""
    # A subject is unique with its own issuer only (OpenID Connect).
    external = f"{issuer}|{identity.subject}" if identity.subject else None
    act = change.act("account.identity", None, login=login, external=external)
    service.store.access.bind_user(act, login, external)
    return _account(service.store, login)
