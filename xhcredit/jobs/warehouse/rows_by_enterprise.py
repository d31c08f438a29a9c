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

from xhcredit.domain.log import log_duration
from xhcredit.engine.columns import Array, EventColumns
from xhcredit.errors import BadInput
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.sql_text import literal
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.warehouse.clustered_store import exclusive_lock

#: rows that are decoded together; DuckDB takes no fewer
_GROUP = 2048
_ORDER = "code, occurred_on, event_id, known_on"
REGISTER = "enterprise"


@dataclass(frozen=True)
class EnterpriseRows:
    """Reads full rows of the enterprises of a clustered store."""

    event_columns: EventColumns
    folder: Path
    _open_files: dict[str, tuple[pq.ParquetFile, Array]] = field(default_factory=dict, repr=False)

    def rows_of(self, table: str, row: int) -> list[dict[str, Any]]:
        """Rows of one table of the enterprise at position ``row``, by day and event id.

        Values are canonical (``date``, ``Decimal``, …), without the enterprise's code; what is
        missing is None.
        """
        if table == REGISTER:
            begin, end = row, row + 1
        else:
            offsets = self.event_columns.tables[table]["offsets"]
            begin, end = int(offsets[row]), int(offsets[row + 1])
        if begin == end:
            return []
        file, starts = self._file(table)
        first_group, last_group = (
            int(np.searchsorted(starts, n, "right")) - 1 for n in (begin, end - 1)
        )
        groups = file.read_row_groups(list(range(first_group, last_group + 1)), use_threads=False)
        event_rows: list[dict[str, Any]] = groups.slice(
            begin - starts[first_group], end - begin
        ).to_pylist()
        return event_rows

    def register_rows(self, rows: Array, columns: list[str]) -> pa.Table:
        """Columns of the register, one row per position."""
        register_table = pq.read_table(self.folder / f"{REGISTER}.parquet", columns=columns)
        return register_table.take(pa.array(rows))

    def _file(self, table: str) -> tuple[pq.ParquetFile, Array]:
        """An opened file, and where each of its row groups begins."""
        if table not in self._open_files:
            file = pq.ParquetFile(self.folder / f"{table}.parquet")
            file_metadata = file.metadata
            sizes = [
                file_metadata.row_group(k).num_rows for k in range(file_metadata.num_row_groups)
            ]
            self._open_files[table] = file, np.cumsum([0, *sizes])
        return self._open_files[table]


def open_rows(
    warehouse: Path, event_columns: EventColumns, tables: Iterable[str] | None = None
) -> EnterpriseRows:
    """Return the full rows that belong to a clustered store, written if they are not there yet.

    Args:
        warehouse: where both come from.
        event_columns: a clustered store of the warehouse's data, as it is or as it was.
        tables: which tables are needed; all by default.

    Raises:
        BadInput: the store lies in no folder, or was replaced by a newer one meanwhile.
        BookLost: what it was made from is gone meanwhile.
    """
    table_names = list(directory()) if tables is None else list(tables)
    if event_columns.path is None:
        raise BadInput("this store lies in no folder; open it with open_store")
    folder = event_columns.path / "rows"
    missing = [name for name in table_names if not (folder / f"{name}.parquet").exists()]
    if missing:
        opened_warehouse = Warehouse(warehouse)
        # The same order of locks as open_event_columns.
        with opened_warehouse.reading(), exclusive_lock(warehouse):
            if not event_columns.path.exists():
                raise BadInput(f'"{warehouse}" has new data since; open its store anew')
            with log_duration("rows.written", tables=len(missing)):
                _write_tables(
                    opened_warehouse, event_columns, folder, [directory()[name] for name in missing]
                )
    return EnterpriseRows(event_columns, folder)


def _write_tables(
    opened_warehouse: Warehouse, event_columns: EventColumns, folder: Path, tables: list[Table]
) -> None:
    """Write tables in the order of the clustered store, each whole or not at all."""
    entries = opened_warehouse.book(event_columns.digest)
    folder.mkdir(exist_ok=True)
    with duckdb.connect() as con:
        con.execute(f"SET temp_directory = {literal(str(opened_warehouse.path / '.spill'))}")
        create_views(con, opened_warehouse, entries)
        for table in tables:
            target = folder / f"{table.name}.parquet"
            part_file = target.with_suffix(f".{os.getpid()}")
            order = "code" if table.kind == "register" else _ORDER
            con.execute(
                f"COPY (SELECT * EXCLUDE (code) FROM (SELECT * FROM {table.name} WHERE code IN "
                f"(SELECT code FROM {REGISTER})) ORDER BY {order}) TO {literal(str(part_file))} "
                f"(FORMAT parquet, ROW_GROUP_SIZE {_GROUP}, COMPRESSION zstd)"
            )
            os.replace(part_file, target)
