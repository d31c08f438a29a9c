"""Use of each event by the score: indicators that read it, or the reasons why none does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from xhcredit.engine.compile import reads
from xhcredit.engine.indicators_of_event import Reading, readers_of
from xhcredit.engine.one_enterprise import day_number
from xhcredit.engine.spec import Feature
from xhcredit.features.why_not import X_NOT_APPLIED, Reason, reasons
from xhcredit.ingest.schema import Table, directory
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.warehouse.rows_by_enterprise import Rows

RULES = "rules"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class EventUse:
    """One event as known on a day, and what the scores of that day make of it.

    ``event`` has its canonical values; what was not known by then of its ending or withdrawal is
    None.  ``withdrawn_on`` is the day on which it ceases to count, even if told later.
    ``indicators`` read it, themselves or through others that they are made of; of each ``enters``
    names the scores of this enterprise that it enters, and ``rules`` if caps, direct assignments
    or the scope of an X look at it.  ``why_none`` has the reasons if none of them enters anything.
    """

    event: Row
    withdrawn_on: date | None
    indicators: list[dict[str, Any]]
    why_none: list[dict[str, str]]

    @property
    def counts(self) -> bool:
        """Whether the event enters the result of this enterprise at all."""
        return not self.why_none


def event_uses(
    model: Model, rows: Rows, row: int, scores: Collection[str]
) -> dict[str, list[EventUse]]:
    """All events of an enterprise that were known on the model's day, by table, in their order.

    Args:
        model: release, rules and day.
        rows: full rows beside the clustered store.
        row: position of the enterprise.
        scores: the scores that apply to it (``general``, ``x_food`` …).
    """
    uses = _Uses(model, scores)
    readings = readers_of(model.compiled.features).of(rows.store, row, day_number(model.as_of))
    return {
        name: [
            uses.of(directory()[name], event, reading)
            for event, reading in zip(rows.of(name, row), found, strict=True)
            if event["known_on"] <= model.as_of
        ]
        for name, found in readings.items()
    }


def _as_known(table: Table, event: Row, as_of: date) -> Row:
    """Event as known on a day: without a later withdrawal or ending."""
    late: set[str] = set()
    if event["withdrawn_on"] is not None and event["withdrawn_on"] > as_of:
        late |= {"withdrawn_on", "withdrawn_why"}
    ending = event.get("ended_known_on")
    if ending is not None and ending > as_of:
        late |= {"ended_on", "ended_known_on", *(c.name for c in table.columns if c.with_end)}
    return {k: None if k in late else v for k, v in event.items()}


class _Uses:
    """Indicators of a model, with the indicators they are derived from."""

    def __init__(self, model: Model, scores: Collection[str]) -> None:
        self.as_of = model.as_of
        self.declared = {f.id: f for f in model.compiled.features}
        self.enters = _enters(model, scores)
        self.made_of = {name: _sources(self.declared, name) for name in self.enters}
        self.sources = set().union(*self.made_of.values())

    def of(self, table: Table, event: Row, reading: Reading) -> EventUse:
        """Use of one event."""
        read_by = set(reading.read_by)
        known = _as_known(table, event, self.as_of)
        named = [
            {"indicator": f.id, "zh": f.zh, "en": f.en, "enters": self.enters[f.id]}
            for f in (self.declared[name] for name in self.enters)
            if self.made_of[f.id] & read_by
        ]
        why: list[Reason] = []
        if not named:
            asked = {name: self.declared[name] for name in reading.unmet if name in self.sources}
            why = reasons(table, reading, asked, known, self.as_of)
        elif not any(i["enters"] for i in named):
            why = [X_NOT_APPLIED]
        return EventUse(known, event["withdrawn_on"], named, [r._asdict() for r in why])


def _enters(model: Model, scores: Collection[str]) -> dict[str, list[str]]:
    """By indicator the scores of an enterprise, and the rules, that it enters."""
    tables = model.release.tables
    within = {s: {i.feature for i in tables[s].indicators} for s in tables if s in scores}
    within[RULES] = set(model.ruled())
    return {n: [s for s, names in within.items() if n in names] for n in model.reads()}


def _sources(declared: Mapping[str, Feature], name: str) -> frozenset[str]:
    """Indicators over events that one is made of; itself, if it reads events.

    What others did, which indicators of neighbours sum up, is no event of this enterprise.
    """
    f = declared[name]
    if f.aggregate != "derived":
        return frozenset({name})
    return frozenset().union(*(_sources(declared, part) for part in reads(f)))
