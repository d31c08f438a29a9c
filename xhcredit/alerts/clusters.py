"""Clusters: connected enterprises that share a representative, address or agent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from xhcredit.alerts.hits import Hit, Seen, text_of
from xhcredit.alerts.visible_events import World
from xhcredit.engine.columns import Array, Store
from xhcredit.ingest.schema import directory
from xhcredit.rules.schemas.alerts import ClusterGrows, Picture, Related


@dataclass(frozen=True)
class Edges:
    """Relations that hold on a day: enterprise, node, and since when."""

    ent: Array
    node: Array
    since: Array


def edges_on(store: Store, through: tuple[str, ...], day: int) -> Edges:
    """Relations of these kinds that held on ``day``, as known then, each pair once."""
    e = store.relations.edges
    kinds = directory()["relation"].column("kind").value_ids
    wanted = np.isin(store.relations.node_kind, [kinds.index(k) for k in through])
    holds = (e["occurred"] <= day) & (e["known"] <= day) & (e["withdrawn"] > day)
    holds &= (e["ended"] > day) | (e["ended_known"] > day)
    mask = holds & wanted[e["node"]] if e["node"].size else np.zeros(0, bool)
    ent = np.repeat(np.arange(len(store), dtype=np.int64), np.diff(e["offsets"]))[mask]
    there = np.zeros(len(store), bool)
    there[store.present(day)] = True
    node, since, here = e["node"][mask], e["occurred"][mask], there[ent]
    ent, node, since = ent[here], node[here], since[here]
    once = np.unique(np.stack([node, ent]), axis=1, return_index=True)[1]
    return Edges(ent[once], node[once].astype(np.int64), since[once])


def cluster_grows(world: World, trigger: ClusterGrows, day: int) -> Iterator[Hit]:
    """Nodes with many members, or many new ones; white-listed nodes are left out."""
    edges = edges_on(world.store, trigger.through, day)
    nodes = world.store.relations.node_kind.shape[0]
    members = np.bincount(edges.node, minlength=nodes)
    fresh = edges.since > day - trigger.days
    grown = np.bincount(edges.node[fresh], minlength=nodes)
    for node in np.flatnonzero((members >= trigger.at_least) | (grown >= trigger.growth)):
        if int(node) in world.white_nodes:
            continue
        of = edges.node == node
        newest = text_of(edges.since[of].max())
        strength = max(members[node] / trigger.at_least, grown[node] / trigger.growth)
        figures = {"members": int(members[node]), "new": int(grown[node]), "days": trigger.days}
        figures["enterprises"] = [int(i) for i in edges.ent[of]]  # type: ignore[assignment]
        yield Hit("node", int(node), newest, float(strength), figures=figures)


def related(world: World, trigger: Related, day: int) -> Iterator[Hit]:
    """Enterprises that share a node with one that had a grave event lately."""
    grave = world.pick(trigger.events).on(day)
    fresh = grave.at((grave.known > day - trigger.days) & grave.is_open(day))
    if len(fresh) == 0:
        return
    edges = edges_on(world.store, trigger.through, day)
    members = np.bincount(edges.node, minlength=world.store.relations.node_kind.shape[0])
    small = members[edges.node] <= trigger.hub_above
    for ent, node in zip(edges.ent[small], edges.node[small], strict=True):
        source = np.flatnonzero(fresh.ent == ent)
        if source.size == 0 or int(node) in world.white_nodes:
            continue
        event = Seen(fresh.table, int(fresh.index[source[-1]]))
        code = world.store.codes[ent].decode()
        for other in edges.ent[(edges.node == node) & (edges.ent != ent)]:
            fact = f"{code}:{text_of(fresh.occurred[source[-1]])}"
            yield Hit(
                "enterprise", int(other), fact, 1.0, (event,), {"of": code, "node": int(node)}
            )


def _graph(edges: Edges, enterprises: int, nodes: int) -> Any:
    size = enterprises + nodes
    ones = np.ones(edges.ent.shape[0], np.int8)
    return scipy.sparse.coo_array(
        (ones, (edges.ent, edges.node + enterprises)), shape=(size, size)
    ).tocsr()


def picture(world: World, row: int, rule: Picture, day: int) -> dict[str, Any]:
    """The cluster around an enterprise for a picture: ``nodes`` and ``edges``, nearest first.

    Hubs and white-listed nodes join nobody; ``size`` counts the enterprises of the whole cluster,
    ``shown`` says whether all of it is there.
    """
    store = world.store
    edges = edges_on(store, rule.through, day)
    count = store.relations.node_kind.shape[0]
    degree = np.bincount(edges.node, minlength=count)
    joins = (degree[edges.node] <= rule.hub_above) & ~np.isin(edges.node, [*world.white_nodes])
    kept = Edges(edges.ent[joins], edges.node[joins], edges.since[joins])
    around = scipy.sparse.csgraph.breadth_first_order(
        _graph(kept, len(store), count), row, directed=False, return_predecessors=False
    )
    chosen = around[: rule.nodes_at_most]
    inside = np.isin(kept.ent, chosen) & np.isin(kept.node + len(store), chosen)
    return {
        "size": int((around < len(store)).sum()),
        "shown": bool(chosen.size == around.size),
        "nodes": [_node(store, int(n)) for n in chosen],
        "edges": [
            {"enterprise": store.codes[e].decode(), "node": f"n{n}", "since": text_of(s)}
            for e, n, s in zip(kept.ent[inside], kept.node[inside], kept.since[inside], strict=True)
        ],
    }


def _node(store: Store, number: int) -> dict[str, Any]:
    if number < len(store):
        return {"id": store.codes[number].decode(), "kind": "enterprise", "row": number}
    at = number - len(store)
    kinds = directory()["relation"].column("kind").value_ids
    return {"id": f"n{at}", "kind": kinds[store.relations.node_kind[at]], "row": at}
