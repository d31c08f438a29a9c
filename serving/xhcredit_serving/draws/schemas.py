"""Request and example bodies of draws."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
from xhcredit.jobs.draws.rows import DrawWithPublication, SourceCount
from xhcredit.store.draws.check_rows import ListedJointDraw, TriggeredCheckRow
from xhcredit.store.draws.rows import FiledPlan
from xhcredit_serving.http import examples
from xhcredit_serving.http.paging import Cursor

_ID = "^[a-z0-9][a-z0-9-]{0,63}$"
ID = re.compile(_ID)
Id = Annotated[str, Field(pattern=_ID, examples=["zh-2026-07"])]
_MAX_LIST_LENGTH = 2_000_000  #: characters of a list
_TEXT = r"^[^\x00]*$"

EXAMPLE_PLAN = {
    "id": "zh-2026", "bureau": "市场监管局", "title": "2026年度综合抽查计划", "kind": "annual",
    "fields": ["general"], "ratios": {"A": "0.01", "B": "0.02", "C": "0.05", "D": "0.1"},
    "places": 2, "qualification": "general", "pause_rounds": 4,
}  # fmt: skip
EXAMPLE_FRAME = "code,stratum,odds,salt\n…\n"


class RequestBody(BaseModel):
    """A request that takes no other fields."""

    model_config = ConfigDict(extra="forbid")


@closed_row
class PlanPage(TypedDict):
    """A page of plans."""

    plans: list[FiledPlan]
    next: Cursor


@closed_row
class DrawPage(TypedDict):
    """A page of draws."""

    draws: list[DrawWithPublication]
    next: Cursor


@closed_row
class JointDrawPage(TypedDict):
    """A page of joint draws, without their visits."""

    joint_draws: list[ListedJointDraw]
    next: Cursor


@closed_row
class CheckPage(TypedDict):
    """A page of triggered checks, and how many there are of each source."""

    checks: list[TriggeredCheckRow]
    counted: list[SourceCount]
    next: Cursor


class NewPlan(RequestBody):
    """Request: a plan to be filed; it is checked against the rules of the day."""

    # Whatever JSON: the plan's own check names what is wrong in words, and the rule that says so.
    plan: dict[str, JsonValue] = Field(max_length=60, examples=[EXAMPLE_PLAN])


class NewDraw(RequestBody):
    """A frame to be frozen."""

    draw: Id
    plan: Annotated[str, Field(max_length=64, pattern=_TEXT, examples=["zh-2026"])]
    inspectors: str = Field(
        max_length=_MAX_LIST_LENGTH,
        pattern=_TEXT,
        description="inspectors.csv 全文 / its text",
        examples=["inspector,qualifications,unit,capacity\nJ000001,general,一所,12\n"],
    )
    recusals: str = Field(
        max_length=_MAX_LIST_LENGTH,
        pattern=_TEXT,
        description="recusals.csv 全文 / its text",
        examples=["inspector,code,reason\n"],
    )
    round: Id | None = None
    replaces: Id | None = None
    why: Annotated[str, Field(max_length=200, pattern=_TEXT)] = ""


class NewSeed(RequestBody):
    """The seed as the source announced it."""

    value: Annotated[str, Field(min_length=1, max_length=256, pattern=_TEXT)]
    source: Annotated[str, Field(min_length=1, max_length=256, pattern=_TEXT)]


class AbsentInspector(RequestBody):
    """Request: replacement of an absent inspector."""

    code: Annotated[str, Field(max_length=64, pattern=_TEXT, examples=[examples.CODE])]
    inspector: Annotated[str, Field(max_length=64, pattern=_TEXT, examples=["J000007"])]
    reason: Annotated[str, Field(min_length=1, max_length=200, pattern=_TEXT)]


class DrawResults(RequestBody):
    """Request: inspection results of a draw."""

    csv: str = Field(
        max_length=_MAX_LIST_LENGTH,
        pattern=_TEXT,
        description="results.csv 全文 / its text",
        examples=[f"code,result,inspected_on,item,note\n{examples.CODE},no_problem,2026-07-10,,\n"],
    )
