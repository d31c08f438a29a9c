"""What a rule says is what the program does: under every key another value has another outcome.

A key that changes nothing is read by nothing: let the code read it, or delete it from the rule and
its shape.  Names and texts are what pages and the shell show.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache, partial
from inspect import signature
from typing import Any

import pytest

from tests.rules.keys import (
    alarm_world,
    alarms,
    calendars,
    drawing,
    logins,
    models,
    names,
    restorations,
    scores,
    showing,
    tiering,
)
from tests.rules.keys.walking import changed, differs, keys_of, others, outcomes, plain, pools
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import Flow

BOOK = Rulebook.load()
#: what decides nothing and is there to be read: words in both languages, reasons, citations
SHOWN_ONLY = ("zh", "en", "why", "article")

#: families of rules and the small cases that their keys are tried on
PROBES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("scores.weights*", (scores.score,)),
    ("scores.scale", (scores.score,)),
    ("scores.x_*", (scores.score, tiering.switched_off)),
    ("tiers.*", (tiering.assigned, tiering.switched_off)),
    ("tolerance.*", (tiering.assigned, tiering.switched_off)),
    ("scope.*", (scores.score,)),
    ("features.*", (scores.score,)),
    ("packs.*", (scores.in_service,)),
    ("calendar.years.*", (calendars.working,)),
    ("calendar.statutory_days", (calendars.statutory,)),
    ("calendar.notice_due", (calendars.missing,)),
    ("restoration.*", (restorations.due_days, restorations.answers)),
    ("query.*", (restorations.answers,)),
    ("draws.ratios", (drawing.plans,)),
    ("draws.plan", (drawing.plans,)),
    ("draws.items*", (drawing.plans, drawing.checks)),
    ("draws.triggered", (drawing.checks,)),
    ("draws.caps*", (drawing.loads, drawing.frames)),
    ("draws.exclusions", (drawing.loads, drawing.frames)),
    ("draws.publication", (drawing.publication,)),
    ("draws.coverage.*", (drawing.trust, drawing.owed)),
    ("draws.*", (drawing.trust,)),
    ("alerts.triggers.*", (alarms.alerts_and_departments,)),
    ("alerts.discovery", (alarms.discovered,)),
    ("alerts.proving", (alarms.proofs,)),
    ("alerts.budget", (alarms.budget,)),
    ("alerts.flow", (alarms.flow,)),
    ("alerts.routing*", (alarms.routing,)),
    ("alerts.retirement", (alarms.retirement,)),
    ("alerts.picture", (alarms.pictures,)),
    ("alerts.white_list", (alarms.white,)),
    ("district.*", (names.official,)),
    ("outcomes.*", (models.followed,)),
    ("promotion.gates", (models.harmed, models.judged)),
    ("promotion.leak_limits", (models.alarmed,)),
    ("promotion.shadow", (models.shadowed,)),
    ("retention.*", (models.retained,)),
    ("access.lockout", (logins.lockout,)),
    ("access.sessions", (logins.sessions,)),
    ("access.passwords", (logins.passwords_by_rule,)),
)

SEVERITIES = ("abnormal_listing", "serious_listing", "inspection", "food_sample")
#: keys of which no other value fits the other keys beside them: each decides which those are
FIXED = ("kind", "year", "observed", "by")
#: values under keys of these names that stand in no shipped rule
FURTHER_VALUES: dict[str, tuple[Any, ...]] = {
    **alarm_world.VALUES,
    "items": drawing.ITEMS,
    "reviews": drawing.REVIEWS,
    "unit": ("days", "working_days"),
    "prevails": ("older", "newer", "local", "national", "milder", "stricter"),
    **dict.fromkeys(SEVERITIES, ("minor", "ordinary", "serious")),
    **dict.fromkeys(("tier", "no_worse_than"), tuple("ABCD")),
    "from_colour": Flow.COLOURS,
    "by": ("enterprise", "street_industry"),
    "own_level": alarm_world.VALUES["level"],
    "pending_form": alarm_world.VALUES["form"],
    "pending_result": alarm_world.VALUES["result"],
    "permits": ("市场监督管理局",),
    "score": ("市场监督管理局",),
    "nodes": tuple(node for _, node in alarm_world.NODES),
    "codes": tuple(alarm_world.CODES[:2]),
}


def probes_of(rule_id: str) -> tuple[Any, ...]:
    """The small cases of a rule; none if its family has none."""
    probes = next((probes for pattern, probes in PROBES if fnmatchcase(rule_id, pattern)), ())
    return tuple(_of_rule(probe, rule_id) for probe in probes)


@cache
def _of_rule(probe: Any, rule_id: str) -> Any:
    """A probe, told about which rule it is if it asks."""
    return partial(probe, rule_id=rule_id) if "rule_id" in signature(probe).parameters else probe


@cache
def before(probe: Any) -> list[Any]:
    """What a probe finds under the shipped rules."""
    return list(outcomes(probe, BOOK))


@cache
def pool() -> dict[str, tuple[Any, ...]]:
    shipped = pools(BOOK)
    return shipped | {
        key: (*shipped.get(key, ()), *more_values) for key, more_values in FURTHER_VALUES.items()
    }


def is_read(rule: Any, path: Any, numbers: list[int], probes: tuple[Any, ...]) -> bool:
    """Whether another value under a key of one of its entries changes an outcome.

    A key whose value follows from the others (a notice's year, ``FIXED``) is read by its shape,
    which refuses every other value.
    """
    near, allowed = pool().get(str(path[-1]) if path else rule.id, ()), False
    for number in reversed(numbers):  # the probes ask for recent days first
        value = plain(rule.entries[number].value)
        for key in path:
            value = value[key]
        for new in others(value, near):
            book = changed(BOOK, rule, number, path, new)
            allowed |= book is not None
            if book and any(differs(p, book, before(p)) for p in probes):
                return True
    return not allowed and (not path or path[-1] in FIXED)


@pytest.mark.parametrize("rule_id", BOOK.rules)
def test_under_every_key_another_value_has_another_outcome(rule_id):
    rule = BOOK.rule(rule_id)

    unread = [
        ".".join(map(str, path)) or rule_id
        for path, numbers in keys_of(rule).items()
        if not (path and path[-1] in SHOWN_ONLY)
        and not is_read(rule, path, numbers, probes_of(rule_id))
    ]

    assert unread == [], "read these keys, or delete them from the rule and its shape"


@pytest.mark.parametrize("key", SHOWN_ONLY)
def test_what_decides_nothing_is_shown(key):
    rules = [(BOOK.rule(i), path) for i in BOOK.rules for path in keys_of(BOOK.rule(i))]
    texts = [(rule, path) for rule, path in rules if path and path[-1] == key]
    newest = [(rule, path, keys_of(rule)[path][-1]) for rule, path in texts]

    assert newest
    for rule, path, number in newest:
        book = changed(BOOK, rule, number, path, "此处另有说明")
        page = partial(showing.page, rule_id=rule.id)
        assert book is not None
        assert differs(page, book, list(outcomes(page, BOOK)))


def test_every_rule_has_small_cases():
    assert [rule_id for rule_id in BOOK.rules if not probes_of(rule_id)] == []


def test_a_key_that_nothing_reads_is_found():
    """A planted offender: these small cases do not look at the rule."""
    rule = BOOK.rule("access.lockout")

    assert not is_read(rule, ("failures",), [0], (calendars.missing,))
