"""Neighbour features: sums over enterprises that share a person, an address or a parent.

Said once, because engines disagreed where it was left unsaid: a neighbour counts from the day on
which it is itself known; it counts once per shared node, however many edges lie between; the
enterprise itself never counts; a node with more than ``hub_limit`` members active on the day
(集中登记地, agents) counts for nobody.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from xhcredit.engine.columns import Array, EventColumns
from xhcredit.engine.spec import Feature
from xhcredit.ingest.schema import table

#: pairs whose neighbours are listed at a time, to bound memory
SLICE = 200_000


class _Runner(Protocol):
    """Something that computes features (the compiled base features)."""

    @property
    def ids(self) -> list[str]: ...

    def run(self, event_columns: EventColumns, rows: Array, days: Array) -> Array: ...


def _is_active(edges: Any, day: int) -> Array:
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
    # Packed into one 64-bit number: numbers sort much faster than rows of two columns.
    pairs = np.unique((a.astype(np.int64) << 32) | b.astype(np.int64))
    return pairs >> 32, pairs & 0xFFFFFFFF


def _nodes_of(event_columns: EventColumns, rows: Array, kind: int, day: int) -> tuple[Array, Array]:
    """Distinct (position in ``rows``, node) of the relation's kind that hold on a day."""
    edges = event_columns.relations.edges
    positions, owner = _spans(edges["offsets"], rows)
    node = edges["node"][positions]
    of_kind = event_columns.relations.node_kind[node] == kind
    positions, owner, node = positions[of_kind], owner[of_kind], node[of_kind]
    chosen = {
        name: edges[name][positions]
        for name in ("occurred", "known", "withdrawn", "ended", "ended_known")
    }
    keep = _is_active(chosen, day)
    return _unique_pairs(owner[keep], node[keep])


def _members_of(event_columns: EventColumns, nodes: Array, day: int) -> tuple[Array, Array]:
    """Distinct (position in ``nodes``, enterprise) of those active on a day."""
    members = event_columns.relations.members
    positions, owner = _spans(members["offsets"], nodes)
    ent = members["ent"][positions]
    chosen = {
        name: members[name][positions]
        for name in ("occurred", "known", "withdrawn", "ended", "ended_known")
    }
    # A neighbour counts from the day on which it is itself known; while this was unsaid, 44
    # rows of 3 million differed between engines (measured).
    keep = _is_active(chosen, day) & (event_columns.known[ent] <= day)
    return _unique_pairs(owner[keep], ent[keep])


def in_hubs(event_columns: EventColumns, row: int, day: int, hub_limit: int) -> set[int]:
    """Ids of an enterprise's relations whose node is a hub on a day."""
    edges = event_columns.relations.edges
    edge_slice = slice(int(edges["offsets"][row]), int(edges["offsets"][row + 1]))
    nodes, node_index = np.unique(edges["node"][edge_slice], return_inverse=True)
    if not nodes.shape[0]:
        return set()
    owner, _ = _members_of(event_columns, nodes, day)
    hubs = np.bincount(owner, minlength=nodes.shape[0]) > hub_limit
    return set(edges["event_id"][edge_slice][hubs[node_index]].tolist())


def _pairs(event_columns: EventColumns, rows: Array, f: Feature, day: int) -> tuple[Array, Array]:
    """(position in ``rows``, neighbour) once per shared node, on one day."""
    kind = table("relation").column("kind").value_ids.index(f.relation)
    owner, node = _nodes_of(event_columns, rows, kind, day)
    nodes, node_index = np.unique(node, return_inverse=True)
    node_position, ent = _members_of(event_columns, nodes, day)
    # A shared address is lawful in Shanghai (集中登记地), and one such node would join thousands
    # who have nothing in common.
    small = np.bincount(node_position, minlength=nodes.shape[0]) <= f.hub_limit
    node_position, ent = node_position[small[node_position]], ent[small[node_position]]
    starts = np.searchsorted(node_position, np.arange(nodes.shape[0] + 1))
    positions, pair_index = _spans(starts, node_index)
    row_index, neighbour = owner[pair_index], ent[positions]
    is_other = neighbour != rows[row_index]
    return row_index[is_other], neighbour[is_other]


def _on_day(event_columns: EventColumns, base: _Runner, f: Feature, rows: Array, day: int) -> Array:
    """Neighbour sums of some enterprises on one day."""
    row_index, neighbour = _pairs(event_columns, rows, f, day)
    ents, neighbour_index = np.unique(neighbour, return_inverse=True)
    values = base.run(event_columns, ents, np.full(ents.shape, day, np.int32))[base.ids.index(f.of)]
    return np.bincount(
        row_index, weights=np.nan_to_num(values)[neighbour_index], minlength=rows.shape[0]
    )


def neighbour_values(
    event_columns: EventColumns, base: _Runner, f: Feature, rows: Array, days: Array
) -> Array:
    """Sum of feature ``f.of`` over the neighbours of each pair; no neighbours is 0.

    A neighbour whose value is missing adds nothing.
    """
    out = np.zeros(rows.shape[0])
    for day in np.unique(days):
        on_day = np.flatnonzero(days == day)
        for start in range(0, on_day.shape[0], SLICE):
            part = on_day[start : start + SLICE]
            out[part] = _on_day(event_columns, base, f, rows[part], int(day))
    return out
