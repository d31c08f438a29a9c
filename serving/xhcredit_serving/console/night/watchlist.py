"""Watchlist page: enterprises by risk, with charts; every filter is in the query string."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import cast, get_args

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from xhcredit.domain.codes import normalised, problem_with
from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.store.watchlist import Move, PagePosition, Sort, WatchlistPage, WatchlistQuery
from xhcredit.tiers.assign import TIERS
from xhcredit_serving.auth.permissions import ALERTS_READ, SCORES
from xhcredit_serving.console.shell.layout import Visitor, page, redirect_to, with_query
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.night.saved_views import ANY, normalized_query, views_of
from xhcredit_serving.night.watchlist import MAX_PDF_ROWS, Format, export_file
from xhcredit_serving.night.watchlist_alerts import (
    restrict_to_alert_readers,
    trigger_labels,
    with_open_alerts,
)
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
PAGE_ROWS = 50
MOVES = {"worse": "Tier got worse", "better": "Tier got better", "new": "New in this run"}
_LIST_FILTERS = ("tier", "street", "bureau", "kind", "size", "field")


@router.get("/console/watchlist")
async def watchlist(request: Request) -> Response:
    """The list with its charts; a whole code in the search goes straight to the enterprise."""
    visitor = await visitor_of(request, SCORES)
    search_text = normalised(request.query_params.get("text", "").strip())
    code_problem = _code_problem(search_text)
    if len(search_text) == 18 and code_problem is None:
        return redirect_to(request, f"/console/enterprises/{search_text}")
    service = service_of(request)
    list_query = watchlist_query(request.query_params, visitor)
    try:
        list_page, context = await asyncio.to_thread(_list_context, request, service, list_query)
    except UnknownRecord:
        return page(request, "watchlist_none.html", visitor)
    await _log_viewed(service, visitor, list_query, list_page)
    alert_context = await asyncio.to_thread(_alert_context, service, visitor, list_page)
    alert_context["views"] = await asyncio.to_thread(views_of, service, visitor.caller)
    alert_context["query"] = _savable_query(request)
    context |= {
        "page": list_page,
        "watchlist_query": list_query,
        "wrong": code_problem,
        "text": search_text,
        **alert_context,
    }
    return page(request, "watchlist.html", visitor, charts=True, **context)


@router.get("/console/watchlist.xlsx")
async def spreadsheet(request: Request) -> Response:
    """The filtered watchlist as a spreadsheet."""
    return await _export(request, "xlsx")


@router.get("/console/watchlist.pdf")
async def document(request: Request) -> Response:
    """The filtered watchlist as a PDF."""
    return await _export(request, "pdf")


async def _export(request: Request, file_format: Format) -> Response:
    visitor = await visitor_of(request, SCORES)
    list_query = watchlist_query(request.query_params, visitor)
    return await export_file(
        service_of(request), visitor.caller, visitor.purpose, list_query, file_format
    )


def watchlist_query(query_params: QueryParams, visitor: Visitor) -> WatchlistQuery:
    """Watchlist query of a query string; unknown values are ignored."""
    list_filters = {k: tuple(v for v in query_params.getlist(k) if v) for k in _LIST_FILTERS}
    sort, tier_move = query_params.get("sort", ""), query_params.get("moved", "")
    # Without the right the filter is not read: what it leaves would tell who is warned about.
    alert_filter = _alert_filter(query_params) if ALERTS_READ in visitor.caller.permissions else ""
    list_query = WatchlistQuery(
        within=visitor.caller.scope(SCORES),
        moved=cast(Move, tier_move) if tier_move in get_args(Move) else None,
        text=query_params.get("text", "").strip()[:80],
        sort=cast(Sort, sort) if sort in get_args(Sort) else "composite",
        alerted=alert_filter == ANY,
        trigger=(alert_filter,) if alert_filter not in ("", ANY) else (),
        tier=tuple(t for t in list_filters["tier"] if t in TIERS),
        street=list_filters["street"],
        bureau=list_filters["bureau"],
        kind=list_filters["kind"],
        size=list_filters["size"],
        field=list_filters["field"],
    )
    return restrict_to_alert_readers(visitor.caller, list_query)


def _savable_query(request: Request) -> str:
    """The filters as a view would hold them; nothing where they are too many for one."""
    try:
        return normalized_query(request.url.query)
    except BadInput:
        return ""


def _alert_filter(query_params: QueryParams) -> str:
    """Alert filter: none, any, or a trigger; accepts page and API parameter names."""
    if query_params.get("alerted") in ("1", "true"):
        return ANY
    return (query_params.get("alert") or query_params.get("trigger") or "")[:100]


def _list_context(
    request: Request, service: Service, list_query: WatchlistQuery
) -> tuple[WatchlistPage, dict[str, object]]:
    """A page of the list, and what else is shown with it: charts and choices of the filters."""
    watchlist_store, unfiltered_query = (
        service.store.watchlist,
        WatchlistQuery(within=list_query.within),
    )
    list_page = watchlist_store.page(
        list_query, PAGE_ROWS, _cursor_of(request.query_params.get("after", ""))
    )
    # Without its own filter: the chart chooses the tier, and would show the chosen bar only.
    tiers = watchlist_store.counts(replace(list_query, tier=()), "tier")
    streets = watchlist_store.counts(replace(list_query, street=(), tier=()), "street", "tier")
    choices_by_filter = {
        k: [v for (v,) in watchlist_store.counts(unfiltered_query, k) if v]
        for k in ("street", "kind", "size")
    }
    fields = sorted(
        {
            f
            for (f,) in watchlist_store.counts(unfiltered_query, "fields")
            for f in f.split(";")
            if f
        }
    )
    return list_page, {
        "paged": "after" in request.query_params,
        "query_text": request.url.query,
        "most_printed": MAX_PDF_ROWS,
        "next_page": with_query(request, after=_cursor_text(list_page.after))
        if list_page.after
        else None,
        "tier_chart": _tier_chart(request, tiers),
        "street_chart": _street_chart(request, streets),
        "choices": choices_by_filter | {"field": fields},
        "moves": MOVES,
    }


def _alert_context(
    service: Service, visitor: Visitor, list_page: WatchlistPage
) -> dict[str, object]:
    """Rows with their open alerts, and the triggers to filter by; none without the right."""
    may_read_alerts = ALERTS_READ in visitor.caller.permissions
    scope = visitor.caller.scope(ALERTS_READ)
    triggers = service.store.watchlist.triggers(scope) if may_read_alerts else []
    rows = with_open_alerts(service, visitor.caller, list_page.rows)
    trigger_names = {t for row in rows if row["alerts"] for t in row["alerts"]["triggers"]}
    return {
        "rows": rows,
        "may_warn": may_read_alerts,
        "triggers": triggers,
        "named": trigger_labels(service, [*trigger_names, *triggers]),
    }


def _tier_chart(request: Request, count_by_tier: dict[tuple[str, ...], int]) -> dict[str, object]:
    """Enterprises by tier; a bar is a filter."""
    tier_counts = [count_by_tier.get((tier,), 0) for tier in TIERS]
    links = [with_query(request, tier=[tier], after=None) for tier in TIERS]
    series = [{"name": "", "points": tier_counts, "colours": list(TIERS)}]
    return {"kind": "bar", "x": list(TIERS), "series": series, "links": links}


def _street_chart(
    request: Request, count_by_street_tier: dict[tuple[str, ...], int]
) -> dict[str, object]:
    """Share of tiers C and D by street, the highest first; a bar is a filter."""
    total_by_street: dict[str, int] = {}
    risky_by_street: dict[str, int] = {}
    for (street, tier), enterprise_count in count_by_street_tier.items():
        total_by_street[street] = total_by_street.get(street, 0) + enterprise_count
        risky_by_street[street] = risky_by_street.get(street, 0) + (
            enterprise_count if tier in ("C", "D") else 0
        )
    share_by_street = {
        s: round(100 * risky_by_street[s] / total_by_street[s], 1) for s in total_by_street if s
    }
    worst_streets = sorted(share_by_street, key=lambda s: (-share_by_street[s], s))[:12]
    links = [with_query(request, street=[street], after=None) for street in worst_streets]
    series = [{"name": "%", "points": [share_by_street[s] for s in worst_streets], "colour": "C"}]
    return {
        "kind": "bar",
        "flat": True,
        "x": worst_streets,
        "series": series,
        "links": links,
        "unit": "%",
    }


def _cursor_of(cursor_text: str) -> PagePosition | None:
    """Keyset pagination cursor of the query string; None for the first page."""
    # The run is part of it: a night published between two pages would repeat rows or skip some.
    run, _, key_and_code = cursor_text.partition("~")
    key, _, code = key_and_code.rpartition("~")
    if not run.isdigit() or problem_with(code) is not None:
        return None
    try:
        return PagePosition(int(run), float(key), code)
    except ValueError:
        return PagePosition(int(run), key, code)


def _cursor_text(cursor: PagePosition) -> str:
    # `repr` writes a float so that it reads back to the same number; only text has quotes to
    # lose.
    return f"{cursor.run}~{cursor.key!r}~{cursor.code}".replace("'", "")


def _code_problem(text: str) -> str | None:
    """Problem of a text that looks like a whole code; None if it does not."""
    looks_like_code = len(text) >= 15 and text.isascii() and text.isalnum()
    return problem_with(text) if looks_like_code else None


async def _log_viewed(
    service: Service, visitor: Visitor, list_query: WatchlistQuery, list_page: WatchlistPage
) -> None:
    """Write the viewed enterprises to the audit log, before they are shown."""
    audit_details = {
        "codes": [row["code"] for row in list_page.rows],
        "run": list_page.run,
        "asked": list_query.as_json(),
    }
    await service.journal.note(visitor.act("enterprise.watchlist", **audit_details))
