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

from xhcredit.ingest.batch_resolve import resolve, resolved_rows_sql
from xhcredit.ingest.resolved import numbered_sql, rows_sql, versioned_ids
from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.sql_text import columns_of, literal, read_parquet
from xhcredit.ingest.versions import quoted_names, register_sql
from xhcredit.ingest.warehouse import Entry, Warehouse

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TableChanges:
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
class WarehouseChanges:
    """All that changed, by table; the SQL runs on ``con``."""

    con: duckdb.DuckDBPyConnection
    entries: Sequence[Entry]
    tables: dict[str, TableChanges]

    @property
    def codes(self) -> npt.NDArray[np.bytes_]:
        """Codes of all enterprises of which something changed, sorted, 18 bytes each."""
        return np.unique(
            np.concatenate([np.zeros(0, "S18"), *(t.codes for t in self.tables.values())])
        )


def warehouse_changes(
    con: duckdb.DuckDBPyConnection, warehouse: Warehouse, known_names: Collection[str]
) -> WarehouseChanges | None:
    """What changed since the entries named ``known_names`` were those that counted.

    ``None``: an entry is gone together with its rows, so nobody can tell.
    """
    entries = warehouse.entries()
    entry_names = {entry.name for entry in entries}
    removed_entries = [warehouse.entry(name) for name in sorted(set(known_names) - entry_names)]
    readable_removed = [entry for entry in removed_entries if entry is not None]
    added_entries = [entry for entry in entries if entry.name not in known_names]
    changed_tables = {t for entry in (*readable_removed, *added_entries) for t in entry.parts}
    tables = [directory()[name] for name in directory() if name in changed_tables]
    files = [file for t in tables for file in _part_files(warehouse, t, readable_removed)]
    if len(readable_removed) < len(removed_entries) or not all(file.exists() for file in files):
        return None
    collector = _ChangeCollector(con, warehouse, entries, readable_removed, added_entries)
    changes_by_table = {t.name: collector.table_changes(t) for t in tables}
    resolve(
        con, [directory()[n] for n, c in changes_by_table.items() if c.again and n != "enterprise"]
    )
    return WarehouseChanges(con, entries, changes_by_table)


def _part_files(warehouse: Warehouse, table: Table, entries: Sequence[Entry]) -> list[Path]:
    return [
        warehouse.part(table.name, entry.name) for entry in entries if table.name in entry.parts
    ]


def _event_ids(files: Sequence[Path]) -> Ids:
    """The keys in some files, sorted."""
    id_tables = (pq.ParquetFile(file).read(["event_id"], use_threads=False) for file in files)
    columns = [table["event_id"].to_numpy() for table in id_tables]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *columns]))


@dataclass(frozen=True)
class _ChangeCollector:
    con: duckdb.DuckDBPyConnection
    warehouse: Warehouse
    entries: Sequence[Entry]
    removed: Sequence[Entry]
    added_entries: Sequence[Entry]

    def table_changes(self, table: Table) -> TableChanges:
        """Changes of one table; of an entry done again, only the rows that differ."""
        added_files, removed_files = (
            _part_files(self.warehouse, table, e) for e in (self.added_entries, self.removed)
        )
        ids = self._differing_ids(table) if removed_files else _event_ids(added_files)
        ids_with_versions = np.intersect1d(ids, self._versioned_ids(table))
        source_files = (
            _part_files(self.warehouse, table, self.entries) if removed_files else added_files
        )
        columns = quoted_names(columns_of(table))
        ids_without_versions = (
            np.setdiff1d(ids, ids_with_versions)
            if removed_files or ids_with_versions.shape[0]
            else None
        )
        plain_condition = (
            ""
            if ids_without_versions is None
            else self._ids_condition(f"plain_{table.name}", ids_without_versions)
        )
        rows_query = (
            f"SELECT {columns} FROM {rows_sql(table, source_files, where_sql=plain_condition)}"
        )
        changed_condition = self._ids_condition(f"told_{table.name}", ids) if removed_files else ""
        codes = [
            self._distinct_codes(
                rows_sql(table, [*added_files, *removed_files], where_sql=changed_condition)
            )
        ]
        if ids_with_versions.shape[0]:
            versions_table = self._create_versions_table(table, ids_with_versions)
            register = table.kind == "register"
            current_sql = (
                register_sql(table, f"FROM {versions_table}")
                if register
                else resolved_rows_sql(table)
            )
            rows_query += f" UNION ALL SELECT {columns} FROM ({current_sql})"
            codes.append(self._distinct_codes(versions_table))
        has_versions = bool(ids_with_versions.shape[0])
        return TableChanges(
            ids,
            bool(removed_files) or has_versions,
            has_versions,
            rows_query,
            np.concatenate(codes),
        )

    def _distinct_codes(self, relation: str) -> npt.NDArray[np.bytes_]:
        code_rows = self.con.sql(f"SELECT DISTINCT code FROM {relation}").fetchall()
        return np.array([code.encode() for (code,) in code_rows], "S18")

    def _ids_condition(self, name: str, ids: Ids) -> str:
        """A condition that holds of some keys."""
        self.con.register(name, pa.table({"event_id": ids}))
        return f" WHERE event_id IN (SELECT event_id FROM {name})"

    def _create_versions_table(self, table: Table, ids: Ids) -> str:
        """Name of a table of all versions of some keys."""
        holding_entries = [entry for entry in self.entries if table.name in entry.parts]
        id_subquery = self._ids_condition(f"again_{table.name}", ids).removeprefix(
            " WHERE event_id IN ("
        )[:-1]
        files = _part_files(self.warehouse, table, holding_entries)
        versions = numbered_sql(table, files, holding_entries, id_subquery)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE seen_{table.name} AS {versions}")
        return f"seen_{table.name}"

    def _versioned_ids(self, table: Table) -> Ids:
        """Keys that stand in several parts, as far as they may have changed."""
        holding_entries = [entry for entry in self.entries if table.name in entry.parts]
        if any(entry.versions is None for entry in holding_entries):
            files = read_parquet(_part_files(self.warehouse, table, holding_entries))
            sql = versioned_ids(self.warehouse, table, holding_entries, files)
            return np.array(self.con.sql(sql).fetchall() if sql else [], np.int64).reshape(-1)
        candidate_entries = (
            holding_entries
            if self.removed
            else [entry for entry in self.added_entries if table.name in entry.parts]
        )
        version_entries = [
            entry for entry in candidate_entries if (entry.versions or {}).get(table.name)
        ]
        return _event_ids(
            [self.warehouse.versions(table.name, entry.name) for entry in version_entries]
        )

    def _differing_ids(self, table: Table) -> Ids:
        """Keys of rows that only the removed or only the added entries have."""
        removed_sql, added_sql = (
            self._entries_sql(table, entries) for entries in (self.removed, self.added_entries)
        )
        id_table: Any = self.con.sql(
            f"SELECT DISTINCT event_id FROM (({removed_sql} EXCEPT ALL {added_sql}) UNION ALL "
            f"({added_sql} EXCEPT ALL {removed_sql})) ORDER BY event_id"
        ).to_arrow_table()
        return np.asarray(id_table["event_id"].to_numpy())

    def _entries_sql(self, table: Table, entries: Sequence[Entry]) -> str:
        """SQL of the rows of some entries, with their order."""
        columns = quoted_names(n for n in columns_of(table) if not n.startswith("source_"))
        selects = [
            f"SELECT {columns}, {entry.seq} AS _seq, {literal(entry.ingested_on)} AS _ingested "
            f"FROM {rows_sql(table, [self.warehouse.part(table.name, entry.name)])}"
            for entry in entries
            if table.name in entry.parts
        ]
        return " UNION ALL ".join(selects) or f"SELECT {columns}, 0, '' FROM {rows_sql(table, [])}"
