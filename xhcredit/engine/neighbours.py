"""Neighbour features: sums over enterprises that share a person, an address or a parent.

Said once, because engines disagreed where it was left unsaid: a neighbour counts from the day on
which it is itself known; it counts once per shared node, however many edges lie between; the
enterprise itself never counts; a node with more than ``hub_limit`` members active on the day
(集中登记地, agents) counts for nobody.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from xhcredit.engine.columns import Array, Store
from xhcredit.engine.spec import Feature
from xhcredit.ingest.schema import table

#: pairs whose neighbours are listed at a time, to bound memory
SLICE = 200_000


class _Runner(Protocol):
    """Something that computes features (the compiled base features)."""

    @property
    def ids(self) -> list[str]: ...

    def run(self, store: Store, rows: Array, days: Array) -> Array: ...


def _active(edges: Any, day: int) -> Array:
    """Mask of the edges that hold on a day, as known then."""
    ended = (edges["ended"] <= day) & (edges["ended_known"] <= day)
    return np.asarray(
        (edges["occurred"] <= day) & (edges["known"] <= day) & (edges["withdrawn"] > day) & ~ended
    )


def _spans(offsets: Array, keys: Array) -> tuple[Array, Array]:
    """Positions of all entries of ``keys`` in a clustered column, and which key each came from."""
    starts, sizes = offsets[keys], offsets[keys + 1] - offsets[keys]
    owner = np.repeat(np.arange(keys.shape[0]), sizes)
    within = np.arange(owner.shape[0]) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.repeat(starts, sizes) + within, owner


def _unique_pairs(a: Array, b: Array) -> tuple[Array, Array]:
    """Distinct pairs, sorted."""
    pairs = np.unique((a.astype(np.int64) << 32) | b.astype(np.int64))
    return pairs >> 32, pairs & 0xFFFFFFFF


def _nodes_of(store: Store, rows: Array, kind: int, day: int) -> tuple[Array, Array]:
    """Distinct (position in ``rows``, node) of the relation's kind that hold on a day."""
    edges = store.relations.edges
    at, owner = _spans(edges["offsets"], rows)
    node = edges["node"][at]
    of_kind = store.relations.node_kind[node] == kind
    at, owner, node = at[of_kind], owner[of_kind], node[of_kind]
    chosen = {
        name: edges[name][at] for name in ("occurred", "known", "withdrawn", "ended", "ended_known")
    }
    keep = _active(chosen, day)
    return _unique_pairs(owner[keep], node[keep])


def _members_of(store: Store, nodes: Array, day: int) -> tuple[Array, Array]:
    """Distinct (position in ``nodes``, enterprise) of those active on a day."""
    members = store.relations.members
    at, owner = _spans(members["offsets"], nodes)
    ent = members["ent"][at]
    chosen = {
        name: members[name][at]
        for name in ("occurred", "known", "withdrawn", "ended", "ended_known")
    }
    keep = _active(chosen, day) & (store.known[ent] <= day)
    return _unique_pairs(owner[keep], ent[keep])


def in_hubs(store: Store, row: int, day: int, hub_limit: int) -> set[int]:
    """Ids of an enterprise's relations whose node is a hub on a day."""
    edges = store.relations.edges
    own = slice(int(edges["offsets"][row]), int(edges["offsets"][row + 1]))
    nodes, which = np.unique(edges["node"][own], return_inverse=True)
    if not nodes.shape[0]:
        return set()
    owner, _ = _members_of(store, nodes, day)
    hubs = np.bincount(owner, minlength=nodes.shape[0]) > hub_limit
    return set(edges["event_id"][own][hubs[which]].tolist())


def _pairs(store: Store, rows: Array, f: Feature, day: int) -> tuple[Array, Array]:
    """(position in ``rows``, neighbour) once per shared node, on one day."""
    kind = table("relation").column("kind").value_ids.index(f.relation)
    owner, node = _nodes_of(store, rows, kind, day)
    nodes, which = np.unique(node, return_inverse=True)
    node_at, ent = _members_of(store, nodes, day)
    small = np.bincount(node_at, minlength=nodes.shape[0]) <= f.hub_limit
    node_at, ent = node_at[small[node_at]], ent[small[node_at]]
    starts = np.searchsorted(node_at, np.arange(nodes.shape[0] + 1))
    at, back = _spans(starts, which)
    who, neighbour = owner[back], ent[at]
    others = neighbour != rows[who]
    return who[others], neighbour[others]


def _on_day(store: Store, base: _Runner, f: Feature, rows: Array, day: int) -> Array:
    """Neighbour sums of some enterprises on one day."""
    who, neighbour = _pairs(store, rows, f, day)
    ents, which = np.unique(neighbour, return_inverse=True)
    values = base.run(store, ents, np.full(ents.shape, day, np.int32))[base.ids.index(f.of)]
    return np.bincount(who, weights=np.nan_to_num(values)[which], minlength=rows.shape[0])


def neighbour_values(store: Store, base: _Runner, f: Feature, rows: Array, days: Array) -> Array:
    """Sum of feature ``f.of`` over the neighbours of each pair; no neighbours is 0.

    A neighbour whose value is missing adds nothing.
    """
    out = np.zeros(rows.shape[0])
    for day in np.unique(days):
        on_day = np.flatnonzero(days == day)
        for start in range(0, on_day.shape[0], SLICE):
            part = on_day[start : start + SLICE]
            out[part] = _on_day(store, base, f, rows[part], int(day))
    return out
