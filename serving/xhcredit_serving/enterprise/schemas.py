"""Bodies about one enterprise or many: requests and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
from xhcredit.jobs.enterprise.rows import EnterpriseFacts, RelationFacts, ScoredRun
from xhcredit.store.night.rows import NamedEnterprise, PublishedScore
from xhcredit_serving.http import examples
from xhcredit_serving.http.paging import Cursor

MAX_CODES = 10_000
_MAX_CHANGES = 20
_SuppositionValue = str | bool | int | float | None


class CodeBatch(BaseModel):
    """Codes of a batch."""

    codes: list[Annotated[str, Field(max_length=64)]] = Field(
        min_length=1, max_length=MAX_CODES, examples=[[examples.CODE]]
    )


class Addition(BaseModel):
    """An event that is supposed to be known."""

    model_config = ConfigDict(extra="forbid")
    table: str = Field(max_length=60, description="事项目录表 / table of the directory")
    values: dict[str, _SuppositionValue] = Field(
        max_length=60, description="各列取值；日期默认评分日 / values by column"
    )


class Withdrawal(BaseModel):
    """A known event that is supposed to count no more."""

    model_config = ConfigDict(extra="forbid")
    table: str = Field(max_length=60, description="事项目录表 / table of the directory")
    key: dict[str, _SuppositionValue] = Field(
        max_length=10, description="该表的主键列 / key columns of the table"
    )


class WhatIfRequest(BaseModel):
    """What-if request: one enterprise and its supposed changes."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(max_length=64, examples=[examples.CODE])
    add: list[Addition] = Field(
        [], max_length=_MAX_CHANGES, examples=[examples.SUPPOSED_CHANGES["add"]]
    )
    withdraw: list[Withdrawal] = Field(
        [], max_length=_MAX_CHANGES, examples=[examples.SUPPOSED_CHANGES["withdraw"]]
    )


@closed_row
class ScoreBatch(TypedDict):
    """Scores of many enterprises, all of one run."""

    run: Annotated[int, Field(examples=[12])]
    scores: list[PublishedScore]
    not_found: Annotated[
        list[str],
        Field(description="未收录 / that the run lacks", examples=[["91310000000000000X"]]),
    ]


@closed_row
class HistoryPage(TypedDict):
    """A page of what published runs said of an enterprise, the latest first."""

    code: Annotated[str, Field(examples=[examples.CODE])]
    runs: list[ScoredRun]
    next: Cursor


@closed_row
class Relation(RelationFacts):
    """A relation; of its neighbours those of one's bureaus are named."""

    neighbours: list[NamedEnterprise]


@closed_row
class EnterpriseFile(EnterpriseFacts):
    """All that is known of an enterprise on a day (一企一档)."""

    run: Annotated[int, Field(examples=[12])]
    relations: list[Relation]
    history: Annotated[list[ScoredRun], Field(description="历次评分 / earlier scores")]
