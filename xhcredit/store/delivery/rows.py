"""Rows of deliveries, and the messages that receivers are sent; moments are UTC texts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row

_Code = Annotated[
    str | None,
    Field(
        description="统一社会信用代码；不涉及单个企业时为空 / null: about no one enterprise",
        examples=["91310115MA1K3CUM7M"],
    ),
]
_Bureau = Annotated[str | None, Field(description="主管部门 / bureau", examples=["市场监管局"])]
_Moment = Annotated[str, Field(examples=["2026-06-30T18:20:05.000000Z"])]


@closed_row
class DeadMessage(TypedDict):
    """A message that was given up."""

    message: Annotated[int, Field(description="消息编号 / its number", examples=[17])]
    kind: Annotated[str, Field(examples=["tier_changed"])]
    code: Annotated[str, Field(examples=["91310115MA1K3CUM7M"])]
    attempts: Annotated[int, Field(examples=[14])]
    answer: Annotated[
        str, Field(description="最后一次的应答 / of the last attempt", examples=["HTTP 500"])
    ]
    done_at: Annotated[str | None, Field(examples=["2026-07-02T08:00:00.000000Z"])]


@closed_row
class TierChange(TypedDict):
    """Another tier than in the run before."""

    code: _Code
    bureau: _Bureau
    tier: Annotated[str | None, Field(description="空：已不在册 / null: left the register")]
    previous_tier: Annotated[str | None, Field(description="空：新增 / null: it is new")]
    run: Annotated[int, Field(examples=[12])]
    previous_run: Annotated[int, Field(examples=[11])]


# The three names of a message are those of Standard Webhooks.
TierChangedMessage = TypedDict(  # noqa: UP013 - a field is called data
    "TierChangedMessage",
    {"type": Literal["tier_changed"], "timestamp": _Moment, "data": TierChange},
)
closed_row(TierChangedMessage)


@closed_row
class IssuedAlert(TypedDict):
    """An alert that was issued to its owner and the departments of the routing rules."""

    code: _Code
    bureau: _Bureau
    alert: Annotated[int, Field(description="预警编号 / number of the alert", examples=[17])]
    trigger: Annotated[str, Field(examples=["licence_expiry"])]
    subject: Annotated[str, Field(description="预警对象 / what it is about")]
    colour: Annotated[str, Field(examples=["orange"])]
    owner: Annotated[str, Field(description="承办部门 / who has to act", examples=["市场监管局"])]
    due_on: Annotated[str | None, Field(description="办理期限 / last day", examples=["2026-07-07"])]
    provisional: Annotated[bool, Field(description="期限暂定 / rests on no calendar notice yet")]
    departments: Annotated[list[str], Field(examples=[["应急局"]])]


AlertIssuedMessage = TypedDict(  # noqa: UP013 - a field is called data
    "AlertIssuedMessage",
    {"type": Literal["alert.issued"], "timestamp": _Moment, "data": IssuedAlert},
)
closed_row(AlertIssuedMessage)
