"""One DuckDB view per canonical table in which each key stands once.

A key that was ingested once is read as it is.  For a key with several versions:

* register: one row per code; of each attribute the last value that was not empty (so that a row
  that only names an enterprise does not wipe out its register entry); known since the earliest.
* events: versions with the same content, apart from their ending and withdrawal, are one, known
  since the earliest, with the last ingested ending.  A version whose content differs from a newer
  one was corrected: it counts until the newer one became known (``withdrawn_why='corrected'``), and
  vanishes if the newer one was known no later.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.warehouse import Entry, Warehouse, columns_of, read_parquet

_ENDING = ("known_on", "ended_on", "ended_known_on", "withdrawn_on", "withdrawn_why")


def create_views(con: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> None:
    """Create or replace one view per directory table, named as the table.

    A table without parts gives an empty view of the right types.  Columns: the canonical ones,
    then ``event_id``, ``source_file``, ``source_row``.
    """
    entries = warehouse.entries()
    for table in directory().values():
        con.execute(
            f'CREATE OR REPLACE VIEW "{table.name}" AS {resolved_sql(warehouse, table, entries)}'
        )


def resolved_sql(warehouse: Warehouse, table: Table, entries: list[Entry]) -> str:
    """SQL of a table in which each key stands once.

    Keys with versions are told apart by the lists written at ingestion, so that a warehouse in
    which nothing was ingested twice pays nothing, and others only for the keys concerned.
    """
    holding = [entry for entry in entries if table.name in entry.parts]
    if not holding:
        return _empty(table)
    files = [warehouse.part(table.name, entry.name) for entry in holding]
    columns = _quoted(columns_of(table))
    plain = f"SELECT {columns} FROM {_rows(table, files)}"
    ids = _versioned_ids(warehouse, table, holding, read_parquet(files))
    if not ids:
        return plain
    numbered = (
        f"SELECT * EXCLUDE (filename), "
        f"regexp_extract(filename, '(\\d{{6}})-[^/]*$', 1)::INTEGER AS _seq "
        f"FROM {_rows(table, files, ', filename = true')} WHERE event_id IN ({ids})"
    )
    resolve = _register if table.kind == "register" else _events
    return (
        f"{plain} WHERE event_id NOT IN ({ids}) UNION ALL "
        f"SELECT {columns} FROM ({resolve(table, numbered)})"
    )


def _versioned_ids(warehouse: Warehouse, table: Table, holding: list[Entry], rows: str) -> str:
    """SQL of the ids that stand in several parts; empty text if there are none."""
    if len(holding) == 1:
        return ""
    if any(entry.versions is None for entry in holding):
        return f"SELECT event_id FROM {rows} GROUP BY event_id HAVING count(*) > 1"
    files = [
        warehouse.versions(table.name, entry.name)
        for entry in holding
        if (entry.versions or {}).get(table.name)
    ]
    return f"SELECT event_id FROM {read_parquet(files)}" if files else ""


def _rows(table: Table, files: list[Path], options: str = "") -> str:
    """SQL of all rows; a column that was declared after a part was written is NULL there."""
    read = read_parquet(files, f", union_by_name = true{options}")
    return f"(SELECT * FROM {read} UNION ALL BY NAME {_empty(table)})"


def _empty(table: Table) -> str:
    columns = ", ".join(f'NULL::{t} AS "{n}"' for n, t in columns_of(table).items())
    return f"SELECT {columns} WHERE false"


def _register(table: Table, numbered: str) -> str:
    """Last value that is not empty per attribute, earliest known day."""
    picked = {name: f'arg_max("{name}", _seq)' for name in columns_of(table)}
    picked |= {"code": "code", "known_on": "min(known_on)"}
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in picked.items())
    return f"SELECT {columns} FROM ({numbered}) GROUP BY code"


def _events(table: Table, numbered: str) -> str:
    """Runs of versions with equal content become one; earlier runs end where a newer is known."""
    ending = {*_ENDING, *(c.name for c in table.columns if c.with_end)}
    content = _quoted(c.name for c in table.columns if c.name not in ending)
    columns = _quoted(n for n in columns_of(table) if n not in ("withdrawn_on", "withdrawn_why"))
    by_key = "PARTITION BY event_id ORDER BY _seq"
    return f"""
WITH numbered AS ({numbered}),
told AS (
  SELECT *, row({content}) IS DISTINCT FROM lag(row({content})) OVER ({by_key}) AS _new
  FROM numbered
),
runs AS (SELECT *, count_if(_new) OVER ({by_key}) AS _run FROM told),
merged AS (
  SELECT * REPLACE (min(known_on) OVER (PARTITION BY event_id, _run) AS known_on)
  FROM runs QUALIFY row_number() OVER (PARTITION BY event_id, _run ORDER BY _seq DESC) = 1
),
followed AS (
  SELECT *, min(known_on) OVER (
    PARTITION BY event_id ORDER BY _run ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
  ) AS _newer
  FROM merged
)
SELECT {columns}, least(withdrawn_on, _newer) AS withdrawn_on,
  CASE WHEN _newer IS NULL OR withdrawn_on <= _newer THEN withdrawn_why ELSE 'corrected' END
    AS withdrawn_why
FROM followed WHERE _newer IS NULL OR _newer > known_on"""


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
