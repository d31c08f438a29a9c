"""Model pages: candidates side by side, points charts, tier changes, promotion."""

from __future__ import annotations

import asyncio
import secrets
from datetime import date
from itertools import pairwise
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.errors import BadInput, UnknownRecord, XhcreditError
from xhcredit.features.registry import features
from xhcredit.jobs.models import promotion as promote
from xhcredit.scores.points import Indicator
from xhcredit.scores.release import Release, release_of
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.permissions import MODELS_PROMOTE, MODELS_READ
from xhcredit_serving.console.shell.language import chosen
from xhcredit_serving.console.shell.layout import Visitor, go_to, page
from xhcredit_serving.console.shell.visitor import number_of, text_of, visitor_of
from xhcredit_serving.models.routes import in_shadow
from xhcredit_serving.service import Service, service_of, warehouse_of

router = APIRouter(include_in_schema=False)
FIGURES = ("auc", "ks", "brier", "calibration_slope", "capture_10", "psi_worst_month")
_DRAWN = 12  #: shapes that are drawn; the rest is in the release file
_MOVES = 200
_NAMED = "candidate"


@router.get("/console/models")
async def models(request: Request) -> Response:
    """Champion release with its points charts, and every candidate side by side."""
    visitor = await visitor_of(request, MODELS_READ)
    service = service_of(request)
    shown = await asyncio.to_thread(_overview, service, request)
    shown["may_promote"] = visitor.caller.may(MODELS_PROMOTE, None)
    return page(request, "models.html", visitor, charts=True, wrong="", **shown)


def _overview(service: Service, request: Request) -> dict[str, Any]:
    release = promote.champion_release(service.store, service.today())
    score = request.query_params.get("score", "general")
    score = score if score in release.tables else "general"
    return {
        "release": release,
        "score": score,
        "candidates": service.store.models.listed(),
        "switches": service.store.models.switches(),
        "figures": FIGURES,
        "shapes": shapes(release, score, zh=chosen(request) == "zh"),
        "once": secrets.token_hex(16),
    }


def shapes(release: Release, score: str, *, zh: bool) -> list[dict[str, Any]]:
    """Points by bin of the indicators that move a score most, as charts."""
    rows = sorted(release.tables[score].indicators, key=lambda i: min(i.points) - max(i.points))
    declared = features()
    words = [declared[i.feature].zh if zh else declared[i.feature].en for i in rows]
    missing = "缺失" if zh else "missing"
    return [
        {
            "words": said,
            "id": i.feature,
            "chart": {
                "kind": "bar",
                "x": [*bins(i), missing],
                "labels": False,
                "series": [{"name": said, "data": [round(p, 1) for p in (*i.points, i.missing)]}],
            },
        }
        for said, i in zip(words[:_DRAWN], rows[:_DRAWN], strict=True)
    ]


def bins(indicator: Indicator) -> list[str]:
    """The bins of an indicator in words."""
    if not indicator.cuts:
        return ["–"]
    ends = [f"{c:g}" for c in indicator.cuts]
    inner = [f"{a} – {b}" for a, b in pairwise(ends)]
    return [f"< {ends[0]}", *inner, f"≥ {ends[-1]}"]


@router.get("/console/models/{candidate}")
async def model(request: Request, candidate: str) -> Response:
    """One candidate: gates, figures, shapes, moves, steps."""
    visitor = await visitor_of(request, MODELS_READ)
    return await _one(request, visitor, number_of(candidate, _NAMED))


async def _one(
    request: Request, visitor: Visitor, number: int, wrong: str = "", status: int = 200
) -> Response:
    service = service_of(request)
    shown = await asyncio.to_thread(_standing, service, visitor, number, chosen(request) == "zh")
    seen = {"candidate": number, "codes": [m["code"] for m in shown["moves"]]}
    await service.journal.note(visitor.act("model.moves", **seen))
    shown |= {"wrong": wrong, "once": secrets.token_hex(16)}
    return page(request, "models_one.html", visitor, status, charts=True, **shown)


def _standing(service: Service, visitor: Visitor, number: int, zh: bool) -> dict[str, Any]:
    kept = service.store.models
    found, within = kept.one(number), visitor.caller.scope(MODELS_READ)
    release = release_of(service.store.reader.release(found["digest"]), "store")
    nights = [s["details"] for s in found["steps"] if s["act"] == "shadow"]
    return {
        "found": found,
        "moves": kept.moves(number, bureaus=within, limit=_MOVES),
        "shapes": shapes(release, found["score"], zh=zh),
        "night": nights[-1] if nights else None,
        "drift": _drift(found["evaluation"].get("months", [])),
        "may_promote": visitor.caller.may(MODELS_PROMOTE, None),
        "may_shadow": service.settings.warehouse is not None,
        "today": service.today().isoformat(),
    }


def _drift(months: list[dict[str, Any]]) -> dict[str, Any] | None:
    """PSI of the score by month; None if there are no months."""
    if not months:
        return None
    data = [None if m["psi"] is None else round(m["psi"], 3) for m in months]
    return {
        "kind": "line",
        "x": [m["month"] for m in months],
        "series": [{"name": "PSI", "data": data}],
    }


@router.post("/console/models/rollback")
async def rollback(request: Request) -> Response:
    """Go back to the release before the last switch."""
    visitor, form = await _officer(request), await request.form()
    service = service_of(request)
    act = _act(visitor, form, "roll_back")
    try:
        await asyncio.to_thread(promote.roll_back, service.store, act, service.today())
    except XhcreditError as error:
        shown = await asyncio.to_thread(_overview, service, request)
        shown |= {"may_promote": True, "wrong": str(error)}
        return page(request, "models.html", visitor, 422, charts=True, **shown)
    return go_to(request, "/console/models")


@router.post("/console/models/{candidate}/{step}")
async def step(request: Request, candidate: str, step: str) -> Response:
    """Approve, refuse, run a night of shadow, or switch."""
    visitor, form = await _officer(request), await request.form()
    number = number_of(candidate, _NAMED)
    try:
        act = _act(visitor, form, step, candidate=number)
        given = (service_of(request), act, number, step, text_of(form, "value")[:500])
        await asyncio.to_thread(_take, *given)
    except XhcreditError as error:
        return await _one(request, visitor, number, str(error), 422)
    return go_to(request, f"/console/models/{number}")


def _take(service: Service, act: Act, number: int, step: str, value: str) -> None:
    kept = service.store.models
    if step == "approve":
        kept.approve(act, number, value)
    elif step == "refuse":
        kept.refuse(act, number, value)
    elif step == "shadow":
        warehouse_of(service)
        in_shadow(service, act, number)
    elif step == "switch":
        given = (number, service.rulebook, _day(value), service.today())
        promote.switch(service.store, act, *given)
    else:
        raise UnknownRecord(f'there is no step "{step}"')


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f'"{text}" is not a day; write it as 2026-07-01') from None


async def _officer(request: Request) -> Visitor:
    """Visitor with the permission to promote for the whole district.

    Raises:
        UnknownRecord: the permission is of one bureau only.
    """
    visitor = await visitor_of(request, MODELS_PROMOTE)
    if not visitor.caller.may(MODELS_PROMOTE, None):
        raise UnknownRecord("a release scores the whole district; its model managers promote it")
    return visitor


def _act(visitor: Visitor, form: Any, action: str, **payload: Any) -> Act:
    """An act that the same form sent twice does once."""
    once = text_of(form, "once")[:64] or None
    caller = visitor.caller
    asked = {**payload, "value": text_of(form, "value")[:500]}
    return Act(
        caller.name, f"model.{action[:20]}", visitor.purpose, caller.bureau, payload, once, asked
    )
