"""Clusters: connected enterprises that share a representative, address or agent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy
from typing_extensions import TypedDict

from xhcredit.alerts.hits import EventRef, Hit, HitFigure, text_of
from xhcredit.alerts.rows import ClusterEdge
from xhcredit.alerts.visible_events import World
from xhcredit.engine.columns import Array, EventColumns
from xhcredit.ingest.schema import directory
from xhcredit.rules.schemas.alerts import ClusterGrows, Picture, Related


@dataclass(frozen=True)
class Edges:
    """Relations that hold on a day: enterprise, node, and since when."""

    ent: Array
    node: Array
    since: Array


def edges_on(event_columns: EventColumns, through: tuple[str, ...], day: int) -> Edges:
    """Relations of these kinds that held on ``day``, as known then, each pair once."""
    e = event_columns.relations.edges
    kinds = directory()["relation"].column("kind").value_ids
    is_wanted_kind = np.isin(event_columns.relations.node_kind, [kinds.index(k) for k in through])
    holds = (e["occurred"] <= day) & (e["known"] <= day) & (e["withdrawn"] > day)
    # An end that was not known on the day had not ended it for anybody who looked then.
    holds &= (e["ended"] > day) | (e["ended_known"] > day)
    mask = holds & is_wanted_kind[e["node"]] if e["node"].size else np.zeros(0, bool)
    ent = np.repeat(np.arange(len(event_columns), dtype=np.int64), np.diff(e["offsets"]))[mask]
    is_present = np.zeros(len(event_columns), bool)
    # Relations of firms that are gone may still stand open; counted, an old address would look
    # like a cluster.
    is_present[event_columns.present(day)] = True
    node, since, of_present = e["node"][mask], e["occurred"][mask], is_present[ent]
    ent, node, since = ent[of_present], node[of_present], since[of_present]
    # One person can be both shareholder and representative of a firm: one tie and not two
    # members.
    unique_index = np.unique(np.stack([node, ent]), axis=1, return_index=True)[1]
    return Edges(ent[unique_index], node[unique_index].astype(np.int64), since[unique_index])


def cluster_grows(world: World, trigger: ClusterGrows, day: int) -> Iterator[Hit]:
    """Nodes with many members, or many new ones; white-listed nodes are left out."""
    edges = edges_on(world.event_columns, trigger.through, day)
    nodes = world.event_columns.relations.node_kind.shape[0]
    members = np.bincount(edges.node, minlength=nodes)
    fresh = edges.since > day - trigger.days
    grown = np.bincount(edges.node[fresh], minlength=nodes)
    for node in np.flatnonzero((members >= trigger.at_least) | (grown >= trigger.growth)):
        # Shanghai allows shared registered addresses (集中登记地, 上海市优化营商环境条例 art
        # 31): those are listed and stay silent.
        if int(node) in world.white_nodes:
            continue
        in_node = edges.node == node
        newest = text_of(edges.since[in_node].max())
        strength = max(members[node] / trigger.at_least, grown[node] / trigger.growth)
        figures: dict[str, HitFigure] = {
            "members": int(members[node]),
            "new": int(grown[node]),
            "days": trigger.days,
            "enterprises": [int(i) for i in edges.ent[in_node]],
        }
        yield Hit("node", int(node), newest, float(strength), figures=figures)


def related(world: World, trigger: Related, day: int) -> Iterator[Hit]:
    """Enterprises that share a node with one that had a grave event lately."""
    grave_events = world.pick(trigger.events).visible_on(day)
    fresh = grave_events.select(
        (grave_events.known > day - trigger.days) & grave_events.is_open(day)
    )
    if len(fresh) == 0:
        return
    edges = edges_on(world.event_columns, trigger.through, day)
    members = np.bincount(edges.node, minlength=world.event_columns.relations.node_kind.shape[0])
    # Beyond so many members a shared node ties nobody to anybody: an agent's clients do not
    # know one another.
    small = members[edges.node] <= trigger.hub_above
    for ent, node in zip(edges.ent[small], edges.node[small], strict=True):
        source = np.flatnonzero(fresh.ent == ent)
        if source.size == 0 or int(node) in world.white_nodes:
            continue
        event = EventRef(fresh.table, int(fresh.index[source[-1]]))
        code = world.event_columns.codes[ent].decode()
        for neighbour in edges.ent[(edges.node == node) & (edges.ent != ent)]:
            fact = f"{code}:{text_of(fresh.occurred[source[-1]])}"
            yield Hit(
                "enterprise", int(neighbour), fact, 1.0, (event,), {"of": code, "node": int(node)}
            )


def _graph(edges: Edges, enterprises: int, nodes: int) -> scipy.sparse.csr_array:
    size = enterprises + nodes
    ones = np.ones(edges.ent.shape[0], np.int8)
    return scipy.sparse.coo_array(
        (ones, (edges.ent, edges.node + enterprises)), shape=(size, size)
    ).tocsr()


class PictureNode(TypedDict):
    """A node of a picture, and its row among the enterprises or among the shared nodes."""

    id: str
    kind: str
    row: int


class ClusterPicture(TypedDict):
    """Nodes and edges of a cluster, nearest first; see ``cluster_picture``."""

    size: int
    shown: bool
    nodes: list[PictureNode]
    edges: list[ClusterEdge]


def cluster_picture(world: World, row: int, rule: Picture, day: int) -> ClusterPicture:
    """The cluster around an enterprise for a picture: ``nodes`` and ``edges``, nearest first.

    Hubs and white-listed nodes join nobody; ``size`` counts the enterprises of the whole cluster,
    ``shown`` says whether all of it is there.
    """
    event_columns = world.event_columns
    edges = edges_on(event_columns, rule.through, day)
    count = event_columns.relations.node_kind.shape[0]
    degree = np.bincount(edges.node, minlength=count)
    # Through one filing agent half the district would be one cluster and the picture would show
    # nothing.
    joins = (degree[edges.node] <= rule.hub_above) & ~np.isin(edges.node, [*world.white_nodes])
    joining_edges = Edges(edges.ent[joins], edges.node[joins], edges.since[joins])
    around = scipy.sparse.csgraph.breadth_first_order(
        _graph(joining_edges, len(event_columns), count),
        row,
        directed=False,
        return_predecessors=False,
    )
    chosen = around[: rule.nodes_at_most]
    inside = np.isin(joining_edges.ent, chosen) & np.isin(
        joining_edges.node + len(event_columns), chosen
    )
    edge_rows: list[ClusterEdge] = [
        {
            "enterprise": event_columns.codes[joining_edges.ent[edge]].decode(),
            "node": f"n{joining_edges.node[edge]}",
            "since": text_of(joining_edges.since[edge]),
        }
        for edge in np.flatnonzero(inside)
    ]
    return {
        "size": int((around < len(event_columns)).sum()),
        "shown": bool(chosen.size == around.size),
        "nodes": [_node(event_columns, int(n)) for n in chosen],
        "edges": edge_rows,
    }


def _node(event_columns: EventColumns, number: int) -> PictureNode:
    if number < len(event_columns):
        return {"id": event_columns.codes[number].decode(), "kind": "enterprise", "row": number}
    node_index = number - len(event_columns)
    kinds = directory()["relation"].column("kind").value_ids
    kind = kinds[event_columns.relations.node_kind[node_index]]
    return {"id": f"n{node_index}", "kind": kind, "row": node_index}
