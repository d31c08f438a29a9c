"""Shuffle of events by enterprise on Spark; each share is sorted by the SQL of ``cluster``.

Workers read row groups of the parts and tell for each row in which run of enterprises it falls;
Spark brings the rows of a run together (and spills what does not fit); a worker then makes one
history out of each key's versions, sorts the run and writes its columns.  A key belongs to one
enterprise, so that runs can be resolved apart.  The driver puts the runs together: the store is
that of ``cluster.build``, to the last bit.  Numbers of enterprises and the graph of relations are
made by the driver.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.engine import cluster
from xhcredit.engine.columns import Array
from xhcredit.ingest.resolved import dated_sql, empty_sql, history_sql, versioned_ids
from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.sql_text import EXTRA_COLUMNS, columns_of, read_parquet
from xhcredit.ingest.warehouse import Entry, Warehouse
from xhcredit.jobs.spark.session import Spark, at_worker

#: runs of enterprises at least, so that few enterprises are shared out too
RUNS = 4
#: enterprises of a run at most: a worker holds their rows of one table
_MAX_RUN_ENTERPRISES = 200_000
#: rows that one reading task takes, unless a row group is larger
_ROWS = 500_000
#: Spark's name of a type, where it is not DuckDB's
_SPARK = {"VARCHAR": "STRING"}

#: a part's file, the number of its entry, and one of its row groups
Piece = tuple[str, int, int]


@dataclass(frozen=True)
class SortPlan:
    """Sort plan of a shuffled table, as workers need it."""

    table: str
    columns: tuple[str, ...]
    versions: tuple[Entry, ...]
    codes: str
    runs: str
    count: int

    def codes_of_run(self, k: int) -> Array:
        """Codes of run ``k``."""
        codes: Array = np.load(self.codes, mmap_mode="r")
        start, stop = (codes.shape[0] * i // self.count for i in (k, k + 1))
        return codes[start:stop]

    @property
    def first_codes(self) -> Array:
        """The first code of each run."""
        return np.array([self.codes_of_run(k)[0] for k in range(self.count)])


class Shuffle:
    """Sorts tables of a warehouse on a cluster, as ``cluster.build`` wants it of ``sort``.

    Args:
        spark: the cluster; its workers must see the warehouse at the same place.
        warehouse: the ingested parts.

    Raises:
        BadInput: there is no cluster, or its workers gave up (with Spark's own words).
    """

    def __init__(self, spark: Spark, warehouse: Warehouse) -> None:
        self._spark, self._warehouse = spark, Warehouse(warehouse.path.resolve())
        self._entries = warehouse.entries()

    def __call__(
        self, con: duckdb.DuckDBPyConnection, t: Table, enterprises: int, out: Path
    ) -> int:
        """Write one table's columns into ``out / t.name``; returns the rows."""
        entries_with_rows = [entry for entry in self._entries if t.name in entry.parts]
        if not enterprises or not sum(entry.parts[t.name] for entry in entries_with_rows):
            return cluster.write_table(con, t, enterprises, out)
        runs = out.resolve() / ".runs"
        shutil.rmtree(runs, ignore_errors=True)
        runs.mkdir(parents=True)
        plan = _sort_plan(self._warehouse, t, entries_with_rows, enterprises, runs)
        tasks = _tasks(t, self._warehouse, entries_with_rows)
        sizes = self._sort_on_cluster(plan, tasks)
        _merge_runs(t, runs, plan, sizes, out / t.name)
        shutil.rmtree(runs)
        return sum(sizes.values())

    def _sort_on_cluster(self, plan: SortPlan, tasks: list[list[Piece]]) -> dict[int, int]:
        """Rows by run of what the workers wrote."""
        types = columns_of(directory()[plan.table])
        schema_text = ", ".join(f"`{n}` {_SPARK.get(types[n], types[n])}" for n in plan.columns)
        with self._spark.translate_errors():
            task_numbers = self._spark.session.range(0, len(tasks), 1, len(tasks))
            read_function = at_worker("xhcredit.jobs.spark.shuffle:read_pieces", plan, tasks)
            rows = task_numbers.mapInArrow(read_function, f"{schema_text}, _seq INT, _run INT")
            sort_function = at_worker("xhcredit.jobs.spark.shuffle:sort_run", plan)
            rows_by_run = rows.repartitionById(plan.count, "_run")
            run_sizes = rows_by_run.mapInArrow(sort_function, "run INT, size BIGINT").collect()
        return {row.run: row.size for row in run_sizes}


def _sort_plan(
    warehouse: Warehouse, t: Table, entries_with_rows: list[Entry], enterprises: int, runs: Path
) -> SortPlan:
    """How a table is sorted whose runs go to ``runs``."""
    files = [warehouse.part(t.name, entry.name) for entry in entries_with_rows]
    versions = bool(versioned_ids(warehouse, t, entries_with_rows, read_parquet(files)))
    column_names = [n for n in columns_of(t) if n == "event_id" or n not in EXTRA_COLUMNS]
    if not versions:  # then nothing is compared, and only what is stored has to travel
        used_names = re.findall(r"\w+", " ".join(text for _, text, _ in cluster.stored_columns(t)))
        column_names = [
            n for n in column_names if n in {"code", "event_id", "known_on", *used_names}
        ]
    return SortPlan(
        table=t.name,
        columns=tuple(column_names),
        versions=tuple(entries_with_rows) if versions else (),
        codes=str(runs.parents[1] / "register" / "codes.npy"),
        runs=str(runs),
        count=min(enterprises, max(RUNS, -(-enterprises // _MAX_RUN_ENTERPRISES))),
    )


def _tasks(t: Table, warehouse: Warehouse, entries_with_rows: list[Entry]) -> list[list[Piece]]:
    """Row groups of all parts of a table, as many together as one task reads."""
    tasks: list[list[Piece]] = [[]]
    rows = 0
    for entry in entries_with_rows:
        file = warehouse.part(t.name, entry.name)
        file_metadata = pq.read_metadata(file)
        for group in range(file_metadata.num_row_groups):
            size = file_metadata.row_group(group).num_rows
            if tasks[-1] and rows + size > _ROWS:
                tasks.append([])
                rows = 0
            tasks[-1].append((str(file), entry.seq, group))
            rows += size
    return tasks


def read_pieces(plan: SortPlan, tasks: list[list[Piece]], batches: Iterator[Any]) -> Any:
    """On a worker: rows of the tasks whose numbers come, and in which run each falls."""
    types = _types(plan)
    firsts = plan.first_codes
    for batch in batches:
        for task_number in batch.column(0).to_pylist():
            for file, seq, group in tasks[task_number]:
                rows = _row_group(file, group, types)
                codes = cluster.numpy_values(rows["code"].combine_chunks(), "S18")
                # A code before the first one is in no register; the first run takes it, and the
                # join there drops it.
                run = np.maximum(np.searchsorted(firsts, codes, side="right") - 1, 0)
                rows = rows.append_column("_seq", pa.array(np.full(len(rows), seq, np.int32)))
                rows = rows.append_column("_run", pa.array(run.astype(np.int32)))
                yield from rows.to_batches()


def _types(plan: SortPlan) -> pa.Schema:
    with duckdb.connect() as con:
        full_schema = con.sql(empty_sql(directory()[plan.table])).to_arrow_table().schema
    return pa.schema([full_schema.field(name) for name in plan.columns])


def _row_group(file: str, group: int, types: pa.Schema) -> pa.Table:
    """A row group; a column that was declared after the part was written is empty."""
    with pq.ParquetFile(file) as part:
        present_columns = [name for name in types.names if name in part.schema_arrow.names]
        rows = part.read_row_group(group, columns=present_columns, use_threads=False)
    columns = [
        rows[f.name].cast(f.type) if f.name in present_columns else pa.nulls(len(rows), f.type)
        for f in types
    ]
    return pa.table(columns, schema=types)


def sort_run(plan: SortPlan, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """On a worker: resolve and sort one run, and write its columns; says how many rows it has."""
    batch_list = list(batches)
    if not sum(batch.num_rows for batch in batch_list):
        return
    k = batch_list[0].column("_run")[0].as_py()
    size = _write_run(plan, k, pa.Table.from_batches(batch_list))
    yield pa.RecordBatch.from_arrays(
        [pa.array([k], pa.int32()), pa.array([size], pa.int64())], ["run", "size"]
    )


def _write_run(plan: SortPlan, k: int, rows: pa.Table) -> int:
    """Write a run under a name of its own until it is complete: it may be sorted twice."""
    t = directory()[plan.table]
    codes = plan.codes_of_run(k)
    numbers = np.arange(codes.shape[0], dtype=np.int32)
    part_folder = Path(tempfile.mkdtemp(dir=plan.runs, suffix=".part"))
    with duckdb.connect() as con:
        con.execute(f"SET temp_directory = '{part_folder / 'spill'}'")
        con.execute("SET threads = 1")  # a task of Spark has one core
        con.register("raw", rows)
        con.register("ids", pa.table({"code": codes.astype("U18"), "ent": numbers}))
        con.execute(f'CREATE TEMP VIEW "{t.name}" AS {_resolved_sql(plan, t)}')
        size = cluster.write_table(con, t, codes.shape[0], part_folder)
    _move_into_place(part_folder / t.name, Path(plan.runs) / f"{k:06d}")
    shutil.rmtree(part_folder)
    return size


def _resolved_sql(plan: SortPlan, t: Table) -> str:
    """SQL of a run in which each key stands once."""
    rows = f"(SELECT * EXCLUDE (_seq, _run) FROM raw UNION ALL BY NAME {empty_sql(t)})"
    if not plan.versions:
        return history_sql(t, rows, "", "")
    ids = "SELECT event_id FROM raw GROUP BY event_id HAVING count(*) > 1"
    repeated_rows_sql = f"SELECT * EXCLUDE (_run) FROM raw WHERE event_id IN ({ids})"
    dated_rows_sql = dated_sql(
        f"{repeated_rows_sql} UNION ALL BY NAME {empty_sql(t)}", list(plan.versions)
    )
    return history_sql(t, rows, ids, dated_rows_sql)


def _move_into_place(folder: Path, target: Path) -> None:
    """Move a run into place; one that another task wrote meanwhile is the same."""
    try:
        os.replace(folder, target)
    except OSError:
        if not target.is_dir():
            raise


def _merge_runs(t: Table, runs: Path, plan: SortPlan, sizes: dict[int, int], out: Path) -> None:
    """Put the columns of all runs together; a run without rows wrote nothing."""
    out.mkdir(parents=True)
    for name, _, kind in cluster.stored_columns(t):
        merged = np.lib.format.open_memmap(
            out / f"{name}.npy", mode="w+", dtype=kind, shape=(sum(sizes.values()),)
        )
        start = 0
        for k, size in sorted(sizes.items()):
            merged[start : start + size] = np.load(runs / f"{k:06d}" / f"{name}.npy", mmap_mode="r")
            start += size
    if t.kind == "event":
        np.save(out / "offsets.npy", _offsets(runs, plan, sizes))


def _offsets(runs: Path, plan: SortPlan, sizes: dict[int, int]) -> Array:
    """Where each enterprise's rows begin among those of all runs."""
    offset_parts = [np.zeros(1, np.int64)]
    for k in range(plan.count):
        run_offsets = np.zeros(plan.codes_of_run(k).shape[0], np.int64)
        if k in sizes:
            run_offsets = np.load(runs / f"{k:06d}" / "offsets.npy")[1:]
        offset_parts.append(run_offsets + offset_parts[-1][-1])
    return np.concatenate(offset_parts)
