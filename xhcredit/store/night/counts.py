"""How many of a run: counted once by all that lists filter by, then only added up.

A run of 240,000 enterprises has some 2,500 cells; adding them up takes a millisecond, counting
the rows anew for every filter and every chart takes hundreds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

#: columns of the lists' indexes with few values; what else is asked for (text, scores, alerts)
#: has cells of its own
DIMENSIONS = ("bureau", "street", "kind", "size", "tier", "previous_tier", "fields")
Cell = tuple[str, ...]  #: one value per dimension
Cells = Mapping[Cell, int]
Fits = Callable[[str], bool]
MOVES: Mapping[str, Callable[[str, str], bool]] = {
    "worse": lambda tier, before: before != "" and tier > before,
    "better": lambda tier, before: tier < before,
    "new": lambda tier, before: before == "",
}


def fitting(cells: Cells, wanted: Mapping[str, Fits], moved: str | None) -> Iterator[Cell]:
    """Cells whose values fit; a dimension that is not ``wanted`` does not filter."""
    allowed = []
    for name, fits in wanted.items():
        at = DIMENSIONS.index(name)
        allowed.append((at, {v for v in {cell[at] for cell in cells} if fits(v)}))
    tier, before = DIMENSIONS.index("tier"), DIMENSIONS.index("previous_tier")
    for cell in cells:
        known = all(cell[at] in values for at, values in allowed)
        if known and (moved is None or MOVES[moved](cell[tier], cell[before])):
            yield cell


def added(cells: Cells, chosen: Iterator[Cell], by: Sequence[str]) -> dict[Cell, int]:
    """How many by the values of some dimensions, in the order of these values."""
    at = [DIMENSIONS.index(name) for name in by]
    found: dict[Cell, int] = {}
    for cell in chosen:
        values = tuple(cell[n] for n in at)
        found[values] = found.get(values, 0) + cells[cell]
    return dict(sorted(found.items()))
