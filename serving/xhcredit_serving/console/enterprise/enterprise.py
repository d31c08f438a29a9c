"""Enterprise page: facts, score and reasons, what-if, restoration, alerts, audit log."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from xhcredit.alerts.workflow import STATES as alert_states  # noqa: N811 - the page has two kinds
from xhcredit.ingest.schema import directory
from xhcredit.jobs.alerts.rows import DatedAlert
from xhcredit.jobs.enterprise.rows import EnterpriseEvent, Fact, RegisterFacts, ScoredRun
from xhcredit.jobs.restoration.candidates import STATES
from xhcredit.store.access import audit_log
from xhcredit.store.access.rows import ActivityEntry
from xhcredit.store.alerts.alert_queries import AlertQuery as Question
from xhcredit_serving.alerts.routes import alert_rows
from xhcredit_serving.auth.permissions import ALERTS_READ, RESTORATION_FILE, SCORES, WHAT_IF
from xhcredit_serving.console.restoration.candidates import apply_address, restorable_records
from xhcredit_serving.console.shell.language import language_of
from xhcredit_serving.console.shell.layout import Visitor, page
from xhcredit_serving.console.shell.relations_svg import relations_picture
from xhcredit_serving.console.shell.visitor import text_of, visitor_of
from xhcredit_serving.enterprise.enterprise_file import read_file
from xhcredit_serving.enterprise.schemas import (
    Addition,
    EnterpriseFile,
    WhatIfRequest,
    Withdrawal,
)
from xhcredit_serving.enterprise.what_if import run_what_if
from xhcredit_serving.http.field_types import validated_code
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
_MAX_VIEWS = 20
_YES_NO_WORDS = {True: ("是", "yes"), False: ("否", "no")}
#: events that are often supposed: table and values
PRESETS: dict[str, tuple[str, dict[str, str | bool | int | float | None]]] = {
    "a fine of 5,000 yuan": (
        "penalty",
        {"doc_no": "supposed", "procedure": "ordinary", "penalty_kinds": "fine",
         "amount_yuan": 5000, "field": "general"},
    ),
    "an inspection that finds a problem": (
        "inspection",
        {"inspection_no": "supposed", "form": "random", "result": "corrected", "failed": True},
    ),
    "an inspection that finds nothing": (
        "inspection",
        {"inspection_no": "supposed", "form": "random", "result": "no_problem", "failed": False},
    ),
    "a listing as abnormal": ("abnormal_listing", {"ground": "annual_report"}),
}  # fmt: skip


@router.get("/console/enterprises/{code}")
async def enterprise(request: Request, code: str) -> Response:
    """The whole file."""
    visitor = await visitor_of(request, SCORES)
    service = service_of(request)
    code = validated_code(code)
    enterprise_file = await read_file(service, visitor.caller, visitor.purpose, code)
    recent_views = await _recent_views(service, visitor, code)
    zh = language_of(request) == "zh"
    context = _file_context(enterprise_file, zh) | {"looks": recent_views, "presets": PRESETS}
    facts = _facts_by_column(enterprise_file)
    context["picture"] = relations_picture(enterprise_file["relations"], facts, zh)
    context["alerts"] = await asyncio.to_thread(_latest_alerts, service, visitor, code)
    context["alert_states"] = {k: v[0 if zh else 1] for k, v in alert_states.items()}
    context["possible"] = await restorable_records(request, visitor, code)
    context["apply_address"] = apply_address
    context["may_file"] = RESTORATION_FILE in visitor.caller.permissions
    context["states"] = {k: v[0 if zh else 1] for k, v in STATES.items()}
    return page(request, "enterprise.html", visitor, charts=True, **context)


@router.get("/console/enterprises/{code}/drawer")
async def drawer(request: Request, code: str) -> Response:
    """The main things, beside the list."""
    visitor = await visitor_of(request, SCORES)
    enterprise_file = await read_file(
        service_of(request), visitor.caller, visitor.purpose, validated_code(code)
    )
    return page(
        request,
        "drawer.html",
        visitor,
        **_file_context(enterprise_file, language_of(request) == "zh"),
    )


@router.post("/console/enterprises/{code}/what-if")
async def what_if(request: Request, code: str) -> Response:
    """The result if one record were gone, or one were added."""
    visitor = await visitor_of(request, WHAT_IF)
    form = await request.form()
    supposition = _supposition_of(validated_code(code), form)
    try:
        what_if_result = await run_what_if(
            service_of(request), visitor.caller, visitor.purpose, supposition
        )
    except RequestValidationError as error:
        error_message = "; ".join(str(e["msg"]) for e in error.errors())
        return page(request, "what_if.html", visitor, 422, what_if=None, wrong=error_message)
    return page(request, "what_if.html", visitor, what_if=what_if_result, wrong="")


def _supposition_of(code: str, form: FormData) -> WhatIfRequest:
    """What-if request of a form: a preset to add, or the key of a record to withdraw."""
    preset = PRESETS.get(text_of(form, "preset"))
    if preset is not None:
        return WhatIfRequest(
            code=code, add=[Addition(table=preset[0], values=preset[1])], withdraw=[]
        )
    table = text_of(form, "table")[:60]
    key = {k.removeprefix("key."): text_of(form, k) for k in form if k.startswith("key.")}
    withdrawal = Withdrawal(table=table, key=dict(list(key.items())[:10]))
    return WhatIfRequest(code=code, add=[], withdraw=[withdrawal])


def _file_context(enterprise_file: EnterpriseFile, zh: bool) -> dict[str, object]:
    """Template context of an enterprise file."""
    register = enterprise_file["register"]
    facts = _facts_by_column(enterprise_file)
    events = [
        {**event, "key": _key_of(event), "facts": _shown_facts(event)}
        for event in enterprise_file["events"]
    ]
    scores = enterprise_file["result"]["scores"]
    indicators = [(i["costs_composite"], s["score"], i) for s in scores for i in s["indicators"]]
    costliest = sorted((i for i in indicators if i[0] > 0), key=lambda i: -i[0])
    return {
        "enterprise": {
            **enterprise_file,
            "register": {**register, "facts": list(facts.values())},
            "events": events,
        },
        "name": facts["name"]["value"] if "name" in facts else enterprise_file["code"],
        "facts": facts,
        "worst": [{**indicator, "score": score} for _, score, indicator in costliest[:8]],
        "score_chart": _score_chart(enterprise_file["history"], zh),
        "tables": sorted(
            {e["table"]: e["zh" if zh else "en"] for e in enterprise_file["events"]}.items()
        ),
    }


def _facts_by_column(enterprise_file: EnterpriseFile) -> dict[str, Fact]:
    return {f["column"]: f for f in _shown_facts(enterprise_file["register"])}


def _shown_facts(record: RegisterFacts | EnterpriseEvent) -> list[Fact]:
    """Facts of a record; flags in words of both languages."""
    return [_shown_fact(fact) for fact in record["facts"]]


def _shown_fact(fact: Fact) -> Fact:
    if not isinstance(fact["value"], bool):
        return fact
    zh, en = _YES_NO_WORDS[fact["value"]]
    return {**fact, "value": en, "label": zh}


def _score_chart(history: list[ScoredRun], zh: bool) -> dict[str, object]:
    """The composite and general score over the published runs, the earliest first."""
    runs = list(reversed(history))
    names = ("综合分", "通用分") if zh else ("composite", "general")
    composites: list[float | None] = [r["composite"] for r in runs]
    points = composites, [r["general"] for r in runs]
    series = [
        {"name": n, "points": [None if p is None else round(p, 1) for p in score_points]}
        for n, score_points in zip(names, points, strict=True)
    ]
    return {"kind": "line", "x": [r["as_of"] for r in runs], "series": series}


def _key_of(event: EnterpriseEvent) -> dict[str, str] | None:
    """Key of a record for a what-if withdrawal; None if it cannot be withdrawn."""
    table = directory()[event["table"]]
    value_by_column = {f["column"]: f["value"] for f in event["facts"]} | {
        "occurred_on": event["occurred_on"]
    }
    key_columns = [k for k in table.key if k != "code"]
    if not table.scored or any(k not in value_by_column for k in key_columns):
        return None
    return {k: str(value_by_column[k]) for k in key_columns}


def _latest_alerts(service: Service, visitor: Visitor, code: str) -> list[DatedAlert] | None:
    """Latest alerts about the enterprise; None without the permission."""
    if ALERTS_READ not in visitor.caller.permissions:
        return None
    bureaus = visitor.caller.scope(ALERTS_READ)
    return alert_rows(service, Question(within=bureaus, code=code, limit=_MAX_VIEWS))


async def _recent_views(service: Service, visitor: Visitor, code: str) -> list[ActivityEntry]:
    """Latest audit-log reads of the enterprise, within the visitor's bureaus."""
    log_query = audit_log.AuditLogQuery(code=code, bureaus=visitor.caller.scope(SCORES))
    rows, _ = await asyncio.to_thread(
        audit_log.read_page, service.store.database, log_query, _MAX_VIEWS
    )
    return rows
