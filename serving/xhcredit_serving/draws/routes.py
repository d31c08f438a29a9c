"""Draws over HTTP: plan, freeze, seed, run, replace, results; each step once and in its order.

What is for everybody stands in ``public_record`` and ``files``; frame and tiers are not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from xhcredit.draws.published_files import Seed
from xhcredit.errors import UnknownRecord
from xhcredit.jobs.draws import replacements, steps
from xhcredit.jobs.draws import results as draw_results
from xhcredit.jobs.draws.estimate_rows import DrawEstimate
from xhcredit.jobs.draws.publication import draw_with_publication, draws_with_publication
from xhcredit.jobs.draws.rows import DrawDetails
from xhcredit.store.draws.rows import (
    Draw,
    DrawFrozen,
    FiledPlan,
    InspectorReplacement,
    PlanFiled,
    RecordStored,
    ResultsEntered,
)
from xhcredit.store.store import Store
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import DRAWS_READ, DRAWS_RESULTS, DRAWS_RUN
from xhcredit_serving.dependencies import (
    Reading,
    ServiceDep,
    StoreDep,
    Writing,
    caller_with,
    reading_with,
    writing_with,
)
from xhcredit_serving.draws import schemas
from xhcredit_serving.http.paging import PageQueryDep
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.service import Service, warehouse_of

router = APIRouter(tags=["draws"])
#: only where a warehouse is: frames are made of it
warehouse_router = APIRouter(tags=["draws"])

DrawReader = Annotated[Caller, Depends(caller_with(DRAWS_READ))]
Drawing = Annotated[Writing, Depends(writing_with(DRAWS_RUN))]
EnteringResults = Annotated[Writing, Depends(writing_with(DRAWS_RESULTS))]
#: a recorded read of what only officers of a draw may see
OfficerReading = Annotated[Reading, Depends(reading_with(DRAWS_RUN))]
PlanInPath = Annotated[
    str, Path(max_length=64, description="计划编号 / id of the plan", examples=["zh-2026"])
]
DrawInPath = Annotated[
    str,
    Path(
        pattern="^[a-z0-9][a-z0-9-]{0,63}$",
        description="抽查编号 / id of the draw",
        examples=["zh-2026-07"],
    ),
]


def draw_of_bureau(service: Service, caller: Caller, permission: str, draw: str) -> Draw:
    """A draw of a bureau for which the caller may do this; another's is as if it were not there.

    Raises:
        UnknownRecord: there is none.
    """
    draw_record = service.store.draws.get(draw)
    # As if not there: 403 would tell that the number is a draw of another bureau.
    if not caller.may(permission, draw_record["bureau"]):
        raise UnknownRecord(f'there is no draw "{draw}"; list them: /v1/draws')
    return draw_record


def _plan_of_bureau(store: Store, caller: Caller, permission: str, plan: str) -> FiledPlan:
    filed_plan = store.draws.get_plan(plan)
    if not caller.may(permission, filed_plan.bureau):
        raise UnknownRecord(f'there is no plan "{plan}"; list them: /v1/plans')
    return filed_plan


def draw_with(permission: str) -> Callable[..., Draw]:
    """Dependency: the draw of the address, if it is of a bureau where the caller may do this."""

    authenticated = Depends(caller_with(permission))

    def own_draw(
        *,
        caller: Caller = authenticated,
        service: ServiceDep,
        draw: DrawInPath,
    ) -> Draw:
        return draw_of_bureau(service, caller, permission, draw)

    return own_draw


DrawToRead = Annotated[Draw, Depends(draw_with(DRAWS_READ))]
DrawToRun = Annotated[Draw, Depends(draw_with(DRAWS_RUN))]
DrawWithResults = Annotated[Draw, Depends(draw_with(DRAWS_RESULTS))]


def point_to_draw(response: Response, draw: Draw) -> None:
    """Let ``Location`` of a created record name its draw, which shows what was entered."""
    response.headers["Location"] = f"/v1/draws/{draw['id']}"


@router.post(
    "/v1/plans",
    operation_id="file_plan",
    summary="备案抽查计划 / file a plan",
    description="按当日规则核验比例、事项与期限后备案；不可更改，另立编号。\n\nRatios, items and "
    "deadlines are checked against the rules of the day; a filed plan never changes.",
    status_code=201,
    responses=declared_problems(400, 404, 409, 422),
)
def file_plan(
    drawing: Drawing, service: ServiceDep, new_plan: schemas.NewPlan, response: Response
) -> PlanFiled:
    """File an inspection plan."""
    plan_id, bureau = (str(new_plan.plan.get(k, "")) for k in ("id", "bureau"))
    if not drawing.caller.may(DRAWS_RUN, service.official_bureau(bureau)):
        raise UnknownRecord("this bureau is not yours; file plans of your own bureau")
    act = drawing.act("draw.plan", new_plan.plan, plan=plan_id)
    filed_plan = steps.file_plan(
        service.store, act, new_plan.plan, service.rulebook, service.today()
    )
    response.headers["Location"] = f"/v1/plans/{filed_plan['plan']}"
    return filed_plan


@router.get(
    "/v1/plans",
    operation_id="list_plans",
    summary="抽查计划 / plans",
    description="本部门已备案的计划，最新在前。\n\nFiled plans of one's bureaus, the latest first.",
    responses=declared_problems(400, 422),
)
def list_plans(caller: DrawReader, store: StoreDep, page: PageQueryDep) -> schemas.PlanPage:
    """Filed plans, a page of them."""
    plans = store.draws.list_plans(caller.scope(DRAWS_READ))
    page_rows, next_cursor = page.cut(plans, key=lambda plan: plan.id)
    return {"plans": page_rows, "next": next_cursor}


@router.get(
    "/v1/plans/{plan}",
    operation_id="get_plan",
    summary="单个抽查计划 / one plan",
    description="备案的全文及其摘要。\n\nAs it was filed, with its digest.",
    responses=declared_problems(404, 422),
)
def get_plan(caller: DrawReader, store: StoreDep, plan: PlanInPath) -> FiledPlan:
    """A filed plan."""
    return _plan_of_bureau(store, caller, DRAWS_READ, plan)


@router.get(
    "/v1/draws",
    operation_id="list_draws",
    summary="抽查列表 / draws",
    description="本部门的抽查及其进度、结果公示期限（逾期标明），最新在前。\n\n"
    "Draws of one's bureaus, how they stand, and until when results are to be "
    "published, or whether that day is past.",
    responses=declared_problems(400, 422),
)
def list_draws(caller: DrawReader, service: ServiceDep, page: PageQueryDep) -> schemas.DrawPage:
    """Draws and their states, a page of them."""
    draw_rows = draws_with_publication(
        service.store, caller.scope(DRAWS_READ), service.rulebook, service.today()
    )
    page_rows, next_cursor = page.cut(draw_rows, key=lambda draw: draw["id"])
    return {"draws": page_rows, "next": next_cursor}


@router.get(
    "/v1/draws/{draw}",
    operation_id="get_draw",
    summary="单次抽查 / one draw",
    description="各步骤、结果、人员更换与公示期限。\n\n"
    "Its steps, results and replacements, and until when results are to be published.",
    responses=declared_problems(404, 422),
)
def get_draw(service: ServiceDep, draw: DrawToRead) -> DrawDetails:
    """One draw."""
    return draw_with_publication(draw, service.rulebook, service.today())


@warehouse_router.post(
    "/v1/draws",
    operation_id="freeze_draw",
    summary="冻结名录并承诺 / freeze and commit",
    description="种子产生之前冻结检查对象名录，返回承诺摘要与根摘要，应立即公布。\n\n"
    "Freezes who may be drawn before there is a seed; publish the digests at once.",
    status_code=201,
    responses=declared_problems(400, 404, 409, 422),
)
def freeze_draw(
    drawing: Drawing, service: ServiceDep, new_draw: schemas.NewDraw, response: Response
) -> DrawFrozen:
    """Freeze the frame of a plan."""
    _plan_of_bureau(service.store, drawing.caller, DRAWS_RUN, new_draw.plan)
    act = drawing.act("draw.freeze", new_draw.model_dump(), draw=new_draw.draw, plan=new_draw.plan)
    freeze_request = steps.FreezeRequest(
        new_draw.plan,
        new_draw.draw,
        date.fromisoformat(service.store.reader.current_run()["as_of"]),
        steps.People(new_draw.inspectors.encode(), new_draw.recusals.encode()),
        new_draw.round or "",
        new_draw.replaces,
        new_draw.why,
    )
    frozen_draw = steps.freeze(
        service.store, act, warehouse_of(service), service.rulebook, freeze_request
    )
    response.headers["Location"] = f"/v1/draws/{frozen_draw['draw']}"
    return frozen_draw


@router.post(
    "/v1/draws/{draw}/seed",
    operation_id="enter_seed",
    summary="录入种子 / enter the seed",
    description="承诺公布之后，录入所公告外部来源的种子；只能录入一次。\n\n"
    "From the announced outside source, after the commitment, once.",
    status_code=201,
    responses=declared_problems(400, 404, 409, 422),
)
def enter_seed(
    drawing: Drawing,
    store: StoreDep,
    draw: DrawToRun,
    new_seed: schemas.NewSeed,
    response: Response,
) -> Seed:
    """Enter the seed."""
    act = drawing.act("draw.seed", new_seed.model_dump(), draw=draw["id"])
    point_to_draw(response, draw)
    return steps.enter_seed(store, act, draw["id"], new_seed.value, new_seed.source)


@router.post(
    "/v1/draws/{draw}:run",
    operation_id="run_draw",
    summary="抽取并派人 / draw and staff",
    description="由种子算出名单与人员，留存记录。\n\n"
    "The list and the inspectors follow from the seed.",
    responses=declared_problems(400, 404, 409, 422),
)
def run_draw(drawing: Drawing, store: StoreDep, draw: DrawToRun) -> RecordStored:
    """Draw and staff."""
    act = drawing.act("draw.run", None, draw=draw["id"])
    return steps.run_draw(store, act, draw["id"])


@router.post(
    "/v1/draws/{draw}/replacements",
    operation_id="replace_inspector",
    summary="更换人员 / replace an inspector",
    description="因病、临时回避等，由同一种子另抽一人；原记录不变。\n\n"
    "Another inspector for one place, by the same seed; the record stays.",
    status_code=201,
    responses=declared_problems(400, 404, 409, 422),
)
def replace_inspector(
    drawing: Drawing,
    store: StoreDep,
    draw: DrawToRun,
    absent_inspector: schemas.AbsentInspector,
    response: Response,
) -> InspectorReplacement:
    """Put another inspector in a place."""
    act = drawing.act(
        "draw.replace", absent_inspector.model_dump(), draw=draw["id"], code=absent_inspector.code
    )
    absence = replacements.InspectorAbsence(
        absent_inspector.code, absent_inspector.inspector, absent_inspector.reason
    )
    point_to_draw(response, draw)
    return replacements.replace_inspector(store, act, draw["id"], absence)


@warehouse_router.post(
    "/v1/draws/{draw}/results",
    operation_id="enter_results",
    summary="录入检查结果 / enter results",
    description="results.csv 全文；随后作为检查事件归集并带入样概率。\n\n"
    "The text of results.csv; results become inspection events with their probability.",
    status_code=201,
    responses=declared_problems(400, 404, 409, 422),
)
def enter_results(
    entering: EnteringResults,
    service: ServiceDep,
    draw: DrawWithResults,
    draw_results_body: schemas.DrawResults,
    response: Response,
) -> ResultsEntered:
    """Enter inspection results."""
    act = entering.act("draw.results", draw_results_body.model_dump(), draw=draw["id"])
    point_to_draw(response, draw)
    return draw_results.enter_results(
        service.store,
        act,
        draw["id"],
        draw_results_body.csv.encode(),
        "results.csv",
        warehouse_of(service),
        service.today(),
    )


@router.get(
    "/v1/draws/{draw}/estimate",
    operation_id="get_draw_estimate",
    summary="由抽查推断总体 / estimates from a draw",
    description="按等级、领域、街镇的问题率及区间，与均匀抽取、择劣抽取的比较，评分的无偏评价。\n\n"
    "Prevalence by tier, field and street with intervals; against a uniform draw and the lowest "
    "scores first; the score's quality without selection bias.",
    responses=declared_problems(404, 409, 422),
)
def get_draw_estimate(store: StoreDep, draw: DrawToRead) -> DrawEstimate:
    """Population estimates from a draw, weighted by inclusion probability."""
    return draw_results.estimate(store, draw["id"])


@router.get(
    "/v1/draws/{draw}/frame.csv",
    operation_id="download_frame_csv",
    summary="名录全文（内部） / the frame",
    description="供审计复核；含盐值，不公开。\n\nFor auditors of the bureau; not public.",
    responses=declared_problems(400, 404, 422)
    | {
        200: {
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": schemas.EXAMPLE_FRAME}
            }
        }
    },
    response_class=Response,
)
async def download_frame_csv(
    reading: OfficerReading, service: ServiceDep, draw: DrawToRun
) -> Response:
    """The frozen frame."""
    frame_bytes = await asyncio.to_thread(service.store.draws.file, draw["id"], "frame.csv")
    await service.journal.note(reading.act("draw.frame", draw=draw["id"]))
    return Response(frame_bytes, media_type="text/csv")
