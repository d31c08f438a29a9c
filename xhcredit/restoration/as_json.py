"""Assessment as JSON-ready values, for the API, the command line and templates."""

from __future__ import annotations

from typing import Any

from xhcredit.domain.calendar import provisional_data
from xhcredit.restoration.assessment import Assessment, Basis, Condition, Deadline, Said
from xhcredit.restoration.cases import extras_of, line_of
from xhcredit.rules.check import MARKS


def as_data(told: Assessment, name: str = "") -> dict[str, Any]:
    """Everything in an assessment as JSON-ready values, the line of a case first."""
    line = line_of(name, told)
    return {
        **(line if name else {k: v for k, v in line.items() if k != "name"}),
        "applied_on": told.applied_on.isoformat(),
        "authority": told.authority,
        "route": extras_of(told)["route"],
        "summary": said(told.summary),
        "severity_by": said(told.severity_by),
        "conditions": [_condition(c) for c in told.conditions],
        "materials": [said(s) for s in told.materials],
        "decides": said(told.decides),
        "deadlines": [_deadline(d) for d in told.deadlines],
        "effects": [said(s) for s in told.effects],
        "needs_lawyer": told.needs_lawyer,
        "lawyer": [said(s) for s in told.lawyer],
    }


def said(words: Said) -> dict[str, str]:
    """A sentence in both languages."""
    return {"zh": words.zh, "en": words.en}


def _basis(basis: Basis) -> dict[str, Any]:
    zh, en = MARKS[basis.mark]
    return {
        "rule": basis.rule_id,
        "title": basis.title,
        "article": basis.article,
        "effective_from": basis.effective_from.isoformat(),
        "verification": {"id": basis.mark, "zh": zh, "en": en},
    }


def _condition(condition: Condition) -> dict[str, Any]:
    by = condition.met_from
    return {
        "met": condition.met,
        "met_from": by and by.isoformat(),
        **said(condition.said),
        "basis": _basis(condition.basis),
    }


def _deadline(deadline: Deadline) -> dict[str, Any]:
    return {
        "step": deadline.step,
        "days": deadline.days,
        "unit": deadline.unit,
        "by": deadline.by and deadline.by.isoformat(),
        **provisional_data(deadline.provisional),
        **said(deadline.said),
        "basis": _basis(deadline.basis),
    }
