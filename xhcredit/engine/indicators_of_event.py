"""Indicators that read an event on a day, and the unmet conditions of those that do not.

Written from the same declarations, by the same functions, as the kernel: an indicator reads an
event if the kernel takes its step for that event.  It runs as plain Python, for the few events of
one enterprise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from xhcredit.engine.columns import EventColumns
from xhcredit.engine.expr import KernelExpr
from xhcredit.engine.jit import load_module
from xhcredit.engine.kernel_source import (
    HIDDEN,
    EventCondition,
    arrays_of,
    conditions,
    event_names,
    value_of,
)
from xhcredit.engine.neighbours import in_hubs
from xhcredit.engine.spec import Feature
from xhcredit.ingest.schema import Table, directory

RELATION = "relation"
#: a relation through a node with too many members counts for nobody
HUB = EventCondition("hub", (), "")


@dataclass(frozen=True)
class Reading:
    """One event on one day.

    ``hidden`` says why no indicator can see it (a key of ``HIDDEN``), or is empty.  ``unmet`` has,
    for each indicator of its table, the conditions that the event does not fulfil.
    """

    hidden: str
    unmet: Mapping[str, tuple[EventCondition, ...]]

    @property
    def read_by(self) -> list[str]:
        """Ids of the indicators that read the event: visible, and no condition unmet."""
        return [] if self.hidden else [name for name, unmet in self.unmet.items() if not unmet]


@dataclass(frozen=True)
class _TableIndicators:
    """The indicators of one table, and the function that tests their conditions on each event."""

    table: str
    arrays: tuple[str, ...]
    features: Mapping[str, tuple[EventCondition, ...]]
    tested: tuple[EventCondition, ...]
    function: Any

    def readings(self, event_columns: EventColumns, row: int, day: int) -> Iterator[Reading]:
        """Reading of each event of the enterprise, in the store's order."""
        arrays = [event_columns.tables[self.table][name] for name in self.arrays]
        for hidden, holds in self.function(row, day, *arrays):
            unmet = {c for c, met in zip(self.tested, holds, strict=True) if not met}
            unmet_by_feature = {
                f: tuple(c for c in feature_conditions if c in unmet)
                for f, feature_conditions in self.features.items()
            }
            yield Reading(hidden, unmet_by_feature)


@dataclass(frozen=True)
class Readers:
    """Indicators that can say which events they read."""

    tables: Mapping[str, _TableIndicators]
    hub_limits: Mapping[str, int]

    def readings_at(
        self, event_columns: EventColumns, row: int, day: int
    ) -> dict[str, list[Reading]]:
        """Readings of all events of the enterprise at ``row`` on a day, by table, in their order.

        Args:
            event_columns: clustered columns.
            row: position in the store.
            day: as-of day number.
        """
        readings_by_table = {
            name: list(indicators.readings(event_columns, row, day))
            for name, indicators in self.tables.items()
        }
        for name, limit in self.hub_limits.items():
            hubs = in_hubs(event_columns, row, day, limit)
            if hubs:
                readings_by_table[RELATION] = self._without_hubs(
                    event_columns, row, readings_by_table[RELATION], name, hubs
                )
        return readings_by_table

    @staticmethod
    def _without_hubs(
        event_columns: EventColumns,
        row: int,
        readings: Sequence[Reading],
        name: str,
        hubs: set[int],
    ) -> list[Reading]:
        arrays = event_columns.tables[RELATION]
        ids = arrays["event_id"][arrays["offsets"][row] : arrays["offsets"][row + 1]].tolist()
        return [
            replace(r, unmet={**r.unmet, name: (*r.unmet[name], HUB)}) if id_ in hubs else r
            for id_, r in zip(ids, readings, strict=True)
        ]


@cache
def readers_of(features: tuple[Feature, ...]) -> Readers:
    """Prepare declarations; derived ones read other indicators, not events, and are left out.

    An indicator of neighbours reads those relations of its kind that are in force.
    """
    neighbour_features = [f for f in features if f.aggregate == "neighbours"]
    direct_features = [f for f in features if f.aggregate not in ("neighbours", "derived")]
    direct_features += [_of_relations(f) for f in neighbour_features]
    tables = {
        t.name: _table_indicators(t, [f for f in direct_features if f.table == t.name])
        for t in directory().values()
        if t.kind == "event"
    }
    return Readers(tables, {f.id: f.hub_limit for f in neighbour_features})


def _of_relations(f: Feature) -> Feature:
    """Relation count equivalent to a neighbour indicator, for the enterprise itself."""
    where = f"kind == '{f.relation}' and open"
    return replace(f, aggregate="count", table=RELATION, where=where, relation="", of="")


def _table_indicators(t: Table, features: Sequence[Feature]) -> _TableIndicators:
    emitter = KernelExpr(t, f'table "{t.name}"')
    conditions_by_feature = {
        f.id: tuple(conditions(f, emitter, value_of(f, emitter)[1])) for f in features
    }
    tested = tuple(
        dict.fromkeys(
            c for condition_tuple in conditions_by_feature.values() for c in condition_tuple
        )
    )
    arrays = arrays_of(t, emitter)
    source = _source(t, emitter, arrays, tested)
    module = load_module(f"xhreading_{hashlib.sha256(source.encode()).hexdigest()[:16]}", source)
    return _TableIndicators(t.name, arrays, conditions_by_feature, tested, module.readings)


def _source(
    t: Table, emitter: KernelExpr, arrays: Sequence[str], tested: Sequence[EventCondition]
) -> str:
    """A generator over one enterprise's events: why it is hidden, and which conditions hold."""
    hidden = "".join(f"{name!r} if {test} else " for name, test in HIDDEN.items()) + "''"
    steps = [*event_names(emitter), f"hidden = {hidden}", "yield hidden, ("]
    steps += [*(f"    {c.code}," for c in tested), ")"]
    return "\n".join(
        [
            f'"""Written by {__name__} from the feature declarations; do not edit."""',
            "",
            "",
            f"def readings(r, A, {', '.join(arrays)}):",
            f'    """{t.name_en}: {len(tested)} conditions."""',
            "    for j in range(offsets[r], offsets[r + 1]):",
            *(f"        {step}" for step in steps),
            "",
        ]
    )
