"""Watchlist page: enterprises by risk, with charts; every filter is in the query string."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast, get_args

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from xhcredit.domain.codes import normalised, problem_with
from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.store.watchlist import Move, Page, Place, Question, Sort
from xhcredit.tiers.assign import TIERS
from xhcredit_serving.auth.permissions import ALERTS_READ, SCORES
from xhcredit_serving.console.shell.layout import Visitor, go_to, page, with_query
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.night.saved_views import ANY, plain_query, views_of
from xhcredit_serving.night.watchlist import MOST_PRINTED, Format, exported
from xhcredit_serving.night.watchlist_alerts import allowed, marked, words_of
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
ROWS = 50
MOVES = {"worse": "Tier got worse", "better": "Tier got better", "new": "New in this run"}
_LISTED = ("tier", "street", "bureau", "kind", "size", "field")


@router.get("/console/watchlist")
async def watchlist(request: Request) -> Response:
    """The list with its charts; a whole code in the search goes straight to the enterprise."""
    visitor = await visitor_of(request, SCORES)
    text = normalised(request.query_params.get("text", "").strip())
    wrong = _code_problem(text)
    if len(text) == 18 and wrong is None:
        return go_to(request, f"/console/enterprises/{text}")
    service = service_of(request)
    asked = question(request.query_params, visitor)
    try:
        shown = await asyncio.to_thread(_shown, request, service, asked)
    except UnknownRecord:
        return page(request, "watchlist_none.html", visitor)
    await _keep(service, visitor, asked, shown["found"])
    told = await asyncio.to_thread(_warned, service, visitor, shown["found"])
    told["views"] = await asyncio.to_thread(views_of, service, visitor.caller)
    told["query"] = _to_save(request)
    shown |= {"asked": asked, "wrong": wrong, "text": text, **told}
    return page(request, "watchlist.html", visitor, charts=True, **shown)


@router.get("/console/watchlist.xlsx")
async def spreadsheet(request: Request) -> Response:
    """The filtered watchlist as a spreadsheet."""
    return await _file(request, "xlsx")


@router.get("/console/watchlist.pdf")
async def document(request: Request) -> Response:
    """The filtered watchlist as a PDF."""
    return await _file(request, "pdf")


async def _file(request: Request, kind: Format) -> Response:
    visitor = await visitor_of(request, SCORES)
    asked = question(request.query_params, visitor)
    return await exported(service_of(request), visitor.caller, visitor.purpose, asked, kind)


def question(query: QueryParams, visitor: Visitor) -> Question:
    """Watchlist query of a query string; unknown values are ignored."""
    listed: dict[str, Any] = {k: tuple(v for v in query.getlist(k) if v) for k in _LISTED}
    listed["tier"] = tuple(t for t in listed["tier"] if t in TIERS)
    sort, moved = query.get("sort", ""), query.get("moved", "")
    alert = _alert(query) if ALERTS_READ in visitor.caller.permissions else ""
    asked = Question(
        within=visitor.caller.scope(SCORES),
        moved=cast(Move, moved) if moved in get_args(Move) else None,
        text=query.get("text", "").strip()[:80],
        sort=cast(Sort, sort) if sort in get_args(Sort) else "composite",
        alerted=alert == ANY,
        trigger=(alert,) if alert not in ("", ANY) else (),
        **listed,
    )
    return allowed(visitor.caller, asked)


def _to_save(request: Request) -> str:
    """The filters as a view would hold them; nothing where they are too many for one."""
    try:
        return plain_query(request.url.query)
    except BadInput:
        return ""


def _alert(query: QueryParams) -> str:
    """Alert filter: none, any, or a trigger; accepts page and API parameter names."""
    if query.get("alerted") in ("1", "true"):
        return ANY
    return (query.get("alert") or query.get("trigger") or "")[:100]


def _shown(request: Request, service: Service, asked: Question) -> dict[str, Any]:
    watch, within = service.store.watch, Question(within=asked.within)
    found = watch.page(asked, ROWS, _place(request.query_params.get("after", "")))
    tiers = watch.counted(replace(asked, tier=()), "tier")
    streets = watch.counted(replace(asked, street=(), tier=()), "street", "tier")
    choices = {k: [v for (v,) in watch.counted(within, k) if v] for k in ("street", "kind", "size")}
    fields = sorted({f for (f,) in watch.counted(within, "fields") for f in f.split(";") if f})
    return {
        "found": found,
        "paged": "after" in request.query_params,
        "query_text": request.url.query,
        "most_printed": MOST_PRINTED,
        "next_page": with_query(request, after=_written(found.after)) if found.after else None,
        "tier_chart": _tier_chart(request, tiers),
        "street_chart": _street_chart(request, streets),
        "choices": choices | {"field": fields},
        "moves": MOVES,
    }


def _warned(service: Service, visitor: Visitor, found: Page) -> dict[str, Any]:
    """Rows with their open alerts, and the triggers to filter by; none without the right."""
    may = ALERTS_READ in visitor.caller.permissions
    scope = visitor.caller.scope(ALERTS_READ)
    triggers = service.store.watch.triggers(scope) if may else []
    rows = marked(service, visitor.caller, found.rows)
    named = {t for row in rows if row["alerts"] for t in row["alerts"]["triggers"]}
    return {
        "rows": rows,
        "may_warn": may,
        "triggers": triggers,
        "named": words_of(service, [*named, *triggers]),
    }


def _tier_chart(request: Request, counts: dict[tuple[str, ...], int]) -> dict[str, Any]:
    """Enterprises by tier; a bar is a filter."""
    numbers = [counts.get((tier,), 0) for tier in TIERS]
    links = [with_query(request, tier=[tier], after=None) for tier in TIERS]
    series = [{"name": "", "data": numbers, "colours": list(TIERS)}]
    return {"kind": "bar", "x": list(TIERS), "series": series, "links": links}


def _street_chart(request: Request, counts: dict[tuple[str, ...], int]) -> dict[str, Any]:
    """Share of tiers C and D by street, the highest first; a bar is a filter."""
    total: dict[str, int] = {}
    risky: dict[str, int] = {}
    for (street, tier), n in counts.items():
        total[street] = total.get(street, 0) + n
        risky[street] = risky.get(street, 0) + (n if tier in ("C", "D") else 0)
    share = {s: round(100 * risky[s] / total[s], 1) for s in total if s}
    worst = sorted(share, key=lambda s: (-share[s], s))[:12]
    links = [with_query(request, street=[street], after=None) for street in worst]
    series = [{"name": "%", "data": [share[s] for s in worst], "colour": "C"}]
    return {"kind": "bar", "flat": True, "x": worst, "series": series, "links": links, "unit": "%"}


def _place(text: str) -> Place | None:
    """Keyset pagination cursor of the query string; None for the first page."""
    run, _, rest = text.partition("~")
    key, _, code = rest.rpartition("~")
    if not run.isdigit() or problem_with(code) is not None:
        return None
    try:
        return Place(int(run), float(key), code)
    except ValueError:
        return Place(int(run), key, code)


def _written(place: Place) -> str:
    return f"{place.run}~{place.key!r}~{place.code}".replace("'", "")


def _code_problem(text: str) -> str | None:
    """Problem of a text that looks like a whole code; None if it does not."""
    looks = len(text) >= 15 and text.isascii() and text.isalnum()
    return problem_with(text) if looks else None


async def _keep(service: Service, visitor: Visitor, asked: Question, found: Page) -> None:
    """Write the viewed enterprises to the audit log, before they are shown."""
    seen = {"codes": [row["code"] for row in found.rows], "run": found.run, "asked": asked.told()}
    await service.journal.note(visitor.act("enterprise.watchlist", **seen))
