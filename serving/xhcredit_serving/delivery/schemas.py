"""Bodies of subscriptions: requests and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
from xhcredit.store.delivery.change_rows import Change
from xhcredit.store.delivery.rows import DeadMessage
from xhcredit_serving.http.field_types import Bureau, Name
from xhcredit_serving.http.paging import Cursor

MessageKind = Annotated[str, Field(pattern=r"^[a-z][a-z_]*(\.[a-z_]+)*$", max_length=60)]
SubscriptionNumber = Annotated[int, Field(description="编号 / its number", examples=[1])]


class NewSubscription(BaseModel):
    """Request: a webhook subscription."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    url: Annotated[str, Field(max_length=2000, examples=["https://platform.example.cn/hooks"])]
    kinds: Annotated[list[MessageKind], Field(max_length=20)] = Field(
        [], description="消息种类；空为全部 / kinds; empty: all", examples=[["tier_changed"]]
    )
    bureau: Bureau


@closed_row
class MessageCounts(TypedDict):
    """How many messages of a subscription are in which state."""

    waiting: Annotated[int, Field(description="待推送 / to be sent", examples=[3])]
    delivered: Annotated[int, Field(description="已送达", examples=[120])]
    dead: Annotated[int, Field(description="已放弃 / given up", examples=[0])]
    dropped: Annotated[int, Field(description="停止时未送 / it ended first", examples=[0])]


@closed_row
class SubscriptionAnswer(TypedDict):
    """A subscription: who is told of what; never its secret."""

    number: SubscriptionNumber
    name: Annotated[str, Field(examples=["平台"])]
    url: Annotated[str, Field(examples=["https://platform.example.cn/hooks"])]
    kinds: Annotated[
        list[str], Field(description="空为全部 / empty: all", examples=[["tier_changed"]])
    ]
    bureau: Annotated[
        str,
        Field(description="部门；空为全区 / empty: the whole district", examples=["市场监管局"]),
    ]
    ended_at: str | None
    messages: MessageCounts


@closed_row
class SubscriptionPage(TypedDict):
    """A page of subscriptions."""

    subscriptions: list[SubscriptionAnswer]
    next: Cursor


@closed_row
class SubscriptionSecret(TypedDict):
    """A secret by which messages are signed, shown once."""

    number: SubscriptionNumber
    secret: Annotated[str, Field(examples=["whsec_…"])]


@closed_row
class DeadMessagePage(TypedDict):
    """A page of messages that were given up."""

    messages: list[DeadMessage]
    next: Cursor


@closed_row
class ReplayedMessages(TypedDict):
    """How many messages will be sent again."""

    number: SubscriptionNumber
    messages: Annotated[int, Field(examples=[4])]


@closed_row
class ChangePageAnswer(TypedDict):
    """Changes after a cursor, and the cursor to come back with."""

    changes: list[Change]
    next: Annotated[
        str,
        Field(description="下次的 after，空页也有 / for the next call, never null"),
    ]
    has_more: Annotated[
        bool, Field(description="是：立即续读；否：已读完 / more wait already", examples=[False])
    ]
