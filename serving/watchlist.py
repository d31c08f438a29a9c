"""Whom to look at first: the current run, filtered and sorted, page by page."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import ColumnElement, and_, or_, select
from starlette.responses import JSONResponse, Response

from serving import examples
from serving.problems import declared
from serving.service import service_of
from xhcredit.errors import BadInput
from xhcredit.store.engines import Database
from xhcredit.store.tables import current, snapshots

router = APIRouter(tags=["enterprises"])
Tier = Literal["A", "B", "C", "D"]
Sort = Literal["composite", "-composite", "code", "-code"]
_SHOWN = [snapshots.c[n] for n in ("code", "tier", "composite", "general", "x")]


class Cursor(BaseModel):
    """Where a page ended, in which run, and of which question it is a page."""

    model_config = ConfigDict(extra="forbid", strict=True)
    run: int
    tiers: list[str]
    sort: str
    composite: float
    code: str

    def text(self) -> str:
        """The cursor as it is handed out."""
        return base64.urlsafe_b64encode(self.model_dump_json().encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, tiers: list[str], sort: str) -> Cursor:
        """A cursor that was handed out for the same question.

        Raises:
            BadInput: it was not.
        """
        try:
            padded = text.encode() + b"=" * (-len(text) % 4)
            found = cls.model_validate_json(base64.urlsafe_b64decode(padded))
        except (ValueError, ValidationError):
            raise BadInput("this is no cursor; take it from next of the page before") from None
        if (found.tiers, found.sort) != (tiers, sort):
            raise BadInput("the cursor is of another question; keep tier and sort while paging")
        return found


def page(
    database: Database, tiers: list[str], sort: str, limit: int, after: Cursor | None
) -> dict[str, Any]:
    """One page; all pages of a question are of the run of its first page."""
    with database.reading() as con:
        run = after.run if after else con.scalar(select(current.c.run))
        wanted = select(*_SHOWN).where(snapshots.c.run == run).limit(limit + 1)
        if tiers:
            wanted = wanted.where(snapshots.c.tier.in_(tiers))
        if after:
            wanted = wanted.where(_beyond(sort, after))
        found = con.execute(wanted.order_by(*_order(sort))).mappings().all()
    rows = [{**row, "x": json.loads(row["x"])} for row in found[:limit]]
    more = len(found) > limit
    return {"run": run, "enterprises": rows, "next": _next(run, tiers, sort, rows, more)}


def _order(sort: str) -> list[ColumnElement[Any]]:
    c = snapshots.c
    columns: list[ColumnElement[Any]] = [c.code] if "code" in sort else [c.composite, c.code]
    return [column.desc() if sort.startswith("-") else column.asc() for column in columns]


def _beyond(sort: str, after: Cursor) -> ColumnElement[bool]:
    """Rows that come after the last one of the page before."""
    composite, code = snapshots.c.composite, snapshots.c.code
    back = sort.startswith("-")
    later = code < after.code if back else code > after.code
    if "code" in sort:
        return later
    worse = composite < after.composite if back else composite > after.composite
    return or_(worse, and_(composite == after.composite, later))


def _next(
    run: int | None, tiers: list[str], sort: str, rows: list[dict[str, Any]], more: bool
) -> str | None:
    if not more or run is None:
        return None
    last = {k: rows[-1][k] for k in ("composite", "code")}
    return Cursor(run=run, tiers=tiers, sort=sort, **last).text()


@router.get(
    "/v1/watchlist",
    operation_id="watchlist",
    summary="关注名单 / watchlist",
    description="按等级筛选、排序、游标翻页；同一次查询各页均出自同一批次。默认综合分由低到高。\n\n"
    "Filtered by tier, sorted, paged by cursor; all pages are of one run. The lowest composite "
    "comes first unless told otherwise.",
    responses=declared(400, 422) | {200: examples.json_of(examples.WATCHLIST)},
    openapi_extra=examples.with_purpose(),
)
async def watchlist(
    request: Request,
    tier: Annotated[list[Tier] | None, Query(max_length=4)] = None,
    sort: Sort = "composite",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Enterprises of the current run."""
    service = service_of(request)
    caller, purpose = await service.reader_of_enterprises(request)
    tiers: list[str] = sorted(set(tier or ()))
    after = Cursor.read(cursor, tiers, sort) if cursor else None
    told = await asyncio.to_thread(page, service.store.database, tiers, sort, limit, after)
    codes = [row["code"] for row in told["enterprises"]]
    seen = {"codes": codes, "run": told["run"], "tiers": tiers, "sort": sort}
    await service.journal.note(caller.act("enterprise.watchlist", purpose, **seen))
    return JSONResponse(told, headers={"Cache-Control": "no-store"})
