"""Rule pages: rules in force on a day, their legal source and verification."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.rules.check import ending_soon, missing_notice
from xhcredit_serving.auth.permissions import CATALOGUE
from xhcredit_serving.console.shell.layout import page
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.night.catalogue import rule_with_entries, rules_in_force
from xhcredit_serving.night.schemas import RuleAnswer
from xhcredit_serving.service import service_of

router = APIRouter(include_in_schema=False)


@router.get("/console/rules")
async def rules(request: Request) -> Response:
    """All rules in force on a day, narrowed by a text."""
    visitor = await visitor_of(request, CATALOGUE)
    service = service_of(request)
    query_params = request.query_params
    day, unreadable_day = _requested_day(query_params.get("as_of", ""), service.today())
    matching_rules = [
        r
        for r in rules_in_force(service.rulebook, day)
        if _rule_matches(r, query_params.get("q", ""))
    ]
    context: dict[str, object] = {
        "day": day,
        "wrong": unreadable_day,
        "q": query_params.get("q", ""),
        "digest": service.rulebook.digest,
        "ending": ending_soon(service.rulebook, day),
        "missing": missing_notice(service.rulebook, service.today()),
    }
    return page(request, "rules.html", visitor, rules=matching_rules, **context)


@router.get("/console/rules/{rule_id}")
async def rule(request: Request, rule_id: str) -> Response:
    """One rule with all its entries."""
    visitor = await visitor_of(request, CATALOGUE)
    service = service_of(request)
    day, unreadable_day = _requested_day(request.query_params.get("as_of", ""), service.today())
    rule_detail = rule_with_entries(service.rulebook, rule_id, day)
    return page(request, "rule.html", visitor, rule=rule_detail, day=day, wrong=unreadable_day)


def _requested_day(day_text: str, today: date) -> tuple[date, str]:
    """Requested as-of day, else today and the text that could not be read."""
    if not day_text:
        return today, ""
    try:
        return date.fromisoformat(day_text), ""
    except ValueError:
        return today, day_text[:40]


def _rule_matches(rule: RuleAnswer, text: str) -> bool:
    """Whether a rule contains the search words."""
    source = rule["source"]
    searched_texts = [rule["id"], rule["name_zh"], rule["name_en"], *map(str, source.values())]
    return all(word.lower() in " ".join(searched_texts).lower() for word in text.split())
