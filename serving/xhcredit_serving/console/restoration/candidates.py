"""Restoration page: records that can be restored now or soon, and the missing steps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.domain.codes import normalised, problem_with
from xhcredit.jobs.restoration.candidates import STATES, TABLES, RestorableRecord
from xhcredit.restoration.workflow import CLOSED_STATES
from xhcredit_serving.auth.permissions import RESTORATION_FILE, RESTORATION_READ
from xhcredit_serving.console.restoration import (
    applications as restoration_applications,
)
from xhcredit_serving.console.restoration import (
    calculator as restoration_question,
)
from xhcredit_serving.console.shell.language import language_of
from xhcredit_serving.console.shell.layout import Visitor, page, with_query
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.dependencies import Reading
from xhcredit_serving.restoration.candidates import (
    RestorableQuery,
    export,
    state_counts,
    visible_of_enterprise,
    visible_to,
)
from xhcredit_serving.service import service_of

router = APIRouter(include_in_schema=False)
router.include_router(restoration_question.router)
router.include_router(restoration_applications.router)
PAGE_ROWS = 50
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
    candidate_filter, code_problem = _filter_of(request)
    candidate_list, application_by_record = await visible_to(
        request.app.state.restorable, service, visitor.caller
    )
    # Without the state: the chart chooses it, and would show the chosen bar only.
    all_rows = candidate_list.matching(candidate_filter.model_copy(update={"state": []}))
    matching_rows = (
        [row for row in all_rows if candidate_filter.matches(row)] if not code_problem else []
    )
    start_position = _start_position(request, len(matching_rows))
    rows = matching_rows[start_position : start_position + PAGE_ROWS]
    # Recorded before the list is shown, and only those of this page.
    audit_details = {"codes": sorted({row.code for row in rows})}
    await service.journal.note(visitor.act("records.restorable", **audit_details))
    zh = language_of(request) == "zh"
    context: dict[str, object] = {
        "rows": [
            (row, application_by_record.get((row.code, row.table, row.key)), apply_address(row))
            for row in rows
        ],
        "may_file": RESTORATION_FILE in visitor.caller.permissions,
        "over": CLOSED_STATES,
        "total": len(matching_rows),
        "candidate_filter": candidate_filter,
        "wrong": code_problem,
        "day": service.today(),
        "typed": request.query_params.get("code", ""),
        "start": start_position,
        "states": {k: v[0 if zh else 1] for k, v in STATES.items()},
        "kinds": {k: _KINDS[k][0 if zh else 1] for k in TABLES},
        "streets": candidate_list.streets,
        "chart_states": _state_chart(request, all_rows, zh),
        "next_page": with_query(request, start=start_position + PAGE_ROWS)
        if start_position + PAGE_ROWS < len(matching_rows)
        else None,
        "export_address": with_query(request, start=None, lang=None).replace(
            "/console/restoration", "/console/restoration.xlsx", 1
        ),
    }
    return page(request, "restoration.html", visitor, charts=True, **context)


@router.get("/console/restoration.xlsx")
async def spreadsheet(request: Request) -> Response:
    """The filtered list as a spreadsheet."""
    visitor = await visitor_of(request, RESTORATION_READ)
    candidate_filter, _ = _filter_of(request)
    reading = Reading(visitor.caller, visitor.purpose)
    return await export(
        request.app.state.restorable, service_of(request), reading, candidate_filter
    )


async def restorable_records(
    request: Request, visitor: Visitor, code: str
) -> list[RestorableRecord] | None:
    """Restorable records of an enterprise; None without warehouse or permission."""
    may_read = RESTORATION_READ in visitor.caller.permissions
    service = service_of(request)
    if service.settings.warehouse is None or not may_read:
        return None
    return await visible_of_enterprise(request.app.state.restorable, service, visitor.caller, code)


def apply_address(row: RestorableRecord) -> str:
    """Where to file an application about a record."""
    key = {f"key.{name}": value for name, value in json.loads(row.key).items()}
    return f"/console/restoration/apply?{urlencode({'code': row.code, 'table': row.table, **key})}"


def _filter_of(request: Request) -> tuple[RestorableQuery, str | None]:
    """Filters of the query string, and the problem of its code."""
    query_params = request.query_params
    code = normalised(query_params.get("code", "").strip())[:64]
    filter_fields: dict[str, object] = {
        "state": [s for s in STATES if s in query_params.getlist("state")],
        "table": [t for t in TABLES if t in query_params.getlist("table")],
        "street": query_params.get("street", "")[:100],
        "code": code,
    }
    return RestorableQuery.model_validate(filter_fields), problem_with(code) if code else None


def _start_position(request: Request, row_count: int) -> int:
    """Where the page begins; anything that is no place in the list is the beginning."""
    start_text = request.query_params.get("start", "")[:9]
    position = int(start_text) if start_text.isascii() and start_text.isdigit() else 0
    return position if position < row_count else 0


def _state_chart(
    request: Request, records: Sequence[RestorableRecord], zh: bool
) -> dict[str, object]:
    """Records by state, as a chart that filters."""
    count_by_state = state_counts(records)
    return {
        "kind": "bar",
        "flat": True,
        "x": [STATES[s][0 if zh else 1] for s in count_by_state],
        "links": [with_query(request, state=s, start=None) for s in count_by_state],
        "series": [
            {
                "name": "记录" if zh else "records",
                "points": list(count_by_state.values()),
                "colours": list(count_by_state),
            }
        ],
    }
