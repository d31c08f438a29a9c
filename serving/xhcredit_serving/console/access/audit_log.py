"""Console page for the audit log: search, keyset pagination, hash-chain verification."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.domain.clock import day_begins
from xhcredit.domain.codes import normalised, problem_with
from xhcredit.store.access import audit_log
from xhcredit.store.audit import chain_head
from xhcredit.store.core.hash_chain import Verdict, format_moment
from xhcredit_serving.auth.permissions import AUDIT
from xhcredit_serving.console.shell.layout import page, with_query
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
PAGE_ROWS = 100


@router.get("/console/audit")
async def audit(request: Request) -> Response:
    """Entries of the activity chain, the latest first; looking at them is an entry as well."""
    visitor = await visitor_of(request, AUDIT)
    service, query_params = service_of(request), request.query_params
    code = normalised(query_params.get("code", "").strip())
    code_problem = problem_with(code) if code else None
    log_query = audit_log.AuditLogQuery(
        actor=query_params.get("actor", "").strip()[:100],
        action=query_params.get("action", "").strip()[:100],
        code="" if code_problem else code,
        since=_day_start_text(query_params.get("since", ""), 0),
        until=_day_start_text(query_params.get("until", ""), 1),
        bureaus=visitor.caller.scope(AUDIT),
    )
    before = int(query_params["before"]) if query_params.get("before", "").isdecimal() else None
    rows, next_before = await asyncio.to_thread(
        audit_log.read_page, service.store.database, log_query, PAGE_ROWS, before
    )
    audit_details = {
        "by": log_query.actor,
        "what": log_query.action,
        "code": log_query.code,
        "seen": len(rows),
    }
    await service.journal.note(visitor.act("activity.read", **audit_details))
    context: dict[str, object] = {
        "rows": rows,
        "code": code,
        "wrong": code_problem,
    }
    context |= {
        "head": await asyncio.to_thread(chain_head, service.store.database),
        "query_params": query_params,
    }
    context["next_page"] = with_query(request, before=next_before) if next_before else None
    return page(request, "audit.html", visitor, verdict=None, **context)


@router.post("/console/audit/verify")
async def verify(request: Request) -> Response:
    """Verify the hash chain part by part and show the verdict."""
    visitor = await visitor_of(request, AUDIT)
    verdict = await _verify_chain(service_of(request))
    return page(request, "audit_verdict.html", visitor, verdict=verdict)


async def _verify_chain(service: Service) -> Verdict:
    """Verdict on the hash chain, up to the first entry that does not fit."""
    # Read before the lock: the walk ends at what was there when asked, not at an end that moves
    # on.
    last_entry = await asyncio.to_thread(chain_head, service.store.database)
    # One walk at a time: each reads the whole chain, and a second would only take its threads.
    async with service.verify_lock:
        verdict = await asyncio.to_thread(audit_log.verify_range, service.store.database, 1)
        while verdict.whole and last_entry is not None and verdict.head_seq < last_entry.seq:
            next_seq = verdict.head_seq + 1
            verdict = await asyncio.to_thread(
                audit_log.verify_range, service.store.database, next_seq
            )
    return verdict


def _day_start_text(day: str, days_later: int) -> str:
    """The beginning of a day in China as the chain writes it; empty if it is no day."""
    try:
        chosen_day = date.fromisoformat(day) + timedelta(days=days_later)
    except (ValueError, OverflowError):
        return ""
    # The visitor's day begins in China; the chain writes its moments in UTC.
    return format_moment(day_begins(chosen_day))
