"""Console pages of restoration applications and objections: filing, workflow, deadlines."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from datetime import date

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from xhcredit.domain.calendar import Calendar
from xhcredit.domain.codes import normalised, problem_with
from xhcredit.errors import BadInput, BeyondCalendar, UnknownRecord, XhcreditError
from xhcredit.jobs.restoration import applications as application_jobs
from xhcredit.jobs.restoration.application_pages import CaseQuery, case_page
from xhcredit.jobs.restoration.rows import Case, CaseClock
from xhcredit.restoration.rows import AssessmentRow
from xhcredit.restoration.workflow import DEALT_WITH, STATES, TRANSITIONS, Kind
from xhcredit.store.core.transactions import Act
from xhcredit.store.restoration.rows import CaseRow, CaseStepTaken
from xhcredit_serving.auth.permissions import (
    RESTORATION_DECIDE,
    RESTORATION_FILE,
    RESTORATION_READ,
)
from xhcredit_serving.console.shell.layout import Visitor, page, redirect_to, with_query
from xhcredit_serving.console.shell.visitor import number_of, text_of, visitor_of
from xhcredit_serving.restoration import schemas
from xhcredit_serving.restoration.applications import action_of, file_for, visible_application
from xhcredit_serving.service import Service, service_of, warehouse_of

router = APIRouter(include_in_schema=False)
ADDRESS = "/console/restoration/applications"
PAGE_ROWS = 50
_RECORD_KIND = "application"
_FACT_FIELDS = ("duties_done_on", "corrected_on", "pledge", "harm_remains")
_FLAG_FIELDS = ("despite_unmet", "false_materials", "broken_pledge")
_CONFLICT_STATUS = 409


@router.get(ADDRESS)
async def applications(request: Request) -> Response:
    """The list, with pending and overdue deadlines."""
    visitor = await visitor_of(request, RESTORATION_READ)
    service, today = service_of(request), service_of(request).today()
    application_query, typed_code, code_problem = _query_of(request, visitor)
    list_page = await asyncio.to_thread(
        case_page, service.store, service.rulebook, application_query, today, today
    )
    rows = [] if code_problem else list_page.rows
    audit_details = {"codes": sorted({row["code"] for row in rows})}
    await service.journal.note(visitor.act(f"{application_query.kind}.list", **audit_details))
    states = {m.to for m in TRANSITIONS[application_query.kind].values() if m.to}
    context: dict[str, object] = {
        "rows": [(row, _next_clock(row, today, service.rulebook.calendar)) for row in rows],
        "wanted": application_query,
        "typed": typed_code,
        "wrong": code_problem,
        "day": today,
        "chosen": next(iter(application_query.states), ""),
        "states": {name: labels for name, labels in STATES.items() if name in states},
        "next_page": with_query(request, before=list_page.next)
        if list_page.has_more and rows
        else None,
    }
    return page(request, "restoration_applications.html", visitor, **context)


def _query_of(request: Request, visitor: Visitor) -> tuple[CaseQuery, str, str | None]:
    """Filters of the query string; unreadable ones are ignored, a wrong code is reported."""
    query_params = request.query_params
    kind: Kind = "objection" if query_params.get("kind") == "objection" else "restoration"
    typed_code = query_params.get("code", "").strip()[:64]
    code, before_text = normalised(typed_code), query_params.get("before", "")[:15]
    before_number = int(before_text) if before_text.isascii() and before_text.isdigit() else 0
    states = frozenset(s for s in query_params.getlist("state") if s in STATES)
    scope = visitor.caller.scope(RESTORATION_READ)
    overdue_only, undated_only = (
        query_params.get(name) == "1" for name in ("overdue", "due_unknown")
    )
    application_query = CaseQuery(
        kind, states, scope, code, overdue_only, undated_only, before_number or None, PAGE_ROWS
    )
    return application_query, typed_code, problem_with(code) if code else None


class NextClock(CaseClock):
    """The clock that ends next; ``left`` counts the working days, None if nobody knows."""

    left: int | None


def _next_clock(row: Case, today: date, calendar: Calendar) -> NextClock | None:
    """Next running deadline: step, due day, working days left.

    One whose end nobody can tell comes after all others, and is shown as such.
    """
    running_clocks = [c for c in row["clocks"] if c["done_on"] is None]
    running_clocks = [c for c in running_clocks if c["due_on"] or c["due_unknown"]]
    if row["state"] in DEALT_WITH:
        return None
    first_clock = min(running_clocks, key=lambda c: c["due_on"] or "9999", default=None)
    if first_clock is None:
        return None
    return {**first_clock, "left": _working_days_left(first_clock["due_on"], today, calendar)}


def _working_days_left(due_on: str | None, today: date, calendar: Calendar) -> int | None:
    """Working days left, below zero if overdue; None if the calendar does not reach there."""
    try:
        due_day = date.fromisoformat(due_on) if due_on else None
        return calendar.working_days_between(today, due_day) if due_day else None
    except BeyondCalendar:
        return None


@router.get(ADDRESS + "/{application}")
async def application_page(request: Request, application: str) -> Response:
    """One application: steps, deadlines, possible actions."""
    visitor = await visitor_of(request, RESTORATION_READ)
    return await _render_application(request, visitor, number_of(application, _RECORD_KIND))


async def _render_application(
    request: Request,
    visitor: Visitor,
    number: int,
    error_message: str = "",
    form_fields: Mapping[str, str] | None = None,
) -> Response:
    service = service_of(request)
    application_row = await asyncio.to_thread(_visible_application, service, visitor, number)
    kind, today = application_row["kind"], service.today()
    application_view, calendar = (
        application_jobs.case_data(application_row, today, service.rulebook),
        service.rulebook.calendar,
    )
    await service.journal.note(
        visitor.act(f"{kind}.read", application=number, code=application_row["code"])
    )
    permissions = visitor.caller.permissions
    context: dict[str, object] = {
        "application": application_view,
        "kind": kind,
        "moves": TRANSITIONS[kind],
        "day": today,
        "wrong": error_message,
        "possible": [
            name
            for name in application_view["possible"]
            if _required_permission(kind, name) in permissions
        ],
        "remaining": {
            c["step"]: _working_days_left(c["due_on"], today, calendar)
            for c in application_view["clocks"]
        },
        "assessment": _last_assessment(application_view),
        "once": secrets.token_hex(16),
        "form": form_fields or {},
    }
    status = _CONFLICT_STATUS if error_message else 200
    return page(request, "restoration_application.html", visitor, status, **context)


def _visible_application(service: Service, visitor: Visitor, number: int) -> CaseRow:
    """An application of either kind that the visitor may see."""
    kind = service.store.applications.get(number)["kind"]
    return visible_application(service, visitor.caller, RESTORATION_READ, number, kind)


def _required_permission(kind: Kind, act: str) -> str:
    return RESTORATION_DECIDE if TRANSITIONS[kind][act].by_official else RESTORATION_FILE


def _last_assessment(application_view: Case) -> AssessmentRow | None:
    """Latest assessment on file for the decision; None for an objection."""
    assessments = (s["details"].get("assessment") for s in reversed(application_view["steps"]))
    return next((assessment for assessment in assessments if assessment), None)


@router.post(ADDRESS + "/{application}")
async def act(request: Request, application: str) -> Response:
    """Perform a workflow step; on an error the form keeps its input."""
    form = await request.form()
    number, act_name = number_of(application, _RECORD_KIND), text_of(form, "act")
    permission = RESTORATION_FILE if act_name in ("refile", "withdraw") else RESTORATION_DECIDE
    visitor = await visitor_of(request, permission)
    service = service_of(request)
    form_fields = {k: v for k, v in form.items() if isinstance(v, str) and k != "csrf"}
    try:
        new_step = _step_of(form)
        await asyncio.to_thread(
            _perform_step, service, visitor, number, new_step, text_of(form, "once")
        )
    except ValidationError as error:
        first_error = error.errors()[0]
        return await _render_application(
            request, visitor, number, f"{first_error['loc'][-1]}: {first_error['msg']}", form_fields
        )
    except UnknownRecord:
        # Not beside the form: a case of another bureau is as if it were not there.
        raise
    except XhcreditError as error:
        return await _render_application(request, visitor, number, str(error), form_fields)
    return redirect_to(request, f"{ADDRESS}/{number}")


def _step_of(form: FormData) -> schemas.NewStep:
    """Workflow step entered in the form.

    Raises:
        ValidationError: something cannot be read.
    """
    step_fields: dict[str, object] = {
        k: text_of(form, k) for k in ("act", "official", "role", "reason")
    }
    step_fields |= {name: True for name in _FLAG_FIELDS if text_of(form, name)}
    if text_of(form, "severity"):
        step_fields["severity"] = text_of(form, "severity")
    platform_names = [
        line.strip() for line in text_of(form, "platforms").splitlines() if line.strip()
    ]
    facts = _facts(form)
    return schemas.NewStep.model_validate(
        step_fields
        | ({"platforms": platform_names} if platform_names else {})
        | ({"facts": facts} if facts else {})
    )


def _facts(form: FormData) -> dict[str, object]:
    """Proved facts of the form, without empty fields."""
    fact_texts = {name: text_of(form, name).strip() for name in _FACT_FIELDS}
    bool_by_word = {"yes": True, "no": False}
    return {k: bool_by_word.get(v, v) for k, v in fact_texts.items() if v}


def _perform_step(
    service: Service, visitor: Visitor, number: int, new_step: schemas.NewStep, idempotency_key: str
) -> None:
    application_row = _visible_application(service, visitor, number)
    kind = application_row["kind"]
    # Filing opens a new case and has its own form; it is no step of one that exists.
    if new_step.act not in TRANSITIONS[kind] or new_step.act == "file":
        raise BadInput(f'unknown step "{new_step.act}"; choose one of those shown')
    caller = visitor.caller
    # Again with the permission of this step: who may read a case need not be allowed to act on
    # it.
    visible_application(service, caller, _required_permission(kind, new_step.act), number, kind)
    audit_act = Act(
        caller.name,
        f"{kind}.{new_step.act}",
        visitor.purpose,
        caller.bureau,
        {"application": number},
        idempotency_key[:64] or None,
        [number, new_step.model_dump(mode="json")],
    )
    workflow_action = action_of(new_step, service.today())
    application_jobs.perform_on_case(_case_context(service), audit_act, number, workflow_action)


def _case_context(service: Service) -> application_jobs.CaseContext:
    """Where records are looked up.

    Raises:
        UnknownRecord: the service runs without a warehouse, so no record is known.
    """
    if service.settings.warehouse is None:
        raise UnknownRecord("no record is known here: start the service with --warehouse")
    return application_jobs.CaseContext(service.store, service.rulebook, warehouse_of(service))


@router.get("/console/restoration/apply")
async def apply_page(request: Request) -> Response:
    """The form to file an application or objection about one record."""
    visitor = await visitor_of(request, RESTORATION_FILE)
    return _render_apply_form(request, visitor, dict(request.query_params))


def _render_apply_form(
    request: Request, visitor: Visitor, form_fields: Mapping[str, str], error_message: str = ""
) -> Response:
    key = {k.removeprefix("key."): v for k, v in form_fields.items() if k.startswith("key.")}
    context = {
        "form": form_fields,
        "key": key,
        "wrong": error_message,
        "once": secrets.token_hex(16),
    }
    return page(
        request,
        "restoration_apply.html",
        visitor,
        _CONFLICT_STATUS if error_message else 200,
        **context,
    )


@router.post("/console/restoration/apply")
async def apply(request: Request) -> Response:
    """File it, and show it with its clocks."""
    visitor = await visitor_of(request, RESTORATION_FILE)
    form, service = await request.form(), service_of(request)
    form_fields = {k: v for k, v in form.items() if isinstance(v, str) and k != "csrf"}
    try:
        new_application = _new_application_of(form)
        filed_application = await asyncio.to_thread(
            _file_application, service, visitor, new_application, form_fields
        )
    except ValidationError as error:
        first_error = error.errors()[0]
        return _render_apply_form(
            request, visitor, form_fields, f"{first_error['loc'][-1]}: {first_error['msg']}"
        )
    except XhcreditError as error:
        return _render_apply_form(request, visitor, form_fields, str(error))
    return redirect_to(request, f"{ADDRESS}/{filed_application['application']}")


def _new_application_of(form: FormData) -> schemas.NewApplication:
    """Application entered in the form, with the code normalised.

    Raises:
        ValidationError: something cannot be read.
    """
    code = normalised(text_of(form, "code"))
    key = {k.removeprefix("key."): str(v) for k, v in form.items() if k.startswith("key.")}
    application_fields = {
        "code": code,
        "applicant": code,
        "table": text_of(form, "table"),
        "key": key,
        "reason": text_of(form, "reason"),
        "facts": _facts(form),
    }
    return schemas.NewApplication.model_validate(application_fields)


def _file_application(
    service: Service,
    visitor: Visitor,
    new_application: schemas.NewApplication,
    form_fields: Mapping[str, str],
) -> CaseStepTaken:
    kind: Kind = "objection" if form_fields.get("kind") == "objection" else "restoration"
    if kind == "objection" and not new_application.reason.strip():
        raise BadInput("an objection without a reason; say what is wrong with the record")
    caller = visitor.caller
    record_reference = {
        "code": new_application.code,
        "table": new_application.table,
        "key": new_application.key,
    }
    audit_act = Act(
        caller.name,
        f"{kind}.file",
        visitor.purpose,
        caller.bureau,
        record_reference,
        form_fields.get("once", "")[:64] or None,
        [kind, new_application.model_dump(mode="json")],
    )
    return file_for(
        _case_context(service), caller, audit_act, new_application, kind, service.today()
    )
