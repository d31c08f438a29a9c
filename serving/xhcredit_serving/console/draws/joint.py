"""Console pages of joint draws: inspections of several bureaus combined into one visit."""

from __future__ import annotations

import asyncio
import secrets

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.errors import BadInput, XhcreditError
from xhcredit.jobs.draws import joint as joint_draw_jobs
from xhcredit.rules.schemas.draws import Items
from xhcredit.store.core.transactions import Act
from xhcredit.store.draws.rows import ListedDraw
from xhcredit_serving.auth.permissions import DRAWS_READ, DRAWS_RUN
from xhcredit_serving.console.shell.layout import Visitor, page, redirect_to
from xhcredit_serving.console.shell.visitor import text_of, visitor_of
from xhcredit_serving.draws.joint import joint_draw_of_bureau
from xhcredit_serving.draws.routes import draw_of_bureau
from xhcredit_serving.draws.schemas import ID
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
BASE_PATH = "/console/draws-joint"
_DRAWN_STATES = ("drawn", "published")


@router.get(BASE_PATH)
async def joint_draws(request: Request) -> Response:
    """Joint draws in which the visitor's bureaus take part, and a form for a new one."""
    visitor = await visitor_of(request, DRAWS_READ)
    return await _render_list(request, visitor)


async def _render_list(
    request: Request, visitor: Visitor, error_message: str = "", status: int = 200
) -> Response:
    service = service_of(request)
    scope, may_run = visitor.caller.scope(DRAWS_READ), DRAWS_RUN in visitor.caller.permissions
    context = {
        "joint_draws": await asyncio.to_thread(service.store.joint_draws.list_joint_draws, scope),
        "free": await asyncio.to_thread(_free_draws, service, visitor) if may_run else [],
        "once": secrets.token_hex(16),
    }
    return page(request, "joint_list.html", visitor, status, wrong=error_message, **context)


def _free_draws(service: Service, visitor: Visitor) -> list[ListedDraw]:
    """Draws that can be laid over others: drawn, not replaced, in no joint draw yet."""
    all_draws = service.store.draws.list_draws(visitor.caller.scope(DRAWS_RUN))
    replaced_ids, joint_of_draw = (
        {d["replaces"] for d in all_draws},
        service.store.joint_draws.joint_of_draw,
    )
    free_draws = [
        d for d in all_draws if d["state"] in _DRAWN_STATES and d["id"] not in replaced_ids
    ]
    return [d for d in free_draws if joint_of_draw(d["id"]) is None]


@router.post(BASE_PATH)
async def create_joint_draw(request: Request) -> Response:
    """Lay draws over one another."""
    visitor = await visitor_of(request, DRAWS_RUN)
    service, form = service_of(request), await request.form()
    joint_id = text_of(form, "joint").strip()
    draw_ids = [d for d in form.getlist("draw") if isinstance(d, str)]
    try:
        if not ID.fullmatch(joint_id):
            raise BadInput(f'"{joint_id}" is no id; write small letters, digits and dashes')
        payload = {"joint": joint_id, "draws": draw_ids}
        idempotency_key, caller = text_of(form, "once")[:64] or None, visitor.caller
        act = Act(
            caller.name,
            "draw.joint",
            visitor.purpose,
            caller.bureau,
            payload,
            idempotency_key,
            payload,
        )
        await asyncio.to_thread(_create_joint_draw, service, visitor, act, joint_id, draw_ids)
    except XhcreditError as error:
        return await _render_list(request, visitor, str(error), 422)
    return redirect_to(request, f"{BASE_PATH}/{joint_id}")


def _create_joint_draw(
    service: Service, visitor: Visitor, act: Act, joint_id: str, draw_ids: list[str]
) -> None:
    for draw_id in draw_ids:
        draw_of_bureau(service, visitor.caller, DRAWS_RUN, draw_id)
    joint_draw_jobs.join_draws(service.store, act, joint_id, draw_ids)


@router.get(BASE_PATH + "/{joint}")
async def joint_draw_page(request: Request, joint: str) -> Response:
    """One joint draw: visits by enterprise and bureau, and the visits saved."""
    visitor, service = await visitor_of(request, DRAWS_READ), service_of(request)
    context = await asyncio.to_thread(_joint_context, service, visitor, joint)
    await service.journal.note(visitor.act("draw.joint_read", joint=joint))
    return page(request, "joint.html", visitor, **context)


def _joint_context(service: Service, visitor: Visitor, joint_id: str) -> dict[str, object]:
    """The record, with names of enterprises that the visitor may see, and items in words.

    Raises:
        UnknownRecord: there is none in which the visitor's bureaus take part.
    """
    store, scope = service.store, visitor.caller.scope(DRAWS_READ)
    joint_draw = joint_draw_of_bureau(service, visitor.caller, joint_id[:64])
    run = store.reader.current_run()["run"]
    codes = [v["code"] for v in joint_draw["selected"]]
    return {
        "joint": joint_draw,
        "digest": joint_draw["digest"],
        "names": store.watchlist.enterprise_rows(run, codes, scope),
        "items": items_of(service),
    }


def items_of(service: Service) -> dict[str, dict[str, str]]:
    """The inspection items of the day, in both languages."""
    item_catalogue = service.rulebook.serving("draws.items", Items, as_of=service.today()).root
    return {name: {"zh": item.zh, "en": item.en} for name, item in item_catalogue.items()}
