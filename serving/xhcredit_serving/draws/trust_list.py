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

from xhcredit.errors import BadInput
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.draws.exempt_chains import chain_list, chain_sheet
from xhcredit.jobs.draws.trust_list import trust_list, trust_sheet
from xhcredit.jobs.draws.trust_list_changes import OUT, Sheet, counted, run_of, write_one
from xhcredit.store.core.hash_chain import canonical
from xhcredit_serving.auth.authentication import Caller, purpose_of
from xhcredit_serving.auth.permissions import DRAWS_RUN
from xhcredit_serving.draws.files import TYPES
from xhcredit_serving.http import examples
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import Refusal, declared
from xhcredit_serving.service import Service, service_of, warehouse_of

#: only where a warehouse is
router = APIRouter(tags=["draws"])
_MOST = 4  #: lists that are kept ready
_TOLD = ("code", "name", "bureau", "street", "tier", "move", "reason")
ROW = {
    "code": examples.CODE, "name": "上海示例餐饮管理有限公司", "bureau": "市场监管局",
    "street": "香樟街道", "tier": "A", "move": "entered",
    "reason": "低风险且记录清白 low risk and a clean record", "quiet": ["disclosure"],
    "duty": ["food"],
}  # fmt: skip
PAGE: dict[str, Any] = {
    "kind": "remote", "as_of": "2026-06-30", "before": "2026-05-31", "total": 1,
    "moves": {"entered": 1, "left": 0, "stays": 0}, "enterprises": [ROW], "next": None,
}  # fmt: skip


class Kind(NamedTuple):
    """Kind of trust list: its builder, its spreadsheet, and its extra columns."""

    make: Callable[..., pd.DataFrame]
    sheet: Callable[[date], Sheet]
    besides: tuple[str, ...]


KINDS = {
    "remote": Kind(trust_list, trust_sheet, ("quiet", "duty")),
    "chains": Kind(chain_list, chain_sheet, ("reviewed_on",)),
}


class Asked(BaseModel):
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


class Page(Asked):
    """Which page of it."""

    limit: int = Field(50, ge=1, le=500, description="每页条数 / rows of a page")
    after: str = Field("", max_length=100, description="上一页的 next / next of the page before")


class Export(Asked):
    """How it is written."""

    format: Literal["csv", "xlsx"] = Field("xlsx", description="文件格式 / format")


class Found(NamedTuple):
    """A list of a day for a caller; ``name`` changes when data or days do."""

    name: str
    day: date
    table: pd.DataFrame


@dataclass
class Lists:
    """Cached trust lists of the whole district, built on demand; one at a time."""

    _kept: dict[str, pd.DataFrame] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, service: Service, asked: Asked) -> Found:
        """Trust list of a day.

        Raises:
            UnknownRecord: no night of one of the days was published.
            RuleNotInForce: there was no such list on one of the days.
        """
        async with self._turn:
            name, day = await asyncio.to_thread(_named, service, asked)
            if name not in self._kept:
                made = await asyncio.to_thread(_made, service, asked, day)
                self._kept = dict([*self._kept.items()][1 - _MOST :]) | {name: made}
            return Found(name, day, self._kept[name])


def _named(service: Service, asked: Asked) -> tuple[str, date]:
    """Version of the list, which changes with its inputs, and its day."""
    store = service.store
    day = asked.as_of or date.fromisoformat(store.reader.current_run()["as_of"])
    runs = [run_of(store, d) for d in (day, asked.before) if d is not None]
    parts = [asked.kind, runs, Warehouse(warehouse_of(service)).digest()]
    return hashlib.sha256(canonical(parts).encode()).hexdigest()[:16], day


def _made(service: Service, asked: Asked, day: date) -> pd.DataFrame:
    given = (service.store, warehouse_of(service), service.rulebook, day, asked.before)
    table = KINDS[asked.kind].make(*given)
    return table[table["move"] != OUT].reset_index(drop=True)


async def found_for(request: Request, caller: Caller, asked: Asked) -> Found:
    """Trust list that matches a query, in scope of the caller."""
    lists: Lists = request.app.state.trust_lists
    found = await lists.of(service_of(request), asked)
    table, scope = found.table, caller.scope(DRAWS_RUN)
    wanted = pd.Series(True, index=table.index)
    if scope is not None:  # who belongs to no bureau is for the whole district's officers
        wanted &= table["bureau"].isin(scope) & (table["bureau"] != "")
    if asked.street:
        wanted &= table["street"] == asked.street
    if asked.move:
        wanted &= table["move"].isin(asked.move)
    return found._replace(table=table[wanted])


@router.get(
    "/v1/trust-list",
    operation_id="trust_list",
    summary="守信激励名单 / trust rewarded",
    description="无感监管对象（含无事不扰事项），或经评审免于门店现场核查的连锁食品总部；进出及理由。"
    "法定全覆盖检查优先，duty 列明领域。游标翻页，查询留痕。\n\nWho is checked remotely first, or "
    "which chains are exempt from a check of new shops: who came, stayed, left, and why. Coverage "
    "by law goes before; duty names its fields. Paged by cursor; the reading is recorded.",
    responses=declared(400, 404, 422) | {200: examples.json_of(PAGE)},
    openapi_extra=examples.with_purpose(),
)
async def page(request: Request, asked: Annotated[Page, Query()]) -> Response:
    """One page of a list."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    purpose = purpose_of(request.headers)
    found = await found_for(request, caller, asked)
    table, start = found.table, min(_start(asked, found.name), len(found.table))
    more = start + asked.limit
    shown = _records(table.iloc[start:more])
    rows = [_row(row, KINDS[asked.kind].besides) for row in shown]
    told = {
        "kind": asked.kind,
        "as_of": found.day.isoformat(),
        "before": asked.before and asked.before.isoformat(),
        "total": len(table),
        "moves": counted(table),
        "enterprises": rows,
        "next": f"{_mark(asked, found.name)}.{more}" if more < len(table) else None,
    }
    seen = {"codes": [row["code"] for row in rows], "kind": asked.kind}
    await service.journal.note(caller.act("draw.trust", purpose, **seen))
    return RoundedJSON(told, headers=NO_STORE)


@router.get(
    "/v1/trust-list/export",
    operation_id="trust_list_export",
    summary="导出守信激励名单 / as a file",
    description="与 /v1/trust-list 相同的筛选；单元格不会作为公式执行。\n\n"
    "The same filters, as XLSX or CSV; no cell acts as a formula.",
    responses=declared(400, 404, 422)
    | {
        200: {
            "description": "文件 / the file",
            "content": {
                TYPES[".csv"]: {"schema": {"type": "string", "format": "binary"}},
                TYPES[".xlsx"]: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
    openapi_extra=examples.with_purpose(),
    response_class=Response,
)
async def export(request: Request, asked: Annotated[Export, Query()]) -> Response:
    """The whole list as a file."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    purpose = purpose_of(request.headers)
    if service.exporting.locked():
        raise Refusal("overloaded", "other exports are being written; try again")
    async with service.exporting:
        found = await found_for(request, caller, asked)
        data = await asyncio.to_thread(_written, found, asked)
    said = asked.model_dump(mode="json", exclude_defaults=True)
    seen = {"kind": asked.kind, "version": found.name, "rows": len(found.table), "asked": said}
    await service.journal.note(caller.act("draw.trust_export", purpose, **seen))
    name = f"{asked.kind}-{found.day}.{asked.format}"
    headers = NO_STORE | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, headers=headers, media_type=TYPES[f".{asked.format}"])


def _written(found: Found, asked: Export) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"list.{asked.format}"
        write_one(found.table, KINDS[asked.kind].sheet(found.day), file)
        return file.read_bytes()


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _row(row: dict[str, Any], besides: tuple[str, ...]) -> dict[str, Any]:
    """Row as JSON; items and fields as lists, an unknown day as None."""
    told: dict[str, Any] = {name: row[name] for name in _TOLD}
    for name in besides:
        parts = row[name].split(";") if row[name] else []
        told[name] = (row[name] or None) if name == "reviewed_on" else parts
    return told


def _mark(asked: Page, name: str) -> str:
    """Cursor mark of a page: digest of list version and query."""
    question = asked.model_dump(mode="json", exclude={"after", "limit"})
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
