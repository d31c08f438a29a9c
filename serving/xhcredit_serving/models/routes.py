"""Models over HTTP: candidates, shadow tier changes, and promotion by two officers.

What is shown was put into the store by ``xhcredit-train submit``; nothing is trained here.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from xhcredit.errors import UnknownRecord
from xhcredit.jobs.models import promotion
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.authentication import Caller, idempotency_key_of, purpose_of
from xhcredit_serving.auth.permissions import MODELS_PROMOTE, MODELS_READ
from xhcredit_serving.http import examples
from xhcredit_serving.http.examples import written_by_person
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.models import schemas
from xhcredit_serving.service import Service, service_of, warehouse_of

router = APIRouter(tags=["models"])
#: only where a warehouse is: a night of shadow scores it
warehouse_router = APIRouter(tags=["models"])

Number = Annotated[int, Path(ge=1, le=2**53, description="候选编号 / candidate", examples=[3])]


async def promoting_officer(request: Request) -> Caller:
    """Officer who may promote: a person with the permission for the whole district.

    Raises:
        UnknownRecord: the permission is of one bureau only.
    """
    caller = await service_of(request).person(request, MODELS_PROMOTE)
    if not caller.may(MODELS_PROMOTE, None):
        raise UnknownRecord("a release scores the whole district; its model managers promote it")
    return caller


def act_of(request: Request, caller: Caller, action: str, body: Any, **payload: Any) -> Act:
    """The act of a step, with its key; the whole body makes the request."""
    purpose, key = purpose_of(request.headers), idempotency_key_of(request.headers)
    return Act(caller.name, f"model.{action}", purpose, caller.bureau, payload, key, body)


@router.get(
    "/v1/models",
    operation_id="models",
    summary="候选评分卡 / candidates",
    description="各候选的指标、门槛与进度，最新在前；另列历次切换。\n\n"
    "Figures, gates and steps of every candidate, side by side; and every switch.",
    responses=declared_problems(422)
    | {
        200: examples.json_example(
            {"candidates": [schemas.EXAMPLE_CANDIDATE], "switches": [schemas.EXAMPLE_SWITCH]}
        )
    },
)
async def models(request: Request, limit: Annotated[int, Query(ge=1, le=100)] = 50) -> Response:
    """Candidates and switches."""
    service = service_of(request)
    await service.caller(request, MODELS_READ)
    model_store = service.store.models
    candidates = await asyncio.to_thread(model_store.list_candidates, limit)
    switches = await asyncio.to_thread(model_store.switches)
    return RoundedJSON({"candidates": candidates, "switches": switches}, headers=NO_STORE)


@router.get(
    "/v1/models/{number}",
    operation_id="model",
    summary="一个候选 / one candidate",
    description="与现行评分卡同样本对比的指标及差异区间、分组、各月稳定性、门槛与理由、每一步的姓名。\n\n"
    "Figures beside the champion's with intervals of differences, groups, months, gates, steps.",
    responses=declared_problems(404, 422) | {200: examples.json_example(schemas.EXAMPLE_CANDIDATE)},
)
async def model(request: Request, number: Number) -> Response:
    """One candidate."""
    service = service_of(request)
    await service.caller(request, MODELS_READ)
    candidate = await asyncio.to_thread(service.store.models.get, number)
    return RoundedJSON(candidate, headers=NO_STORE)


@router.get(
    "/v1/models/{number}/moves",
    operation_id="model_moves",
    summary="等级变化清单 / tier moves",
    description="最近一次并行中等级将变化的企业，逐户列出；查询留痕。\n\n"
    "Who would move by the last night of shadow, one by one; the read is recorded.",
    responses=declared_problems(400, 404, 422)
    | {200: examples.json_example({"moves": [schemas.EXAMPLE_TIER_MOVE], "next": None})},
    openapi_extra=examples.purpose_parameters(),
)
async def moves(
    request: Request,
    number: Number,
    after: Annotated[str, Query(max_length=64, pattern=r"^[^\x00]*$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Tier changes by the last shadow night."""
    service = service_of(request)
    caller = await service.caller(request, MODELS_READ)
    purpose, within = purpose_of(request.headers), caller.scope(MODELS_READ)
    move_rows = await visible_moves(service, number, within, after, limit + 1)
    shown_moves = move_rows[:limit]
    audit_payload = {"candidate": number, "codes": [m["code"] for m in shown_moves]}
    await service.journal.note(caller.act("model.moves", purpose, **audit_payload))
    next_code = shown_moves[-1]["code"] if len(move_rows) > limit else None
    return RoundedJSON({"moves": shown_moves, "next": next_code}, headers=NO_STORE)


async def visible_moves(
    service: Service, number: int, within: frozenset[str] | None, after: str, limit: int
) -> list[dict[str, Any]]:
    """Moves of the enterprises that a caller may see."""
    model_store = service.store.models
    return await asyncio.to_thread(
        lambda: model_store.list_tier_moves(number, bureaus=within, after_code=after, limit=limit)
    )


@router.post(
    "/v1/models/{number}/approve",
    operation_id="model_approve",
    summary="批准 / approve",
    description="须两名不同人员批准，且均非提交人；门槛未过不得批准。\n\n"
    "Two different officers, neither of whom submitted it; not against a closed gate.",
    responses=declared_problems(400, 404, 409, 422)
    | {200: examples.json_example(schemas.EXAMPLE_STATE)},
    openapi_extra=written_by_person(),
)
async def approve(request: Request, number: Number, request_body: schemas.Reason) -> Response:
    """Approve a candidate."""
    caller = await promoting_officer(request)
    act = act_of(request, caller, "approve", request_body.model_dump(), candidate=number)
    model_store = service_of(request).store.models
    outcome = await asyncio.to_thread(model_store.approve, act, number, request_body.reason)
    return RoundedJSON(outcome, headers=NO_STORE)


@router.post(
    "/v1/models/{number}/refuse",
    operation_id="model_refuse",
    summary="终止 / refuse",
    description="终止一个候选。\n\nPuts an end to a candidate.",
    responses=declared_problems(400, 404, 409, 422)
    | {200: examples.json_example(schemas.EXAMPLE_STATE)},
    openapi_extra=written_by_person(),
)
async def refuse(request: Request, number: Number, request_body: schemas.Reason) -> Response:
    """Put an end to a candidate."""
    caller = await promoting_officer(request)
    act = act_of(request, caller, "refuse", request_body.model_dump(), candidate=number)
    model_store = service_of(request).store.models
    outcome = await asyncio.to_thread(model_store.refuse, act, number, request_body.reason)
    return RoundedJSON(outcome, headers=NO_STORE)


@warehouse_router.post(
    "/v1/models/{number}/shadow",
    operation_id="model_shadow",
    summary="并行 / shadow night",
    description="以现行与候选评分卡同时评一晚，列出将变化的企业。\n\n"
    "Scores the current night with candidate and champion; lists who would move.",
    responses=declared_problems(400, 404, 409, 422)
    | {200: examples.json_example(schemas.EXAMPLE_SHADOW)},
    openapi_extra=written_by_person(),
)
async def shadow(request: Request, number: Number) -> Response:
    """Score the current night with both."""
    service, caller = service_of(request), await promoting_officer(request)
    act = act_of(request, caller, "shadow", None, candidate=number)
    outcome = await asyncio.to_thread(run_shadow_night, service, act, number)
    return RoundedJSON(outcome, headers=NO_STORE)


def run_shadow_night(service: Service, act: Act, number: int) -> dict[str, Any]:
    """A night of shadow on the day of the run that answers."""
    day = schemas.parse_day(service.store.reader.current_run()["as_of"])
    arguments = (service.store, act, number, warehouse_of(service), service.rulebook, day)
    return promotion.shadow(*arguments)


@router.post(
    "/v1/models/{number}/switch",
    operation_id="model_switch",
    summary="切换 / switch",
    description="自所定评分日起由该候选评分；此前须并行足够天数。\n\n"
    "From a stated as-of day on this release scores, after enough days of shadow.",
    responses=declared_problems(400, 404, 409, 422)
    | {200: examples.json_example(schemas.EXAMPLE_STATE)},
    openapi_extra=written_by_person(),
)
async def switch(request: Request, number: Number, request_body: schemas.Switch) -> Response:
    """Switch the champion to a candidate from a day on."""
    service, caller = service_of(request), await promoting_officer(request)
    body_fields = request_body.model_dump(mode="json")
    act = act_of(
        request, caller, "switch", body_fields, candidate=number, from_day=body_fields["from_day"]
    )
    arguments = (
        service.store,
        act,
        number,
        service.rulebook,
        request_body.from_day,
        service.today(),
    )
    outcome = await asyncio.to_thread(promotion.switch_champion, *arguments)
    return RoundedJSON(outcome, headers=NO_STORE)


@router.post(
    "/v1/models/rollback",
    operation_id="models_rollback",
    summary="回退 / roll back",
    description="自今日起恢复上一评分卡。\n\nFrom today on the release before the last switch.",
    responses=declared_problems(400, 409, 422)
    | {200: examples.json_example(schemas.EXAMPLE_STATE)},
    openapi_extra=written_by_person(),
)
async def rollback(request: Request) -> Response:
    """Go back to the release before the last switch."""
    service, caller = service_of(request), await promoting_officer(request)
    act = act_of(request, caller, "roll_back", None)
    outcome = await asyncio.to_thread(promotion.roll_back, service.store, act, service.today())
    return RoundedJSON(outcome, headers=NO_STORE)
