"""Rows of a result: points of each score and of each of its indicators."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row


@closed_row
class IndicatorPoints(TypedDict):
    """Points of an indicator; ``value`` is None where it is missing, ``since`` where it counts no
    days."""

    indicator: Annotated[str, Field(examples=["penalties_24m"])]
    zh: Annotated[str, Field(examples=["近24个月行政处罚次数"])]
    en: str
    unit: str
    value: float | None
    since: Annotated[
        str | None,
        Field(
            description="取值为自该日起的天数 / value is the days since this day",
            examples=["2026-03-14"],
        ),
    ]
    points: Annotated[float, Field(description="得分 / of its bin", examples=[-21.5])]
    best: Annotated[float, Field(description="最高可得 / the best attainable", examples=[0.0])]
    costs_composite: Annotated[
        float, Field(description="综合分失分 / points lost of the composite", examples=[12.9])
    ]


@closed_row
class ScorePoints(TypedDict):
    """A score of an enterprise, made of a base and the points of its indicators."""

    score: Annotated[str, Field(examples=["general"])]
    points: Annotated[float, Field(examples=[742.31])]
    base: Annotated[float, Field(examples=[600.0])]
    weight: Annotated[float, Field(description="综合分中的权重 / share of it", examples=[0.6])]
    grade: Annotated[str | None, Field(description="专业领域等级 / of an X score", examples=["B"])]
    odds: Annotated[float, Field(description="好坏比 / odds of being good", examples=[39.2])]
    indicators: Annotated[
        list[IndicatorPoints], Field(description="失分最多者在前 / the costliest first")
    ]


@closed_row
class ScoreResult(TypedDict):
    """Composite, tier and scores of one enterprise on one day."""

    composite: Annotated[float, Field(description="综合信用分", examples=[742.31])]
    tier: Annotated[str, Field(examples=["B"])]
    decided_by: Annotated[
        str, Field(description="等级依据 / the rule that gave it", examples=["tiers.cutoffs"])
    ]
    national_evaluation: str | None
    scores: list[ScorePoints]
