"""Restoration assessment: eligibility, earliest day, what-if after restoration, notice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.errors import UnknownRecord
from xhcredit.jobs.enterprise.what_if_changes import check_changes
from xhcredit.jobs.restoration.records import RecordKey, stored_record
from xhcredit.restoration.as_json import assessment_json
from xhcredit.restoration.assess import assess
from xhcredit.restoration.notice import Parties, notice
from xhcredit.restoration.record import plain, record_from
from xhcredit_serving.auth.authentication import Caller, purpose_of, refuse_hidden
from xhcredit_serving.auth.permissions import RESTORATION_READ, WHAT_IF
from xhcredit_serving.http import examples
from xhcredit_serving.http.field_types import validated_code
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.restoration import schemas
from xhcredit_serving.service import Service, service_of, warehouse_of

router = APIRouter(tags=["restoration"])
#: only where a warehouse is
warehouse_router = APIRouter(tags=["restoration"])


@router.post(
    "/v1/restoration:assess",
    operation_id="restoration_assess",
    summary="能否修复 / may such a record be restored",
    description="就所述处罚或列入信息，告知能否修复、所缺条件及依据、最早可申请日、材料、办理部门和时限。"
    "不查询任何企业；“不能”也是答复。\n\nFor a record as described: eligible or not, every unmet "
    "condition with its rule, the earliest day, papers, who decides by when. Reads no enterprise; "
    "not eligible is an answer.",
    responses=declared_problems(400, 404, 422)
    | {200: examples.json_example(schemas.EXAMPLE_ASSESSMENT)},
)
async def assess_question(request: Request, request_body: schemas.AssessmentRequest) -> Response:
    """A citizen's question, without a stored record."""
    service = service_of(request)
    await service.caller(request, RESTORATION_READ)
    record = record_from(schemas.record_of(request_body.record))
    day = request_body.applied_on or service.today()
    return RoundedJSON(assessment_json(assess(record, applied_on=day, rules=service.rulebook)))


@router.post(
    "/v1/restoration:notice",
    operation_id="restoration_notice",
    summary="信用修复告知书（两书同达） / restoration notice",
    description="随决定书同时送达的告知书文本；lawyer 列出送达前须由法制确认之处。\n\n"
    "The text served together with a decision, and what a lawyer must confirm first.",
    responses=declared_problems(400, 404, 422)
    | {200: examples.json_example({"text": "信用修复告知书……", "lawyer": []})},
)
async def notice_text(request: Request, request_body: schemas.NoticeRequest) -> Response:
    """The restoration notice of a decision."""
    service = service_of(request)
    await service.caller(request, RESTORATION_READ)
    parties = Parties(
        request_body.name,
        validated_code(request_body.code),
        request_body.agency,
        request_body.doc_no,
    )
    restoration_notice = notice(
        record_from(schemas.record_of(request_body.record)), parties, service.rulebook
    )
    return RoundedJSON({"text": restoration_notice.text, "lawyer": list(restoration_notice.lawyer)})


@warehouse_router.post(
    "/v1/restoration/records:assess",
    operation_id="restoration_record_assess",
    summary="某条记录能否修复 / may this record be restored",
    description="对已归集的记录作答；facts 为申请人能够证明的事实。\n\n"
    "Of a stored record; facts are what the applicant can prove.",
    responses=declared_problems(400, 404, 422)
    | {
        200: examples.json_example({**schemas.EXAMPLE_ASSESSMENT, "record": schemas.EXAMPLE_RECORD})
    },
    openapi_extra=examples.purpose_parameters(),
)
async def assess_record(
    request: Request, request_body: schemas.StoredAssessmentRequest
) -> Response:
    """The answer for one stored record."""
    service = service_of(request)
    caller = await service.caller(request, RESTORATION_READ)
    purpose = purpose_of(request.headers)
    code, day = validated_code(request_body.code), request_body.applied_on or service.today()
    record_key = RecordKey(request_body.table, request_body.key)
    try:
        arguments = (caller, service, code, record_key, day)
        assessment = await asyncio.to_thread(
            _assess_stored_record, *arguments, schemas.facts_of(request_body.facts)
        )
    finally:
        audit_payload = {"code": code, "table": request_body.table, "key": request_body.key}
        await service.journal.note(caller.act("records.assess", purpose, **audit_payload))
    return RoundedJSON(assessment, headers=NO_STORE)


def _assess_stored_record(
    caller: Caller,
    service: Service,
    code: str,
    record_key: RecordKey,
    day: date,
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Assess a stored record that the caller may see."""
    record, agency = stored_record(warehouse_of(service), code, record_key, day)
    refuse_hidden(caller, RESTORATION_READ, agency)
    false_materials_on = service.store.applications.false_materials_on(code)
    record = record_from({**plain(record), **facts})
    record = replace(record, holder=code, false_materials_on=false_materials_on)
    assessment = assess(record, applied_on=day, rules=service.rulebook)
    return {**assessment_json(assessment), "record": {**plain(record), "agency": agency}}


@warehouse_router.post(
    "/v1/restoration/records:what-if",
    operation_id="restoration_what_if",
    summary="修复后评分如何 / score and tier without a record",
    description="在当前批次的评分日，去掉该记录后的评分与等级。\n\n"
    "Score and tier on the day of the current run without this record, as after restoration.",
    responses=declared_problems(400, 404, 409, 422)
    | {200: examples.json_example(examples.WHAT_IF)},
    openapi_extra=examples.purpose_parameters(),
)
async def what_if(request: Request, record_key: schemas.StoredRecordKey) -> Response:
    """What-if: score and tier without the record."""
    service = service_of(request)
    caller = await service.caller(request, WHAT_IF)
    purpose = purpose_of(request.headers)
    code, run = validated_code(record_key.code), None
    try:
        within = caller.scope(WHAT_IF)
        await service.run_lookup(service.store.reader.current_answer, code, within)
        explainer = service.explainer
        day = await explainer.run_in_thread(explainer.champion_day)
        changes = check_changes([], [(record_key.table, dict(record_key.key))], day)
        if changes.wrong:
            raise UnknownRecord(f"{changes.wrong[0].detail}; name the record by its key")
        comparison = await explainer.run_in_thread(
            explainer.what_if, code, changes, service.today()
        )
        run = comparison["run"]
    finally:
        audit_payload = {"code": code, "run": run, "table": record_key.table, "key": record_key.key}
        await service.journal.note(caller.act("records.what_if", purpose, **audit_payload))
    return RoundedJSON(comparison, headers=NO_STORE)
