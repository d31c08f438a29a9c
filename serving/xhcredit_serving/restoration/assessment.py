"""Restoration assessment: eligibility, earliest day, what-if after restoration, notice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends

from xhcredit.errors import UnknownRecord
from xhcredit.jobs.enterprise.rows import WhatIfResult
from xhcredit.jobs.enterprise.what_if_changes import check_changes
from xhcredit.jobs.restoration.records import RecordKey, stored_record
from xhcredit.restoration.as_json import assessment_json, record_json
from xhcredit.restoration.assess import assess
from xhcredit.restoration.notice import Parties, notice
from xhcredit.restoration.record import record_from
from xhcredit.restoration.rows import AssessmentRow, ProvenFacts
from xhcredit_serving.auth.authentication import Caller, refuse_hidden
from xhcredit_serving.auth.permissions import RESTORATION_READ, WHAT_IF
from xhcredit_serving.dependencies import (
    Reading,
    RulebookDep,
    ServiceDep,
    caller_with,
    reading_with,
)
from xhcredit_serving.http.field_types import validated_code
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.restoration import schemas
from xhcredit_serving.service import Service, warehouse_of

router = APIRouter(tags=["restoration"])
#: only where a warehouse is
warehouse_router = APIRouter(tags=["restoration"])
RestorationReader = Annotated[Caller, Depends(caller_with(RESTORATION_READ))]
RecordReading = Annotated[Reading, Depends(reading_with(RESTORATION_READ))]
WhatIfReading = Annotated[Reading, Depends(reading_with(WHAT_IF))]


@router.post(
    "/v1/restoration:assess",
    operation_id="assess_described_record",
    summary="能否修复 / may such a record be restored",
    description="就所述处罚或列入信息，告知能否修复、所缺条件及依据、最早可申请日、材料、办理部门和时限。"
    "不查询任何企业；“不能”也是答复。\n\nFor a record as described: eligible or not, every unmet "
    "condition with its rule, the earliest day, papers, who decides by when. Reads no enterprise; "
    "not eligible is an answer.",
    responses=declared_problems(400, 404, 422),
)
def assess_described_record(
    _: RestorationReader, service: ServiceDep, request_body: schemas.AssessmentRequest
) -> AssessmentRow:
    """A citizen's question, without a stored record."""
    record = record_from(schemas.record_of(request_body.record))
    day = request_body.applied_on or service.today()
    return assessment_json(assess(record, applied_on=day, rules=service.rulebook))


@router.post(
    "/v1/restoration:notice",
    operation_id="draft_restoration_notice",
    summary="信用修复告知书（两书同达） / restoration notice",
    description="随决定书同时送达的告知书文本；lawyer 列出送达前须由法制确认之处。\n\n"
    "The text served together with a decision, and what a lawyer must confirm first.",
    responses=declared_problems(400, 404, 422),
)
def draft_restoration_notice(
    _: RestorationReader, rulebook: RulebookDep, request_body: schemas.NoticeRequest
) -> schemas.RestorationNotice:
    """The restoration notice of a decision."""
    parties = Parties(
        request_body.name,
        validated_code(request_body.code),
        request_body.agency,
        request_body.doc_no,
    )
    record = record_from(schemas.record_of(request_body.record))
    restoration_notice = notice(record, parties, rulebook)
    return {"text": restoration_notice.text, "lawyer": list(restoration_notice.lawyer)}


@warehouse_router.post(
    "/v1/restoration/records:assess",
    operation_id="assess_stored_record",
    summary="某条记录能否修复 / may this record be restored",
    description="对已归集的记录作答；facts 为申请人能够证明的事实。\n\n"
    "Of a stored record; facts are what the applicant can prove.",
    responses=declared_problems(400, 404, 422),
)
async def assess_stored_record(
    reading: RecordReading, service: ServiceDep, request_body: schemas.StoredAssessmentRequest
) -> schemas.StoredRecordAssessment:
    """The answer for one stored record."""
    code, day = validated_code(request_body.code), request_body.applied_on or service.today()
    record_key = RecordKey(request_body.table, request_body.key)
    facts = schemas.facts_of(request_body.facts)
    try:
        return await asyncio.to_thread(
            _assess_stored_record, reading.caller, service, code, record_key, day, facts
        )
    finally:
        act = reading.act(
            "records.assess", code=code, table=request_body.table, key=request_body.key
        )
        await service.journal.note(act)


def _assess_stored_record(
    caller: Caller,
    service: Service,
    code: str,
    record_key: RecordKey,
    day: date,
    facts: ProvenFacts,
) -> schemas.StoredRecordAssessment:
    """Assess a stored record that the caller may see."""
    record, agency = stored_record(warehouse_of(service), code, record_key, day)
    refuse_hidden(caller, RESTORATION_READ, agency)
    false_materials_on = service.store.applications.false_materials_on(code)
    record = record_from({**record_json(record), **facts})
    record = replace(record, holder=code, false_materials_on=false_materials_on)
    assessment = assess(record, applied_on=day, rules=service.rulebook)
    return {**assessment_json(assessment), "record": {**record_json(record), "agency": agency}}


@warehouse_router.post(
    "/v1/restoration/records:what-if",
    operation_id="score_without_record",
    summary="修复后评分如何 / score and tier without a record",
    description="在当前批次的评分日，去掉该记录后的评分与等级。\n\n"
    "Score and tier on the day of the current run without this record, as after restoration.",
    responses=declared_problems(400, 404, 409, 422),
)
async def score_without_record(
    reading: WhatIfReading, service: ServiceDep, record_key: schemas.StoredRecordKey
) -> WhatIfResult:
    """What-if: score and tier without the record."""
    code, run = validated_code(record_key.code), None
    try:
        within = reading.caller.scope(WHAT_IF)
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
        act = reading.act(
            "records.what_if", code=code, run=run, table=record_key.table, key=record_key.key
        )
        await service.journal.note(act)
    return comparison
