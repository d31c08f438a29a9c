"""Console pages of draws: plan, frame, ceremony, list, results; public verification."""

from __future__ import annotations

import asyncio
import json
import secrets
from datetime import date

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from xhcredit.errors import BadInput, NothingKnown, UnknownRecord, XhcreditError
from xhcredit.jobs.draws import results as draw_results
from xhcredit.jobs.draws import steps
from xhcredit.jobs.draws.estimate_rows import DrawEstimate
from xhcredit.jobs.draws.publication import (
    day_in_china,
    draws_with_publication,
    publication_state,
    record_publication,
)
from xhcredit.store.core.transactions import Act
from xhcredit.store.draws.rows import Draw
from xhcredit_serving.auth.permissions import DRAWS_READ, DRAWS_RESULTS, DRAWS_RUN
from xhcredit_serving.console.shell.layout import Visitor, page, redirect_to
from xhcredit_serving.console.shell.visitor import text_of, visitor_of
from xhcredit_serving.dependencies import Reading
from xhcredit_serving.draws.files import INTERNAL, internal_file
from xhcredit_serving.draws.routes import draw_of_bureau
from xhcredit_serving.draws.schemas import ID
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.service import Service, service_of, warehouse_of

router = APIRouter(include_in_schema=False)
STATES = ("frozen", "seeded", "drawn", "published")


@router.get("/console/draws")
async def draws(request: Request) -> Response:
    """All draws and plans of the visitor's bureaus."""
    visitor = await visitor_of(request, DRAWS_READ)
    return await _render_list(request, visitor)


async def _render_list(
    request: Request, visitor: Visitor, error_message: str = "", status: int = 200
) -> Response:
    service, scope = service_of(request), visitor.caller.scope(DRAWS_READ)
    standings_args = (service.store, scope, service.rulebook, service.today())
    context: dict[str, object] = {
        "draws": await asyncio.to_thread(draws_with_publication, *standings_args),
        "plans": await asyncio.to_thread(service.store.draws.list_plans, scope),
        "may_run": DRAWS_RUN in visitor.caller.permissions,
        "once": secrets.token_hex(16),
        "wrong": error_message,
    }
    return page(request, "draw_list.html", visitor, status, **context)


@router.post("/console/draws")
async def freeze(request: Request) -> Response:
    """Freeze the frame of a plan; the lists are uploaded as they are."""
    visitor = await visitor_of(request, DRAWS_RUN)
    service = service_of(request)
    form = await request.form()
    draw_id, plan_id = text_of(form, "draw").strip(), text_of(form, "plan")
    try:
        if not ID.fullmatch(draw_id):
            raise BadInput(
                f'"{draw_id}" is no id of a draw; write small letters, digits and dashes'
            )
        inspector_lists = steps.People(
            await _uploaded_file(form, "inspectors"), await _uploaded_file(form, "recusals")
        )
        act = _act(visitor, form, "freeze", draw=draw_id, plan=plan_id)
        await asyncio.to_thread(
            _freeze_frame, service, visitor, act, draw_id, plan_id, inspector_lists
        )
    except XhcreditError as error:
        return await _render_list(request, visitor, str(error), 422)
    return redirect_to(request, f"/console/draws/{draw_id}")


async def _uploaded_file(form: FormData, name: str) -> bytes:
    """A file of a form.

    Raises:
        BadInput: none was chosen.
    """
    file = form.get(name)
    if file is None or isinstance(file, str) or not file.filename:
        raise BadInput(f"no file {name}.csv was chosen; choose it")
    file_bytes: bytes = await file.read()
    await file.close()
    return file_bytes


def _freeze_frame(
    service: Service,
    visitor: Visitor,
    act: Act,
    draw_id: str,
    plan_id: str,
    inspector_lists: steps.People,
) -> None:
    draw_plan = service.store.draws.get_plan(plan_id)
    if not visitor.caller.may(DRAWS_RUN, draw_plan.bureau):
        raise UnknownRecord(f'there is no plan "{plan_id}"')
    day = date.fromisoformat(service.store.reader.current_run()["as_of"])
    freeze_request = steps.FreezeRequest(plan_id, draw_id, day, inspector_lists)
    steps.freeze(service.store, act, warehouse_of(service), service.rulebook, freeze_request)


def _act(visitor: Visitor, form: FormData, action: str, **payload: object) -> Act:
    """An act that the same form sent twice does once."""
    idempotency_key = text_of(form, "once")[:64] or None
    caller = visitor.caller
    return Act(
        caller.name,
        f"draw.{action}",
        visitor.purpose,
        caller.bureau,
        payload,
        idempotency_key,
        payload,
    )


@router.get("/console/draws/{draw}")
async def draw_page(request: Request, draw: str) -> Response:
    """State of a draw with the actions that are due."""
    visitor = await visitor_of(request, DRAWS_READ)
    return await _render_draw(request, visitor, draw)


async def _render_draw(
    request: Request, visitor: Visitor, draw_id: str, error_message: str = "", status: int = 200
) -> Response:
    service = service_of(request)
    context = await asyncio.to_thread(_draw_context, service, visitor, draw_id)
    context |= {"wrong": error_message, "once": secrets.token_hex(16), "states": STATES}
    return page(request, "draw.html", visitor, status, **context)


def _draw_context(service: Service, visitor: Visitor, draw_id: str) -> dict[str, object]:
    """A draw as the page shows it."""
    # Before any file is read: a draw of another bureau is as if it were not there.
    stored_draw = draw_of_bureau(service, visitor.caller, DRAWS_READ, draw_id)
    commitment = steps.commitment_of(service.store, draw_id)
    plan = json.loads(service.store.draws.file(draw_id, "plan.json"))
    strata = json.loads(service.store.draws.file(draw_id, "strata.json"))
    is_drawn = stored_draw["state"] in STATES[2:]
    draw_record = steps.record_of(service.store, draw_id) if is_drawn else None
    codes = [s["code"] for s in draw_record["selected"]] if draw_record else []
    run = service.store.reader.current_run()["run"]
    name_by_code = service.store.watchlist.enterprise_rows(
        run, codes, visitor.caller.scope(DRAWS_READ)
    )
    permissions = {
        p for p in (DRAWS_RUN, DRAWS_RESULTS) if visitor.caller.may(p, stored_draw["bureau"])
    }
    return {
        "draw": stored_draw,
        "committed": commitment,
        "plan": plan,
        "record": draw_record,
        "names": name_by_code,
        "inner": {s["id"]: s for s in strata},
        "may_run": DRAWS_RUN in permissions,
        "may_enter": DRAWS_RESULTS in permissions,
        "learned": _estimate_of(service, stored_draw),
        "publication": publication_state(stored_draw, service.rulebook, service.today()),
        "days": {p["number"]: day_in_china(p["published_at"]) for p in stored_draw["publications"]},
    }


def _estimate_of(service: Service, stored_draw: Draw) -> DrawEstimate | None:
    """Estimates from the inspection results; None before there are any."""
    if not stored_draw["results"]:
        return None
    try:
        return draw_results.estimate(service.store, stored_draw["id"])
    except NothingKnown:
        return None


@router.get("/console/draws/{draw}/files/{name}")
async def file(request: Request, draw: str, name: str) -> Response:
    """Download an internal file of a draw; written to the audit log."""
    visitor = await visitor_of(request, DRAWS_RUN)
    if name not in INTERNAL:
        raise Refusal("not_found", f"a draw has no such file; there are: {', '.join(INTERNAL)}")
    reading = Reading(visitor.caller, visitor.purpose)
    return await internal_file(service_of(request), reading, draw, name)


@router.post("/console/draws/{draw}/publication")
async def publish(request: Request, draw: str) -> Response:
    """Publish the list: from then on everybody can take it."""
    visitor = await visitor_of(request, DRAWS_RUN)
    service, form = service_of(request), await request.form()
    try:
        await asyncio.to_thread(draw_of_bureau, service, visitor.caller, DRAWS_RUN, draw)
        act = _act(visitor, form, "publish", draw=draw)
        await asyncio.to_thread(record_publication, service.store, act, draw)
    except XhcreditError as error:
        return await _render_draw(request, visitor, draw, str(error), 422)
    return redirect_to(request, f"/console/draws/{draw}")


@router.get("/console/draws/{draw}/ceremony")
async def ceremony(request: Request, draw: str) -> Response:
    """Ceremony page for a projector: commitment, seed, then the list ticket by ticket."""
    visitor = await visitor_of(request, DRAWS_RUN)
    context = await asyncio.to_thread(_draw_context, service_of(request), visitor, draw)
    context |= {"wrong": "", "once": secrets.token_hex(16)}
    return page(request, "ceremony.html", visitor, **context)


@router.post("/console/draws/{draw}/seed")
async def seed(request: Request, draw: str) -> Response:
    """Enter the seed, written twice by two people, and draw."""
    visitor = await visitor_of(request, DRAWS_RUN)
    service, form = service_of(request), await request.form()
    first_entry, second_entry = text_of(form, "first"), text_of(form, "second")
    try:
        await asyncio.to_thread(draw_of_bureau, service, visitor.caller, DRAWS_RUN, draw)
        # Typed twice: a seed cannot be taken back once it is used, so a slip of the hand must show
        # before.
        if first_entry != second_entry:
            raise BadInput("the two entries differ; compare them with the source, write them again")
        seed_source = steps.commitment_of(service.store, draw)["seed_source"]
        act = _act(visitor, form, "seed", draw=draw)
        await asyncio.to_thread(
            steps.enter_seed, service.store, act, draw, first_entry, seed_source
        )
        await _run_draw(service, visitor, draw)
    except XhcreditError as error:
        return await _render_draw(request, visitor, draw, str(error), 422)
    return redirect_to(request, f"/console/draws/{draw}/ceremony")


@router.post("/console/draws/{draw}/run")
async def run(request: Request, draw: str) -> Response:
    """Draw, where the seed was entered and nothing else happened since."""
    visitor = await visitor_of(request, DRAWS_RUN)
    service = service_of(request)
    try:
        await asyncio.to_thread(draw_of_bureau, service, visitor.caller, DRAWS_RUN, draw)
        await _run_draw(service, visitor, draw)
    except XhcreditError as error:
        return await _render_draw(request, visitor, draw, str(error), 422)
    return redirect_to(request, f"/console/draws/{draw}")


async def _run_draw(service: Service, visitor: Visitor, draw_id: str) -> None:
    act = Act(
        visitor.caller.name, "draw.run", visitor.purpose, visitor.caller.bureau, {"draw": draw_id}
    )
    await asyncio.to_thread(steps.run_draw, service.store, act, draw_id)


@router.post("/console/draws/{draw}/results")
async def results(request: Request, draw: str) -> Response:
    """Upload the inspection results of a draw as a file."""
    visitor = await visitor_of(request, DRAWS_RESULTS)
    service, form = service_of(request), await request.form()
    try:
        await asyncio.to_thread(draw_of_bureau, service, visitor.caller, DRAWS_RESULTS, draw)
        results_csv = await _uploaded_file(form, "results")
        act = _act(visitor, form, "results", draw=draw)
        entry_args = (draw, results_csv, "results.csv", warehouse_of(service), service.today())
        await asyncio.to_thread(draw_results.enter_results, service.store, act, *entry_args)
    except XhcreditError as error:
        return await _render_draw(request, visitor, draw, str(error), 422)
    return redirect_to(request, f"/console/draws/{draw}")


@router.get("/console/public/verify")
async def verify(request: Request) -> Response:
    """For everybody: draw a list again in one's own browser."""
    return page(request, "verify.html", None, draw=request.query_params.get("draw", "")[:64])
