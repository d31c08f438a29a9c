"""Console page for the audit log: search, keyset pagination, hash-chain verification."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.domain.clock import day_begins
from xhcredit.domain.codes import normalised, problem_with
from xhcredit.store.access import audit_log as trail
from xhcredit.store.audit import head
from xhcredit.store.core.hash_chain import Verdict, written
from xhcredit_serving.auth.permissions import AUDIT
from xhcredit_serving.console.shell.layout import page, with_query
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
ROWS = 100


@router.get("/console/audit")
async def audit(request: Request) -> Response:
    """Entries of the activity chain, the latest first; looking at them is an entry as well."""
    visitor = await visitor_of(request, AUDIT)
    service, given = service_of(request), request.query_params
    code = normalised(given.get("code", "").strip())
    wrong = problem_with(code) if code else None
    asked = trail.Asked(
        actor=given.get("actor", "").strip()[:100],
        action=given.get("action", "").strip()[:100],
        code="" if wrong else code,
        since=_moment(given.get("since", ""), 0),
        until=_moment(given.get("until", ""), 1),
        bureaus=visitor.caller.scope(AUDIT),
    )
    before = int(given["before"]) if given.get("before", "").isdecimal() else None
    rows, further = await asyncio.to_thread(trail.page, service.store.database, asked, ROWS, before)
    looked = {"by": asked.actor, "what": asked.action, "code": asked.code, "seen": len(rows)}
    await service.journal.note(visitor.act("activity.read", **looked))
    shown: dict[str, Any] = {"rows": rows, "asked": asked, "code": code, "wrong": wrong}
    shown |= {"head": await asyncio.to_thread(head, service.store.database), "given": given}
    shown["next_page"] = with_query(request, before=further) if further else None
    return page(request, "audit.html", visitor, verdict=None, **shown)


@router.post("/console/audit/verify")
async def verify(request: Request) -> Response:
    """Verify the hash chain part by part and show the verdict."""
    visitor = await visitor_of(request, AUDIT)
    verdict = await _verified(service_of(request))
    return page(request, "audit_verdict.html", visitor, verdict=verdict)


async def _verified(service: Service) -> Verdict:
    """Verdict on the hash chain, up to the first entry that does not fit."""
    last = await asyncio.to_thread(head, service.store.database)
    async with service.verifying:
        verdict = await asyncio.to_thread(trail.check, service.store.database, 1)
        while verdict.whole and last is not None and verdict.head_seq < last.seq:
            following = verdict.head_seq + 1
            verdict = await asyncio.to_thread(trail.check, service.store.database, following)
    return verdict


def _moment(day: str, later: int) -> str:
    """The beginning of a day in China as the chain writes it; empty if it is no day."""
    try:
        chosen = date.fromisoformat(day) + timedelta(days=later)
    except (ValueError, OverflowError):
        return ""
    return written(day_begins(chosen))
