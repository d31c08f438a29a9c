"""Restoration assessment: eligibility, earliest day, what-if after restoration, notice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.errors import UnknownRecord
from xhcredit.jobs.enterprise.what_if_changes import checked
from xhcredit.jobs.restoration.records import Chosen, stored_record
from xhcredit.restoration.as_json import as_data
from xhcredit.restoration.assess import assess
from xhcredit.restoration.notice import Parties, notice
from xhcredit.restoration.record import plain, record_from
from xhcredit_serving.auth.authentication import Caller, purpose_of, refuse_hidden
from xhcredit_serving.auth.permissions import RESTORATION_READ, WHAT_IF
from xhcredit_serving.http import examples
from xhcredit_serving.http.field_types import right_code
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import declared
from xhcredit_serving.restoration import schemas as bodies
from xhcredit_serving.service import Service, service_of, warehouse_of

router = APIRouter(tags=["restoration"])
#: only where a warehouse is
stored = APIRouter(tags=["restoration"])


@router.post(
    "/v1/restoration:assess",
    operation_id="restoration_assess",
    summary="能否修复 / may such a record be restored",
    description="就所述处罚或列入信息，告知能否修复、所缺条件及依据、最早可申请日、材料、办理部门和时限。"
    "不查询任何企业；“不能”也是答复。\n\nFor a record as described: eligible or not, every unmet "
    "condition with its rule, the earliest day, papers, who decides by when. Reads no enterprise; "
    "not eligible is an answer.",
    responses=declared(400, 404, 422) | {200: examples.json_of(bodies.ANSWER)},
)
async def assess_question(request: Request, asked: bodies.Question) -> Response:
    """A citizen's question, without a stored record."""
    service = service_of(request)
    await service.caller(request, RESTORATION_READ)
    record = record_from(bodies.record_of(asked.record))
    day = asked.applied_on or service.today()
    return RoundedJSON(as_data(assess(record, applied_on=day, rules=service.rulebook)))


@router.post(
    "/v1/restoration:notice",
    operation_id="restoration_notice",
    summary="信用修复告知书（两书同达） / restoration notice",
    description="随决定书同时送达的告知书文本；lawyer 列出送达前须由法制确认之处。\n\n"
    "The text served together with a decision, and what a lawyer must confirm first.",
    responses=declared(400, 404, 422)
    | {200: examples.json_of({"text": "信用修复告知书……", "lawyer": []})},
)
async def notice_text(request: Request, asked: bodies.NoticeOf) -> Response:
    """The restoration notice of a decision."""
    service = service_of(request)
    await service.caller(request, RESTORATION_READ)
    parties = Parties(asked.name, right_code(asked.code), asked.agency, asked.doc_no)
    told = notice(record_from(bodies.record_of(asked.record)), parties, service.rulebook)
    return RoundedJSON({"text": told.text, "lawyer": list(told.lawyer)})


@stored.post(
    "/v1/restoration/records:assess",
    operation_id="restoration_record_assess",
    summary="某条记录能否修复 / may this record be restored",
    description="对已归集的记录作答；facts 为申请人能够证明的事实。\n\n"
    "Of a stored record; facts are what the applicant can prove.",
    responses=declared(400, 404, 422)
    | {200: examples.json_of({**bodies.ANSWER, "record": bodies.RECORD})},
    openapi_extra=examples.with_purpose(),
)
async def assess_record(request: Request, asked: bodies.StoredQuestion) -> Response:
    """The answer for one stored record."""
    service = service_of(request)
    caller = await service.caller(request, RESTORATION_READ)
    purpose = purpose_of(request.headers)
    code, day = right_code(asked.code), asked.applied_on or service.today()
    chosen = Chosen(asked.table, asked.key)
    try:
        work = (caller, service, code, chosen, day)
        told = await asyncio.to_thread(_answer, *work, bodies.facts_of(asked.facts))
    finally:
        seen = {"code": code, "table": asked.table, "key": asked.key}
        await service.journal.note(caller.act("records.assess", purpose, **seen))
    return RoundedJSON(told, headers=NO_STORE)


def _answer(
    caller: Caller,
    service: Service,
    code: str,
    chosen: Chosen,
    day: date,
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Assess a stored record that the caller may see."""
    record, agency = stored_record(warehouse_of(service), code, chosen, day)
    refuse_hidden(caller, RESTORATION_READ, agency)
    barred = service.store.applications.false_materials_on(code)
    record = record_from({**plain(record), **facts})
    record = replace(record, holder=code, false_materials_on=barred)
    told = assess(record, applied_on=day, rules=service.rulebook)
    return {**as_data(told), "record": {**plain(record), "agency": agency}}


@stored.post(
    "/v1/restoration/records:what-if",
    operation_id="restoration_what_if",
    summary="修复后评分如何 / score and tier without a record",
    description="在当前批次的评分日，去掉该记录后的评分与等级。\n\n"
    "Score and tier on the day of the current run without this record, as after restoration.",
    responses=declared(400, 404, 409, 422) | {200: examples.json_of(examples.WHAT_IF)},
    openapi_extra=examples.with_purpose(),
)
async def what_if(request: Request, asked: bodies.Named) -> Response:
    """What-if: score and tier without the record."""
    service = service_of(request)
    caller = await service.caller(request, WHAT_IF)
    purpose = purpose_of(request.headers)
    code, run = right_code(asked.code), None
    try:
        within = caller.scope(WHAT_IF)
        await service.quickly(service.store.reader.current, code, within)
        explainer = service.explainer
        day = await explainer.do(explainer.day)
        supposed = checked([], [(asked.table, dict(asked.key))], day)
        if supposed.wrong:
            raise UnknownRecord(f"{supposed.wrong[0].detail}; name the record by its key")
        told = await explainer.do(explainer.what_if, code, supposed, service.today())
        run = told["run"]
    finally:
        seen = {"code": code, "run": run, "table": asked.table, "key": asked.key}
        await service.journal.note(caller.act("records.what_if", purpose, **seen))
    return RoundedJSON(told, headers=NO_STORE)
