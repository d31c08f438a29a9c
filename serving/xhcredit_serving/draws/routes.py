"""Draws over HTTP: plan, freeze, seed, run, replace, results; each step once and in its order.

What is for everybody stands in ``draws_public``; frame and tiers are not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from xhcredit.errors import UnknownRecord
from xhcredit.jobs.draws import replacements as draw_people
from xhcredit.jobs.draws import results as draw_results
from xhcredit.jobs.draws import steps as jobs
from xhcredit.jobs.draws.publication import standing, standings
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.authentication import Caller, key_of, purpose_of
from xhcredit_serving.auth.permissions import DRAWS_READ, DRAWS_RESULTS, DRAWS_RUN
from xhcredit_serving.draws import schemas as bodies
from xhcredit_serving.http import examples
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import declared
from xhcredit_serving.service import Service, service_of, warehouse_of

router = APIRouter(tags=["draws"])
#: only where a warehouse is: frames are made of it
stored = APIRouter(tags=["draws"])

Draw = Annotated[
    str,
    Path(
        pattern="^[a-z0-9][a-z0-9-]{0,63}$",
        description="抽查编号 / id of the draw",
        examples=["zh-2026-07"],
    ),
]


def _act(request: Request, caller: Caller, action: str, body: Any, **payload: Any) -> Act:
    """The act of a write, with its key; the whole body makes the request."""
    purpose = purpose_of(request.headers)
    key = key_of(request.headers)
    return Act(caller.name, f"draw.{action}", purpose, caller.bureau, payload, key, body)


def theirs(service: Service, caller: Caller, permission: str, draw: str) -> dict[str, Any]:
    """A draw of a bureau for which the caller may do this; another's is as if it were not there.

    Raises:
        UnknownRecord: there is none.
    """
    kept = service.store.draws.one(draw)
    if not caller.may(permission, kept["bureau"]):
        raise UnknownRecord(f'there is no draw "{draw}"; list them: /v1/draws')
    return kept


async def _done(work: Callable[..., Any], *given: Any) -> Response:
    return RoundedJSON(await asyncio.to_thread(work, *given), headers=NO_STORE)


@router.post(
    "/v1/plans",
    operation_id="plan_file",
    summary="备案抽查计划 / file a plan",
    description="按当日规则核验比例、事项与期限后备案；不可更改，另立编号。\n\nRatios, items and "
    "deadlines are checked against the rules of the day; a filed plan never changes.",
    responses=declared(400, 404, 409, 422) | {200: examples.json_of(bodies.FILED)},
    openapi_extra=examples.with_purpose(),
)
async def file_plan(request: Request, asked: bodies.NewPlan) -> Response:
    """File an inspection plan."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    if not caller.may(DRAWS_RUN, str(asked.plan.get("bureau", ""))):
        raise UnknownRecord("this bureau is not yours; file plans of your own bureau")
    act = _act(request, caller, "plan", asked.plan, plan=str(asked.plan.get("id", "")))
    given = (service.store, act, asked.plan, service.rulebook, service.today())
    return await _done(jobs.file_plan, *given)


@router.get(
    "/v1/plans",
    operation_id="plans",
    summary="抽查计划 / plans",
    description="本部门已备案的计划。\n\nFiled plans of one's bureaus.",
    responses=declared() | {200: examples.json_of({"plans": [bodies.PLAN]})},
)
async def plans(request: Request) -> Response:
    """Filed plans."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_READ)
    found = await asyncio.to_thread(service.store.draws.plans, caller.scope(DRAWS_READ))
    return RoundedJSON({"plans": found}, headers=NO_STORE)


@router.get(
    "/v1/draws",
    operation_id="draws",
    summary="抽查列表 / draws",
    description="本部门的抽查及其进度、结果公示期限（逾期标明），最新在前。\n\n"
    "Draws of one's bureaus, how they stand, and until when results are to be "
    "published, or whether that day is past.",
    responses=declared() | {200: examples.json_of({"draws": [bodies.LISTED]})},
)
async def draws(request: Request) -> Response:
    """Draws and their states."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_READ)
    given = (service.store, caller.scope(DRAWS_READ), service.rulebook, service.today())
    found = await asyncio.to_thread(standings, *given)
    return RoundedJSON({"draws": found}, headers=NO_STORE)


@router.get(
    "/v1/draws/{draw}",
    operation_id="draw",
    summary="单次抽查 / one draw",
    description="各步骤、结果、人员更换与公示期限。\n\n"
    "Its steps, results and replacements, and until when results are to be published.",
    responses=declared(404, 422) | {200: examples.json_of(bodies.DRAW | bodies.PUBLICATION)},
)
async def one(request: Request, draw: Draw) -> Response:
    """One draw."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_READ)
    return await _done(_standing, service, caller, draw)


def _standing(service: Service, caller: Caller, draw: str) -> dict[str, Any]:
    kept = theirs(service, caller, DRAWS_READ, draw)
    return kept | {"publication": standing(kept, service.rulebook, service.today())}


@stored.post(
    "/v1/draws",
    operation_id="draw_freeze",
    summary="冻结名录并承诺 / freeze and commit",
    description="种子产生之前冻结检查对象名录，返回承诺摘要与根摘要，应立即公布。\n\n"
    "Freezes who may be drawn before there is a seed; publish the digests at once.",
    responses=declared(400, 404, 409, 422) | {200: examples.json_of(bodies.FROZEN)},
    openapi_extra=examples.with_purpose(),
)
async def freeze(request: Request, asked: bodies.NewDraw) -> Response:
    """Freeze the frame of a plan."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    act = _act(request, caller, "freeze", asked.model_dump(), draw=asked.draw, plan=asked.plan)
    return await _done(_freeze, service, caller, act, asked)


def _freeze(service: Service, caller: Caller, act: Act, asked: bodies.NewDraw) -> dict[str, Any]:
    plan = service.store.draws.plan(asked.plan)
    if not caller.may(DRAWS_RUN, plan["bureau"]):
        raise UnknownRecord(f'there is no plan "{asked.plan}"; list them: /v1/plans')
    day = date.fromisoformat(service.store.reader.current_run()["as_of"])
    people = jobs.People(asked.inspectors.encode(), asked.recusals.encode())
    wanted = jobs.Freezing(
        asked.plan, asked.draw, day, people, asked.round or "", asked.replaces, asked.why
    )
    return jobs.freeze(service.store, act, warehouse_of(service), service.rulebook, wanted)


@router.post(
    "/v1/draws/{draw}/seed",
    operation_id="draw_seed",
    summary="录入种子 / enter the seed",
    description="承诺公布之后，录入所公告外部来源的种子；只能录入一次。\n\n"
    "From the announced outside source, after the commitment, once.",
    responses=declared(400, 404, 409, 422) | {200: examples.json_of(bodies.SEED)},
    openapi_extra=examples.with_purpose(),
)
async def seed(request: Request, draw: Draw, asked: bodies.NewSeed) -> Response:
    """Enter the seed."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    await asyncio.to_thread(theirs, service, caller, DRAWS_RUN, draw)
    act = _act(request, caller, "seed", asked.model_dump(), draw=draw)
    return await _done(jobs.seed, service.store, act, draw, asked.value, asked.source)


@router.post(
    "/v1/draws/{draw}/run",
    operation_id="draw_run",
    summary="抽取并派人 / draw and staff",
    description="由种子算出名单与人员，留存记录。\n\n"
    "The list and the inspectors follow from the seed.",
    responses=declared(400, 404, 409, 422) | {200: examples.json_of(bodies.DRAWN)},
    openapi_extra=examples.with_purpose(),
)
async def run(request: Request, draw: Draw) -> Response:
    """Draw and staff."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    await asyncio.to_thread(theirs, service, caller, DRAWS_RUN, draw)
    act = _act(request, caller, "run", None, draw=draw)
    return await _done(jobs.run, service.store, act, draw)


@router.post(
    "/v1/draws/{draw}/replacements",
    operation_id="draw_replace",
    summary="更换人员 / replace an inspector",
    description="因病、临时回避等，由同一种子另抽一人；原记录不变。\n\n"
    "Another inspector for one place, by the same seed; the record stays.",
    responses=declared(400, 404, 409, 422) | {200: examples.json_of(bodies.REPLACED)},
    openapi_extra=examples.with_purpose(),
)
async def replace(request: Request, draw: Draw, asked: bodies.Away) -> Response:
    """Put another inspector in a place."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    await asyncio.to_thread(theirs, service, caller, DRAWS_RUN, draw)
    act = _act(request, caller, "replace", asked.model_dump(), draw=draw, code=asked.code)
    away = draw_people.Away(asked.code, asked.inspector, asked.reason)
    return await _done(draw_people.replace_inspector, service.store, act, draw, away)


@stored.post(
    "/v1/draws/{draw}/results",
    operation_id="draw_results",
    summary="录入检查结果 / enter results",
    description="results.csv 全文；随后作为检查事件归集并带入样概率。\n\n"
    "The text of results.csv; results become inspection events with their probability.",
    responses=declared(400, 404, 409, 422)
    | {200: examples.json_of({"draw": "zh-2026-07", "entered": 12})},
    openapi_extra=examples.with_purpose(),
)
async def results(request: Request, draw: Draw, asked: bodies.Results) -> Response:
    """Enter inspection results."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RESULTS)
    await asyncio.to_thread(theirs, service, caller, DRAWS_RESULTS, draw)
    act = _act(request, caller, "results", asked.model_dump(), draw=draw)
    given = (draw, asked.csv.encode(), "results.csv", warehouse_of(service), service.today())
    return await _done(draw_results.enter_results, service.store, act, *given)


@router.get(
    "/v1/draws/{draw}/estimate",
    operation_id="draw_estimate",
    summary="由抽查推断总体 / estimates from a draw",
    description="按等级、领域、街镇的问题率及区间，与均匀抽取、择劣抽取的比较，评分的无偏评价。\n\n"
    "Prevalence by tier, field and street with intervals; against a uniform draw and the lowest "
    "scores first; the score's quality without selection bias.",
    responses=declared(404, 409, 422) | {200: examples.json_of(bodies.ESTIMATE)},
)
async def estimate(request: Request, draw: Draw) -> Response:
    """Population estimates from a draw, weighted by inclusion probability."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_READ)
    await asyncio.to_thread(theirs, service, caller, DRAWS_READ, draw)
    return await _done(draw_results.estimate, service.store, draw)


@router.get(
    "/v1/draws/{draw}/frame.csv",
    operation_id="draw_frame",
    summary="名录全文（内部） / the frame",
    description="供审计复核；含盐值，不公开。\n\nFor auditors of the bureau; not public.",
    responses=declared(400, 404, 422)
    | {200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": bodies.FRAME}}}},
    openapi_extra=examples.with_purpose(),
    response_class=Response,
)
async def frame(request: Request, draw: Draw) -> Response:
    """The frozen frame."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    purpose = purpose_of(request.headers)
    await asyncio.to_thread(theirs, service, caller, DRAWS_RUN, draw)
    data = await asyncio.to_thread(service.store.draws.file, draw, "frame.csv")
    await service.journal.note(caller.act("draw.frame", purpose, draw=draw))
    return Response(data, headers=NO_STORE, media_type="text/csv")
