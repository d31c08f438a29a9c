"""Makes the clustered store of now from that of before: only what changed is read from the parts.

The result is what ``cluster.build`` would write, to the last bit.  Tables in which nothing changed
are linked, not copied: a store's files are never written again once they stand.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from xhcredit.engine import cluster
from xhcredit.engine.columns import Array
from xhcredit.engine.splice import Splice, places_of, spans, splice, spliced
from xhcredit.engine.stores import PLACES, about, finish, read_places, unfinished
from xhcredit.ingest.changes import Changes
from xhcredit.ingest.schema import Table, directory

_ORDER = ("occurred", "event_id", "known")
_REGISTER = "enterprise"


@dataclass
class _Work:
    """Both stores and the register of both."""

    changed: Changes
    base: Path
    part: Path
    codes_before: Array
    codes: Array
    orphans: bool
    touched: list[Array] = field(default_factory=list)

    @property
    def place(self) -> Array:
        """Where each enterprise of before stands now."""
        return places_of(self.codes_before, self.codes)

    def query(self, sql: str) -> pa.Table:
        """Run SQL where the changes stand."""
        return self.changed.con.sql(sql).to_arrow_table()

    def codes_of(self, sql: str) -> Array:
        """Codes that a query tells."""
        return cluster.values(_one(self.query(sql).column(0)), "S18")


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
    before = np.load(base / "register" / "codes.npy", mmap_mode="r")
    work = _Work(changed, base, unfinished(out), before, before, told["orphans"])
    rows = _register_rows(work)
    if rows is None:
        return False
    _write_register(work, rows)
    for table in directory().values():
        if table.kind == "event":
            _write_events(work, table)
    _write_relations(work)
    np.save(work.part / "touched.npy", np.unique(np.concatenate([before[:0], *work.touched])))
    entries = [entry.name for entry in changed.entries]
    note = {"digest": digest, "entries": entries, "orphans": work.orphans}
    finish(work.part, out, {**note, "base": told["digest"]})
    return True


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _load(folder: Path) -> dict[str, Array]:
    return {f.stem: np.load(f, mmap_mode="r") for f in folder.glob("*.npy")}


def _save(folder: Path, arrays: dict[str, Array]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def _link(work: _Work, *names: str) -> None:
    """Let files or folders of before stand in the new store as they are."""
    for name in names:
        source, target = work.base / name, work.part / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, copy_function=_same, dirs_exist_ok=True)
        elif source.exists():
            _same(str(source), str(target))


def _same(source: str, target: str) -> None:
    """Link a file, or copy it where links are not to be had."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _columns(work: _Work, table: Table) -> tuple[Array, dict[str, Array]]:
    """What the changed keys of a table say now: codes, and columns as stored."""
    selected = cluster.selected(table)
    extra = ["t.code", *(text for _, text, _ in selected)]
    found = work.query(f"SELECT {', '.join(extra)} FROM ({work.changed.rows(table.name)}) t")
    columns = {
        name: cluster.values(_one(found.column(k + 1)), kind)
        for k, (name, _, kind) in enumerate(selected)
    }
    return cluster.values(_one(found.column(0)), "S18"), columns


def _register_rows(work: _Work) -> pa.Table | None:
    """The register's changed rows in the order of codes; ``None`` if the store must be built."""
    if _REGISTER not in work.changed.tables:
        return work.query("SELECT 1 LIMIT 0")
    rows = work.query(
        f"{cluster.register_sql()}, {', '.join(PLACES)} FROM "
        f"({work.changed.rows(_REGISTER)}) t ORDER BY code"
    )
    came = cluster.values(_one(rows.column(0)), "S18")
    work.touched.append(came)
    spoken_of = work.codes_of(work.changed.codes_before(_REGISTER))
    if not np.isin(spoken_of, came).all():
        return None
    work.codes = np.union1d(work.codes_before, came)
    return None if work.orphans and work.codes.shape != work.codes_before.shape else rows


def _write_register(work: _Work, rows: pa.Table) -> None:
    """Write the register: rows of before, and in or between them those that changed."""
    if _REGISTER not in work.changed.tables:
        _link(work, "register", _REGISTER, f"rows/{_REGISTER}.parquet")
        return
    codes, own = _columns(work, directory()[_REGISTER])
    order = np.argsort(codes)
    at = places_of(codes[order], work.codes)
    source, fresh = _rows_now(work, at)
    for folder, incoming in (
        ("register", _register_arrays(rows)),
        (_REGISTER, {k: v[order] for k, v in own.items()}),
    ):
        before = _load(work.base / folder)
        _save(work.part / folder, {k: _put(before[k], source, at, v) for k, v in incoming.items()})
    places = read_places(work.base)
    both = pa.concat_tables([places, rows.select(PLACES).cast(places.schema)])
    take = np.where(fresh >= 0, len(places) + fresh, source)
    cluster.write_places(both.take(pa.array(take)).to_reader(), work.part)


def _rows_now(work: _Work, at: Array) -> tuple[Array, Array]:
    """By enterprise of now: its row before, and which changed row is its (-1: none)."""
    source = np.zeros(work.codes.shape[0], np.int64)
    source[work.place] = np.arange(work.codes_before.shape[0])
    fresh = np.full(work.codes.shape[0], -1, np.int64)
    fresh[at] = np.arange(at.shape[0])
    return source, fresh


def _register_arrays(rows: pa.Table) -> dict[str, Array]:
    kinds = enumerate(cluster.REGISTER)
    return {name: cluster.values(_one(rows.column(k)), kind) for k, (name, kind) in kinds}


def _put(before: Array, source: Array, at: Array, incoming: Array) -> Array:
    """A column of the register of now."""
    made = np.take(before, source) if before.shape[0] else np.zeros(source.shape, before.dtype)
    made[at] = incoming
    return made


def _write_events(work: _Work, table: Table) -> None:
    """Write one table's columns."""
    name = table.name
    if name not in work.changed.tables:
        _keep(work, name)
        return
    before = _load(work.base / name)
    codes, incoming = _columns(work, table)
    keys = places_of(codes, work.codes)
    work.orphans |= bool((keys < 0).any())
    work.touched += [codes, work.codes_of(work.changed.codes_now(name))]
    incoming = {k: v[keys >= 0] for k, v in incoming.items()}
    by = [[arrays[k] for k in _ORDER] for arrays in (before, incoming)]
    gone = _gone(work, name, before)
    size = work.codes.shape[0]
    how = splice(before["offsets"], work.place, size, gone, keys[keys >= 0], *by)
    _save(work.part / name, spliced(how, before, incoming))


def _keep(work: _Work, name: str) -> None:
    """Take over a table in which nothing changed; new enterprises have no rows in it."""
    _link(work, name, f"rows/{name}.parquet")
    if work.codes.shape != work.codes_before.shape:
        offsets = np.load(work.base / name / "offsets.npy")
        (work.part / name / "offsets.npy").unlink()
        np.save(work.part / name / "offsets.npy", _wider(offsets, work.place, work.codes.shape[0]))


def _wider(offsets: Array, place: Array, size: int) -> Array:
    counts = np.zeros(size, np.int64)
    counts[place] = np.diff(offsets)
    return np.concatenate([[0], np.cumsum(counts)])


def _gone(work: _Work, name: str, before: dict[str, Array]) -> Array:
    """Positions of the rows of before whose key changed, sorted."""
    if not work.changed.any_before(name):
        return np.zeros(0, np.int64)
    codes = work.codes_of(work.changed.codes_before(name))
    work.touched.append(codes)
    owners = places_of(np.unique(codes), work.codes_before)
    at = spans(before["offsets"], owners[owners >= 0])[0]
    ids = work.query(work.changed.ids(name)).column(0).to_numpy()
    return np.asarray(at[np.isin(before["event_id"][at], ids)])


def _write_relations(work: _Work) -> None:
    """Write edges and members; nodes are numbered in the order of their keys."""
    size = work.codes.shape[0]
    if "relation" not in work.changed.tables:
        _link(work, "edges", "members", "node_key.npy", "node_kind.npy")
        if size != work.codes_before.shape[0]:
            _renumber(work)
        return
    edges, members = _load(work.base / "edges"), _load(work.base / "members")
    came = _edges(work)
    gone = _gone(work, "relation", edges)
    node_keys = np.load(work.base / "node_key.npy")
    of_members = _same_edges(members, edges, gone)
    counts = np.diff(members["offsets"]) - np.bincount(
        edges["node"][gone], minlength=node_keys.shape[0]
    )
    stays = (counts > 0) | np.isin(node_keys, came["key"])
    keys = np.union1d(node_keys[stays], came["key"]).astype(node_keys.dtype)
    place = places_of(node_keys, keys)
    place[~stays] = -1
    came["node"] = places_of(came["key"], keys).astype(np.int32)
    was = {**edges, "node": place[edges["node"]].astype(np.int32)}
    here = {**members, "ent": work.place[members["ent"]].astype(np.int32)}
    by_ent = _merge(work.place, size, gone, "ent", "node", was, came)
    by_node = _merge(place, keys.shape[0], of_members, "node", "ent", here, came)
    _save(work.part / "edges", by_ent)
    _save(work.part / "members", by_node)
    _save(work.part, {"node_key": keys, "node_kind": cluster.node_kinds(keys)})


def _merge(
    place: Array, size: int, gone: Array, key: str, other: str,
    before: dict[str, Array], came: dict[str, Array],
) -> dict[str, Array]:  # fmt: skip
    """Edges of now by ``key``, within it by ``other``."""
    by = [[arrays[k] for k in (other, *_ORDER)] for arrays in (before, came)]
    how: Splice = splice(before["offsets"], place, size, gone, came[key], *by)
    return spliced(how, before, came)


def _edges(work: _Work) -> dict[str, Array]:
    """The changed edges as they are now."""
    kinds = [("code", "S18"), ("key", f"S{cluster.NODE_KEY}")]
    kinds += [*((d, "int32") for d in cluster.EDGE_DAYS), ("event_id", "int64")]
    found = work.query(
        f"SELECT t.code, {cluster.node_key()} AS key, {cluster.edge_days()}, t.event_id "
        f"FROM ({work.changed.rows('relation')}) t"
    )
    came = {n: cluster.values(_one(found.column(k)), kind) for k, (n, kind) in enumerate(kinds)}
    ent = places_of(came.pop("code"), work.codes)
    return {name: array[ent >= 0] for name, array in {**came, "ent": ent.astype(np.int32)}.items()}


def _same_edges(members: dict[str, Array], edges: dict[str, Array], gone: Array) -> Array:
    """Positions among the members of the edges at ``gone``."""
    at = spans(members["offsets"], np.unique(edges["node"][gone]))[0]
    return np.asarray(at[np.isin(members["event_id"][at], edges["event_id"][gone])])


def _renumber(work: _Work) -> None:
    """Give the members of each node their new numbers, and the edges their new offsets."""
    members = np.load(work.base / "members" / "ent.npy")
    offsets = np.load(work.base / "edges" / "offsets.npy")
    for name in ("members/ent.npy", "edges/offsets.npy"):
        (work.part / name).unlink()
    np.save(work.part / "members" / "ent.npy", work.place[members].astype(np.int32))
    np.save(work.part / "edges" / "offsets.npy", _wider(offsets, work.place, work.codes.shape[0]))


__all__ = ["recluster"]
