"""Trust list over HTTP: remote inspection first, exempt chains, entries and exits with reasons."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, cast

import pandas as pd
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
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
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import DRAWS_RUN
from xhcredit_serving.dependencies import ServiceDep
from xhcredit_serving.draws.files import TYPES
from xhcredit_serving.draws.routes import OfficerReading
from xhcredit_serving.http import examples
from xhcredit_serving.http.paging import Cursor, cursor_mark, start_position
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.service import Service, warehouse_of

#: only where a warehouse is
router = APIRouter(tags=["draws"])
_MAX_CACHED = 4  #: lists that are kept ready
Change = Literal["entered", "left", "stays"]
Kind = Literal["remote", "chains"]


@closed_row
class TrustListRow(TypedDict):
    """Who is on a trust list, or left it, and why; None: unknown, or not of this kind of list.

    Of remote checks are ``quiet`` (items) and ``duty`` (fields that the law covers in full), of
    chains ``reviewed_on``.
    """

    code: Annotated[str, Field(examples=[examples.CODE])]
    name: str | None
    bureau: str | None
    street: str | None
    tier: str | None
    move: Change
    reason: str
    quiet: Annotated[list[str] | None, Field(description="无事不扰事项 / quiet items")]
    duty: Annotated[list[str] | None, Field(description="法定全覆盖领域 / covered by law")]
    reviewed_on: Annotated[str | None, Field(description="评审日期 / day of the review")]


@closed_row
class ChangeCounts(TypedDict):
    """Entries, exits and stays of a list."""

    entered: int
    left: int
    stays: int


@closed_row
class TrustListPage(TypedDict):
    """A page of a trust list; ``total`` and ``moves`` count the whole list."""

    kind: Kind
    as_of: str
    before: str | None
    total: int
    moves: ChangeCounts
    enterprises: list[TrustListRow]
    next: Cursor


def _text(cell: object) -> str | None:
    """A cell's text; None where the table has none."""
    return cell if isinstance(cell, str) else None


def _row(cells: Mapping[str, object]) -> TrustListRow:
    return {
        "code": str(cells["code"]),
        "name": _text(cells["name"]),
        "bureau": _text(cells["bureau"]),
        "street": _text(cells["street"]),
        "tier": _text(cells["tier"]),
        "move": cast(Change, cells["move"]),
        "reason": str(cells["reason"]),
        "quiet": None,
        "duty": None,
        "reviewed_on": None,
    }


def _remote_row(cells: Mapping[str, object]) -> TrustListRow:
    quiet, duty = (_joined(cells[name]) for name in ("quiet", "duty"))
    return {**_row(cells), "quiet": quiet, "duty": duty}


def _joined(cell: object) -> list[str]:
    """Parts of a cell in which they stand joined."""
    text = _text(cell)
    return text.split(";") if text else []


def _chain_row(cells: Mapping[str, object]) -> TrustListRow:
    return {**_row(cells), "reviewed_on": _text(cells["reviewed_on"]) or None}


class TrustListKind(NamedTuple):
    """Kind of trust list: its builder, its spreadsheet, and its rows."""

    make: Callable[..., pd.DataFrame]
    sheet: Callable[[date], ListSheet]
    row: Callable[[Mapping[str, object]], TrustListRow]


KINDS = {
    "remote": TrustListKind(trust_list, trust_sheet, _remote_row),
    "chains": TrustListKind(chain_list, chain_sheet, _chain_row),
}


class TrustListQuery(BaseModel):
    """Trust list query: kind, day and filters."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = Field(
        "remote",
        description="无感监管对象，或免于门店现场核查的连锁食品总部 / remote first, or chains",
    )
    as_of: date | None = Field(None, description="日期，默认当前批次 / default: the current run's")
    before: date | None = Field(
        None, description="与此前某日比较进出 / an earlier day: who came and left since"
    )
    move: list[Change] = Field([], max_length=3)
    street: str = Field("", max_length=100)


class TrustListPageQuery(TrustListQuery):
    """Which page of it."""

    limit: int = Field(50, ge=1, le=500, description="每页条数 / rows of a page")
    after: str = Field("", max_length=100, description="上一页的 next / next of the page before")


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


async def _trust_lists(request: Request) -> TrustLists:
    lists: TrustLists = request.app.state.trust_lists
    return lists


TrustListsDep = Annotated[TrustLists, Depends(_trust_lists)]


async def _visible_list(
    lists: TrustLists, service: Service, caller: Caller, query: TrustListQuery
) -> TrustListOfDay:
    """Trust list that matches a query, in scope of the caller."""
    trust_list_of_day = await lists.of(service, query)
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
    operation_id="list_trusted_enterprises",
    summary="守信激励名单 / trust rewarded",
    description="无感监管对象（含无事不扰事项），或经评审免于门店现场核查的连锁食品总部；进出及理由。"
    "法定全覆盖检查优先，duty 列明领域。游标翻页，查询留痕。\n\nWho is checked remotely first, or "
    "which chains are exempt from a check of new shops: who came, stayed, left, and why. Coverage "
    "by law goes before; duty names its fields. Paged by cursor; the reading is recorded.",
    responses=declared_problems(400, 404, 422),
)
async def list_trusted_enterprises(
    reading: OfficerReading,
    service: ServiceDep,
    lists: TrustListsDep,
    page_query: Annotated[TrustListPageQuery, Query()],
) -> TrustListPage:
    """One page of a list."""
    day_list = await _visible_list(lists, service, reading.caller, page_query)
    table = day_list.table
    start = min(start_position(page_query, page_query.after, day_list.name), len(table))
    end = start + page_query.limit
    shown_rows = table.iloc[start:end].to_dict("records")
    make_row = KINDS[page_query.kind].row
    rows = [make_row({str(k): v for k, v in cells.items()}) for cells in shown_rows]
    codes = [row["code"] for row in rows]
    await service.journal.note(reading.act("draw.trust", codes=codes, kind=page_query.kind))
    next_cursor = f"{cursor_mark(page_query, day_list.name)}.{end}" if end < len(table) else None
    return {
        "kind": page_query.kind,
        "as_of": day_list.day.isoformat(),
        "before": page_query.before.isoformat() if page_query.before else None,
        "total": len(table),
        "moves": cast(ChangeCounts, counts_by_change(table)),
        "enterprises": rows,
        "next": next_cursor,
    }


def _download_route(ending: str) -> Callable[..., Awaitable[Response]]:
    async def download(
        reading: OfficerReading,
        service: ServiceDep,
        lists: TrustListsDep,
        query: Annotated[TrustListQuery, Query()],
    ) -> Response:
        if service.export_lock.locked():
            raise Refusal("overloaded", "other exports are being written; try again")
        async with service.export_lock:
            day_list = await _visible_list(lists, service, reading.caller, query)
            content = await asyncio.to_thread(_file_content, day_list, query.kind, ending)
        query_fields = query.model_dump(mode="json", exclude_defaults=True) | {"format": ending}
        export_act = reading.act(
            "draw.trust_export",
            kind=query.kind,
            version=day_list.name,
            rows=len(day_list.table),
            asked=query_fields,
        )
        await service.journal.note(export_act)
        name = f"{query.kind}-{day_list.day}.{ending}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, headers=headers, media_type=TYPES[f".{ending}"])

    download.__doc__ = f"The whole list as {ending.upper()}."
    return download


for _ending in ("csv", "xlsx"):
    router.get(
        f"/v1/trust-list.{_ending}",
        operation_id=f"download_trust_list_{_ending}",
        summary=f"导出守信激励名单 / as {_ending.upper()}",
        description="与 /v1/trust-list 相同的筛选；单元格不会作为公式执行；查询留痕。\n\n"
        "The filters of /v1/trust-list; no cell acts as a formula; the reading is recorded.",
        responses=declared_problems(400, 404, 422)
        | {200: examples.file_answer(TYPES[f".{_ending}"])},
        response_class=Response,
    )(_download_route(_ending))


def _file_content(day_list: TrustListOfDay, kind: Kind, ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"list.{ending}"
        write_list_file(day_list.table, KINDS[kind].sheet(day_list.day), file)
        return file.read_bytes()
