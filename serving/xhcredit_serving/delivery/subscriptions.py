"""Webhook subscriptions over HTTP: created, ended, replayed by the security administrator.

A subscription hands data to another system for as long as it lives, as a key does; hence it is
for who gives keys.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from xhcredit.errors import UnknownRecord
from xhcredit.store.delivery.subscriptions import Subscription
from xhcredit_serving.auth.authentication import (
    WHOLE_DISTRICT,
    Caller,
    idempotency_key_of,
    purpose_of,
)
from xhcredit_serving.auth.permissions import ACCOUNTS
from xhcredit_serving.http import examples
from xhcredit_serving.http.examples import written_by_person
from xhcredit_serving.http.field_types import Bureau, Name
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.service import Service, service_of

router = APIRouter(tags=["subscriptions"])
Number = Annotated[int, Path(ge=1, le=2**53, examples=[1])]
MessageKind = Annotated[str, Field(pattern=r"^[a-z][a-z_]*(\.[a-z_]+)*$", max_length=60)]
EXAMPLE_SUBSCRIPTION = {
    "id": 1, "name": "平台", "url": "https://platform.example.cn/hooks", "kinds": ["tier_changed"],
    "bureau": "市场监管局", "ended_at": None, "messages": {"delivered": 120, "waiting": 3},
}  # fmt: skip
EXAMPLE_DEAD = {
    "message": 17, "kind": "tier_changed", "code": examples.CODE, "attempts": 14,
    "answer": "HTTP 500", "done_at": "2026-07-02T08:00:00.000000Z",
}  # fmt: skip
_EXAMPLE_SECRET = {"id": 1, "secret": "whsec_…"}


class NewSubscription(BaseModel):
    """Request: a webhook subscription."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    url: Annotated[str, Field(max_length=2000, examples=["https://platform.example.cn/hooks"])]
    kinds: Annotated[list[MessageKind], Field(max_length=20)] = Field(
        [], description="消息种类；空为全部 / kinds; empty: all", examples=[["tier_changed"]]
    )
    bureau: Bureau


@router.get(
    "/v1/subscriptions",
    operation_id="subscriptions",
    summary="消息订阅列表 / who is told",
    description="向哪些系统推送等级变动与预警，及各状态消息数；不含密钥。\n\nWhich systems are "
    "told, and how many messages wait, arrived or were given up; never the secrets.",
    responses=declared_problems()
    | {200: examples.json_example({"subscriptions": [EXAMPLE_SUBSCRIPTION]})},
)
async def subscriptions(request: Request) -> Response:
    """Subscriptions of the administrator's bureaus."""
    service = service_of(request)
    caller = await service.person(request, ACCOUNTS)
    all_subscriptions = await asyncio.to_thread(
        service.store.subscriptions.list_subscriptions, include_ended=True
    )
    counts = await asyncio.to_thread(service.store.deliveries.counts)
    subscription_bodies = [
        _subscription_body(s, counts) for s in all_subscriptions if caller.may(ACCOUNTS, s.bureau)
    ]
    return RoundedJSON({"subscriptions": subscription_bodies}, headers=NO_STORE)


def _subscription_body(
    subscription: Subscription, counts: dict[int, dict[str, int]]
) -> dict[str, Any]:
    subscription_fields = {
        name: getattr(subscription, name) for name in EXAMPLE_SUBSCRIPTION if name != "messages"
    }
    return {
        **subscription_fields,
        "kinds": list(subscription.kinds),
        "messages": counts.get(subscription.id, {}),
    }


@router.post(
    "/v1/subscriptions",
    operation_id="new_subscription",
    summary="新建消息订阅 / let a system be told",
    description="自此以后的消息推送到该地址，签名密钥仅显示一次；地址须为公网 HTTPS，内网地址须由"
    "系统管理员放行。\n\nWhat comes about from now on is sent there, signed (Standard Webhooks); "
    "the secret is shown once. Public HTTPS only, unless the operator allows the host.",
    responses=declared_problems(400, 422) | {200: examples.json_example(_EXAMPLE_SECRET)},
    openapi_extra=written_by_person(with_key=False),
)
async def new_subscription(request: Request, request_body: NewSubscription) -> Response:
    """Make a subscription and show its secret once."""
    service = service_of(request)
    caller = await service.person(request, ACCOUNTS)
    purpose = purpose_of(request.headers)
    bureau = "" if request_body.bureau in WHOLE_DISTRICT else request_body.bureau
    if not caller.may(ACCOUNTS, bureau):
        raise Refusal("not_allowed", "this bureau is another administrator's; ask them")
    # Here already, not at the first sending only: who writes a forbidden address is told at
    # once.
    service.settings.outward.url(request_body.url)
    number_and_secret = await asyncio.to_thread(
        service.store.subscriptions.add,
        caller.act("subscription.new", purpose),
        request_body.name,
        request_body.url,
        request_body.kinds,
        bureau,
    )
    return RoundedJSON(
        {"id": number_and_secret[0], "secret": number_and_secret[1]}, headers=NO_STORE
    )


@router.post(
    "/v1/subscriptions/{number}:rotate",
    operation_id="rotate_subscription",
    summary="更换签名密钥 / new secret",
    description="新密钥仅显示一次；一日内消息同时带新旧两个签名。\n\nShown once; for a day "
    "messages carry signatures of both.",
    responses=declared_problems(400, 404, 422) | {200: examples.json_example(_EXAMPLE_SECRET)},
    openapi_extra=written_by_person(with_key=False),
)
async def rotate_subscription(request: Request, number: Number) -> Response:
    """Make a new secret and show it once."""
    service, caller, purpose = await _change_context(request, number)
    act = caller.act("subscription.rotate", purpose)
    secret = await asyncio.to_thread(service.store.subscriptions.rotate, act, number)
    return RoundedJSON({"id": number, "secret": secret}, headers=NO_STORE)


@router.delete(
    "/v1/subscriptions/{number}",
    operation_id="end_subscription",
    summary="停止推送 / tell no more",
    description="不可恢复；尚未送达的消息不再推送。\n\nFor good; what still waits is dropped.",
    responses=declared_problems(400, 404, 422) | {200: examples.json_example({"id": 1})},
    openapi_extra=written_by_person(),
)
async def end_subscription(request: Request, number: Number) -> Response:
    """End a subscription."""
    service, caller, purpose = await _change_context(request, number)
    key = idempotency_key_of(request.headers)
    act = caller.act_once(key, "subscription.end", purpose, subscription=number)
    await asyncio.to_thread(service.store.subscriptions.end, act, number)
    return RoundedJSON({"id": number}, headers=NO_STORE)


@router.get(
    "/v1/subscriptions/{number}/dead",
    operation_id="dead_messages",
    summary="未送达的消息 / messages given up",
    description="多次重试仍未送达、已放弃的消息，最新在前；可用 :replay 重发。\n\nThe latest "
    "first; send them again with :replay.",
    responses=declared_problems(404, 422)
    | {200: examples.json_example({"messages": [EXAMPLE_DEAD]})},
)
async def dead_messages(
    request: Request, number: Number, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Response:
    """Messages that were given up."""
    service = service_of(request)
    caller = await service.person(request, ACCOUNTS)
    await _refuse_other_bureau(service, caller, number)
    message_rows = await asyncio.to_thread(service.store.deliveries.dead_messages, number, limit)
    return RoundedJSON({"messages": message_rows}, headers=NO_STORE)


@router.post(
    "/v1/subscriptions/{number}:replay",
    operation_id="replay_subscription",
    summary="重发消息 / send again",
    description="重发已放弃的消息；给出 since 时，重发该编号起的全部消息，接收方按编号去重。"
    "\n\nWhat was given up; with since, every message from that number on.",
    responses=declared_problems(400, 404, 422)
    | {200: examples.json_example({"id": 1, "messages": 4})},
    openapi_extra=written_by_person(),
)
async def replay_subscription(
    request: Request, number: Number, since: Annotated[int | None, Query(ge=1, le=2**53)] = None
) -> Response:
    """Replay webhook deliveries."""
    service, caller, purpose = await _change_context(request, number)
    audit_payload = {"subscription": number, "since": since}
    act = caller.act_once(
        idempotency_key_of(request.headers), "subscription.replay", purpose, **audit_payload
    )
    count = await asyncio.to_thread(service.store.deliveries.replay, act, number, since)
    return RoundedJSON({"id": number, "messages": count}, headers=NO_STORE)


async def _change_context(request: Request, number: int) -> tuple[Service, Caller, str]:
    """Service, caller and purpose of a change; refuses another administrator's subscription."""
    service = service_of(request)
    caller = await service.person(request, ACCOUNTS)
    purpose = purpose_of(request.headers)
    await _refuse_other_bureau(service, caller, number)
    return service, caller, purpose


async def _refuse_other_bureau(service: Service, caller: Caller, number: int) -> None:
    all_subscriptions = await asyncio.to_thread(
        service.store.subscriptions.list_subscriptions, include_ended=True
    )
    if not any(s.id == number and caller.may(ACCOUNTS, s.bureau) for s in all_subscriptions):
        raise UnknownRecord(f"there is no subscription {number}; see /v1/subscriptions")
