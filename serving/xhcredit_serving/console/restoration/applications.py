"""Console pages of restoration applications and objections: filing, workflow, deadlines."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from xhcredit.domain.calendar import Calendar
from xhcredit.domain.codes import normalised, problem_with
from xhcredit.errors import BadInput, BeyondCalendar, UnknownRecord, XhcreditError
from xhcredit.jobs.restoration import applications as jobs
from xhcredit.jobs.restoration.application_pages import Wanted, page_of
from xhcredit.restoration.workflow import DEALT_WITH, MOVES, STATES, Kind
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.permissions import (
    RESTORATION_DECIDE,
    RESTORATION_FILE,
    RESTORATION_READ,
)
from xhcredit_serving.console.shell.layout import Visitor, go_to, page, with_query
from xhcredit_serving.console.shell.visitor import number_of, text_of, visitor_of
from xhcredit_serving.restoration import schemas as bodies
from xhcredit_serving.restoration.applications import file_for, visible
from xhcredit_serving.service import Service, service_of, warehouse_of

router = APIRouter(include_in_schema=False)
ADDRESS = "/console/restoration/applications"
ROWS = 50
_NAMED = "application"
_FACTS = ("duties_done_on", "corrected_on", "pledge", "harm_remains")
_FLAGS = ("despite_unmet", "false_materials", "broken_pledge")
_WRONG = 409


@router.get(ADDRESS)
async def applications(request: Request) -> Response:
    """The list, with pending and overdue deadlines."""
    visitor = await visitor_of(request, RESTORATION_READ)
    service, today = service_of(request), service_of(request).today()
    wanted, typed, wrong = _wanted(request, visitor)
    found = await asyncio.to_thread(page_of, service.store, service.rulebook, wanted, today, today)
    rows = [] if wrong else found.rows
    seen = {"codes": sorted({row["code"] for row in rows})}
    await service.journal.note(visitor.act(f"{wanted.kind}.list", **seen))
    states = {m.to for m in MOVES[wanted.kind].values() if m.to}
    shown: dict[str, Any] = {
        "rows": [(row, _due(row, today, service.rulebook.calendar)) for row in rows],
        "wanted": wanted,
        "typed": typed,
        "wrong": wrong,
        "day": today,
        "chosen": next(iter(wanted.states), ""),
        "states": {name: said for name, said in STATES.items() if name in states},
        "next_page": with_query(request, before=found.next) if found.more and rows else None,
    }
    return page(request, "restoration_applications.html", visitor, **shown)


def _wanted(request: Request, visitor: Visitor) -> tuple[Wanted, str, str | None]:
    """Filters of the query string; unreadable ones are ignored, a wrong code is reported."""
    given = request.query_params
    kind: Kind = "objection" if given.get("kind") == "objection" else "restoration"
    typed = given.get("code", "").strip()[:64]
    code, before = normalised(typed), given.get("before", "")[:15]
    place = int(before) if before.isascii() and before.isdigit() else 0
    states = frozenset(s for s in given.getlist("state") if s in STATES)
    scope = visitor.caller.scope(RESTORATION_READ)
    late, undated = (given.get(name) == "1" for name in ("overdue", "due_unknown"))
    wanted = Wanted(kind, states, scope, code, late, undated, place or None, ROWS)
    return wanted, typed, problem_with(code) if code else None


def _due(row: Mapping[str, Any], today: date, calendar: Calendar) -> dict[str, Any] | None:
    """Next running deadline: step, due day, working days left.

    One whose end nobody can tell comes after all others, and is shown as such.
    """
    running = [c for c in row["clocks"] if c["done_on"] is None]
    running = [c for c in running if c["due_on"] or c["due_unknown"]]
    if row["state"] in DEALT_WITH:
        return None
    first = min(running, key=lambda c: c["due_on"] or "9999", default=None)
    return first and {**first, "left": _left(first["due_on"], today, calendar)}


def _left(due_on: str | None, today: date, calendar: Calendar) -> int | None:
    """Working days left, below zero if overdue; None if the calendar does not reach there."""
    try:
        due = date.fromisoformat(due_on) if due_on else None
        return calendar.working_days_between(today, due) if due else None
    except BeyondCalendar:
        return None


@router.get(ADDRESS + "/{application}")
async def one(request: Request, application: str) -> Response:
    """One application: steps, deadlines, possible actions."""
    visitor = await visitor_of(request, RESTORATION_READ)
    return await _one(request, visitor, number_of(application, _NAMED))


async def _one(
    request: Request,
    visitor: Visitor,
    number: int,
    wrong: str = "",
    form: Mapping[str, str] | None = None,
) -> Response:
    service = service_of(request)
    found = await asyncio.to_thread(_seen, service, visitor, number)
    kind, today = cast("Kind", found["kind"]), service.today()
    told, calendar = jobs.shown(found, today, service.rulebook), service.rulebook.calendar
    await service.journal.note(visitor.act(f"{kind}.read", application=number, code=found["code"]))
    may = visitor.caller.permissions
    shown: dict[str, Any] = {
        "told": told,
        "kind": kind,
        "moves": MOVES[kind],
        "day": today,
        "wrong": wrong,
        "possible": [name for name in told["possible"] if _right(kind, name) in may],
        "remaining": {c["step"]: _left(c["due_on"], today, calendar) for c in told["clocks"]},
        "assessment": _last_answer(told),
        "once": secrets.token_hex(16),
        "form": form or {},
    }
    status = _WRONG if wrong else 200
    return page(request, "restoration_application.html", visitor, status, **shown)


def _seen(service: Service, visitor: Visitor, number: int) -> dict[str, Any]:
    """An application of either kind that the visitor may see."""
    kind = service.store.applications.one(number)["kind"]
    return visible(service, visitor.caller, RESTORATION_READ, number, kind)


def _right(kind: Kind, act: str) -> str:
    return RESTORATION_DECIDE if MOVES[kind][act].by_official else RESTORATION_FILE


def _last_answer(told: Mapping[str, Any]) -> dict[str, Any] | None:
    """Latest assessment on file for the decision; None for an objection."""
    answers = (s["details"].get("assessment") for s in reversed(told["steps"]))
    return next((answer for answer in answers if answer), None)


@router.post(ADDRESS + "/{application}")
async def act(request: Request, application: str) -> Response:
    """Perform a workflow step; on an error the form keeps its input."""
    form = await request.form()
    at, name = number_of(application, _NAMED), text_of(form, "act")
    right = RESTORATION_FILE if name in ("refile", "withdraw") else RESTORATION_DECIDE
    visitor = await visitor_of(request, right)
    service = service_of(request)
    kept = {k: v for k, v in form.items() if isinstance(v, str) and k != "csrf"}
    try:
        asked = _step_of(form)
        await asyncio.to_thread(_do, service, visitor, at, asked, text_of(form, "once"))
    except ValidationError as error:
        first = error.errors()[0]
        return await _one(request, visitor, at, f"{first['loc'][-1]}: {first['msg']}", kept)
    except UnknownRecord:
        raise
    except XhcreditError as error:
        return await _one(request, visitor, at, str(error), kept)
    return go_to(request, f"{ADDRESS}/{at}")


def _step_of(form: FormData) -> bodies.NewStep:
    """Workflow step entered in the form.

    Raises:
        ValidationError: something cannot be read.
    """
    told: dict[str, Any] = {k: text_of(form, k) for k in ("act", "official", "role", "reason")}
    told |= {name: True for name in _FLAGS if text_of(form, name)}
    if text_of(form, "severity"):
        told["severity"] = text_of(form, "severity")
    names = [line.strip() for line in text_of(form, "platforms").splitlines() if line.strip()]
    facts = _facts(form)
    return bodies.NewStep.model_validate(
        told | ({"platforms": names} if names else {}) | ({"facts": facts} if facts else {})
    )


def _facts(form: FormData) -> dict[str, Any]:
    """Proved facts of the form, without empty fields."""
    said = {name: text_of(form, name).strip() for name in _FACTS}
    words = {"yes": True, "no": False}
    return {k: words.get(v, v) for k, v in said.items() if v}


def _do(service: Service, visitor: Visitor, number: int, asked: bodies.NewStep, once: str) -> None:
    found = _seen(service, visitor, number)
    kind = cast("Kind", found["kind"])
    if asked.act not in MOVES[kind] or asked.act == "file":
        raise BadInput(f'unknown step "{asked.act}"; choose one of those shown')
    caller = visitor.caller
    visible(service, caller, _right(kind, asked.act), number, kind)
    entry = Act(
        caller.name,
        f"{kind}.{asked.act}",
        visitor.purpose,
        caller.bureau,
        {"application": number},
        once[:64] or None,
        [number, asked.model_dump(mode="json")],
    )
    doing = jobs.Doing(
        asked.act, service.today(), asked.official, asked.role, asked.reason, asked.details()
    )
    jobs.take(_desk(service), entry, number, doing)


def _desk(service: Service) -> jobs.Desk:
    """Where records are looked up.

    Raises:
        UnknownRecord: the service runs without a warehouse, so no record is known.
    """
    if service.settings.warehouse is None:
        raise UnknownRecord("no record is known here: start the service with --warehouse")
    return jobs.Desk(service.store, service.rulebook, warehouse_of(service))


@router.get("/console/restoration/apply")
async def apply_page(request: Request) -> Response:
    """The form to file an application or objection about one record."""
    visitor = await visitor_of(request, RESTORATION_FILE)
    return _apply(request, visitor, dict(request.query_params))


def _apply(
    request: Request, visitor: Visitor, said: Mapping[str, str], wrong: str = ""
) -> Response:
    key = {k.removeprefix("key."): v for k, v in said.items() if k.startswith("key.")}
    shown = {"said": said, "key": key, "wrong": wrong, "once": secrets.token_hex(16)}
    return page(request, "restoration_apply.html", visitor, _WRONG if wrong else 200, **shown)


@router.post("/console/restoration/apply")
async def apply(request: Request) -> Response:
    """File it, and show it with its clocks."""
    visitor = await visitor_of(request, RESTORATION_FILE)
    form, service = await request.form(), service_of(request)
    said = {k: v for k, v in form.items() if isinstance(v, str) and k != "csrf"}
    try:
        asked = _asked(form)
        told = await asyncio.to_thread(_filed, service, visitor, asked, said)
    except ValidationError as error:
        first = error.errors()[0]
        return _apply(request, visitor, said, f"{first['loc'][-1]}: {first['msg']}")
    except XhcreditError as error:
        return _apply(request, visitor, said, str(error))
    return go_to(request, f"{ADDRESS}/{told['application']}")


def _asked(form: FormData) -> bodies.NewApplication:
    """Application entered in the form, with the code normalised.

    Raises:
        ValidationError: something cannot be read.
    """
    code = normalised(text_of(form, "code"))
    key = {k.removeprefix("key."): str(v) for k, v in form.items() if k.startswith("key.")}
    told = {
        "code": code,
        "applicant": code,
        "table": text_of(form, "table"),
        "key": key,
        "reason": text_of(form, "reason"),
        "facts": _facts(form),
    }
    return bodies.NewApplication.model_validate(told)


def _filed(
    service: Service, visitor: Visitor, asked: bodies.NewApplication, said: Mapping[str, str]
) -> dict[str, Any]:
    kind: Kind = "objection" if said.get("kind") == "objection" else "restoration"
    if kind == "objection" and not asked.reason.strip():
        raise BadInput("an objection without a reason; say what is wrong with the record")
    caller = visitor.caller
    named = {"code": asked.code, "table": asked.table, "key": asked.key}
    entry = Act(
        caller.name,
        f"{kind}.file",
        visitor.purpose,
        caller.bureau,
        named,
        said.get("once", "")[:64] or None,
        [kind, asked.model_dump(mode="json")],
    )
    return file_for(_desk(service), caller, entry, asked, kind, service.today())
