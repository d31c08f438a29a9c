"""What-if (counterfactual) scores of one enterprise by the champion model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from xhcredit.domain.number_format import rounded
from xhcredit.engine.columns import Array, Relations, Store, empty_days, frozen
from xhcredit.engine.one_enterprise import day_number, one_enterprise
from xhcredit.errors import BadDeclaration, BadInput, UnknownEnterprise
from xhcredit.ingest.schema import directory
from xhcredit.jobs.enterprise.enterprise_file import plain
from xhcredit.jobs.enterprise.what_if_changes import Checked
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.reasons import result_of
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.jobs.warehouse.rows_by_enterprise import REGISTER, Rows

#: enterprises that a new champion is tried on
SAMPLE = 32


@dataclass(frozen=True)
class Live:
    """A model with the data of its night, ready to compute."""

    model: Model
    rows: Rows

    @property
    def store(self) -> Store:
        """The clustered columns."""
        return self.rows.store


def check(live: Live, published: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a model whose compiled points differ from the points table or the published run.

    Args:
        live: the model and its data; this also warms it up.
        published: answers of its run, by code.

    Raises:
        BadDeclaration: compiled points are not the plain ones, or not what was published.
    """
    model, store = live.model, live.store
    rows = np.array([store.row(code) for code in published], np.int64)
    days = np.full(rows.shape, day_number(model.as_of), np.int32)
    x = model.compiled.run(store, rows, days)
    scored, _, _ = model.score(x)
    for at, (code, said) in enumerate(published.items()):
        values = dict(zip(model.compiled.ids, map(float, x[:, at]), strict=True))
        told = result_of(model, x[:, [at]])
        plainly = model.release.general.score_of(values)
        quick = float(scored.general[at])
        if quick != plainly:
            raise BadDeclaration(_refused(model, code, f"{quick} points compiled, {plainly} plain"))
        for name in ("composite", "tier"):
            if rounded(told[name], name) != rounded(said[name], name):
                found = f"{name} {told[name]}, published {said[name]}"
                raise BadDeclaration(_refused(model, code, found))


def _refused(model: Model, code: str, found: str) -> str:
    name = model.release.name
    return f'release "{name}" is not put to use: enterprise "{code}" has {found}; publish it anew'


def what_if(live: Live, code: str, supposed: Checked, shown_on: date) -> dict[str, Any]:
    """The result with and without supposed changes, on the model's day, as JSON-ready values.

    Neighbours stay as they are.  A withdrawn record is taken as withdrawn on that very day.

    Args:
        live: the champion.
        code: of which enterprise.
        supposed: changes without faults.
        shown_on: records withdrawn by this day cannot be named any more.

    Raises:
        UnknownEnterprise: nobody has this code, or it was not yet known on that day.
        BadInput: there is no such record to withdraw, or more than one.
    """
    store, model = live.store, live.model
    row, day = store.row(code), day_number(model.as_of)
    if store.known[row] > day:
        raise UnknownEnterprise(f'enterprise "{code}" was not known on {model.as_of}')
    changed = _changed(live, row, supposed, shown_on)
    at, days = np.array([row]), np.array([day], np.int32)
    shared = model.compiled.neighbours(store, at, days)
    before = _features(model, store, at, days, shared)
    other = _single(store, row, changed)
    after = _features(model, other, np.array([0]), days, shared)
    results = result_of(model, before), result_of(model, after)
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
    model: Model, store: Store, rows: Array, days: Array, shared: Mapping[int, Array]
) -> Array:
    out = np.empty((len(model.compiled.ids), 1))
    model.compiled.fill(store, frozen(rows.astype(np.int64)), frozen(days), out, shared)
    return out


def _brief(result: dict[str, Any]) -> dict[str, Any]:
    scores = {s["score"]: s["points"] for s in result["scores"]}
    return {k: result[k] for k in ("composite", "tier", "decided_by")} | {"scores": scores}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Indicators whose value or points differ between two results, the largest effect first."""
    sides = [
        {(s["score"], i["indicator"]): i for s in result["scores"] for i in s["indicators"]}
        for result in (before, after)
    ]
    found = []
    for key in dict.fromkeys([*sides[0], *sides[1]]):
        old, new = (side.get(key) for side in sides)
        if (
            old is None
            or new is None
            or (old["value"], old["points"])
            != (
                new["value"],
                new["points"],
            )
        ):
            found.append(_difference(key[0], old, new))
    return sorted(found, key=lambda d: -abs(d["composite"]))


def _difference(
    score: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> dict[str, Any]:
    named: Mapping[str, Any] = new or old or {}
    sides = [{k: i[k] for k in ("value", "points")} if i else None for i in (old, new)]
    costs = [i["costs_composite"] if i else 0.0 for i in (old, new)]
    return {
        "score": score,
        **{k: named[k] for k in ("indicator", "zh", "en", "unit")},
        "before": sides[0],
        "after": sides[1],
        "composite": costs[0] - costs[1],
    }


def _changed(
    live: Live, row: int, supposed: Checked, shown_on: date
) -> dict[str, list[dict[str, Any]]]:
    """All events of the tables that change."""
    names = dict.fromkeys([*supposed.added, *(name for name, _ in supposed.withdrawn)])
    events = {name: live.rows.of(name, row) for name in names}
    for name, key in supposed.withdrawn:
        event = _named(events[name], name, key, max(live.model.as_of, shown_on))
        event["withdrawn_on"] = live.model.as_of
    for name, more in supposed.added.items():
        events[name] += more
    return events


def _named(
    events: Sequence[dict[str, Any]], table: str, key: Mapping[str, Any], shown_on: date
) -> dict[str, Any]:
    found = [
        e
        for e in events
        if (e["withdrawn_on"] is None or e["withdrawn_on"] > shown_on)
        and all(e.get(k) == v for k, v in key.items())
    ]
    if len(found) != 1:
        told = ", ".join(f"{k} {plain(v)}" for k, v in key.items()) or "no key"
        columns = ", ".join(k for k in directory()[table].key if k != "code")
        raise BadInput(f"{len(found)} records of {table} with {told}; name one by {columns}")
    return found[0]


def _single(store: Store, row: int, changed: Mapping[str, Sequence[Mapping[str, Any]]]) -> Store:
    """Event columns of one enterprise, with other events in some tables."""
    made = one_enterprise({REGISTER: [{"code": store.codes[row].decode()}], **changed})
    tables = {}
    for name, arrays in store.tables.items():
        if name in changed:
            tables[name] = made.tables[name]
            continue
        offsets = arrays.get("offsets")
        begin, end = (row, row + 1) if offsets is None else map(int, offsets[row : row + 2])
        cut = {k: frozen(a[begin:end]) for k, a in arrays.items() if k != "offsets"}
        if offsets is not None:
            cut["offsets"] = frozen(np.array([0, end - begin], np.int64))
        tables[name] = cut
    none = np.zeros(0, np.int32)
    return replace(
        store,
        codes=store.codes[row : row + 1],
        known=store.known[row : row + 1],
        deregistered=store.deregistered[row : row + 1],
        tables=tables,
        relations=Relations(
            {"offsets": np.zeros(2, np.int64), "node": none, **empty_days(0)},
            {"offsets": np.zeros(1, np.int64), "ent": none, **empty_days(0)},
            np.zeros(0, np.int8),
        ),
        _position={},
    )
