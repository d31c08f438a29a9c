"""Audit log over HTTP, for the auditor; reading it is audited as well."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from xhcredit.store.access import audit_log
from xhcredit.store.audit import chain_head
from xhcredit.store.core.hash_chain import format_moment
from xhcredit_serving.auth.authentication import Caller, purpose_of
from xhcredit_serving.auth.permissions import AUDIT
from xhcredit_serving.http import examples
from xhcredit_serving.http.field_types import CodeInPath, validated_code
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.service import Service, service_of

router = APIRouter(tags=["audit"])
_MAX_NUMBER = 2**53
_EXAMPLE_ENTRY = {
    "seq": 4711,
    "recorded_at": "2026-06-30T08:00:00.000000Z",
    "clock_back_ms": 0,
    "actor": "user:zhang.san",
    "bureau": "市场监管局",
    "purpose": "日常监管",
    "action": "enterprise.score",
    "payload": {"code": examples.CODE, "run": 12},
    "algorithm": "sha256",
    "previous": "9f…",
    "digest": "1b…",
}
_EXAMPLE_READER = {
    k: _EXAMPLE_ENTRY[k] for k in ("seq", "recorded_at", "actor", "bureau", "purpose", "action")
}
_EXAMPLE_VERDICT = {"whole": True, "entries": 4711, "from": 1, "to": 4711, "next": None}
Limit = Annotated[int, Query(ge=1, le=500)]
Before = Annotated[
    int | None, Query(ge=1, le=_MAX_NUMBER, description="上一页的 next / next of the page before")
]


class ActivityFilters(BaseModel):
    """Which entries."""

    model_config = ConfigDict(extra="forbid")
    actor: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] = ""
    action: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] = ""
    code: Annotated[str, Field(max_length=64)] = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    before: Annotated[int | None, Field(ge=1, le=_MAX_NUMBER)] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


def _moment_text(moment: datetime | None) -> str:
    """A moment as the chain writes it; a year that UTC does not have is no filter's business."""
    try:
        return format_moment(moment.astimezone(UTC)) if moment else ""
    except OverflowError:
        raise Refusal("wrong_request", "since or until is beyond all calendars") from None


async def _auditor(request: Request) -> tuple[Service, Caller, str]:
    service = service_of(request)
    caller = await service.caller(request, AUDIT)
    return service, caller, purpose_of(request.headers)


@router.get(
    "/v1/activity",
    operation_id="activity",
    summary="操作日志 / activity",
    description="按人员、动作、企业、时间筛选，最新在前；查阅本身亦留痕。"
    "每页最多检视十万条，未尽时给出 next。\n\n"
    "Filtered by actor, action, enterprise, time; the latest first. Looking is recorded. A page "
    "looks at a bounded part and says where to go on.",
    responses=declared_problems(400, 422)
    | {200: examples.json_example({"entries": [_EXAMPLE_ENTRY], "next": None})},
    openapi_extra=examples.purpose_parameters(),
)
async def activity(request: Request, filters: Annotated[ActivityFilters, Query()]) -> Response:
    """Entries of the activity chain."""
    service, caller, purpose = await _auditor(request)
    code = validated_code(filters.code) if filters.code else ""
    query = audit_log.AuditLogQuery(
        actor=filters.actor,
        action=filters.action,
        code=code,
        since=_moment_text(filters.since),
        until=_moment_text(filters.until),
        bureaus=caller.scope(AUDIT),
    )
    rows, next_seq = await _page(service, query, filters.limit, filters.before)
    act = caller.act(
        "activity.read", purpose, by=filters.actor, what=filters.action, code=code, seen=len(rows)
    )
    # Recorded before it is shown: what cannot be recorded is not shown either.
    await service.journal.note(act)
    return RoundedJSON({"entries": rows, "next": next_seq}, headers=NO_STORE)


async def _page(
    service: Service, query: audit_log.AuditLogQuery, limit: int, before_seq: int | None
) -> tuple[list[dict[str, Any]], int | None]:
    return await asyncio.to_thread(
        audit_log.read_page, service.store.database, query, limit, before_seq
    )


@router.get(
    "/v1/enterprises/{code}/readers",
    operation_id="readers",
    summary="谁查过该企业 / who looked at an enterprise",
    description="谁、何时、因何查阅或办理，最新在前；查阅本身亦留痕。\n\n"
    "Who looked at it or acted on it, "
    "when and why, the latest first. Looking is recorded.",
    responses=declared_problems(400, 422)
    | {200: examples.json_example({"readers": [_EXAMPLE_READER], "next": None})},
    openapi_extra=examples.purpose_parameters(),
)
async def readers(
    request: Request, code: CodeInPath, limit: Limit = 100, before: Before = None
) -> Response:
    """Readers of an enterprise, from the audit log."""
    service, caller, purpose = await _auditor(request)
    code = validated_code(code)
    query = audit_log.AuditLogQuery(code=code, bureaus=caller.scope(AUDIT))
    rows, next_seq = await _page(service, query, limit, before)
    await service.journal.note(caller.act("activity.readers", purpose, code=code))
    reader_rows = [{k: row[k] for k in _EXAMPLE_READER} for row in rows]
    return RoundedJSON({"readers": reader_rows, "next": next_seq}, headers=NO_STORE)


@router.get(
    "/v1/activity/head",
    operation_id="activity_head",
    summary="日志链末端 / head of the chain",
    description="最后一条的编号与摘要；对外公布后，末端即不可被截去。\n\n"
    "Number and digest of the last "
    "entry: once published, nobody can cut off the end.",
    responses=declared_problems() | {200: examples.json_example({"seq": 4711, "digest": "1b…"})},
)
async def activity_head(request: Request) -> Response:
    """Number and digest of the last entry."""
    service = service_of(request)
    await service.caller(request, AUDIT)
    last_link = await asyncio.to_thread(chain_head, service.store.database)
    head_body = (
        {"seq": last_link.seq, "digest": last_link.digest}
        if last_link
        else {"seq": 0, "digest": ""}
    )
    return RoundedJSON(head_body, headers=NO_STORE)


@router.post(
    "/v1/activity:verify",
    operation_id="verify_activity",
    summary="校验日志链 / verify the chain",
    description="自某条起最多校验十万条，返回首处不符；未尽时给出 next。限全区审计员。\n\n"
    "Walks up to "
    "100,000 entries and names the first that does not fit. Auditors of the whole district.",
    responses=declared_problems(422) | {200: examples.json_example(_EXAMPLE_VERDICT)},
)
async def verify_activity(
    request: Request, first: Annotated[int, Query(alias="from", ge=1, le=_MAX_NUMBER)] = 1
) -> Response:
    """Walk a part of the chain."""
    service = service_of(request)
    caller = await service.caller(request, AUDIT)
    if caller.scope(AUDIT) is not None:
        raise Refusal("not_allowed", "the chain is of all bureaus; ask a district's auditor")
    async with service.verify_lock:
        verdict = await asyncio.to_thread(audit_log.verify_range, service.store.database, first)
    last_link = await asyncio.to_thread(chain_head, service.store.database)
    has_next = verdict.whole and last_link is not None and verdict.head_seq < last_link.seq
    verdict_body = {
        "whole": verdict.whole,
        "entries": verdict.entries,
        "from": first,
        "to": verdict.head_seq,
        "next": verdict.head_seq + 1 if has_next else None,
    } | ({} if verdict.whole else {"broken_at": verdict.broken_at, "why": verdict.why})
    return RoundedJSON(verdict_body, headers=NO_STORE)
