"""SQL of one canonical cell: its value, and its problem if the source's text does not make one.

The source columns are in relation ``s``, trimmed, empty as NULL.  Nothing is computed row by row
in Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from xhcredit.domain import codes, persons
from xhcredit.ingest.mapping_types import Cell, Condition
from xhcredit.ingest.readers.parquet import quoted
from xhcredit.ingest.schema import SQL_TYPES, Column
from xhcredit.ingest.sql_text import literal

PROBLEM_TYPE = 'STRUCT("column" VARCHAR, reason VARCHAR, raw_text VARCHAR, detail VARCHAR)'
NULL_PROBLEM = f"NULL::{PROBLEM_TYPE}"

_TRUE = ("1", "true", "t", "yes", "y", "是", "有", "√")
_FALSE = ("0", "false", "f", "no", "n", "否", "无", "×")
_PLAIN_NUMBER = r"\d+(\.\d+)?|\d{1,3}(,\d{3})+(\.\d+)?"
_UNIT = r"[¥￥$%]|元|万|亿|RMB|CNY"
_MAX_SHOWN = 12


@dataclass(frozen=True)
class CellSql:
    """SQL of a cell; ``problem`` is NULL where there is none.  Defaults are not applied yet."""

    value: str
    problem: str


@dataclass(frozen=True)
class _ParsedSql:
    """SQL of a parsed text: its value, when it is wrong, and why (SQL of reason and detail)."""

    value: str
    wrong: str = "false"
    reason: str = "''"
    detail: str = "''"


def condition_sql(condition: Condition) -> str:
    """SQL that is true for the rows meant; an empty cell is the empty text."""
    values = ", ".join(literal(value) for value in condition.values)
    verb = "NOT IN" if condition.negated else "IN"
    return f"coalesce(s.{quoted(condition.column)}, '') {verb} ({values})"


def cell_sql(column: Column, cell: Cell, digest_of: list[str]) -> CellSql:
    """Compile one cell.

    Args:
        column: the canonical column.
        cell: where its value comes from.
        digest_of: source columns that make up a row's digest.
    """
    if column.name == "code":
        return _code(cell)
    raw_sql = _raw(cell, digest_of)
    parsed = _PARSERS[column.type](raw_sql, cell, column)
    label = cell.column or (cell.join[0] if cell.join else column.name)
    problem = _problem(parsed, raw_sql, label)
    value = f"CASE WHEN NOT coalesce({parsed.wrong}, false) THEN {parsed.value} END"
    if parsed.wrong == "false":
        value = parsed.value
    if cell.else_cell:
        fallback = cell_sql(column, cell.else_cell, digest_of)
        value = f"coalesce({value}, {fallback.value})"
        problem = f"CASE WHEN {raw_sql} IS NULL THEN {fallback.problem} ELSE {problem} END"
    return CellSql(f"({value})::{SQL_TYPES[column.type]}", problem)


def problem_sql(label: str, reason_sql: str, raw_text_sql: str, detail_sql: str = "''") -> str:
    """SQL of a problem; ``reason_sql``, ``raw_text_sql`` and ``detail_sql`` are SQL."""
    return (
        f"{{'column': {literal(label)}, 'reason': {reason_sql}, "
        f"'raw_text': left({raw_text_sql}, 200), "
        f"'detail': {detail_sql}}}::{PROBLEM_TYPE}"
    )


def name_sql(column: str) -> str:
    """SQL of an enterprise name for matching: blanks left out, brackets of either width alike."""
    return f"translate(regexp_replace({column}, '[\\s\u3000]', '', 'g'), '（）', '()')"


def _problem(parsed: _ParsedSql, raw: str, label: str) -> str:
    if parsed.wrong == "false":
        return NULL_PROBLEM
    problem = problem_sql(label, parsed.reason, raw, parsed.detail)
    return f"CASE WHEN {parsed.wrong} THEN {problem} END"


def _raw(cell: Cell, digest_of: list[str]) -> str:
    """SQL of the text that the cell is made from."""
    if cell.row_digest:
        # Control characters that no cell holds: an empty cell and the end of a cell look like
        # no text.
        names = ", ".join(f"coalesce(s.{quoted(c)}, chr(30))" for c in digest_of)
        raw = f"md5(concat_ws(chr(31), {names}))"
    elif cell.join:
        names = ", ".join(f"s.{quoted(c)}" for c in cell.join)
        raw = f"nullif(concat_ws({literal(cell.separator)}, {names}), '')"
    else:
        raw = f"s.{quoted(cell.column)}" if cell.column else "NULL::VARCHAR"
    if cell.empty:
        raw = f"CASE WHEN {raw} NOT IN ({_literal_list(cell.empty)}) THEN {raw} END"
    return f"CASE WHEN {condition_sql(cell.when)} THEN {raw} END" if cell.when else raw


def _with_name(value: str, problem: str, name: str) -> CellSql:
    """Look an empty code up by name, in relation ``n`` (name, code, count)."""
    column = f"s.{quoted(name)}"
    reason = "CASE WHEN n.count > 1 THEN 'name_ambiguous' ELSE 'name_not_found' END"
    unmatched = problem_sql(name, reason, column, "coalesce(n.count, 0)::VARCHAR")
    return CellSql(
        f"coalesce({value}, CASE WHEN s._code IS NULL AND n.count = 1 THEN n.code END)",
        f"CASE WHEN s._code IS NULL AND {column} IS NOT NULL AND n.count IS DISTINCT FROM 1 "
        f"THEN {unmatched} ELSE {problem} END",
    )


def code_columns_sql(cell: Cell, digest_of: list[str], relation: str) -> str:
    """SQL of ``relation`` with the normalised code as ``_code`` and its ``_code_problem``.

    Computed once per row, because a value, a reason and a detail are made from it.
    """
    raw_sql, fallback_cell = _raw(cell, digest_of), cell.else_cell
    while fallback_cell:
        raw_sql, fallback_cell = (
            f"coalesce({raw_sql}, {_raw(fallback_cell, digest_of)})",
            fallback_cell.else_cell,
        )
    with_code = f"SELECT s.*, {codes.normalised_sql(raw_sql)} AS _code FROM ({relation}) s"
    return f"SELECT *, {codes.problem_sql('_code')} AS _code_problem FROM ({with_code})"


def _code(cell: Cell) -> CellSql:
    reason = """CASE WHEN s._code_problem LIKE 'length%' THEN 'code_length'
WHEN s._code_problem LIKE 'character%' THEN 'code_character'
WHEN s._code_problem LIKE 'check%' THEN 'code_check_digit'
WHEN s._code_problem LIKE 'organisation%' THEN 'code_organisation_digit'
ELSE 'code_placeholder' END"""
    wrong = problem_sql(cell.column or "code", reason, "s._code", "s._code_problem")
    value = "CASE WHEN s._code_problem IS NULL THEN s._code END"
    problem = f"CASE WHEN s._code_problem IS NOT NULL THEN {wrong} END"
    if not cell.by_name:
        return CellSql(value, problem)
    return _with_name(value, problem, cell.by_name)


def _text(raw: str, cell: Cell, column: Column) -> _ParsedSql:
    return _ParsedSql(raw)


def _person(raw: str, cell: Cell, column: Column) -> _ParsedSql:
    # A person enters as a keyed hash only: it tells who is the same, and without the key nobody
    # who that is.
    return _ParsedSql(persons.keyed_hash_sql(raw))


def _date(raw: str, cell: Cell, column: Column) -> _ParsedSql:
    formats = ", ".join(literal(f) for f in cell.dates)
    day = f"try_strptime({raw}, [{formats}])::DATE"
    # a year of two digits is read as one of the first century: the format is not the declared one
    wrong = f"{raw} IS NOT NULL AND coalesce(year({day}) < 1000, true)"
    return _ParsedSql(day, wrong, "'bad_date'", literal(" ".join(cell.dates[:4])))


def _money(raw: str, cell: Cell, column: Column) -> _ParsedSql:
    factor = 10_000 if cell.unit == "万元" else 1
    # Decimal all the way: an amount in 万元 with six places stays exact to the 分.
    number = f"TRY_CAST(replace({raw}, ',', '') AS DECIMAL(28, 6))"
    value = f"TRY_CAST({number} * {factor} AS DECIMAL(18, 2))"
    return _number_like(raw, value, _PLAIN_NUMBER, column)


def _count(raw: str, cell: Cell, column: Column) -> _ParsedSql:
    value = f"TRY_CAST(replace(regexp_replace({raw}, '\\.0+$', ''), ',', '') AS BIGINT)"
    return _number_like(raw, value, r"(\d+|\d{1,3}(,\d{3})+)(\.0+)?", column)


def _number(raw: str, cell: Cell, column: Column) -> _ParsedSql:
    value = f"(TRY_CAST({raw} AS DOUBLE) + 0.0)"  # -0 becomes 0
    return _ParsedSql(
        value, f"{raw} IS NOT NULL AND NOT coalesce(isfinite({value}), false)", "'bad_number'"
    )


def _number_like(raw: str, value: str, pattern: str, column: Column) -> _ParsedSql:
    """A number of digits only; one that its type cannot hold is beyond every bound."""
    plain = f"regexp_full_match({raw}, {literal(pattern)})"
    wrong = f"{raw} IS NOT NULL AND (NOT {plain} OR {value} IS NULL)"
    unit = f"regexp_matches({raw}, {literal(_UNIT)})"
    reason = (
        f"CASE WHEN {unit} THEN 'unit_in_cell' WHEN {plain} THEN 'too_high' ELSE 'bad_number' END"
    )
    highest = literal(shown(column.bounds.most if column.bounds else None))
    return _ParsedSql(value, wrong, reason, f"CASE WHEN {plain} THEN {highest} ELSE '' END")


def bound_sql(bound: float | date | str) -> str:
    """SQL of a bound of a column."""
    return f"DATE '{bound.isoformat()}'" if isinstance(bound, date) else str(bound)


def shown(bound: float | date | str | None) -> str:
    """A bound as people write it.

    >>> shown(100_000_000_000), shown(0.000000000001), shown(date(1980, 1, 1))
    ('100,000,000,000', '0.000000000001', '1980-01-01')
    """
    if isinstance(bound, float):
        return f"{bound:.12f}".rstrip("0").rstrip(".")
    return f"{bound:,}" if isinstance(bound, int) else str(bound)


def _flag(raw: str, cell: Cell, column: Column) -> _ParsedSql:
    values: Mapping[str, str | None] = cell.values
    if not values:
        values = {word: "true" for word in _TRUE} | {word: "false" for word in _FALSE}
        raw = f"lower({raw})"
    wrong = "false" if cell.lenient else f"{raw} NOT IN ({_literal_list(values)})"
    return _ParsedSql(f"({_translation(raw, values, cell)})::BOOLEAN", wrong, "'bad_flag'")


def _category(raw: str, cell: Cell, column: Column) -> _ParsedSql:
    values = _values(cell, column)
    wrong = "false" if cell.lenient else f"{raw} NOT IN ({_literal_list(values)})"
    return _ParsedSql(
        _translation(raw, values, cell), wrong, "'bad_category'", _values_literal(values)
    )


def _categories(raw: str, cell: Cell, column: Column) -> _ParsedSql:
    values = _values(cell, column)
    split_pattern = "|".join(re.escape(s) for s in cell.split or (";", "；"))
    tokens = (
        f"list_filter(list_transform(regexp_split_to_array({raw}, {literal(split_pattern)}), "
        f"lambda t: trim(t)), lambda t: t <> '')"
    )
    translated = f"list_transform({tokens}, lambda t: {_translation('t', values, cell)})"
    parts = f"flatten(list_transform({translated}, lambda t: string_split(t, ';')))"
    several_sql = f"nullif(array_to_string(list_sort(list_distinct({parts})), ';'), '')"
    is_single = f"{raw} IN ({_literal_list(values)})"  # spares the lists in nearly all rows
    value = f"CASE WHEN {is_single} THEN {_translation(raw, values, cell)} ELSE {several_sql} END"
    unlisted_tokens = f"list_filter({tokens}, lambda t: t NOT IN ({_literal_list(values)}))"
    wrong = f"NOT {is_single} AND coalesce(len({unlisted_tokens}), 0) > 0"
    wrong = "false" if cell.lenient else wrong
    return _ParsedSql(value, wrong, "'bad_category'", _values_literal(values))


def _values(cell: Cell, column: Column) -> Mapping[str, str | None]:
    """Canonical value by source text: the mapping's, or ids and Chinese names as they are."""
    if cell.values:
        return cell.values
    return {i: i for i, _ in column.values} | {zh: i for i, zh in column.values}


def _translation(raw: str, values: Mapping[str, str | None], cell: Cell) -> str:
    def target(value: str | None) -> str:
        return "NULL" if value is None else literal(value)

    cases = " ".join(f"WHEN {literal(k)} THEN {target(v)}" for k, v in values.items())
    translated = f"CASE {raw} {cases} ELSE {target(cell.otherwise)} END"
    return f"CASE WHEN {raw} IS NOT NULL THEN {translated} END"


def _literal_list(values: Iterable[str]) -> str:
    return ", ".join(literal(value) for value in values)


def _values_literal(values: Mapping[str, str | None]) -> str:
    first_values = " ".join(list(values)[:_MAX_SHOWN])
    return literal(first_values + (" …" if len(values) > _MAX_SHOWN else ""))


_PARSERS: dict[str, Callable[[str, Cell, Column], _ParsedSql]] = {
    "text": _text,
    "person": _person,
    "date": _date,
    "money": _money,
    "count": _count,
    "number": _number,
    "flag": _flag,
    "category": _category,
    "categories": _categories,
}
