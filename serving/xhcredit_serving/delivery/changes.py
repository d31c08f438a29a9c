"""Changes over HTTP: what moved since a cursor, for systems that keep a copy."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from xhcredit.store.core.bureau_scope import BureauScope
from xhcredit_serving.auth.authentication import Caller, refuse_without
from xhcredit_serving.auth.permissions import ALERTS_READ, SCORES
from xhcredit_serving.delivery import schemas
from xhcredit_serving.dependencies import Reading, ServiceDep, reading_with
from xhcredit_serving.http.paging import MAX_CURSOR_LENGTH, cursor_of, key_of_cursor
from xhcredit_serving.http.problems import declared_problems

router = APIRouter(tags=["changes"])
ScoreReading = Annotated[Reading, Depends(reading_with(SCORES))]
ChangeKind = Literal["tier", "score", "listing", "supervision", "alert"]
#: what one must have to be told of a kind
_PERMISSIONS: dict[ChangeKind, str] = {
    "tier": SCORES,
    "score": SCORES,
    "listing": SCORES,
    "supervision": SCORES,
    "alert": ALERTS_READ,
}
#: instead of a cursor: nothing of before
NOW = "now"


@router.get(
    "/v1/changes",
    operation_id="list_changes",
    summary="变动续读 / changes since a cursor",
    description="等级、分值、名单、监管部门与预警的变动，按发生次序；以 next 续读，空页也给出游标。"
    "不写 after：从尚保存的最早一条起；after=now：自此以后。游标之后的变动已过保存期的答 410："
    "请先取 after=now 的游标，再下载关注名单全量，然后续读。\n\nIn the order in which they came "
    "about; come back with next, also of an empty page. Without after: from the oldest that is "
    "there; after=now: only what comes. 410: what followed was removed; take a cursor with "
    "after=now, then download the watchlist whole, then go on.",
    responses=declared_problems(400, 410, 422),
)
async def list_changes(
    reading: ScoreReading,
    service: ServiceDep,
    kinds: Annotated[
        list[ChangeKind], Query(max_length=5, description="种类；空为全部可读的 / empty: all")
    ] = [],  # noqa: B006 - FastAPI copies it
    after: Annotated[
        str,
        Query(
            max_length=MAX_CURSOR_LENGTH,
            pattern=r"^[^\x00]*$",
            description="上次的 next，或 now / next of the call before, or now",
        ),
    ] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="至多几条 / at most")] = 100,
) -> schemas.ChangePageAnswer:
    """Changes after a cursor."""
    feed = service.store.change_feed
    scope_by_kind = _scopes(reading.caller, kinds)
    if after == NOW:
        cursor = await asyncio.to_thread(feed.newest_cursor)
        return {"changes": [], "next": cursor_of(cursor), "has_more": False}
    cursor = key_of_cursor(after) if after else ""
    page = await asyncio.to_thread(feed.page, cursor, limit, scope_by_kind)
    if page.changes:  # who comes every minute and learns nothing has read nothing
        codes = sorted({change["code"] for change in page.changes if change["code"]})
        numbers = [page.changes[0]["number"], page.changes[-1]["number"]]
        await service.journal.note(
            reading.act("changes.read", codes=codes, numbers=numbers, kinds=sorted(scope_by_kind))
        )
    return {"changes": page.changes, "next": cursor_of(page.next), "has_more": page.has_more}


def _scopes(caller: Caller, kinds: list[ChangeKind]) -> dict[str, BureauScope]:
    """Kinds to be read, each with the caller's bureaus; by default all that the caller may.

    Raises:
        Refusal: a kind is named that the caller may not read.
    """
    for kind in kinds:
        refuse_without(caller, _PERMISSIONS[kind])
    readable_kinds = [
        kind
        for kind, permission in _PERMISSIONS.items()
        if permission in caller.permissions and (kind in kinds or not kinds)
    ]
    return {kind: caller.scope(_PERMISSIONS[kind]) for kind in readable_kinds}
