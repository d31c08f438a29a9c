"""Joint draws over HTTP: several bureaus' draws laid over one another, one visit per door."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from xhcredit.jobs.draws import joint as joint_draw_jobs
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import DRAWS_READ, DRAWS_RUN
from xhcredit_serving.draws.routes import _new_act, _run_in_thread, draw_of_bureau
from xhcredit_serving.draws.schemas import Id
from xhcredit_serving.http import examples
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.service import Service, service_of

router = APIRouter(tags=["draws"])
#: for everybody, as the members' records are
public = APIRouter(tags=["draws"])

_MAX_DRAWS = 20  #: bureaus that visit one door together
JointInPath = Annotated[
    str,
    Path(
        pattern="^[a-z0-9][a-z0-9-]{0,63}$",
        description="联合抽查编号 / id of the joint draw",
        examples=["joint-2026-07"],
    ),
]
EXAMPLE_JOINT: dict[str, Any] = {
    "joint": "joint-2026-07", "digest": "4b…", "inspections": 31, "visits": 27, "saved": 4,
}  # fmt: skip
EXAMPLE_JOINT_RECORD: dict[str, Any] = {
    "protocol": "xhcredit-joint/1", "joint_id": "joint-2026-07", "digest": "4b…",
    "period": {"first": "2026-07-01", "last": "2026-12-31"}, "members": [], "inspections": 31,
    "visits": 27, "together": 4, "saved": 4,
}  # fmt: skip


class NewJoint(BaseModel):
    """Draws to be laid over one another."""

    model_config = ConfigDict(extra="forbid")

    joint: Annotated[Id, Field(examples=["joint-2026-07"])]
    draws: list[Id] = Field(
        min_length=2, max_length=_MAX_DRAWS, examples=[["zh-2026-07", "yl-2026-07"]]
    )


@router.post(
    "/v1/joint-draws",
    operation_id="joint_lay_over",
    summary="部门联合抽查 / lay draws over one another",
    description="多部门已抽取的名单叠加，同一企业只上门一次，事项合并，各部门派人；各部门的记录与"
    "概率不变。\n\nOne visit for what several bureaus drew at one door, with all items and the "
    "inspectors of each; every bureau's record and odds stay as they are.",
    responses=declared_problems(400, 404, 409, 422) | {200: examples.json_example(EXAMPLE_JOINT)},
    openapi_extra=examples.purpose_parameters(),
)
async def lay_over(request: Request, new_joint: NewJoint) -> Response:
    """Lay draws over one another."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    act = _new_act(
        request,
        caller,
        "joint",
        new_joint.model_dump(),
        joint=new_joint.joint,
        draws=new_joint.draws,
    )
    return await _run_in_thread(_lay_over, service, caller, act, new_joint)


def _lay_over(service: Service, caller: Caller, act: Act, new_joint: NewJoint) -> dict[str, Any]:
    for draw in new_joint.draws:
        draw_of_bureau(service, caller, DRAWS_RUN, draw)
    return joint_draw_jobs.join_draws(service.store, act, new_joint.joint, new_joint.draws)


@router.get(
    "/v1/joint-draws",
    operation_id="joint_draws",
    summary="联合抽查列表 / joint draws",
    description="本部门参加的联合抽查，最新在前。\n\nJoint draws in which one's bureaus take part.",
    responses=declared_problems()
    | {200: examples.json_example({"joint_draws": [EXAMPLE_JOINT_RECORD]})},
)
async def joint_draws(request: Request) -> Response:
    """Joint draws, without their visits."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_READ)
    scope = caller.scope(DRAWS_READ)
    joint_rows = await asyncio.to_thread(service.store.joint_draws.list_joint_draws, scope)
    return RoundedJSON({"joint_draws": joint_rows}, headers=NO_STORE)


@public.get(
    "/v1/public/joint-draws/{joint}/joint.json",
    operation_id="public_joint",
    summary="联合抽查记录（公开） / joint record, public",
    description="原文，含各成员记录的摘要，可据成员记录核验；无需密钥。\n\n"
    "Byte by byte, with the digest of each member's record, from which it follows; no key.",
    responses=declared_problems(404, 422) | {200: examples.json_example(EXAMPLE_JOINT_RECORD)},
)
async def record(request: Request, joint: JointInPath) -> Response:
    """The record of a joint draw."""
    joint_store = service_of(request).store.joint_draws
    record_bytes = await asyncio.to_thread(joint_store.record, joint)
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(record_bytes, headers=headers, media_type="application/json")
