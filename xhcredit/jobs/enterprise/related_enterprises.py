"""Related enterprises: neighbours through shared persons, addresses or parents, limited in
number."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from xhcredit.engine.codes import NEVER
from xhcredit.engine.columns import Array, EventColumns
from xhcredit.ingest.schema import table
from xhcredit.jobs.enterprise.rows import SharedRelation

#: relations told, and neighbours named for each
MAX_RELATIONS, MAX_NEIGHBOURS = 30, 20


def neighbours_of(event_columns: EventColumns, row: int, day: int) -> list[SharedRelation]:
    """Relations of an enterprise that hold on a day, by what was known then.

    ``count`` is how many others share the node; the first few are named.  Nodes themselves (hashes
    of persons and addresses) are not told.
    """
    edges = event_columns.relations.edges
    start, end = int(edges["offsets"][row]), int(edges["offsets"][row + 1])
    edge_positions = np.arange(start, end)[edges_in_force(edges, slice(start, end), day)]
    kinds = table("relation").column("kind").values
    relations: list[SharedRelation] = []
    for k in edge_positions[:MAX_RELATIONS]:
        node = int(edges["node"][k])
        neighbour_rows = _neighbour_rows(event_columns, node, row, day)
        kind, zh = kinds[int(event_columns.relations.node_kind[node])]
        relations.append(
            {
                "kind": kind,
                "zh": zh,
                "since": _day(edges["occurred"][k]),
                "known_on": _day(edges["known"][k]),
                "count": int(neighbour_rows.shape[0]),
                "neighbours": [
                    event_columns.codes[i].decode() for i in neighbour_rows[:MAX_NEIGHBOURS]
                ],
            }
        )
    return relations


def edges_in_force(edges: Any, edge_slice: slice, day: int) -> Array:
    """Which edges hold on a day: begun, known, neither withdrawn nor known to have ended."""
    has_ended = (edges["ended"][edge_slice] <= day) & (edges["ended_known"][edge_slice] <= day)
    has_begun = (edges["occurred"][edge_slice] <= day) & (edges["known"][edge_slice] <= day)
    return np.asarray(has_begun & (edges["withdrawn"][edge_slice] > day) & ~has_ended)


def _neighbour_rows(event_columns: EventColumns, node: int, row: int, day: int) -> Array:
    """Others at a node, each once, that are known and registered on the day."""
    members = event_columns.relations.members
    member_slice = slice(int(members["offsets"][node]), int(members["offsets"][node + 1]))
    neighbour_rows = np.unique(
        members["ent"][member_slice][edges_in_force(members, member_slice, day)]
    )
    is_registered = (
        (event_columns.known[neighbour_rows] <= day)
        & (event_columns.deregistered[neighbour_rows] > day)
        & (neighbour_rows != row)
    )
    return np.asarray(neighbour_rows[is_registered])


def _day(number: int) -> str | None:
    return None if number == NEVER else (date(1970, 1, 1) + timedelta(int(number))).isoformat()
