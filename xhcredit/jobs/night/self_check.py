"""Self-check of a night: recompute a sample of reused rows, read some events again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from xhcredit.engine import cluster
from xhcredit.engine.columns import Array, Store
from xhcredit.engine.one_enterprise import day_number
from xhcredit.engine.splice import spans
from xhcredit.errors import NightRefuted
from xhcredit.ingest.resolved import resolved_sql
from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.result_table import Results

#: share of the carried enterprises that is checked unless another is asked for
SHARE = 0.001
#: from this share on the events of every table are read anew, below it those of one in turn
_EVERY = 0.1


def sample(size: int, share: float, seed: str) -> Array:
    """Positions below ``size``, drawn by a hash, so that the same night checks the same ones."""
    count = min(size, int(np.ceil(size * share)))
    if count == size:
        return np.arange(size)
    digest = hashlib.sha256(seed.encode()).digest()
    words = np.arange(count, dtype=np.uint64) + np.uint64(int.from_bytes(digest[:8], "little") >> 1)
    mixed = (words ^ (words >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
    return np.unique((mixed ^ (mixed >> np.uint64(29))) % np.uint64(size)).astype(np.int64)


def check_carried(store: Store, model: Model, results: Results, rows: Array, at: Array) -> None:
    """Compute carried rows anew, neighbours included.

    Args:
        store: clustered columns.
        model: what the night is scored with.
        results: the night's columns, carried rows in place.
        rows: positions of the night's enterprises in the store.
        at: which of ``rows`` are checked.

    Raises:
        NightRefuted: one differs; names the first.
    """
    anew = Results(model, at.shape[0])
    own = np.ascontiguousarray(rows[at])
    days = np.full(own.shape, day_number(model.as_of), np.int32)
    shared = model.compiled.neighbours(store, own, days)
    model.compiled.in_chunks(store, own, days, shared, anew.put)
    for name, column in anew.columns.items():
        given = results.columns[name][at]
        same = (given == column) | ((given != given) & (column != column))
        wrong = ~(same.all(axis=1) if same.ndim > 1 else same)
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            code = store.codes[own[first]].decode()
            raise NightRefuted(
                f'self-check: "{name}" of {code} was carried over as {given[first]}, computed '
                f"anew it is {column[first]} ({int(wrong.sum())} of {at.shape[0]} checked differ); "
                "run the night with --full and report this"
            )


def check_events(
    warehouse: Path, store: Store, rows: Array, as_of_day: int, share: float
) -> list[str]:
    """Read the events of some enterprises anew and compare them with the clustered store.

    Returns:
        The tables that were compared.

    Raises:
        NightRefuted: one enterprise's events differ; names it.
    """
    tables = [t for t in directory().values() if t.kind == "event"]
    chosen = tables if share >= _EVERY else [tables[as_of_day % len(tables)]]
    kept = Warehouse(warehouse)
    with kept.reading(), duckdb.connect() as con:
        if kept.digest() != store.digest or not rows.shape[0]:
            return []
        con.execute("SET threads = 1")  # few rows: more threads cost more than they save
        entries = kept.entries()
        for table in chosen:
            view = resolved_sql(kept, table, entries)
            con.execute(f'CREATE TEMP VIEW "{table.name}" AS {view}')
        rows = np.sort(rows)
        con.register("ids", pa.table({"code": [code.decode() for code in store.codes[rows]]}))
        for table in chosen:
            _compare(con, store, rows, table)
    return [table.name for table in chosen]


def _compare(con: duckdb.DuckDBPyConnection, store: Store, rows: Array, table: Table) -> None:
    selected = cluster.selected(table)
    found = con.sql(
        f"SELECT t.code, {', '.join(text for _, text, _ in selected)} FROM {table.name} t "
        "JOIN ids USING (code) ORDER BY t.code, t.occurred_on, t.event_id, t.known_on"
    ).to_arrow_table()
    held = store.tables[table.name]
    at, owner = spans(held["offsets"], rows)
    codes = store.codes[rows][owner]
    read = cluster.values(found.column(0).combine_chunks(), "S18")
    if not np.array_equal(read, codes):
        _refuse(_unequal(read, codes), table)
    for k, (name, _, kind) in enumerate(selected):
        now = cluster.values(found.column(k + 1).combine_chunks(), kind)
        _refuse(codes[now != held[name][at]], table)


def _unequal(a: Array, b: Array) -> Array:
    """Codes that do not stand as often in both."""
    every = np.union1d(a, b)
    count = [np.bincount(np.searchsorted(every, x), minlength=every.shape[0]) for x in (a, b)]
    return np.asarray(every[count[0] != count[1]])


def _refuse(codes: Array, table: Table) -> None:
    if codes.shape[0]:
        raise NightRefuted(
            f'self-check: the store holds other events of {codes[0].decode()} in "{table.name}" '
            "than the warehouse; run the night with --full and report this"
        )
