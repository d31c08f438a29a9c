"""Assessment as JSON-ready values, for the API, the command line and templates."""

from __future__ import annotations

from typing import Any

from xhcredit.domain.calendar import provisional_data
from xhcredit.restoration.assessment import Assessment, Basis, Bilingual, Condition, Deadline
from xhcredit.restoration.cases import extras_of, line_of
from xhcredit.rules.check import MARKS


def assessment_json(assessment: Assessment, name: str = "") -> dict[str, Any]:
    """Everything in an assessment as JSON-ready values, the line of a case first."""
    line = line_of(name, assessment)
    return {
        **(line if name else {k: v for k, v in line.items() if k != "name"}),
        "applied_on": assessment.applied_on.isoformat(),
        "authority": assessment.authority,
        "route": extras_of(assessment)["route"],
        "summary": bilingual_json(assessment.summary),
        "severity_by": bilingual_json(assessment.severity_by),
        "conditions": [_condition(c) for c in assessment.conditions],
        "materials": [bilingual_json(s) for s in assessment.materials],
        "decides": bilingual_json(assessment.decides),
        "deadlines": [_deadline(d) for d in assessment.deadlines],
        "effects": [bilingual_json(s) for s in assessment.effects],
        "needs_lawyer": assessment.needs_lawyer,
        "lawyer": [bilingual_json(s) for s in assessment.lawyer],
    }


def bilingual_json(words: Bilingual) -> dict[str, str]:
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
    met_from = condition.met_from
    return {
        "met": condition.met,
        "met_from": met_from and met_from.isoformat(),
        **bilingual_json(condition.text),
        "basis": _basis(condition.basis),
    }


def _deadline(deadline: Deadline) -> dict[str, Any]:
    return {
        "step": deadline.step,
        "days": deadline.days,
        "unit": deadline.unit,
        "by": deadline.by and deadline.by.isoformat(),
        **provisional_data(deadline.provisional),
        **bilingual_json(deadline.text),
        "basis": _basis(deadline.basis),
    }
