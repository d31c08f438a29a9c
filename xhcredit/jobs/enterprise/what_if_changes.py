"""Validation of what-if changes: events to add or to withdraw, checked field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from xhcredit.ingest.schema import Column, Table, directory

#: how long a text may be that is only supposed
_LONGEST = 200
_MOST = Decimal(10) ** 15


@dataclass(frozen=True)
class Wrong:
    """Validation error of one field, with the remedy."""

    field: str
    detail: str


@dataclass(frozen=True)
class Checked:
    """Validated what-if changes: events to add by table, keys to withdraw, and all errors."""

    added: Mapping[str, list[dict[str, Any]]]
    withdrawn: Sequence[tuple[str, Mapping[str, Any]]]
    wrong: list[Wrong] = field(default_factory=list)


def supposable() -> dict[str, Table]:
    """Tables of events that may be supposed: scored ones, and no relations (they need others)."""
    return {n: t for n, t in directory().items() if t.kind == "event" and t.scored and _own(t)}


def _own(table: Table) -> bool:
    return not any(c.type == "person" and c.required for c in table.columns)


def checked(
    add: Sequence[tuple[str, Mapping[str, Any]]],
    withdraw: Sequence[tuple[str, Mapping[str, Any]]],
    as_of: date,
) -> Checked:
    """Validate what-if events as canonical values and collect all errors.

    Args:
        add: (table, values by column); ``occurred_on`` and ``known_on`` are the as-of day if left
            out.
        withdraw: (table, values of its key columns).
        as_of: the day of the score; later days are refused.
    """
    wrong: list[Wrong] = []
    added: dict[str, list[dict[str, Any]]] = {}
    for n, (name, values) in enumerate(add):
        place, table = f"add.{n}", supposable().get(name)
        if table is None:
            wrong.append(_no_table(place, name))
            continue
        row, found = _row(table, values, as_of, f"{place}.values")
        wrong += found
        added.setdefault(name, []).append(row)
    keys: list[tuple[str, Mapping[str, Any]]] = []
    for n, (name, key) in enumerate(withdraw):
        place, table = f"withdraw.{n}", supposable().get(name)
        if table is None:
            wrong.append(_no_table(place, name))
            continue
        wanted = [c for c in table.columns if c.name in table.key and c.name != "code"]
        row, found = _values(wanted, key, f"{place}.key")
        wrong += found + [
            Wrong(f"{place}.key.{c.name}", "this names the record; give it")
            for c in wanted
            if c.required and c.name not in key
        ]
        keys.append((name, row))
    return Checked(added, keys, wrong)


def _no_table(place: str, name: str) -> Wrong:
    known = ", ".join(supposable())
    return Wrong(f"{place}.table", f'"{name[:60]}" cannot be supposed; choose one of: {known}')


def _row(
    table: Table, values: Mapping[str, Any], as_of: date, place: str
) -> tuple[dict[str, Any], list[Wrong]]:
    """A whole row of a table, and what is wrong with it."""
    columns = [c for c in table.columns if c.name not in _NOT_GIVEN and c.type != "person"]
    row, wrong = _values(columns, values, place)
    made = {"occurred_on": as_of, "known_on": as_of} | row
    if made.get("ended_on") is not None:
        made.setdefault("ended_known_on", made["ended_on"])
    wrong += [
        Wrong(f"{place}.{c.name}", f"{c.zh} {c.en}: required; give it")
        for c in columns
        if c.required and made.get(c.name) is None and c.name not in values
    ]
    late = [k for k in ("occurred_on", "known_on") if not wrong and made[k] > as_of]
    wrong += [Wrong(f"{place}.{k}", f"is after the day of the score, {as_of}") for k in late]
    return made | {"withdrawn_on": None, "withdrawn_why": None}, wrong


_NOT_GIVEN = ("code", "withdrawn_on", "withdrawn_why")


def _values(
    columns: Sequence[Column], values: Mapping[str, Any], place: str
) -> tuple[dict[str, Any], list[Wrong]]:
    """Given values as canonical ones."""
    known = {c.name: c for c in columns}
    row: dict[str, Any] = {}
    wrong: list[Wrong] = []
    for name, value in values.items():
        if name not in known:
            told = f"no such column here; it has: {', '.join(known)}"
            wrong.append(Wrong(f"{place}.{name[:60]}", told))
            continue
        if value is None:
            continue
        try:
            row[name] = _READ[known[name].type](known[name], value)
        except (ValueError, InvalidOperation, TypeError):
            wrong.append(Wrong(f"{place}.{name}", f"is no {_wanted(known[name])}"))
    return row, wrong


def _wanted(column: Column) -> str:
    """Expected form of a column's values."""
    words = ", ".join(column.value_ids)
    return {
        "category": f"value of this column; choose one of: {words}",
        "categories": f'value of this column; join some of these by ";": {words}',
        "date": "day; write it as 2026-06-30",
        "money": "amount in yuan, such as 1200.50",
        "count": "whole number from 0 on",
        "number": "number",
        "flag": "true or false",
    }.get(column.type, f"text of up to {_LONGEST} characters")


def _text(column: Column, value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST or "\0" in value:
        raise ValueError(column.name)
    return value


def _category(column: Column, value: Any) -> str:
    if value not in column.value_ids:
        raise ValueError(column.name)
    return str(value)


def _categories(column: Column, value: Any) -> str:
    parts = sorted(set(_text(column, value).split(";")))
    return ";".join(_category(column, part) for part in parts)


def _day(column: Column, value: Any) -> date:
    if len(_text(column, value)) != len("2026-06-30"):
        raise ValueError(column.name)
    return date.fromisoformat(value)


def _money(column: Column, value: Any) -> Decimal:
    amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("nan")
    if not amount.is_finite() or not -_MOST < amount < _MOST:
        raise ValueError(column.name)
    return amount


def _count(column: Column, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError(column.name)
    return value


def _number(column: Column, value: Any) -> float:
    return float(_money(column, value))


def _flag(column: Column, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(column.name)
    return value


_READ: dict[str, Callable[[Column, Any], Any]] = {
    "text": _text, "category": _category, "categories": _categories, "date": _day,
    "money": _money, "count": _count, "number": _number, "flag": _flag, "person": _text,
}  # fmt: skip
