"""SQL oracle: the same feature declarations as one DuckDB statement.

Runs on DuckDB over the canonical tables and a table ``spine(pair, code, as_of)``.  It is written
for reading and shares nothing with the kernel but the parser; tests compare them value by value.
"""

from __future__ import annotations

from collections.abc import Sequence

from xhcredit.engine import derive
from xhcredit.engine.compile import dependency_order, with_inputs
from xhcredit.engine.expr import SqlExpr
from xhcredit.engine.kernel_source import DECAY_DAYS, DECAY_ONE
from xhcredit.engine.parsing import parse
from xhcredit.engine.spec import Feature
from xhcredit.ingest.schema import Table, directory, table

_ORDER = "ORDER BY occurred_on, event_id"


def _visible(t: Table, spine: str) -> str:
    """SQL of the rows of a table that each pair of the spine may see."""
    if t.kind == "register":
        return (
            f"SELECT s.pair, s.as_of - DATE '1970-01-01' AS as_of_day, t.* "
            f"FROM {spine} s JOIN {t.name} t USING (code)"
        )
    ended = "coalesce(t.ended_on <= s.as_of AND t.ended_known_on <= s.as_of, FALSE)"
    hidden = [c.name for c in t.columns if c.with_end]
    # What is told together with an ending stays hidden until the ending itself is known.
    masked = "".join(f", CASE WHEN {ended} THEN t.{c} END AS {c}" for c in hidden)
    without = f" EXCLUDE ({', '.join(hidden)})" if hidden else ""
    ends = (
        f", {ended} AS is_ended, "
        f"CASE WHEN {ended} THEN t.ended_on ELSE s.as_of END - t.occurred_on AS duration"
        if t.ends
        else ""
    )
    return (
        f"SELECT s.pair, s.as_of - DATE '1970-01-01' AS as_of_day, "
        f"s.as_of - t.occurred_on AS age{ends}{masked}, t.*{without} "
        f"FROM {spine} s JOIN {t.name} t USING (code) "
        f"WHERE t.known_on <= s.as_of AND t.occurred_on <= s.as_of "
        f"AND (t.withdrawn_on IS NULL OR t.withdrawn_on > s.as_of)"
    )


def _tests(f: Feature, emitter: SqlExpr, value: str) -> str:
    """SQL of the FILTER clause of a feature; empty if every visible event counts."""
    tests = [f"age < {f.window_days}"] if f.window_days else []
    if f.where:
        tests.append(emitter.condition(parse(f.where, f.id)))
    if value:
        tests.append(f"({value}) IS NOT NULL")
    return f" FILTER (WHERE {' AND '.join(tests)})" if tests else ""


def _value(f: Feature, emitter: SqlExpr) -> str:
    """SQL of the value expression; a truth value becomes 1 or 0."""
    if not f.value:
        return ""
    code = emitter.emit(parse(f.value, f.id))
    return f"CAST({code.text} AS INTEGER)" if code.is_bool else code.text


def _aggregate(f: Feature, emitter: SqlExpr) -> str:
    """SQL of one feature over the visible rows of its table."""
    value = _value(f, emitter)
    keep = _tests(f, emitter, value)
    ordered_list = f"list({value or 'age'} {_ORDER}){keep}"
    cast = "CAST({} AS DOUBLE)"
    text = {
        "count": f"count(*){keep}",
        "sum": f"coalesce(sum({value}){keep}, 0)",
        "min": f"min({value}){keep}",
        "max": f"max({value}){keep}",
        "mean": f"CAST(sum({value}){keep} AS DOUBLE) / count(*){keep}",
        "last": f"{ordered_list}[-1]",
        "last2": f"{ordered_list}[-2]",
        "streak": f"coalesce(list_position(list_reverse(list_transform({ordered_list}, "
        f"lambda x: x = 1)), FALSE) - 1, len({ordered_list}), 0)",
        "distinct": f"count(DISTINCT {value}){keep}",
        "decayed": _decayed(f, value, keep),
        "days_since": f"{ordered_list}[-1]",
        "days_since_first": f"{ordered_list}[1]",
    }[f.aggregate]
    number = cast.format(text)
    return f"{number} / 100.0::DOUBLE" if f.unit == "yuan" else number


def _decayed(f: Feature, value: str, keep: str) -> str:
    """SQL of a decayed sum with whole-number weights."""
    # Cast to doubles: a bare quotient is DECIMAL in Spark, which put a silent error of 3e-7
    # into all decays (measured).
    power = f"pow(2.0::DOUBLE, CAST(-age AS DOUBLE) / {f.half_life})"
    weight = f"CAST(round({power} * {DECAY_ONE}) AS BIGINT)"
    product = f"CASE WHEN age < {DECAY_DAYS} THEN {weight} * ({value}) ELSE 0 END"
    return f"CAST(coalesce(sum({product}){keep}, 0) AS DOUBLE) / {DECAY_ONE}"


#: what a pair without any visible event gets
_NONE = {"count": "0", "sum": "0", "streak": "0", "distinct": "0", "decayed": "0"}


def _table_cte(t: Table, features: Sequence[Feature], prefix: str, spine: str) -> str:
    """The CTE that computes all features of one table."""
    emitter = SqlExpr(t, f'table "{t.name}"')
    lines = [f"{prefix}{t.name}_visible AS ({_visible(t, spine)})"]
    if t.kind == "register":
        scale = {f.id: " / 100.0::DOUBLE" if f.unit == "yuan" else "" for f in features}
        columns = [
            f'CAST({_value(f, emitter)} AS DOUBLE){scale[f.id]} AS "{f.id}"' for f in features
        ]
        body = f"SELECT pair, {', '.join(columns)} FROM {prefix}{t.name}_visible"
    else:
        columns = [f'{_aggregate(f, emitter)} AS "{f.id}"' for f in features]
        select_list = ",\n  ".join(["pair", *columns])
        body = f"SELECT {select_list}\n FROM {prefix}{t.name}_visible GROUP BY pair"
    lines.append(f"{prefix}{t.name}_features AS ({body})")
    return ",\n".join(lines)


def _active_edges(f: Feature) -> str:
    """SQL of shared nodes by day, hubs left out."""
    return (
        f"{f.id}_edges AS (SELECT DISTINCT d.as_of, t.code, t.node FROM days d JOIN relation t ON "
        f"t.kind = '{f.relation}' AND t.known_on <= d.as_of AND t.occurred_on <= d.as_of "
        "AND (t.withdrawn_on IS NULL OR t.withdrawn_on > d.as_of) "
        "AND NOT coalesce(t.ended_on <= d.as_of AND t.ended_known_on <= d.as_of, FALSE)),\n"
        f"{f.id}_members AS (SELECT m.* FROM {f.id}_edges m JOIN enterprise e USING (code) "
        "WHERE e.known_on <= m.as_of QUALIFY count(*) OVER (PARTITION BY m.as_of, m.node) "
        f"<= {f.hub_limit})"
    )


def _neighbour_ctes(f: Feature) -> str:
    """The CTEs of one neighbour feature; the base features stand in ``base``."""
    return (
        f"{_active_edges(f)},\n"
        f'{f.id}_features AS (SELECT s.pair, coalesce(sum(b."{f.of}"), 0) AS "{f.id}" '
        f"FROM spine s JOIN {f.id}_edges o ON o.code = s.code AND o.as_of = s.as_of "
        f"JOIN {f.id}_members m ON m.as_of = o.as_of AND m.node = o.node AND m.code <> o.code "
        "JOIN base b ON b.as_of = m.as_of AND b.code = m.code GROUP BY s.pair)"
    )


def _body(
    features: Sequence[Feature], prefix: str, spine: str, extra: str
) -> tuple[list[str], str]:
    """CTEs of a set of features, and the SELECT that joins them (derived features last)."""
    ctes, joins, columns = [], [], []
    for t in directory().values():
        table_features = [f for f in features if f.table == t.name]
        if table_features:
            ctes.append(_table_cte(t, table_features, prefix, spine))
            joins.append(f"LEFT JOIN {prefix}{t.name}_features USING (pair)")
    for f in features:
        if f.aggregate == "neighbours":
            ctes.append(_neighbour_ctes(f))
            joins.append(f"LEFT JOIN {f.id}_features USING (pair)")
        if f.aggregate != "derived":
            none = "0" if f.aggregate == "neighbours" else _NONE.get(f.aggregate, "NULL")
            columns.append(f'coalesce("{f.id}", CAST({none} AS DOUBLE)) AS "{f.id}"')
    inner = f"SELECT {', '.join(['pair', extra, *columns])} FROM {spine} {' '.join(joins)}"
    for f in features:
        if f.aggregate == "derived":
            inner = f'SELECT *, CAST({derive.to_sql(f)} AS DOUBLE) AS "{f.id}"\n FROM ({inner})'
    return ctes, inner


def feature_sql(features: Sequence[Feature]) -> str:
    """Return one statement that gives ``pair`` and a column per feature, ordered by pair.

    Needs the canonical tables and ``spine(pair BIGINT, code VARCHAR, as_of DATE)``.  Missing values
    are NULL.

    Raises:
        BadDeclaration: as for the kernel.
    """
    order = dependency_order(features)
    ctes = ["days AS (SELECT DISTINCT as_of FROM spine)"]
    bases = sorted({f.of for f in order if f.aggregate == "neighbours"})
    if bases:
        # A neighbour may be anybody, also outside the spine, so what is summed is computed for
        # all who are known that day.
        ctes.append(
            "everyone AS (SELECT row_number() OVER () AS pair, e.code, d.as_of "
            "FROM days d JOIN enterprise e ON e.known_on <= d.as_of)"
        )
        base_features = with_inputs(bases, {f.id: f for f in order})
        base_ctes, body = _body(base_features, "base_", "everyone", "code, as_of")
        ctes += [*base_ctes, f"base AS ({body})"]
    own_ctes, body = _body(order, "", "spine", "as_of")
    columns = ", ".join(f'"{f.id}"' for f in order)
    return (
        "WITH "
        + ",\n".join([*ctes, *own_ctes])
        + f"\nSELECT pair, {columns} FROM ({body}) ORDER BY pair"
    )


def show_sql(f: Feature) -> str:
    """SQL of one feature's aggregate, for readers."""
    if f.aggregate == "derived":
        return derive.to_sql(f)
    if f.aggregate == "neighbours":
        return _neighbour_ctes(f)
    emitter = SqlExpr(table(f.table), f.id)
    if f.aggregate == "attribute":
        return f"SELECT code, {_value(f, emitter)} FROM {f.table}"
    return f"SELECT code, {_aggregate(f, emitter)} FROM visible {f.table} GROUP BY code"
