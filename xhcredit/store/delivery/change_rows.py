"""Changes as other systems read them, one type per kind; moments are UTC texts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row

_Code = Annotated[str, Field(examples=["91310115MA1K3CUM7M"])]
_Number = Annotated[
    int, Field(description="变动序号，从不回退 / grows with every change", examples=[52731])
]
_Moment = Annotated[str, Field(examples=["2026-06-30T18:20:05.000000Z"])]
_Run = Annotated[int, Field(description="批次 / the run that says so", examples=[12])]
_PreviousRun = Annotated[int, Field(description="对比的批次 / compared with", examples=[11])]
_Tier = Annotated[str | None, Field(description="空：不在册 / null: not in this run")]
_Points = Annotated[float | None, Field(description="空：无此分 / null: none", examples=[742.31])]
_Grade = Annotated[str | None, Field(description="专业领域分才有 / of X scores", examples=["B"])]
_Lists = Annotated[list[str], Field(examples=[["abnormal_listing", "serious_listing.tax"]])]
_Bureaus = Annotated[list[str], Field(examples=[["市场监管局", "消防救援支队"]])]


@closed_row
class ChangedTier(TypedDict):
    """Another tier than in the run before; newcomers and leavers of the register too."""

    number: _Number
    kind: Literal["tier"]
    code: _Code
    recorded_at: _Moment
    run: _Run
    previous_run: _PreviousRun
    tier: _Tier
    previous_tier: _Tier


@closed_row
class ScoreMove(TypedDict):
    """A score that moved: ``composite``, ``general`` or an X score."""

    name: Annotated[str, Field(examples=["composite"])]
    score: _Points
    previous_score: _Points
    grade: _Grade
    previous_grade: _Grade


@closed_row
class ChangedScore(TypedDict):
    """Points of a score moved; only scores that moved are named."""

    number: _Number
    kind: Literal["score"]
    code: _Code
    recorded_at: _Moment
    run: _Run
    previous_run: _PreviousRun
    scores: list[ScoreMove]


@closed_row
class ChangedListing(TypedDict):
    """The enterprise came on a list, or off it."""

    number: _Number
    kind: Literal["listing"]
    code: _Code
    recorded_at: _Moment
    run: _Run
    previous_run: _PreviousRun
    listings: Annotated[_Lists, Field(description="现在列名单 / on these now")]
    listed: Annotated[_Lists, Field(description="新列入 / came on")]
    delisted: Annotated[list[str], Field(description="已移出 / came off", examples=[[]])]


@closed_row
class ChangedSupervision(TypedDict):
    """Other bureaus supervise the enterprise; those of before are told as well."""

    number: _Number
    kind: Literal["supervision"]
    code: _Code
    recorded_at: _Moment
    run: _Run
    previous_run: _PreviousRun
    bureaus: _Bureaus
    previous_bureaus: _Bureaus


@closed_row
class ChangedAlert(TypedDict):
    """A step of an alert: it was opened, went on, or was closed."""

    number: _Number
    kind: Literal["alert"]
    code: Annotated[
        str | None, Field(description="空：不涉及单个企业 / null: about no one enterprise")
    ]
    recorded_at: _Moment
    alert: Annotated[int, Field(description="预警编号 / number of the alert", examples=[17])]
    trigger: Annotated[str, Field(examples=["licence_expiry"])]
    subject: Annotated[str, Field(description="预警对象 / what it is about")]
    move: Literal["opened", "moved", "closed"]
    act: Annotated[str, Field(description="办理动作 / what was done", examples=["issue"])]
    state: Annotated[str, Field(description="此后状态 / where it stands", examples=["issued"])]
    colour: Annotated[str, Field(examples=["orange"])]
    owner: Annotated[str, Field(description="承办部门", examples=["市场监管局"])]
    due_on: Annotated[str | None, Field(description="办理期限 / last day", examples=["2026-07-07"])]


#: a change of one of the kinds
Change = Annotated[
    ChangedTier | ChangedScore | ChangedListing | ChangedSupervision | ChangedAlert,
    Field(discriminator="kind"),
]
