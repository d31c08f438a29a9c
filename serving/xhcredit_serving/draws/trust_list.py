"""Trust list over HTTP: remote inspection first, exempt chains, entries and exits with reasons."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import pandas as pd
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.draws.exempt_chains import chain_list, chain_sheet
from xhcredit.jobs.draws.trust_list import trust_list, trust_sheet
from xhcredit.jobs.draws.trust_list_changes import (
    NOT_LISTED,
    ListSheet,
    counts_by_change,
    run_of,
    write_list_file,
)
from xhcredit.store.core.bureau_scope import is_within
from xhcredit.store.core.hash_chain import canonical
from xhcredit_serving.auth.authentication import Caller, purpose_of
from xhcredit_serving.auth.permissions import DRAWS_RUN
from xhcredit_serving.draws.files import TYPES
from xhcredit_serving.http import examples
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.paging import cursor_mark, start_position
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.service import Service, service_of, warehouse_of

#: only where a warehouse is
router = APIRouter(tags=["draws"])
_MAX_CACHED = 4  #: lists that are kept ready
_ROW_COLUMNS = ("code", "name", "bureau", "street", "tier", "move", "reason")
EXAMPLE_ROW = {
    "code": examples.CODE, "name": "上海示例餐饮管理有限公司", "bureau": "市场监管局",
    "street": "香樟街道", "tier": "A", "move": "entered",
    "reason": "低风险且记录清白 low risk and a clean record", "quiet": ["disclosure"],
    "duty": ["food"],
}  # fmt: skip
EXAMPLE_PAGE: dict[str, Any] = {
    "kind": "remote", "as_of": "2026-06-30", "before": "2026-05-31", "total": 1,
    "moves": {"entered": 1, "left": 0, "stays": 0}, "enterprises": [EXAMPLE_ROW], "next": None,
}  # fmt: skip


class TrustListKind(NamedTuple):
    """Kind of trust list: its builder, its spreadsheet, and its extra columns."""

    make: Callable[..., pd.DataFrame]
    sheet: Callable[[date], ListSheet]
    besides: tuple[str, ...]


KINDS = {
    "remote": TrustListKind(trust_list, trust_sheet, ("quiet", "duty")),
    "chains": TrustListKind(chain_list, chain_sheet, ("reviewed_on",)),
}


class TrustListQuery(BaseModel):
    """Trust list query: kind, day and filters."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["remote", "chains"] = Field(
        "remote",
        description="无感监管对象，或免于门店现场核查的连锁食品总部 / remote first, or chains",
    )
    as_of: date | None = Field(None, description="日期，默认当前批次 / default: the current run's")
    before: date | None = Field(
        None, description="与此前某日比较进出 / an earlier day: who came and left since"
    )
    move: list[Literal["entered", "left", "stays"]] = Field([], max_length=3)
    street: str = Field("", max_length=100)


class TrustListPageQuery(TrustListQuery):
    """Which page of it."""

    limit: int = Field(50, ge=1, le=500, description="每页条数 / rows of a page")
    after: str = Field("", max_length=100, description="上一页的 next / next of the page before")


class TrustListExportQuery(TrustListQuery):
    """How it is written."""

    format: Literal["csv", "xlsx"] = Field("xlsx", description="文件格式 / format")


class TrustListOfDay(NamedTuple):
    """A list of a day for a caller; ``name`` changes when data or days do."""

    name: str
    day: date
    table: pd.DataFrame


@dataclass
class TrustLists:
    """Cached trust lists of the whole district, built on demand; one at a time."""

    _cached: dict[str, pd.DataFrame] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, service: Service, query: TrustListQuery) -> TrustListOfDay:
        """Trust list of a day.

        Raises:
            UnknownRecord: no night of one of the days was published.
            RuleNotInForce: there was no such list on one of the days.
        """
        async with self._lock:
            name, day = await asyncio.to_thread(_version_and_day, service, query)
            if name not in self._cached:
                table = await asyncio.to_thread(_build_table, service, query, day)
                self._cached = dict([*self._cached.items()][1 - _MAX_CACHED :]) | {name: table}
            return TrustListOfDay(name, day, self._cached[name])


def _version_and_day(service: Service, query: TrustListQuery) -> tuple[str, date]:
    """Version of the list, which changes with its inputs, and its day."""
    store = service.store
    day = query.as_of or date.fromisoformat(store.reader.current_run()["as_of"])
    # Runs, not days: a day that is published again has another run, and so another version.
    runs = [run_of(store, day_) for day_ in (day, query.before) if day_ is not None]
    parts = [query.kind, runs, Warehouse(warehouse_of(service)).digest()]
    return hashlib.sha256(canonical(parts).encode()).hexdigest()[:16], day


def _build_table(service: Service, query: TrustListQuery, day: date) -> pd.DataFrame:
    arguments = (service.store, warehouse_of(service), service.rulebook, day, query.before)
    table = KINDS[query.kind].make(*arguments)
    return table[table["move"] != NOT_LISTED].reset_index(drop=True)


async def visible_list(request: Request, caller: Caller, query: TrustListQuery) -> TrustListOfDay:
    """Trust list that matches a query, in scope of the caller."""
    lists: TrustLists = request.app.state.trust_lists
    trust_list_of_day = await lists.of(service_of(request), query)
    table, scope = trust_list_of_day.table, caller.scope(DRAWS_RUN)
    row_mask = pd.Series(True, index=table.index)
    if scope is not None:  # who belongs to no bureau is for the whole district's officers
        visible_texts = [text for text in table["bureaus"].unique() if is_within(text, scope)]
        row_mask &= table["bureaus"].isin(visible_texts)
    if query.street:
        row_mask &= table["street"] == query.street
    if query.move:
        row_mask &= table["move"].isin(query.move)
    return trust_list_of_day._replace(table=table[row_mask])


@router.get(
    "/v1/trust-list",
    operation_id="trust_list",
    summary="守信激励名单 / trust rewarded",
    description="无感监管对象（含无事不扰事项），或经评审免于门店现场核查的连锁食品总部；进出及理由。"
    "法定全覆盖检查优先，duty 列明领域。游标翻页，查询留痕。\n\nWho is checked remotely first, or "
    "which chains are exempt from a check of new shops: who came, stayed, left, and why. Coverage "
    "by law goes before; duty names its fields. Paged by cursor; the reading is recorded.",
    responses=declared_problems(400, 404, 422) | {200: examples.json_example(EXAMPLE_PAGE)},
    openapi_extra=examples.purpose_parameters(),
)
async def page(request: Request, page_query: Annotated[TrustListPageQuery, Query()]) -> Response:
    """One page of a list."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    purpose = purpose_of(request.headers)
    trust_list_of_day = await visible_list(request, caller, page_query)
    table, start = (
        trust_list_of_day.table,
        min(
            start_position(page_query, page_query.after, trust_list_of_day.name),
            len(trust_list_of_day.table),
        ),
    )
    next_position = start + page_query.limit
    shown_rows = _records(table.iloc[start:next_position])
    rows = [_row(row, KINDS[page_query.kind].besides) for row in shown_rows]
    response_body = {
        "kind": page_query.kind,
        "as_of": trust_list_of_day.day.isoformat(),
        "before": page_query.before and page_query.before.isoformat(),
        "total": len(table),
        "moves": counts_by_change(table),
        "enterprises": rows,
        "next": f"{cursor_mark(page_query, trust_list_of_day.name)}.{next_position}"
        if next_position < len(table)
        else None,
    }
    audit_payload = {"codes": [row["code"] for row in rows], "kind": page_query.kind}
    await service.journal.note(caller.act("draw.trust", purpose, **audit_payload))
    return RoundedJSON(response_body, headers=NO_STORE)


@router.get(
    "/v1/trust-list/export",
    operation_id="trust_list_export",
    summary="导出守信激励名单 / as a file",
    description="与 /v1/trust-list 相同的筛选；单元格不会作为公式执行。\n\n"
    "The same filters, as XLSX or CSV; no cell acts as a formula.",
    responses=declared_problems(400, 404, 422)
    | {
        200: examples.file_answer(TYPES[".csv"], TYPES[".xlsx"]),
    },
    openapi_extra=examples.purpose_parameters(),
    response_class=Response,
)
async def export(request: Request, query: Annotated[TrustListExportQuery, Query()]) -> Response:
    """The whole list as a file."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    purpose = purpose_of(request.headers)
    if service.export_lock.locked():
        raise Refusal("overloaded", "other exports are being written; try again")
    async with service.export_lock:
        trust_list_of_day = await visible_list(request, caller, query)
        content = await asyncio.to_thread(_file_content, trust_list_of_day, query)
    query_fields = query.model_dump(mode="json", exclude_defaults=True)
    audit_payload = {
        "kind": query.kind,
        "version": trust_list_of_day.name,
        "rows": len(trust_list_of_day.table),
        "asked": query_fields,
    }
    await service.journal.note(caller.act("draw.trust_export", purpose, **audit_payload))
    name = f"{query.kind}-{trust_list_of_day.day}.{query.format}"
    headers = NO_STORE | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=TYPES[f".{query.format}"])


def _file_content(trust_list_of_day: TrustListOfDay, query: TrustListExportQuery) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"list.{query.format}"
        write_list_file(
            trust_list_of_day.table, KINDS[query.kind].sheet(trust_list_of_day.day), file
        )
        return file.read_bytes()


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _row(row: dict[str, Any], extra_columns: tuple[str, ...]) -> dict[str, Any]:
    """Row as JSON; items and fields as lists, an unknown day as None."""
    row_body: dict[str, Any] = {name: row[name] for name in _ROW_COLUMNS}
    for name in extra_columns:
        parts = row[name].split(";") if row[name] else []
        row_body[name] = (row[name] or None) if name == "reviewed_on" else parts
    return row_body
