"""Keys of other systems: made, listed and revoked by the security administrator."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from xhcredit.errors import UnknownRecord
from xhcredit.store.access.rows import ApiKey
from xhcredit.store.core.transactions import Act
from xhcredit_serving.access import schemas
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import ACCOUNTS
from xhcredit_serving.dependencies import (
    Administrator,
    AdministratorChange,
    SecretMaker,
    ServiceDep,
    StoreDep,
)
from xhcredit_serving.http.paging import PageQueryDep
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.service import Service

router = APIRouter(tags=["access"])


def _managed_key(
    caller: Administrator,
    store: StoreDep,
    prefix: Annotated[str, Path(pattern="^[0-9a-f]{8}$", examples=["1a2b3c4d"])],
) -> ApiKey:
    """The key of the address, if it is the administrator's to look after.

    Raises:
        UnknownRecord: there is none, or it is another's to look after.
    """
    for key in store.access.list_keys():
        if key["prefix"] == prefix and caller.may(ACCOUNTS, key["bureau"]):
            return key
    raise UnknownRecord(f'there is no key "{prefix}"; see /v1/keys')


ManagedKey = Annotated[ApiKey, Depends(_managed_key)]


@router.get(
    "/v1/keys",
    operation_id="list_keys",
    summary="访问密钥列表 / keys",
    description="管辖部门的全部密钥，含已停用；不含密钥本身，最新在前。\n\n"
    "All keys of one's bureaus, revoked ones too, the latest first; never the keys themselves.",
    responses=declared_problems(400, 422),
)
def list_keys(caller: Administrator, store: StoreDep, page: PageQueryDep) -> schemas.ApiKeyPage:
    """Keys that the administrator looks after."""
    keys = [key for key in store.access.list_keys() if caller.may(ACCOUNTS, key["bureau"])]
    page_rows, next_cursor = page.cut(keys, key=lambda key: key["prefix"])
    return {"keys": page_rows, "next": next_cursor}


@router.get(
    "/v1/keys/{prefix}",
    operation_id="get_key",
    summary="单个访问密钥 / one key",
    description="不含密钥本身。\n\nNever the key itself.",
    responses=declared_problems(404, 422),
)
def get_key(key: ManagedKey) -> ApiKey:
    """One key."""
    return key


@router.post(
    "/v1/keys",
    operation_id="create_key",
    summary="新建访问密钥 / new key",
    description="供其他系统使用，仅显示一次；管理员角色中的安全管理员不得授予密钥。\n\n"
    "For another system, "
    "shown once; what only a person answers for is given to no key.",
    status_code=201,
    responses=declared_problems(400, 409, 422),
)
def create_key(
    making: SecretMaker, service: ServiceDep, new_key: schemas.NewKey, response: Response
) -> schemas.ApiKeyMade:
    """Make a key and show it once."""
    key_text = make_key(service, making.caller, making.act("key.new"), new_key)
    prefix = key_text.split("_")[1]
    response.headers["Location"] = f"/v1/keys/{prefix}"
    return {"prefix": prefix, "key": key_text}


def make_key(service: Service, caller: Caller, act: Act, new_key: schemas.NewKey) -> str:
    """Make a key and return it, whole.

    Raises:
        BadInput: the district has no such bureau.
        Refusal: the bureau is another administrator's, or only a person may have the role.
    """
    bureau = service.official_bureau(new_key.bureau)
    if not caller.may(ACCOUNTS, bureau):
        raise Refusal("not_allowed", "this bureau is another administrator's; ask them")
    if "security_admin" in new_key.roles:
        raise Refusal("not_allowed", "a security administrator is a person; choose other roles")
    expires_at = service.moment() + timedelta(days=new_key.days)
    roles: list[str] = sorted(set(new_key.roles))
    return service.store.access.new_key(act, new_key.name, bureau, roles, expires_at)


@router.delete(
    "/v1/keys/{prefix}",
    operation_id="revoke_key",
    summary="停用访问密钥 / revoke a key",
    description="一秒内生效，不可恢复。\n\nWithin a second, and for good.",
    responses=declared_problems(400, 404, 422),
)
def revoke_key(change: AdministratorChange, store: StoreDep, key: ManagedKey) -> ApiKey:
    """Revoke an API key."""
    prefix = key["prefix"]
    store.access.revoke_key(change.act("key.revoke", None, prefix=prefix), prefix)
    return next(k for k in store.access.list_keys() if k["prefix"] == prefix)
