"""Data quality page: deliveries, quarantine by reason, freshness, completeness."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.ingest.quality import summarise
from xhcredit.ingest.reasons import REASONS
from xhcredit.ingest.warehouse import Warehouse
from xhcredit_serving.auth.permissions import CATALOGUE
from xhcredit_serving.console.shell.language import chosen
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
    told = await asyncio.to_thread(summary, folder, Warehouse(folder).digest())
    zh = chosen(request) == "zh"
    shown: dict[str, Any] = {
        "told": told,
        "reasons": _reasons(told, zh),
        "held": _held_back(told, zh),
    }
    return page(request, "quality.html", visitor, charts=True, **shown)


@lru_cache(maxsize=2)
def summary(folder: Path, digest: str) -> dict[str, Any]:
    """Quality summary of a warehouse, cached by its digest."""
    return summarise(Warehouse(folder))


def _reasons(told: dict[str, Any], zh: bool) -> list[dict[str, Any]]:
    """Quarantined rows by reason, with the remedy."""
    return [
        {"reason": reason, "rows": rows, "cure": REASONS[reason][0 if zh else 1].replace("{}", "…")}
        for reason, rows in told["reasons"].items()
    ]


def _held_back(told: dict[str, Any], zh: bool) -> dict[str, Any]:
    """Rows held back by reason, as a chart."""
    return {
        "kind": "bar",
        "flat": True,
        "x": list(told["reasons"]),
        "series": [
            {
                "name": "行数" if zh else "rows",
                "data": list(told["reasons"].values()),
                "colour": "#b35900",
            }
        ],
    }
