"""What-if (counterfactual) scores of one enterprise by the champion model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from xhcredit.domain.number_format import rounded
from xhcredit.engine.columns import Array, EventColumns, Relations, empty_days, read_only
from xhcredit.engine.one_enterprise import day_number, one_enterprise
from xhcredit.errors import BadDeclaration, BadInput, UnknownEnterprise
from xhcredit.ingest.schema import directory
from xhcredit.jobs.enterprise.event_rows import json_value
from xhcredit.jobs.enterprise.rows import (
    IndicatorChange,
    ScoreBrief,
    SupposedResult,
    ValuePoints,
)
from xhcredit.jobs.enterprise.what_if_changes import CheckedChanges
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.reasons import result_of
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.jobs.scoring.rows import IndicatorPoints, ScoreResult
from xhcredit.jobs.warehouse.rows_by_enterprise import REGISTER, EnterpriseRows
from xhcredit.store.night.rows import PublishedScore

#: enterprises that a new champion is tried on
CHECK_SAMPLE = 32


@dataclass(frozen=True)
class LiveModel:
    """A model with the data of its night, ready to compute."""

    model: Model
    rows: EnterpriseRows

    @property
    def event_columns(self) -> EventColumns:
        """The clustered columns."""
        return self.rows.event_columns


def check_live_model(live_model: LiveModel, published: Mapping[str, PublishedScore]) -> None:
    """Refuse a model whose compiled points differ from the points table or the published run.

    Args:
        live_model: the model and its data; this also warms it up.
        published: answers of its run, by code.

    Raises:
        BadDeclaration: compiled points are not the plain ones, or not what was published.
    """
    model, event_columns = live_model.model, live_model.event_columns
    rows = np.array([event_columns.row(code) for code in published], np.int64)
    days = np.full(rows.shape, day_number(model.as_of), np.int32)
    x = model.compiled.run(event_columns, rows, days)
    scored, _, _ = model.score(x)
    for index, (code, answer) in enumerate(published.items()):
        values = dict(zip(model.compiled.ids, map(float, x[:, index]), strict=True))
        computed = result_of(model, x[:, [index]])
        plain_points = model.release.general.score_of(values)
        compiled_points = float(scored.general[index])
        # To the last bit: the points table is the release, and its compiled form may not differ
        # by a rounding.
        if compiled_points != plain_points:
            raise BadDeclaration(
                _refusal_message(
                    model, code, f"{compiled_points} points compiled, {plain_points} plain"
                )
            )
        computed_values, published_values = dict(computed), dict(answer)
        for name in ("composite", "tier"):
            if rounded(computed_values[name], name) != rounded(published_values[name], name):
                message = f"{name} {computed_values[name]}, published {published_values[name]}"
                raise BadDeclaration(_refusal_message(model, code, message))


def _refusal_message(model: Model, code: str, message: str) -> str:
    name = model.release.name
    return f'release "{name}" is not put to use: enterprise "{code}" has {message}; publish it anew'


def what_if(
    live_model: LiveModel, code: str, supposed_changes: CheckedChanges, shown_on: date
) -> SupposedResult:
    """The result with and without supposed changes, on the model's day, as JSON-ready values.

    Neighbours stay as they are.  A withdrawn record is taken as withdrawn on that very day.

    Args:
        live_model: the champion.
        code: of which enterprise.
        supposed_changes: changes without faults.
        shown_on: records withdrawn by this day cannot be named any more.

    Raises:
        UnknownEnterprise: nobody has this code, or it was not yet known on that day.
        BadInput: there is no such record to withdraw, or more than one.
    """
    event_columns, model = live_model.event_columns, live_model.model
    row, day = event_columns.row(code), day_number(model.as_of)
    if event_columns.known[row] > day:
        raise UnknownEnterprise(f'enterprise "{code}" was not known on {model.as_of}')
    changed_events = _changed_events(live_model, row, supposed_changes, shown_on)
    row_array, days = np.array([row]), np.array([day], np.int32)
    shared = model.compiled.neighbours(event_columns, row_array, days)
    features_before = _features(model, event_columns, row_array, days, shared)
    changed_columns = _single_enterprise(event_columns, row, changed_events)
    features_after = _features(model, changed_columns, np.array([0]), days, shared)
    results = result_of(model, features_before), result_of(model, features_after)
    return {
        "code": code,
        "mark": MARK,
        "as_of": model.as_of.isoformat(),
        "release": model.release.name,
        "release_digest": model.release.digest,
        "before": _brief(results[0]),
        "after": _brief(results[1]),
        "change": {
            "composite": results[1]["composite"] - results[0]["composite"],
            "tier": [r["tier"] for r in results],
            "indicators": differences(*results),
        },
    }


def _features(
    model: Model, event_columns: EventColumns, rows: Array, days: Array, shared: Mapping[int, Array]
) -> Array:
    out = np.empty((len(model.compiled.ids), 1))
    model.compiled.fill(
        event_columns, read_only(rows.astype(np.int64)), read_only(days), out, shared
    )
    return out


def _brief(result: ScoreResult) -> ScoreBrief:
    return {
        "composite": result["composite"],
        "tier": result["tier"],
        "decided_by": result["decided_by"],
        "scores": {s["score"]: s["points"] for s in result["scores"]},
    }


def differences(before: ScoreResult, after: ScoreResult) -> list[IndicatorChange]:
    """Indicators whose value or points differ between two results, the largest effect first."""
    old_points, new_points = (
        {(s["score"], i["indicator"]): i for s in result["scores"] for i in s["indicators"]}
        for result in (before, after)
    )
    changes = [
        _difference(key[0], old_points.get(key), new_points.get(key))
        for key in dict.fromkeys([*old_points, *new_points])
        if _value_points(old_points.get(key)) != _value_points(new_points.get(key))
    ]
    return sorted(changes, key=lambda d: -abs(d["composite"]))


def _value_points(indicator: IndicatorPoints | None) -> ValuePoints | None:
    if indicator is None:
        return None
    return {"value": indicator["value"], "points": indicator["points"]}


def _difference(
    score: str, old: IndicatorPoints | None, new: IndicatorPoints | None
) -> IndicatorChange:
    indicator = new or old
    assert indicator is not None  # noqa: S101 - of a key of one of the two results
    costs = [i["costs_composite"] if i else 0.0 for i in (old, new)]
    return {
        "score": score,
        "indicator": indicator["indicator"],
        "zh": indicator["zh"],
        "en": indicator["en"],
        "unit": indicator["unit"],
        "before": _value_points(old),
        "after": _value_points(new),
        "composite": costs[0] - costs[1],
    }


def _changed_events(
    live_model: LiveModel, row: int, supposed_changes: CheckedChanges, shown_on: date
) -> dict[str, list[dict[str, Any]]]:
    """All events of the tables that change."""
    names = dict.fromkeys(
        [*supposed_changes.added, *(name for name, _ in supposed_changes.withdrawn)]
    )
    events = {name: live_model.rows.rows_of(name, row) for name in names}
    for name, key in supposed_changes.withdrawn:
        event = _event_named(events[name], name, key, max(live_model.model.as_of, shown_on))
        event["withdrawn_on"] = live_model.model.as_of
    for name, added_events in supposed_changes.added.items():
        events[name] += added_events
    return events


def _event_named(
    events: Sequence[dict[str, Any]], table: str, key: Mapping[str, Any], shown_on: date
) -> dict[str, Any]:
    matching_events = [
        e
        for e in events
        if (e["withdrawn_on"] is None or e["withdrawn_on"] > shown_on)
        and all(e.get(k) == v for k, v in key.items())
    ]
    if len(matching_events) != 1:
        key_text = ", ".join(f"{k} {json_value(v)}" for k, v in key.items()) or "no key"
        columns = ", ".join(k for k in directory()[table].key if k != "code")
        raise BadInput(
            f"{len(matching_events)} records of {table} with {key_text}; name one by {columns}"
        )
    return matching_events[0]


def _single_enterprise(
    event_columns: EventColumns, row: int, changed_events: Mapping[str, Sequence[Mapping[str, Any]]]
) -> EventColumns:
    """Event columns of one enterprise, with other events in some tables."""
    replaced_columns = one_enterprise(
        {REGISTER: [{"code": event_columns.codes[row].decode()}], **changed_events}
    )
    tables = {}
    for name, arrays in event_columns.tables.items():
        if name in changed_events:
            tables[name] = replaced_columns.tables[name]
            continue
        offsets = arrays.get("offsets")
        start, end = (row, row + 1) if offsets is None else map(int, offsets[row : row + 2])
        row_arrays = {k: read_only(a[start:end]) for k, a in arrays.items() if k != "offsets"}
        if offsets is not None:
            row_arrays["offsets"] = read_only(np.array([0, end - start], np.int64))
        tables[name] = row_arrays
    no_rows = np.zeros(0, np.int32)
    return replace(
        event_columns,
        codes=event_columns.codes[row : row + 1],
        known=event_columns.known[row : row + 1],
        deregistered=event_columns.deregistered[row : row + 1],
        tables=tables,
        relations=Relations(
            {"offsets": np.zeros(2, np.int64), "node": no_rows, **empty_days(0)},
            {"offsets": np.zeros(1, np.int64), "ent": no_rows, **empty_days(0)},
            np.zeros(0, np.int8),
        ),
        _position={},
    )
