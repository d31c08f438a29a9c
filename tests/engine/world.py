"""Random canonical tables: every column of the directory, with ties, gaps and late knowledge."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from xhcredit.engine.one_enterprise import event_id
from xhcredit.ingest.schema import SQL_TYPES, Column, Table, directory

START = date(2023, 1, 1)
CODES = [f"9100000000000000{i:02d}" for i in range(20)]
World = dict[str, list[dict[str, Any]]]


def _value(column: Column, rng: np.random.Generator) -> Any:
    """One value of a column; missing now and then, unless the column is required."""
    if not column.required and rng.random() < 0.35:
        return None
    if column.type == "category":
        return str(rng.choice(column.value_ids))
    if column.type == "categories":
        return ";".join(sorted(rng.choice(column.value_ids, rng.integers(1, 4), replace=False)))
    return {
        "text": lambda: f"t{rng.integers(10_000)}",
        "date": lambda: START + timedelta(days=int(rng.integers(900))),
        "money": lambda: Decimal(int(rng.integers(10**7))) / 100,
        "count": lambda: int(rng.integers(50)),
        "number": lambda: 0.5,
        "flag": lambda: bool(rng.integers(2)),
        "person": lambda: f"p{rng.integers(5)}",
    }[column.type]()


def row(table: Table, rng: np.random.Generator) -> dict[str, Any]:
    """One row; days fall on a coarse grid so that ties happen."""
    cells = {c.name: _value(c, rng) for c in table.columns}
    return cells | {"code": CODES[rng.integers(len(CODES))]}


def world(seed: int, tables: tuple[str, ...], events: int = 120) -> World:
    """A register of all codes and up to ``events`` events of each named table, keys unique."""
    rng = np.random.default_rng(seed)
    rows_by_table: World = {
        "enterprise": [row(directory()["enterprise"], rng) | {"code": c} for c in CODES]
    }
    for name in tables:
        rows = [row(directory()[name], rng) for _ in range(rng.integers(events + 1))]
        rows_by_table[name] = list({event_id(directory()[name], r): r for r in rows}.values())
    return rows_by_table


def connect(rows_by_table: World) -> duckdb.DuckDBPyConnection:
    """Put a world into DuckDB tables named as in the directory."""
    con = duckdb.connect()
    for name, table in directory().items():
        types = {c.name: SQL_TYPES[c.type] for c in table.columns}
        if table.kind == "event":
            types["event_id"] = "BIGINT"
        con.execute(f"CREATE TABLE {name} ({', '.join(f'{n} {t}' for n, t in types.items())})")
        rows = [{n: r.get(n) for n in types} | _id(table, r) for r in rows_by_table.get(name, [])]
        if rows:
            incoming = pa.Table.from_pylist(rows)
            con.register("incoming", incoming)
            con.execute(f"INSERT INTO {name} BY NAME SELECT * FROM incoming")
            con.unregister("incoming")
    return con


def _id(table: Table, cells: dict[str, Any]) -> dict[str, int]:
    return {"event_id": event_id(table, cells)} if table.kind == "event" else {}
