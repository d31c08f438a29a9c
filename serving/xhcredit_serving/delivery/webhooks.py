"""Messages that subscribers receive, for the description: requests of ours to their address."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header

from xhcredit.store.delivery.rows import AlertIssuedMessage, TierChangedMessage

router = APIRouter(tags=["subscriptions"])

_EventId = Annotated[
    str,
    Header(
        alias="webhook-id",
        description="消息标识，重发不变，据此去重 / the same however often it is sent",
        examples=["msg_2f1c…"],
    ),
]
_Timestamp = Annotated[
    str,
    Header(
        alias="webhook-timestamp",
        description="发送时刻，1970 年起的秒数 / seconds since 1970",
        examples=["1782843605"],
    ),
]
_Signatures = Annotated[
    str,
    Header(
        alias="webhook-signature",
        description="签名，更换密钥后一日内有两个 / two for a day after rotation",
        examples=["v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="],
    ),
]


@router.post(
    "tier_changed",
    operation_id="receive_tier_changed",
    summary="等级变动 / another tier",
    description="答复 2xx 即为送达，410 为不再接收，其余重试。\n\n"
    "Any 2xx is taken as delivered, 410 as wanting no more; all else is tried again.",
    status_code=204,
)
def receive_tier_changed(
    message: TierChangedMessage,
    event_id: _EventId,
    timestamp: _Timestamp,
    signatures: _Signatures,
) -> None:
    """An enterprise has another tier than in the run before."""


@router.post(
    "alert.issued",
    operation_id="receive_alert_issued",
    summary="预警发布 / an alert was issued",
    description="答复 2xx 即为送达，410 为不再接收，其余重试。\n\n"
    "Any 2xx is taken as delivered, 410 as wanting no more; all else is tried again.",
    status_code=204,
)
def receive_alert_issued(
    message: AlertIssuedMessage,
    event_id: _EventId,
    timestamp: _Timestamp,
    signatures: _Signatures,
) -> None:
    """An alert was issued to its owner and to other departments."""
