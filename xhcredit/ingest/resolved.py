"""One DuckDB view per canonical table in which each key stands once on every day.

A key that was ingested once is read as it is.  For a key with several versions one rule holds
above all: **what comes later changes no earlier day.**  A version after the first is *told* on
the later of its ``known_on`` and the day on which it was ingested (entries of old warehouses,
which do not say when, are told on their ``known_on``), and what it says anew counts from there.

Events (their numbers and SQL are in ``versions.py``):

* Versions with equal content, apart from ending and withdrawal, are one, known since the earliest.
* A withdrawal, once told, is not undone by silence: the earliest statement stays.  Only a version
  that says so (``withdrawn_why='reinstated'`` without a day) takes it back, from when it is told.
* An ending stays likewise until another one is told; each outcome is the last that is not empty.
  An ending that differs from one told before is a correction.
* A version with other content is a correction: the older one counts until the newer one is told
  (``withdrawn_why='corrected'``), and vanishes if it was itself told no earlier.
* Content that was told before comes back as a correction of what came between, unless it says
  nothing of a withdrawal or ending told meanwhile: then it is an old export delivered again, and
  changes nothing.

The register has one row per code, known since the earliest of its versions; of each attribute the
last value that is not empty (a row that only names an enterprise does not wipe out its entry).
A single version stays as it is: the registry is the district's own, and its acts are known on
their day.  What a later version tells counts no earlier than it was told: ``status_on`` if the
present status came with it, and ``deregistered_on``, of which the first statement stays.  One row
holds one status: the status before it, and older values of other attributes, are not kept.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.sql_text import columns_of, read_parquet
from xhcredit.ingest.versions import events_sql, quoted_names, register_sql
from xhcredit.ingest.warehouse import Entry, Warehouse


def create_views(
    con: duckdb.DuckDBPyConnection, warehouse: Warehouse, entries: list[Entry] | None = None
) -> None:
    """Create or replace one view per directory table, named as the table.

    A table without parts gives an empty view of the right types.  Columns: the canonical ones,
    then ``event_id``, ``source_file``, ``source_row``.

    Args:
        con: where.
        warehouse: whose tables.
        entries: as they counted once (``Warehouse.book``); by default those that count now.
    """
    entries = warehouse.entries() if entries is None else entries
    for table in directory().values():
        con.execute(
            f'CREATE OR REPLACE VIEW "{table.name}" AS {resolved_sql(warehouse, table, entries)}'
        )


def resolved_sql(warehouse: Warehouse, table: Table, entries: list[Entry]) -> str:
    """SQL of a table in which each key stands once.

    Keys with versions are told apart by the lists written at ingestion, so that a warehouse in
    which nothing was ingested twice pays nothing, and others only for the keys concerned.
    """
    holding_entries = [entry for entry in entries if table.name in entry.parts]
    if not holding_entries:
        return empty_sql(table)
    files = [warehouse.part(table.name, entry.name) for entry in holding_entries]
    ids_sql = versioned_ids(warehouse, table, holding_entries, read_parquet(files))
    versions_sql = numbered_sql(table, files, holding_entries, ids_sql) if ids_sql else ""
    return history_sql(table, rows_sql(table, files), ids_sql, versions_sql)


def history_sql(table: Table, rows_source: str, ids_sql: str, versions_sql: str) -> str:
    """SQL of a table in which each key stands once.

    Args:
        table: which one.
        rows_source: SQL of all its rows.
        ids_sql: SQL of the keys with versions; empty if there are none.
        versions_sql: SQL of the versions with ``_seq`` and ``_ingested``.
    """
    columns = quoted_names(columns_of(table))
    plain_select = f"SELECT {columns} FROM {rows_source}"
    if not ids_sql:
        return plain_select
    resolving_sql = register_sql if table.kind == "register" else events_sql
    return (
        f"{plain_select} WHERE event_id NOT IN ({ids_sql}) UNION ALL "
        f"SELECT {columns} FROM ({resolving_sql(table, versions_sql)})"
    )


def numbered_sql(
    table: Table, files: list[Path], holding_entries: list[Entry], ids_sql: str
) -> str:
    """SQL of the versions with ``_seq``, their order, and ``_ingested``, the day they came in."""
    return dated_sql(
        "SELECT * EXCLUDE (filename), "
        f"regexp_extract(filename, '{SEQ_IN_NAME}', 1)::INTEGER AS _seq "
        f"FROM {rows_sql(table, files, ', filename = true', f' WHERE event_id IN ({ids_sql})')}",
        holding_entries,
    )


#: the number of an entry, in the name of its part
SEQ_IN_NAME = r"(\d{6})-[^/]*$"


def dated_sql(versions_sql: str, holding_entries: list[Entry]) -> str:
    """SQL of versions with ``_seq``, and beside it ``_ingested``."""
    day_values = ", ".join(
        f"({entry.seq}, "
        + (f"DATE '{entry.ingested_on}'" if entry.ingested_on else "NULL::DATE")
        + ")"
        for entry in holding_entries
    )
    return (
        f"SELECT v.*, d._ingested FROM ({versions_sql}) v "
        f"JOIN (VALUES {day_values}) d(_seq, _ingested) USING (_seq)"
    )


def versioned_ids(
    warehouse: Warehouse, table: Table, holding_entries: list[Entry], rows_source: str
) -> str:
    """SQL of the ids that stand in several parts; empty text if there are none."""
    if len(holding_entries) == 1:
        return ""
    if any(entry.versions is None for entry in holding_entries):
        return f"SELECT event_id FROM {rows_source} GROUP BY event_id HAVING count(*) > 1"
    files = [
        warehouse.versions(table.name, entry.name)
        for entry in holding_entries
        if (entry.versions or {}).get(table.name)
    ]
    return f"SELECT event_id FROM {read_parquet(files)}" if files else ""


def rows_sql(table: Table, files: list[Path], options: str = "", where_sql: str = "") -> str:
    """SQL of all rows; a column that was declared after a part was written is NULL there.

    ``where_sql`` is applied while the files are read, so that only rows that fit are decoded.
    """
    if not files:
        return f"({empty_sql(table)})"
    parquet_sql = read_parquet(files, f", union_by_name = true{options}")
    return f"(SELECT * FROM {parquet_sql}{where_sql} UNION ALL BY NAME {empty_sql(table)})"


def empty_sql(table: Table) -> str:
    """SQL of no rows, with the columns of a table's parts."""
    columns = ", ".join(
        f'NULL::{sql_type} AS "{name}"' for name, sql_type in columns_of(table).items()
    )
    return f"SELECT {columns} WHERE false"
