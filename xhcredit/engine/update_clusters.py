"""Incremental update of the clustered store: only changed rows are read from the parts.

The result is what ``cluster.build`` would write, to the last bit.  Tables in which nothing changed
are linked, not copied: a store's files are never written again once they stand.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from xhcredit.engine import cluster
from xhcredit.engine.columns import Array
from xhcredit.engine.previous_store import ORDER, Work, column
from xhcredit.engine.splice import inserted, places_of, splice, spliced
from xhcredit.engine.stores import PLACES, about, finish, read_places, unfinished
from xhcredit.engine.update_edges import write_relations
from xhcredit.ingest.changes import Changes
from xhcredit.ingest.schema import Table, directory

_REGISTER = "enterprise"


def recluster(changed: Changes, base: Path, out: Path, digest: str) -> bool:
    """Write the store of a warehouse from that of an earlier state of it, all or nothing.

    Args:
        changed: what changed since ``base`` was made.
        base: folder of a store of the same layout.
        out: folder of the new store, which must not be there yet.
        digest: what the tables are made from; kept with the store.

    Returns:
        False if it cannot be told so (an enterprise left the register, or one came whose events
        may have been left out before); then the store has to be built.
    """
    told = about(base)
    before = np.load(base / "register" / "codes.npy")
    work = Work(changed, base, unfinished(out), before, told["orphans"])
    if not _write_register(work):
        return False
    for table in directory().values():
        if table.kind == "event":
            _write_events(work, table)
    write_relations(work)
    np.save(work.part / "touched.npy", changed.codes)
    entries = [entry.name for entry in changed.entries]
    note = {"digest": digest, "entries": entries, "orphans": work.orphans}
    finish(work.part, out, {**note, "base": told["digest"]})
    return True


def _write_register(work: Work) -> bool:
    """Write the register: rows of before, and in or between them those that changed."""
    changed = work.changed.tables.get(_REGISTER)
    if changed is None:
        work.link("register", _REGISTER, f"rows/{_REGISTER}.parquet")
        return True
    selected = cluster.selected(directory()[_REGISTER])
    own = ", ".join(text for _, text, _ in selected)
    rows = work.query(
        f"{cluster.register_sql()}, {', '.join(f't.{name}' for name in PLACES)}, {own} "
        f"FROM ({changed.rows}) t ORDER BY t.code"
    )
    came = column(rows, 0, "S18")
    if not np.isin(changed.codes, came).all():
        return False
    work.codes, work.place = inserted(work.codes_before, came)
    if work.orphans and work.grown:
        return False
    at = places_of(came, work.codes)
    source, fresh = _rows_now(work, at)
    kinds = [*cluster.REGISTER, *((name, kind) for name, _, kind in selected)]
    places = [0, 1, 2, *range(3 + len(PLACES), rows.num_columns)]
    for k, (name, kind) in zip(places, kinds, strict=True):
        folder = "register" if k < len(cluster.REGISTER) else _REGISTER
        before = np.load(work.base / folder / f"{name}.npy", mmap_mode="r")
        work.save(folder, {name: _put(before, source, at, column(rows, k, kind))})
    _write_places(work, rows, np.where(fresh >= 0, work.codes_before.shape[0] + fresh, source))
    return True


def _write_places(work: Work, rows: pa.Table, take: Array) -> None:
    """Write what the register tells: of those of before and then the changed, ``take``."""
    places = read_places(work.base)
    both = pa.concat_tables([places, rows.select(PLACES).cast(places.schema)])
    cluster.write_places(both.take(pa.array(take)).to_reader(), work.part)


def _rows_now(work: Work, at: Array) -> tuple[Array, Array]:
    """By enterprise of now: its row before, and which changed row is its (-1: none)."""
    source = np.zeros(work.codes.shape[0], np.int64)
    source[work.place] = np.arange(work.codes_before.shape[0])
    fresh = np.full(work.codes.shape[0], -1, np.int64)
    fresh[at] = np.arange(at.shape[0])
    return source, fresh


def _put(before: Array, source: Array, at: Array, incoming: Array) -> Array:
    """A column of the register of now."""
    made = np.take(before, source) if before.shape[0] else np.zeros(source.shape, before.dtype)
    made[at] = incoming
    return made


def _write_events(work: Work, table: Table) -> None:
    """Write one table's columns."""
    name = table.name
    changed = work.changed.tables.get(name)
    if changed is None:
        _keep(work, name)
        return
    selected = cluster.selected(table)
    found = work.query(
        f"SELECT t.code, {', '.join(text for _, text, _ in selected)} FROM ({changed.rows}) t"
    )
    keys = places_of(column(found, 0, "S18"), work.codes)
    known = keys >= 0
    work.orphans |= not known.all()
    before = work.load(name)
    incoming = {n: column(found, k + 1, kind)[known] for k, (n, _, kind) in enumerate(selected)}
    by = [[arrays[k] for k in ORDER] for arrays in (before, incoming)]
    gone = work.gone(changed, before)
    size = work.codes.shape[0]
    how = splice(before["offsets"], work.place, size, gone, keys[known], *by)
    work.save(name, spliced(how, before, incoming))


def _keep(work: Work, name: str) -> None:
    """Take over a table in which nothing changed; new enterprises have no rows in it."""
    work.link(name, f"rows/{name}.parquet")
    if work.grown:
        work.save(name, {"offsets": work.wider(name)})


__all__ = ["recluster"]
