"""Restorable list: records that can be restored now or soon, for officers to remind."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from xhcredit.errors import BadInput
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.restoration.barred_applicants import without_barred
from xhcredit.jobs.restoration.candidates import STATES, Restorable, restorable
from xhcredit.jobs.restoration.candidates_spreadsheet import write_xlsx
from xhcredit.store.core.bureau_scope import Within, is_within
from xhcredit.store.core.hash_chain import canonical
from xhcredit_serving.auth.authentication import Caller, purpose_of
from xhcredit_serving.auth.permissions import RESTORATION_READ
from xhcredit_serving.http import examples
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import Refusal, declared
from xhcredit_serving.restoration import schemas as bodies
from xhcredit_serving.service import Service, service_of, warehouse_of

#: only where a warehouse is
router = APIRouter(tags=["restoration"])
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NAMES = tuple(f.name for f in fields(Restorable))
#: a granted record may be shown no more, also before the night has told the warehouse
_GONE = ("granted", "published")
_VIEWS_HELD = 16  #: of a list, one for each set of bureaus


@dataclass(frozen=True)
class Listed:
    """Records in their order, some of them by code, and the streets that they are in.

    ``name`` changes when the data, the day, or who may see what does.
    """

    name: str
    rows: list[Restorable]

    @cached_property
    def by_code(self) -> dict[str, list[Restorable]]:
        """Records of each enterprise."""
        found: dict[str, list[Restorable]] = {}
        for row in self.rows:
            found.setdefault(row.code, []).append(row)
        return found

    @cached_property
    def streets(self) -> list[str]:
        """Streets in which there is anything to restore."""
        return sorted({row.street for row in self.rows} - {""})

    def taken(self, asked: Asked) -> list[Restorable]:
        """Records that match a query."""
        rows = self.by_code.get(asked.code, []) if asked.code else self.rows
        return [row for row in rows if asked.takes(row)]


Record = tuple[str, str, str]


@dataclass
class Lists:
    """The list of a day, made once for each state of the data; one at a time."""

    _kept: Listed = Listed("", [])
    _visible: dict[tuple[str, Within, frozenset[Record]], Listed] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, service: Service, day: date) -> Listed:
        """The whole list."""
        async with self._turn:
            barred = await asyncio.to_thread(service.store.applications.barred)
            name = await asyncio.to_thread(_name_of, service, barred, day)
            if self._kept.name != name:
                self._kept = Listed(name, await asyncio.to_thread(_made, service, barred, day))
                self._visible.clear()
            return self._kept

    async def of_enterprise(self, service: Service, day: date, code: str) -> list[Restorable]:
        """The rows of one enterprise; while the whole list is being made, made for it alone."""
        barred = await asyncio.to_thread(service.store.applications.barred)
        held = self._kept
        if held.name == await asyncio.to_thread(_name_of, service, barred, day):
            return held.by_code.get(code, [])
        return await asyncio.to_thread(_made, service, barred, day, code)

    def visible(self, kept: Listed, within: Within, gone: frozenset[Record]) -> Listed:
        """Part of a list in scope of a caller, without hidden records."""
        key = kept.name, within, gone
        held = self._visible.get(key)
        if held is None:
            held = Listed(kept.name, visible_rows(kept.rows, within, gone))
            if len(self._visible) >= _VIEWS_HELD:
                self._visible.clear()
            self._visible[key] = held
        return held


def visible_rows(
    rows: Sequence[Restorable], within: Within, gone: frozenset[Record]
) -> list[Restorable]:
    """Rows in scope of a caller, without hidden records."""
    return [
        row
        for row in rows
        if is_within(row.agency, within) and (row.code, row.table, row.key) not in gone
    ]


def _name_of(service: Service, barred: dict[str, date], day: date) -> str:
    """Version of the list of a day: it changes with data, breaches or day."""
    digest = Warehouse(warehouse_of(service)).digest()
    since = hashlib.sha256(canonical({k: f"{v}" for k, v in barred.items()}).encode())
    return f"{digest[:16]}.{since.hexdigest()[:8]}.{day}"


def _made(service: Service, barred: dict[str, date], day: date, code: str = "") -> list[Restorable]:
    """Restorable list of a day without barred enterprises; with a ``code``, of that one alone."""
    place, rules = warehouse_of(service), service.rulebook
    return without_barred(restorable(place, rules, day, code=code), barred, place, rules, day)


class Asked(bodies.Body):
    """Which records."""

    state: list[Literal["now", "soon", "needs_act"]] = Field([], max_length=3)
    table: list[bodies.RecordTable] = Field([], max_length=5)
    street: str = Field("", max_length=100)
    code: str = Field("", max_length=64)

    def takes(self, row: Restorable) -> bool:
        """Whether a record matches the query."""
        return (
            (not self.state or row.state in self.state)
            and (not self.table or row.table in self.table)
            and self.street in ("", row.street)
            and self.code in ("", row.code)
        )


class Page(Asked):
    """Which records, and which page of them."""

    limit: int = Field(50, ge=1, le=500)
    after: str = Field("", max_length=100, description="上一页的 next / next of the page before")


@router.get(
    "/v1/restoration/restorable",
    operation_id="restorable",
    summary="可修复清单 / who can restore",
    description="现在或三十日内可以修复的记录与所缺事项，供主动提醒；按部门权限过滤。\n\n"
    "Records that can be restored now or within 30 days, and what is missing.",
    responses=declared(400, 404, 422) | {200: examples.json_of(bodies.LIST)},
    openapi_extra=examples.with_purpose(),
)
async def page(request: Request, asked: Annotated[Page, Query()]) -> Response:
    """One page of the list."""
    service = service_of(request)
    caller = await service.caller(request, RESTORATION_READ)
    purpose = purpose_of(request.headers)
    listed, under_way = await visible_to(request, service, caller)
    name, found = listed.name, listed.taken(asked)
    start = _start(asked, name)
    rows = [_row(row, under_way) for row in found[start : start + asked.limit]]
    more = start + asked.limit
    told = {
        "asked_on": service.today().isoformat(),
        "total": len(found),
        "states": {state: n for state, n in states_of(found).items()},
        "records": rows,
        "next": f"{_mark(asked, name)}.{more}" if more < len(found) else None,
    }
    seen = {"codes": sorted({row["code"] for row in rows})}
    await service.journal.note(caller.act("records.restorable", purpose, **seen))
    return RoundedJSON(told, headers=NO_STORE)


@router.get(
    "/v1/restoration/restorable.xlsx",
    operation_id="restorable_xlsx",
    summary="可修复清单（电子表格） / as a spreadsheet",
    description="与 /v1/restoration/restorable 相同的筛选。\n\nThe same filters, as XLSX.",
    responses=declared(400, 404, 422)
    | {
        200: {
            "description": "文件 / the file",
            "content": {_XLSX: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
    openapi_extra=examples.with_purpose(),
    response_class=FileResponse,
)
async def sheet(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """The whole list as a spreadsheet."""
    caller = await service_of(request).caller(request, RESTORATION_READ)
    return await export(request, caller, purpose_of(request.headers), asked)


async def export(request: Request, caller: Caller, purpose: str, asked: Asked) -> FileResponse:
    """Matching records as a spreadsheet; noted in the audit log.

    Raises:
        Refusal: another export is being written.
    """
    service = service_of(request)
    if service.exporting.locked():
        raise Refusal("overloaded", "other exports are being written; try again")
    async with service.exporting:
        listed, _ = await visible_to(request, service, caller)
        name, found = listed.name, listed.taken(asked)
        file = await asyncio.to_thread(_written, found, service.today())
    seen = {"list": name, "rows": len(found), "asked": asked.model_dump()}
    try:
        await service.journal.note(caller.act("records.restorable_xlsx", purpose, **seen))
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    drop = BackgroundTask(file.unlink, missing_ok=True)
    title = f"restorable-{service.today()}.xlsx"
    return FileResponse(file, filename=title, headers=NO_STORE, background=drop, media_type=_XLSX)


def _written(found: Sequence[Restorable], day: date) -> Path:
    handle, name = tempfile.mkstemp(suffix=".xlsx")
    os.close(handle)
    write_xlsx(found, Path(name), day)
    return Path(name)


UnderWay = dict[tuple[str, str, str], dict[str, Any]]


async def visible_to(request: Request, service: Service, caller: Caller) -> tuple[Listed, UnderWay]:
    """Restorable list in scope of a caller, and applications by record."""
    lists: Lists = request.app.state.restorable
    kept = await lists.of(service, service.today())
    under_way = await asyncio.to_thread(service.store.applications.of_records)
    return lists.visible(kept, caller.scope(RESTORATION_READ), _gone(under_way)), under_way


def _gone(under_way: UnderWay) -> frozenset[Record]:
    """Hidden records: those already restored by an application."""
    return frozenset(record for record, step in under_way.items() if step["state"] in _GONE)


async def visible_of_enterprise(
    request: Request, service: Service, caller: Caller, code: str
) -> list[Restorable]:
    """Restorable records of one enterprise in scope of a caller, without building the list."""
    lists: Lists = request.app.state.restorable
    rows = await lists.of_enterprise(service, service.today(), code)
    if not rows:
        return rows
    under_way = await asyncio.to_thread(service.store.applications.of_records)
    return visible_rows(rows, caller.scope(RESTORATION_READ), _gone(under_way))


def states_of(found: Sequence[Restorable]) -> dict[str, int]:
    """How many records are in each state."""
    counts = Counter(row.state for row in found)
    return {state: counts[state] for state in STATES}


def _row(row: Restorable, under_way: UnderWay) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in _NAMES}
    days = {k: v.isoformat() for k, v in told.items() if isinstance(v, date)}
    return {**told, **days, "application": under_way.get((row.code, row.table, row.key))}


def _mark(asked: Page, name: str) -> str:
    """Cursor mark of a page: digest of list version and query."""
    question = asked.model_dump(exclude={"after", "limit"})
    return hashlib.sha256(canonical([name, question]).encode()).hexdigest()[:16]


def _start(asked: Page, name: str) -> int:
    """Where a page begins.

    Raises:
        BadInput: the cursor is none, or of another list or question.
    """
    if not asked.after:
        return 0
    mark, _, place = asked.after.partition(".")
    if mark != _mark(asked, name) or not (place.isascii() and place.isdigit()):
        raise BadInput("the cursor is of another question or list; begin with the first page")
    return int(place)
