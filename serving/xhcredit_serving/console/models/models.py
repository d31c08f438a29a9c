"""Model pages: candidates side by side, points charts, tier changes, promotion."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from xhcredit.engine.spec import Feature
from xhcredit.errors import BadInput, UnknownRecord, XhcreditError
from xhcredit.features.registry import features
from xhcredit.jobs.models import promotion
from xhcredit.scores.points import Indicator
from xhcredit.scores.release import Release, release_of
from xhcredit.store.core.transactions import Act
from xhcredit.store.models.rows import MonthDrift, StoredTierMove
from xhcredit_serving.auth.permissions import MODELS_PROMOTE, MODELS_READ
from xhcredit_serving.console.shell.language import language_of
from xhcredit_serving.console.shell.layout import Visitor, page, redirect_to
from xhcredit_serving.console.shell.visitor import number_of, text_of, visitor_of
from xhcredit_serving.models.routes import run_shadow_night
from xhcredit_serving.service import Service, service_of, warehouse_of

router = APIRouter(include_in_schema=False)
FIGURES = ("auc", "ks", "brier", "calibration_slope", "capture_10", "psi_worst_month")
_MAX_CHARTS = 12  #: shapes that are drawn; the rest is in the release file
_MAX_MOVES = 200
_RECORD_KIND = "candidate"


@router.get("/console/models")
async def models(request: Request) -> Response:
    """Champion release with its points charts, and every candidate side by side."""
    visitor = await visitor_of(request, MODELS_READ)
    service = service_of(request)
    context = await asyncio.to_thread(_overview, service, request)
    context["may_promote"] = visitor.caller.may(MODELS_PROMOTE, None)
    return page(request, "models.html", visitor, charts=True, wrong="", **context)


def _overview(service: Service, request: Request) -> dict[str, object]:
    release = promotion.champion_release(service.store, service.rulebook, service.today())
    score = request.query_params.get("score", "general")
    score = score if score in release.tables else "general"
    return {
        "release": release,
        "score": score,
        "candidates": service.store.models.list_candidates(),
        "switches": service.store.models.switches(),
        "figures": FIGURES,
        "shapes": points_charts(
            release, score, features(service.rulebook), zh=language_of(request) == "zh"
        ),
        "once": secrets.token_hex(16),
    }


def points_charts(
    release: Release, score: str, declared: Mapping[str, Feature], *, zh: bool
) -> list[dict[str, object]]:
    """Points by bin of the indicators that move a score most, as charts."""
    indicators = sorted(
        release.tables[score].indicators, key=lambda i: min(i.points) - max(i.points)
    )
    labels = [declared[i.feature].zh if zh else declared[i.feature].en for i in indicators]
    missing = "缺失" if zh else "missing"
    return [
        {
            "words": label,
            "id": i.feature,
            "chart": {
                "kind": "bar",
                "x": [*bin_labels(i), missing],
                "labels": False,
                "series": [
                    {"name": label, "points": [round(p, 1) for p in (*i.points, i.missing)]}
                ],
            },
        }
        for label, i in zip(labels[:_MAX_CHARTS], indicators[:_MAX_CHARTS], strict=True)
    ]


def bin_labels(indicator: Indicator) -> list[str]:
    """The bins of an indicator in words."""
    if not indicator.cuts:
        return ["–"]
    cut_labels = [f"{c:g}" for c in indicator.cuts]
    inner_labels = [f"{a} – {b}" for a, b in pairwise(cut_labels)]
    return [f"< {cut_labels[0]}", *inner_labels, f"≥ {cut_labels[-1]}"]


@router.get("/console/models/{candidate}")
async def model(request: Request, candidate: str) -> Response:
    """One candidate: gates, figures, shapes, moves, steps."""
    visitor = await visitor_of(request, MODELS_READ)
    return await _render_candidate(request, visitor, number_of(candidate, _RECORD_KIND))


async def _render_candidate(
    request: Request, visitor: Visitor, number: int, error_message: str = "", status: int = 200
) -> Response:
    service = service_of(request)
    moves, context = await asyncio.to_thread(
        _candidate_context, service, visitor, number, language_of(request) == "zh"
    )
    # Who would move is named: looking at a candidate is also reading these enterprises.
    audit_details = {"candidate": number, "codes": [m["code"] for m in moves]}
    await service.journal.note(visitor.act("model.moves", **audit_details))
    context |= {"moves": moves, "wrong": error_message, "once": secrets.token_hex(16)}
    return page(request, "models_one.html", visitor, status, charts=True, **context)


def _candidate_context(
    service: Service, visitor: Visitor, number: int, zh: bool
) -> tuple[list[StoredTierMove], dict[str, object]]:
    """Enterprises whose tier would move, and what else the page of a candidate shows."""
    model_store = service.store.models
    candidate, bureaus = model_store.get(number), visitor.caller.scope(MODELS_READ)
    release = release_of(service.store.reader.release(candidate["digest"]), "store")
    shadow_nights = [s["details"] for s in candidate["steps"] if s["act"] == "shadow"]
    moves = model_store.list_tier_moves(number, bureaus=bureaus, limit=_MAX_MOVES)
    return moves, {
        "candidate": candidate,
        "shapes": points_charts(release, candidate["score"], features(service.rulebook), zh=zh),
        "night": shadow_nights[-1] if shadow_nights else None,
        "drift": _drift_chart(candidate["evaluation"].get("months", [])),
        "may_promote": visitor.caller.may(MODELS_PROMOTE, None),
        "may_shadow": service.settings.warehouse is not None,
        "today": service.today().isoformat(),
    }


def _drift_chart(months: Sequence[MonthDrift]) -> dict[str, object] | None:
    """PSI of the score by month; None if there are no months."""
    if not months:
        return None
    psi_values = [None if m["psi"] is None else round(m["psi"], 3) for m in months]
    return {
        "kind": "line",
        "x": [m["month"] for m in months],
        "series": [{"name": "PSI", "points": psi_values}],
    }


@router.post("/console/models/rollback")
async def rollback(request: Request) -> Response:
    """Go back to the release before the last switch."""
    visitor, form = await _promotion_officer(request), await request.form()
    service = service_of(request)
    act = _act(visitor, form, "roll_back")
    try:
        await asyncio.to_thread(promotion.roll_back, service.store, act, service.today())
    except XhcreditError as error:
        context = await asyncio.to_thread(_overview, service, request)
        context |= {"may_promote": True, "wrong": str(error)}
        return page(request, "models.html", visitor, 422, charts=True, **context)
    return redirect_to(request, "/console/models")


@router.post("/console/models/{candidate}/{step}")
async def step(request: Request, candidate: str, step: str) -> Response:
    """Approve, refuse, run a night of shadow, or switch."""
    visitor, form = await _promotion_officer(request), await request.form()
    number = number_of(candidate, _RECORD_KIND)
    try:
        act = _act(visitor, form, step, candidate=number)
        step_args = (service_of(request), act, number, step, text_of(form, "value")[:500])
        await asyncio.to_thread(_perform_step, *step_args)
    except XhcreditError as error:
        return await _render_candidate(request, visitor, number, str(error), 422)
    return redirect_to(request, f"/console/models/{number}")


def _perform_step(service: Service, act: Act, number: int, step: str, form_value: str) -> None:
    model_store = service.store.models
    if step == "approve":
        model_store.approve(act, number, form_value)
    elif step == "refuse":
        model_store.refuse(act, number, form_value)
    elif step == "shadow":
        warehouse_of(service)
        run_shadow_night(service, act, number)
    elif step == "switch":
        switch_args = (number, service.rulebook, _parsed_day(form_value), service.today())
        promotion.switch_champion(service.store, act, *switch_args)
    else:
        raise UnknownRecord(f'there is no step "{step}"')


def _parsed_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f'"{text}" is not a day; write it as 2026-07-01') from None


async def _promotion_officer(request: Request) -> Visitor:
    """Visitor with the permission to promote for the whole district.

    Raises:
        UnknownRecord: the permission is of one bureau only.
    """
    visitor = await visitor_of(request, MODELS_PROMOTE)
    if not visitor.caller.may(MODELS_PROMOTE, None):
        raise UnknownRecord("a release scores the whole district; its model managers promote it")
    return visitor


def _act(visitor: Visitor, form: FormData, action: str, **payload: object) -> Act:
    """An act that the same form sent twice does once."""
    idempotency_key = text_of(form, "once")[:64] or None
    caller = visitor.caller
    request_body = {**payload, "value": text_of(form, "value")[:500]}
    return Act(
        caller.name,
        f"model.{action[:20]}",
        visitor.purpose,
        caller.bureau,
        payload,
        idempotency_key,
        request_body,
    )
