"""Relations as a picture: the enterprise, what it shares, and with whom; as plain SVG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import cos, pi, sin
from typing import Any, NamedTuple

import networkx as nx

WIDTH, HEIGHT = 760, 420
_MARGIN = 70
_MOST = 12  #: neighbours of one relation that are drawn; the rest is counted


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


def picture(relations: Sequence[dict[str, Any]], facts: dict[str, Any], zh: bool) -> dict[str, Any]:
    """Dots and lines of an enterprise's relations; empty if it shares nothing with anybody."""
    graph = nx.Graph()
    graph.add_node("self", kind="self", words=facts["name"]["value"] if "name" in facts else "")
    for n, relation in enumerate(relations):
        if not relation["count"]:
            continue
        shared = f"shared {n}"
        words = f"{relation['zh' if zh else 'kind']} · {relation['count']}"
        graph.add_node(shared, kind="shared", words=words)
        graph.add_edge("self", shared)
        for other in relation["neighbours"][:_MOST]:
            graph.add_node(
                other["code"],
                kind="other",
                words=other["name"] or other["code"],
                tier=other["tier"],
                code=other["code"],
            )
            graph.add_edge(shared, other["code"])
    return _drawn(graph) if len(graph) > 1 else {}


def drawn(nodes: Mapping[str, tuple[str, str]], lines: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Dots (kind and words of each) and lines of any graph."""
    graph = nx.Graph()
    for node, (kind, words) in nodes.items():
        graph.add_node(node, kind=kind, words=words)
    graph.add_edges_from(lines)
    return _drawn(graph)


def _drawn(graph: nx.Graph) -> dict[str, Any]:
    at = _places(graph)
    dots = [
        Dot(d["kind"], *at[node], d["words"], d.get("tier", ""), d.get("code", ""))
        for node, d in graph.nodes(data=True)
    ]
    lines = [Line(*at[a], *at[b]) for a, b in graph.edges]
    return {"width": WIDTH, "height": HEIGHT, "dots": dots, "lines": lines}


def _places(graph: nx.Graph) -> dict[str, tuple[float, float]]:
    """Where to draw what: the same graph always looks the same."""
    start = {
        node: (cos(2 * pi * i / len(graph)), sin(2 * pi * i / len(graph)))
        for i, node in enumerate(graph)
    }
    found = nx.spring_layout(graph, pos=start, seed=1, iterations=100)
    reach = max(max(abs(x), abs(y)) for x, y in found.values()) or 1.0
    wide, high = WIDTH / 2 - _MARGIN, HEIGHT / 2 - _MARGIN / 2
    return {
        node: (round(WIDTH / 2 + x / reach * wide, 1), round(HEIGHT / 2 + y / reach * high, 1))
        for node, (x, y) in found.items()
    }
