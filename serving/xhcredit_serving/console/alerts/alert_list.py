"""Alerts inbox: filters, deadlines, and one workflow action on one or many alerts."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from xhcredit.alerts.workflow import BY_NIGHT, MEASURES, MOVES, OVER, STATES
from xhcredit.errors import XhcreditError
from xhcredit_serving.alerts.routes import Asked, act_on, listed
from xhcredit_serving.auth.permissions import ALERTS_ACT, ALERTS_READ
from xhcredit_serving.console.alerts.alert import doings_of, figures_of, subject_of
from xhcredit_serving.console.shell.language import chosen
from xhcredit_serving.console.shell.layout import Visitor, go_to, page, with_query
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
COLOURS = {"red": "#b3261e", "orange": "#99430a", "yellow": "#735600", "blue": "#1a5aa8"}
ROWS = 200
_LISTED = ("state", "colour", "trigger", "street")


@router.get("/console/alerts")
async def alerts(request: Request) -> Response:
    """The inbox."""
    visitor = await visitor_of(request, ALERTS_READ)
    return await _inbox(request, visitor)


async def _inbox(
    request: Request, visitor: Visitor, wrong: str = "", status: int = 200
) -> Response:
    service = service_of(request)
    asked = _asked(request)
    shown = await asyncio.to_thread(_shown, service, visitor, asked, chosen(request) == "zh")
    await _keep(service, visitor, [row["code"] for row in shown["rows"] if row["code"]])
    may_act = ALERTS_ACT in visitor.caller.permissions
    extra = {"wrong": wrong, "asked": asked, "may_act": may_act, "once": secrets.token_hex(16)}
    chart = _chart(request, shown.pop("counted"), chosen(request) == "zh")
    return page(
        request,
        "alerts.html",
        visitor,
        status,
        charts=True,
        chart_told=chart,
        moves=MOVES,
        by_night=BY_NIGHT,
        figures=figures_of,
        subject=subject_of,
        states=STATES,
        measures=MEASURES,
        colours=COLOURS,
        **shown,
        **extra,
    )


def _asked(request: Request) -> Asked:
    """Alert filters of the query string; an unreadable one is ignored."""
    query = request.query_params
    given: dict[str, Any] = {k: [v for v in query.getlist(k) if v] for k in _LISTED}
    given |= {k: query.get(k, "") for k in ("owner", "code")}
    given |= {k: query.get(k) == "1" for k in ("overdue", "due_unknown")}
    try:
        return Asked.model_validate(given)
    except ValidationError:
        return Asked.model_validate({})


def _shown(service: Service, visitor: Visitor, asked: Asked, zh: bool) -> dict[str, Any]:
    within, day = visitor.caller.scope(ALERTS_READ), service.today().isoformat()
    every = listed(service, Asked.model_validate({}).question(within, day))
    rows = listed(service, asked.question(within, day))
    if not asked.state:
        rows = [row for row in rows if row["state"] not in OVER]
    live = [row for row in every if row["state"] not in OVER]
    triggers = {row["trigger"]: row["evidence"].get("zh" if zh else "en", "") for row in every}
    return {
        "rows": rows[:ROWS],
        "counted": Counter(row["colour"] for row in live),
        "late": sum(row["overdue"] for row in live),
        "undated": sum(row["due_unknown"] for row in live),
        "triggers": {k: v or k for k, v in sorted(triggers.items())},
        "streets": sorted({row["street"] for row in every if row["street"]}),
    }


def _chart(request: Request, counted: Counter[str], zh: bool) -> dict[str, Any]:
    """Open alerts by colour; a bar is a filter."""
    names = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝"}
    links = [with_query(request, colour=[colour]) for colour in COLOURS]
    series = [
        {"name": "", "data": [counted[c] for c in COLOURS], "colours": list(COLOURS.values())}
    ]
    x = [names[c] if zh else c for c in COLOURS]
    return {"kind": "bar", "x": x, "series": series, "links": links}


@router.post("/console/alerts")
async def act(request: Request) -> Response:
    """Do the same step with all that were chosen, or with none of them."""
    visitor = await visitor_of(request, ALERTS_ACT)
    form = await request.form()
    numbers = [int(str(n)) for n in form.getlist("alert") if str(n).isdecimal()]
    once = form.get("once")
    try:
        doings = doings_of(form, numbers)
        key = once[:64] if isinstance(once, str) else None
        service = service_of(request)
        await asyncio.to_thread(act_on, service, visitor.caller, visitor.purpose, key, doings)
    except ValidationError as error:
        first = error.errors()[0]
        return await _inbox(request, visitor, f"{first['loc'][0]}: {first['msg']}", 422)
    except XhcreditError as error:
        return await _inbox(request, visitor, str(error), 409)
    return go_to(request, f"/console/alerts?{request.url.query}")


async def _keep(service: Service, visitor: Visitor, codes: list[str]) -> None:
    """Write the viewed enterprises to the audit log, before they are shown."""
    await service.journal.note(visitor.act("alert.list", codes=codes))
