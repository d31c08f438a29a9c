"""Detection: all triggers of a day, white lists, false discovery rate (Benjamini-Hochberg)."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import rfc8785

from xhcredit.alerts import (
    clusters as graph,
)
from xhcredit.alerts import (
    deadline_triggers as kinds_states,
)
from xhcredit.alerts import (
    event_triggers as kinds_events,
)
from xhcredit.alerts.hits import Hit
from xhcredit.alerts.spike_triggers import discoveries, spikes
from xhcredit.alerts.visible_events import World
from xhcredit.errors import RuleNotInForce
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import Colour, Discovery, Flow, Spike, Trigger

PREFIX = "alerts.triggers."

#: kind of trigger: what finds its hits
KINDS: Mapping[str, Callable[[World, Any, int], Iterator[Hit]]] = {
    "event": kinds_events.event_happens,
    "count": kinds_events.count_reaches,
    "worsens": kinds_events.grade_worsens,
    "ratio": kinds_events.ratio_off,
    "tier_falls": kinds_events.tier_falls,
    "deadline": kinds_states.deadline_passes,
    "open": kinds_states.stays_open,
    "lapsed": kinds_states.nothing_heard,
    "not_filed": kinds_states.not_filed,
    "related": graph.related,
    "cluster": graph.cluster_grows,
}


@dataclass(frozen=True)
class ActiveTrigger:
    """A trigger with its rule's names and the digest of its numbers."""

    id: str
    zh: str
    en: str
    numbers: Trigger
    digest: str


@dataclass(frozen=True)
class Finding:
    """A hit with the trigger that found it, and its colour."""

    trigger: ActiveTrigger
    hit: Hit
    colour: Colour


def digest_of(numbers: Trigger) -> str:
    """Digest of a trigger's parameters: SHA-256 of their canonical JSON."""
    return hashlib.sha256(rfc8785.dumps(numbers.model_dump(mode="json"))).hexdigest()


def active_triggers(rules: Rulebook, day: date) -> list[ActiveTrigger]:
    """The triggers in force on a day; none while the pack is out of service."""
    triggers = []
    for rule_id, rule in rules.rules.items():
        if not rule_id.startswith(PREFIX):
            continue
        try:
            numbers = rules.serving(rule_id, Trigger, as_of=day)
        except RuleNotInForce:
            continue
        name = rule_id.removeprefix(PREFIX)
        triggers.append(
            ActiveTrigger(name, rule.name_zh, rule.name_en, numbers, digest_of(numbers))
        )
    return triggers


def worse_colour(colour: Colour, by: int = 1) -> Colour:
    """A colour some steps worse; red stays red.

    >>> worse_colour("yellow"), worse_colour("red")
    ('orange', 'red')
    """
    position = Flow.COLOURS.index(colour) + by
    return Flow.COLOURS[min(position, len(Flow.COLOURS) - 1)]


def detect(world: World, triggers: list[ActiveTrigger], rule: Discovery, day: int) -> list[Finding]:
    """All findings of a day; those of statistical tests within the false discovery rate.

    Enterprises and nodes of the white lists are left out, and who is not present.
    """
    plain, tested = _unfiltered_findings(world, triggers, day)
    findings = plain + _within_rate(tested, rule.rate)
    present = set(world.event_columns.present(day).tolist())
    return [f for f in findings if _is_reportable(world, present, f.hit)]


_TestedFamilies = dict[str, tuple[list[Finding], int]]


def _unfiltered_findings(
    world: World, triggers: list[ActiveTrigger], day: int
) -> tuple[list[Finding], _TestedFamilies]:
    plain: list[Finding] = []
    tested: _TestedFamilies = defaultdict(lambda: ([], 0))
    for t in triggers:
        if isinstance(t.numbers, Spike):
            hits, tests = spikes(world, t.numbers, day)
            family, tests_before = tested[t.numbers.family]
            tested[t.numbers.family] = (
                [*family, *(_finding(t, h) for h in hits)],
                tests_before + tests,
            )
        else:
            plain += [_finding(t, h) for h in KINDS[t.numbers.kind](world, t.numbers, day)]
    return plain, tested


def _finding(trigger: ActiveTrigger, hit: Hit) -> Finding:
    colour = trigger.numbers.colour
    return Finding(trigger, hit, worse_colour(colour) if hit.worse else colour)


def _within_rate(tested: _TestedFamilies, rate: float) -> list[Finding]:
    """Findings that pass the false discovery rate of their family."""
    findings: list[Finding] = []
    for family, tests in tested.values():
        # All tests of a family on one night together: held one trigger at a time, each new
        # trigger would add its own share of false alarms.
        passed = discoveries([f.hit.p or 0.0 for f in family], tests, rate)
        findings += [f for f, ok in zip(family, passed, strict=True) if ok]
    return findings


def _is_reportable(world: World, present: set[int], hit: Hit) -> bool:
    if hit.subject == "enterprise":
        # White lists are applied after the tests and not before, so that they change nobody
        # else's threshold.
        return hit.position in present and hit.position not in world.white_rows
    return not (hit.subject == "node" and hit.position in world.white_nodes)
