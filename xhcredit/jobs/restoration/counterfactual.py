"""What-if score and tier without a record, as after its restoration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import numpy as np

from xhcredit.engine.columns import EventColumns, read_only
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import BadInput, UnknownEnterprise
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.restoration.records import KEY_SQL, RecordKey
from xhcredit.jobs.restoration.rows import ScoreWithoutRecord
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.reasons import result_of
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.jobs.scoring.rows import ScoreResult


def score_without_record(
    warehouse: Path, event_columns: EventColumns, model: Model, code: str, record_key: RecordKey
) -> ScoreWithoutRecord:
    """The result of the model's day with and without one record, as JSON-ready values.

    The record is taken as withdrawn on that very day, in a copy of the store's columns; everything
    else, neighbours included, is computed as the night computes it.

    Raises:
        UnknownEnterprise: nobody has this code, or it was not yet known on that day.
        BadInput: there is no such record, or more than one.
    """
    row, day = event_columns.row(code), day_number(model.as_of)
    if event_columns.known[row] > day:
        raise UnknownEnterprise(
            f'enterprise "{code}" was not known on {model.as_of}; choose a later day'
        )
    event_index, record_data = _record_position(
        warehouse, event_columns, code, record_key, model.as_of
    )
    columns_without = _with_event_withdrawn(
        event_columns,
        record_key.table,
        int(_offset(event_columns, record_key.table, row)) + event_index,
        day,
    )
    before, after = (_result(model, s, row, day) for s in (event_columns, columns_without))
    return {
        "code": code,
        "mark": MARK,
        "provenance": model.provenance(event_columns.digest),
        "record": record_data,
        "before": before,
        "after": after,
        "change": {
            "composite": after["composite"] - before["composite"],
            "tier": [before["tier"], after["tier"]],
        },
    }


def _result(model: Model, event_columns: EventColumns, row: int, day: int) -> ScoreResult:
    return result_of(model, model.compiled.run(event_columns, np.array([row]), np.array([day])))


def _offset(event_columns: EventColumns, table: str, row: int) -> int:
    return int(event_columns.tables[table]["offsets"][row])


def _record_position(
    warehouse: Path, event_columns: EventColumns, code: str, record_key: RecordKey, as_of: date
) -> tuple[int, dict[str, str]]:
    """Where the record stands among the enterprise's events of its table, and what it says."""
    if record_key.table not in KEY_SQL:
        table_names = ", ".join(KEY_SQL)
        raise BadInput(
            f'"{record_key.table}" holds no record to restore; choose one of: {table_names}'
        )
    with duckdb.connect() as con:
        opened_warehouse = Warehouse(warehouse)
        create_views(con, opened_warehouse, opened_warehouse.book(event_columns.digest))
        # the order of the clustered store: by day, then by event id
        sql = f"SELECT * FROM {record_key.table} WHERE code = ? ORDER BY occurred_on, event_id"
        rows = con.execute(sql, [code]).fetchall()
        names = [d[0] for d in con.description or []]
    records = [dict(zip(names, row, strict=True)) for row in rows]
    matches = [(n, r) for n, r in enumerate(records) if _has_key(r, record_key, as_of)]
    if len(matches) != 1:
        key_text = ", ".join(f"{k} {v}" for k, v in record_key.key.items()) or "no key"
        finding = (
            f"{len(matches)} records of {record_key.table} of {code} with {key_text} "
            f"known on {as_of}"
        )
        key = ", ".join(k for k in directory()[record_key.table].key if k != "code")
        raise BadInput(f"{finding}; name exactly one by {key}")
    event_index, record = matches[0]
    return event_index, {k: str(v) for k, v in record.items() if v is not None}


def _has_key(record: Mapping[str, object], record_key: RecordKey, as_of: date) -> bool:
    known_on = record["known_on"]  # missing: nobody knows it, as the clustered store has it too
    was_known = isinstance(known_on, date) and known_on <= as_of
    return was_known and all(
        str(record.get(name)) == value for name, value in record_key.key.items()
    )


def _with_event_withdrawn(
    event_columns: EventColumns, table: str, event_index: int, day: int
) -> EventColumns:
    """A store in which one event is withdrawn on a day; all other columns are shared."""
    column = np.array(event_columns.tables[table]["withdrawn"])
    column[event_index] = min(int(column[event_index]), day)
    table_arrays = {**event_columns.tables[table], "withdrawn": read_only(column)}
    return replace(event_columns, tables={**event_columns.tables, table: table_arrays})
