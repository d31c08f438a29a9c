"""Records as JSON-ready rows: labels, days, source, and what the scores make of an event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, cast

from xhcredit.ingest.schema import Table
from xhcredit.jobs.enterprise.event_uses import EventUse
from xhcredit.jobs.enterprise.rows import EnterpriseEvent, Fact, PlainValue

#: days of a record besides its own columns
DAY_COLUMNS = (
    "occurred_on",
    "known_on",
    "ended_on",
    "ended_known_on",
    "withdrawn_on",
    "withdrawn_why",
)


def json_value(value: object) -> PlainValue:
    """A canonical value as JSON: days and amounts are text."""
    return str(value) if isinstance(value, date | Decimal) else cast(PlainValue, value)


def facts_of(table: Table, record: Mapping[str, Any]) -> list[Fact]:
    """Values of a record with their names, persons left out; what is missing is left out too."""
    return [
        {
            "column": c.name,
            "zh": c.zh,
            "en": c.en,
            "value": json_value(record[c.name]),
            "label": _label(dict(c.values), record[c.name]),
        }
        for c in table.columns
        if c.name not in ("code", *DAY_COLUMNS)
        and c.type != "person"
        and record[c.name] is not None
    ]


def _label(labels: Mapping[str, str], value: Any) -> str | None:
    """The value of a category, or several of them, in words."""
    return "；".join(labels[v] for v in value.split(";")) if labels and value else None


def event_row(table: Table, use: EventUse) -> EnterpriseEvent:
    """An event as known on the day of its use."""
    event = use.event
    days = {name: _text(event.get(name)) for name in DAY_COLUMNS}
    return {
        "table": table.name,
        "zh": table.name_zh,
        "en": table.name_en,
        "occurred_on": str(event["occurred_on"]),
        "known_on": str(event["known_on"]),
        "ended_on": days["ended_on"],
        "ended_known_on": days["ended_known_on"],
        "withdrawn_on": days["withdrawn_on"],
        "withdrawn_why": days["withdrawn_why"],
        "facts": facts_of(table, event),
        "counts": use.counts,
        "indicators": use.indicators,
        "why_none": use.why_none,
        "source_file": event["source_file"],
        "source_row": event["source_row"],
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def latest_first(events: list[EnterpriseEvent]) -> list[EnterpriseEvent]:
    """Events by the day on which they happened, the latest first."""
    return sorted(events, key=lambda e: (e["occurred_on"], e["table"]), reverse=True)
