"""Restorable list: records that can be restored now or soon, for officers to remind."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.restoration.barred_applicants import without_barred
from xhcredit.jobs.restoration.candidates import RestorableRecord, RestorableState, find_restorable
from xhcredit.jobs.restoration.candidates_spreadsheet import write_xlsx
from xhcredit.restoration.as_json import day_text
from xhcredit.store.core.bureau_scope import BureauScope, is_within
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.restoration.rows import RecordApplication
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import RESTORATION_READ
from xhcredit_serving.dependencies import Reading, ServiceDep, reading_with
from xhcredit_serving.http import examples
from xhcredit_serving.http.paging import PageFields, cursor_mark, start_position
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.restoration import schemas
from xhcredit_serving.service import Service, warehouse_of

#: only where a warehouse is
router = APIRouter(tags=["restoration"])
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: a granted record may be shown no more, also before the night has told the warehouse
_HIDDEN_STATES = ("granted", "published")
_MAX_CACHED_VIEWS = 16  #: of a list, one for each set of bureaus


@dataclass(frozen=True)
class RestorableList:
    """Records in their order, some of them by code, and the streets that they are in.

    ``name`` changes when the data, the day, or who may see what does.
    """

    name: str
    rows: list[RestorableRecord]

    @cached_property
    def by_code(self) -> dict[str, list[RestorableRecord]]:
        """Records of each enterprise."""
        rows_by_code: dict[str, list[RestorableRecord]] = {}
        for row in self.rows:
            rows_by_code.setdefault(row.code, []).append(row)
        return rows_by_code

    @cached_property
    def streets(self) -> list[str]:
        """Streets in which there is anything to restore."""
        return sorted({row.street for row in self.rows} - {""})

    def matching(self, query: RestorableQuery) -> list[RestorableRecord]:
        """Records that match a query."""
        rows = self.by_code.get(query.code, []) if query.code else self.rows
        return [row for row in rows if query.matches(row)]


RecordKey = tuple[str, str, str]
RestorableReading = Annotated[Reading, Depends(reading_with(RESTORATION_READ))]


@dataclass
class RestorableLists:
    """The list of a day, made once for each state of the data; one at a time."""

    _cached: RestorableList = RestorableList("", [])
    _cached_views: dict[tuple[str, BureauScope, frozenset[RecordKey]], RestorableList] = field(
        default_factory=dict
    )
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, service: Service, day: date) -> RestorableList:
        """The whole list."""
        async with self._lock:
            breach_days = await asyncio.to_thread(service.store.applications.breach_day_by_code)
            name = await asyncio.to_thread(_list_version, service, breach_days, day)
            if self._cached.name != name:
                self._cached = RestorableList(
                    name, await asyncio.to_thread(_build_list, service, breach_days, day)
                )
                self._cached_views.clear()
            return self._cached

    async def of_enterprise(self, service: Service, day: date, code: str) -> list[RestorableRecord]:
        """The rows of one enterprise; while the whole list is being made, made for it alone."""
        breach_days = await asyncio.to_thread(service.store.applications.breach_day_by_code)
        cached_list = self._cached
        if cached_list.name == await asyncio.to_thread(_list_version, service, breach_days, day):
            return cached_list.by_code.get(code, [])
        return await asyncio.to_thread(_build_list, service, breach_days, day, code)

    def visible(
        self, whole_list: RestorableList, within: BureauScope, hidden_records: frozenset[RecordKey]
    ) -> RestorableList:
        """Part of a list in scope of a caller, without hidden records."""
        cache_key = whole_list.name, within, hidden_records
        visible_list = self._cached_views.get(cache_key)
        if visible_list is None:
            visible_list = RestorableList(
                whole_list.name, visible_rows(whole_list.rows, within, hidden_records)
            )
            if len(self._cached_views) >= _MAX_CACHED_VIEWS:
                self._cached_views.clear()
            self._cached_views[cache_key] = visible_list
        return visible_list


async def _restorable_lists(request: Request) -> RestorableLists:
    lists: RestorableLists = request.app.state.restorable
    return lists


RestorableListsDep = Annotated[RestorableLists, Depends(_restorable_lists)]


def visible_rows(
    rows: Sequence[RestorableRecord], within: BureauScope, hidden_records: frozenset[RecordKey]
) -> list[RestorableRecord]:
    """Rows in scope of a caller, without hidden records."""
    return [
        row
        for row in rows
        if is_within(row.agency, within) and (row.code, row.table, row.key) not in hidden_records
    ]


def _list_version(service: Service, breach_days: dict[str, date], day: date) -> str:
    """Version of the list of a day: it changes with data, breaches or day."""
    digest = Warehouse(warehouse_of(service)).digest()
    breach_digest = hashlib.sha256(canonical({k: f"{v}" for k, v in breach_days.items()}).encode())
    return f"{digest[:16]}.{breach_digest.hexdigest()[:8]}.{day}"


def _build_list(
    service: Service, breach_days: dict[str, date], day: date, code: str = ""
) -> list[RestorableRecord]:
    """Restorable list of a day without barred enterprises; with a ``code``, of that one alone."""
    warehouse, rules = warehouse_of(service), service.rulebook
    return without_barred(
        find_restorable(warehouse, rules, day, code=code), breach_days, warehouse, rules, day
    )


class RestorableQuery(schemas.Body):
    """Which records."""

    state: list[RestorableState] = Field([], max_length=3)
    table: list[schemas.RecordTable] = Field([], max_length=5)
    street: str = Field("", max_length=100)
    code: str = Field("", max_length=64)

    def matches(self, row: RestorableRecord) -> bool:
        """Whether a record matches the query."""
        return (
            (not self.state or row.state in self.state)
            and (not self.table or row.table in self.table)
            and self.street in ("", row.street)
            and self.code in ("", row.code)
        )


class RestorablePageQuery(RestorableQuery, PageFields):
    """Which records, and which page of them."""

    limit: int = Field(50, ge=1, le=500, description="每页至多几条 / rows of a page")


@router.get(
    "/v1/restoration/restorable-records",
    operation_id="list_restorable_records",
    summary="可修复清单 / who can restore",
    description="现在或三十日内可以修复的记录与所缺事项，供主动提醒；按部门权限过滤。\n\n"
    "Records that can be restored now or within 30 days, and what is missing.",
    responses=declared_problems(400, 404, 422),
)
async def list_restorable_records(
    reading: RestorableReading,
    service: ServiceDep,
    lists: RestorableListsDep,
    page_query: Annotated[RestorablePageQuery, Query()],
) -> schemas.RestorablePage:
    """One page of the list."""
    restorable_list, applications_by_record = await visible_to(lists, service, reading.caller)
    name, matching_rows = restorable_list.name, restorable_list.matching(page_query)
    start = start_position(page_query, page_query.after, name)
    next_position = start + page_query.limit
    rows = matching_rows[start:next_position]
    codes = sorted({row.code for row in rows})
    await service.journal.note(reading.act("records.restorable", codes=codes))
    is_last = next_position >= len(matching_rows)
    return {
        "as_of": service.today().isoformat(),
        "total": len(matching_rows),
        "states": state_counts(matching_rows),
        "records": [_row(row, applications_by_record) for row in rows],
        "next": None if is_last else f"{cursor_mark(page_query, name)}.{next_position}",
    }


@router.get(
    "/v1/restoration/restorable-records.xlsx",
    operation_id="download_restorable_records_xlsx",
    summary="可修复清单（电子表格） / as a spreadsheet",
    description="与 /v1/restoration/restorable-records 相同的筛选。\n\nThe same filters, as XLSX.",
    responses=declared_problems(400, 404, 422) | {200: examples.file_answer(_XLSX)},
    response_class=FileResponse,
)
async def download_restorable_records(
    reading: RestorableReading,
    service: ServiceDep,
    lists: RestorableListsDep,
    query: Annotated[RestorableQuery, Query()],
) -> FileResponse:
    """The whole list as a spreadsheet."""
    return await export(lists, service, reading, query)


async def export(
    lists: RestorableLists, service: Service, reading: Reading, query: RestorableQuery
) -> FileResponse:
    """Matching records as a spreadsheet; noted in the audit log.

    Raises:
        Refusal: another export is being written.
    """
    if service.export_lock.locked():
        raise Refusal("overloaded", "other exports are being written; try again")
    async with service.export_lock:
        restorable_list, _ = await visible_to(lists, service, reading.caller)
        name, matching_rows = restorable_list.name, restorable_list.matching(query)
        file = await asyncio.to_thread(_write_spreadsheet, matching_rows, service.today())
    audit_payload = {"list": name, "rows": len(matching_rows), "asked": query.model_dump()}
    try:
        await service.journal.note(reading.act("records.restorable_xlsx", **audit_payload))
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    delete_file = BackgroundTask(file.unlink, missing_ok=True)
    title = f"restorable-{service.today()}.xlsx"
    return FileResponse(file, filename=title, background=delete_file, media_type=_XLSX)


def _write_spreadsheet(rows: Sequence[RestorableRecord], day: date) -> Path:
    handle, name = tempfile.mkstemp(suffix=".xlsx")
    os.close(handle)
    write_xlsx(rows, Path(name), day)
    return Path(name)


ApplicationsByRecord = dict[tuple[str, str, str], RecordApplication]


async def visible_to(
    lists: RestorableLists, service: Service, caller: Caller
) -> tuple[RestorableList, ApplicationsByRecord]:
    """Restorable list in scope of a caller, and applications by record."""
    whole_list = await lists.of(service, service.today())
    applications_by_record = await asyncio.to_thread(service.store.applications.latest_by_record)
    return lists.visible(
        whole_list, caller.scope(RESTORATION_READ), _hidden_records(applications_by_record)
    ), applications_by_record


def _hidden_records(applications_by_record: ApplicationsByRecord) -> frozenset[RecordKey]:
    """Hidden records: those already restored by an application."""
    return frozenset(
        record for record, step in applications_by_record.items() if step["state"] in _HIDDEN_STATES
    )


async def visible_of_enterprise(
    lists: RestorableLists, service: Service, caller: Caller, code: str
) -> list[RestorableRecord]:
    """Restorable records of one enterprise in scope of a caller, without building the list."""
    rows = await lists.of_enterprise(service, service.today(), code)
    if not rows:
        return rows
    applications_by_record = await asyncio.to_thread(service.store.applications.latest_by_record)
    return visible_rows(
        rows, caller.scope(RESTORATION_READ), _hidden_records(applications_by_record)
    )


def state_counts(rows: Sequence[RestorableRecord]) -> dict[RestorableState, int]:
    """How many records are in each state."""
    counts = Counter(row.state for row in rows)
    return {state: counts[state] for state in get_args(RestorableState)}


def _row(
    row: RestorableRecord, applications_by_record: ApplicationsByRecord
) -> schemas.RestorableRow:
    return {
        "code": row.code,
        "name": row.name,
        "street": row.street,
        "table": row.table,
        "key": json.loads(row.key),
        "reference": row.reference,
        "agency": row.agency,
        "decided_on": row.decided_on.isoformat(),
        "severity": row.severity,
        "state": row.state,
        "earliest_on": day_text(row.earliest_on),
        "publication_ends_on": day_text(row.publication_ends_on),
        "missing": row.missing,
        "rules": row.rules,
        "decides": row.decides,
        "needs_lawyer": row.needs_lawyer,
        "application": applications_by_record.get((row.code, row.table, row.key)),
    }
