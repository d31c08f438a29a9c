"""Alerts: what each trigger tells over a year, and how alerts are chosen and dealt with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any

from tests.rules.keys.alarm_world import NODES, TODAY, small_world
from xhcredit.alerts.back_test import Outcomes, Replay
from xhcredit.alerts.budget import AlertCandidate, choose_alerts
from xhcredit.alerts.clusters import cluster_picture
from xhcredit.alerts.detect import PREFIX, active_triggers
from xhcredit.alerts.precision import precision_of
from xhcredit.alerts.workflow import AlertAction, Standing, standing_after
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import XhcreditError
from xhcredit.jobs.alerts.context import white_listed
from xhcredit.jobs.alerts.follow_up import departments_of_family, notified_departments
from xhcredit.jobs.alerts.nightly_update import expiry_terms, split_by_proofs
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import (
    Budget,
    Discovery,
    Flow,
    Picture,
    Proving,
    Retirement,
    Routing,
)

TODAY_NUMBER = day_number(TODAY)
#: nights of more than a year, a fortnight apart
NIGHTS = Proving.model_validate(
    {
        "months": 14,
        "step_days": 14,
        "horizon_days": 90,
        "valid_days": 1,
        "confidence": 0.9,
        "outcomes": ({"table": "serious_listing"},),
    }
)
#: whose tier fell, night by night
FALLS = {
    TODAY_NUMBER - NIGHTS.days + 14 * n: {
        n: ("A", "BCD"[n % 3]),
        50: ("B", "CD"[n % 2]),
        60: ("A", "D"),
    }
    for n in range(31)
}
STEPS = ({"act": "screen", "actor": "a", "colour": "blue", "details": {}},)


def alerts_and_departments(book: Rulebook, rule_id: str) -> Iterator[Any]:
    """The alerts of one trigger: night, subject, fact, colour, and who is told of them."""
    trigger = {t.id: t for t in active_triggers(book, TODAY)}[rule_id.removeprefix(PREFIX)]
    rate = book.value("alerts.discovery", Discovery, as_of=TODAY)
    for night, detection in Replay(small_world(), NIGHTS, rate, TODAY_NUMBER, FALLS).alerts(
        trigger
    ):
        yield night, detection.hit.key, detection.hit.fact, detection.colour
    yield departments_of_family(book, trigger.numbers.family, TODAY)


def discovered(book: Rulebook) -> Iterator[Any]:
    """What tests find at the false discovery rate."""
    for name in ("complaints_surge", "area_complaints", "penalties_surge"):
        yield list(alerts_and_departments(book, PREFIX + name))


def proofs(book: Rulebook) -> Iterator[Any]:
    """Back-tests by the rule, and whose back-test is still good."""
    rule = book.value("alerts.proving", Proving, as_of=TODAY)
    rate = book.value("alerts.discovery", Discovery, as_of=TODAY)
    triggers = active_triggers(book, TODAY)
    for age in (1, 700, 729, 730, 731, 1000, 3000):
        proof = {"as_of": (TODAY - timedelta(days=age)).isoformat()}
        yield len(split_by_proofs({(t.id, t.digest): proof for t in triggers}, book, TODAY)[0])
    world = small_world()
    outcomes = Outcomes.of(world, rule.outcomes, TODAY_NUMBER)
    often = next(t for t in triggers if t.id == "penalties_often")
    yield Replay(world, rule, rate, TODAY_NUMBER).prove(often, outcomes)


def budget(book: Rulebook) -> Iterator[Any]:
    """Which of many findings of a night become alerts, bureau by bureau."""
    rule = book.value("alerts.budget", Budget, as_of=TODAY)
    for bureau, colour in product(("", "甲局"), Flow.COLOURS):
        candidates = [
            AlertCandidate(
                "t", "", "f", "enterprise", f"{n}", f"{n}", "", bureau, "", "x", colour, n, 0
            )
            for n in range(200)
        ]
        choice = choose_alerts(candidates, [], rule, TODAY)
        yield bureau, colour, len(choice.new), len(choice.held_back)


def flow(book: Rulebook) -> Iterator[Any]:
    """Due days, who must be two, how long and how often an alert waits, and when it expires."""
    rule = book.value("alerts.flow", Flow, as_of=TODAY)
    for colour in Flow.COLOURS:
        before = Standing("screened", colour)
        steps = [{**STEPS[0], "colour": colour}]
        for actor, act in product("ab", ("issue", "snooze")):
            for days, times in product((1, 15, 16, 40), range(4)):
                until = (TODAY + timedelta(days=days)).isoformat()
                doing = AlertAction(act, TODAY, actor, "r", {"owner": "c", "until": until})
                snoozed = [{**steps[0], "act": "snooze"}] * times
                yield _taken(before, [*steps, *snoozed], doing, rule, book)
    yield expiry_terms(rule, TODAY)["before"]


def _taken(before: Standing, steps: Any, doing: AlertAction, rule: Flow, book: Rulebook) -> Any:
    try:
        return standing_after(before, steps, doing, rule, book.calendar)
    except XhcreditError as error:
        return type(error).__name__


def routing(book: Rulebook) -> Iterator[Any]:
    """Which departments are told of an issued alert of each family and colour."""
    rule = book.value("alerts.routing", Routing, as_of=TODAY)
    families = {t.numbers.family for t in active_triggers(book, TODAY)}
    for family, colour in product(sorted(families), Flow.COLOURS):
        yield family, notified_departments(rule, family, Standing("issued", colour))


def retirement(book: Rulebook) -> Iterator[Any]:
    """Which triggers are proposed for retirement by what was verified."""
    rule = book.value("alerts.retirement", Retirement, as_of=TODAY)
    for true, false in product(range(0, 60, 3), range(0, 90, 3)):
        yield precision_of("t", 9, {"true": true, "false": false}, rule)


def pictures(book: Rulebook) -> Iterator[Any]:
    """The clusters around an enterprise, as far as they are shown."""
    rule = book.value("alerts.picture", Picture, as_of=TODAY)
    world = small_world()
    for row in range(0, len(world.event_columns), 20):
        yield cluster_picture(world, row, rule, TODAY_NUMBER)


def white(book: Rulebook) -> Iterator[Any]:
    """Enterprises and nodes that do not alert."""
    yield white_listed(small_world().event_columns, NODES, book, date(2026, 11, 30))
