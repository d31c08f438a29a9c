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
from xhcredit.ingest.warehouse import EXTRA_COLUMNS, Entry, Warehouse, columns_of, read_parquet
from xhcredit.jobs.spark.session import Spark, at_worker

#: runs of enterprises at least, so that few enterprises are shared out too
RUNS = 4
#: enterprises of a run at most: a worker holds their rows of one table
_MOST = 200_000
#: rows that one reading task takes, unless a row group is larger
_ROWS = 500_000
#: Spark's name of a type, where it is not DuckDB's
_SPARK = {"VARCHAR": "STRING"}

#: a part's file, the number of its entry, and one of its row groups
Piece = tuple[str, int, int]


@dataclass(frozen=True)
class Sorting:
    """Sort plan of a shuffled table, as workers need it."""

    table: str
    columns: tuple[str, ...]
    versions: tuple[Entry, ...]
    codes: str
    runs: str
    count: int

    def run(self, k: int) -> Array:
        """Codes of run ``k``."""
        codes: Array = np.load(self.codes, mmap_mode="r")
        start, stop = (codes.shape[0] * i // self.count for i in (k, k + 1))
        return codes[start:stop]

    @property
    def firsts(self) -> Array:
        """The first code of each run."""
        return np.array([self.run(k)[0] for k in range(self.count)])


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
        holding = [entry for entry in self._entries if t.name in entry.parts]
        if not enterprises or not sum(entry.parts[t.name] for entry in holding):
            return cluster.write_table(con, t, enterprises, out)
        runs = out.resolve() / ".runs"
        shutil.rmtree(runs, ignore_errors=True)
        runs.mkdir(parents=True)
        sorting = _sorting(self._warehouse, t, holding, enterprises, runs)
        tasks = _tasks(t, self._warehouse, holding)
        sizes = self._run(sorting, tasks)
        _join(t, runs, sorting, sizes, out / t.name)
        shutil.rmtree(runs)
        return sum(sizes.values())

    def _run(self, sorting: Sorting, tasks: list[list[Piece]]) -> dict[int, int]:
        """Rows by run of what the workers wrote."""
        types = columns_of(directory()[sorting.table])
        told = ", ".join(f"`{n}` {_SPARK.get(types[n], types[n])}" for n in sorting.columns)
        with self._spark.patience():
            places = self._spark.session.range(0, len(tasks), 1, len(tasks))
            read = at_worker("xhcredit.jobs.spark.shuffle:read_pieces", sorting, tasks)
            rows = places.mapInArrow(read, f"{told}, _seq INT, _run INT")
            sort = at_worker("xhcredit.jobs.spark.shuffle:sort_run", sorting)
            brought = rows.repartitionById(sorting.count, "_run")
            done = brought.mapInArrow(sort, "run INT, size BIGINT").collect()
        return {row.run: row.size for row in done}


def _sorting(
    warehouse: Warehouse, t: Table, holding: list[Entry], enterprises: int, runs: Path
) -> Sorting:
    """How a table is sorted whose runs go to ``runs``."""
    files = [warehouse.part(t.name, entry.name) for entry in holding]
    versions = bool(versioned_ids(warehouse, t, holding, read_parquet(files)))
    wanted = [n for n in columns_of(t) if n == "event_id" or n not in EXTRA_COLUMNS]
    if not versions:  # then nothing is compared, and only what is stored has to travel
        named = re.findall(r"\w+", " ".join(text for _, text, _ in cluster.selected(t)))
        wanted = [n for n in wanted if n in {"code", "event_id", "known_on", *named}]
    return Sorting(
        table=t.name,
        columns=tuple(wanted),
        versions=tuple(holding) if versions else (),
        codes=str(runs.parents[1] / "register" / "codes.npy"),
        runs=str(runs),
        count=min(enterprises, max(RUNS, -(-enterprises // _MOST))),
    )


def _tasks(t: Table, warehouse: Warehouse, holding: list[Entry]) -> list[list[Piece]]:
    """Row groups of all parts of a table, as many together as one task reads."""
    tasks: list[list[Piece]] = [[]]
    rows = 0
    for entry in holding:
        file = warehouse.part(t.name, entry.name)
        about = pq.read_metadata(file)
        for group in range(about.num_row_groups):
            size = about.row_group(group).num_rows
            if tasks[-1] and rows + size > _ROWS:
                tasks.append([])
                rows = 0
            tasks[-1].append((str(file), entry.seq, group))
            rows += size
    return tasks


def read_pieces(sorting: Sorting, tasks: list[list[Piece]], batches: Iterator[Any]) -> Any:
    """On a worker: rows of the tasks whose numbers come, and in which run each falls."""
    types = _types(sorting)
    firsts = sorting.firsts
    for batch in batches:
        for number in batch.column(0).to_pylist():
            for file, seq, group in tasks[number]:
                rows = _row_group(file, group, types)
                codes = cluster.values(rows["code"].combine_chunks(), "S18")
                run = np.maximum(np.searchsorted(firsts, codes, side="right") - 1, 0)
                rows = rows.append_column("_seq", pa.array(np.full(len(rows), seq, np.int32)))
                rows = rows.append_column("_run", pa.array(run.astype(np.int32)))
                yield from rows.to_batches()


def _types(sorting: Sorting) -> pa.Schema:
    with duckdb.connect() as con:
        whole = con.sql(empty_sql(directory()[sorting.table])).to_arrow_table().schema
    return pa.schema([whole.field(name) for name in sorting.columns])


def _row_group(file: str, group: int, types: pa.Schema) -> pa.Table:
    """A row group; a column that was declared after the part was written is empty."""
    with pq.ParquetFile(file) as part:
        held = [name for name in types.names if name in part.schema_arrow.names]
        rows = part.read_row_group(group, columns=held, use_threads=False)
    columns = [
        rows[f.name].cast(f.type) if f.name in held else pa.nulls(len(rows), f.type) for f in types
    ]
    return pa.table(columns, schema=types)


def sort_run(sorting: Sorting, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """On a worker: resolve and sort one run, and write its columns; says how many rows it has."""
    held = list(batches)
    if not sum(batch.num_rows for batch in held):
        return
    k = held[0].column("_run")[0].as_py()
    size = _write_run(sorting, k, pa.Table.from_batches(held))
    yield pa.RecordBatch.from_arrays(
        [pa.array([k], pa.int32()), pa.array([size], pa.int64())], ["run", "size"]
    )


def _write_run(sorting: Sorting, k: int, rows: pa.Table) -> int:
    """Write a run under a name of its own until it is complete: it may be sorted twice."""
    t = directory()[sorting.table]
    codes = sorting.run(k)
    numbers = np.arange(codes.shape[0], dtype=np.int32)
    part = Path(tempfile.mkdtemp(dir=sorting.runs, suffix=".part"))
    with duckdb.connect() as con:
        con.execute(f"SET temp_directory = '{part / 'spill'}'")
        con.execute("SET threads = 1")  # a task of Spark has one core
        con.register("raw", rows)
        con.register("ids", pa.table({"code": codes.astype("U18"), "ent": numbers}))
        con.execute(f'CREATE TEMP VIEW "{t.name}" AS {_resolved(sorting, t)}')
        size = cluster.write_table(con, t, codes.shape[0], part)
    _appear(part / t.name, Path(sorting.runs) / f"{k:06d}")
    shutil.rmtree(part)
    return size


def _resolved(sorting: Sorting, t: Table) -> str:
    """SQL of a run in which each key stands once."""
    rows = f"(SELECT * EXCLUDE (_seq, _run) FROM raw UNION ALL BY NAME {empty_sql(t)})"
    if not sorting.versions:
        return history_sql(t, rows, "", "")
    ids = "SELECT event_id FROM raw GROUP BY event_id HAVING count(*) > 1"
    again = f"SELECT * EXCLUDE (_run) FROM raw WHERE event_id IN ({ids})"
    numbered = dated_sql(f"{again} UNION ALL BY NAME {empty_sql(t)}", list(sorting.versions))
    return history_sql(t, rows, ids, numbered)


def _appear(folder: Path, target: Path) -> None:
    """Move a run into place; one that another task wrote meanwhile is the same."""
    try:
        os.replace(folder, target)
    except OSError:
        if not target.is_dir():
            raise


def _join(t: Table, runs: Path, sorting: Sorting, sizes: dict[int, int], out: Path) -> None:
    """Put the columns of all runs together; a run without rows wrote nothing."""
    out.mkdir(parents=True)
    for name, _, kind in cluster.selected(t):
        whole = np.lib.format.open_memmap(
            out / f"{name}.npy", mode="w+", dtype=kind, shape=(sum(sizes.values()),)
        )
        at = 0
        for k, size in sorted(sizes.items()):
            whole[at : at + size] = np.load(runs / f"{k:06d}" / f"{name}.npy", mmap_mode="r")
            at += size
    if t.kind == "event":
        np.save(out / "offsets.npy", _offsets(runs, sorting, sizes))


def _offsets(runs: Path, sorting: Sorting, sizes: dict[int, int]) -> Array:
    """Where each enterprise's rows begin among those of all runs."""
    found = [np.zeros(1, np.int64)]
    for k in range(sorting.count):
        own = np.zeros(sorting.run(k).shape[0], np.int64)
        if k in sizes:
            own = np.load(runs / f"{k:06d}" / "offsets.npy")[1:]
        found.append(own + found[-1][-1])
    return np.concatenate(found)
