"""Webhook subscriptions over HTTP: created, ended, replayed by the security administrator.

A subscription hands data to another system for as long as it lives, as a key does; hence it is
for who gives keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from xhcredit.errors import UnknownRecord
from xhcredit.store.delivery.subscriptions import Subscription
from xhcredit.store.store import Store
from xhcredit_serving.auth.authentication import WHOLE_DISTRICT
from xhcredit_serving.auth.permissions import ACCOUNTS
from xhcredit_serving.delivery import schemas
from xhcredit_serving.dependencies import (
    Administrator,
    AdministratorChange,
    SecretMaker,
    ServiceDep,
    StoreDep,
)
from xhcredit_serving.http.paging import PageQueryDep
from xhcredit_serving.http.problems import Refusal, declared_problems

router = APIRouter(tags=["subscriptions"])


def _managed_number(
    caller: Administrator,
    store: StoreDep,
    number: Annotated[int, Path(ge=1, le=2**53, examples=[1])],
) -> int:
    """The number of the address, if the subscription is the administrator's to look after.

    Raises:
        UnknownRecord: there is none, or it is another's to look after.
    """
    subscriptions = store.subscriptions.list_subscriptions(include_ended=True)
    if not any(s.id == number and caller.may(ACCOUNTS, s.bureau) for s in subscriptions):
        raise UnknownRecord(f"there is no subscription {number}; see /v1/subscriptions")
    return number


ManagedNumber = Annotated[int, Depends(_managed_number)]


@router.get(
    "/v1/subscriptions",
    operation_id="list_subscriptions",
    summary="消息订阅列表 / who is told",
    description="向哪些系统推送等级变动与预警，及各状态消息数；不含密钥。\n\nWhich systems are "
    "told, and how many messages wait, arrived or were given up; never the secrets.",
    responses=declared_problems(400, 422),
)
def list_subscriptions(
    caller: Administrator, store: StoreDep, page: PageQueryDep
) -> schemas.SubscriptionPage:
    """Subscriptions of the administrator's bureaus."""
    subscriptions = [
        s
        for s in store.subscriptions.list_subscriptions(include_ended=True)
        if caller.may(ACCOUNTS, s.bureau)
    ]
    page_rows, next_cursor = page.cut(subscriptions, key=lambda s: s.id)
    counts = store.deliveries.counts()
    answers = [_subscription_body(s, counts.get(s.id, {})) for s in page_rows]
    return {"subscriptions": answers, "next": next_cursor}


def _subscription_body(
    subscription: Subscription, counts: Mapping[str, int]
) -> schemas.SubscriptionAnswer:
    return {
        "number": subscription.id,
        "name": subscription.name,
        "url": subscription.url,
        "kinds": list(subscription.kinds),
        "bureau": subscription.bureau,
        "ended_at": subscription.ended_at,
        "messages": {
            "waiting": counts.get("waiting", 0),
            "delivered": counts.get("delivered", 0),
            "dead": counts.get("dead", 0),
            "dropped": counts.get("dropped", 0),
        },
    }


def _subscription(store: Store, number: int) -> schemas.SubscriptionAnswer:
    subscriptions = store.subscriptions.list_subscriptions(include_ended=True)
    subscription = next(s for s in subscriptions if s.id == number)
    return _subscription_body(subscription, store.deliveries.counts().get(number, {}))


@router.get(
    "/v1/subscriptions/{number}",
    operation_id="get_subscription",
    summary="单个消息订阅 / one subscription",
    description="不含密钥。\n\nNever the secret.",
    responses=declared_problems(404, 422),
)
def get_subscription(store: StoreDep, number: ManagedNumber) -> schemas.SubscriptionAnswer:
    """One subscription."""
    return _subscription(store, number)


@router.post(
    "/v1/subscriptions",
    operation_id="create_subscription",
    summary="新建消息订阅 / let a system be told",
    description="自此以后的消息推送到该地址，签名密钥仅显示一次；地址须为公网 HTTPS，内网地址须由"
    "系统管理员放行。\n\nWhat comes about from now on is sent there, signed (Standard Webhooks); "
    "the secret is shown once. Public HTTPS only, unless the operator allows the host.",
    status_code=201,
    responses=declared_problems(400, 422),
)
def create_subscription(
    making: SecretMaker,
    service: ServiceDep,
    new_subscription: schemas.NewSubscription,
    response: Response,
) -> schemas.SubscriptionSecret:
    """Make a subscription and show its secret once."""
    named_bureau = service.official_bureau(new_subscription.bureau)
    bureau = "" if named_bureau in WHOLE_DISTRICT else named_bureau
    if not making.caller.may(ACCOUNTS, bureau):
        raise Refusal("not_allowed", "this bureau is another administrator's; ask them")
    # Here already, not at the first sending only: who writes a forbidden address is told at
    # once.
    service.settings.outward.url(new_subscription.url)
    number, secret = service.store.subscriptions.add(
        making.act("subscription.new"),
        new_subscription.name,
        new_subscription.url,
        new_subscription.kinds,
        bureau,
    )
    response.headers["Location"] = f"/v1/subscriptions/{number}"
    return {"number": number, "secret": secret}


@router.post(
    "/v1/subscriptions/{number}:rotate",
    operation_id="rotate_subscription",
    summary="更换签名密钥 / new secret",
    description="新密钥仅显示一次；一日内消息同时带新旧两个签名。\n\nShown once; for a day "
    "messages carry signatures of both.",
    responses=declared_problems(400, 404, 422),
)
def rotate_subscription(
    making: SecretMaker, store: StoreDep, number: ManagedNumber
) -> schemas.SubscriptionSecret:
    """Make a new secret and show it once."""
    secret = store.subscriptions.rotate(making.act("subscription.rotate"), number)
    return {"number": number, "secret": secret}


@router.delete(
    "/v1/subscriptions/{number}",
    operation_id="end_subscription",
    summary="停止推送 / tell no more",
    description="不可恢复；尚未送达的消息不再推送。\n\nFor good; what still waits is dropped.",
    responses=declared_problems(400, 404, 422),
)
def end_subscription(
    change: AdministratorChange, store: StoreDep, number: ManagedNumber
) -> schemas.SubscriptionAnswer:
    """End a subscription."""
    act = change.act("subscription.end", None, subscription=number)
    store.subscriptions.end(act, number)
    return _subscription(store, number)


@router.get(
    "/v1/subscriptions/{number}/dead-messages",
    operation_id="list_dead_messages",
    summary="未送达的消息 / messages given up",
    description="多次重试仍未送达、已放弃的消息，最新在前；可用 :replay 重发。\n\nThe latest "
    "first; send them again with :replay.",
    responses=declared_problems(400, 404, 422),
)
def list_dead_messages(
    store: StoreDep, number: ManagedNumber, page: PageQueryDep
) -> schemas.DeadMessagePage:
    """Messages that were given up."""
    rows = store.deliveries.dead_messages(number, page.limit + 1, page.after_number)
    page_rows, next_cursor = page.cut_read(rows, key=lambda row: row["message"])
    return {"messages": page_rows, "next": next_cursor}


@router.post(
    "/v1/subscriptions/{number}:replay",
    operation_id="replay_subscription",
    summary="重发消息 / send again",
    description="重发已放弃的消息；给出 since 时，重发该编号起的全部消息，接收方按编号去重。"
    "\n\nWhat was given up; with since, every message from that number on.",
    responses=declared_problems(400, 404, 422),
)
def replay_subscription(
    change: AdministratorChange,
    store: StoreDep,
    number: ManagedNumber,
    since: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> schemas.ReplayedMessages:
    """Replay webhook deliveries."""
    act = change.act("subscription.replay", None, subscription=number, since=since)
    count = store.deliveries.replay(act, number, since)
    return {"number": number, "messages": count}
