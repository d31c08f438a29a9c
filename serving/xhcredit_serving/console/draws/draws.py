"""Console pages of draws: plan, frame, ceremony, list, results; public verification."""

from __future__ import annotations

import asyncio
import json
import secrets
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.errors import BadInput, NothingKnown, UnknownRecord, XhcreditError
from xhcredit.jobs.draws import results as draw_results
from xhcredit.jobs.draws import steps as jobs
from xhcredit.jobs.draws.publication import FILES, day_in_china, standing, standings
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.permissions import DRAWS_READ, DRAWS_RESULTS, DRAWS_RUN
from xhcredit_serving.console.shell.layout import Visitor, go_to, page
from xhcredit_serving.console.shell.visitor import text_of, visitor_of
from xhcredit_serving.draws.files import INTERNAL, internal_file
from xhcredit_serving.draws.routes import theirs
from xhcredit_serving.draws.schemas import ID
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.service import Service, service_of, warehouse_of

router = APIRouter(include_in_schema=False)
STATES = ("frozen", "seeded", "drawn", "published")


@router.get("/console/draws")
async def draws(request: Request) -> Response:
    """All draws and plans of the visitor's bureaus."""
    visitor = await visitor_of(request, DRAWS_READ)
    return await _list(request, visitor)


async def _list(request: Request, visitor: Visitor, wrong: str = "", status: int = 200) -> Response:
    service, scope = service_of(request), visitor.caller.scope(DRAWS_READ)
    given = (service.store, scope, service.rulebook, service.today())
    shown: dict[str, Any] = {
        "draws": await asyncio.to_thread(standings, *given),
        "plans": await asyncio.to_thread(service.store.draws.plans, scope),
        "may_run": DRAWS_RUN in visitor.caller.permissions,
        "once": secrets.token_hex(16),
        "wrong": wrong,
    }
    return page(request, "draw_list.html", visitor, status, **shown)


@router.post("/console/draws")
async def freeze(request: Request) -> Response:
    """Freeze the frame of a plan; the lists are uploaded as they are."""
    visitor = await visitor_of(request, DRAWS_RUN)
    service = service_of(request)
    form = await request.form()
    draw, plan = text_of(form, "draw").strip(), text_of(form, "plan")
    try:
        if not ID.fullmatch(draw):
            raise BadInput(f'"{draw}" is no id of a draw; write small letters, digits and dashes')
        people = jobs.People(await _uploaded(form, "inspectors"), await _uploaded(form, "recusals"))
        act = _act(visitor, form, "freeze", draw=draw, plan=plan)
        await asyncio.to_thread(_freeze, service, visitor, act, draw, plan, people)
    except XhcreditError as error:
        return await _list(request, visitor, str(error), 422)
    return go_to(request, f"/console/draws/{draw}")


async def _uploaded(form: Any, name: str) -> bytes:
    """A file of a form.

    Raises:
        BadInput: none was chosen.
    """
    file = form.get(name)
    if file is None or isinstance(file, str) or not file.filename:
        raise BadInput(f"no file {name}.csv was chosen; choose it")
    data: bytes = await file.read()
    await file.close()
    return data


def _freeze(
    service: Service, visitor: Visitor, act: Act, draw: str, plan: str, people: jobs.People
) -> None:
    kept = service.store.draws.plan(plan)
    if not visitor.caller.may(DRAWS_RUN, kept["bureau"]):
        raise UnknownRecord(f'there is no plan "{plan}"')
    day = date.fromisoformat(service.store.reader.current_run()["as_of"])
    asked = jobs.Freezing(plan, draw, day, people)
    jobs.freeze(service.store, act, warehouse_of(service), service.rulebook, asked)


def _act(visitor: Visitor, form: Any, action: str, **payload: Any) -> Act:
    """An act that the same form sent twice does once."""
    once = text_of(form, "once")[:64] or None
    caller = visitor.caller
    return Act(
        caller.name, f"draw.{action}", visitor.purpose, caller.bureau, payload, once, payload
    )


@router.get("/console/draws/{draw}")
async def one(request: Request, draw: str) -> Response:
    """State of a draw with the actions that are due."""
    visitor = await visitor_of(request, DRAWS_READ)
    return await _one(request, visitor, draw)


async def _one(
    request: Request, visitor: Visitor, draw: str, wrong: str = "", status: int = 200
) -> Response:
    service = service_of(request)
    shown = await asyncio.to_thread(_standing, service, visitor, draw)
    shown |= {"wrong": wrong, "once": secrets.token_hex(16), "states": STATES}
    return page(request, "draw.html", visitor, status, **shown)


def _standing(service: Service, visitor: Visitor, draw: str) -> dict[str, Any]:
    """A draw as the page shows it."""
    kept = theirs(service, visitor.caller, DRAWS_READ, draw)
    committed = jobs.committed(service.store, draw)
    plan = json.loads(service.store.draws.file(draw, "plan.json"))
    strata = json.loads(service.store.draws.file(draw, "strata.json"))
    drawn = kept["state"] in STATES[2:]
    record = jobs.record_of(service.store, draw) if drawn else None
    codes = [s["code"] for s in record["selected"]] if record else []
    run = service.store.reader.current_run()["run"]
    names = service.store.watch.places(run, codes, visitor.caller.scope(DRAWS_READ))
    may = {p for p in (DRAWS_RUN, DRAWS_RESULTS) if visitor.caller.may(p, kept["bureau"])}
    return {
        "kept": kept,
        "committed": committed,
        "plan": plan,
        "record": record,
        "names": names,
        "inner": {s["id"]: s for s in strata},
        "may_run": DRAWS_RUN in may,
        "may_enter": DRAWS_RESULTS in may,
        "learned": _learned(service, kept),
        "publication": standing(kept, service.rulebook, service.today()),
        "days": {p["number"]: day_in_china(p["at"]) for p in kept["publications"]},
    }


def _learned(service: Service, kept: dict[str, Any]) -> dict[str, Any] | None:
    """Estimates from the inspection results; None before there are any."""
    if not kept["results"]:
        return None
    try:
        return draw_results.estimate(service.store, kept["id"])
    except NothingKnown:
        return None


@router.get("/console/draws/{draw}/files/{name}")
async def file(request: Request, draw: str, name: str) -> Response:
    """Download an internal file of a draw; written to the audit log."""
    visitor = await visitor_of(request, DRAWS_RUN)
    if name not in INTERNAL:
        raise Refusal("not_found", f"a draw has no such file; there are: {', '.join(INTERNAL)}")
    return await internal_file(request, visitor.caller, visitor.purpose, draw, name)


@router.post("/console/draws/{draw}/publication")
async def publish(request: Request, draw: str) -> Response:
    """Publish the list: from then on everybody can take it."""
    visitor = await visitor_of(request, DRAWS_RUN)
    service, form = service_of(request), await request.form()
    try:
        await asyncio.to_thread(theirs, service, visitor.caller, DRAWS_RUN, draw)
        act = _act(visitor, form, "publish", draw=draw)
        await asyncio.to_thread(service.store.draws.publish, act, draw, {"files": list(FILES)})
    except XhcreditError as error:
        return await _one(request, visitor, draw, str(error), 422)
    return go_to(request, f"/console/draws/{draw}")


@router.get("/console/draws/{draw}/ceremony")
async def ceremony(request: Request, draw: str) -> Response:
    """Ceremony page for a projector: commitment, seed, then the list ticket by ticket."""
    visitor = await visitor_of(request, DRAWS_RUN)
    shown = await asyncio.to_thread(_standing, service_of(request), visitor, draw)
    shown |= {"wrong": "", "once": secrets.token_hex(16)}
    return page(request, "ceremony.html", visitor, **shown)


@router.post("/console/draws/{draw}/seed")
async def seed(request: Request, draw: str) -> Response:
    """Enter the seed, written twice by two people, and draw."""
    visitor = await visitor_of(request, DRAWS_RUN)
    service, form = service_of(request), await request.form()
    first, second = text_of(form, "first"), text_of(form, "second")
    try:
        await asyncio.to_thread(theirs, service, visitor.caller, DRAWS_RUN, draw)
        if first != second:
            raise BadInput("the two entries differ; compare them with the source, write them again")
        source = jobs.committed(service.store, draw)["seed_source"]
        act = _act(visitor, form, "seed", draw=draw)
        await asyncio.to_thread(jobs.seed, service.store, act, draw, first, source)
        await _run(service, visitor, draw)
    except XhcreditError as error:
        return await _one(request, visitor, draw, str(error), 422)
    return go_to(request, f"/console/draws/{draw}/ceremony")


@router.post("/console/draws/{draw}/run")
async def run(request: Request, draw: str) -> Response:
    """Draw, where the seed was entered and nothing else happened since."""
    visitor = await visitor_of(request, DRAWS_RUN)
    service = service_of(request)
    try:
        await asyncio.to_thread(theirs, service, visitor.caller, DRAWS_RUN, draw)
        await _run(service, visitor, draw)
    except XhcreditError as error:
        return await _one(request, visitor, draw, str(error), 422)
    return go_to(request, f"/console/draws/{draw}")


async def _run(service: Service, visitor: Visitor, draw: str) -> None:
    act = Act(
        visitor.caller.name, "draw.run", visitor.purpose, visitor.caller.bureau, {"draw": draw}
    )
    await asyncio.to_thread(jobs.run, service.store, act, draw)


@router.post("/console/draws/{draw}/results")
async def results(request: Request, draw: str) -> Response:
    """Upload the inspection results of a draw as a file."""
    visitor = await visitor_of(request, DRAWS_RESULTS)
    service, form = service_of(request), await request.form()
    try:
        await asyncio.to_thread(theirs, service, visitor.caller, DRAWS_RESULTS, draw)
        data = await _uploaded(form, "results")
        act = _act(visitor, form, "results", draw=draw)
        given = (draw, data, "results.csv", warehouse_of(service), service.today())
        await asyncio.to_thread(draw_results.enter_results, service.store, act, *given)
    except XhcreditError as error:
        return await _one(request, visitor, draw, str(error), 422)
    return go_to(request, f"/console/draws/{draw}")


@router.get("/console/public/verify")
async def verify(request: Request) -> Response:
    """For everybody: draw a list again in one's own browser."""
    return page(request, "verify.html", None, draw=request.query_params.get("draw", "")[:64])
