"""Explanation of an impossible staffing: minimum cut of a flow network, exactly solved.

Flow: each place sends one unit to an inspector who may take it (at most one per enterprise and
inspector), each inspector passes on as many as the capacity.  All places can be filled if and only
if the largest flow is the number of places.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import scipy

from xhcredit.draws.inspectors import Inspector, Need, VisitPlaces
from xhcredit.draws.numerics import SHOWN
from xhcredit.errors import Unstaffable

Recusals = frozenset[tuple[str, str]]


def staffing_error(
    visits: Sequence[VisitPlaces], inspectors: Sequence[Inspector], recusals: Recusals
) -> Unstaffable:
    """Error of an impossible staffing: enterprises, failing constraint, remedy."""
    single_causes = [w for v in visits if (w := _single_enterprise_cause(v, inspectors, recusals))]
    if single_causes:
        return Unstaffable(_abridge(single_causes, "; ") + "; add inspectors or draw fewer")
    codes, people, missing = shortage(visits, inspectors, recusals)
    places = sum(len(v.needs) for v in visits if v.code in codes)
    causes = " or ".join(_causes(visits, inspectors, recusals)) or "capacity and who may go where"
    return Unstaffable(
        f"{missing} place(s) cannot be filled: {len(codes)} enterprise(s) ({_abridge(codes)}) with "
        f"{places} places depend on inspectors without further room ({_abridge(people)}); what "
        f"fails is {causes}; raise a capacity, add inspectors or draw fewer"
    )


def _single_enterprise_cause(
    v: VisitPlaces, inspectors: Sequence[Inspector], recusals: Recusals
) -> str:
    """Constraint that already fails for one enterprise by itself; empty if none does."""
    able = [w for w in inspectors if w.capacity]
    for need in v.needs:
        fit = [w for w in able if need.met_by(w)]
        if not fit:
            return (
                f"{v.code}: nobody on the list with capacity is {_need_text(need)} (qualification)"
            )
        if all((w.inspector, v.code) in recusals for w in fit):
            return f"{v.code}: everybody who is {_need_text(need)} is recused (recusal)"
    # Each place by itself can be filled, but not all at once: the same few people are wanted
    # for several.
    if _missing_places((v,), able, recusals):
        return f"{v.code}: fewer different inspectors may go than its {len(v.needs)} places need"
    return ""


def _need_text(need: Need) -> str:
    parts = [f'qualified for "{need.qualification}"' if need.qualification else ""]
    parts.append(f'of unit "{need.unit}"' if need.unit else "")
    return " and ".join(s for s in parts if s) or "free"


def _causes(
    visits: Sequence[VisitPlaces], inspectors: Sequence[Inspector], recusals: Recusals
) -> list[str]:
    """Constraints each of which, if it alone were dropped, would make the staffing possible."""
    places = sum(len(v.needs) for v in visits)
    roomy = [replace(w, capacity=places) for w in inspectors]
    lax = [replace(v, needs=tuple(Need() for _ in v.needs)) for v in visits]
    relaxed_tasks = {
        "capacity": (visits, roomy, recusals),
        "qualification": (lax, inspectors, recusals),
        "recusal": (visits, inspectors, Recusals()),
    }
    # One at a time: what helps alone is what fails; several may, and none may.
    return [name for name, task in relaxed_tasks.items() if not _missing_places(*task)]


def _missing_places(
    visits: Sequence[VisitPlaces], inspectors: Sequence[Inspector], recusals: Recusals
) -> int:
    graph, sink, _ = _network(visits, inspectors, recusals)
    places = sum(len(v.needs) for v in visits)
    return places - int(scipy.sparse.csgraph.maximum_flow(graph, 0, sink).flow_value)


def shortage(
    visits: Sequence[VisitPlaces], inspectors: Sequence[Inspector], recusals: Recusals
) -> tuple[list[str], list[str], int]:
    """Source side of the smallest cut: enterprises, inspectors without room, places missing."""
    graph, sink, places = _network(visits, inspectors, recusals)
    max_flow = scipy.sparse.csgraph.maximum_flow(graph, 0, sink)
    # By max-flow min-cut what can still be reached from the source is the bottleneck itself:
    # those enterprises and the people they depend on.
    residual = scipy.sparse.csr_array(graph - max_flow.flow)
    residual.eliminate_zeros()
    reached = set(
        scipy.sparse.csgraph.breadth_first_order(residual, 0, return_predecessors=False).tolist()
    )
    codes = {visits[v].code: None for node, v in places.items() if node in reached}
    first = sink - len(inspectors)
    people = [w.inspector for i, w in enumerate(inspectors) if first + i in reached]
    return list(codes), people, len(places) - int(max_flow.flow_value)


def _network(
    visits: Sequence[VisitPlaces], inspectors: Sequence[Inspector], recusals: Recusals
) -> tuple[scipy.sparse.csr_array, int, dict[int, int]]:
    """The flow network, its sink, and the visit of each place's node.  Node 0 is the source."""
    edges: list[tuple[int, int, int]] = []
    places: dict[int, int] = {}
    allowed = [
        [i for i, w in enumerate(inspectors) if (w.inspector, v.code) not in recusals]
        for v in visits
    ]
    doors = sum(len(a) for a in allowed)
    door = 1 + sum(len(v.needs) for v in visits)
    people = door + doors
    sink = people + len(inspectors)
    for v, visit in enumerate(visits):
        # A node of capacity 1 per enterprise and inspector: without it one person could fill
        # two places of one team.
        door_nodes = {w: door + n for n, w in enumerate(allowed[v])}
        door += len(door_nodes)
        edges += [(door_nodes[w], people + w, 1) for w in allowed[v]]
        for need in visit.needs:
            node = 1 + len(places)
            places[node] = v
            edges.append((0, node, 1))
            edges += [(node, door_nodes[w], 1) for w in allowed[v] if need.met_by(inspectors[w])]
    edges += [
        (people + w, sink, inspector.capacity)
        for w, inspector in enumerate(inspectors)
        if inspector.capacity
    ]
    start, end, capacity = np.array(edges, dtype=np.int32).T
    return (
        scipy.sparse.csr_array((capacity, (start, end)), shape=(sink + 1, sink + 1)),
        sink,
        places,
    )


def _abridge(names: Iterable[str], between: str = ", ") -> str:
    """Names in words, a long list cut short."""
    all_names = list(names)
    first_names = all_names[:SHOWN]
    suffix = (
        f"{between}… {len(all_names) - len(first_names)} more" if first_names != all_names else ""
    )
    return between.join(first_names) + suffix
