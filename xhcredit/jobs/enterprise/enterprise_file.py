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
from xhcredit.jobs.scoring.reasons import applicable_scores, result_of
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.jobs.warehouse.rows_by_enterprise import REGISTER, EnterpriseRows
from xhcredit.rules.schemas.common import Cap, Direct
from xhcredit.rules.schemas.draws import Exclusions, InspectionCaps

#: what a row holds besides its own columns
_DAY_COLUMNS = (
    "occurred_on",
    "known_on",
    "ended_on",
    "ended_known_on",
    "withdrawn_on",
    "withdrawn_why",
)
_SOURCE_COLUMNS = ("source_file", "source_row")


def enterprise_file_of(
    model: Model, rows: EnterpriseRows, code: str, shown_on: date
) -> tuple[dict[str, Any], list[str], int]:
    """The file of an enterprise as of the model's day, as JSON-ready values.

    Returns:
        The file; the codes of its neighbours, which whoever shows them may have to leave out; and
        how many records are hidden, for the activity chain.

    Raises:
        UnknownEnterprise: nobody has this code, or it was not yet known on that day.
    """
    row, day = rows.event_columns.row(code), day_number(model.as_of)
    if rows.event_columns.known[row] > day:
        raise UnknownEnterprise(
            f'enterprise "{code}" was not known on {model.as_of}; choose a later day'
        )
    x = model.compiled.run(rows.event_columns, np.array([row]), np.array([day]))
    result = result_of(model, x)
    uses = event_uses(model, rows, row, applicable_scores(result))
    visible_uses, hidden_count = _visible_uses(uses, max(model.as_of, shown_on))
    events = [_event_data(directory()[name], use) for name, use in visible_uses]
    relations = neighbours_of(rows.event_columns, row, day)
    file_body = {
        "code": code,
        "mark": MARK,
        "as_of": model.as_of.isoformat(),
        "provenance": model.provenance(rows.event_columns.digest),
        "register": _register(rows.rows_of(REGISTER, row)[0]),
        "result": result,
        "rules": _conditions(model, x),
        "inspections_this_year": inspections_this_year(
            [use.event for name, use in visible_uses if name == "inspection"], model
        ),
        "events": sorted(events, key=lambda e: (e["occurred_on"], e["table"]), reverse=True),
        "relations": relations,
    }
    return file_body, sorted({c for r in relations for c in r["neighbours"]}), hidden_count


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
    field_labels = dict(directory()["inspection"].column("field").values)
    return [
        {
            "field": load.field,
            "zh": field_labels.get(load.field, load.field),
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
    columns = [c for c in directory()[REGISTER].columns if c.name not in ("code", *_DAY_COLUMNS)]
    facts = [_fact(c.zh, c.en, c.name, row[c.name], dict(c.values)) for c in columns]
    return {
        "known_on": row["known_on"].isoformat(),
        "facts": [f for f in facts if f["value"] is not None],
        **{name: row[name] for name in _SOURCE_COLUMNS},
    }


def _fact(zh: str, en: str, name: str, value: Any, labels: Mapping[str, str]) -> dict[str, Any]:
    """One value with its names; a category's value also in words."""
    value_label = "；".join(labels[v] for v in value.split(";")) if labels and value else None
    return {"column": name, "zh": zh, "en": en, "value": json_value(value), "said": value_label}


def json_value(value: Any) -> Any:
    """A canonical value as JSON: days and amounts are text."""
    return str(value) if isinstance(value, date | Decimal) else value


def _visible_uses(
    uses: Mapping[str, list[EventUse]], last_day: date
) -> tuple[list[tuple[str, EventUse]], int]:
    """Events that may be shown, each with its table, and the number of hidden ones.

    Records that ceased to count by ``last_day`` (restored, revoked, corrected …) are shown to
    nobody
    who reads scores, not even as they stood on an earlier day (《信用修复管理办法》: stop showing,
    sharing and using).
    """
    all_uses = [(name, use) for name, uses_of_table in uses.items() for use in uses_of_table]
    visible = [
        (name, use)
        for name, use in all_uses
        if use.withdrawn_on is None or use.withdrawn_on > last_day
    ]
    return visible, len(all_uses) - len(visible)


def _event_data(table: Table, use: EventUse) -> dict[str, Any]:
    """Event as JSON: names, days, source, and the indicators that read it, or why none does."""
    event = use.event
    own_columns = [
        c for c in table.columns if c.name not in ("code", *_DAY_COLUMNS) and c.type != "person"
    ]
    return {
        "table": table.name,
        "zh": table.name_zh,
        "en": table.name_en,
        **{d: json_value(event[d]) for d in _DAY_COLUMNS if event.get(d) is not None},
        "facts": [
            _fact(c.zh, c.en, c.name, event[c.name], dict(c.values))
            for c in own_columns
            if event[c.name] is not None
        ],
        "counts": use.counts,
        "indicators": use.indicators,
        "why_none": use.why_none,
        **{s: event[s] for s in _SOURCE_COLUMNS},
    }


def _conditions(model: Model, x: Array) -> list[dict[str, Any]]:
    """Caps and direct assignments of the day, and whether each applies."""
    index_by_feature = {name: k for k, name in enumerate(model.compiled.ids)}
    items: list[Cap | Direct] = [*model.policy.caps, *model.policy.directs]
    return [
        {
            "id": f"tiers.{'caps' if isinstance(item, Cap) else 'direct'}.{item.id}",
            "zh": item.zh,
            "en": item.en,
            "tier": item.no_better_than if isinstance(item, Cap) else item.tier,
            "applies": bool(x[index_by_feature[item.feature], 0] >= item.at_least),
        }
        for item in items
    ]
