"""Joint draws over HTTP: several bureaus' draws laid over one another, one visit per door."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from xhcredit.jobs.draws import joint as jobs
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import DRAWS_READ, DRAWS_RUN
from xhcredit_serving.draws.routes import _act, _done, theirs
from xhcredit_serving.draws.schemas import Id
from xhcredit_serving.http import examples
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import declared
from xhcredit_serving.service import Service, service_of

router = APIRouter(tags=["draws"])
#: for everybody, as the members' records are
public = APIRouter(tags=["draws"])

_MOST = 20  #: bureaus that visit one door together
Joint = Annotated[
    str,
    Path(
        pattern="^[a-z0-9][a-z0-9-]{0,63}$",
        description="联合抽查编号 / id of the joint draw",
        examples=["joint-2026-07"],
    ),
]
LAID: dict[str, Any] = {
    "joint": "joint-2026-07", "digest": "4b…", "inspections": 31, "visits": 27, "saved": 4,
}  # fmt: skip
SHORT: dict[str, Any] = {
    "protocol": "xhcredit-joint/1", "joint_id": "joint-2026-07", "digest": "4b…",
    "period": {"first": "2026-07-01", "last": "2026-12-31"}, "members": [], "inspections": 31,
    "visits": 27, "together": 4, "saved": 4,
}  # fmt: skip


class NewJoint(BaseModel):
    """Draws to be laid over one another."""

    model_config = ConfigDict(extra="forbid")

    joint: Annotated[Id, Field(examples=["joint-2026-07"])]
    draws: list[Id] = Field(min_length=2, max_length=_MOST, examples=[["zh-2026-07", "yl-2026-07"]])


@router.post(
    "/v1/joint-draws",
    operation_id="joint_lay_over",
    summary="部门联合抽查 / lay draws over one another",
    description="多部门已抽取的名单叠加，同一企业只上门一次，事项合并，各部门派人；各部门的记录与"
    "概率不变。\n\nOne visit for what several bureaus drew at one door, with all items and the "
    "inspectors of each; every bureau's record and odds stay as they are.",
    responses=declared(400, 404, 409, 422) | {200: examples.json_of(LAID)},
    openapi_extra=examples.with_purpose(),
)
async def lay_over(request: Request, asked: NewJoint) -> Response:
    """Lay draws over one another."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    act = _act(request, caller, "joint", asked.model_dump(), joint=asked.joint, draws=asked.draws)
    return await _done(_lay_over, service, caller, act, asked)


def _lay_over(service: Service, caller: Caller, act: Act, asked: NewJoint) -> dict[str, Any]:
    for draw in asked.draws:
        theirs(service, caller, DRAWS_RUN, draw)
    return jobs.lay_over(service.store, act, asked.joint, asked.draws)


@router.get(
    "/v1/joint-draws",
    operation_id="joint_draws",
    summary="联合抽查列表 / joint draws",
    description="本部门参加的联合抽查，最新在前。\n\nJoint draws in which one's bureaus take part.",
    responses=declared() | {200: examples.json_of({"joint_draws": [SHORT]})},
)
async def joint_draws(request: Request) -> Response:
    """Joint draws, without their visits."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_READ)
    scope = caller.scope(DRAWS_READ)
    found = await asyncio.to_thread(service.store.joint_draws.listed, scope)
    return RoundedJSON({"joint_draws": found}, headers=NO_STORE)


@public.get(
    "/v1/public/joint-draws/{joint}/joint.json",
    operation_id="public_joint",
    summary="联合抽查记录（公开） / joint record, public",
    description="原文，含各成员记录的摘要，可据成员记录核验；无需密钥。\n\n"
    "Byte by byte, with the digest of each member's record, from which it follows; no key.",
    responses=declared(404, 422) | {200: examples.json_of(SHORT)},
)
async def record(request: Request, joint: Joint) -> Response:
    """The record of a joint draw."""
    kept = service_of(request).store.joint_draws
    data = await asyncio.to_thread(kept.record, joint)
    held = {"Cache-Control": "public, max-age=300"}
    return Response(data, headers=held, media_type="application/json")
