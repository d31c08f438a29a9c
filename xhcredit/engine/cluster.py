"""Builds the clustered store from the canonical tables: DuckDB sorts, numpy keeps the columns."""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xhcredit.engine import codes, expr
from xhcredit.engine.codes import NEVER, NULLS, readable, storage
from xhcredit.engine.columns import Array, Relations, Store, frozen, offsets_of
from xhcredit.engine.expr import sql_number
from xhcredit.ingest.schema import Column, Table, directory, directory_digest

Progress = Callable[[str, int, int], None]

#: modules whose text says how a store is laid out; a change of theirs builds stores anew
_LAYOUT = (sys.modules[__name__], codes, expr)

_DAYS = ("occurred", "known", "withdrawn")
_ENDS = ("ended", "ended_known")


def _day(column: str) -> str:
    return f"CAST(coalesce(t.{column} - DATE '1970-01-01', {NEVER}) AS INTEGER)"


def _stored(column: Column) -> str:
    """SQL of a column as it is stored."""
    kind = storage(column)
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


def _selected(t: Table) -> list[tuple[str, str, str]]:
    """What is stored of a table: name of the array, SQL, numpy type."""
    days: list[tuple[str, str, str]] = []
    if t.kind == "event":
        days = [(d, _day(f"{d}_on"), "int32") for d in (*_DAYS, *(_ENDS if t.ends else ()))]
    own = [
        (f"c_{c.name}", _stored(c), storage(c))
        for c in t.columns
        if readable(c) and (t.kind == "register" or not c.name.endswith(_COMMON_ENDINGS))
    ]
    return days + own


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
                files[k].write(_values(batch.column(k), kind).data)
            size += batch.num_rows
        for file, (_, kind) in zip(files, columns, strict=True):
            file.seek(0)  # numpy leaves room for the number of rows to grow
            _write_header(file, kind, size)
    return size


def _write_header(file: BinaryIO, kind: str, size: int) -> None:
    described = {"descr": np.dtype(kind).str, "fortran_order": False, "shape": (size,)}
    np.lib.format.write_array_header_1_0(file, described)


def _values(column: pa.Array, kind: str) -> Array:
    """A column as numpy values; texts are cut or filled with zero bytes to their width."""
    if not kind.startswith("S"):
        return np.ascontiguousarray(column.to_numpy(zero_copy_only=False), kind)
    width = np.dtype(kind).itemsize
    fixed = pc.ascii_rpad(column, width, padding="\0").cast(pa.binary()).cast(pa.binary(width))
    return np.frombuffer(fixed.buffers()[1], kind, len(fixed), fixed.offset * width)


def _write_table(con: duckdb.DuckDBPyConnection, t: Table, enterprises: int, out: Path) -> int:
    """Write one table's columns, sorted by enterprise, day and event id."""
    selected = _selected(t)
    order = "e.ent" if t.kind == "register" else "e.ent, t.occurred_on, t.event_id"
    columns = [("ent", "e.ent", "int32"), *selected]
    sql = (
        f"SELECT {', '.join(text for _, text, _ in columns)} "
        f"FROM {t.name} t JOIN ids e USING (code) ORDER BY {order}"
    )
    size = _write(con, sql, [(name, kind) for name, _, kind in columns], out / t.name)
    if t.kind == "event":
        ents = np.load(out / t.name / "ent.npy", mmap_mode="r")
        np.save(out / t.name / "offsets.npy", offsets_of(ents, enterprises))
    (out / t.name / "ent.npy").unlink()
    return size


def _write_relations(con: duckdb.DuckDBPyConnection, enterprises: int, out: Path) -> None:
    """Write the edges twice: by enterprise, and by node."""
    days = ", ".join(f"{_day(d + '_on')} AS {d}" for d in (*_DAYS, *_ENDS))
    kinds = ", ".join(f"'{v}'" for v in directory()["relation"].column("kind").value_ids)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE edges AS SELECT e.ent, CAST(dense_rank() OVER "
        f"(ORDER BY t.kind, t.node) - 1 AS INTEGER) AS node, list_position([{kinds}], t.kind) - 1 "
        f"AS kind, {days} "
        "FROM relation t JOIN ids e USING (code)"
    )
    nodes = con.sql("SELECT coalesce(max(node) + 1, 0) FROM edges").fetchall()[0][0]
    day_types = [(d, "int32") for d in (*_DAYS, *_ENDS)]
    for name, by, other, count in (
        ("edges", "ent", "node", enterprises),
        ("members", "node", "ent", int(nodes)),
    ):
        columns = [(by, "int32"), (other, "int32"), *day_types]
        sql = (
            f"SELECT {', '.join(c for c, _ in columns)} FROM edges ORDER BY {by}, {other}, occurred"
        )
        _write(con, sql, columns, out / name)
        keys = np.load(out / name / f"{by}.npy", mmap_mode="r")
        np.save(out / name / "offsets.npy", offsets_of(keys, count))
    kind = con.sql("SELECT min(kind) AS kind FROM edges GROUP BY node ORDER BY node").fetchnumpy()
    np.save(out / "node_kind.npy", np.asarray(kind["kind"], dtype=np.int8))


def _write_register(con: duckdb.DuckDBPyConnection, out: Path) -> int:
    """Give each enterprise its dense number, in the order of codes."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE ent AS SELECT code, known_on, deregistered_on, "
        "CAST(row_number() OVER (ORDER BY code) - 1 AS INTEGER) AS ent FROM enterprise"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE ids AS SELECT code, ent FROM ent")
    columns = [("codes", "S18"), ("known", "int32"), ("deregistered", "int32")]
    days = f"{_day('known_on')}, {_day('deregistered_on')}"
    sql = f"SELECT code, {days} FROM ent t ORDER BY ent"
    return _write(con, sql, columns, out / "register")


def build(
    con: duckdb.DuckDBPyConnection, out: Path, digest: str = "", progress: Progress | None = None
) -> None:
    """Write the clustered store of the tables that ``con`` shows, all or nothing.

    Args:
        con: has one view or table per directory table, each key once (``create_views``).
        out: folder of the store, which must not be there yet; it appears as a whole.
        digest: what the tables were made from; kept with the store.
        progress: called with what is being written, how many steps are done, of how many.
    """
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    tell = progress or (lambda what, done, total: None)
    names = list(directory())
    enterprises = _write_register(con, part)
    for done, name in enumerate(names):
        tell(name, done, len(names) + 1)
        _write_table(con, directory()[name], enterprises, part)
    tell("relation", len(names), len(names) + 1)
    _write_relations(con, enterprises, part)
    (part / "store.json").write_text(json.dumps({"digest": digest}))
    os.replace(part, out)
    tell("", len(names) + 1, len(names) + 1)


def _arrays(folder: Path) -> dict[str, Array]:
    return {f.stem: frozen(np.load(f, mmap_mode="r")) for f in sorted(folder.glob("*.npy"))}


def folder_of(stores: Path, digest: str) -> Path:
    """Where the store of these very tables, declared and laid out as they are now, is kept."""
    parts = [digest, directory_digest(), *(inspect.getsource(m) for m in _LAYOUT)]
    return stores / hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@contextmanager
def alone(stores: Path) -> Iterator[None]:
    """Wait until nobody else builds a store in this folder, and keep others out meanwhile."""
    stores.mkdir(parents=True, exist_ok=True)
    with (stores.parent / ".clustering").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def forget_others(stores: Path, keep: Path) -> None:
    """Remove stores of earlier data and half-built ones; who reads one keeps its mapped files."""
    for folder in stores.iterdir():
        if folder != keep:
            shutil.rmtree(folder, ignore_errors=True)


def load(path: Path) -> Store:
    """Map a clustered store into memory; nothing is read until it is used."""
    register = _arrays(path / "register")
    return Store(
        codes=register["codes"],
        known=register["known"],
        deregistered=register["deregistered"],
        tables={name: _arrays(path / name) for name in directory()},
        relations=Relations(
            _arrays(path / "edges"),
            _arrays(path / "members"),
            frozen(np.load(path / "node_kind.npy")),
        ),
        digest=json.loads((path / "store.json").read_text())["digest"],
        path=path,
    )
