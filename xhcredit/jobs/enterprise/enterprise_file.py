"""Enterprise file (一企一档): all facts known on a day, each with source and days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from xhcredit.draws.inspection_load import InspectionVisit, inspection_load
from xhcredit.engine.columns import Array
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import RuleNotInForce, UnknownEnterprise
from xhcredit.ingest.schema import Table, directory
from xhcredit.jobs.enterprise.event_uses import EventUse, Row, event_uses
from xhcredit.jobs.enterprise.related_enterprises import neighbours_of
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.reasons import applying, result_of
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.jobs.warehouse.rows_by_enterprise import REGISTER, Rows
from xhcredit.rules.schemas.common import Cap, Direct
from xhcredit.rules.schemas.draws import Exclusions, InspectionCaps

#: what a row holds besides its own columns
_DAYS = ("occurred_on", "known_on", "ended_on", "ended_known_on", "withdrawn_on", "withdrawn_why")
_SOURCE = ("source_file", "source_row")


def file_of(
    model: Model, rows: Rows, code: str, shown_on: date
) -> tuple[dict[str, Any], list[str], int]:
    """The file of an enterprise as of the model's day, as JSON-ready values.

    Returns:
        The file; the codes of its neighbours, which whoever shows them may have to leave out; and
        how many records are hidden, for the activity chain.

    Raises:
        UnknownEnterprise: nobody has this code, or it was not yet known on that day.
    """
    row, day = rows.store.row(code), day_number(model.as_of)
    if rows.store.known[row] > day:
        raise UnknownEnterprise(
            f'enterprise "{code}" was not known on {model.as_of}; choose a later day'
        )
    x = model.compiled.run(rows.store, np.array([row]), np.array([day]))
    result = result_of(model, x)
    uses = event_uses(model, rows, row, applying(result))
    shown, hidden = _shown(uses, max(model.as_of, shown_on))
    events = [_told(directory()[name], use) for name, use in shown]
    relations = neighbours_of(rows.store, row, day)
    told = {
        "code": code,
        "mark": MARK,
        "as_of": model.as_of.isoformat(),
        "provenance": model.provenance(rows.store.digest),
        "register": _register(rows.of(REGISTER, row)[0]),
        "result": result,
        "rules": _conditions(model, x),
        "inspections_this_year": inspections_this_year(
            [use.event for name, use in shown if name == "inspection"], model
        ),
        "events": sorted(events, key=lambda e: (e["occurred_on"], e["table"]), reverse=True),
        "relations": relations,
    }
    return told, sorted({c for r in relations for c in r["neighbours"]}), hidden


def inspections_this_year(inspections: Sequence[Row], model: Model) -> list[dict[str, Any]]:
    """Inspections of the calendar year by field and department, against the yearly caps.

    Args:
        inspections: rows of the table ``inspection`` known on the model's day.
        model: day and rules.

    Returns:
        One entry per field inspected this year: ``counting`` (toward the cap, all departments),
        ``exempt`` (deployed from above, complaints, requested …), ``total``, the cap
        (``most`` per department and level, ``most_in_all``; None without a cap), ``reached``,
        ``unusual``, and ``departments`` with ``agency``, ``level``, ``counting``, ``exempt``.
        Empty where the rules about draws are not in force or out of service.
    """
    day = model.as_of
    try:
        caps = model.rules.serving("draws.caps", InspectionCaps, as_of=day)
        exclusions = model.rules.serving("draws.exclusions", Exclusions, as_of=day)
    except RuleNotInForce:
        return []
    visits = (
        InspectionVisit(r["occurred_on"], r["field"], r["form"], r["agency"], r["level"])
        for r in inspections
    )
    words = dict(directory()["inspection"].column("field").values)
    return [
        {
            "field": load.field,
            "zh": words.get(load.field, load.field),
            "counting": load.counting,
            "exempt": load.total - load.counting,
            "total": load.total,
            "most": load.cap.most if load.cap else None,
            "most_in_all": load.cap.most_in_all if load.cap else None,
            "reached": load.reached,
            "unusual": load.unusual,
            "departments": [asdict(department) for department in load.departments],
        }
        for load in inspection_load(visits, caps, exclusions.higher_agencies, day)
    ]


def _register(row: Row) -> dict[str, Any]:
    columns = [c for c in directory()[REGISTER].columns if c.name not in ("code", *_DAYS)]
    facts = [_fact(c.zh, c.en, c.name, row[c.name], dict(c.values)) for c in columns]
    return {
        "known_on": row["known_on"].isoformat(),
        "facts": [f for f in facts if f["value"] is not None],
        **{name: row[name] for name in _SOURCE},
    }


def _fact(zh: str, en: str, name: str, value: Any, words: Mapping[str, str]) -> dict[str, Any]:
    """One value with its names; a category's value also in words."""
    said = "；".join(words[v] for v in value.split(";")) if words and value else None
    return {"column": name, "zh": zh, "en": en, "value": plain(value), "said": said}


def plain(value: Any) -> Any:
    """A canonical value as JSON: days and amounts are text."""
    return str(value) if isinstance(value, date | Decimal) else value


def _shown(
    uses: Mapping[str, list[EventUse]], last: date
) -> tuple[list[tuple[str, EventUse]], int]:
    """Events that may be shown, each with its table, and the number of hidden ones.

    Records that ceased to count by ``last`` (restored, revoked, corrected …) are shown to nobody
    who reads scores, not even as they stood on an earlier day (《信用修复管理办法》: stop showing,
    sharing and using).
    """
    by_then = [(name, use) for name, several in uses.items() for use in several]
    still = [
        (name, use) for name, use in by_then if use.withdrawn_on is None or use.withdrawn_on > last
    ]
    return still, len(by_then) - len(still)


def _told(table: Table, use: EventUse) -> dict[str, Any]:
    """Event as JSON: names, days, source, and the indicators that read it, or why none does."""
    event = use.event
    own = [c for c in table.columns if c.name not in ("code", *_DAYS) and c.type != "person"]
    return {
        "table": table.name,
        "zh": table.name_zh,
        "en": table.name_en,
        **{d: plain(event[d]) for d in _DAYS if event.get(d) is not None},
        "facts": [
            _fact(c.zh, c.en, c.name, event[c.name], dict(c.values))
            for c in own
            if event[c.name] is not None
        ],
        "counts": use.counts,
        "indicators": use.indicators,
        "why_none": use.why_none,
        **{s: event[s] for s in _SOURCE},
    }


def _conditions(model: Model, x: Array) -> list[dict[str, Any]]:
    """Caps and direct assignments of the day, and whether each applies."""
    at = {name: k for k, name in enumerate(model.compiled.ids)}
    items: list[Cap | Direct] = [*model.policy.caps, *model.policy.directs]
    return [
        {
            "id": f"tiers.{'caps' if isinstance(item, Cap) else 'direct'}.{item.id}",
            "zh": item.zh,
            "en": item.en,
            "tier": item.no_better_than if isinstance(item, Cap) else item.tier,
            "applies": bool(x[at[item.feature], 0] >= item.at_least),
        }
        for item in items
    ]
