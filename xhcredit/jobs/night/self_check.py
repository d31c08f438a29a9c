"""Self-check of a night: recompute a sample of reused rows, read some events again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from xhcredit.engine import cluster
from xhcredit.engine.columns import Array, EventColumns
from xhcredit.engine.one_enterprise import day_number
from xhcredit.engine.splice import spans
from xhcredit.errors import NightRefuted
from xhcredit.ingest.resolved import resolved_sql
from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.result_table import NightResults

#: share of the carried enterprises that is checked unless another is asked for
CHECK_SHARE = 0.001
#: from this share on the events of every table are read anew, below it those of one in turn
_ALL_TABLES_SHARE = 0.1


def sample_positions(size: int, share: float, seed: str) -> Array:
    """Positions below ``size``, drawn by a hash, so that the same night checks the same ones."""
    count = min(size, int(np.ceil(size * share)))
    if count == size:
        return np.arange(size)
    digest = hashlib.sha256(seed.encode()).digest()
    words = np.arange(count, dtype=np.uint64) + np.uint64(int.from_bytes(digest[:8], "little") >> 1)
    # 2^64 divided by the golden ratio: consecutive numbers fall far apart.
    mixed = (words ^ (words >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
    return np.unique((mixed ^ (mixed >> np.uint64(29))) % np.uint64(size)).astype(np.int64)


def check_carried(
    event_columns: EventColumns,
    model: Model,
    results: NightResults,
    rows: Array,
    checked_rows: Array,
) -> None:
    """Compute carried rows anew, neighbours included.

    Args:
        event_columns: clustered columns.
        model: what the night is scored with.
        results: the night's columns, carried rows in place.
        rows: positions of the night's enterprises in the store.
        checked_rows: which of ``rows`` are checked.

    Raises:
        NightRefuted: one differs; names the first.
    """
    recomputed = NightResults(model, checked_rows.shape[0])
    sampled_rows = np.ascontiguousarray(rows[checked_rows])
    days = np.full(sampled_rows.shape, day_number(model.as_of), np.int32)
    neighbour_features = model.compiled.neighbours(event_columns, sampled_rows, days)
    model.compiled.in_chunks(
        event_columns, sampled_rows, days, neighbour_features, recomputed.put_chunk
    )
    for name, column in recomputed.columns.items():
        carried_values = results.columns[name][checked_rows]
        # Missing equals missing here; of NaN itself that is not true.
        is_same = (carried_values == column) | (
            (carried_values != carried_values) & (column != column)
        )
        is_different = ~(is_same.all(axis=1) if is_same.ndim > 1 else is_same)
        if is_different.any():
            first_index = int(np.flatnonzero(is_different)[0])
            code = event_columns.codes[sampled_rows[first_index]].decode()
            raise NightRefuted(
                f'self-check: "{name}" of {code} was carried over as '
                f"{carried_values[first_index]}, computed "
                f"anew it is {column[first_index]} ({int(is_different.sum())} of "
                f"{checked_rows.shape[0]} checked differ); "
                "run the night with --full and report this"
            )


def check_events(
    warehouse: Path, event_columns: EventColumns, rows: Array, as_of_day: int, share: float
) -> list[str]:
    """Read the events of some enterprises anew and compare them with the clustered store.

    Returns:
        The tables that were compared.

    Raises:
        NightRefuted: one enterprise's events differ; names it.
    """
    tables = [t for t in directory().values() if t.kind == "event"]
    chosen_tables = tables if share >= _ALL_TABLES_SHARE else [tables[as_of_day % len(tables)]]
    opened_warehouse = Warehouse(warehouse)
    with opened_warehouse.reading(), duckdb.connect() as con:
        if opened_warehouse.digest() != event_columns.digest or not rows.shape[0]:
            return []
        con.execute("SET threads = 1")  # few rows: more threads cost more than they save
        entries = opened_warehouse.entries()
        for table in chosen_tables:
            view = resolved_sql(opened_warehouse, table, entries)
            con.execute(f'CREATE TEMP VIEW "{table.name}" AS {view}')
        rows = np.sort(rows)
        con.register(
            "ids", pa.table({"code": [code.decode() for code in event_columns.codes[rows]]})
        )
        for table in chosen_tables:
            _compare_events(con, event_columns, rows, table)
    return [table.name for table in chosen_tables]


def _compare_events(
    con: duckdb.DuckDBPyConnection, event_columns: EventColumns, rows: Array, table: Table
) -> None:
    selected_columns = cluster.stored_columns(table)
    event_table = con.sql(
        f"SELECT t.code, {', '.join(text for _, text, _ in selected_columns)} FROM {table.name} t "
        "JOIN ids USING (code) ORDER BY t.code, t.occurred_on, t.event_id, t.known_on"
    ).to_arrow_table()
    stored_arrays = event_columns.tables[table.name]
    event_positions, owner = spans(stored_arrays["offsets"], rows)
    codes = event_columns.codes[rows][owner]
    warehouse_codes = cluster.numpy_values(event_table.column(0).combine_chunks(), "S18")
    if not np.array_equal(warehouse_codes, codes):
        _refuse_differing(_differing_codes(warehouse_codes, codes), table)
    for k, (name, _, kind) in enumerate(selected_columns):
        warehouse_values = cluster.numpy_values(event_table.column(k + 1).combine_chunks(), kind)
        _refuse_differing(codes[warehouse_values != stored_arrays[name][event_positions]], table)


def _differing_codes(a: Array, b: Array) -> Array:
    """Codes that do not stand as often in both."""
    all_codes = np.union1d(a, b)
    count = [
        np.bincount(np.searchsorted(all_codes, x), minlength=all_codes.shape[0]) for x in (a, b)
    ]
    return np.asarray(all_codes[count[0] != count[1]])


def _refuse_differing(codes: Array, table: Table) -> None:
    if codes.shape[0]:
        raise NightRefuted(
            f'self-check: the store holds other events of {codes[0].decode()} in "{table.name}" '
            "than the warehouse; run the night with --full and report this"
        )
