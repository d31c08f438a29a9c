"""Alerts inbox: filters, deadlines, and one workflow action on one or many alerts."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response
from typing_extensions import TypedDict

from xhcredit.alerts.workflow import BY_NIGHT, CLOSED_STATES, MEASURES, STATES, TRANSITIONS
from xhcredit.errors import XhcreditError
from xhcredit.jobs.alerts.rows import DatedAlert
from xhcredit_serving.alerts.routes import act_on, alert_rows
from xhcredit_serving.alerts.schemas import AlertFilters
from xhcredit_serving.auth.permissions import ALERTS_ACT, ALERTS_READ
from xhcredit_serving.console.alerts.alert import act_request_of, figures_of, subject_of
from xhcredit_serving.console.shell.language import language_of
from xhcredit_serving.console.shell.layout import Visitor, page, redirect_to, with_query
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
COLOURS = ("red", "orange", "yellow", "blue")  #: as filters and bars show them
MAX_ROWS = 200
_LIST_FILTERS = ("state", "colour", "trigger", "street")


@router.get("/console/alerts")
async def alerts(request: Request) -> Response:
    """The inbox."""
    visitor = await visitor_of(request, ALERTS_READ)
    return await _render_inbox(request, visitor)


async def _render_inbox(
    request: Request, visitor: Visitor, error_message: str = "", status: int = 200
) -> Response:
    service = service_of(request)
    alert_filter = _filter_of(request)
    context = await asyncio.to_thread(
        _inbox_context, service, visitor, alert_filter, language_of(request) == "zh"
    )
    await _log_viewed(service, visitor, [row["code"] for row in context["rows"] if row["code"]])
    may_act = ALERTS_ACT in visitor.caller.permissions
    extra_context = {
        "wrong": error_message,
        "alert_filter": alert_filter,
        "may_act": may_act,
        "once": secrets.token_hex(16),
    }
    colour_chart = _colour_chart(request, context["counted"], language_of(request) == "zh")
    return page(
        request,
        "alerts.html",
        visitor,
        status,
        charts=True,
        colour_chart=colour_chart,
        moves=TRANSITIONS,
        by_night=BY_NIGHT,
        figures=figures_of,
        subject=subject_of,
        states=STATES,
        measures=MEASURES,
        colours=COLOURS,
        **context,
        **extra_context,
    )


def _filter_of(request: Request) -> AlertFilters:
    """Alert filters of the query string; an unreadable one is ignored."""
    query_params = request.query_params
    filter_fields: dict[str, object] = {
        k: [v for v in query_params.getlist(k) if v] for k in _LIST_FILTERS
    }
    filter_fields |= {k: query_params.get(k, "") for k in ("owner", "code")}
    filter_fields |= {k: query_params.get(k) == "1" for k in ("overdue", "due_unknown")}
    try:
        return AlertFilters.model_validate(filter_fields)
    except ValidationError:
        return AlertFilters.model_validate({})


class InboxContext(TypedDict):
    """What the list of alerts shows, and open alerts by colour."""

    rows: list[DatedAlert]
    counted: Counter[str]
    late: int
    undated: int
    triggers: dict[str, str]
    streets: list[str]


def _inbox_context(
    service: Service, visitor: Visitor, alert_filter: AlertFilters, zh: bool
) -> InboxContext:
    bureaus, day = visitor.caller.scope(ALERTS_READ), service.today().isoformat()
    all_alerts = alert_rows(service, AlertFilters.model_validate({}).to_query(bureaus, day))
    rows = alert_rows(service, alert_filter.to_query(bureaus, day))
    if not alert_filter.state:
        rows = [row for row in rows if row["state"] not in CLOSED_STATES]
    open_alerts = [row for row in all_alerts if row["state"] not in CLOSED_STATES]
    triggers = {row["trigger"]: row["evidence"]["zh" if zh else "en"] for row in all_alerts}
    return {
        "rows": rows[:MAX_ROWS],
        "counted": Counter(row["colour"] for row in open_alerts),
        "late": sum(row["overdue"] for row in open_alerts),
        "undated": sum(row["due_unknown"] for row in open_alerts),
        "triggers": {k: v or k for k, v in sorted(triggers.items())},
        "streets": sorted({row["street"] for row in all_alerts if row["street"]}),
    }


def _colour_chart(request: Request, count_by_colour: Counter[str], zh: bool) -> dict[str, object]:
    """Open alerts by colour; a bar is a filter."""
    name_by_colour = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝"}
    links = [with_query(request, colour=[colour]) for colour in COLOURS]
    series = [
        {
            "name": "",
            "points": [count_by_colour[c] for c in COLOURS],
            "colours": list(COLOURS),
        }
    ]
    bar_labels = [name_by_colour[c] if zh else c for c in COLOURS]
    return {"kind": "bar", "x": bar_labels, "series": series, "links": links}


@router.post("/console/alerts")
async def act(request: Request) -> Response:
    """Do the same step with all that were chosen, or with none of them."""
    visitor = await visitor_of(request, ALERTS_ACT)
    form = await request.form()
    alert_numbers = [int(str(n)) for n in form.getlist("alert") if str(n).isdecimal()]
    form_key = form.get("once")
    try:
        act_request = act_request_of(form, alert_numbers)
        idempotency_key = form_key[:64] if isinstance(form_key, str) else None
        service = service_of(request)
        await asyncio.to_thread(
            act_on, service, visitor.caller, visitor.purpose, idempotency_key, act_request
        )
    except ValidationError as error:
        first_error = error.errors()[0]
        return await _render_inbox(
            request, visitor, f"{first_error['loc'][0]}: {first_error['msg']}", 422
        )
    except XhcreditError as error:
        return await _render_inbox(request, visitor, str(error), 409)
    return redirect_to(request, f"/console/alerts?{request.url.query}")


async def _log_viewed(service: Service, visitor: Visitor, codes: list[str]) -> None:
    """Write the viewed enterprises to the audit log, before they are shown."""
    await service.journal.note(visitor.act("alert.list", codes=codes))
