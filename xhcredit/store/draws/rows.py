"""Rows of draws as the store gives them; moments are UTC texts, days ``YYYY-MM-DD``."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
from xhcredit.draws.plan import Plan
from xhcredit.draws.published_files import DrawRecord, Seed

#: how far a draw is, in this order
DrawState = Literal["frozen", "seeded", "drawn", "published"]


class FiledPlan(Plan):
    """A plan as it was filed."""

    digest: str = Field(description="计划摘要 / digest of the plan", examples=["5b…"])


@closed_row
class PlanFiled(TypedDict):
    """A plan was filed."""

    plan: str
    digest: str


@closed_row
class DrawFrozen(TypedDict):
    """A draw was frozen; both digests are to be published at once."""

    draw: Annotated[str, Field(examples=["zh-2026-07"])]
    commitment: Annotated[str, Field(description="承诺摘要 / digest of the commitment")]
    root: Annotated[str, Field(description="名录根摘要 / root of the frame's hash tree")]


@closed_row
class RecordStored(TypedDict):
    """A draw was drawn; ``selected`` counts the enterprises."""

    digest: str
    selected: int


@closed_row
class ResultsEntered(TypedDict):
    """Inspection results were entered for so many enterprises."""

    draw: str
    entered: int


@closed_row
class NextPublication(TypedDict):
    """A publication by number: how many enterprises had a result, and a digest over them."""

    number: int
    results: int
    digest: str


@closed_row
class DrawPublished(NextPublication):
    """A draw was published, at a moment."""

    draw: str
    published_at: str


@closed_row
class CommitmentDigest(TypedDict):
    """Digest of the commitment that was stored with the frame."""

    digest: str


@closed_row
class PublicationDetails(TypedDict):
    """What a publication says; the first ones said nothing of results."""

    # Stored steps are never rewritten, so what was not stored then is not there today.
    files: NotRequired[list[str]]
    number: NotRequired[int]
    results: NotRequired[int]
    digest: NotRequired[str]
    demo: NotRequired[bool]
    clock: NotRequired[str]


class _Step(TypedDict):
    draw: str
    step: int
    recorded_at: str
    actor: str
    activity: Annotated[int, Field(description="操作日志序号 / entry of the activity chain")]


@closed_row
class FrozenStep(_Step):
    """The frame was frozen."""

    state: Literal["frozen"]
    details: CommitmentDigest


@closed_row
class SeededStep(_Step):
    """The seed was entered."""

    state: Literal["seeded"]
    details: Seed


@closed_row
class DrawnStep(_Step):
    """The list was drawn and staffed."""

    state: Literal["drawn"]
    details: RecordStored


@closed_row
class PublishedStep(_Step):
    """The list was published, or published again."""

    state: Literal["published"]
    details: PublicationDetails


DrawStep = Annotated[
    FrozenStep | SeededStep | DrawnStep | PublishedStep, Field(discriminator="state")
]


@closed_row
class NumberedPublication(TypedDict):
    """A publication with its number, from 1.

    ``results`` and ``digest`` are None where it was published before these were stored.
    """

    number: int
    published_at: str
    results: int | None
    digest: str | None


@closed_row
class VisitResult(TypedDict):
    """Result of the visit to an enterprise, as it was entered last."""

    code: str
    result: Annotated[str, Field(description="检查结果代码 / code of the result")]
    inspected_on: str
    item: Annotated[str, Field(description="检查事项，空为计划全部 / empty: all of the plan")]
    note: str
    # A column that a file may lack; an entry is stored as its file had it.
    completeness: NotRequired[str]


@closed_row
class InspectorReplacement(TypedDict):
    """Another inspector in a place of a visit, drawn by the same seed."""

    code: str
    place: Annotated[int, Field(description="席位，自零起 / place in the team, from 0")]
    attempt: Annotated[int, Field(description="第几次更换 / which replacement of the place")]
    away: Annotated[str, Field(examples=["J000007"])]
    instead: Annotated[str, Field(examples=["J000012"])]
    reason: str


class _Draw(TypedDict):
    id: Annotated[str, Field(examples=["zh-2026-07"])]
    plan: str
    bureau: str
    round: Annotated[str, Field(description="轮次，种子按轮次 / round; a seed serves one")]
    as_of: str
    replaces: Annotated[str | None, Field(description="所重抽的抽查 / the draw that it repeats")]
    activity: Annotated[int, Field(description="操作日志序号 / entry of the activity chain")]
    state: DrawState


@closed_row
class DrawWithSteps(_Draw):
    """A draw with its steps in order."""

    steps: list[DrawStep]


@closed_row
class Draw(DrawWithSteps):
    """A draw with all that was entered since.

    ``news``: another publication is possible.  ``entered_at``: when the last enterprise's first
    result came; None without results.
    """

    results: Annotated[
        dict[str, VisitResult],
        Field(description="按统一社会信用代码 / by unified social credit code"),
    ]
    publications: list[NumberedPublication]
    news: Annotated[bool, Field(description="可再次公示 / another publication is possible")]
    entered_at: str | None
    replacements: list[InspectorReplacement]


@closed_row
class ListedDraw(_Draw):
    """A draw in a list; each of the last three is None where there is none yet.

    ``last_visit`` is a day, ``entered_at`` the moment of the last enterprise's first result,
    ``published_at`` that of the first publication.
    """

    last_visit: str | None
    entered_at: str | None
    published_at: str | None


@closed_row
class DrawnTeams(TypedDict):
    """The record of a draw, and who was replaced since."""

    record: DrawRecord
    replacements: list[InspectorReplacement]
