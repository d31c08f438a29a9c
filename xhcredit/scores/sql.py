"""A release as SQL: the same points on any engine that can read a table of features.

Constants are written so that every engine reads the same double, and points are added in the
declared order, so the numbers equal ours to the last bit (tested on DuckDB).
"""

from __future__ import annotations

from xhcredit.scores.composite import Pool
from xhcredit.scores.points import Indicator, PointsTable
from xhcredit.scores.release import Release


def _number(value: float) -> str:
    """A double, never a DECIMAL (which would round differently from engine to engine)."""
    return f"CAST('{float(value)!r}' AS DOUBLE)"


def indicator_sql(indicator: Indicator) -> str:
    """SQL of the points of one indicator; NULL is missing."""
    name = f'"{indicator.feature}"'
    whens = [f"WHEN {name} IS NULL THEN {_number(indicator.missing)}"]
    whens += [
        f"WHEN {name} = {_number(s.value)} THEN {_number(s.points)}" for s in indicator.special
    ]
    if indicator.seen_range and indicator.unseen is not None:
        low, high = (_number(bound) for bound in indicator.seen_range)
        whens.append(f"WHEN {name} < {low} OR {name} > {high} THEN {_number(indicator.unseen)}")
    whens += [
        f"WHEN {name} < {_number(cut)} THEN {_number(points)}"
        for cut, points in zip(indicator.cuts, indicator.points, strict=False)
    ]
    # Cases are in the order of the reference (missing, special, unseen, bins): the first that
    # fits decides.
    return f"CASE {' '.join(whens)} ELSE {_number(indicator.points[-1])} END"


def table_sql(table: PointsTable) -> str:
    """SQL of one score over columns named as its features."""
    total = "\n  + ".join([_number(table.base), *(indicator_sql(i) for i in table.indicators)])
    scale = table.scale
    return f"least(greatest(\n  {total}, {_number(scale.lowest)}), {_number(scale.highest)})"


def release_sql(release: Release, pool: Pool, source: str = "features") -> str:
    """One statement that gives every column of ``source`` plus all scores and the composite.

    Args:
        release: the points tables.
        pool: weights and scopes of a day.
        source: a table with one column per feature; missing is NULL.
    """
    scores = [f"{table_sql(release.general)} AS general"]
    weighted = [f"{_number(pool.general)} * general"]
    weights = [_number(pool.general)]
    for name, table in release.x.items():
        if name in pool.x:
            applies = f'"{pool.x[name].feature}" >= {_number(pool.x[name].at_least)}'
            weight = _number(pool.x[name].weight)
            scores.append(f"CASE WHEN {applies} THEN {table_sql(table)} END AS {name}")
            weighted.append(f"CASE WHEN {name} IS NULL THEN 0 ELSE {weight} * {name} END")
            weights.append(f"CASE WHEN {name} IS NULL THEN 0 ELSE {weight} END")
    score_columns = ",\n".join(scores)
    return (
        f"SELECT *, ({' + '.join(weighted)}) / ({' + '.join(weights)}) AS composite\n"
        f"FROM (SELECT *, {score_columns}\nFROM {source})"
    )
