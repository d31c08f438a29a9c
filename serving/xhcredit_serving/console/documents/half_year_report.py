"""Half-year report (半年报) as page, spreadsheet and PDF, with the same tables."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from xhcredit.jobs.half_year_report import (
    Half,
    Report,
    as_pdf,
    as_xlsx,
    half_named,
    half_of,
    half_year,
)
from xhcredit_serving.auth.permissions import ALERTS_READ
from xhcredit_serving.console.shell.language import chosen
from xhcredit_serving.console.shell.layout import Visitor, page
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
_MOST = 8  #: halves that can be chosen by hand; any other one by its address
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/console/report")
async def report(request: Request) -> Response:
    """The page."""
    visitor = await visitor_of(request, ALERTS_READ)
    half, told = await _told(request, visitor)
    await _keep(request, visitor, half, "page")
    chart = _chart(told)
    return page(
        request,
        "report.html",
        visitor,
        told=told,
        half=str(half),
        charts=True,
        chart_told=chart,
        halves=[str(h) for h in _halves(service_of(request))],
    )


@router.get("/console/report.xlsx")
async def spreadsheet(request: Request) -> Response:
    """The same tables as a spreadsheet."""
    visitor = await visitor_of(request, ALERTS_READ)
    half, told = await _told(request, visitor)
    await _keep(request, visitor, half, "xlsx")
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as file:
        path = Path(file.name)
    await asyncio.to_thread(as_xlsx, told, path)
    drop = BackgroundTask(path.unlink, missing_ok=True)
    headers = {"Cache-Control": "no-store"}
    name = f"half-year-{half}.xlsx"
    return FileResponse(path, filename=name, headers=headers, background=drop, media_type=_XLSX)


@router.get("/console/report.pdf")
async def document(request: Request) -> Response:
    """The same tables as a document that can be sent."""
    visitor = await visitor_of(request, ALERTS_READ)
    half, told = await _told(request, visitor)
    await _keep(request, visitor, half, "pdf")
    made = await asyncio.to_thread(as_pdf, told)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="half-year-{half}.pdf"',
    }
    return Response(made, media_type="application/pdf", headers=headers)


async def _told(request: Request, visitor: Visitor) -> tuple[Half, Report]:
    """The half that is asked for, the last one that ended if none is, and its report.

    Raises:
        BadInput: it is no half, or one that has not begun.
    """
    service, wanted = service_of(request), request.query_params.get("half", "")
    today = service.today()
    half = half_named(wanted) if wanted else _halves(service)[1]
    within, zh = visitor.caller.scope(ALERTS_READ), chosen(request) == "zh"
    told = await asyncio.to_thread(half_year, service.store, half, today, within, zh=zh)
    return half, told


def _halves(service: Service) -> list[Half]:
    """Halves that can be chosen, the present one first."""
    found = [half_of(service.today())]
    while len(found) < _MOST:
        year, half = found[-1]
        found.append(Half(year, 1) if half == 2 else Half(year - 1, 2))
    return found


def _chart(told: Report) -> dict[str, object]:
    """Enterprises by tier at the end of the half; empty without a night."""
    tiers = told.sections[0]
    if not tiers.rows:
        return {}
    x, last = tiers.heads[1:-1], tiers.rows[-1][1:-1]
    return {"kind": "bar", "x": x, "series": [{"name": "", "data": last, "colours": x}]}


async def _keep(request: Request, visitor: Visitor, half: Half, form: str) -> None:
    """Write the reading of a report to the audit log."""
    await service_of(request).journal.note(visitor.act("report.read", half=str(half), form=form))
