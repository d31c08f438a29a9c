"""Incremental update of relation edges and members (see ``recluster``)."""

from __future__ import annotations

import numpy as np

from xhcredit.engine import cluster
from xhcredit.engine.columns import Array
from xhcredit.engine.previous_store import ORDER, Work, column
from xhcredit.engine.splice import inserted, places_of, spans, splice, spliced
from xhcredit.ingest.changes import Changed


def write_relations(work: Work) -> None:
    """Write edges and members; nodes are numbered in the order of their keys."""
    changed = work.changed.tables.get("relation")
    if changed is None:
        work.link("edges", "members", "node_key.npy", "node_kind.npy")
        if work.grown:
            _renumber(work)
        return
    edges, members = work.load("edges"), work.load("members")
    came, gone = _edges(work, changed), work.gone(changed, edges)
    keys, place = _nodes(np.load(work.base / "node_key.npy"), members, edges["node"][gone], came)
    came["node"] = places_of(came["key"], keys).astype(np.int32)
    of_members = _same_edges(members, edges, gone)
    edges["node"] = place[edges["node"]].astype(np.int32)
    members["ent"] = work.place[members["ent"]].astype(np.int32)
    size = work.codes.shape[0]
    work.save("edges", _merged(work.place, size, gone, "ent", "node", edges, came))
    members = _merged(place, keys.shape[0], of_members, "node", "ent", members, came)
    work.save("members", members)
    work.save(".", {"node_key": keys, "node_kind": cluster.node_kinds(keys)})


def _nodes(
    before: Array, members: dict[str, Array], of_gone: Array, came: dict[str, Array]
) -> tuple[Array, Array]:
    """New node keys, and the new position of each old node (-1: no member left)."""
    every, place = inserted(before, came["key"])
    counts = np.diff(members["offsets"]) - np.bincount(of_gone, minlength=before.shape[0])
    empty = np.flatnonzero(counts == 0)
    empty = empty[~np.isin(before[empty], came["key"])]
    if not empty.shape[0]:
        return every, place
    stays = np.ones(every.shape[0], bool)
    stays[place[empty]] = False
    place = (np.cumsum(stays) - 1)[place]
    place[empty] = -1
    return every[stays], place


def _merged(
    place: Array,
    size: int,
    gone: Array,
    key: str,
    other: str,
    before: dict[str, Array],
    came: dict[str, Array],
) -> dict[str, Array]:
    """Edges of now by ``key``, within it by ``other``."""
    by = [[arrays[k] for k in (other, *ORDER)] for arrays in (before, came)]
    how = splice(before["offsets"], place, size, gone, came[key], *by)
    return spliced(how, before, came)


def _edges(work: Work, changed: Changed) -> dict[str, Array]:
    """The changed edges as they are now."""
    kinds = [("code", "S18"), ("key", f"S{cluster.NODE_KEY}")]
    kinds += [*((d, "int32") for d in cluster.EDGE_DAYS), ("event_id", "int64")]
    found = work.query(
        f"SELECT t.code, {cluster.node_key()} AS key, {cluster.edge_days()}, t.event_id "
        f"FROM ({changed.rows}) t"
    )
    came = {name: column(found, k, kind) for k, (name, kind) in enumerate(kinds)}
    ent = places_of(came.pop("code"), work.codes)
    return {name: array[ent >= 0] for name, array in {**came, "ent": ent.astype(np.int32)}.items()}


def _same_edges(members: dict[str, Array], edges: dict[str, Array], gone: Array) -> Array:
    """Positions among the members of the edges at ``gone``."""
    at = spans(members["offsets"], np.unique(edges["node"][gone]))[0]
    return np.asarray(at[np.isin(members["event_id"][at], edges["event_id"][gone])])


def _renumber(work: Work) -> None:
    """Give the members of each node their new numbers, and the edges their new offsets."""
    members = np.load(work.base / "members" / "ent.npy")
    work.save("members", {"ent": work.place[members].astype(np.int32)})
    work.save("edges", {"offsets": work.wider("edges")})
