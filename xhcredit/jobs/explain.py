"""Why has one enterprise this score and tier?  Points, rules, and the events behind."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from xhcredit.engine.columns import Array, Store
from xhcredit.engine.one import day_number
from xhcredit.errors import UnknownEnterprise
from xhcredit.features.registry import features
from xhcredit.ingest.schema import directory
from xhcredit.jobs.file_of_rows import Rows, open_rows
from xhcredit.jobs.model import NATIONAL, Model
from xhcredit.jobs.results import MARK
from xhcredit.scores.points import PointsTable
from xhcredit.tiers.assign import TIERS


def explain(
    warehouse: Path, store: Store, model: Model, code: str, shown_on: date | None = None
) -> dict[str, Any]:
    """Everything behind one enterprise's result, as JSON-ready values.

    Events withdrawn by the model's day are told as not counting; with ``shown_on``, what is
    withdrawn by that day is left out, as the law wants it where scores are read.

    Raises:
        UnknownEnterprise: nobody has this code, or it was not yet known on the model's day.
    """
    row = store.row(code)
    day = day_number(model.as_of)
    if store.known[row] > day:
        raise UnknownEnterprise(
            f'enterprise "{code}" was not known on {model.as_of}; choose a later day'
        )
    x = model.compiled.run(store, np.array([row]), np.array([day]))
    return {
        "code": code,
        "mark": MARK,
        "provenance": model.provenance(store.digest),
        **result_of(model, x),
        "events": known_events(open_rows(warehouse, store), code, model.as_of, shown_on),
    }


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


def known_events(
    rows: Rows, code: str, as_of: date, shown_on: date | None = None
) -> list[dict[str, Any]]:
    """All scored events of an enterprise known by a day, newest first, with source and days.

    Events that were withdrawn by then are told as such: they no longer count.  What is withdrawn
    by ``shown_on`` (or earlier) is not told.
    """
    row = rows.store.row(code)
    found: list[dict[str, Any]] = []
    for table in directory().values():
        if table.kind == "event" and table.scored:
            found += [
                _event(table.name, e, as_of)
                for e in rows.of(table.name, row)
                if e["known_on"] <= as_of and not _is_hidden(e, shown_on)
            ]
    return sorted(found, key=lambda e: (e["occurred_on"], e["table"]), reverse=True)


def _is_hidden(event: dict[str, Any], shown_on: date | None) -> bool:
    withdrawn = event["withdrawn_on"]
    return shown_on is not None and withdrawn is not None and withdrawn <= shown_on


def _event(table: str, row: dict[str, Any], as_of: date) -> dict[str, Any]:
    """One event in JSON-ready values, with what was known of it on the day."""
    withdrawn = row["withdrawn_on"] is not None and row["withdrawn_on"] <= as_of
    hidden = {"event_id", "code"} | set(_not_yet(table, row, as_of))
    kept = {k: str(v) for k, v in row.items() if v is not None and k not in hidden}
    return {"table": table, "zh": directory()[table].name_zh, "counts": not withdrawn, **kept}


def _not_yet(table: str, row: dict[str, Any], as_of: date) -> list[str]:
    """Columns of an event that were not known on the day."""
    late = []
    if row["withdrawn_on"] is not None and row["withdrawn_on"] > as_of:
        late += ["withdrawn_on", "withdrawn_why"]
    known = row.get("ended_known_on")
    if known is not None and known > as_of:
        late += ["ended_on", "ended_known_on"]
        late += [c.name for c in directory()[table].columns if c.with_end]
    return late
