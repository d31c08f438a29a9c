"""Rows of published runs and their answers; moments are UTC texts, days ``YYYY-MM-DD``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row

_Day = Annotated[str, Field(description="评分日 / the day of the scores", examples=["2026-06-30"])]
_Moment = Annotated[str, Field(examples=["2026-06-30T18:20:05.000000Z"])]
_Number = Annotated[int, Field(description="批次号 / number of the run", examples=[12])]
_Tier = Annotated[str, Field(description="等级 / tier, A to D", examples=["B"])]
_Points = Annotated[float, Field(examples=[742.31])]
_Digest = Annotated[str, Field(description="摘要 / SHA-256", examples=["9f…"])]


@closed_row
class Run(TypedDict):
    """A published run."""

    run: _Number
    as_of: _Day
    provenance_digest: _Digest
    provenance: Annotated[
        dict[str, str], Field(description="来源指纹 / digests of what it was made from, by name")
    ]
    enterprises: Annotated[int, Field(examples=[120000])]
    tiers: Annotated[
        dict[str, int],
        Field(
            description="各等级户数 / enterprises by tier",
            examples=[{"A": 61000, "B": 41000, "C": 14000, "D": 4000}],
        ),
    ]
    snapshot_digest: _Digest
    published_at: _Moment
    activity: Annotated[int, Field(description="操作日志编号 / number in the audit log")]


@closed_row
class ReleaseName(TypedDict):
    """A stored release: points tables that score together."""

    digest: _Digest
    name: Annotated[str, Field(examples=["expert-1"])]


class StoredRelease(TypedDict):
    """A release as it was published; its digest is over these very values."""

    release: str
    tables: list[dict[str, JsonValue]]


@closed_row
class XScore(TypedDict):
    """An X score that applies, and its grade."""

    score: _Points
    grade: _Tier


@closed_row
class Bin(TypedDict):
    """A bin of an indicator in its points table; null: no edge on this side."""

    at_least: Annotated[float | None, Field(description="下界（含）/ inclusive", examples=[0.05])]
    below: Annotated[float | None, Field(description="上界（不含）/ exclusive", examples=[0.1])]


class ReasonFact(TypedDict):
    """What an indicator says of an enterprise on the day of an answer.

    ``since`` stands where ``value`` is the days from that day on, and ``bin`` where the value moves
    from day to day otherwise; it is then told by its bin alone, and ``value`` is null.
    """

    value: Annotated[
        float | None,
        Field(
            description="评分日取值；空：缺失，或见 bin / on the day of the scores; null: missing, "
            "or see bin",
            examples=[108.0],
        ),
    ]
    since: Annotated[
        str | None,
        Field(
            description="取值为自该日起的天数 / value is the days since this day",
            examples=["2026-03-14"],
        ),
    ]
    bin: Annotated[
        Bin | None,
        Field(description="取值逐日变动时所在分箱 / the bin of a value that moves by the day"),
    ]


@closed_row
class ScoreReason(ReasonFact):
    """An indicator that cost the composite most."""

    score: Annotated[str, Field(description="所属评分 / its score", examples=["general"])]
    indicator: Annotated[str, Field(examples=["days_since_last_penalty"])]
    zh: Annotated[str, Field(examples=["距最近行政处罚天数"])]
    en: Annotated[str, Field(examples=["days since the last penalty"])]
    points_lost: Annotated[float, Field(description="失分 / of the composite", examples=[21.5])]


@closed_row
class PublishedScore(TypedDict):
    """The answer of a run about one enterprise.

    It is stored without ``run``, ``as_of`` and ``previous_tier`` (``answers.complete_answer``).
    """

    code: Annotated[str, Field(examples=["91310115MA1K3CUM7M"])]
    name: Annotated[str, Field(examples=["上海示例餐饮管理有限公司"])]
    as_of: _Day
    run: _Number
    release: Annotated[str, Field(description="评分卡版本 / points tables", examples=["expert-1"])]
    composite: Annotated[float, Field(description="综合信用分", examples=[742.31])]
    tier: _Tier
    decided_by: Annotated[
        str, Field(description="等级依据 / the rule that gave it", examples=["tiers.cutoffs"])
    ]
    general: Annotated[float | None, Field(description="通用分", examples=[742.31])]
    x: Annotated[
        dict[str, XScore],
        Field(
            description="适用的专业领域分 / X scores that apply, by name",
            examples=[{"x_food": {"score": 731.2, "grade": "B"}}],
        ),
    ]
    national_evaluation: Annotated[
        str | None, Field(description="国家公共信用综合评价 / national evaluation")
    ]
    reasons: list[ScoreReason]
    bureau: Annotated[str, Field(examples=["市场监管局"])]
    bureaus: Annotated[list[str], Field(examples=[["市场监管局", "消防救援支队"]])]
    street: Annotated[str, Field(examples=["香樟街道"])]
    previous_tier: Annotated[
        str, Field(description="上一批次等级；空文本：新增 / empty: new", examples=["A"])
    ]
    mark: Annotated[str, Field(description="使用限制 / what it may be used for")]


class HistoryRow(TypedDict):
    """What one run said of an enterprise; ``body`` is the whole answer, as JSON text."""

    run: int
    as_of: str
    published_at: str
    tier: str
    composite: float
    general: float | None
    x: dict[str, XScore]
    etag: str
    bureau: str
    bureaus: str
    body: bytes


@closed_row
class WatchlistRow(TypedDict):
    """An enterprise of a run, as lists show it."""

    code: Annotated[str, Field(examples=["91310115MA1K3CUM7M"])]
    name: Annotated[str, Field(examples=["上海示例餐饮管理有限公司"])]
    bureau: Annotated[str, Field(examples=["市场监管局"])]
    bureaus: Annotated[list[str], Field(examples=[["市场监管局", "消防救援支队"]])]
    street: Annotated[str, Field(examples=["香樟街道"])]
    kind: Annotated[str, Field(description="主体类型 / legal form", examples=["company"])]
    size: Annotated[str, Field(description="规模 / size class", examples=["micro"])]
    tier: _Tier
    previous_tier: Annotated[str, Field(description="空文本：新增 / empty: new", examples=["C"])]
    composite: _Points
    moved: Annotated[
        float, Field(description="较上一批次 / since the run before", examples=[-61.2])
    ]
    general: float | None
    x: dict[str, XScore]


@closed_row
class NamedEnterprise(TypedDict):
    """Who an enterprise is, and its tier."""

    code: Annotated[str, Field(examples=["91310115MA1K3CUM7M"])]
    name: Annotated[str, Field(examples=["徐汇云锦饭店"])]
    street: str
    tier: _Tier
    bureau: str
    bureaus: list[str]


@closed_row
class OpenAlerts(TypedDict):
    """Open alerts of an enterprise: how many, the worst colour, and their triggers."""

    open: Annotated[int, Field(examples=[1])]
    colour: Annotated[str, Field(examples=["orange"])]
    triggers: Annotated[list[str], Field(examples=[["licence_expiry"]])]
