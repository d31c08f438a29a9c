"""Watchlist over HTTP: the current run, filtered and sorted, paged by keyset or as a file."""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from xhcredit.domain.clock import beijing_time
from xhcredit.errors import BadInput
from xhcredit.ingest.schema import directory
from xhcredit.jobs.documents.pdf import write_pdf
from xhcredit.jobs.documents.spreadsheets import Column, write_csv, write_xlsx
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.store.watchlist import Move, PagePosition, Sort, WatchlistPage, WatchlistQuery
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import SCORES
from xhcredit_serving.dependencies import Reading, ServiceDep, reading_with
from xhcredit_serving.http.examples import file_answer
from xhcredit_serving.http.paging import After
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.night.schemas import WatchlistAnswer
from xhcredit_serving.night.watchlist_alerts import (
    restrict_to_alert_readers,
    trigger_labels,
    with_open_alerts,
)
from xhcredit_serving.service import Service

router = APIRouter(tags=["enterprises"])
Format = Literal["csv", "xlsx", "pdf"]
ScoreReading = Annotated[Reading, Depends(reading_with(SCORES))]
TextList = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)]
#: rows of one spreadsheet; writing more would take minutes
MAX_SHEET_ROWS = 100_000
#: rows of one printed list, some hundred pages; setting more would take gigabytes
MAX_PDF_ROWS = 2000


_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


class WatchlistFilters(BaseModel):
    """Watchlist filters; omitted fields do not filter."""

    model_config = ConfigDict(extra="ignore")
    tier: list[Literal["A", "B", "C", "D"]] = Field([], max_length=4, description="等级 / tiers")
    street: TextList = Field([], description="街镇 / streets")
    bureau: TextList = Field([], description="监管部门 / supervised by one of these")
    kind: TextList = Field([], description="主体类型 / legal forms")
    size: TextList = Field([], description="规模 / size classes")
    field: TextList = Field([], description="适用的专业领域 / X that apply, all of them")
    lowest: float | None = Field(None, ge=-1e9, le=1e9, description="综合分下限 / composite from")
    highest: float | None = Field(None, ge=-1e9, le=1e9, description="综合分上限 / composite to")
    moved: Move | None = Field(None, description="变差、变好、新增 / against the run before")
    alerted: bool = Field(False, description="有未结预警 / with an open alert")
    trigger: TextList = Field([], description="预警触发项 / with an open alert of one of these")
    text: str = Field(
        "",
        max_length=100,
        description="代码前六位以上，或名称 / a code's beginning, or a name",
    )
    sort: Sort = Field("composite", description="排序，负号为降序 / a minus sorts downwards")

    def to_query(self, within: frozenset[str] | None) -> WatchlistQuery:
        """The question to the store; ``within`` are the bureaus that the caller may see."""
        return WatchlistQuery(
            within=within,
            tier=_distinct(self.tier),
            street=_distinct(self.street),
            bureau=_distinct(self.bureau),
            kind=_distinct(self.kind),
            size=_distinct(self.size),
            field=_distinct(self.field),
            lowest=self.lowest,
            highest=self.highest,
            moved=self.moved,
            alerted=self.alerted,
            trigger=_distinct(self.trigger),
            text=self.text.replace("\0", "").strip(),
            sort=self.sort,
        )


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    """Each value once; PostgreSQL takes no NUL in a text."""
    return tuple(sorted({v.replace("\0", "") for v in values}))


class WatchlistPageQuery(WatchlistFilters):
    """A question for one page."""

    limit: int = Field(50, ge=1, le=500, description="每页条数 / rows of a page")
    after: After = ""


class Cursor(BaseModel):
    """Where a page ended, and of which question it is a page."""

    model_config = ConfigDict(extra="forbid", strict=True)
    question: str
    run: int = Field(ge=1, le=2**53)
    key: float | str
    code: str

    def text(self) -> str:
        """The cursor as it is handed out."""
        return base64.urlsafe_b64encode(self.model_dump_json().encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, query: WatchlistQuery) -> PagePosition:
        """Where a page ended, by a cursor that was handed out for the same question.

        Raises:
            BadInput: it was not.
        """
        try:
            padded_text = text.encode() + b"=" * (-len(text) % 4)
            cursor = cls.model_validate_json(base64.urlsafe_b64decode(padded_text))
        except (ValueError, ValidationError):
            raise BadInput("this is no cursor; take it from next of the page before") from None
        by_code = query.sort.endswith("code")
        if cursor.question != query.digest or isinstance(cursor.key, str) != by_code:
            raise BadInput("the cursor is of another question; keep filters and sort while paging")
        return PagePosition(cursor.run, cursor.key, cursor.code)


@router.get(
    "/v1/watchlist",
    operation_id="list_watchlist",
    summary="关注名单 / watchlist",
    description="按等级、街镇、部门、领域、分数、变动、未结预警、名称筛选，排序，翻页；"
    "同一次查询各页均出自同一批次，total 为符合条件的总数。默认综合分由低到高。\n\nFiltered, "
    "sorted, paged by cursor; all pages are of one run, total counts all of them. The lowest "
    "composite comes first unless told otherwise. Open alerts are told to whom may read alerts.",
    responses=declared_problems(400, 404, 422),
)
async def list_watchlist(
    reading: ScoreReading, service: ServiceDep, page_query: Annotated[WatchlistPageQuery, Query()]
) -> WatchlistAnswer:
    """Enterprises of the current run."""
    caller = reading.caller
    query = restrict_to_alert_readers(caller, page_query.to_query(caller.scope(SCORES)))
    after_position = Cursor.read(page_query.after, query) if page_query.after else None
    page = await asyncio.to_thread(
        service.store.watchlist.page, query, page_query.limit, after_position
    )
    codes = [row["code"] for row in page.rows]
    await service.journal.note(
        reading.act("enterprise.watchlist", codes=codes, run=page.run, asked=query.as_json())
    )
    rows = await asyncio.to_thread(with_open_alerts, service, caller, page.rows)
    next_cursor = _cursor(query, page.after)
    return {"run": page.run, "total": page.total, "enterprises": rows, "next": next_cursor}


def _cursor(query: WatchlistQuery, after_position: PagePosition | None) -> str | None:
    if after_position is None:
        return None
    return Cursor(question=query.digest, **after_position._asdict()).text()


def _add_download(file_format: Format, limit_zh: str, limit_en: str) -> None:
    """Route of the list as a file of one type."""

    @router.get(
        f"/v1/watchlist.{file_format}",
        response_class=FileResponse,
        operation_id=f"download_watchlist_{file_format}",
        summary=f"导出关注名单（{file_format.upper()}） / watchlist as {file_format.upper()}",
        description=f"与 /v1/watchlist 同样筛选、排序的全部行{limit_zh}。单元格不会作为公式执行。"
        f"\n\nAll rows that the same filters give, in the same order{limit_en}. No cell acts as a "
        "formula.",
        responses=declared_problems(400, 404, 422) | {200: file_answer(_TYPES[file_format])},
    )
    async def download(
        reading: ScoreReading, service: ServiceDep, filters: Annotated[WatchlistFilters, Query()]
    ) -> Response:
        """All rows of the filtered watchlist."""
        caller = reading.caller
        query = restrict_to_alert_readers(caller, filters.to_query(caller.scope(SCORES)))
        return await export_file(service, caller, reading.purpose, query, file_format)


_add_download("csv", "", "")
_add_download("xlsx", f"，至多 {MAX_SHEET_ROWS} 行", f", up to {MAX_SHEET_ROWS}")
_add_download("pdf", f"，至多 {MAX_PDF_ROWS} 行", f", up to {MAX_PDF_ROWS}")


async def export_file(
    service: Service, caller: Caller, purpose: str, query: WatchlistQuery, format: Format
) -> Response:
    """All rows of a watchlist query as a file; the export is audited.

    Raises:
        BadInput: more rows than such a file is made for.
        Refusal: another file is being written.
    """
    if service.export_lock.locked():
        raise Refusal("overloaded", "other exports are being written; try again")
    async with service.export_lock:
        file, page = await asyncio.to_thread(_write_file, service, query, format, caller)
    # the run and the question name the rows: published rows never change
    audit_payload = {
        "run": page.run,
        "rows": page.total,
        "asked": query.as_json(),
        "format": format,
    }
    try:
        await service.journal.note(
            caller.act("enterprise.watchlist_export", purpose, **audit_payload)
        )
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    name = f"watchlist-run{page.run}.{format}"
    delete_file = BackgroundTask(file.unlink, missing_ok=True)
    return FileResponse(file, filename=name, background=delete_file, media_type=_TYPES[format])


_COLUMNS = {
    "code": Column("统一社会信用代码", 22),
    "name": Column("名称", 36),
    "bureau": Column("主管部门", 18),
    "street": Column("街镇", 14),
    "kind": Column("主体类型", 12),
    "size": Column("规模", 8),
    "tier": Column("等级", 6),
    "previous_tier": Column("上一批次等级", 12),
    "composite": Column("综合分", 10),
    "moved": Column("较上一批次", 10),
    "general": Column("通用分", 10),
    "x": Column("专业领域分（等级）", 40),
    "alerts": Column("未结预警", 40),
}


def _write_file(
    service: Service, query: WatchlistQuery, kind: Format, caller: Caller
) -> tuple[Path, WatchlistPage]:
    """All rows in a temporary file, and their first page.

    Raises:
        BadInput: more rows than such a file is made for.
    """
    watchlist_reader = service.store.watchlist
    first_page = watchlist_reader.page(query, 1)
    _refuse_too_many(kind, first_page.total)
    filter_note = f"批次 run {first_page.run}；{_filters(query)}"
    export_note = f"导出 by {caller.name}，北京时间 {beijing_time(service.moment())}；{MARK}"
    with tempfile.NamedTemporaryFile(suffix=f".{kind}", delete=False) as file:
        path = Path(file.name)
    try:
        rows = _rows(service, caller, watchlist_reader.pages(query, run=first_page.run))
        columns = list(_COLUMNS.values())
        if kind == "pdf":
            notes = [f"{filter_note}；{first_page.total} 户 enterprises", export_note]
            write_pdf(path, "关注名单 watchlist", notes, columns, rows)
        else:
            write_table = write_csv if kind == "csv" else write_xlsx
            write_table(path, f"{filter_note}；{export_note}", columns, rows)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path, first_page


def _refuse_too_many(kind: Format, rows: int) -> None:
    max_rows, other_formats = {
        "xlsx": (MAX_SHEET_ROWS, "CSV"),
        "pdf": (MAX_PDF_ROWS, "XLSX or CSV"),
    }.get(kind, (rows, ""))
    if rows > max_rows:
        raise BadInput(
            f"{rows} rows are too many for one {kind.upper()} file, which holds up to {max_rows}; "
            f"narrow the filter, or take {other_formats}"
        )


def _filters(query: WatchlistQuery) -> str:
    """Filters of a query in one line."""
    filter_values = {k: v if isinstance(v, list) else [v] for k, v in query.as_json().items()}
    return "；".join(f"{k}={','.join(map(str, v))}" for k, v in filter_values.items())


def _rows(
    service: Service, caller: Caller, pages: Iterator[WatchlistPage]
) -> Iterator[list[object]]:
    """Cells of an export; legal form, size and open alerts as labels."""
    labels_by_column: dict[str, dict[object, str]] = {
        n: dict(directory()["enterprise"].column(n).values) for n in ("kind", "size")
    }
    for page in pages:
        for row in with_open_alerts(service, caller, page.rows):
            triggers = row["alerts"]["triggers"] if row["alerts"] else []
            cells: dict[str, object] = {**row}
            cells |= {n: labels.get(cells[n], cells[n]) for n, labels in labels_by_column.items()}
            cells["x"] = "；".join(
                f"{n} {s['score']:.1f} ({s['grade']})" for n, s in row["x"].items()
            )
            cells["alerts"] = "；".join(w["zh"] for w in trigger_labels(service, triggers).values())
            yield [cells[name] for name in _COLUMNS]
