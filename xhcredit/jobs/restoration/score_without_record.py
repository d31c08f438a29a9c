"""What-if score and tier without a record, as after its restoration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from xhcredit.engine.columns import Store, frozen
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import BadInput, UnknownEnterprise
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.restoration.records import KEYS, Chosen
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.reasons import result_of
from xhcredit.jobs.scoring.result_table import MARK


def what_if(
    warehouse: Path, store: Store, model: Model, code: str, chosen: Chosen
) -> dict[str, Any]:
    """The result of the model's day with and without one record, as JSON-ready values.

    The record is taken as withdrawn on that very day, in a copy of the store's columns; everything
    else, neighbours included, is computed as the night computes it.

    Raises:
        UnknownEnterprise: nobody has this code, or it was not yet known on that day.
        BadInput: there is no such record, or more than one.
    """
    row, day = store.row(code), day_number(model.as_of)
    if store.known[row] > day:
        raise UnknownEnterprise(
            f'enterprise "{code}" was not known on {model.as_of}; choose a later day'
        )
    at, shown = _position(warehouse, store, code, chosen, model.as_of)
    without = _withdrawn(store, chosen.table, int(_offset(store, chosen.table, row)) + at, day)
    before, after = (_result(model, s, row, day) for s in (store, without))
    return {
        "code": code,
        "mark": MARK,
        "provenance": model.provenance(store.digest),
        "record": shown,
        "before": before,
        "after": after,
        "change": {
            "composite": after["composite"] - before["composite"],
            "tier": [before["tier"], after["tier"]],
        },
    }


def _result(model: Model, store: Store, row: int, day: int) -> dict[str, Any]:
    return result_of(model, model.compiled.run(store, np.array([row]), np.array([day])))


def _offset(store: Store, table: str, row: int) -> int:
    return int(store.tables[table]["offsets"][row])


def _position(
    warehouse: Path, store: Store, code: str, chosen: Chosen, as_of: date
) -> tuple[int, dict[str, str]]:
    """Where the record stands among the enterprise's events of its table, and what it says."""
    if chosen.table not in KEYS:
        known = ", ".join(KEYS)
        raise BadInput(f'"{chosen.table}" holds no record to restore; choose one of: {known}')
    with duckdb.connect() as con:
        kept = Warehouse(warehouse)
        create_views(con, kept, kept.book(store.digest))
        # the order of the clustered store: by day, then by event id
        sql = f"SELECT * FROM {chosen.table} WHERE code = ? ORDER BY occurred_on, event_id"
        rows = con.execute(sql, [code]).fetchall()
        names = [d[0] for d in con.description or []]
    records = [dict(zip(names, row, strict=True)) for row in rows]
    found = [(n, r) for n, r in enumerate(records) if _is(r, chosen, as_of)]
    if len(found) != 1:
        wanted = ", ".join(f"{k} {v}" for k, v in chosen.key.items()) or "no key"
        what = f"{len(found)} records of {chosen.table} of {code} with {wanted} known on {as_of}"
        key = ", ".join(k for k in directory()[chosen.table].key if k != "code")
        raise BadInput(f"{what}; name exactly one by {key}")
    at, record = found[0]
    return at, {k: str(v) for k, v in record.items() if v is not None}


def _is(record: Mapping[str, Any], chosen: Chosen, as_of: date) -> bool:
    known_on = record["known_on"]  # missing: nobody knows it, as the clustered store has it too
    known = known_on is not None and known_on <= as_of
    return known and all(str(record.get(name)) == value for name, value in chosen.key.items())


def _withdrawn(store: Store, table: str, at: int, day: int) -> Store:
    """A store in which one event is withdrawn on a day; all other columns are shared."""
    column = np.array(store.tables[table]["withdrawn"])
    column[at] = min(int(column[at]), day)
    changed = {**store.tables[table], "withdrawn": frozen(column)}
    return replace(store, tables={**store.tables, table: changed})
