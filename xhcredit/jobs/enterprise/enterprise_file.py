"""Enterprise file (一企一档): all facts known on a day, each with source and days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from xhcredit.draws.inspection_load import InspectionVisit, inspection_load
from xhcredit.engine.columns import Array
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import RuleNotInForce, UnknownEnterprise
from xhcredit.ingest.schema import directory
from xhcredit.jobs.enterprise.event_rows import event_row, facts_of, latest_first
from xhcredit.jobs.enterprise.event_uses import EventUse, Row, event_uses
from xhcredit.jobs.enterprise.related_enterprises import neighbours_of
from xhcredit.jobs.enterprise.rows import (
    EnterpriseFileRow,
    FieldInspections,
    RegisterFacts,
    TierCondition,
)
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.reasons import applicable_scores, result_of
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.jobs.warehouse.rows_by_enterprise import REGISTER, EnterpriseRows
from xhcredit.rules.schemas.common import Cap, Direct
from xhcredit.rules.schemas.draws import Exclusions, InspectionCaps


def enterprise_file_of(
    model: Model, rows: EnterpriseRows, code: str, shown_on: date
) -> tuple[EnterpriseFileRow, list[str], int]:
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
    events = [event_row(directory()[name], use) for name, use in visible_uses]
    relations = neighbours_of(rows.event_columns, row, day)
    file_body: EnterpriseFileRow = {
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
        "events": latest_first(events),
        "relations": relations,
    }
    return file_body, sorted({c for r in relations for c in r["neighbours"]}), hidden_count


def inspections_this_year(inspections: Sequence[Row], model: Model) -> list[FieldInspections]:
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
            "departments": [
                {"agency": d.agency, "level": d.level, "counting": d.counting, "exempt": d.exempt}
                for d in load.departments
            ],
        }
        for load in inspection_load(visits, caps, exclusions.higher_agencies, day)
    ]


def _register(row: Row) -> RegisterFacts:
    return {
        "known_on": row["known_on"].isoformat(),
        "facts": facts_of(directory()[REGISTER], row),
        "source_file": row["source_file"],
        "source_row": row["source_row"],
    }


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


def _conditions(model: Model, x: Array) -> list[TierCondition]:
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
