"""Rule pages: rules in force on a day, their legal source and verification."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.rules.check import missing_notice
from xhcredit_serving.auth.permissions import CATALOGUE
from xhcredit_serving.console.shell.layout import page
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.night.catalogue import in_force, one_rule
from xhcredit_serving.service import service_of

router = APIRouter(include_in_schema=False)


@router.get("/console/rules")
async def rules(request: Request) -> Response:
    """All rules in force on a day, narrowed by a text."""
    visitor = await visitor_of(request, CATALOGUE)
    service = service_of(request)
    asked = request.query_params
    day, wrong = _day(asked.get("as_of", ""), service.today())
    told = in_force(service.rulebook, day)
    found = [r for r in told["rules"] if _has(r, asked.get("q", ""))]
    shown: dict[str, Any] = {
        "day": day,
        "wrong": wrong,
        "q": asked.get("q", ""),
        "missing": missing_notice(service.rulebook, service.today()),
    }
    return page(request, "rules.html", visitor, rules=found, book=told, **shown)


@router.get("/console/rules/{rule_id}")
async def rule(request: Request, rule_id: str) -> Response:
    """One rule with all its entries."""
    visitor = await visitor_of(request, CATALOGUE)
    service = service_of(request)
    day, wrong = _day(request.query_params.get("as_of", ""), service.today())
    told = one_rule(service.rulebook, rule_id, day)
    return page(request, "rule.html", visitor, rule=told, day=day, wrong=wrong)


def _day(asked: str, today: date) -> tuple[date, str]:
    """Requested as-of day, else today and the text that could not be read."""
    if not asked:
        return today, ""
    try:
        return date.fromisoformat(asked), ""
    except ValueError:
        return today, asked[:40]


def _has(rule: dict[str, Any], text: str) -> bool:
    """Whether a rule contains the search words."""
    source = rule["source"]
    spoken = [rule["id"], rule["name_zh"], rule["name_en"], *map(str, source.values())]
    return all(word.lower() in " ".join(spoken).lower() for word in text.split())
