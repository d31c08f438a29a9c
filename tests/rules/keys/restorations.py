"""Restoration: answers to the lawyers' cases and to made-up records, and the clocks of steps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from tests.restoration.records import listing, penalty
from xhcredit.errors import XhcreditError
from xhcredit.restoration.assess import assess
from xhcredit.restoration.cases import case_from, extras_of, line_of, load_cases
from xhcredit.restoration.clocks import clocks
from xhcredit.restoration.record import AdverseRecord
from xhcredit.rules.rulebook import Rulebook

CASES = Path(__file__).parents[2] / "cases" / "restoration"
AUTHORITIES = ("ndrc", "samr", "shanghai")
FIELDS = ("food", "drug", "special_equipment", "work_safety", "fire")
CLASSES = {"minor": "criticism", "ordinary": "fine", "serious": "suspension"}
#: what else may be known of a penalty, days counted from its decision
OF_A_PENALTY: tuple[dict[str, Any], ...] = (
    {"penalty_kinds": ["fine"], "amount_yuan": 200_000},
    {"pledge": False},
    {"duties_done_on": None},
    {"ban_months": 60},
    {"false_materials_on": 50},
    {"decision_revoked_on": 60},
    {"duties_done_on": None, "reorganisation_approved_on": 60},
    {"override": None, "procedure": "summary"},
    {"override": None, "procedure": "summary", "amount_yuan": 1000, "holder_kind": "person"},
    {"override": None, "field": "work_safety", "amount_yuan": 150_000},
)
FILED = (date(2018, 3, 9), date(2024, 3, 8), date(2025, 3, 7), date(2026, 2, 6), date(2026, 9, 4))


def answers(book: Rulebook) -> Iterator[Any]:
    """May each record be restored on a day, by which way, from when, and is the law settled?"""
    for record, day in records():
        try:
            assessment = assess(record, applied_on=day, rules=book)
        except XhcreditError as error:
            yield type(error).__name__
        else:
            yield line_of("", assessment), extras_of(assessment), len(assessment.lawyer)


@cache
def records() -> tuple[tuple[AdverseRecord, date], ...]:
    """Made-up records of every authority, and the lawyers' cases."""
    read = [
        case_from(case_fields)
        for f in sorted(CASES.glob("*.yaml"))
        for _, case_fields in load_cases(f)
    ]
    day = date(2026, 11, 30)
    lists = product(("serious_listing", "abnormal_listing"), AUTHORITIES)
    listed = ((listing(kind, authority=authority), day) for kind, authority in lists)
    return (*_made_up(), *listed, *((case.record, case.applied_on) for case in read))


def _made_up() -> Iterator[tuple[AdverseRecord, date]]:
    """Penalties of each authority, class and field, and what else may be known of them.

    Some are decided by the law of 2024 and asked of before it changed.
    """
    ends = [date(2025, 3, 31), date(2026, 3, 31), date(2026, 11, 30)]
    known = [*OF_A_PENALTY, *({"field": field} for field in FIELDS)]
    for authority, day, known_dates, (severity, kind) in product(
        AUTHORITIES, ends, known, CLASSES.items()
    ):
        decided = day - timedelta(days=100)
        by_hand = {"severity": severity, "official": "x", "reason": "y"}
        record_fields = {
            "decided_on": decided,
            "penalty_kinds": [kind],
            "override": by_hand,
        } | known_dates
        yield penalty(authority=authority, **_days_of(record_fields, decided)), day


def _days_of(record_fields: dict[str, Any], decided: date) -> dict[str, Any]:
    """Days after the decision instead of their numbers; published ten days after it."""
    dated_fields = {
        key: decided + timedelta(days=value)
        if isinstance(value, int) and key.endswith("_on")
        else value
        for key, value in record_fields.items()
    }
    return {"published_on": decided + timedelta(days=10)} | dated_fields


def due_days(book: Rulebook) -> Iterator[Any]:
    """The last day of every step of applications and objections."""
    for authority, kind, day in product(AUTHORITIES, ("penalty", "abnormal_listing"), FILED):
        for acts in (("file",), ("file", "accept"), ("file", "accept", "grant")):
            yield _due("restoration", (authority, kind), acts, day, book)
    for day in FILED:
        yield _due("objection", ("shanghai", "penalty"), ("file", "mark", "forward"), day, book)


def _due(kind: Any, about: Any, acts: tuple[str, ...], day: date, book: Rulebook) -> Any:
    try:
        step_clocks = clocks(kind, about, [(act, day) for act in acts], day, book)
    except XhcreditError as error:
        return type(error).__name__
    return [(clock.step, clock.due_on) for clock in step_clocks]
