"""Half-year report (半年报) as page, spreadsheet and PDF, with the same tables."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from xhcredit.jobs.half_year_report import (
    HalfYear,
    Report,
    as_pdf,
    as_xlsx,
    build_report,
    half_of,
    parse_half,
)
from xhcredit_serving.auth.permissions import ALERTS_READ
from xhcredit_serving.console.shell.language import language_of
from xhcredit_serving.console.shell.layout import Visitor, page
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
_MAX_HALVES = 8  #: halves that can be chosen by hand; any other one by its address
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/console/report")
async def report(request: Request) -> Response:
    """The page."""
    visitor = await visitor_of(request, ALERTS_READ)
    half, half_report = await _requested_report(request, visitor)
    await _log_report(request, visitor, half, "page")
    tier_chart = _tier_chart(half_report)
    return page(
        request,
        "report.html",
        visitor,
        report=half_report,
        half=str(half),
        charts=True,
        tier_chart=tier_chart,
        halves=[str(h) for h in _selectable_halves(service_of(request))],
    )


@router.get("/console/report.xlsx")
async def spreadsheet(request: Request) -> Response:
    """The same tables as a spreadsheet."""
    visitor = await visitor_of(request, ALERTS_READ)
    half, half_report = await _requested_report(request, visitor)
    await _log_report(request, visitor, half, "xlsx")
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as file:
        path = Path(file.name)
    await asyncio.to_thread(as_xlsx, half_report, path)
    cleanup_task = BackgroundTask(path.unlink, missing_ok=True)
    headers = {"Cache-Control": "no-store"}
    name = f"half-year-{half}.xlsx"
    return FileResponse(
        path, filename=name, headers=headers, background=cleanup_task, media_type=_XLSX
    )


@router.get("/console/report.pdf")
async def document(request: Request) -> Response:
    """The same tables as a document that can be sent."""
    visitor = await visitor_of(request, ALERTS_READ)
    half, half_report = await _requested_report(request, visitor)
    await _log_report(request, visitor, half, "pdf")
    pdf_bytes = await asyncio.to_thread(as_pdf, half_report)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="half-year-{half}.pdf"',
    }
    return Response(pdf_bytes, media_type="application/pdf", headers=headers)


async def _requested_report(request: Request, visitor: Visitor) -> tuple[HalfYear, Report]:
    """The half that is asked for, the last one that ended if none is, and its report.

    Raises:
        BadInput: it is no half, or one that has not begun.
    """
    service, half_text = service_of(request), request.query_params.get("half", "")
    today = service.today()
    half = parse_half(half_text) if half_text else _selectable_halves(service)[1]
    bureaus, zh = visitor.caller.scope(ALERTS_READ), language_of(request) == "zh"
    half_report = await asyncio.to_thread(build_report, service.store, half, today, bureaus, zh=zh)
    return half, half_report


def _selectable_halves(service: Service) -> list[HalfYear]:
    """Halves that can be chosen, the present one first."""
    halves = [half_of(service.today())]
    while len(halves) < _MAX_HALVES:
        year, half = halves[-1]
        halves.append(HalfYear(year, 1) if half == 2 else HalfYear(year - 1, 2))
    return halves


def _tier_chart(half_report: Report) -> dict[str, object]:
    """Enterprises by tier at the end of the half; empty without a night."""
    tiers = half_report.sections[0]
    if not tiers.rows:
        return {}
    tier_labels, last_counts = tiers.heads[1:-1], tiers.rows[-1][1:-1]
    return {
        "kind": "bar",
        "x": tier_labels,
        "series": [{"name": "", "points": last_counts, "colours": tier_labels}],
    }


async def _log_report(request: Request, visitor: Visitor, half: HalfYear, file_format: str) -> None:
    """Write the reading of a report to the audit log."""
    await service_of(request).journal.note(
        visitor.act("report.read", half=str(half), form=file_format)
    )
