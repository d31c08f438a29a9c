"""Builds the clustered store from the canonical tables: DuckDB sorts, numpy keeps the columns."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xhcredit.domain.progress import Progress
from xhcredit.engine.codes import NEVER, NULLS, is_readable, storage_type
from xhcredit.engine.columns import Array, offsets_of
from xhcredit.engine.expr import sql_number
from xhcredit.engine.stores import PLACES, build_folder, finish, load
from xhcredit.ingest.schema import Column, Table, directory

#: writes one table's columns, sorted, of so many enterprises, into a folder; returns the rows
Sort = Callable[[duckdb.DuckDBPyConnection, Table, int, Path], int]

_DAYS = ("occurred", "known", "withdrawn")
_ENDS = ("ended", "ended_known")
#: what is stored of an edge besides whom it joins
EDGE_DAYS = (*_DAYS, *_ENDS)

__all__ = ["build", "load"]


def _day(column: str) -> str:
    # A missing day becomes NEVER, so that the kernel compares numbers and tests no nulls.
    return f"CAST(coalesce(t.{column} - DATE '1970-01-01', {NEVER}) AS INTEGER)"


def _stored_sql(column: Column) -> str:
    """SQL of a column as it is stored."""
    kind = storage_type(column)
    sql_type = {"int8": "TINYINT", "int32": "INTEGER", "int64": "BIGINT"}[kind]
    if column.type == "category":
        whens = " ".join(f"WHEN '{v}' THEN {k}" for k, v in enumerate(column.value_ids))
        text = f"CASE t.{column.name} {whens} END"
    elif column.type == "categories":
        empty = f"t.{column.name} = ''"
        bits = (
            f"CAST(contains(';' || t.{column.name} || ';', ';{v};') AS INTEGER) * {1 << k}"
            for k, v in enumerate(column.value_ids)
        )
        text = f"CASE WHEN {empty} THEN NULL ELSE {' + '.join(bits)} END"
    else:
        text = sql_number(column)
    return f"CAST(coalesce({text}, {NULLS[kind]}) AS {sql_type})"


def stored_columns(t: Table) -> list[tuple[str, str, str]]:
    """Stored columns of a table: name of the array, SQL, numpy type."""
    days: list[tuple[str, str, str]] = []
    if t.kind == "event":
        days = [(d, _day(f"{d}_on"), "int32") for d in (*_DAYS, *(_ENDS if t.ends else ()))]
        days.append(("event_id", "t.event_id", "int64"))
    own_columns = [
        (f"c_{c.name}", _stored_sql(c), storage_type(c))
        for c in t.columns
        if is_readable(c) and (t.kind == "register" or not c.name.endswith(_COMMON_ENDINGS))
    ]
    return days + own_columns


_COMMON_ENDINGS = ("occurred_on", "known_on", "withdrawn_on", "ended_on", "withdrawn_why")


def _write(
    con: duckdb.DuckDBPyConnection, sql: str, columns: list[tuple[str, str]], out: Path
) -> int:
    """Stream the result of ``sql`` into one ``.npy`` file per column; returns the rows."""
    out.mkdir(parents=True, exist_ok=True)
    size = 0
    with ExitStack() as opened:
        files = [opened.enter_context((out / f"{name}.npy").open("wb")) for name, _ in columns]
        for file, (_, kind) in zip(files, columns, strict=True):
            _write_header(file, kind, 0)
        for batch in con.sql(sql).to_arrow_reader(262_144):
            for k, (_, kind) in enumerate(columns):
                files[k].write(numpy_values(batch.column(k), kind).data)
            size += batch.num_rows
        for file, (_, kind) in zip(files, columns, strict=True):
            file.seek(0)  # numpy leaves room for the number of rows to grow
            _write_header(file, kind, size)
    return size


def _write_header(file: BinaryIO, kind: str, size: int) -> None:
    described = {"descr": np.dtype(kind).str, "fortran_order": False, "shape": (size,)}
    np.lib.format.write_array_header_1_0(file, described)


def numpy_values(column: pa.Array, kind: str) -> Array:
    """A column as numpy values; texts are cut or filled with zero bytes to their width."""
    if not kind.startswith("S"):
        return np.ascontiguousarray(column.to_numpy(zero_copy_only=False), kind)
    width = np.dtype(kind).itemsize
    if pa.types.is_string(column.type):
        column = pc.ascii_rpad(column, width, padding="\0").cast(pa.binary())
    fixed = column.cast(pa.binary(width))
    return np.frombuffer(fixed.buffers()[1], kind, len(fixed), fixed.offset * width)


def write_table(con: duckdb.DuckDBPyConnection, t: Table, enterprises: int, out: Path) -> int:
    """Write one table's columns, sorted by enterprise, day and event id."""
    # The event id breaks ties of one day, known_on those of its versions: last values and
    # streaks do not depend on the order of the files.
    order = "e.ent" if t.kind == "register" else "e.ent, t.occurred_on, t.event_id, t.known_on"
    columns = [("ent", "e.ent", "int32"), *stored_columns(t)]
    sql = (
        f"SELECT {', '.join(text for _, text, _ in columns)} "
        f"FROM {t.name} t JOIN ids e USING (code) ORDER BY {order}"
    )
    size = _write(con, sql, [(name, kind) for name, _, kind in columns], out / t.name)
    if t.kind == "event":
        ents = np.load(out / t.name / "ent.npy", mmap_mode="r")
        np.save(out / t.name / "offsets.npy", offsets_of(ents, enterprises))
    # The offsets say the same with one number an enterprise instead of one an event.
    (out / t.name / "ent.npy").unlink()
    return size


def node_key() -> str:
    """SQL of the sort key of a node: a letter for the kind, then 16 bytes of MD5."""
    kinds = ", ".join(f"'{v}'" for v in directory()["relation"].column("kind").value_ids)
    # MD5 for its length, not for secrecy: nodes of any name become keys of one width that sort
    # by their bytes.
    return f"encode(chr(64 + list_position([{kinds}], t.kind))) || unhex(md5(t.node))"


def node_kinds(keys: Array) -> Array:
    """Kind of each node, from its key."""
    letters = np.ascontiguousarray(keys).view(np.int8).reshape(-1, NODE_KEY)[:, 0]
    return np.asarray(letters - 65, np.int8)


#: bytes of a node's key
NODE_KEY = 17


def edge_days() -> str:
    """SQL of the days of an edge."""
    return ", ".join(f"{_day(d + '_on')} AS {d}" for d in EDGE_DAYS)


def _write_once(
    con: duckdb.DuckDBPyConnection, t: Table, enterprises: int, out: Path, sort: Sort
) -> int:
    """Write one table unless it is there, as a whole; returns its rows."""
    if not (out / t.name).exists():
        half = out / "half"
        shutil.rmtree(half, ignore_errors=True)
        sort(con, t, enterprises, half)
        # Renamed whole: a table that a build cut off had begun is never taken for a finished
        # one.
        os.replace(half / t.name, out / t.name)
        half.rmdir()
    column = stored_columns(t)[0][0]
    return int(np.load(out / t.name / f"{column}.npy", mmap_mode="r").shape[0])


def _write_relations(con: duckdb.DuckDBPyConnection, enterprises: int, out: Path) -> None:
    """Write the edges twice: by enterprise, and by node."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE edges AS SELECT ent, key, CAST(dense_rank() OVER "
        f"(ORDER BY key) - 1 AS INTEGER) AS node, {', '.join(EDGE_DAYS)}, event_id FROM "
        f"(SELECT e.ent, {node_key()} AS key, {edge_days()}, t.event_id "
        "FROM relation t JOIN ids e USING (code))"
    )
    keys = "SELECT DISTINCT key FROM edges ORDER BY key"
    nodes = _write(con, keys, [("node_key", f"S{NODE_KEY}")], out)
    # Both ways are walked: from an enterprise to its nodes, and from a node to all its members.
    for name, main_key, other_key, count in (
        ("edges", "ent", "node", enterprises),
        ("members", "node", "ent", nodes),
    ):
        columns = [(main_key, "int32"), (other_key, "int32"), *((d, "int32") for d in EDGE_DAYS)]
        columns.append(("event_id", "int64"))
        sql = (
            f"SELECT {', '.join(c for c, _ in columns)} FROM edges "
            f"ORDER BY {main_key}, {other_key}, occurred, event_id, known"
        )
        _write(con, sql, columns, out / name)
        keys_of = np.load(out / name / f"{main_key}.npy", mmap_mode="r")
        np.save(out / name / "offsets.npy", offsets_of(keys_of, count))
        (out / name / f"{main_key}.npy").unlink()
    np.save(out / "node_kind.npy", node_kinds(np.load(out / "node_key.npy")))


def _write_register(con: duckdb.DuckDBPyConnection, out: Path) -> int:
    """Give each enterprise its dense number, in the order of codes."""
    con.execute(
        # Dense numbers as keys: with the 18 characters of the code every join and sort takes
        # 1.4 times the processor time (measured).
        "CREATE OR REPLACE TEMP TABLE ent AS SELECT code, known_on, deregistered_on, "
        f"{', '.join(PLACES)}, CAST(row_number() OVER (ORDER BY code) - 1 AS INTEGER) AS ent "
        "FROM enterprise"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE ids AS SELECT code, ent FROM ent")
    size = _write(con, f"{register_sql()} FROM ent t ORDER BY ent", REGISTER, out / "register")
    places_sql = f"SELECT {', '.join(PLACES)} FROM ent ORDER BY ent"
    write_places(con.sql(places_sql).to_arrow_reader(262_144), out)
    return size


#: what is stored of the register apart from its columns
REGISTER = [("codes", "S18"), ("known", "int32"), ("deregistered", "int32")]


def register_sql() -> str:
    """SQL that selects ``REGISTER``."""
    return f"SELECT code, {_day('known_on')}, {_day('deregistered_on')}"


def write_places(batches: pa.RecordBatchReader, out: Path) -> None:
    """Write the register attributes in the order of codes, as a memory-mappable Arrow file."""
    target = str(out / "register" / "places.arrow")
    with pa.OSFile(target, "wb") as file, pa.ipc.new_file(file, batches.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def build(
    con: duckdb.DuckDBPyConnection,
    out: Path,
    digest: str = "",
    progress: Progress | None = None,
    entries: Sequence[str] = (),
    sort: Sort = write_table,
) -> None:
    """Write the clustered store of the tables that ``con`` shows, all or nothing.

    Tables that an earlier call, cut off, had written for the same ``out`` are not written again.

    Args:
        con: has one view or table per directory table, each key once (``create_views``).
        out: folder of the store, which must not be there yet; it appears as a whole.
        digest: what the tables were made from; kept with the store.
        progress: called with what is being written, how many steps are done, of how many.
        entries: names of the warehouse's entries that ``con`` shows; a later store can be spliced
            from this one if they are told.
        sort: who sorts a table, if not DuckDB here.
    """
    part = build_folder(out)
    report_progress = progress or (lambda what, done, total: None)
    names = list(directory())
    enterprises = _write_register(con, part)
    orphans = False
    for done, name in enumerate(names):
        report_progress(name, done, len(names) + 1)
        size = _write_once(con, directory()[name], enterprises, part, sort)
        orphans |= con.sql(f"SELECT count(*) FROM {name}").fetchall() != [(size,)]
    report_progress("relation", len(names), len(names) + 1)
    _write_relations(con, enterprises, part)
    finish(part, out, {"digest": digest, "entries": list(entries), "orphans": orphans})
    report_progress("", len(names) + 1, len(names) + 1)
