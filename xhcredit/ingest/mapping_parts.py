"""The parts of a mapping file, each checked against the directory when it is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from xhcredit.errors import BadMapping
from xhcredit.ingest import schema
from xhcredit.ingest.mapping_types import ISO_DATES, Block, Cell, Condition, Format, Mapping
from xhcredit.ingest.suggest import near

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
    raw: object, known: Iterable[str], place: str, needed: Iterable[str] = ()
) -> dict[str, Any]:
    """Return ``raw`` if it is a mapping with known keys only and all needed ones."""
    if not isinstance(raw, dict):
        raise BadMapping(f"{place}: found {raw!r}; write `key: value` pairs: {', '.join(known)}")
    for key in raw:
        if key not in known:
            raise BadMapping(
                f'{place}: unknown key "{key}"{near(str(key), known)}; known: {", ".join(known)}'
            )
    for key in needed:
        if raw.get(key) in (None, "", [], {}):
            raise BadMapping(f'{place}: "{key}" is missing; add it')
    return raw


def listed(raw: dict[str, Any], key: str) -> list[Any]:
    """Return a list that stands under ``key``."""
    if not isinstance(raw[key], list):
        raise BadMapping(f'{key}: found {raw[key]!r}; write a list, each item starting with "- "')
    return list(raw[key])


def format_of(raw: object) -> Format:
    """Read the ``format`` block."""
    given = check_keys(raw, ("kind", "encoding", "delimiter", "sheet"), "format")
    kinds = ("csv", "xlsx", "parquet", "sql")
    encodings = ("auto", "utf-8", "utf-8-sig", "gb18030", "gbk", "gb2312")
    for key, known in (("kind", kinds), ("encoding", encodings)):
        if key in given and str(given[key]).lower() not in known:
            raise BadMapping(f'format: {key} "{given[key]}"; use one of: {", ".join(known)}')
    return Format(**{key: str(value) for key, value in given.items()})


def conditions(raw: object, place: str) -> tuple[Condition, ...]:
    """Read one condition or a list of them (all must hold)."""
    if raw is None:
        return ()
    each = raw if isinstance(raw, list) else [raw]
    return tuple(_condition(one, place) for one in each)


def _condition(raw: object, place: str) -> Condition:
    given = check_keys(raw, _CONDITION_KEYS, place, needed=("column",))
    tests = [key for key in ("equals", "in", "not_in") if key in given]
    if len(tests) != 1:
        raise BadMapping(f"{place}: give exactly one of `equals`, `in`, `not_in`")
    wanted = given[tests[0]]
    if (tests[0] == "equals") == isinstance(wanted, list):
        raise BadMapping(f"{place}: `equals` takes one value, `in` and `not_in` a list of values")
    values = wanted if isinstance(wanted, list) else [wanted]
    return Condition(str(given["column"]), tuple(map(as_text, values)), tests[0] == "not_in")


def block(raw: object, place: str) -> Block:
    """Read one table block."""
    given = check_keys(raw, _BLOCK_KEYS, place, needed=("table", "columns"))
    tables = schema.directory()
    if given["table"] not in tables:
        raise BadMapping(
            f'{place}: the directory has no table "{given["table"]}"'
            f"{near(str(given['table']), tables)}; it has: {', '.join(tables)}"
        )
    table = tables[given["table"]]
    columns = {c.name: c for c in table.columns}
    cells = {
        name: cell(value, columns[name], f"{place}.{name}")
        for name, value in check_keys(given["columns"], columns, f"{place}.columns").items()
    }
    for column in table.columns:
        if column.required and column.name not in cells:
            raise BadMapping(
                f'{place}: table "{table.name}" needs "{column.name}" ({column.zh}); '
                f"map it or give it a default"
            )
    for name, one in cells.items():
        if one.else_column and one.else_column not in cells:
            raise BadMapping(f'{place}.{name}: else: "{one.else_column}" is not mapped; map it')
    where = conditions(given.get("where"), f"{place}.where")
    return Block(table, cells, where, bool(given.get("optional", False)))


def cell(raw: object, column: schema.Column, place: str) -> Cell:
    """Read how one canonical column is filled."""
    if isinstance(raw, str):
        return Cell(column=raw)
    given = check_keys(raw, _CELL_KEYS, place)
    _check_cell(given, column, place)
    otherwise = given.get("else")
    return Cell(
        column=str(given.get("column", "")),
        join=tuple(map(str, given.get("join", ()))),
        separator=str(given.get("separator", "|")),
        row_digest=bool(given.get("row_digest", False)),
        dates=(*given["dates"], *ISO_DATES) if "dates" in given else Cell.dates,
        values=_values(given.get("values") or {}, column, place),
        lenient="otherwise" in given,
        otherwise=_value(given.get("otherwise"), column, f"{place}.otherwise"),
        split=_texts(given.get("split", ())),
        unit=given.get("unit", "元"),
        usual=_usual(given["usual"], place) if "usual" in given else None,
        default=_default(given.get("default"), column, f"{place}.default"),
        else_column=otherwise if isinstance(otherwise, str) else "",
        else_cell=cell(otherwise, column, f"{place}.else") if isinstance(otherwise, dict) else None,
        by_name=str(given.get("else_by_name", "")),
        empty=_texts(given.get("empty", ())),
        when=next(iter(conditions(given.get("when"), f"{place}.when")), None),
    )


def _check_cell(given: dict[str, Any], column: schema.Column, place: str) -> None:
    """Refuse keys that do not go together or not with the type of the column."""
    sources = [key for key in ("column", "join", "row_digest") if key in given]
    if len(sources) > 1:
        raise BadMapping(f"{place}: give only one of: {', '.join(sources)}")
    if not sources and not {"default", "else"} & set(given):
        raise BadMapping(f"{place}: says nothing of where the value comes from; add `column`")
    for key, types in _TYPES_OF_KEY.items():
        if key in given and column.type not in types:
            raise BadMapping(
                f'{place}: `{key}` does not go with type "{column.type}" of "{column.name}"; '
                f"leave it out"
            )
    if "else_by_name" in given and column.name != "code":
        raise BadMapping(f"{place}: `else_by_name` is for the column `code` only; leave it out")
    if given.get("unit", "元") not in ("元", "万元"):
        raise BadMapping(f'{place}: unit "{given["unit"]}"; use 元 or 万元')
    if not isinstance(given.get("dates", []), list):
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


def _texts(raw: object) -> tuple[str, ...]:
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
        return ";".join(sorted(str(_value(one, column, place)) for one in raw))
    text = as_text(raw)
    known = _known_values(column)
    if known and text not in known:
        raise BadMapping(
            f'{place}: "{text}" is no value of "{column.name}"{near(text, known)}; '
            f"it takes: {', '.join(known)}"
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
    filled = {
        f"{b.table.name}.{name}"
        for b in mapping.blocks
        for name in b.cells
        if b.table.column(name).type == "person"
    }
    for name in raw:
        if str(name) not in filled:
            raise BadMapping(
                f'persons: "{name}" is no person column filled here{near(str(name), filled)}; '
                f"filled are: {', '.join(sorted(filled)) or 'none'}"
            )
