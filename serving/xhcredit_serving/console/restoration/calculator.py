"""Restoration calculator: eligibility and earliest day, as a form of one step a page.

The whole question stands in the address: one can go back, keep it, send it.  No enterprise is
looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.errors import XhcreditError
from xhcredit.restoration.as_json import as_data
from xhcredit.restoration.assess import assess
from xhcredit.restoration.record import Authority, Field, HolderKind, day_of, record_from
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.restoration import SPOT_CHECKS, Ground, PenaltyKind, RecordKind
from xhcredit_serving.auth.permissions import RESTORATION_READ
from xhcredit_serving.console.shell.language import chosen, translated
from xhcredit_serving.console.shell.layout import page
from xhcredit_serving.console.shell.visitor import visitor_of
from xhcredit_serving.service import service_of

router = APIRouter(include_in_schema=False)
ADDRESS = "/console/restoration/question"
#: what each page asks; one after the other
STEPS = ("kind", "authority", "penalty", "ground", "days", "done")
_LONGEST = 200


@dataclass(frozen=True)
class Asked:
    """One form question: kind of input, whether required, allowed answers."""

    how: str  # one, several, day, number
    must: bool = False
    choices: tuple[str, ...] = ()


_YES_NO = ("yes", "no")
ASKED: dict[str, dict[str, Asked]] = {
    "kind": {"kind": Asked("one", True, get_args(RecordKind))},
    "authority": {
        "authority": Asked("one", True, get_args(Authority)),
        "field": Asked("one", True, get_args(Field)),
    },
    "penalty": {
        "procedure": Asked("one", True, ("ordinary", "summary")),
        "penalty_kinds": Asked("several", True, get_args(PenaltyKind)),
        "amount_yuan": Asked("number"),
        "holder_kind": Asked("one", False, get_args(HolderKind)),
    },
    "ground": {"ground": Asked("one", True, get_args(Ground))},
    "days": {
        "decided_on": Asked("day", True),
        "published_on": Asked("day"),
        "applied_on": Asked("day"),
    },
    "done": {
        "duties_done_on": Asked("day"),
        "corrected_on": Asked("day"),
        "penalty_followed": Asked("one", True, _YES_NO),
        "penalty_ended_on": Asked("day"),
        "pledge": Asked("one", True, _YES_NO),
        "harm_remains": Asked("one", True, _YES_NO),
        "same_kind_again_on": Asked("day"),
        "on_abnormal_list": Asked("one", False, _YES_NO),
        "on_serious_list": Asked("one", False, _YES_NO),
    },
}
#: what is asked of spot checks only, and what of neither these nor the abnormal list
_FOLLOWED = {"penalty_followed", "penalty_ended_on"}
_OF_PENALTIES = {
    "duties_done_on", "harm_remains", "same_kind_again_on", "on_abnormal_list", "on_serious_list",
    "published_on",
}  # fmt: skip
#: what is not asked of which kind of record
_NOT = {
    "penalty": {"corrected_on", *_FOLLOWED},
    "abnormal_listing": {"field", *_OF_PENALTIES, *_FOLLOWED},
    "serious_listing": {"corrected_on", "on_serious_list", *_FOLLOWED},
    **dict.fromkeys(SPOT_CHECKS, _OF_PENALTIES),
}
#: which authority keeps the lists: nobody has to be asked
_LISTS = "samr"


@router.get(ADDRESS)
async def question(request: Request) -> Response:
    """Next step of the calculator, or its assessment; wrong answers are asked again."""
    visitor = await visitor_of(request, RESTORATION_READ)
    service, say = service_of(request), partial(translated, language=chosen(request))
    said = _said(request)
    way = _way(said)
    step, wrong = _next(request, said, way, service.today())
    answer: dict[str, Any] | None = None
    if step == "answer":
        answer, wrong = _answer(said, service.rulebook, service.today())
        step = "days" if wrong else step
    shown: dict[str, Any] = {
        "step": step,
        "way": way,
        "said": said,
        "answer": answer,
        "day": service.today(),
        "wrong": {name: say(text) for name, text in wrong.items()},
        "asked": _asked(step, said),
        "back": _back(step, way, said),
        "change": _changes(said, way),
        "kept": [
            (k, v) for k, values in said.items() if k not in ASKED.get(step, {}) for v in values
        ],
    }
    status = 422 if wrong else 200
    return page(request, "restoration_question.html", visitor, status, **shown)


def _said(request: Request) -> dict[str, list[str]]:
    """Answers so far from the query string, known fields only and cut to length."""
    names = [name for asked in ASKED.values() for name in asked]
    given = request.query_params
    read = {n: [v.strip()[:_LONGEST] for v in given.getlist(n)][:20] for n in names}
    return {name: [v for v in values if v] for name, values in read.items() if any(values)}


def _way(said: Mapping[str, list[str]]) -> tuple[str, ...]:
    """The pages of this question: a listing has no penalty, a penalty no ground."""
    kind = said.get("kind", ["penalty"])[0]
    left = {
        "penalty": ("ground",),
        "abnormal_listing": ("authority", "penalty"),
        "serious_listing": ("authority", "penalty", "ground"),
        **dict.fromkeys(SPOT_CHECKS, ("authority", "penalty", "ground")),
    }.get(kind, ())
    return tuple(step for step in STEPS if step not in left)


def _asked(step: str, said: Mapping[str, list[str]]) -> dict[str, Asked]:
    """Questions of a step for this kind of record."""
    left = _NOT.get(said.get("kind", [""])[0], set())
    return {name: asked for name, asked in ASKED.get(step, {}).items() if name not in left}


def _next(
    request: Request, said: Mapping[str, list[str]], way: tuple[str, ...], today: date
) -> tuple[str, dict[str, str]]:
    """Next step to show, and the problems on it by field.

    ``from`` names the page that was filled in, ``step`` one that somebody wants to change.
    """
    wanted, filled = (request.query_params.get(name, "") for name in ("step", "from"))
    if wanted in way:
        return wanted, {}
    until = way.index(filled) + 1 if filled in way else 0
    for step in way[:until]:
        wrong = _wrong(_asked(step, said), said)
        if wrong:
            return step, wrong
    return (way[until] if until < len(way) else "answer"), {}


def _wrong(asked: Mapping[str, Asked], said: Mapping[str, list[str]]) -> dict[str, str]:
    """Missing or unreadable answers, by field."""
    found = {name: _fault(one, said.get(name, [])) for name, one in asked.items()}
    return {name: fault for name, fault in found.items() if fault}


def _fault(asked: Asked, values: list[str]) -> str:
    if not values:
        return "Choose or fill in this." if asked.must else ""
    if asked.how in ("one", "several"):
        return "" if set(values) <= set(asked.choices) else "Choose one of the answers below."
    try:
        if asked.how == "number":
            return "" if float(values[0]) >= 0 else "Write an amount in digits, not below zero."
        day_of("day", values[0])
    except (ValueError, XhcreditError):
        number = "Write an amount in digits, not below zero."
        return number if asked.how == "number" else "Write a day that exists, such as 2026-05-10."
    return ""


def _answer(
    said: Mapping[str, list[str]], rules: Rulebook, today: date
) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """The assessment, or contradictory dates by field."""
    record = _record(said)
    applied = said.get("applied_on", [today.isoformat()])[0]
    days = {k: v for k, v in record.items() if k.endswith("_on") and isinstance(v, str)}
    if record["decided_on"] > applied:
        return None, {"decided_on": "The decision is after the day of the application."}
    if days.get("published_on", record["decided_on"]) < record["decided_on"]:
        return None, {"published_on": "It was published before it was decided."}
    try:
        applied_on = day_of("applied_on", applied)
        return as_data(assess(record_from(record), applied_on=applied_on, rules=rules)), {}
    except XhcreditError as error:
        return None, {"applied_on": str(error)}


def _record(said: Mapping[str, list[str]]) -> dict[str, Any]:
    """The record as it was described."""
    record: dict[str, Any] = {"authority": _LISTS}
    kind = said["kind"][0]
    for step in _way(said):
        for name, asked in _asked(step, said).items():
            if name in said and name != "applied_on":
                values = said[name]
                record[name] = values if asked.how == "several" else values[0]
                if asked.choices == _YES_NO:
                    record[name] = values[0] == "yes"
    if kind == "serious_listing":
        record["on_serious_list"] = True
    return {
        k: _padded(v) if k.endswith("_on") and isinstance(v, str) else v for k, v in record.items()
    }


def _padded(day: str) -> str:
    return day_of("day", day).isoformat()


def _back(step: str, way: tuple[str, ...], said: Mapping[str, list[str]]) -> str:
    """The page before."""
    at = way.index(step) if step in way else len(way)
    return _to(said, way[at - 1]) if at else "/console/restoration"


def _changes(said: Mapping[str, list[str]], way: tuple[str, ...]) -> list[tuple[str, str, Any]]:
    """Answers given, each with the address of its step."""
    return [
        (name, _to(said, step), said[name])
        for step in way
        for name in _asked(step, said)
        if name in said
    ]


def _to(said: Mapping[str, list[str]], step: str) -> str:
    return f"{ADDRESS}?{urlencode({**said, 'step': step}, doseq=True)}"
