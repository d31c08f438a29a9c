"""Console pages of joint draws: inspections of several bureaus combined into one visit."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.errors import BadInput, UnknownRecord, XhcreditError
from xhcredit.jobs.draws import joint as jobs
from xhcredit.rules.schemas.draws import Items
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.permissions import DRAWS_READ, DRAWS_RUN
from xhcredit_serving.console.shell.layout import Visitor, go_to, page
from xhcredit_serving.console.shell.visitor import text_of, visitor_of
from xhcredit_serving.draws.routes import theirs
from xhcredit_serving.draws.schemas import ID
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
HERE = "/console/draws-joint"
_DRAWN = ("drawn", "published")


@router.get(HERE)
async def joint_draws(request: Request) -> Response:
    """Joint draws in which the visitor's bureaus take part, and a form for a new one."""
    visitor = await visitor_of(request, DRAWS_READ)
    return await _list(request, visitor)


async def _list(request: Request, visitor: Visitor, wrong: str = "", status: int = 200) -> Response:
    service = service_of(request)
    scope, may_run = visitor.caller.scope(DRAWS_READ), DRAWS_RUN in visitor.caller.permissions
    shown = {
        "joint_draws": await asyncio.to_thread(service.store.joint_draws.listed, scope),
        "free": await asyncio.to_thread(_free, service, visitor) if may_run else [],
        "once": secrets.token_hex(16),
    }
    return page(request, "joint_list.html", visitor, status, wrong=wrong, **shown)


def _free(service: Service, visitor: Visitor) -> list[dict[str, Any]]:
    """Draws that can be laid over others: drawn, not replaced, in no joint draw yet."""
    every = service.store.draws.listed(visitor.caller.scope(DRAWS_RUN))
    gone, taken = {d["replaces"] for d in every}, service.store.joint_draws.of_draw
    free = [d for d in every if d["state"] in _DRAWN and d["id"] not in gone]
    return [d for d in free if taken(d["id"]) is None]


@router.post(HERE)
async def lay_over(request: Request) -> Response:
    """Lay draws over one another."""
    visitor = await visitor_of(request, DRAWS_RUN)
    service, form = service_of(request), await request.form()
    joint = text_of(form, "joint").strip()
    draws = [d for d in form.getlist("draw") if isinstance(d, str)]
    try:
        if not ID.fullmatch(joint):
            raise BadInput(f'"{joint}" is no id; write small letters, digits and dashes')
        payload = {"joint": joint, "draws": draws}
        once, caller = text_of(form, "once")[:64] or None, visitor.caller
        act = Act(caller.name, "draw.joint", visitor.purpose, caller.bureau, payload, once, payload)
        await asyncio.to_thread(_lay_over, service, visitor, act, joint, draws)
    except XhcreditError as error:
        return await _list(request, visitor, str(error), 422)
    return go_to(request, f"{HERE}/{joint}")


def _lay_over(service: Service, visitor: Visitor, act: Act, joint: str, draws: list[str]) -> None:
    for draw in draws:
        theirs(service, visitor.caller, DRAWS_RUN, draw)
    jobs.lay_over(service.store, act, joint, draws)


@router.get(HERE + "/{joint}")
async def one(request: Request, joint: str) -> Response:
    """One joint draw: visits by enterprise and bureau, and the visits saved."""
    visitor, service = await visitor_of(request, DRAWS_READ), service_of(request)
    shown = await asyncio.to_thread(_shown, service, visitor, joint)
    await service.journal.note(visitor.act("draw.joint_read", joint=joint))
    return page(request, "joint.html", visitor, **shown)


def _shown(service: Service, visitor: Visitor, joint: str) -> dict[str, Any]:
    """The record, with names of enterprises that the visitor may see, and items in words.

    Raises:
        UnknownRecord: there is none in which the visitor's bureaus take part.
    """
    store, scope = service.store, visitor.caller.scope(DRAWS_READ)
    if joint not in {j["joint_id"] for j in store.joint_draws.listed(scope)}:
        raise UnknownRecord(f'there is no joint draw "{joint[:64]}"; list them to find its id')
    record = json.loads(store.joint_draws.record(joint))
    run = store.reader.current_run()["run"]
    codes = [v["code"] for v in record["selected"]]
    digest = next(j["digest"] for j in store.joint_draws.listed(scope) if j["joint_id"] == joint)
    return {
        "joint": record,
        "digest": digest,
        "names": store.watch.places(run, codes, scope),
        "items": items_of(service),
    }


def items_of(service: Service) -> dict[str, dict[str, str]]:
    """The inspection items of the day, in both languages."""
    base = service.rulebook.serving("draws.items", Items, as_of=service.today()).root
    return {name: {"zh": item.zh, "en": item.en} for name, item in base.items()}
