"""Related enterprises: neighbours through shared persons, addresses or parents, limited in number."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from xhcredit.engine.codes import NEVER
from xhcredit.engine.columns import Array, Store
from xhcredit.ingest.schema import table

#: relations told, and neighbours named for each
MOST_RELATIONS, MOST_NEIGHBOURS = 30, 20


def neighbours_of(store: Store, row: int, day: int) -> list[dict[str, Any]]:
    """Relations of an enterprise that hold on a day, by what was known then.

    ``count`` is how many others share the node; the first few are named.  Nodes themselves (hashes
    of persons and addresses) are not told.
    """
    edges = store.relations.edges
    begin, end = int(edges["offsets"][row]), int(edges["offsets"][row + 1])
    at = np.arange(begin, end)[holds(edges, slice(begin, end), day)]
    kinds = table("relation").column("kind").values
    found = []
    for k in at[:MOST_RELATIONS]:
        node = int(edges["node"][k])
        others = _members(store, node, row, day)
        kind, zh = kinds[int(store.relations.node_kind[node])]
        found.append(
            {
                "kind": kind,
                "zh": zh,
                "since": _day(edges["occurred"][k]),
                "known_on": _day(edges["known"][k]),
                "count": int(others.shape[0]),
                "neighbours": [store.codes[i].decode() for i in others[:MOST_NEIGHBOURS]],
            }
        )
    return found


def holds(edges: Any, part: slice, day: int) -> Array:
    """Which edges hold on a day: begun, known, neither withdrawn nor known to have ended."""
    ended = (edges["ended"][part] <= day) & (edges["ended_known"][part] <= day)
    begun = (edges["occurred"][part] <= day) & (edges["known"][part] <= day)
    return np.asarray(begun & (edges["withdrawn"][part] > day) & ~ended)


def _members(store: Store, node: int, row: int, day: int) -> Array:
    """Others at a node, each once, that are known and registered on the day."""
    members = store.relations.members
    part = slice(int(members["offsets"][node]), int(members["offsets"][node + 1]))
    others = np.unique(members["ent"][part][holds(members, part, day)])
    there = (store.known[others] <= day) & (store.deregistered[others] > day) & (others != row)
    return np.asarray(others[there])


def _day(number: int) -> str | None:
    return None if number == NEVER else (date(1970, 1, 1) + timedelta(int(number))).isoformat()
