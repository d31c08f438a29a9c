"""Scores of enterprises: now, earlier, why, and many at once."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from xhcredit.domain.codes import normalised, problem_with
from xhcredit.jobs.enterprise.score_changes import with_score_changes
from xhcredit.store.core.bureau_scope import BureauScope
from xhcredit_serving.auth.permissions import SCORES
from xhcredit_serving.http import examples
from xhcredit_serving.http.etag import matches_etag
from xhcredit_serving.http.field_types import CodeInPath, validated_code
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import WrongCodes, declared_problems
from xhcredit_serving.service import Service, service_of

SCORE_PATH = "/v1/enterprises/{code}/score"
MAX_CODES = 10_000
#: the caller may keep it, but asks each time whether it still holds
_ETAG_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}

router = APIRouter(tags=["enterprises"])
#: only where a warehouse is
explain_router = APIRouter(tags=["enterprises"])


async def score(request: Request) -> Response:
    """Ready bytes of the current run; 304 if the caller has them."""
    service = service_of(request)
    request.scope["state"]["route"] = SCORE_PATH
    caller, purpose = await service.reader_of_enterprises(request)
    code = validated_code(request.path_params["code"])
    answer = None
    try:
        answer = await service.run_lookup(
            service.store.reader.current_answer, code, caller.scope(SCORES)
        )
    finally:
        # Also for an unknown code: trying codes is what a trail must show.
        audit_payload = {"code": code, "run": answer.run if answer else None}
        await service.journal.note(caller.act("enterprise.score", purpose, **audit_payload))
    tag = f'"{answer.etag}"'
    headers = {**_ETAG_HEADERS, "ETag": tag, "X-Run": str(answer.run)}
    if matches_etag(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(answer.body, 200, headers, "application/json")


class _ScoreEndpoint:
    """ASGI endpoint of ``score`` without the overhead of a framework route."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the application around it turns refusals into problems."""
        answer = await score(Request(scope, receive))
        await answer(scope, receive, send)


#: stands first in the application; the route below is for the description
ready_score = _ScoreEndpoint()

router.get(
    SCORE_PATH,
    operation_id="score",
    summary="当前评分与等级 / current score and tier",
    description="当前批次的评分、等级与主要扣分原因。支持 ETag。每次读取均按事由留痕。\n\n"
    "Score, tier and reasons of the current run. Every read is recorded with its purpose.",
    responses=declared_problems(400, 404)
    | {200: examples.json_example(examples.SCORE), 304: {"description": "unchanged since ETag"}},
    openapi_extra={
        "parameters": [
            examples.code_parameter(),
            examples.header_parameter(
                "If-None-Match", "上次的 ETag / the ETag held", required=False
            ),
            examples.header_parameter("X-Purpose", examples.PURPOSE_WORDS),
        ]
    },
)(score)


@router.get(
    "/v1/enterprises/{code}/history",
    operation_id="history",
    summary="历次评分 / earlier scores",
    description="各批次的评分与等级，最新在前；moved_by 列明与上一批次相比、计入主要原因的变动，"
    "rest 为其余变动。\n\nWhat each published run said, the latest first; moved_by tells which of "
    "the main reasons moved the composite since the run before, rest what else did.",
    responses=declared_problems(400, 404, 422) | {200: examples.json_example(examples.HISTORY)},
    openapi_extra=examples.purpose_parameters(),
)
async def history(
    request: Request, code: CodeInPath, limit: Annotated[int, Query(ge=1, le=1000)] = 400
) -> Response:
    """Score history of an enterprise over published runs."""
    service = service_of(request)
    caller, purpose = await service.reader_of_enterprises(request)
    code = validated_code(code)
    runs: list[dict[str, Any]] = []
    try:
        runs = await asyncio.to_thread(
            service.store.reader.history, code, limit, caller.scope(SCORES)
        )
    finally:
        audit_payload = {"code": code, "runs": [r["run"] for r in runs]}
        await service.journal.note(caller.act("enterprise.history", purpose, **audit_payload))
    return RoundedJSON({"code": code, "runs": with_score_changes(runs)}, headers=NO_STORE)


@explain_router.get(
    "/v1/enterprises/{code}/explain",
    operation_id="explain",
    summary="评分依据 / why this score",
    description="逐项得分、适用规则与已归集事项（含来源与日期），以当前批次当时所知为准，其后归集的"
    "数据不影响；本数据仓库中没有该批次数据时返回 409。\n\nPoints, rules and the events behind the "
    "current answer, told from what its run knew, whatever came since; 409 if the warehouse here "
    "is not that of the run.",
    responses=declared_problems(400, 404, 409) | {200: examples.json_example(examples.EXPLAIN)},
    openapi_extra=examples.purpose_parameters(),
)
async def explain(request: Request, code: CodeInPath) -> Response:
    """Everything behind the current answer of an enterprise."""
    service = service_of(request)
    caller, purpose = await service.reader_of_enterprises(request)
    code = validated_code(code)
    explanation: dict[str, Any] = {}
    try:
        within = caller.scope(SCORES)
        answer = await service.run_lookup(service.store.reader.current_answer, code, within)
        explainer = service.explainer
        explanation = await explainer.run_in_thread(explainer.explain, answer, service.today())
    finally:
        audit_payload = {"code": code, "run": explanation.get("run")}
        await service.journal.note(caller.act("enterprise.explain", purpose, **audit_payload))
    return RoundedJSON(explanation, headers=NO_STORE)


class Codes(BaseModel):
    """Codes of a batch."""

    codes: list[Annotated[str, Field(max_length=64)]] = Field(
        min_length=1, max_length=MAX_CODES, examples=[[examples.CODE]]
    )


@router.post(
    "/v1/scores:batch",
    operation_id="scores_batch",
    summary="批量评分 / scores of many",
    description=f"至多 {MAX_CODES} 个代码，同一批次作答；未收录的列入 not_found。\n\nUp to "
    f"{MAX_CODES} codes, all answered from one run; those that it lacks stand in not_found.",
    responses=declared_problems(400, 404, 413, 422) | {200: examples.json_example(examples.BATCH)},
    openapi_extra=examples.purpose_parameters(),
)
async def batch(request: Request, request_body: Codes) -> Response:
    """Ready answers of one run for many codes."""
    service = service_of(request)
    caller, purpose = await service.reader_of_enterprises(request)
    codes = [normalised(code) for code in request_body.codes]
    wrong_codes = {f"codes.{i}": c for i, c in enumerate(codes) if problem_with(c) is not None}
    if wrong_codes:
        raise WrongCodes(wrong_codes)
    # Each once, in the order of the question: a code sent twice is neither read nor recorded
    # twice.
    codes = list(dict.fromkeys(codes))
    body, run = await asyncio.to_thread(_batch_body, service, codes, caller.scope(SCORES))
    audit_payload = {"codes": codes, "run": run}
    await service.journal.note(caller.act("enterprise.scores_batch", purpose, **audit_payload))
    headers = {**NO_STORE, "X-Run": str(run)}
    return Response(body, 200, headers, "application/json")


def _batch_body(service: Service, codes: list[str], within: BureauScope) -> tuple[bytes, int]:
    """The answer to a batch, put together from ready bytes."""
    reader = service.store.reader
    answers = reader.answers_by_code(codes, within)
    run = next(iter(answers.values())).run if answers else int(reader.current_run()["run"])
    missing_codes = ", ".join(f'"{code}"' for code in codes if code not in answers)
    # Joined, not parsed and written again: the bytes are those of the single answer.
    scores = b",".join(answers[code].body for code in codes if code in answers)
    head, tail = f'{{"run":{run},"scores":[', f'],"not_found":[{missing_codes}]}}'
    return head.encode() + scores + tail.encode(), run
