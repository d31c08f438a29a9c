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
    "worsens": kinds_events.worsens,
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
class Armed:
    """A trigger with its rule's names and the digest of its numbers."""

    id: str
    zh: str
    en: str
    numbers: Trigger
    digest: str


@dataclass(frozen=True)
class Found:
    """A hit with the trigger that found it, and its colour."""

    trigger: Armed
    hit: Hit
    colour: Colour


def digest_of(numbers: Trigger) -> str:
    """Digest of a trigger's parameters: SHA-256 of their canonical JSON."""
    return hashlib.sha256(rfc8785.dumps(numbers.model_dump(mode="json"))).hexdigest()


def armed(rules: Rulebook, day: date) -> list[Armed]:
    """The triggers in force on a day; none while the pack is out of service."""
    found = []
    for rule_id, rule in rules.rules.items():
        if not rule_id.startswith(PREFIX):
            continue
        try:
            numbers = rules.serving(rule_id, Trigger, as_of=day)
        except RuleNotInForce:
            continue
        name = rule_id.removeprefix(PREFIX)
        found.append(Armed(name, rule.name_zh, rule.name_en, numbers, digest_of(numbers)))
    return found


def raised(colour: Colour, by: int = 1) -> Colour:
    """A colour some steps worse; red stays red.

    >>> raised("yellow"), raised("red")
    ('orange', 'red')
    """
    at = Flow.COLOURS.index(colour) + by
    return Flow.COLOURS[min(at, len(Flow.COLOURS) - 1)]


def detect(world: World, triggers: list[Armed], rule: Discovery, day: int) -> list[Found]:
    """All findings of a day; those of statistical tests within the false discovery rate.

    Enterprises and nodes of the white lists are left out, and who is not present.
    """
    plain, tested = _raw(world, triggers, day)
    found = plain + _within_rate(tested, rule.rate)
    present = set(world.store.present(day).tolist())
    return [f for f in found if _counts(world, present, f.hit)]


_Tested = dict[str, tuple[list[Found], int]]


def _raw(world: World, triggers: list[Armed], day: int) -> tuple[list[Found], _Tested]:
    plain: list[Found] = []
    tested: _Tested = defaultdict(lambda: ([], 0))
    for t in triggers:
        if isinstance(t.numbers, Spike):
            hits, tests = spikes(world, t.numbers, day)
            family, before = tested[t.numbers.family]
            tested[t.numbers.family] = [*family, *(_found(t, h) for h in hits)], before + tests
        else:
            plain += [_found(t, h) for h in KINDS[t.numbers.kind](world, t.numbers, day)]
    return plain, tested


def _found(trigger: Armed, hit: Hit) -> Found:
    colour = trigger.numbers.colour
    return Found(trigger, hit, raised(colour) if hit.worse else colour)


def _within_rate(tested: _Tested, rate: float) -> list[Found]:
    """Findings that pass the false discovery rate of their family."""
    kept: list[Found] = []
    for family, tests in tested.values():
        passed = discoveries([f.hit.p or 0.0 for f in family], tests, rate)
        kept += [f for f, ok in zip(family, passed, strict=True) if ok]
    return kept


def _counts(world: World, present: set[int], hit: Hit) -> bool:
    if hit.subject == "enterprise":
        return hit.at in present and hit.at not in world.white_rows
    return not (hit.subject == "node" and hit.at in world.white_nodes)
