"""Rows about one enterprise: events, explanation, file, what-if; days ``YYYY-MM-DD``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
from xhcredit.jobs.scoring.rows import ScoreResult
from xhcredit.store.night.rows import ReasonFact, XScore

#: a canonical value as JSON: days and amounts are text
PlainValue = str | int | float | bool | None
_Code = Annotated[str, Field(examples=["91310115MA1K3CUM7M"])]
_Day = Annotated[str, Field(examples=["2026-06-30"])]
_Provenance = Annotated[
    dict[str, str], Field(description="来源指纹 / digests of what it was made from, by name")
]
_Tier = Annotated[str, Field(examples=["B"])]
_Mark = Annotated[str, Field(description="使用限制 / what it may be used for")]


@closed_row
class Fact(TypedDict):
    """One column of a record; ``label`` is the value of a category in words."""

    column: Annotated[str, Field(examples=["amount_yuan"])]
    zh: Annotated[str, Field(examples=["罚没金额（元）"])]
    en: str
    value: Annotated[PlainValue, Field(examples=["5000.00"])]
    label: str | None


@closed_row
class ReadingIndicator(TypedDict):
    """An indicator that reads an event, and the scores and rules of the enterprise it enters."""

    indicator: Annotated[str, Field(examples=["penalties_24m"])]
    zh: str
    en: str
    enters: Annotated[list[str], Field(examples=[["general"]])]


@closed_row
class NotCounted(TypedDict):
    """Why an event does not count, for programs and for people."""

    reason: Annotated[str, Field(examples=["procedure"])]
    zh: Annotated[str, Field(examples=["处罚程序为“简易程序”"])]
    en: Annotated[str, Field(examples=["procedure: summary"])]


@closed_row
class EnterpriseEvent(TypedDict):
    """An event as known on a day, with its source and what the scores make of it."""

    table: Annotated[str, Field(examples=["penalty"])]
    zh: Annotated[str, Field(examples=["行政处罚"])]
    en: str
    occurred_on: _Day
    known_on: _Day
    ended_on: str | None
    ended_known_on: str | None
    withdrawn_on: str | None
    withdrawn_why: str | None
    facts: list[Fact]
    counts: Annotated[bool, Field(description="计入评分 / enters the result")]
    indicators: list[ReadingIndicator]
    why_none: Annotated[list[NotCounted], Field(description="不计入的原因 / if nothing reads it")]
    source_file: str | None
    source_row: int | None


@closed_row
class Explanation(ScoreResult):
    """Everything behind a result: points, rules, and events, the latest first."""

    code: _Code
    mark: _Mark
    provenance: _Provenance
    events: list[EnterpriseEvent]


@closed_row
class PublishedExplanation(Explanation):
    """Everything behind a published answer."""

    run: Annotated[int, Field(examples=[12])]


@closed_row
class RegisterFacts(TypedDict):
    """What the register says of an enterprise."""

    known_on: _Day
    facts: list[Fact]
    source_file: str | None
    source_row: int | None


@closed_row
class TierCondition(TypedDict):
    """A cap or direct assignment of the day, and whether it applies."""

    id: str
    zh: str
    en: str
    tier: _Tier
    applies: bool


@closed_row
class DepartmentInspections(TypedDict):
    """Inspections of one department at one level in a year."""

    agency: str | None
    level: str
    counting: int
    exempt: int


@closed_row
class FieldInspections(TypedDict):
    """Inspections of a field in a year, against the caps; without a cap ``most`` is None."""

    field: Annotated[str, Field(examples=["general"])]
    zh: str
    counting: Annotated[int, Field(description="计入上限 / toward the cap", examples=[2])]
    exempt: Annotated[int, Field(description="不计入上限 / others", examples=[1])]
    total: int
    most: Annotated[int | None, Field(description="单部门上限 / of a department and level")]
    most_in_all: Annotated[int | None, Field(description="合计上限 / of all departments")]
    reached: bool
    unusual: bool
    departments: list[DepartmentInspections]


class RelationFacts(TypedDict):
    """A relation that holds on a day; ``count`` is how many others share it."""

    kind: Annotated[str, Field(examples=["address"])]
    zh: Annotated[str, Field(examples=["住所"])]
    since: str | None
    known_on: str | None
    count: int


class SharedRelation(RelationFacts):
    """A relation with the codes of the first few neighbours."""

    neighbours: list[str]


class EnterpriseFacts(TypedDict):
    """What is known of an enterprise on a day, but for its relations."""

    code: _Code
    mark: _Mark
    as_of: _Day
    provenance: _Provenance
    register: RegisterFacts
    result: ScoreResult
    rules: Annotated[list[TierCondition], Field(description="封顶与直接判定 / caps, directs")]
    inspections_this_year: list[FieldInspections]
    events: Annotated[list[EnterpriseEvent], Field(description="最新在前 / the latest first")]


class EnterpriseFileRow(EnterpriseFacts):
    """The file of an enterprise, in which neighbours are codes."""

    relations: list[SharedRelation]


@closed_row
class ReasonChange(TypedDict):
    """A reason that moved the composite between two runs; null where it was no reason."""

    score: Annotated[str, Field(examples=["general"])]
    indicator: Annotated[str, Field(examples=["penalties_24m"])]
    zh: str
    en: str
    before: ReasonFact | None
    after: ReasonFact | None
    composite: Annotated[float, Field(description="分值变动 / by how much", examples=[-21.5])]


@closed_row
class ScoredRun(TypedDict):
    """What one run said of an enterprise, and why it differs from the run before."""

    run: Annotated[int, Field(examples=[12])]
    as_of: _Day
    published_at: str
    tier: _Tier
    composite: Annotated[float, Field(examples=[742.31])]
    general: float | None
    x: dict[str, XScore]
    etag: str
    moved: Annotated[
        float | None, Field(description="较上一批次；空：无上一批次 / null: none before")
    ]
    moved_by: list[ReasonChange]
    unexplained: Annotated[float | None, Field(description="其余变动 / what else moved it")]


@closed_row
class ScoreBrief(TypedDict):
    """A result in brief: points by score."""

    composite: Annotated[float, Field(examples=[742.31])]
    tier: _Tier
    decided_by: str
    scores: Annotated[dict[str, float], Field(examples=[{"general": 742.31}])]


@closed_row
class ValuePoints(TypedDict):
    """Value and points of an indicator; a missing value is None."""

    value: float | None
    points: float


@closed_row
class IndicatorChange(TypedDict):
    """An indicator with other points than before; None where the score did not apply."""

    score: Annotated[str, Field(examples=["general"])]
    indicator: Annotated[str, Field(examples=["penalties_24m"])]
    zh: str
    en: str
    unit: str
    before: ValuePoints | None
    after: ValuePoints | None
    composite: Annotated[float, Field(description="综合分变动 / of the composite")]


@closed_row
class ScoreDifference(TypedDict):
    """What supposed changes do; ``tier`` is before and after."""

    composite: Annotated[float, Field(examples=[-21.5])]
    tier: Annotated[list[str], Field(min_length=2, max_length=2, examples=[["B", "C"]])]
    indicators: list[IndicatorChange]


class SupposedResult(TypedDict):
    """The result with and without supposed changes, on the day of the model."""

    code: _Code
    mark: _Mark
    as_of: _Day
    release: str
    release_digest: str
    before: ScoreBrief
    after: ScoreBrief
    change: ScoreDifference


@closed_row
class WhatIfResult(SupposedResult):
    """The result of a run with and without supposed changes."""

    run: Annotated[int, Field(examples=[12])]
