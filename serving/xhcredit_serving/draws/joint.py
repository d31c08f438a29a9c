"""Joint draws over HTTP: several bureaus' draws laid over one another, one visit per door."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from starlette.responses import Response

from xhcredit.draws.published_files import JointRecord
from xhcredit.errors import UnknownRecord
from xhcredit.jobs.draws import joint as joint_draw_jobs
from xhcredit.store.draws.check_rows import JointDrawStored, JointDrawWithVisits
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import DRAWS_READ, DRAWS_RUN
from xhcredit_serving.dependencies import Reading, ServiceDep, StoreDep, reading_with
from xhcredit_serving.draws.routes import Drawing, DrawReader, draw_of_bureau
from xhcredit_serving.draws.schemas import Id, JointDrawPage, RequestBody
from xhcredit_serving.http.paging import PageQueryDep
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.service import Service

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


class NewJoint(RequestBody):
    """Draws to be laid over one another."""

    joint: Annotated[Id, Field(examples=["joint-2026-07"])]
    draws: list[Id] = Field(
        min_length=2, max_length=_MAX_DRAWS, examples=[["zh-2026-07", "yl-2026-07"]]
    )


def joint_draw_of_bureau(service: Service, caller: Caller, joint: str) -> JointDrawWithVisits:
    """A joint draw in which a bureau of the caller takes part.

    Raises:
        UnknownRecord: there is none.
    """
    joint_draw = service.store.joint_draws.get(joint)
    if not any(caller.may(DRAWS_READ, member["bureau"]) for member in joint_draw["members"]):
        raise UnknownRecord(f'there is no joint draw "{joint}"; list them: /v1/joint-draws')
    return joint_draw


@router.post(
    "/v1/joint-draws",
    operation_id="create_joint_draw",
    summary="部门联合抽查 / lay draws over one another",
    description="多部门已抽取的名单叠加，同一企业只上门一次，事项合并，各部门派人；各部门的记录与"
    "概率不变。\n\nOne visit for what several bureaus drew at one door, with all items and the "
    "inspectors of each; every bureau's record and odds stay as they are.",
    status_code=201,
    responses=declared_problems(400, 404, 409, 422),
)
def create_joint_draw(
    drawing: Drawing, service: ServiceDep, new_joint: NewJoint, response: Response
) -> JointDrawStored:
    """Lay draws over one another."""
    for draw in new_joint.draws:
        draw_of_bureau(service, drawing.caller, DRAWS_RUN, draw)
    act = drawing.act(
        "draw.joint", new_joint.model_dump(), joint=new_joint.joint, draws=new_joint.draws
    )
    response.headers["Location"] = f"/v1/joint-draws/{new_joint.joint}"
    return joint_draw_jobs.join_draws(service.store, act, new_joint.joint, new_joint.draws)


@router.get(
    "/v1/joint-draws",
    operation_id="list_joint_draws",
    summary="联合抽查列表 / joint draws",
    description="本部门参加的联合抽查，最新在前。\n\nJoint draws in which one's bureaus take part.",
    responses=declared_problems(400, 422),
)
def list_joint_draws(caller: DrawReader, store: StoreDep, page: PageQueryDep) -> JointDrawPage:
    """Joint draws, without their visits, a page of them."""
    joint_rows = store.joint_draws.list_joint_draws(caller.scope(DRAWS_READ))
    page_rows, next_cursor = page.cut(joint_rows, key=lambda row: row["joint_id"])
    return {"joint_draws": page_rows, "next": next_cursor}


@router.get(
    "/v1/joint-draws/{joint}",
    operation_id="get_joint_draw",
    summary="单次联合抽查 / one joint draw",
    description="各次上门的企业、事项与人员；查询留痕。\n\n"
    "Its visits with items and inspectors; the reading is recorded.",
    responses=declared_problems(400, 404, 422),
)
async def get_joint_draw(
    reading: Annotated[Reading, Depends(reading_with(DRAWS_READ))],
    service: ServiceDep,
    joint: JointInPath,
) -> JointDrawWithVisits:
    """A joint draw with its visits."""
    joint_draw = await asyncio.to_thread(joint_draw_of_bureau, service, reading.caller, joint)
    await service.journal.note(reading.act("draw.joint_read", joint=joint))
    return joint_draw


@public.get(
    "/v1/public/joint-draws/{joint}/joint.json",
    operation_id="download_joint_json",
    summary="联合抽查记录（公开） / joint record, public",
    description="原文，含各成员记录的摘要，可据成员记录核验；无需密钥。\n\n"
    "Byte by byte, with the digest of each member's record, from which it follows; no key.",
    responses=declared_problems(404, 422) | {200: {"model": JointRecord}},
)
def download_joint_json(store: StoreDep, joint: JointInPath) -> Response:
    """The record of a joint draw."""
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(store.joint_draws.record(joint), headers=headers, media_type="application/json")
