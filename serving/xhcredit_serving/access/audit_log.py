"""Audit log over HTTP, for the auditor; reading it is audited as well."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool

from xhcredit.store.access import audit_log
from xhcredit.store.access.rows import ActivityEntry
from xhcredit.store.audit import chain_head
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import format_moment
from xhcredit_serving.access import schemas
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import AUDIT
from xhcredit_serving.dependencies import (
    Reading,
    ServiceDep,
    StoreDep,
    caller_with,
    reading_with,
)
from xhcredit_serving.http.field_types import CodeInPath, validated_code
from xhcredit_serving.http.paging import cursor_mark, start_position
from xhcredit_serving.http.problems import Refusal, declared_problems

router = APIRouter(tags=["audit"])
_MAX_NUMBER = 2**53
Auditor = Annotated[Caller, Depends(caller_with(AUDIT))]
AuditReading = Annotated[Reading, Depends(reading_with(AUDIT))]


def _moment_text(moment: datetime | None) -> str:
    """A moment as the chain writes it; a year that UTC does not have is no filter's business."""
    try:
        return format_moment(moment.astimezone(UTC)) if moment else ""
    except OverflowError:
        raise Refusal("wrong_request", "since or until is beyond all calendars") from None


@router.get(
    "/v1/activity",
    operation_id="list_activity",
    summary="操作日志 / activity",
    description="按人员、动作、企业、时间筛选，最新在前；查阅本身亦留痕。"
    "每页最多检视十万条，未尽时给出 next。\n\n"
    "Filtered by actor, action, enterprise, time; the latest first. Looking is recorded. A page "
    "looks at a bounded part and says where to go on.",
    responses=declared_problems(400, 422),
)
async def list_activity(
    reading: AuditReading,
    service: ServiceDep,
    filters: Annotated[schemas.ActivityFilters, Query()],
) -> schemas.ActivityPage:
    """Entries of the activity chain."""
    code = validated_code(filters.code) if filters.code else ""
    query = audit_log.AuditLogQuery(
        actor=filters.actor,
        action=filters.action,
        code=code,
        since=_moment_text(filters.since),
        until=_moment_text(filters.until),
        bureaus=reading.caller.scope(AUDIT),
    )
    rows, next_cursor = await run_in_threadpool(
        _page, service.store.database, query, filters, "activity"
    )
    act = reading.act(
        "activity.read", by=filters.actor, what=filters.action, code=code, seen=len(rows)
    )
    # Recorded before it is shown: what cannot be recorded is not shown either.
    await service.journal.note(act)
    return {"entries": rows, "next": next_cursor}


def _page(
    database: Database,
    query: audit_log.AuditLogQuery,
    filters: schemas.ReaderFilters,
    list_name: str,
) -> tuple[list[ActivityEntry], str | None]:
    """Entries of a page, and the cursor of the next: the last number looked at, and its list."""
    before_seq = start_position(filters, filters.after, list_name) or None
    rows, next_seq = audit_log.read_page(database, query, filters.limit, before_seq)
    return rows, f"{cursor_mark(filters, list_name)}.{next_seq}" if next_seq else None


@router.get(
    "/v1/enterprises/{code}/readers",
    operation_id="list_readers",
    summary="谁查过该企业 / who looked at an enterprise",
    description="谁、何时、因何查阅或办理，最新在前；查阅本身亦留痕。\n\n"
    "Who looked at it or acted on it, "
    "when and why, the latest first. Looking is recorded.",
    responses=declared_problems(400, 422),
)
async def list_readers(
    reading: AuditReading,
    service: ServiceDep,
    code: CodeInPath,
    filters: Annotated[schemas.ReaderFilters, Query()],
) -> schemas.ReaderPage:
    """Readers of an enterprise, from the audit log."""
    code = validated_code(code)
    query = audit_log.AuditLogQuery(code=code, bureaus=reading.caller.scope(AUDIT))
    rows, next_cursor = await run_in_threadpool(
        _page, service.store.database, query, filters, f"readers of {code}"
    )
    await service.journal.note(reading.act("activity.readers", code=code))
    return {"readers": [_reader(row) for row in rows], "next": next_cursor}


def _reader(row: ActivityEntry) -> schemas.EnterpriseReader:
    return {
        "seq": row["seq"],
        "recorded_at": row["recorded_at"],
        "actor": row["actor"],
        "bureau": row["bureau"],
        "purpose": row["purpose"],
        "action": row["action"],
    }


@router.get(
    "/v1/activity/head",
    operation_id="get_activity_head",
    summary="日志链末端 / head of the chain",
    description="最后一条的编号与摘要；对外公布后，末端即不可被截去。\n\n"
    "Number and digest of the last "
    "entry: once published, nobody can cut off the end.",
    responses=declared_problems(),
)
def get_activity_head(_: Auditor, store: StoreDep) -> schemas.ActivityHead:
    """Number and digest of the last entry."""
    last_link = chain_head(store.database)
    if last_link is None:
        return {"seq": 0, "digest": ""}
    return {"seq": last_link.seq, "digest": last_link.digest}


@router.post(
    "/v1/activity:verify",
    operation_id="verify_activity",
    summary="校验日志链 / verify the chain",
    description="自 first 起最多校验十万条，返回首处不符；未尽时给出 next_first。限全区审计员。\n\n"
    "Walks up to 100,000 entries from first on and names the first that does not fit; next_first "
    "is where to go on. Auditors of the whole district.",
    responses=declared_problems(422),
)
async def verify_activity(
    caller: Auditor, service: ServiceDep, first: Annotated[int, Query(ge=1, le=_MAX_NUMBER)] = 1
) -> schemas.ChainVerdict:
    """Walk a part of the chain."""
    if caller.scope(AUDIT) is not None:
        raise Refusal("not_allowed", "the chain is of all bureaus; ask a district's auditor")
    async with service.verify_lock:
        verdict = await run_in_threadpool(audit_log.verify_range, service.store.database, first)
    last_link = await run_in_threadpool(chain_head, service.store.database)
    has_next = verdict.whole and last_link is not None and verdict.head_seq < last_link.seq
    return {
        "whole": verdict.whole,
        "entries": verdict.entries,
        "first": first,
        "last": verdict.head_seq,
        "next_first": verdict.head_seq + 1 if has_next else None,
        "broken_at": None if verdict.whole else verdict.broken_at,
        "why": None if verdict.whole else verdict.why,
    }
