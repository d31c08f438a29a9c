"""Keys of other systems: made, listed and revoked by the security administrator."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from xhcredit.errors import UnknownRecord
from xhcredit_serving.auth.authentication import Caller, idempotency_key_of, purpose_of
from xhcredit_serving.auth.permissions import ACCOUNTS
from xhcredit_serving.http import examples
from xhcredit_serving.http.examples import written_by_person
from xhcredit_serving.http.field_types import Bureau, Name, Role
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.service import Service, service_of

router = APIRouter(tags=["access"])
MAX_DAYS = 400
EXAMPLE_KEY = {
    "prefix": "1a2b3c4d",
    "name": "平台",
    "bureau": "市场监管局",
    "roles": ["viewer"],
    "expires_at": "2027-06-30T08:00:00.000000Z",
    "revoked_at": None,
}


class NewKey(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    bureau: Bureau
    roles: Annotated[list[Role], Field(min_length=1, max_length=5)]
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] = 365


def key_body(row: dict[str, Any]) -> dict[str, Any]:
    """API key as JSON; never the key itself."""
    return {name: row[name] for name in EXAMPLE_KEY}


@router.get(
    "/v1/keys",
    operation_id="keys",
    summary="访问密钥列表 / keys",
    description="管辖部门的全部密钥，含已停用；不含密钥本身。\n\n"
    "All keys of one's bureaus, revoked ones "
    "too; never the keys themselves.",
    responses=declared_problems() | {200: examples.json_example({"keys": [EXAMPLE_KEY]})},
)
async def keys(request: Request) -> Response:
    """Keys that the administrator looks after."""
    service = service_of(request)
    caller = await service.person(request, ACCOUNTS)
    key_rows = await asyncio.to_thread(service.store.access.list_keys)
    key_bodies = [key_body(row) for row in key_rows if caller.may(ACCOUNTS, row["bureau"])]
    return RoundedJSON({"keys": key_bodies}, headers=NO_STORE)


@router.post(
    "/v1/keys",
    operation_id="new_key",
    summary="新建访问密钥 / new key",
    description="供其他系统使用，仅显示一次；管理员角色中的安全管理员不得授予密钥。\n\n"
    "For another system, "
    "shown once; what only a person answers for is given to no key.",
    responses=declared_problems(400, 409, 422)
    | {200: examples.json_example({"prefix": "…", "key": "xhc_…"})},
    openapi_extra=written_by_person(with_key=False),
)
async def new_key(request: Request, request_body: NewKey) -> Response:
    """Make a key and show it once."""
    service = service_of(request)
    caller = await service.person(request, ACCOUNTS)
    key_text = await make_key(service, caller, purpose_of(request.headers), request_body)
    return RoundedJSON({"prefix": key_text.split("_")[1], "key": key_text}, headers=NO_STORE)


async def make_key(service: Service, caller: Caller, purpose: str, request_body: NewKey) -> str:
    """Make a key and return it, whole.

    Raises:
        Refusal: the bureau is another administrator's, or only a person may have the role.
    """
    if not caller.may(ACCOUNTS, request_body.bureau):
        raise Refusal("not_allowed", "this bureau is another administrator's; ask them")
    if "security_admin" in request_body.roles:
        raise Refusal("not_allowed", "a security administrator is a person; choose other roles")
    expires_at = service.moment() + timedelta(days=request_body.days)
    act = caller.act("key.new", purpose)
    roles: list[str] = sorted(set(request_body.roles))
    make = service.store.access.new_key
    return await asyncio.to_thread(
        make, act, request_body.name, request_body.bureau, roles, expires_at
    )


@router.delete(
    "/v1/keys/{prefix}",
    operation_id="revoke_key",
    summary="停用访问密钥 / revoke a key",
    description="一秒内生效，不可恢复。\n\nWithin a second, and for good.",
    responses=declared_problems(400, 404, 422)
    | {200: examples.json_example({"prefix": "1a2b3c4d"})},
    openapi_extra=written_by_person(),
)
async def revoke_key(
    request: Request, prefix: Annotated[str, Path(pattern="^[0-9a-f]{8}$")]
) -> Response:
    """Revoke an API key."""
    service = service_of(request)
    caller = await service.person(request, ACCOUNTS)
    purpose = purpose_of(request.headers)
    key_rows = await asyncio.to_thread(service.store.access.list_keys)
    if not any(
        key_row["prefix"] == prefix and caller.may(ACCOUNTS, key_row["bureau"])
        for key_row in key_rows
    ):
        raise UnknownRecord(f'there is no key "{prefix}"; see /v1/keys')
    act = caller.act_once(idempotency_key_of(request.headers), "key.revoke", purpose, prefix=prefix)
    await asyncio.to_thread(service.store.access.revoke_key, act, prefix)
    return RoundedJSON({"prefix": prefix}, headers=NO_STORE)
