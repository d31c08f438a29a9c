"""Assessment as JSON-ready values, for the API, the command line and templates."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import cast

from xhcredit.domain.calendar import provisional_data
from xhcredit.domain.rows import BilingualText
from xhcredit.restoration.assessment import Assessment, Basis, Bilingual, Condition, Deadline
from xhcredit.restoration.record import AdverseRecord
from xhcredit.restoration.rows import (
    AssessmentRow,
    ConditionRow,
    DeadlineRow,
    RecordRow,
    RuleBasis,
)
from xhcredit.rules.check import MARKS


def assessment_json(assessment: Assessment) -> AssessmentRow:
    """Everything in an assessment as JSON-ready values."""
    return {
        "eligible": assessment.eligible,
        "earliest_on": day_text(assessment.earliest_on),
        "publication_ends_on": day_text(assessment.publication_ends_on),
        "unmet": [condition.rule_id for condition in assessment.unmet],
        "severity": assessment.severity,
        "applied_on": assessment.applied_on.isoformat(),
        "authority": assessment.authority,
        "route": assessment.route,
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


def record_json(record: AdverseRecord) -> RecordRow:
    """Every field of a record as a JSON-ready value; ``record_from`` reads it again."""
    fields = {name: _plain(value) for name, value in asdict(record).items()}
    return cast("RecordRow", fields)  # a dataclass and its row have the same fields: a test says so


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return sorted(value) if isinstance(value, frozenset | tuple) else value


def day_text(day: date | None) -> str | None:
    """A day as ``YYYY-MM-DD``; None stays None."""
    return day.isoformat() if day else None


def bilingual_json(words: Bilingual) -> BilingualText:
    """A sentence in both languages."""
    return {"zh": words.zh, "en": words.en}


def _basis(basis: Basis) -> RuleBasis:
    zh, en = MARKS[basis.mark]
    return {
        "rule": basis.rule_id,
        "title": basis.title,
        "article": basis.article,
        "effective_from": basis.effective_from.isoformat(),
        "verification": {"id": basis.mark, "zh": zh, "en": en},
    }


def _condition(condition: Condition) -> ConditionRow:
    return {
        "met": condition.met,
        "met_from": day_text(condition.met_from),
        **bilingual_json(condition.text),
        "basis": _basis(condition.basis),
    }


def _deadline(deadline: Deadline) -> DeadlineRow:
    return {
        "step": deadline.step,
        "days": deadline.days,
        "unit": deadline.unit,
        "by": day_text(deadline.by),
        **provisional_data(deadline.provisional),
        **bilingual_json(deadline.text),
        "basis": _basis(deadline.basis),
    }
