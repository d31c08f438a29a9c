"""Restoration calculator: eligibility and earliest day, as a form of one step a page.

The whole question stands in the address: one can go back, keep it, send it.  No enterprise is
looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.errors import XhcreditError
from xhcredit.restoration.as_json import assessment_json
from xhcredit.restoration.assess import assess
from xhcredit.restoration.record import Authority, Field, HolderKind, day_of, record_from
from xhcredit.restoration.rows import AssessmentRow
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.restoration import SPOT_CHECKS, Ground, PenaltyKind, RecordKind
from xhcredit_serving.auth.permissions import RESTORATION_READ
from xhcredit_serving.console.shell.language import language_of, translated
from xhcredit_serving.console.shell.layout import page
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.service import service_of

router = APIRouter(include_in_schema=False)
ADDRESS = "/console/restoration/question"
#: what each page asks; one after the other
STEPS = ("kind", "authority", "penalty", "ground", "days", "done")
_MAX_LENGTH = 200


@dataclass(frozen=True)
class FormQuestion:
    """One form question: kind of input, whether required, allowed answers."""

    how: str  # one, several, day, number
    must: bool = False
    choices: tuple[str, ...] = ()


_YES_NO = ("yes", "no")
QUESTIONS_BY_STEP: dict[str, dict[str, FormQuestion]] = {
    "kind": {"kind": FormQuestion("one", True, get_args(RecordKind))},
    "authority": {
        "authority": FormQuestion("one", True, get_args(Authority)),
        "field": FormQuestion("one", True, get_args(Field)),
    },
    "penalty": {
        "procedure": FormQuestion("one", True, ("ordinary", "summary")),
        "penalty_kinds": FormQuestion("several", True, get_args(PenaltyKind)),
        "amount_yuan": FormQuestion("number"),
        "holder_kind": FormQuestion("one", False, get_args(HolderKind)),
    },
    "ground": {"ground": FormQuestion("one", True, get_args(Ground))},
    "days": {
        "decided_on": FormQuestion("day", True),
        "published_on": FormQuestion("day"),
        "applied_on": FormQuestion("day"),
    },
    "done": {
        "duties_done_on": FormQuestion("day"),
        "corrected_on": FormQuestion("day"),
        "penalty_followed": FormQuestion("one", True, _YES_NO),
        "penalty_ended_on": FormQuestion("day"),
        "pledge": FormQuestion("one", True, _YES_NO),
        "harm_remains": FormQuestion("one", True, _YES_NO),
        "same_kind_again_on": FormQuestion("day"),
        "on_abnormal_list": FormQuestion("one", False, _YES_NO),
        "on_serious_list": FormQuestion("one", False, _YES_NO),
    },
}
#: what is asked of spot checks only, and what of neither these nor the abnormal list
_PENALTY_END_FIELDS = {"penalty_followed", "penalty_ended_on"}
_PENALTY_FIELDS = {
    "duties_done_on", "harm_remains", "same_kind_again_on", "on_abnormal_list", "on_serious_list",
    "published_on",
}  # fmt: skip
#: what is not asked of which kind of record
_SKIPPED_FIELDS = {
    "penalty": {"corrected_on", *_PENALTY_END_FIELDS},
    "abnormal_listing": {"field", *_PENALTY_FIELDS, *_PENALTY_END_FIELDS},
    "serious_listing": {"corrected_on", "on_serious_list", *_PENALTY_END_FIELDS},
    **dict.fromkeys(SPOT_CHECKS, _PENALTY_FIELDS),
}
#: which authority keeps the lists: nobody has to be asked
_LIST_AUTHORITY = "samr"


@router.get(ADDRESS)
async def calculator_page(request: Request) -> Response:
    """Next step of the calculator, or its assessment; wrong answers are asked again."""
    visitor = await visitor_of(request, RESTORATION_READ)
    service, translate = service_of(request), partial(translated, language=language_of(request))
    answers = _answers_so_far(request)
    steps = _steps_for(answers)
    step, problems = _next_step(request, answers, steps, service.today())
    assessment: AssessmentRow | None = None
    if step == "answer":
        assessment, problems = _assess_answers(answers, service.rulebook, service.today())
        step = "days" if problems else step
    context: dict[str, object] = {
        "step": step,
        "way": steps,
        "answers": answers,
        "answer": assessment,
        "day": service.today(),
        "wrong": {name: translate(text) for name, text in problems.items()},
        "questions": _questions_of(step, answers),
        "back": _previous_address(step, steps, answers),
        "change": _answer_links(answers, steps),
        "hidden_fields": [
            (k, v)
            for k, values in answers.items()
            if k not in QUESTIONS_BY_STEP.get(step, {})
            for v in values
        ],
    }
    status = 422 if problems else 200
    return page(request, "restoration_question.html", visitor, status, **context)


def _answers_so_far(request: Request) -> dict[str, list[str]]:
    """Answers so far from the query string, known fields only and cut to length."""
    names = [name for questions in QUESTIONS_BY_STEP.values() for name in questions]
    query_params = request.query_params
    trimmed_answers = {
        n: [v.strip()[:_MAX_LENGTH] for v in query_params.getlist(n)][:20] for n in names
    }
    return {
        name: [v for v in values if v] for name, values in trimmed_answers.items() if any(values)
    }


def _steps_for(answers: Mapping[str, list[str]]) -> tuple[str, ...]:
    """The pages of this question: a listing has no penalty, a penalty no ground."""
    kind = answers.get("kind", ["penalty"])[0]
    skipped_steps = {
        "penalty": ("ground",),
        "abnormal_listing": ("authority", "penalty"),
        "serious_listing": ("authority", "penalty", "ground"),
        **dict.fromkeys(SPOT_CHECKS, ("authority", "penalty", "ground")),
    }.get(kind, ())
    return tuple(step for step in STEPS if step not in skipped_steps)


def _questions_of(step: str, answers: Mapping[str, list[str]]) -> dict[str, FormQuestion]:
    """Questions of a step for this kind of record."""
    skipped_fields = _SKIPPED_FIELDS.get(answers.get("kind", [""])[0], set())
    return {
        name: question
        for name, question in QUESTIONS_BY_STEP.get(step, {}).items()
        if name not in skipped_fields
    }


def _next_step(
    request: Request, answers: Mapping[str, list[str]], steps: tuple[str, ...], today: date
) -> tuple[str, dict[str, str]]:
    """Next step to show, and the problems on it by field.

    ``from`` names the page that was filled in, ``step`` one that somebody wants to change.
    """
    wanted_step, filled_step = (request.query_params.get(name, "") for name in ("step", "from"))
    if wanted_step in steps:
        return wanted_step, {}
    next_index = steps.index(filled_step) + 1 if filled_step in steps else 0
    for step in steps[:next_index]:
        problems = _problems_by_field(_questions_of(step, answers), answers)
        if problems:
            return step, problems
    return (steps[next_index] if next_index < len(steps) else "answer"), {}


def _problems_by_field(
    questions: Mapping[str, FormQuestion], answers: Mapping[str, list[str]]
) -> dict[str, str]:
    """Missing or unreadable answers, by field."""
    problems = {
        name: _answer_problem(question, answers.get(name, []))
        for name, question in questions.items()
    }
    return {name: problem for name, problem in problems.items() if problem}


def _answer_problem(question: FormQuestion, answer_texts: list[str]) -> str:
    if not answer_texts:
        return "Choose or fill in this." if question.must else ""
    if question.how in ("one", "several"):
        return (
            "" if set(answer_texts) <= set(question.choices) else "Choose one of the answers below."
        )
    try:
        if question.how == "number":
            return (
                "" if float(answer_texts[0]) >= 0 else "Write an amount in digits, not below zero."
            )
        day_of("day", answer_texts[0])
    except (ValueError, XhcreditError):
        number = "Write an amount in digits, not below zero."
        return (
            number if question.how == "number" else "Write a day that exists, such as 2026-05-10."
        )
    return ""


def _assess_answers(
    answers: Mapping[str, list[str]], rules: Rulebook, today: date
) -> tuple[AssessmentRow | None, dict[str, str]]:
    """The assessment, or contradictory dates by field."""
    record = _record_fields(answers)
    applied_text = answers.get("applied_on", [today.isoformat()])[0]
    day_by_field = {k: v for k, v in record.items() if k.endswith("_on") and isinstance(v, str)}
    decided_text = day_by_field["decided_on"]
    if decided_text > applied_text:
        return None, {"decided_on": "The decision is after the day of the application."}
    if day_by_field.get("published_on", decided_text) < decided_text:
        return None, {"published_on": "It was published before it was decided."}
    try:
        applied_on = day_of("applied_on", applied_text)
        return assessment_json(assess(record_from(record), applied_on=applied_on, rules=rules)), {}
    except XhcreditError as error:
        return None, {"applied_on": str(error)}


def _record_fields(answers: Mapping[str, list[str]]) -> dict[str, object]:
    """The record as it was described."""
    record: dict[str, object] = {"authority": _LIST_AUTHORITY}
    kind = answers["kind"][0]
    for step in _steps_for(answers):
        for name, question in _questions_of(step, answers).items():
            if name in answers and name != "applied_on":
                answer_texts = answers[name]
                record[name] = answer_texts if question.how == "several" else answer_texts[0]
                if question.choices == _YES_NO:
                    record[name] = answer_texts[0] == "yes"
    if kind == "serious_listing":
        # What is asked about is itself an entry of the list; nobody has to be asked.
        record["on_serious_list"] = True
    return {
        k: _iso_day(v) if k.endswith("_on") and isinstance(v, str) else v for k, v in record.items()
    }


def _iso_day(day: str) -> str:
    return day_of("day", day).isoformat()


def _previous_address(step: str, steps: tuple[str, ...], answers: Mapping[str, list[str]]) -> str:
    """The page before."""
    index = steps.index(step) if step in steps else len(steps)
    return _step_address(answers, steps[index - 1]) if index else "/console/restoration"


def _answer_links(
    answers: Mapping[str, list[str]], steps: tuple[str, ...]
) -> list[tuple[str, str, list[str]]]:
    """Answers given, each with the address of its step."""
    return [
        (name, _step_address(answers, step), answers[name])
        for step in steps
        for name in _questions_of(step, answers)
        if name in answers
    ]


def _step_address(answers: Mapping[str, list[str]], step: str) -> str:
    return f"{ADDRESS}?{urlencode({**answers, 'step': step}, doseq=True)}"
