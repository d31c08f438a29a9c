"""Scores of enterprises: now, earlier, why, and many at once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from xhcredit.domain.codes import normalised, problem_with
from xhcredit.jobs.enterprise.rows import PublishedExplanation
from xhcredit.jobs.enterprise.score_changes import with_score_changes
from xhcredit.store.core.bureau_scope import BureauScope
from xhcredit.store.night.rows import HistoryRow, PublishedScore
from xhcredit_serving.auth.permissions import SCORES
from xhcredit_serving.dependencies import Reading, ServiceDep, reading_with
from xhcredit_serving.enterprise.schemas import MAX_CODES, CodeBatch, HistoryPage, ScoreBatch
from xhcredit_serving.http import examples
from xhcredit_serving.http.etag import matches_etag
from xhcredit_serving.http.field_types import CodeInPath, validated_code
from xhcredit_serving.http.paging import PageQuery, page_query
from xhcredit_serving.http.problems import WrongCodes, declared_problems
from xhcredit_serving.service import Service, service_of

SCORE_PATH = "/v1/enterprises/{code}/score"
#: the caller may keep it, but asks each time whether it still holds
_ETAG_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}

ScoreReading = Annotated[Reading, Depends(reading_with(SCORES))]
#: most districts look a year of nights back
HistoryPageQuery = Annotated[PageQuery, Depends(page_query(1000, 400))]

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
    operation_id="get_score",
    summary="当前评分与等级 / current score and tier",
    description="当前批次的评分、等级与主要扣分原因。支持 ETag。每次读取均按事由留痕。\n\n"
    "Score, tier and reasons of the current run. Every read is recorded with its purpose.",
    responses=declared_problems(400, 404)
    | {200: {"model": PublishedScore}, 304: {"description": "unchanged since ETag"}},
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
    operation_id="list_history",
    summary="历次评分 / earlier scores",
    description="各批次的评分与等级，最新在前；moved_by 列明与上一批次相比、计入主要原因的变动，"
    "unexplained 为其余变动。\n\nWhat each published run said, the latest first; moved_by tells "
    "which of the main reasons moved the composite since the run before; unexplained is "
    "what else did.",
    responses=declared_problems(400, 404, 422),
)
async def list_history(
    reading: ScoreReading, service: ServiceDep, code: CodeInPath, page: HistoryPageQuery
) -> HistoryPage:
    """Score history of an enterprise over published runs."""
    code = validated_code(code)
    rows: list[HistoryRow] = []
    before_run = page.after_number
    try:
        rows = await run_in_threadpool(
            service.store.reader.history,
            code,
            # One more: what moved the last of the page is told against it.
            page.limit + 1,
            reading.caller.scope(SCORES),
            before_run,
        )
    finally:
        runs = [row["run"] for row in rows[: page.limit]]
        await service.journal.note(reading.act("enterprise.history", code=code, runs=runs))
    page_rows, next_cursor = page.cut_read(with_score_changes(rows), key=lambda row: row["run"])
    return {"code": code, "runs": page_rows, "next": next_cursor}


@explain_router.get(
    "/v1/enterprises/{code}/explanation",
    operation_id="get_explanation",
    summary="评分依据 / why this score",
    description="逐项得分、适用规则与已归集事项（含来源与日期），以当前批次当时所知为准，其后归集的"
    "数据不影响；本数据仓库中没有该批次数据时返回 409。\n\nPoints, rules and the events behind the "
    "current answer, told from what its run knew, whatever came since; 409 if the warehouse here "
    "is not that of the run.",
    responses=declared_problems(400, 404, 409),
)
async def get_explanation(
    reading: ScoreReading, service: ServiceDep, code: CodeInPath
) -> PublishedExplanation:
    """Everything behind the current answer of an enterprise."""
    code = validated_code(code)
    run = None
    try:
        within = reading.caller.scope(SCORES)
        answer = await service.run_lookup(service.store.reader.current_answer, code, within)
        explainer = service.explainer
        explanation = await explainer.run_in_thread(explainer.explain, answer, service.today())
        run = explanation["run"]
    finally:
        await service.journal.note(reading.act("enterprise.explain", code=code, run=run))
    return explanation


@router.post(
    "/v1/scores:batch",
    operation_id="batch_scores",
    summary="批量评分 / scores of many",
    description=f"至多 {MAX_CODES} 个代码，同一批次作答；未收录的列入 not_found。\n\nUp to "
    f"{MAX_CODES} codes, all answered from one run; those that it lacks stand in not_found.",
    responses=declared_problems(400, 404, 413, 422) | {200: {"model": ScoreBatch}},
)
async def batch_scores(
    reading: ScoreReading, service: ServiceDep, code_batch: CodeBatch
) -> Response:
    """Ready answers of one run for many codes."""
    codes = [normalised(code) for code in code_batch.codes]
    wrong_codes = {f"codes.{i}": c for i, c in enumerate(codes) if problem_with(c) is not None}
    if wrong_codes:
        raise WrongCodes(wrong_codes)
    # Each once, in the order of the question: a code sent twice is neither read nor recorded
    # twice.
    codes = list(dict.fromkeys(codes))
    body, run = await run_in_threadpool(_batch_body, service, codes, reading.caller.scope(SCORES))
    await service.journal.note(reading.act("enterprise.scores_batch", codes=codes, run=run))
    return Response(body, 200, {"X-Run": str(run)}, "application/json")


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
