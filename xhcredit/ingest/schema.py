"""Schema of the declared directory (目录): canonical tables, columns, bounds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias

import yaml

from xhcredit.errors import BadDeclaration, BadInput

ColumnType = Literal[
    "text", "category", "categories", "date", "money", "count", "number", "flag", "person"
]

#: SQL type of each column type in canonical tables.
SQL_TYPES: dict[str, str] = {
    "text": "VARCHAR",
    "category": "VARCHAR",
    "categories": "VARCHAR",  # sorted, joined by ";"
    "date": "DATE",
    "money": "DECIMAL(18,2)",  # yuan
    "count": "BIGINT",
    "number": "DOUBLE",
    "flag": "BOOLEAN",
    "person": "VARCHAR",  # keyed hash, 32 hex characters
}


#: a cell of a canonical table as Python holds it; None where it is empty
CellValue: TypeAlias = str | bool | int | float | Decimal | date | None


def day_in(cell: CellValue) -> date | None:
    """The day in a cell of a column of days; None where it is empty.

    Raises:
        BadInput: the cell holds something else.
    """
    if cell is None or isinstance(cell, date):
        return cell
    raise BadInput(f'"{cell}" is no day; give a date')


#: types whose columns have bounds
BOUNDED = frozenset({"date", "money", "count", "number"})
THIS_YEAR = "this_year"


@dataclass(frozen=True)
class Bounds:
    """Between which values a cell is believed; a row with another one is quarantined.

    From what the column means: our own plausibility, no rule of law.  They also keep what is
    computed from the cell representable: 100,000 rows of ``most`` have a sum that fits 64 bits.

    Args:
        least: the lowest value, or the earliest day.
        most: the highest value, or the latest day; None: the day of ingestion (nothing can have
            happened later), ``this_year``: its year.
    """

    least: float | date
    most: float | date | str | None


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    ``with_end`` marks a fact that is known only together with the event's ending (the outcome of
    a complaint, say); ``never_feature`` marks what no feature may read.  ``usual`` are bounds for
    the median of a money column in one delivery, in yuan: our own plausibility against amounts in
    the wrong unit, no rule of law; far outside them a file is refused.  ``bounds`` are those of a
    single cell.  ``names`` is the rule that lists the official names of the column's texts; only
    ingestion reads it.
    """

    name: str
    type: ColumnType
    zh: str
    en: str
    required: bool = False
    with_end: bool = False
    never_feature: bool = False
    values: tuple[tuple[str, str], ...] = ()
    usual: tuple[float, float] | None = field(default=None, repr=False)
    bounds: Bounds | None = field(default=None, repr=False)
    names: str = field(default="", repr=False)

    @property
    def value_ids(self) -> tuple[str, ...]:
        """Ids of the allowed values, in declared order (their position is the engine's code)."""
        return tuple(value for value, _ in self.values)


@dataclass(frozen=True)
class Table:
    """One canonical table; ``columns`` holds the common columns first, then its own."""

    name: str
    kind: Literal["register", "event"]
    name_zh: str
    name_en: str
    directory: str
    authority: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    ends: bool
    scored: bool
    why_not_scored: str

    def column(self, name: str) -> Column:
        """Return the column called ``name``.

        Raises:
            BadDeclaration: the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        column_names = ", ".join(c.name for c in self.columns)
        raise BadDeclaration(f'table "{self.name}" has no column "{name}"; it has: {column_names}')


#: said of a record that counts again: the restoration that withdrew it was itself revoked
REINSTATED = "reinstated"
_CODE = Column("code", "text", "统一社会信用代码", "unified social credit code", required=True)
_WHY_WITHDRAWN = Column(
    "withdrawn_why",
    "category",
    "停用原因",
    "why it no longer counts",
    values=(
        ("revoked", "撤销或变更"),
        ("restored", "信用修复"),
        ("corrected", "更正"),
        ("objection", "异议成立"),
        ("expired", "公示期满"),
        (REINSTATED, "撤销修复后重新计入"),
    ),
)


def _declared_columns(raw: dict[str, Any]) -> list[Column]:
    """Turn the ``columns`` block of a directory file into columns."""
    return [
        Column(
            name=name,
            **{
                **{key: value for key, value in c.items() if key not in ("min", "max", "ahead")},
                "values": tuple((c.get("values") or {}).items()),
                "usual": tuple(c["usual"]) if "usual" in c else None,
                "bounds": _bounds_of(f"{raw['table']}.{name}", c),
            },
        )
        for name, c in raw["columns"].items()
    ]


def _bounds_of(place: str, c: dict[str, Any]) -> Bounds | None:
    """The bounds of a column: days end today unless they may lie ``ahead``, amounts begin at 0.

    Raises:
        BadDeclaration: a bound is missing, or the column's type has none.
    """
    declared = {"min", "max", "ahead"} & c.keys()
    if c["type"] not in BOUNDED:
        if declared:
            raise BadDeclaration(f'"{place}" of type {c["type"]} has no bounds; leave them out')
        return None
    is_day, ahead = c["type"] == "date", bool(c.get("ahead"))
    lowest, highest = c.get("min", None if is_day else 0), c.get("max")
    if lowest is None or (highest is None) != (is_day and not ahead):
        needed = "`min`, and `max` if `ahead`" if is_day else "`max`"
        raise BadDeclaration(f'"{place}" declares {sorted(declared)}; a {c["type"]} needs {needed}')
    if highest not in (None, THIS_YEAR) and highest < lowest:
        raise BadDeclaration(
            f'"{place}" ends at {highest} before it begins at {lowest}; correct it'
        )
    return Bounds(lowest, highest)


def _common_columns(raw: dict[str, Any]) -> list[Column]:
    """The columns that a table of this kind always has; none of their days lies before ``since``.

    Raises:
        BadDeclaration: the table does not say since when it can have rows.
    """
    if "since" not in raw:
        raise BadDeclaration(f'table "{raw["table"]}" has no `since`; write its earliest day')
    bounds = Bounds(raw["since"], None)

    def day_column(name: str, zh: str, en: str, *, required: bool = False) -> Column:
        return Column(name, "date", zh, en, required, bounds=bounds)

    known_text = "day from which the district could know"
    known_on_column = day_column("known_on", "归集日", known_text, required=True)
    if raw["kind"] == "register":
        return [_CODE, known_on_column]
    occurred_on_column = day_column(
        "occurred_on", raw["occurred_zh"], "day on which it happened", required=True
    )
    ending_columns: list[Column] = []
    if "ends_zh" in raw:
        ending_columns = [
            day_column("ended_on", raw["ends_zh"], raw["ends_en"]),
            day_column("ended_known_on", "结束归集日", "day the ending became known"),
        ]
    withdrawn_on_column = day_column("withdrawn_on", "停用日", "day from which it no longer counts")
    return [
        _CODE,
        occurred_on_column,
        known_on_column,
        *ending_columns,
        withdrawn_on_column,
        _WHY_WITHDRAWN,
    ]


def _table_of(raw: dict[str, Any]) -> Table:
    return Table(
        name=raw["table"],
        kind=raw["kind"],
        name_zh=raw["name_zh"],
        name_en=raw["name_en"],
        directory=raw["directory"],
        authority=raw["authority"],
        key=tuple(raw["key"]),
        columns=tuple(_common_columns(raw) + _declared_columns(raw)),
        ends="ends_zh" in raw,
        scored=raw.get("scored", True),
        why_not_scored=raw.get("why_not_scored", ""),
    )


@cache
def directory() -> dict[str, Table]:
    """All canonical tables by name, the enterprise register first, then by name.

    Raises:
        BadDeclaration: a file's name differs from the table that it declares.
    """
    tables = {}
    for file in sorted(files("xhcredit.ingest.directory").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".yaml"):
            continue
        table = _table_of(yaml.safe_load(file.read_text(encoding="utf-8")))
        if file.name != f"{table.name}.yaml":
            raise BadDeclaration(f'"{file.name}" declares table "{table.name}"; rename the file')
        tables[table.name] = table
    return {"enterprise": tables.pop("enterprise"), **tables}


@cache
def directory_digest() -> str:
    """SHA-256 (hex) over all that the directory declares: names, types, keys, values, order."""
    return hashlib.sha256(repr(list(directory().values())).encode()).hexdigest()


def table(name: str) -> Table:
    """Return the canonical table called ``name``.

    Raises:
        BadDeclaration: the directory has no such table.
    """
    tables = directory()
    if name not in tables:
        raise BadDeclaration(f'no table "{name}" in the directory; it has: {", ".join(tables)}')
    return tables[name]
