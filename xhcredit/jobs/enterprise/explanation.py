"""Why has one enterprise this score and tier?  Points, rules, and the events behind."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from xhcredit.engine.columns import Array, Store
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import UnknownEnterprise
from xhcredit.features.registry import features
from xhcredit.ingest.schema import directory
from xhcredit.jobs.enterprise.event_uses import EventUse, event_uses
from xhcredit.jobs.scoring.model import NATIONAL, Model
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.jobs.warehouse.rows_by_enterprise import open_rows
from xhcredit.scores.points import PointsTable
from xhcredit.tiers.assign import TIERS


def explain(
    warehouse: Path, store: Store, model: Model, code: str, shown_on: date | None = None
) -> dict[str, Any]:
    """Everything behind one enterprise's result, as JSON-ready values.

    Each event names the indicators that read it on the model's day, or why none does (see
    ``EventUse``).  With ``shown_on``, what is withdrawn by that day is left out, as the law wants
    it where scores are read.

    Raises:
        UnknownEnterprise: nobody has this code, or it was not yet known on the model's day.
    """
    row = store.row(code)
    day = day_number(model.as_of)
    if store.known[row] > day:
        raise UnknownEnterprise(
            f'enterprise "{code}" was not known on {model.as_of}; choose a later day'
        )
    result = result_of(model, model.compiled.run(store, np.array([row]), np.array([day])))
    uses = event_uses(model, open_rows(warehouse, store), row, applying(result))
    events = [
        _event(name, use)
        for name, several in uses.items()
        for use in several
        if not (shown_on and use.withdrawn_on and use.withdrawn_on <= shown_on)
    ]
    return {
        "code": code,
        "mark": MARK,
        "provenance": model.provenance(store.digest),
        **result,
        "events": sorted(events, key=lambda e: (e["occurred_on"], e["table"]), reverse=True),
    }


def applying(result: dict[str, Any]) -> list[str]:
    """The scores that apply to the enterprise of a result: ``general``, ``x_food`` …."""
    return [s["score"] for s in result["scores"]]


def result_of(model: Model, x: Array) -> dict[str, Any]:
    """Scores, tier and points per indicator of one column of features."""
    scored, tiers, x_grades = model.score(x)
    values = {name: float(v) for name, v in zip(model.compiled.ids, x[:, 0], strict=True)}
    applying = {n: float(s[0]) for n, s in scored.x.items() if not np.isnan(s[0])}
    weights = {
        "general": model.pool_weight("general"),
        **{n: model.pool_weight(n) for n in applying},
    }
    total = sum(weights.values())
    scores = {"general": float(scored.general[0]), **applying}
    return {
        "composite": float(scored.composite[0]),
        "tier": TIERS[int(tiers.tier[0])],
        "decided_by": model.policy.deciders[int(tiers.decided_by[0])],
        "national_evaluation": _letter(values[NATIONAL]),
        "scores": [
            {
                "score": name,
                "points": points,
                "base": model.release.tables[name].base,
                "weight": weights[name] / total,
                "grade": TIERS[int(x_grades[name][0])] if name in x_grades else None,
                "odds": math.exp(model.release.general.scale.log_odds(points)),
                "indicators": _indicators(
                    model.release.tables[name], values, weights[name] / total
                ),
            }
            for name, points in scores.items()
        ],
    }


def _letter(grade: float) -> str | None:
    return None if math.isnan(grade) else TIERS[int(grade)]


def _indicators(
    table: PointsTable, values: dict[str, float], weight: float
) -> list[dict[str, Any]]:
    """Points of each indicator against the best attainable, the costliest first."""
    declared = features()
    rows: list[dict[str, Any]] = [
        {
            "indicator": i.feature,
            "zh": declared[i.feature].zh,
            "en": declared[i.feature].en,
            "unit": declared[i.feature].unit,
            "value": None if math.isnan(values[i.feature]) else values[i.feature],
            "points": i.points_of(values[i.feature]),
            "best": i.best,
            "costs_composite": (i.best - i.points_of(values[i.feature])) * weight,
        }
        for i in table.indicators
    ]
    return sorted(rows, key=lambda r: -float(r["costs_composite"]))


def _event(name: str, use: EventUse) -> dict[str, Any]:
    """One event in JSON-ready values, as known on the day; persons are left out."""
    table = directory()[name]
    hidden = {"event_id", "code", *(c.name for c in table.columns if c.type == "person")}
    return {
        "table": name,
        "zh": table.name_zh,
        "en": table.name_en,
        "counts": use.counts,
        "indicators": use.indicators,
        "why_none": use.why_none,
        **{k: str(v) for k, v in use.event.items() if v is not None and k not in hidden},
    }
