"""Applications for restoration, and objections: filed, dealt with step by step, overdue or not."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.jobs.restoration import applications as jobs
from xhcredit.jobs.restoration.application_pages import Wanted, page_of
from xhcredit.jobs.restoration.records import Chosen
from xhcredit.restoration.workflow import MOVES, STATES, Kind
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.authentication import Caller, key_of, purpose_of, refuse_hidden
from xhcredit_serving.auth.permissions import (
    RESTORATION_DECIDE,
    RESTORATION_FILE,
    RESTORATION_READ,
)
from xhcredit_serving.http import examples
from xhcredit_serving.http.field_types import right_code
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import declared
from xhcredit_serving.restoration import schemas as bodies
from xhcredit_serving.restoration.assessment import stored
from xhcredit_serving.restoration.candidates import router as restorable_router
from xhcredit_serving.service import Service, service_of, warehouse_of

#: only where a warehouse is: records are looked up there
router = APIRouter(tags=["restoration"])
_MOST = 2**53
Number = Annotated[int, Path(ge=1, le=_MOST, description="申请编号 / number")]
OnDay = Annotated[date | None, Query(description="超期按此日计，默认今日 / overdue as of a day")]
_ZH = {"restoration": "修复申请", "objection": "异议"}
_PATHS: dict[Kind, str] = {
    "restoration": "/v1/restoration/applications", "objection": "/v1/restoration/objections",
}  # fmt: skip


def _desk(service: Service) -> jobs.Desk:
    return jobs.Desk(service.store, service.rulebook, warehouse_of(service))


async def _file(request: Request, asked: bodies.NewApplication, kind: Kind) -> Response:
    """File for the enterprise; the record must be of the caller's bureau."""
    service = service_of(request)
    caller = await service.caller(request, RESTORATION_FILE)
    code, applicant = right_code(asked.code), right_code(asked.applicant)
    named = {"code": code, "table": asked.table, "key": asked.key}
    act = _act(request, caller, f"{kind}.file", named, asked.model_dump(mode="json"))
    asked = asked.model_copy(update={"code": code, "applicant": applicant})
    work = (_desk(service), caller, act, asked, kind, service.today())
    return RoundedJSON(await asyncio.to_thread(file_for, *work), headers=NO_STORE)


def file_for(
    desk: jobs.Desk, caller: Caller, act: Act, asked: bodies.NewApplication, kind: Kind, on: date
) -> dict[str, Any]:
    """File an application; the record must be of the caller's bureau."""
    chosen, facts = Chosen(asked.table, asked.key), bodies.facts_of(asked.facts)
    wanted = jobs.Asked(kind, asked.applicant, asked.code, chosen, facts, asked.reason)
    refuse_hidden(caller, RESTORATION_FILE, jobs.agency_of(desk, wanted, on))
    return jobs.file(desk, act, wanted, on)


def _act(request: Request, caller: Caller, action: str, payload: dict[str, Any], body: Any) -> Act:
    """The act of a write, with its key; the whole body makes the request."""
    purpose = purpose_of(request.headers)
    return Act(caller.name, action, purpose, caller.bureau, payload, key_of(request.headers), body)


async def _step(request: Request, number: int, asked: bodies.NewStep, kind: Kind) -> Response:
    """Apply a workflow step: of the applicant (right to file) or an official (right to decide)."""
    service = service_of(request)
    move = MOVES[kind].get(asked.act)
    by_applicant = move is not None and not move.by_official
    permission = RESTORATION_FILE if by_applicant else RESTORATION_DECIDE
    caller = await service.caller(request, permission)
    if move is None or asked.act == "file":
        known = ", ".join(name for name in MOVES[kind] if name != "file")
        raise BadInput(f'unknown step "{asked.act}"; choose one of: {known}')
    await asyncio.to_thread(visible, service, caller, permission, number, kind)
    body = [number, asked.model_dump(mode="json")]
    act = _act(request, caller, f"{kind}.{asked.act}", {"application": number}, body)
    doing = jobs.Doing(
        asked.act, service.today(), asked.official, asked.role, asked.reason, asked.details()
    )
    told = await asyncio.to_thread(jobs.take, _desk(service), act, number, doing)
    return RoundedJSON(told, headers=NO_STORE)


def visible(
    service: Service, caller: Caller, permission: str, number: int, kind: Kind
) -> dict[str, Any]:
    """An application that the caller may see."""
    found = service.store.applications.one(number)
    if found["kind"] != kind or not caller.may(permission, found["bureau"]):
        raise UnknownRecord(f"there is no application {number}; list them to find its number")
    return found


async def _one(request: Request, number: int, on: date | None, kind: Kind) -> Response:
    """One application, with its clocks as of a day."""
    service = service_of(request)
    caller = await service.caller(request, RESTORATION_READ)
    purpose = purpose_of(request.headers)
    found = await asyncio.to_thread(visible, service, caller, RESTORATION_READ, number, kind)
    told = jobs.shown(found, on or service.today(), service.rulebook)
    seen = {"application": number, "code": found["code"]}
    await service.journal.note(caller.act(f"{kind}.read", purpose, **seen))
    return RoundedJSON(told, headers=NO_STORE)


class Filter(bodies.Body):
    """Which applications, and from where on."""

    state: list[str] = Field([], max_length=len(STATES))
    code: str = Field("", max_length=64)
    overdue: bool = False
    due_unknown: bool = False
    on: date | None = None
    before: int | None = Field(None, ge=1, le=_MOST)
    limit: int = Field(50, ge=1, le=200)


async def _list(request: Request, asked: Filter, kind: Kind) -> Response:
    """Applications, the latest first, steps and clocks with them."""
    service = service_of(request)
    caller = await service.caller(request, RESTORATION_READ)
    purpose = purpose_of(request.headers)
    unknown = sorted(set(asked.state) - set(STATES))
    if unknown:
        raise BadInput(f'unknown state "{unknown[0]}"; choose from: {", ".join(STATES)}')
    code = right_code(asked.code) if asked.code else ""
    wanted = Wanted(
        kind,
        frozenset(asked.state),
        caller.scope(RESTORATION_READ),
        code,
        asked.overdue,
        asked.due_unknown,
        asked.before,
        asked.limit,
    )
    today = service.today()
    day = asked.on or today
    found = await asyncio.to_thread(page_of, service.store, service.rulebook, wanted, day, today)
    seen = {"codes": sorted({row["code"] for row in found.rows})}
    await service.journal.note(caller.act(f"{kind}.list", purpose, **seen))
    return RoundedJSON({"applications": found.rows, "next": found.next}, headers=NO_STORE)


def _add_all(kind: Kind, path: str) -> None:
    """Add the routes of the collection: file and list."""
    zh = _ZH[kind]

    @router.post(
        path,
        operation_id=f"{kind}_file",
        summary=f"提出{zh} / file",
        description="申请人须为记录主体；由作出决定的部门办理。同一记录已在办的返回 409。\n\n"
        "The applicant must be the enterprise of the record. 409 while one is under way.",
        responses=declared(400, 404, 409, 422) | {200: examples.json_of(bodies.FILED)},
        openapi_extra=bodies.written(),
    )
    async def file(request: Request, asked: bodies.NewApplication) -> Response:
        return await _file(request, asked, kind)

    @router.get(
        path,
        operation_id=f"{kind}_list",
        summary=f"{zh}列表 / list",
        description="按状态、企业、超期筛选，最新在前；翻页用 before=上一页的 next。\n\n"
        "Filtered, the latest first; for the next page give next as before.",
        responses=declared(400, 404, 422)
        | {200: examples.json_of({"applications": [bodies.APPLICATION], "next": None})},
        openapi_extra=examples.with_purpose(),
    )
    async def page(request: Request, asked: Annotated[Filter, Query()]) -> Response:
        return await _list(request, asked, kind)


def _add_one(kind: Kind, path: str) -> None:
    """The addresses for one of them, and for the next step."""
    zh = _ZH[kind]
    moves = "、".join(f"{name} {m.said.zh}" for name, m in MOVES[kind].items() if name != "file")

    @router.get(
        path + "/{number}",
        operation_id=f"{kind}_one",
        summary=f"单件{zh} / one",
        description="各步骤（何人、何时、为何、所见的评估）与各时限；可问任一日是否超期。\n\n"
        "Every step, with the assessment that the officer saw, and every clock as of a day.",
        responses=declared(400, 404, 422) | {200: examples.json_of(bodies.APPLICATION)},
        openapi_extra=examples.with_purpose(),
    )
    async def one(request: Request, number: Number, on: OnDay = None) -> Response:
        return await _one(request, number, on, kind)

    @router.post(
        path + "/{number}/steps",
        operation_id=f"{kind}_step",
        summary=f"办理{zh} / do a step",
        description=f"act：{moves}。次序不符返回 409；两人同时办理仅一人成功。\n\n"
        "Out of order is 409; of two officers at once one wins.",
        responses=declared(400, 404, 409, 422)
        | {200: examples.json_of({**bodies.FILED, "step": 2, "state": "accepted"})},
        openapi_extra=bodies.written(),
    )
    async def step(request: Request, number: Number, asked: bodies.NewStep) -> Response:
        return await _step(request, number, asked, kind)


for _kind, _path in _PATHS.items():
    _add_all(_kind, _path)
    _add_one(_kind, _path)

#: all addresses that need a warehouse
ROUTERS = (stored, restorable_router, router)
