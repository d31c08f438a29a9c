"""The declared directory (目录): which tables and columns exist, and what each one means."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from xhcredit.errors import BadDeclaration

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


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    ``with_end`` marks a fact that is known only together with the event's ending (the outcome of
    a complaint, say); ``never_feature`` marks what no feature may read.  ``usual`` are bounds for
    the median of a money column in one delivery, in yuan: our own plausibility against amounts in
    the wrong unit, no rule of law; far outside them a file is refused.
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
        known = ", ".join(c.name for c in self.columns)
        raise BadDeclaration(f'table "{self.name}" has no column "{name}"; it has: {known}')


#: said of a record that counts again: the restoration that withdrew it was itself revoked
REINSTATED = "reinstated"
_CODE = Column("code", "text", "统一社会信用代码", "unified social credit code", required=True)
_KNOWN = Column("known_on", "date", "归集日", "day from which the district could know", True)
_WITHDRAWN = (
    Column("withdrawn_on", "date", "停用日", "day from which it no longer counts"),
    Column("withdrawn_why", "category", "停用原因", "why it no longer counts", values=(
        ("revoked", "撤销或变更"), ("restored", "信用修复"), ("corrected", "更正"),
        ("objection", "异议成立"), ("expired", "公示期满"),
        (REINSTATED, "撤销修复后重新计入"),
    )),
)  # fmt: skip


def _own_columns(raw: dict[str, Any]) -> list[Column]:
    """Turn the ``columns`` block of a directory file into columns."""
    return [
        Column(
            name=name,
            **{
                **c,
                "values": tuple((c.get("values") or {}).items()),
                "usual": tuple(c["usual"]) if "usual" in c else None,
            },
        )
        for name, c in raw["columns"].items()
    ]


def _common_columns(raw: dict[str, Any]) -> list[Column]:
    """The columns that a table of this kind always has."""
    if raw["kind"] == "register":
        return [_CODE, _KNOWN]
    occurred = Column("occurred_on", "date", raw["occurred_zh"], "day on which it happened", True)
    ends: list[Column] = []
    if "ends_zh" in raw:
        ends = [
            Column("ended_on", "date", raw["ends_zh"], raw["ends_en"]),
            Column("ended_known_on", "date", "结束归集日", "day the ending became known"),
        ]
    return [_CODE, occurred, _KNOWN, *ends, *_WITHDRAWN]


def _table(raw: dict[str, Any]) -> Table:
    return Table(
        name=raw["table"],
        kind=raw["kind"],
        name_zh=raw["name_zh"],
        name_en=raw["name_en"],
        directory=raw["directory"],
        authority=raw["authority"],
        key=tuple(raw["key"]),
        columns=tuple(_common_columns(raw) + _own_columns(raw)),
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
        table = _table(yaml.safe_load(file.read_text(encoding="utf-8")))
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
