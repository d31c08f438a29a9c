"""What changed in a warehouse between two sets of entries: which keys, and what they say now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from xhcredit.ingest.resolved import numbered_sql, rows_sql, versioned_ids
from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.versions import events_sql, quoted_names, register_sql
from xhcredit.ingest.warehouse import Entry, Warehouse, columns_of, read_parquet


@dataclass(frozen=True)
class Changes:
    """Tables of which something changed; their keys stand in temporary tables of ``con``.

    An entry that was done again counts with the rows in which it differs from what it replaced.
    """

    con: duckdb.DuckDBPyConnection
    warehouse: Warehouse
    entries: Sequence[Entry]
    gone: Sequence[Entry]
    added: Sequence[Entry]
    tables: Sequence[str]

    def ids(self, table: str) -> str:
        """SQL of the keys (``event_id``) that changed, each once."""
        return f"SELECT event_id FROM touched_{table}"

    def codes_before(self, table: str) -> str:
        """SQL of all codes under which a changed key that stood before was ever told."""
        again = f"SELECT event_id FROM again_{table}"
        every = _files(self.warehouse, table, [*self.entries, *self.gone])
        return f"SELECT DISTINCT code FROM {read_parquet(every)} WHERE event_id IN ({again})"

    def codes_now(self, table: str) -> str:
        """SQL of the codes in what came in."""
        files = _files(self.warehouse, table, self.added)
        if not files:
            return "SELECT NULL::VARCHAR AS code WHERE false"
        return (
            f"SELECT DISTINCT code FROM {read_parquet(files)} WHERE event_id IN ({self.ids(table)})"
        )

    def any_before(self, table: str) -> bool:
        """Whether a changed key may have stood before."""
        return bool(self.con.sql(f"SELECT 1 FROM again_{table} LIMIT 1").fetchall())

    def rows(self, table: str) -> str:
        """SQL of what the changed keys say now, resolved as in ``create_views``."""
        return _rows(self, directory()[table])


def changes(
    con: duckdb.DuckDBPyConnection, warehouse: Warehouse, before: Collection[str]
) -> Changes | None:
    """What changed since the entries named ``before`` were those that counted.

    ``None``: an entry is gone together with its rows, so nobody can tell.
    """
    entries = warehouse.entries()
    names = {entry.name for entry in entries}
    gone = [warehouse.entry(name) for name in sorted(set(before) - names)]
    added = [entry for entry in entries if entry.name not in before]
    left = [entry for entry in gone if entry is not None]
    if len(left) < len(gone):
        return None
    concerned = {t for entry in (*left, *added) for t in entry.parts}
    tables = [name for name in directory() if name in concerned]
    found = Changes(con, warehouse, entries, left, added, tables)
    if not all(file.exists() for name in tables for file in _files(warehouse, name, left)):
        return None
    for name in tables:
        _touch(found, directory()[name])
    return found


def _files(warehouse: Warehouse, table: str, entries: Sequence[Entry]) -> list[Path]:
    return [warehouse.part(table, entry.name) for entry in entries if table in entry.parts]


def _touch(found: Changes, table: Table) -> None:
    """Make ``touched_<table>``, all changed keys, and ``again_<table>``, those told before too."""
    con, name = found.con, table.name
    con.execute(f"CREATE OR REPLACE TEMP TABLE touched_{name} AS {_touched(found, table)}")
    ids = _versioned(found, table)
    gone = _files(found.warehouse, name, found.gone)
    told = [f"SELECT event_id FROM ({ids})"] if ids else []
    told += [f"SELECT event_id FROM {read_parquet(gone)}"] if gone else []
    again = f"SELECT event_id FROM touched_{name} WHERE "
    again += f"event_id IN ({' UNION ALL '.join(told)})" if told else "false"
    con.execute(f"CREATE OR REPLACE TEMP TABLE again_{name} AS {again}")


def _touched(found: Changes, table: Table) -> str:
    """SQL of the changed keys; rows that an entry done again repeats are no change."""
    added = [e for e in found.added if table.name in e.parts]
    gone = [e for e in found.gone if table.name in e.parts]
    if not gone:
        files = _files(found.warehouse, table.name, added)
        return f"SELECT DISTINCT event_id FROM {read_parquet(files)}"
    old, new = (_told(found.warehouse, table, entries) for entries in (gone, added))
    return (
        f"SELECT DISTINCT event_id FROM (({old} EXCEPT ALL {new}) UNION ALL "
        f"({new} EXCEPT ALL {old}))"
    )


def _told(warehouse: Warehouse, table: Table, entries: Sequence[Entry]) -> str:
    """SQL of what entries say of a table, and of their place in the order."""
    columns = quoted_names(n for n in columns_of(table) if not n.startswith("source_"))
    each = [
        f"SELECT {columns}, {e.seq} AS _seq, '{e.ingested_on}' AS _ingested "
        f"FROM {rows_sql(table, [warehouse.part(table.name, e.name)])}"
        for e in entries
    ]
    return " UNION ALL ".join(each) or f"SELECT {columns}, 0, '' FROM {rows_sql(table, [])}"


def _versioned(found: Changes, table: Table) -> str:
    """SQL of the keys that stand in several parts; empty if none does."""
    holding = [e for e in found.entries if table.name in e.parts]
    if not holding:
        return ""
    files = _files(found.warehouse, table.name, holding)
    return versioned_ids(found.warehouse, table, holding, read_parquet(files))


def _rows(found: Changes, table: Table) -> str:
    """SQL of the changed keys' rows: from what came in, or from all versions of a key."""
    holding = [e for e in found.entries if table.name in e.parts]
    columns = quoted_names(columns_of(table))
    touched = found.ids(table.name)
    ids = _versioned(found, table)
    source = holding if found.gone else [e for e in found.added if table.name in e.parts]
    plain = (
        f"SELECT {columns} FROM {rows_sql(table, _files(found.warehouse, table.name, source))} "
        f"WHERE event_id IN ({touched})"
    )
    if not ids:
        return plain
    files = _files(found.warehouse, table.name, holding)
    both = f"SELECT event_id FROM ({ids}) WHERE event_id IN ({touched})"
    resolve = register_sql if table.kind == "register" else events_sql
    return (
        f"{plain} AND event_id NOT IN ({ids}) UNION ALL SELECT {columns} FROM "
        f"({resolve(table, numbered_sql(table, files, holding, both))})"
    )


def touched_codes(found: Changes) -> np.ndarray[Any, np.dtype[np.bytes_]]:
    """Codes of all enterprises of which something changed, sorted, 18 bytes each."""
    every = [
        sql for name in found.tables for sql in (found.codes_now(name), found.codes_before(name))
    ]
    if not every:
        return np.zeros(0, "S18")
    told = found.con.sql(" UNION ".join(every)).fetchall()
    return np.unique(np.array([code.encode() for (code,) in told], "S18"))
