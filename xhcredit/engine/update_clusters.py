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
from xhcredit.engine.previous_store import ORDER, StoreUpdate, column
from xhcredit.engine.splice import apply_splice, merge_sorted, positions_in, splice
from xhcredit.engine.stores import PLACES, empty_part_folder, finish, read_notes, read_places
from xhcredit.engine.update_edges import write_relations
from xhcredit.ingest.changes import WarehouseChanges
from xhcredit.ingest.schema import Table, directory

_REGISTER = "enterprise"


def recluster(changed: WarehouseChanges, base: Path, out: Path, digest: str) -> bool:
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
    base_notes = read_notes(base)
    old_codes = np.load(base / "register" / "codes.npy")
    work = StoreUpdate(changed, base, empty_part_folder(out), old_codes, base_notes["orphans"])
    if not _write_register(work):
        return False
    for table in directory().values():
        if table.kind == "event":
            _write_events(work, table)
    write_relations(work)
    np.save(work.part / "touched.npy", changed.codes)
    entries = [entry.name for entry in changed.entries]
    notes = {"digest": digest, "entries": entries, "orphans": work.orphans}
    finish(work.part, out, {**notes, "base": base_notes["digest"]})
    return True


def _write_register(work: StoreUpdate) -> bool:
    """Write the register: rows of before, and in or between them those that changed."""
    changed = work.changed.tables.get(_REGISTER)
    if changed is None:
        work.link("register", _REGISTER, f"rows/{_REGISTER}.parquet")
        return True
    selected = cluster.stored_columns(directory()[_REGISTER])
    column_sql = ", ".join(text for _, text, _ in selected)
    rows = work.query(
        f"{cluster.register_sql()}, {', '.join(f't.{name}' for name in PLACES)}, {column_sql} "
        f"FROM ({changed.rows}) t ORDER BY t.code"
    )
    changed_codes = column(rows, 0, "S18")
    if not np.isin(changed.codes, changed_codes).all():
        return False
    work.codes, work.place = merge_sorted(work.codes_before, changed_codes)
    if work.orphans and work.has_new_enterprises:
        return False
    positions = positions_in(changed_codes, work.codes)
    source, fresh = _row_sources(work, positions)
    kinds = [*cluster.REGISTER, *((name, kind) for name, _, kind in selected)]
    places = [0, 1, 2, *range(3 + len(PLACES), rows.num_columns)]
    for k, (name, kind) in zip(places, kinds, strict=True):
        folder = "register" if k < len(cluster.REGISTER) else _REGISTER
        old_column = np.load(work.base / folder / f"{name}.npy", mmap_mode="r")
        work.save(
            folder, {name: _updated_column(old_column, source, positions, column(rows, k, kind))}
        )
    _write_places(work, rows, np.where(fresh >= 0, work.codes_before.shape[0] + fresh, source))
    return True


def _write_places(work: StoreUpdate, rows: pa.Table, row_order: Array) -> None:
    """Write what the register tells: of those of before and then the changed, ``row_order``."""
    places = read_places(work.base)
    all_rows = pa.concat_tables([places, rows.select(PLACES).cast(places.schema)])
    cluster.write_places(all_rows.take(pa.array(row_order)).to_reader(), work.part)


def _row_sources(work: StoreUpdate, positions: Array) -> tuple[Array, Array]:
    """By enterprise of now: its row before, and which changed row is its (-1: none)."""
    source = np.zeros(work.codes.shape[0], np.int64)
    source[work.place] = np.arange(work.codes_before.shape[0])
    fresh = np.full(work.codes.shape[0], -1, np.int64)
    fresh[positions] = np.arange(positions.shape[0])
    return source, fresh


def _updated_column(old_column: Array, source: Array, positions: Array, incoming: Array) -> Array:
    """A column of the register of now."""
    new_column = (
        np.take(old_column, source)
        if old_column.shape[0]
        else np.zeros(source.shape, old_column.dtype)
    )
    new_column[positions] = incoming
    return new_column


def _write_events(work: StoreUpdate, table: Table) -> None:
    """Write one table's columns."""
    name = table.name
    changed = work.changed.tables.get(name)
    if changed is None:
        _carry_over(work, name)
        return
    selected = cluster.stored_columns(table)
    changed_rows = work.query(
        f"SELECT t.code, {', '.join(text for _, text, _ in selected)} FROM ({changed.rows}) t"
    )
    keys = positions_in(column(changed_rows, 0, "S18"), work.codes)
    known = keys >= 0
    work.orphans |= not known.all()
    old_columns = work.load(name)
    incoming = {
        n: column(changed_rows, k + 1, kind)[known] for k, (n, _, kind) in enumerate(selected)
    }
    order_columns = [[arrays[k] for k in ORDER] for arrays in (old_columns, incoming)]
    removed = work.removed_rows(changed, old_columns)
    size = work.codes.shape[0]
    splice_plan = splice(
        old_columns["offsets"], work.place, size, removed, keys[known], *order_columns
    )
    work.save(name, apply_splice(splice_plan, old_columns, incoming))


def _carry_over(work: StoreUpdate, name: str) -> None:
    """Take over a table in which nothing changed; new enterprises have no rows in it."""
    work.link(name, f"rows/{name}.parquet")
    if work.has_new_enterprises:
        work.save(name, {"offsets": work.widened_offsets(name)})


__all__ = ["recluster"]
