"""Restoration page: records that can be restored now or soon, and the missing steps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.domain.codes import normalised, problem_with
from xhcredit.jobs.restoration.candidates import STATES, TABLES, Restorable
from xhcredit.restoration.workflow import OVER
from xhcredit_serving.auth.permissions import RESTORATION_FILE, RESTORATION_READ
from xhcredit_serving.console.restoration import (
    applications as restoration_applications,
)
from xhcredit_serving.console.restoration import (
    calculator as restoration_question,
)
from xhcredit_serving.console.shell.language import chosen
from xhcredit_serving.console.shell.layout import Visitor, page, with_query
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.restoration.candidates import (
    Asked,
    export,
    states_of,
    visible_of_enterprise,
    visible_to,
)
from xhcredit_serving.service import service_of

router = APIRouter(include_in_schema=False)
router.include_router(restoration_question.router)
router.include_router(restoration_applications.router)
ROWS = 50
_COLOURS = {"now": "#1a7f37", "soon": "#b35900", "needs_act": "#5b6b7b"}
_KINDS = {
    "penalty": ("行政处罚", "penalties"),
    "abnormal_listing": ("经营异常名录", "listings as abnormal"),
    "serious_listing": ("严重违法失信名单", "listings as serious"),
    "inspection": ("双随机抽查结果", "results of random inspections"),
    "food_sample": ("食品抽检结果", "results of food sampling"),
}


@router.get("/console/restoration")
async def restoration(request: Request) -> Response:
    """The list; without a warehouse, the instructions to configure one."""
    visitor = await visitor_of(request, RESTORATION_READ)
    service = service_of(request)
    if service.settings.warehouse is None:
        return page(request, "restoration_none.html", visitor)
    asked, wrong = _asked(request)
    listed, under_way = await visible_to(request, service, visitor.caller)
    known = listed.taken(asked.model_copy(update={"state": []}))
    found = [row for row in known if asked.takes(row)] if not wrong else []
    start = _start(request, len(found))
    rows = found[start : start + ROWS]
    seen = {"codes": sorted({row.code for row in rows})}
    await service.journal.note(visitor.act("records.restorable", **seen))
    zh = chosen(request) == "zh"
    shown: dict[str, Any] = {
        "rows": [
            (row, under_way.get((row.code, row.table, row.key)), apply_address(row)) for row in rows
        ],
        "may_file": RESTORATION_FILE in visitor.caller.permissions,
        "over": OVER,
        "total": len(found),
        "asked": asked,
        "wrong": wrong,
        "day": service.today(),
        "typed": request.query_params.get("code", ""),
        "start": start,
        "states": {k: v[0 if zh else 1] for k, v in STATES.items()},
        "kinds": {k: _KINDS[k][0 if zh else 1] for k in TABLES},
        "streets": listed.streets,
        "chart_states": _by_state(request, known, zh),
        "next_page": with_query(request, start=start + ROWS) if start + ROWS < len(found) else None,
        "export_address": with_query(request, start=None, lang=None).replace(
            "/console/restoration", "/console/restoration.xlsx", 1
        ),
    }
    return page(request, "restoration.html", visitor, charts=True, **shown)


@router.get("/console/restoration.xlsx")
async def sheet(request: Request) -> Response:
    """The filtered list as a spreadsheet."""
    visitor = await visitor_of(request, RESTORATION_READ)
    asked, _ = _asked(request)
    return await export(request, visitor.caller, visitor.purpose, asked)


async def possible(request: Request, visitor: Visitor, code: str) -> list[Restorable] | None:
    """Restorable records of an enterprise; None without warehouse or permission."""
    may = RESTORATION_READ in visitor.caller.permissions
    service = service_of(request)
    if service.settings.warehouse is None or not may:
        return None
    return await visible_of_enterprise(request, service, visitor.caller, code)


def apply_address(row: Restorable) -> str:
    """Where to file an application about a record."""
    key = {f"key.{name}": value for name, value in json.loads(row.key).items()}
    return f"/console/restoration/apply?{urlencode({'code': row.code, 'table': row.table, **key})}"


def _asked(request: Request) -> tuple[Asked, str | None]:
    """Filters of the query string, and the problem of its code."""
    given = request.query_params
    code = normalised(given.get("code", "").strip())[:64]
    told: dict[str, Any] = {
        "state": [s for s in STATES if s in given.getlist("state")],
        "table": [t for t in TABLES if t in given.getlist("table")],
        "street": given.get("street", "")[:100],
        "code": code,
    }
    return Asked(**told), problem_with(code) if code else None


def _start(request: Request, size: int) -> int:
    """Where the page begins; anything that is no place in the list is the beginning."""
    given = request.query_params.get("start", "")[:9]
    place = int(given) if given.isascii() and given.isdigit() else 0
    return place if place < size else 0


def _by_state(request: Request, known: Sequence[Restorable], zh: bool) -> dict[str, Any]:
    """Records by state, as a chart that filters."""
    counts = states_of(known)
    return {
        "kind": "bar",
        "flat": True,
        "x": [STATES[s][0 if zh else 1] for s in counts],
        "links": [with_query(request, state=s, start=None) for s in counts],
        "series": [
            {
                "name": "记录" if zh else "records",
                "data": list(counts.values()),
                "colours": [_COLOURS[s] for s in counts],
            }
        ],
    }
