"""Use of each event by the score: indicators that read it, or the reasons why none does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from xhcredit.engine.compile import inputs_of
from xhcredit.engine.indicators_of_event import Reading, readers_of
from xhcredit.engine.one_enterprise import day_number
from xhcredit.engine.spec import Feature
from xhcredit.features.why_not import X_NOT_APPLIED, Reason, reasons
from xhcredit.ingest.schema import Table, directory
from xhcredit.jobs.enterprise.rows import NotCounted, ReadingIndicator
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.warehouse.rows_by_enterprise import EnterpriseRows

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
    indicators: list[ReadingIndicator]
    why_none: list[NotCounted]

    @property
    def counts(self) -> bool:
        """Whether the event enters the result of this enterprise at all."""
        return not self.why_none


def event_uses(
    model: Model, rows: EnterpriseRows, row: int, scores: Collection[str]
) -> dict[str, list[EventUse]]:
    """All events of an enterprise that were known on the model's day, by table, in their order.

    Args:
        model: release, rules and day.
        rows: full rows beside the clustered store.
        row: position of the enterprise.
        scores: the scores that apply to it (``general``, ``x_food`` …).
    """
    uses = _IndicatorUses(model, scores)
    readings = readers_of(model.compiled.features).readings_at(
        rows.event_columns, row, day_number(model.as_of)
    )
    return {
        name: [
            uses.use_of(directory()[name], event, reading)
            for event, reading in zip(rows.rows_of(name, row), event_readings, strict=True)
            if event["known_on"] <= model.as_of
        ]
        for name, event_readings in readings.items()
    }


def _as_known(table: Table, event: Row, as_of: date) -> Row:
    """Event as known on a day: without a later withdrawal or ending."""
    unknown_columns: set[str] = set()
    if event["withdrawn_on"] is not None and event["withdrawn_on"] > as_of:
        unknown_columns |= {"withdrawn_on", "withdrawn_why"}
    ended_known_on = event.get("ended_known_on")
    if ended_known_on is not None and ended_known_on > as_of:
        unknown_columns |= {
            "ended_on",
            "ended_known_on",
            *(c.name for c in table.columns if c.with_end),
        }
    return {k: None if k in unknown_columns else v for k, v in event.items()}


class _IndicatorUses:
    """Indicators of a model, with the indicators they are derived from."""

    def __init__(self, model: Model, scores: Collection[str]) -> None:
        self.as_of = model.as_of
        self.declared = {f.id: f for f in model.compiled.features}
        self.enters = _scores_by_indicator(model, scores)
        self.made_of = {name: _source_indicators(self.declared, name) for name in self.enters}
        self.sources = set().union(*self.made_of.values())

    def use_of(self, table: Table, event: Row, reading: Reading) -> EventUse:
        """Use of one event."""
        read_by = set(reading.read_by)
        known_event = _as_known(table, event, self.as_of)
        indicators: list[ReadingIndicator] = [
            {"indicator": f.id, "zh": f.zh, "en": f.en, "enters": self.enters[f.id]}
            for f in (self.declared[name] for name in self.enters)
            if self.made_of[f.id] & read_by
        ]
        why_none: list[Reason] = []
        if not indicators:
            unmet_features = {
                name: self.declared[name] for name in reading.unmet if name in self.sources
            }
            why_none = reasons(table, reading, unmet_features, known_event, self.as_of)
        elif not any(i["enters"] for i in indicators):
            why_none = [X_NOT_APPLIED]
        return EventUse(
            known_event,
            event["withdrawn_on"],
            indicators,
            [{"reason": r.reason, "zh": r.zh, "en": r.en} for r in why_none],
        )


def _scores_by_indicator(model: Model, scores: Collection[str]) -> dict[str, list[str]]:
    """By indicator the scores of an enterprise, and the rules, that it enters."""
    tables = model.release.tables
    features_by_score = {
        s: {i.feature for i in tables[s].indicators} for s in tables if s in scores
    }
    features_by_score[RULES] = set(model.rule_indicators())
    return {
        n: [s for s, names in features_by_score.items() if n in names]
        for n in model.all_indicators()
    }


def _source_indicators(declared: Mapping[str, Feature], name: str) -> frozenset[str]:
    """Indicators over events that one is made of; itself, if it reads events.

    What others did, which indicators of neighbours sum up, is no event of this enterprise.
    """
    f = declared[name]
    if f.aggregate != "derived":
        return frozenset({name})
    return frozenset().union(*(_source_indicators(declared, part) for part in inputs_of(f)))
