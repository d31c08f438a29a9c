"""Request and example bodies of draws."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
from xhcredit.draws.plan import Plan
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
EXAMPLE_FROZEN = {"draw": "zh-2026-07", "commitment": "9c…", "root": "1f…"}
EXAMPLE_PUBLISHED = {"draw": "zh-2026-07", "published_at": "2026-08-03T02:00:00.000000Z",
             "number": 2, "results": 12, "digest": "44…"}  # fmt: skip
EXAMPLE_REPLACEMENT = {"code": examples.CODE, "place": 1, "attempt": 1, "away": "J000007",
            "instead": "J000012", "reason": "病假"}  # fmt: skip
EXAMPLE_DRAW: dict[str, Any] = {
    "id": "zh-2026-07", "plan": "zh-2026", "bureau": "市场监管局", "round": "zh-2026-07",
    "as_of": "2026-06-30", "replaces": None, "state": "frozen", "steps": [], "results": {},
    "replacements": [],
}  # fmt: skip
EXAMPLE_PUBLICATION = {
    "publication": {"state": "due", "last_visit": "2026-07-10", "due_on": "2026-08-07",
                    "due_unknown": False, "provisional": False,
                    "provisional_note": None, "published_on": None, "results_on": None,
                    "in_time": None},
}  # fmt: skip
#: as the list tells a draw: without its steps and results
EXAMPLE_LISTED_DRAW = {
    k: v for k, v in EXAMPLE_DRAW.items() if k not in ("steps", "results", "replacements")
}
EXAMPLE_LISTED_DRAW |= EXAMPLE_PUBLICATION
EXAMPLE_ESTIMATE = {"total": {"violations": 41.5, "standard_error": 9.2}, "whole": {}, "groups": {}}
EXAMPLE_FRAME = "code,stratum,odds,salt\n…\n"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlanAnswer(Plan):
    """A plan as it was filed."""

    digest: str = Field(description="计划摘要 / digest of the plan", examples=["5b…"])


@closed_row
class PlanPage(TypedDict):
    """A page of plans."""

    plans: list[PlanAnswer]
    next: Cursor


class NewPlan(_Body):
    """Request: a plan to be filed; it is checked against the rules of the day."""

    plan: dict[str, Any] = Field(max_length=60, examples=[EXAMPLE_PLAN])


class NewDraw(_Body):
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


class NewSeed(_Body):
    """The seed as the source announced it."""

    value: Annotated[str, Field(min_length=1, max_length=256, pattern=_TEXT)]
    source: Annotated[str, Field(min_length=1, max_length=256, pattern=_TEXT)]


class AbsentInspector(_Body):
    """Request: replacement of an absent inspector."""

    code: Annotated[str, Field(max_length=64, pattern=_TEXT, examples=[examples.CODE])]
    inspector: Annotated[str, Field(max_length=64, pattern=_TEXT, examples=["J000007"])]
    reason: Annotated[str, Field(min_length=1, max_length=200, pattern=_TEXT)]


class DrawResults(_Body):
    """Request: inspection results of a draw."""

    csv: str = Field(
        max_length=_MAX_LIST_LENGTH,
        pattern=_TEXT,
        description="results.csv 全文 / its text",
        examples=[f"code,result,inspected_on,item,note\n{examples.CODE},no_problem,2026-07-10,,\n"],
    )
