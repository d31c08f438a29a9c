"""Incremental update of relation edges and members (see ``recluster``)."""

from __future__ import annotations

import numpy as np

from xhcredit.engine import cluster
from xhcredit.engine.columns import Array
from xhcredit.engine.previous_store import ORDER, StoreUpdate, column
from xhcredit.engine.splice import apply_splice, merge_sorted, positions_in, spans, splice
from xhcredit.ingest.changes import TableChanges


def write_relations(work: StoreUpdate) -> None:
    """Write edges and members; nodes are numbered in the order of their keys."""
    changed = work.changed.tables.get("relation")
    if changed is None:
        work.link("edges", "members", "node_key.npy", "node_kind.npy")
        if work.has_new_enterprises:
            _renumber(work)
        return
    edges, members = work.load("edges"), work.load("members")
    changed_edges, removed = _changed_edges(work, changed), work.removed_rows(changed, edges)
    keys, place = _nodes(
        np.load(work.base / "node_key.npy"), members, edges["node"][removed], changed_edges
    )
    changed_edges["node"] = positions_in(changed_edges["key"], keys).astype(np.int32)
    of_members = _same_edges(members, edges, removed)
    edges["node"] = place[edges["node"]].astype(np.int32)
    members["ent"] = work.place[members["ent"]].astype(np.int32)
    size = work.codes.shape[0]
    work.save("edges", _merged(work.place, size, removed, "ent", "node", edges, changed_edges))
    members = _merged(place, keys.shape[0], of_members, "node", "ent", members, changed_edges)
    work.save("members", members)
    work.save(".", {"node_key": keys, "node_kind": cluster.node_kinds(keys)})


def _nodes(
    old_keys: Array,
    members: dict[str, Array],
    removed_nodes: Array,
    changed_edges: dict[str, Array],
) -> tuple[Array, Array]:
    """New node keys, and the new position of each old node (-1: no member left)."""
    all_keys, place = merge_sorted(old_keys, changed_edges["key"])
    counts = np.diff(members["offsets"]) - np.bincount(removed_nodes, minlength=old_keys.shape[0])
    # A build from nothing knows no node without edges, and this must equal it to the last bit.
    empty = np.flatnonzero(counts == 0)
    empty = empty[~np.isin(old_keys[empty], changed_edges["key"])]
    if not empty.shape[0]:
        return all_keys, place
    is_kept = np.ones(all_keys.shape[0], bool)
    is_kept[place[empty]] = False
    place = (np.cumsum(is_kept) - 1)[place]
    place[empty] = -1
    return all_keys[is_kept], place


def _merged(
    place: Array,
    size: int,
    removed: Array,
    key: str,
    other_key: str,
    old_edges: dict[str, Array],
    changed_edges: dict[str, Array],
) -> dict[str, Array]:
    """Edges of now by ``key``, within it by ``other_key``."""
    order_columns = [
        [arrays[k] for k in (other_key, *ORDER)] for arrays in (old_edges, changed_edges)
    ]
    splice_plan = splice(
        old_edges["offsets"], place, size, removed, changed_edges[key], *order_columns
    )
    return apply_splice(splice_plan, old_edges, changed_edges)


def _changed_edges(work: StoreUpdate, changed: TableChanges) -> dict[str, Array]:
    """The changed edges as they are now."""
    kinds = [("code", "S18"), ("key", f"S{cluster.NODE_KEY}")]
    kinds += [*((d, "int32") for d in cluster.EDGE_DAYS), ("event_id", "int64")]
    changed_rows = work.query(
        f"SELECT t.code, {cluster.node_key()} AS key, {cluster.edge_days()}, t.event_id "
        f"FROM ({changed.rows}) t"
    )
    edge_columns = {name: column(changed_rows, k, kind) for k, (name, kind) in enumerate(kinds)}
    ent = positions_in(edge_columns.pop("code"), work.codes)
    return {
        name: array[ent >= 0]
        for name, array in {**edge_columns, "ent": ent.astype(np.int32)}.items()
    }


def _same_edges(members: dict[str, Array], edges: dict[str, Array], removed: Array) -> Array:
    """Positions among the members of the edges at ``removed``."""
    positions = spans(members["offsets"], np.unique(edges["node"][removed]))[0]
    return np.asarray(
        positions[np.isin(members["event_id"][positions], edges["event_id"][removed])]
    )


def _renumber(work: StoreUpdate) -> None:
    """Give the members of each node their new numbers, and the edges their new offsets."""
    members = np.load(work.base / "members" / "ent.npy")
    work.save("members", {"ent": work.place[members].astype(np.int32)})
    work.save("edges", {"offsets": work.widened_offsets("edges")})
