"""Relations as a picture: the enterprise, what it shares, and with whom; as plain SVG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import cos, pi, sin
from typing import NamedTuple

import networkx as nx

from xhcredit.jobs.enterprise.rows import Fact
from xhcredit_serving.enterprise.schemas import Relation

WIDTH, HEIGHT = 760, 420
_MARGIN = 70
_MAX_NEIGHBOURS = 12  #: neighbours of one relation that are drawn; the rest is counted


class Dot(NamedTuple):
    """Something in the picture: what it is, where, and what it leads to."""

    kind: str
    x: float
    y: float
    words: str
    tier: str
    code: str


class Line(NamedTuple):
    """Two dots that belong together."""

    x1: float
    y1: float
    x2: float
    y2: float


def relations_picture(
    relations: Sequence[Relation], facts: Mapping[str, Fact], zh: bool
) -> dict[str, object]:
    """Dots and lines of an enterprise's relations; empty if it shares nothing with anybody."""
    graph = nx.Graph()
    graph.add_node("self", kind="self", words=facts["name"]["value"] if "name" in facts else "")
    for n, relation in enumerate(relations):
        if not relation["count"]:
            continue
        shared_node = f"shared {n}"
        label = f"{relation['zh' if zh else 'kind']} · {relation['count']}"
        graph.add_node(shared_node, kind="shared", words=label)
        graph.add_edge("self", shared_node)
        for neighbour in relation["neighbours"][:_MAX_NEIGHBOURS]:
            graph.add_node(
                neighbour["code"],
                kind="other",
                words=neighbour["name"] or neighbour["code"],
                tier=neighbour["tier"],
                code=neighbour["code"],
            )
            graph.add_edge(shared_node, neighbour["code"])
    return _svg_elements(graph) if len(graph) > 1 else {}


def graph_picture(
    nodes: Mapping[str, tuple[str, str]], lines: Iterable[tuple[str, str]]
) -> dict[str, object]:
    """Dots (kind and words of each) and lines of any graph."""
    graph = nx.Graph()
    for node, (kind, label) in nodes.items():
        graph.add_node(node, kind=kind, words=label)
    graph.add_edges_from(lines)
    return _svg_elements(graph)


def _svg_elements(graph: nx.Graph) -> dict[str, object]:
    position_by_node = _node_positions(graph)
    dots = [
        Dot(d["kind"], *position_by_node[node], d["words"], d.get("tier", ""), d.get("code", ""))
        for node, d in graph.nodes(data=True)
    ]
    lines = [Line(*position_by_node[a], *position_by_node[b]) for a, b in graph.edges]
    return {"width": WIDTH, "height": HEIGHT, "dots": dots, "lines": lines}


def _node_positions(graph: nx.Graph) -> dict[str, tuple[float, float]]:
    """Where to draw what: the same graph always looks the same."""
    start_positions = {
        node: (cos(2 * pi * i / len(graph)), sin(2 * pi * i / len(graph)))
        for i, node in enumerate(graph)
    }
    raw_positions = nx.spring_layout(graph, pos=start_positions, seed=1, iterations=100)
    extent = max(max(abs(x), abs(y)) for x, y in raw_positions.values()) or 1.0
    half_width, half_height = WIDTH / 2 - _MARGIN, HEIGHT / 2 - _MARGIN / 2
    return {
        node: (
            round(WIDTH / 2 + x / extent * half_width, 1),
            round(HEIGHT / 2 + y / extent * half_height, 1),
        )
        for node, (x, y) in raw_positions.items()
    }
