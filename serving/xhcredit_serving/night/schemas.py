"""Bodies of the catalogue, the watchlist and its saved views: requests and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
from xhcredit.rules.rule import Mark
from xhcredit.scores.points import PointsTable
from xhcredit.store.night.rows import OpenAlerts, ReleaseName, Run, WatchlistRow
from xhcredit_serving.http.paging import Cursor

MAX_QUERY_LENGTH = 1000  #: characters of filters, as in an address
ViewName = Annotated[
    str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["D级餐饮"])
]
_Day = Annotated[str, Field(examples=["2026-06-30"])]
# Each rule has a shape of its own, of numbers, tables or lists; docs/rules.md tells each.
_RuleValue = Annotated[
    JsonValue,
    Field(description="取值，形式随规则而异 / its form is the rule's own", examples=[600]),
]


@closed_row
class RunPage(TypedDict):
    """A page of published runs, and which run answers."""

    current: Annotated[
        int | None, Field(description="现行批次；空：尚未发布 / null: none yet", examples=[12])
    ]
    runs: list[Run]
    next: Cursor


@closed_row
class ReleasePage(TypedDict):
    """A page of stored releases."""

    releases: list[ReleaseName]
    next: Cursor


@closed_row
class ReleaseTables(TypedDict):
    """A release: the points tables that score together."""

    release: Annotated[str, Field(examples=["expert-1"])]
    tables: list[PointsTable]


@closed_row
class RuleSource(TypedDict):
    """Where an entry comes from; 待核 says that a part has still to be looked up."""

    title: str
    number: str
    article: str
    published_on: Annotated[str, Field(examples=["2026-01-01"])]
    url: str | None
    note: str | None


@closed_row
class RuleEntry(TypedDict):
    """A value, or a repeal, from a day on."""

    effective_from: _Day
    effective_to: Annotated[str | None, Field(description="有效期至 / its own last day")]
    value: _RuleValue
    repealed: bool
    verification: Mark
    source: RuleSource


class _RuleOnDay(TypedDict):
    id: Annotated[str, Field(examples=["scores.scale"])]
    name_zh: Annotated[str, Field(examples=["评分刻度"])]
    name_en: str
    unit: Annotated[str, Field(examples=["分"])]
    value: _RuleValue
    effective_from: _Day
    last_day: Annotated[str | None, Field(description="末日；空：未定 / null: no end is known")]
    verification: Annotated[Mark, Field(description="核验标记 / how far the source was read")]
    confirmed: Annotated[bool, Field(description="法制已核 / a lawyer confirmed it")]
    pack: Annotated[str, Field(description="规则包 / pack")]
    in_service: bool
    source: RuleSource


@closed_row
class RuleAnswer(_RuleOnDay):
    """A rule as of a day."""


@closed_row
class RuleWithEntries(_RuleOnDay):
    """A rule as of a day, with all its entries."""

    as_of: _Day
    entries: list[RuleEntry]


@closed_row
class EndingRule(TypedDict):
    """A rule that ends within three months, or has expired without a successor."""

    rule: Annotated[str, Field(examples=["restoration.samr.small_fine"])]
    zh: str
    en: str


@closed_row
class RulePage(TypedDict):
    """A page of the rules in force on a day; ``ending`` is of all of them."""

    as_of: _Day
    digest: Annotated[str, Field(description="规则库摘要 / digest of the rulebook")]
    ending: list[EndingRule]
    rules: list[RuleAnswer]
    next: Cursor


@closed_row
class CallerRights(TypedDict):
    """Who asks, and what they may do."""

    name: Annotated[str, Field(examples=["key:1a2b3c4d"])]
    bureau: Annotated[str, Field(description="空：全区 / empty: the whole district")]
    roles: Annotated[list[str], Field(examples=[["viewer"]])]
    may: Annotated[list[str], Field(examples=[["enterprises:read"]])]
    expires_at: str


@closed_row
class IndicatorName(TypedDict):
    """An indicator."""

    id: Annotated[str, Field(examples=["penalties_24m"])]
    zh: str
    en: str
    unit: str


@closed_row
class DirectoryColumn(TypedDict):
    """A column of a table of the data directory; ``values`` are labels of a category."""

    name: str
    zh: str
    en: str
    type: str
    required: bool
    values: dict[str, str]


@closed_row
class DirectoryTable(TypedDict):
    """A table of the data directory."""

    table: Annotated[str, Field(examples=["penalty"])]
    zh: str
    en: str
    kind: str
    authority: str
    columns: list[DirectoryColumn]


@closed_row
class Metadata(TypedDict):
    """What this service is, and what the caller may do."""

    code_version: str
    current_run: Run | None
    rulebook_digest: str
    tiers: Annotated[list[str], Field(examples=[["A", "B", "C", "D"]])]
    mark: str
    key: CallerRights
    roles: Annotated[dict[str, list[str]], Field(description="各角色的权限 / rights by role")]
    indicators: list[IndicatorName]
    tables: list[DirectoryTable]


@closed_row
class WatchedEnterprise(WatchlistRow):
    """An enterprise of the watchlist."""

    alerts: Annotated[
        OpenAlerts | None, Field(description="未结预警；空：没有或无权 / null: none, or no right")
    ]


@closed_row
class WatchlistAnswer(TypedDict):
    """A page of the watchlist of one run; ``total`` counts all pages."""

    run: Annotated[int, Field(examples=[12])]
    total: Annotated[int, Field(examples=[4000])]
    enterprises: list[WatchedEnterprise]
    next: Cursor


class NewView(BaseModel):
    """Request: filters of a saved view."""

    model_config = ConfigDict(extra="forbid")
    query: Annotated[str, Field(max_length=MAX_QUERY_LENGTH, examples=["tier=D&field=x_food"])]
    shared: bool = Field(False, description="与本部门共享 / shared in one's bureau")


@closed_row
class SavedView(TypedDict):
    """A saved view: filters of the watchlist under a name."""

    name: Annotated[str, Field(examples=["D级餐饮"])]
    query: Annotated[str, Field(examples=["tier=D&field=x_food"])]
    owner: Annotated[str, Field(examples=["user:wang"])]
    shared: bool
    mine: bool


@closed_row
class ViewPage(TypedDict):
    """A page of saved views."""

    views: list[SavedView]
    next: Cursor
