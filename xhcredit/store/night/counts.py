"""How many of a run: counted once by all that lists filter by, then only added up.

A run of 240,000 enterprises has some 2,500 cells; adding them up takes a millisecond, counting
the rows anew for every filter and every chart takes hundreds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

#: columns of the lists' indexes with few values; what else is asked for (text, scores, alerts)
#: has cells of its own
DIMENSIONS = ("bureaus", "street", "kind", "size", "tier", "previous_tier", "fields")
Cell = tuple[str, ...]  #: one value per dimension
Cells = Mapping[Cell, int]
ValueFilter = Callable[[str], bool]
MOVE_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "worse": lambda tier, before: before != "" and tier > before,
    "better": lambda tier, before: tier < before,
    "new": lambda tier, before: before == "",
}


def matching_cells(
    cells: Cells, filters_by_dimension: Mapping[str, ValueFilter], moved: str | None
) -> Iterator[Cell]:
    """Cells whose values fit; a dimension that is not ``filters_by_dimension`` does not filter."""
    allowed_values = []
    for name, value_filter in filters_by_dimension.items():
        dimension_index = DIMENSIONS.index(name)
        allowed_values.append(
            (
                dimension_index,
                {v for v in {cell[dimension_index] for cell in cells} if value_filter(v)},
            )
        )
    tier_index, previous_tier = DIMENSIONS.index("tier"), DIMENSIONS.index("previous_tier")
    for cell in cells:
        is_allowed = all(
            cell[dimension_index] in values for dimension_index, values in allowed_values
        )
        if is_allowed and (
            moved is None or MOVE_TESTS[moved](cell[tier_index], cell[previous_tier])
        ):
            yield cell


def sum_cells(
    cells: Cells, chosen_cells: Iterator[Cell], dimensions: Sequence[str]
) -> dict[Cell, int]:
    """How many by the values of some dimensions, in the order of these values."""
    dimension_indexes = [DIMENSIONS.index(name) for name in dimensions]
    count_by_values: dict[Cell, int] = {}
    for cell in chosen_cells:
        values = tuple(cell[index] for index in dimension_indexes)
        count_by_values[values] = count_by_values.get(values, 0) + cells[cell]
    return dict(sorted(count_by_values.items()))
