"""Changed keys between two sets of warehouse entries, with their current rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.ingest.batch_resolve import resolve, resolved_rows
from xhcredit.ingest.resolved import numbered_sql, rows_sql, versioned_ids
from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.versions import quoted_names, register_sql
from xhcredit.ingest.warehouse import Entry, Warehouse, columns_of, literal, read_parquet

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Changed:
    """One table of which something changed.

    ``ids`` are the keys (``event_id``) that changed, sorted; ``before`` tells whether one of them
    may have stood before, ``again`` whether one stands in several parts; ``rows`` is SQL of what
    they say now; ``codes`` are the codes under which any of them was ever told.
    """

    ids: Ids
    before: bool
    again: bool
    rows: str
    codes: npt.NDArray[np.bytes_]


@dataclass(frozen=True)
class Changes:
    """All that changed, by table; the SQL runs on ``con``."""

    con: duckdb.DuckDBPyConnection
    entries: Sequence[Entry]
    tables: dict[str, Changed]

    @property
    def codes(self) -> npt.NDArray[np.bytes_]:
        """Codes of all enterprises of which something changed, sorted, 18 bytes each."""
        return np.unique(
            np.concatenate([np.zeros(0, "S18"), *(t.codes for t in self.tables.values())])
        )


def changes(
    con: duckdb.DuckDBPyConnection, warehouse: Warehouse, before: Collection[str]
) -> Changes | None:
    """What changed since the entries named ``before`` were those that counted.

    ``None``: an entry is gone together with its rows, so nobody can tell.
    """
    entries = warehouse.entries()
    names = {entry.name for entry in entries}
    gone = [warehouse.entry(name) for name in sorted(set(before) - names)]
    left = [entry for entry in gone if entry is not None]
    added = [entry for entry in entries if entry.name not in before]
    concerned = {t for entry in (*left, *added) for t in entry.parts}
    tables = [directory()[name] for name in directory() if name in concerned]
    files = [file for t in tables for file in _files(warehouse, t, left)]
    if len(left) < len(gone) or not all(file.exists() for file in files):
        return None
    work = _Work(con, warehouse, entries, left, added)
    found = {t.name: work.table(t) for t in tables}
    resolve(con, [directory()[n] for n, c in found.items() if c.again and n != "enterprise"])
    return Changes(con, entries, found)


def _files(warehouse: Warehouse, table: Table, entries: Sequence[Entry]) -> list[Path]:
    return [
        warehouse.part(table.name, entry.name) for entry in entries if table.name in entry.parts
    ]


def _ids(files: Sequence[Path]) -> Ids:
    """The keys in some files, sorted."""
    held = (pq.ParquetFile(file).read(["event_id"], use_threads=False) for file in files)
    columns = [table["event_id"].to_numpy() for table in held]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *columns]))


@dataclass(frozen=True)
class _Work:
    con: duckdb.DuckDBPyConnection
    warehouse: Warehouse
    entries: Sequence[Entry]
    gone: Sequence[Entry]
    added: Sequence[Entry]

    def table(self, t: Table) -> Changed:
        """Changes of one table; of an entry done again, only the rows that differ."""
        came, went = (_files(self.warehouse, t, e) for e in (self.added, self.gone))
        ids = self._differing(t) if went else _ids(came)
        again = np.intersect1d(ids, self._versioned(t))
        source = _files(self.warehouse, t, self.entries) if went else came
        columns = quoted_names(columns_of(t))
        plain = np.setdiff1d(ids, again) if went or again.shape[0] else None
        where = "" if plain is None else self._where(f"plain_{t.name}", plain)
        rows = f"SELECT {columns} FROM {rows_sql(t, source, where=where)}"
        told = self._where(f"told_{t.name}", ids) if went else ""
        codes = [self._codes(rows_sql(t, [*came, *went], where=told))]
        if again.shape[0]:
            seen = self._seen(t, again)
            register = t.kind == "register"
            now = register_sql(t, f"FROM {seen}") if register else resolved_rows(t)
            rows += f" UNION ALL SELECT {columns} FROM ({now})"
            codes.append(self._codes(seen))
        several = bool(again.shape[0])
        return Changed(ids, bool(went) or several, several, rows, np.concatenate(codes))

    def _codes(self, relation: str) -> npt.NDArray[np.bytes_]:
        found = self.con.sql(f"SELECT DISTINCT code FROM {relation}").fetchall()
        return np.array([code.encode() for (code,) in found], "S18")

    def _where(self, name: str, ids: Ids) -> str:
        """A condition that holds of some keys."""
        self.con.register(name, pa.table({"event_id": ids}))
        return f" WHERE event_id IN (SELECT event_id FROM {name})"

    def _seen(self, t: Table, ids: Ids) -> str:
        """Name of a table of all versions of some keys."""
        holding = [entry for entry in self.entries if t.name in entry.parts]
        where = self._where(f"again_{t.name}", ids).removeprefix(" WHERE event_id IN (")[:-1]
        files = _files(self.warehouse, t, holding)
        versions = numbered_sql(t, files, holding, where)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE seen_{t.name} AS {versions}")
        return f"seen_{t.name}"

    def _versioned(self, t: Table) -> Ids:
        """Keys that stand in several parts, as far as they may have changed."""
        holding = [entry for entry in self.entries if t.name in entry.parts]
        if any(entry.versions is None for entry in holding):
            files = read_parquet(_files(self.warehouse, t, holding))
            sql = versioned_ids(self.warehouse, t, holding, files)
            return np.array(self.con.sql(sql).fetchall() if sql else [], np.int64).reshape(-1)
        told = holding if self.gone else [entry for entry in self.added if t.name in entry.parts]
        counted = [entry for entry in told if (entry.versions or {}).get(t.name)]
        return _ids([self.warehouse.versions(t.name, entry.name) for entry in counted])

    def _differing(self, t: Table) -> Ids:
        """Keys of rows that only the removed or only the added entries have."""
        old, new = (self._told(t, entries) for entries in (self.gone, self.added))
        found: Any = self.con.sql(
            f"SELECT DISTINCT event_id FROM (({old} EXCEPT ALL {new}) UNION ALL "
            f"({new} EXCEPT ALL {old})) ORDER BY event_id"
        ).to_arrow_table()
        return np.asarray(found["event_id"].to_numpy())

    def _told(self, t: Table, entries: Sequence[Entry]) -> str:
        """SQL of the rows of some entries, with their order."""
        columns = quoted_names(n for n in columns_of(t) if not n.startswith("source_"))
        each = [
            f"SELECT {columns}, {e.seq} AS _seq, {literal(e.ingested_on)} AS _ingested "
            f"FROM {rows_sql(t, [self.warehouse.part(t.name, e.name)])}"
            for e in entries
            if t.name in e.parts
        ]
        return " UNION ALL ".join(each) or f"SELECT {columns}, 0, '' FROM {rows_sql(t, [])}"
