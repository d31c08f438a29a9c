"""Data quality page: deliveries, quarantine by reason, freshness, completeness."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.ingest.quality import QualitySummary, summarise
from xhcredit.ingest.reasons import REASONS
from xhcredit.ingest.warehouse import Warehouse
from xhcredit_serving.auth.permissions import CATALOGUE
from xhcredit_serving.console.shell.language import language_of
from xhcredit_serving.console.shell.layout import page
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.service import service_of

router = APIRouter(include_in_schema=False)


@router.get("/console/quality")
async def quality(request: Request) -> Response:
    """The page; without a warehouse, the instructions to configure one."""
    visitor = await visitor_of(request, CATALOGUE)
    folder = service_of(request).settings.warehouse
    if folder is None:
        return page(request, "quality_none.html", visitor)
    # Every table is read for it: once for each state of the warehouse, and never in the event
    # loop.
    quality_summary = await asyncio.to_thread(cached_summary, folder, Warehouse(folder).digest())
    zh = language_of(request) == "zh"
    context: dict[str, object] = {
        "quality": quality_summary,
        "reasons": _reason_rows(quality_summary, zh),
        "quarantine_chart": _quarantine_chart(quality_summary, zh),
    }
    return page(request, "quality.html", visitor, charts=True, **context)


@lru_cache(maxsize=2)
def cached_summary(folder: Path, digest: str) -> QualitySummary:
    """Quality summary of a warehouse, cached by its digest."""
    return summarise(Warehouse(folder))


def _reason_rows(quality_summary: QualitySummary, zh: bool) -> list[dict[str, object]]:
    """Quarantined rows by reason, with the remedy."""
    return [
        {"reason": reason, "rows": rows, "cure": REASONS[reason][0 if zh else 1].replace("{}", "…")}
        for reason, rows in quality_summary["reasons"].items()
    ]


def _quarantine_chart(quality_summary: QualitySummary, zh: bool) -> dict[str, object]:
    """Rows held back by reason, as a chart."""
    return {
        "kind": "bar",
        "flat": True,
        "x": list(quality_summary["reasons"]),
        "series": [
            {
                "name": "行数" if zh else "rows",
                "points": list(quality_summary["reasons"].values()),
                "colour": "quarantine",
            }
        ],
    }
