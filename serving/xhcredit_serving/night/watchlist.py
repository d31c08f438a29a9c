"""Watchlist over HTTP: the current run, filtered and sorted, paged by keyset or as a file."""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from xhcredit.domain.clock import beijing_time
from xhcredit.errors import BadInput
from xhcredit.ingest.schema import directory
from xhcredit.jobs.documents.pdf import write_pdf
from xhcredit.jobs.documents.spreadsheets import Column, write_csv, write_xlsx
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.store.watchlist import Move, Page, Place, Question, Sort
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import SCORES
from xhcredit_serving.http import examples
from xhcredit_serving.http.json_response import RoundedJSON
from xhcredit_serving.http.problems import Refusal, declared
from xhcredit_serving.night.watchlist_alerts import allowed, marked, words_of
from xhcredit_serving.service import Service, service_of

router = APIRouter(tags=["enterprises"])
Format = Literal["csv", "xlsx", "pdf"]
Words = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)]
#: rows of one spreadsheet; writing more would take minutes
MOST_ROWS = 100_000
#: rows of one printed list, some hundred pages; setting more would take gigabytes
MOST_PRINTED = 2000


class Asked(BaseModel):
    """Watchlist filters; omitted fields do not filter."""

    model_config = ConfigDict(extra="ignore")
    tier: list[Literal["A", "B", "C", "D"]] = Field([], max_length=4, description="等级 / tiers")
    street: Words = Field([], description="街镇 / streets")
    bureau: Words = Field([], description="主管部门 / bureaus")
    kind: Words = Field([], description="主体类型 / legal forms")
    size: Words = Field([], description="规模 / size classes")
    field: Words = Field([], description="适用的专业领域 / X that apply, all of them")
    lowest: float | None = Field(None, ge=-1e9, le=1e9, description="综合分下限 / composite from")
    highest: float | None = Field(None, ge=-1e9, le=1e9, description="综合分上限 / composite to")
    moved: Move | None = Field(None, description="变差、变好、新增 / against the run before")
    alerted: bool = Field(False, description="有未结预警 / with an open alert")
    trigger: Words = Field([], description="预警触发项 / with an open alert of one of these")
    text: str = Field(
        "",
        max_length=100,
        description="代码前六位以上，或名称 / a code's beginning, or a name",
    )
    sort: Sort = Field("composite", description="排序，负号为降序 / a minus sorts downwards")

    def question(self, within: frozenset[str] | None) -> Question:
        """The question to the store; ``within`` are the bureaus that the caller may see."""
        return Question(
            within=within,
            tier=_each(self.tier),
            street=_each(self.street),
            bureau=_each(self.bureau),
            kind=_each(self.kind),
            size=_each(self.size),
            field=_each(self.field),
            lowest=self.lowest,
            highest=self.highest,
            moved=self.moved,
            alerted=self.alerted,
            trigger=_each(self.trigger),
            text=self.text.replace("\0", "").strip(),
            sort=self.sort,
        )


def _each(values: Iterable[str]) -> tuple[str, ...]:
    """Each value once; PostgreSQL takes no NUL in a text."""
    return tuple(sorted({v.replace("\0", "") for v in values}))


class Paged(Asked):
    """A question for one page."""

    limit: int = Field(50, ge=1, le=500, description="每页条数 / rows of a page")
    cursor: str | None = Field(None, max_length=500, description="上一页的 next / next of the page")


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
    def read(cls, text: str, question: Question) -> Place:
        """Where a page ended, by a cursor that was handed out for the same question.

        Raises:
            BadInput: it was not.
        """
        try:
            padded = text.encode() + b"=" * (-len(text) % 4)
            found = cls.model_validate_json(base64.urlsafe_b64decode(padded))
        except (ValueError, ValidationError):
            raise BadInput("this is no cursor; take it from next of the page before") from None
        by_code = question.sort.endswith("code")
        if found.question != question.digest or isinstance(found.key, str) != by_code:
            raise BadInput("the cursor is of another question; keep filters and sort while paging")
        return Place(found.run, found.key, found.code)


@router.get(
    "/v1/watchlist",
    operation_id="watchlist",
    summary="关注名单 / watchlist",
    description="按等级、街镇、部门、领域、分数、变动、未结预警、名称筛选，排序，翻页；"
    "同一次查询各页均出自同一批次，total 为符合条件的总数。默认综合分由低到高。\n\nFiltered, "
    "sorted, paged by cursor; all pages are of one run, total counts all of them. The lowest "
    "composite comes first unless told otherwise. Open alerts are told to whom may read alerts.",
    responses=declared(400, 404, 422) | {200: examples.json_of(examples.WATCHLIST)},
    openapi_extra=examples.with_purpose(),
)
async def watchlist(request: Request, asked: Annotated[Paged, Query()]) -> Response:
    """Enterprises of the current run."""
    service = service_of(request)
    caller, purpose = await service.reader_of_enterprises(request)
    question = allowed(caller, asked.question(caller.scope(SCORES)))
    after = Cursor.read(asked.cursor, question) if asked.cursor else None
    page = await asyncio.to_thread(service.store.watch.page, question, asked.limit, after)
    codes = [row["code"] for row in page.rows]
    seen = {"codes": codes, "run": page.run, "asked": question.told()}
    await service.journal.note(caller.act("enterprise.watchlist", purpose, **seen))
    rows = await asyncio.to_thread(marked, service, caller, page.rows)
    told = {"run": page.run, "total": page.total, "enterprises": rows}
    after_it = _cursor(question, page.after)
    return RoundedJSON({**told, "next": after_it}, headers={"Cache-Control": "no-store"})


def _cursor(question: Question, after: Place | None) -> str | None:
    if after is None:
        return None
    return Cursor(question=question.digest, **after._asdict()).text()


@router.get(
    "/v1/watchlist/export",
    response_class=FileResponse,
    operation_id="watchlist_export",
    summary="导出关注名单 / watchlist as a file",
    description=f"与 /v1/watchlist 同样筛选、排序的全部行；XLSX 至多 {MOST_ROWS} 行，"
    f"PDF 至多 {MOST_PRINTED} 行。"
    "单元格不会作为公式执行。\n\nAll rows that the same filters give, in the same order; a "
    f"spreadsheet holds up to {MOST_ROWS} rows, a PDF up to {MOST_PRINTED}. No cell acts as a "
    "formula.",
    responses=declared(400, 404, 422)
    | {
        200: {
            "description": "文件 / the file",
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": "统一社会信用代码,名称,…"},
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
                    "schema": {"type": "string", "format": "binary"},
                    "example": "PK…",
                },
                "application/pdf": {
                    "schema": {"type": "string", "format": "binary"},
                    "example": "%PDF…",
                },
            },
        }
    },
    openapi_extra=examples.with_purpose(),
)
async def export(
    request: Request,
    asked: Annotated[Asked, Query()],
    format: Annotated[Format, Query(description="文件格式 / format")] = "xlsx",
) -> Response:
    """Export the filtered watchlist as a file."""
    service = service_of(request)
    caller, purpose = await service.reader_of_enterprises(request)
    question = allowed(caller, asked.question(caller.scope(SCORES)))
    return await exported(service, caller, purpose, question, format)


async def exported(
    service: Service, caller: Caller, purpose: str, question: Question, format: Format
) -> Response:
    """All rows of a watchlist query as a file; the export is audited.

    Raises:
        BadInput: more rows than such a file is made for.
        Refusal: another file is being written.
    """
    if service.exporting.locked():
        raise Refusal("overloaded", "other exports are being written; try again")
    async with service.exporting:
        file, page = await asyncio.to_thread(_written, service, question, format, caller)
    # the run and the question name the rows: published rows never change
    seen = {"run": page.run, "rows": page.total, "asked": question.told(), "format": format}
    try:
        await service.journal.note(caller.act("enterprise.watchlist_export", purpose, **seen))
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    name = f"watchlist-run{page.run}.{format}"
    drop = BackgroundTask(file.unlink, missing_ok=True)
    held = {"Cache-Control": "no-store"}
    return FileResponse(
        file, filename=name, headers=held, background=drop, media_type=_TYPES[format]
    )


_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
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


def _written(service: Service, asked: Question, kind: Format, by: Caller) -> tuple[Path, Page]:
    """All rows in a temporary file, and their first page.

    Raises:
        BadInput: more rows than such a file is made for.
    """
    watch = service.store.watch
    first = watch.page(asked, 1)
    _refuse_many(kind, first.total)
    told = f"批次 run {first.run}；{_filters(asked)}"
    made = f"导出 by {by.name}，北京时间 {beijing_time(service.now())}；{MARK}"
    with tempfile.NamedTemporaryFile(suffix=f".{kind}", delete=False) as file:
        path = Path(file.name)
    try:
        rows = _rows(service, by, watch.every(asked, run=first.run))
        columns = list(_COLUMNS.values())
        if kind == "pdf":
            notes = [f"{told}；{first.total} 户 enterprises", made]
            write_pdf(path, "关注名单 watchlist", notes, columns, rows)
        else:
            write = write_csv if kind == "csv" else write_xlsx
            write(path, f"{told}；{made}", columns, rows)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path, first


def _refuse_many(kind: Format, rows: int) -> None:
    most, other = {"xlsx": (MOST_ROWS, "CSV"), "pdf": (MOST_PRINTED, "XLSX or CSV")}.get(
        kind, (rows, "")
    )
    if rows > most:
        raise BadInput(
            f"{rows} rows are too many for one {kind.upper()} file, which holds up to {most}; "
            f"narrow the filter, or take {other}"
        )


def _filters(asked: Question) -> str:
    """Filters of a query in one line."""
    said = {k: v if isinstance(v, list) else [v] for k, v in asked.told().items()}
    return "；".join(f"{k}={','.join(map(str, v))}" for k, v in said.items())


def _rows(service: Service, by: Caller, pages: Iterator[Page]) -> Iterator[list[Any]]:
    """Cells of an export; legal form, size and open alerts as labels."""
    words = {n: dict(directory()["enterprise"].column(n).values) for n in ("kind", "size")}
    for page in pages:
        for row in marked(service, by, page.rows):
            triggers = row["alerts"]["triggers"] if row["alerts"] else []
            told = row | {n: words[n].get(row[n], row[n]) for n in words}
            told["x"] = "；".join(
                f"{n} {s['score']:.1f} ({s['grade']})" for n, s in row["x"].items()
            )
            told["alerts"] = "；".join(w["zh"] for w in words_of(service, triggers).values())
            yield [told[name] for name in _COLUMNS]
