"""Probes: events that must not weigh; a feature that moves with them is unlawful."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit.engine.compile import CompiledFeatures, compile_features
from xhcredit.engine.one_enterprise import day_number, one_enterprise
from xhcredit.engine.spec import Feature
from xhcredit.features import bans
from xhcredit.features.bans import Ban
from xhcredit.ingest.schema import CellValue, table

Event = dict[str, CellValue]
#: values to combine, by column
Choices = Mapping[str, Sequence[CellValue]]
EventsByTable = dict[str, list[Event]]

_AS_OF = date(2026, 7, 1)
_RECENT = (1, 100, 400)
_OLD = 1828  #: days; the longest lawful window, 60 months, is 1,826
_HEAVY = ("fine", "confiscation", "licence_revocation", "suspension;warning")
_LISTS: dict[str, Choices] = {
    "abnormal_listing": {"ground": ()},
    "serious_listing": {"list_kind": ()},
    "judicial": {"kind": (), "amount_yuan": (100,)},
    "tax_arrears": {"tax": ("vat",), "amount_yuan": (100,)},
}
#: adverse facts by table: values to combine; () stands for all that the directory declares
_ADVERSE: dict[str, Choices] = _LISTS | {
    "annual_report": {"outcome": ("late", "missed"), "year": (2020,)},
    "association_rating": {"grade": ("C", "D"), "disciplined": (True,)},
    "complaint": {"outcome": ("verified", "mediation_unmet"), "topic": ()},
    "construction_finding": {"kind": (), "severity": (), "stop_order": (True,)},
    "credit_promise": {"outcome": ("broken",), "kind": ()},
    "elderly_check": {"kind": (), "passed": (False,), "hazard_grade": ("high",)},
    "food_sample": {"failed": (True,), "hazard": (), "recalled": (False,)},
    "inspection": {
        "field": (),
        "form": ("random", "case"),
        "result": ("corrected", "refused", "concealment"),
        "failed": (True,),
        "recheck_passed": (False,),
    },
    "penalty": {
        "procedure": ("ordinary",),
        "severity": (None, "ordinary", "serious"),
        "penalty_kinds": _HEAVY,
        "field": (),
        "amount_yuan": (100,),
    },
    # Due so long ago that every order counts as missed: only the look-back can keep it out.
    "rectification_order": {"field": (), "due_on": (_AS_OF - timedelta(days=3000),)},
    "tax_grade": {"grade": ("C", "D"), "year": (2020,)},
}


@dataclass(frozen=True)
class Probe:
    """Events, and the ban that a feature breaks when they move it.

    ``to_the_worse``: only a move to the worse breaks it (a share may grow by what was in order).
    """

    ban: Ban
    events: EventsByTable
    to_the_worse: bool = False


def _events(name: str, age: int, parts: Choices, **fixed: CellValue) -> Iterator[Event]:
    """Events of one table, one per combination of values, known the day they happened."""
    t = table(name)
    columns = list(parts)
    choices = [parts[c] or t.column(c).value_ids for c in columns]
    day = _AS_OF - timedelta(days=age)
    keys = [c for c in t.key if t.column(c).type in ("text", "person")]
    for n, values in enumerate(product(*choices)):
        numbered = {key: f"{age}-{n}" for key in keys}
        known: Event = {"code": "", "occurred_on": day, "known_on": day}
        yield known | numbered | fixed | dict(zip(columns, values, strict=True))


def _ending(age: int) -> Event:
    day = _AS_OF - timedelta(days=age)
    return {"ended_on": day, "ended_known_on": day}


def _events_of_tables(tables: Mapping[str, Choices], age: int, **fixed: CellValue) -> EventsByTable:
    return {name: list(_events(name, age, parts, **fixed)) for name, parts in tables.items()}


def _recent_events(name: str, *combinations: Choices, **fixed: CellValue) -> EventsByTable:
    """Events of one table at several recent ages; by default ended the day they happened."""
    return {
        name: [
            event
            for age in _RECENT
            for parts in combinations
            for event in _events(name, age, parts, **(_ending(age) | fixed))
        ]
    }


def _complaints() -> EventsByTable:
    weighing_outcomes = ("verified", "mediation_unmet")
    values = table("complaint").column("outcome").value_ids
    untrue_outcomes = tuple(v for v in values if v not in weighing_outcomes)
    return _recent_events(
        "complaint",
        {"topic": (), "outcome": untrue_outcomes},
        {"topic": (), "outcome": weighing_outcomes, "serial_claimant": (True,)},
        {"topic": (), "outcome": weighing_outcomes, "ended_on": (None,), "ended_known_on": (None,)},
    )


def _slight() -> EventsByTable:
    kinds = ("fine", "licence_revocation")
    slight_kinds = ("warning", "criticism", "criticism;warning")
    # Open and performed alike: a slight penalty must not come back as one that was never paid.
    performed = (None, _AS_OF - timedelta(days=1))
    common_parts = {"field": (), "amount_yuan": (100,), "ended_on": performed}
    return _recent_events(
        "penalty",
        {
            "procedure": ("summary",),
            "penalty_kinds": kinds,
            "severity": (None, "ordinary"),
            **common_parts,
        },
        {
            "procedure": ("ordinary",),
            "penalty_kinds": kinds,
            "severity": ("minor",),
            **common_parts,
        },
        {
            "procedure": ("ordinary",),
            "penalty_kinds": slight_kinds,
            "severity": (None,),
            **common_parts,
        },
    )


def probes() -> list[Probe]:
    """All probes."""
    due: Choices = {"due_on": (_AS_OF,), "field": ()}
    unreachable: Choices = {"result": ("unreachable",), "failed": (True,), "field": (), "form": ()}
    label_flaw: Choices = {"failed": (True,), "hazard": ("label",), "recalled": (False,)}
    changes = {"kind": ("address", "scope", "capital_increase")}
    return [
        Probe(bans.UNVERIFIED, _complaints()),
        Probe(bans.SLIGHT, _slight()),
        Probe(bans.LEFT_LIST, _events_of_tables(_LISTS, 400, **_ending(1))),
        Probe(bans.TOO_OLD, _events_of_tables(_ADVERSE, _OLD, **_ending(_OLD))),
        Probe(bans.WITHDRAWN, _events_of_tables(_ADVERSE, 100, **_ending(50), withdrawn_on=_AS_OF)),
        Probe(bans.UNREACHABLE, _recent_events("inspection", unreachable)),
        Probe(bans.CORRECTED, _recent_events("rectification_order", due)),
        Probe(bans.ORDINARY_CHANGE, _recent_events("registration_change", changes)),
        # A label flaw adds a sample, so a share of failures rightly falls; only a rise would be
        # a fault.
        Probe(bans.LABEL_FLAW, _recent_events("food_sample", label_flaw), to_the_worse=True),
    ]


def _ordinary_events() -> EventsByTable:
    """A life with one of everything adverse, so that shares and means have something to move."""
    passed: Choices = {"field": (), "failed": (False,), "result": ("no_problem",)}
    world = _events_of_tables(_ADVERSE, 30, ended_on=None)
    verified = list(_events("complaint", 30, _ADVERSE["complaint"], **_ending(2)))
    inspections = world["inspection"] + list(_events("inspection", 500, passed))
    change = list(_events("registration_change", 30, {"kind": ("name", "manager")}))
    return world | {"complaint": verified, "inspection": inspections, "registration_change": change}


def _merged(world: EventsByTable, additions: EventsByTable) -> EventsByTable:
    return {name: world.get(name, []) + additions.get(name, []) for name in world | additions}


def _values(compiled: CompiledFeatures, world: EventsByTable) -> Array:
    day = np.full(1, day_number(_AS_OF), np.int32)
    return compiled.run(one_enterprise(world), np.zeros(1, np.int64), day)[:, 0]


def moved_features(features: Sequence[Feature]) -> list[tuple[str, Ban]]:
    """Which features move by events that must not weigh for their use: (id, ban)."""
    compiled = compile_features(features, jit=False)
    broken_bans = []
    # In an empty world shares and means have nothing to move, and a ban could be broken unseen.
    for world in ({}, _ordinary_events()):
        values_before = _values(compiled, world)
        for probe in probes():
            values_after = _values(compiled, _merged(world, probe.events))
            for f, old, new in zip(compiled.features, values_before, values_after, strict=True):
                if probe.ban.score_only and f.use != "score":
                    continue
                if _worse(f, old, new) if probe.to_the_worse else _differs(old, new):
                    broken_bans.append((f.id, probe.ban))
    return broken_bans


def _differs(old: float, new: float) -> bool:
    return old != new and not (np.isnan(old) and np.isnan(new))


def _worse(f: Feature, old: float, new: float) -> bool:
    """Whether a move goes the feature's bad way; from missing to a value counts as such."""
    better = new > old if f.direction == "safer" else new < old
    return _differs(old, new) and not better
