"""The parts of a mapping file, each checked against the directory when it is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from xhcredit.errors import BadMapping
from xhcredit.ingest import schema
from xhcredit.ingest.mapping_types import ISO_DATES, Block, Cell, Condition, Format, Mapping
from xhcredit.ingest.suggest import hint_for

TOP_KEYS = (
    "mapping", "name_zh", "files", "format", "where", "skip_where", "tables", "ignore", "persons",
)  # fmt: skip
_BLOCK_KEYS = ("table", "columns", "where", "optional")
_CONDITION_KEYS = ("column", "equals", "in", "not_in", "why")
_CELL_KEYS = (
    "column", "join", "separator", "row_digest", "dates", "values", "otherwise", "split", "unit",
    "usual", "default", "else", "else_by_name", "when", "empty",
)  # fmt: skip
_TYPES_OF_KEY = {
    "dates": ("date",),
    "values": ("category", "categories", "flag"),
    "otherwise": ("category", "categories", "flag"),
    "split": ("categories",),
    "unit": ("money",),
    "usual": ("money",),
}


def check_keys(
    raw: object, known: Iterable[str], place: str, required_keys: Iterable[str] = ()
) -> dict[str, Any]:
    """Return ``raw`` if it is a mapping with known keys only and all needed ones."""
    if not isinstance(raw, dict):
        raise BadMapping(f"{place}: found {raw!r}; write `key: value` pairs: {', '.join(known)}")
    for key in raw:
        if key not in known:
            raise BadMapping(
                f'{place}: unknown key "{key}"{hint_for(str(key), known)}; known: '
                f"{', '.join(known)}"
            )
    for key in required_keys:
        if raw.get(key) in (None, "", [], {}):
            raise BadMapping(f'{place}: "{key}" is missing; add it')
    return raw


def list_under(raw: dict[str, Any], key: str) -> list[Any]:
    """Return a list that stands under ``key``."""
    if not isinstance(raw[key], list):
        raise BadMapping(f'{key}: found {raw[key]!r}; write a list, each item starting with "- "')
    return list(raw[key])


def format_of(raw: object) -> Format:
    """Read the ``format`` block."""
    format_keys = check_keys(raw, ("kind", "encoding", "delimiter", "sheet"), "format")
    kinds = ("csv", "xlsx", "parquet", "sql")
    encodings = ("auto", "utf-8", "utf-8-sig", "gb18030", "gbk", "gb2312")
    for key, allowed in (("kind", kinds), ("encoding", encodings)):
        if key in format_keys and str(format_keys[key]).lower() not in allowed:
            raise BadMapping(
                f'format: {key} "{format_keys[key]}"; use one of: {", ".join(allowed)}'
            )
    return Format(**{key: str(value) for key, value in format_keys.items()})


def conditions(raw: object, place: str) -> tuple[Condition, ...]:
    """Read one condition or a list of them (all must hold)."""
    if raw is None:
        return ()
    raw_conditions = raw if isinstance(raw, list) else [raw]
    return tuple(_condition(raw_condition, place) for raw_condition in raw_conditions)


def _condition(raw: object, place: str) -> Condition:
    condition_keys = check_keys(raw, _CONDITION_KEYS, place, required_keys=("column",))
    tests = [key for key in ("equals", "in", "not_in") if key in condition_keys]
    if len(tests) != 1:
        raise BadMapping(f"{place}: give exactly one of `equals`, `in`, `not_in`")
    expected = condition_keys[tests[0]]
    if (tests[0] == "equals") == isinstance(expected, list):
        raise BadMapping(f"{place}: `equals` takes one value, `in` and `not_in` a list of values")
    values = expected if isinstance(expected, list) else [expected]
    return Condition(
        str(condition_keys["column"]), tuple(map(as_text, values)), tests[0] == "not_in"
    )


def block(raw: object, place: str) -> Block:
    """Read one table block."""
    block_keys = check_keys(raw, _BLOCK_KEYS, place, required_keys=("table", "columns"))
    tables = schema.directory()
    if block_keys["table"] not in tables:
        raise BadMapping(
            f'{place}: the directory has no table "{block_keys["table"]}"'
            f"{hint_for(str(block_keys['table']), tables)}; it has: {', '.join(tables)}"
        )
    table = tables[block_keys["table"]]
    columns = {c.name: c for c in table.columns}
    cells = {
        name: cell(value, columns[name], f"{place}.{name}")
        for name, value in check_keys(block_keys["columns"], columns, f"{place}.columns").items()
    }
    for column in table.columns:
        if column.required and column.name not in cells:
            raise BadMapping(
                f'{place}: table "{table.name}" needs "{column.name}" ({column.zh}); '
                f"map it or give it a default"
            )
    for name, filled_cell in cells.items():
        if filled_cell.else_column and filled_cell.else_column not in cells:
            raise BadMapping(
                f'{place}.{name}: else: "{filled_cell.else_column}" is not mapped; map it'
            )
    row_conditions = conditions(block_keys.get("where"), f"{place}.where")
    return Block(table, cells, row_conditions, bool(block_keys.get("optional", False)))


def cell(raw: object, column: schema.Column, place: str) -> Cell:
    """Read how one canonical column is filled."""
    if isinstance(raw, str):
        return Cell(column=raw)
    cell_keys = check_keys(raw, _CELL_KEYS, place)
    _check_cell(cell_keys, column, place)
    else_source = cell_keys.get("else")
    return Cell(
        column=str(cell_keys.get("column", "")),
        join=tuple(map(str, cell_keys.get("join", ()))),
        separator=str(cell_keys.get("separator", "|")),
        row_digest=bool(cell_keys.get("row_digest", False)),
        dates=(*cell_keys["dates"], *ISO_DATES) if "dates" in cell_keys else Cell.dates,
        values=_values(cell_keys.get("values") or {}, column, place),
        lenient="otherwise" in cell_keys,
        otherwise=_value(cell_keys.get("otherwise"), column, f"{place}.otherwise"),
        split=_text_tuple(cell_keys.get("split", ())),
        unit=cell_keys.get("unit", "元"),
        usual=_usual(cell_keys["usual"], place) if "usual" in cell_keys else None,
        default=_default(cell_keys.get("default"), column, f"{place}.default"),
        else_column=else_source if isinstance(else_source, str) else "",
        else_cell=cell(else_source, column, f"{place}.else")
        if isinstance(else_source, dict)
        else None,
        by_name=str(cell_keys.get("else_by_name", "")),
        empty=_text_tuple(cell_keys.get("empty", ())),
        when=next(iter(conditions(cell_keys.get("when"), f"{place}.when")), None),
    )


def _check_cell(cell_keys: dict[str, Any], column: schema.Column, place: str) -> None:
    """Refuse keys that do not go together or not with the type of the column."""
    sources = [key for key in ("column", "join", "row_digest") if key in cell_keys]
    if len(sources) > 1:
        raise BadMapping(f"{place}: give only one of: {', '.join(sources)}")
    if not sources and not {"default", "else"} & set(cell_keys):
        raise BadMapping(f"{place}: says nothing of where the value comes from; add `column`")
    for key, types in _TYPES_OF_KEY.items():
        if key in cell_keys and column.type not in types:
            raise BadMapping(
                f'{place}: `{key}` does not go with type "{column.type}" of "{column.name}"; '
                f"leave it out"
            )
    if "else_by_name" in cell_keys and column.name != "code":
        raise BadMapping(f"{place}: `else_by_name` is for the column `code` only; leave it out")
    if cell_keys.get("unit", "元") not in ("元", "万元"):
        raise BadMapping(f'{place}: unit "{cell_keys["unit"]}"; use 元 or 万元')
    if not isinstance(cell_keys.get("dates", []), list):
        raise BadMapping(f'{place}: `dates` takes a list such as ["%Y/%m/%d"]')


def _usual(raw: object, place: str) -> tuple[float, float]:
    """Bounds for a median: two numbers above zero, the lower one first."""
    if isinstance(raw, list) and [type(n) in (int, float) for n in raw] == [True, True]:
        low, high = float(raw[0]), float(raw[1])
        if 0 < low <= high:
            return low, high
    raise BadMapping(f"{place}: `usual` takes two amounts in yuan such as [100, 500000]")


def as_text(value: object) -> str:
    """YAML scalar as the text that stands in a source: ``true`` for a boolean, digits plainly.

    >>> as_text(True), as_text(3), as_text("是")
    ('true', '3', '是')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text_tuple(raw: object) -> tuple[str, ...]:
    return tuple(map(str, raw)) if isinstance(raw, list | tuple) else (str(raw),)


def _values(raw: object, column: schema.Column, place: str) -> dict[str, str | None]:
    if not isinstance(raw, dict):
        raise BadMapping(f"{place}: `values` takes `source value: canonical value` pairs")
    return {
        as_text(key): _value(value, column, f"{place}.values[{key}]") for key, value in raw.items()
    }


def _value(raw: object, column: schema.Column, place: str) -> str | None:
    """Check a canonical value; lists give several categories at once."""
    if raw is None:
        return None
    if column.type == "categories" and isinstance(raw, list):
        return ";".join(sorted(str(_value(raw_value, column, place)) for raw_value in raw))
    text = as_text(raw)
    known_values = _known_values(column)
    if known_values and text not in known_values:
        raise BadMapping(
            f'{place}: "{text}" is no value of "{column.name}"{hint_for(text, known_values)}; '
            f"it takes: {', '.join(known_values)}"
        )
    return {"1": "true", "0": "false"}.get(text, text) if column.type == "flag" else text


def _known_values(column: schema.Column) -> tuple[str, ...]:
    return ("true", "false", "1", "0") if column.type == "flag" else column.value_ids


def _default(raw: object, column: schema.Column, place: str) -> str | None:
    """Check a constant; dates are written as YYYY-MM-DD."""
    if raw is None:
        return None
    if column.type == "date":
        return _default_day(raw, place)
    if column.type in ("money", "count", "number"):
        if not re.fullmatch(r"\d+(\.\d+)?", str(raw)):
            raise BadMapping(f'{place}: "{raw}" is not a number; write digits only')
        return str(raw)
    return _value(raw, column, place)


def _default_day(raw: object, place: str) -> str:
    try:
        return date.fromisoformat(str(raw)).isoformat()
    except ValueError:
        raise BadMapping(f'{place}: "{raw}" is no day; write it as 2026-01-31') from None


def check_persons(raw: Iterable[object], mapping: Mapping) -> None:
    """``persons`` only informs, but must be true: ``table.column`` of a person column."""
    columns = {
        f"{b.table.name}.{name}"
        for b in mapping.blocks
        for name in b.cells
        if b.table.column(name).type == "person"
    }
    for name in raw:
        if str(name) not in columns:
            raise BadMapping(
                f'persons: "{name}" is no person column filled here{hint_for(str(name), columns)}; '
                f"filled are: {', '.join(sorted(columns)) or 'none'}"
            )
