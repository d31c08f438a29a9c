"""Full rows of a warehouse by enterprise, in Parquet files in the order of the event columns.

The clustered store keeps what features read.  Beside it, this keeps what people read (names,
numbers of documents, sources): one Parquet file per table in the very order of the clustered
store, whose offsets then say which few rows of which row group are an enterprise's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.domain.log import measured
from xhcredit.engine.columns import Array, Store
from xhcredit.errors import BadInput
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.warehouse import Warehouse, literal
from xhcredit.jobs.warehouse.clustered_store import exclusive_lock

#: rows that are decoded together; DuckDB takes no fewer
_GROUP = 2048
_ORDER = "code, occurred_on, event_id, known_on"
REGISTER = "enterprise"


@dataclass(frozen=True)
class Rows:
    """Reads full rows of the enterprises of a clustered store."""

    store: Store
    folder: Path
    _opened: dict[str, tuple[pq.ParquetFile, Array]] = field(default_factory=dict, repr=False)

    def of(self, table: str, row: int) -> list[dict[str, Any]]:
        """Rows of one table of the enterprise at position ``row``, by day and event id.

        Values are canonical (``date``, ``Decimal``, …), without the enterprise's code; what is
        missing is None.
        """
        if table == REGISTER:
            begin, end = row, row + 1
        else:
            offsets = self.store.tables[table]["offsets"]
            begin, end = int(offsets[row]), int(offsets[row + 1])
        if begin == end:
            return []
        file, starts = self._file(table)
        first, last = (int(np.searchsorted(starts, n, "right")) - 1 for n in (begin, end - 1))
        groups = file.read_row_groups(list(range(first, last + 1)), use_threads=False)
        found: list[dict[str, Any]] = groups.slice(begin - starts[first], end - begin).to_pylist()
        return found

    def register(self, rows: Array, columns: list[str]) -> pa.Table:
        """Columns of the register, one row per position."""
        held = pq.read_table(self.folder / f"{REGISTER}.parquet", columns=columns)
        return held.take(pa.array(rows))

    def _file(self, table: str) -> tuple[pq.ParquetFile, Array]:
        """An opened file, and where each of its row groups begins."""
        if table not in self._opened:
            file = pq.ParquetFile(self.folder / f"{table}.parquet")
            about = file.metadata
            sizes = [about.row_group(k).num_rows for k in range(about.num_row_groups)]
            self._opened[table] = file, np.cumsum([0, *sizes])
        return self._opened[table]


def open_rows(warehouse: Path, store: Store, tables: Iterable[str] | None = None) -> Rows:
    """Return the full rows that belong to a clustered store, written if they are not there yet.

    Args:
        warehouse: where both come from.
        store: a clustered store of the warehouse's data, as it is or as it was.
        tables: which tables are needed; all by default.

    Raises:
        BadInput: the store lies in no folder, or was replaced by a newer one meanwhile.
        BookLost: what it was made from is gone meanwhile.
    """
    wanted = list(directory()) if tables is None else list(tables)
    if store.path is None:
        raise BadInput("this store lies in no folder; open it with open_store")
    folder = store.path / "rows"
    missing = [name for name in wanted if not (folder / f"{name}.parquet").exists()]
    if missing:
        kept = Warehouse(warehouse)
        with kept.reading(), exclusive_lock(warehouse):
            if not store.path.exists():
                raise BadInput(f'"{warehouse}" has new data since; open its store anew')
            with measured("rows.written", tables=len(missing)):
                _write(kept, store, folder, [directory()[name] for name in missing])
    return Rows(store, folder)


def _write(kept: Warehouse, store: Store, folder: Path, tables: list[Table]) -> None:
    """Write tables in the order of the clustered store, each whole or not at all."""
    entries = kept.book(store.digest)
    folder.mkdir(exist_ok=True)
    with duckdb.connect() as con:
        con.execute(f"SET temp_directory = {literal(str(kept.path / '.spill'))}")
        create_views(con, kept, entries)
        for table in tables:
            target = folder / f"{table.name}.parquet"
            part = target.with_suffix(f".{os.getpid()}")
            order = "code" if table.kind == "register" else _ORDER
            con.execute(
                f"COPY (SELECT * EXCLUDE (code) FROM (SELECT * FROM {table.name} WHERE code IN "
                f"(SELECT code FROM {REGISTER})) ORDER BY {order}) TO {literal(str(part))} "
                f"(FORMAT parquet, ROW_GROUP_SIZE {_GROUP}, COMPRESSION zstd)"
            )
            os.replace(part, target)
