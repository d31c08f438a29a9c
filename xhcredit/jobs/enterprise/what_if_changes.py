"""Validation of what-if changes: events to add or to withdraw, checked field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from xhcredit.ingest.schema import Column, Table, directory

#: how long a text may be that is only supposed
_MAX_TEXT_LENGTH = 200
_MAX_AMOUNT = Decimal(10) ** 15


@dataclass(frozen=True)
class FieldProblem:
    """Validation error of one field, with the remedy."""

    field: str
    detail: str


@dataclass(frozen=True)
class CheckedChanges:
    """Validated what-if changes: events to add by table, keys to withdraw, and all errors."""

    added: Mapping[str, list[dict[str, Any]]]
    withdrawn: Sequence[tuple[str, Mapping[str, Any]]]
    wrong: list[FieldProblem] = field(default_factory=list)


def supposable_tables() -> dict[str, Table]:
    """Tables of events that may be supposed: scored ones, and no relations (they need others)."""
    return {
        n: t
        for n, t in directory().items()
        if t.kind == "event" and t.scored and _concerns_one_enterprise(t)
    }


def _concerns_one_enterprise(table: Table) -> bool:
    return not any(c.type == "person" and c.required for c in table.columns)


def check_changes(
    add: Sequence[tuple[str, Mapping[str, Any]]],
    withdraw: Sequence[tuple[str, Mapping[str, Any]]],
    as_of: date,
) -> CheckedChanges:
    """Validate what-if events as canonical values and collect all errors.

    Args:
        add: (table, values by column); ``occurred_on`` and ``known_on`` are the as-of day if left
            out.
        withdraw: (table, values of its key columns).
        as_of: the day of the score; later days are refused.
    """
    problems: list[FieldProblem] = []
    added: dict[str, list[dict[str, Any]]] = {}
    for n, (name, values) in enumerate(add):
        field_path, table = f"add.{n}", supposable_tables().get(name)
        if table is None:
            problems.append(_unknown_table(field_path, name))
            continue
        row, row_problems = _row(table, values, as_of, f"{field_path}.values")
        problems += row_problems
        added.setdefault(name, []).append(row)
    keys: list[tuple[str, Mapping[str, Any]]] = []
    for n, (name, key) in enumerate(withdraw):
        field_path, table = f"withdraw.{n}", supposable_tables().get(name)
        if table is None:
            problems.append(_unknown_table(field_path, name))
            continue
        key_columns = [c for c in table.columns if c.name in table.key and c.name != "code"]
        row, row_problems = _values(key_columns, key, f"{field_path}.key")
        problems += row_problems + [
            FieldProblem(f"{field_path}.key.{c.name}", "this names the record; give it")
            for c in key_columns
            if c.required and c.name not in key
        ]
        keys.append((name, row))
    return CheckedChanges(added, keys, problems)


def _unknown_table(field_path: str, name: str) -> FieldProblem:
    table_names = ", ".join(supposable_tables())
    return FieldProblem(
        f"{field_path}.table", f'"{name[:60]}" cannot be supposed; choose one of: {table_names}'
    )


def _row(
    table: Table, values: Mapping[str, Any], as_of: date, field_path: str
) -> tuple[dict[str, Any], list[FieldProblem]]:
    """A whole row of a table, and what is wrong with it."""
    columns = [c for c in table.columns if c.name not in _SYSTEM_COLUMNS and c.type != "person"]
    row, problems = _values(columns, values, field_path)
    full_row = {"occurred_on": as_of, "known_on": as_of} | row
    if full_row.get("ended_on") is not None:
        full_row.setdefault("ended_known_on", full_row["ended_on"])
    problems += [
        FieldProblem(f"{field_path}.{c.name}", f"{c.zh} {c.en}: required; give it")
        for c in columns
        if c.required and full_row.get(c.name) is None and c.name not in values
    ]
    late_columns = [k for k in ("occurred_on", "known_on") if not problems and full_row[k] > as_of]
    problems += [
        FieldProblem(f"{field_path}.{k}", f"is after the day of the score, {as_of}")
        for k in late_columns
    ]
    return full_row | {"withdrawn_on": None, "withdrawn_why": None}, problems


_SYSTEM_COLUMNS = ("code", "withdrawn_on", "withdrawn_why")


def _values(
    columns: Sequence[Column], values: Mapping[str, Any], field_path: str
) -> tuple[dict[str, Any], list[FieldProblem]]:
    """Given values as canonical ones."""
    column_by_name = {c.name: c for c in columns}
    row: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for name, value in values.items():
        if name not in column_by_name:
            message = f"no such column here; it has: {', '.join(column_by_name)}"
            problems.append(FieldProblem(f"{field_path}.{name[:60]}", message))
            continue
        if value is None:
            continue
        try:
            row[name] = _READERS[column_by_name[name].type](column_by_name[name], value)
        except (ValueError, InvalidOperation, TypeError):
            problems.append(
                FieldProblem(
                    f"{field_path}.{name}", f"is no {_expected_form(column_by_name[name])}"
                )
            )
    return row, problems


def _expected_form(column: Column) -> str:
    """Expected form of a column's values."""
    choices = ", ".join(column.value_ids)
    return {
        "category": f"value of this column; choose one of: {choices}",
        "categories": f'value of this column; join some of these by ";": {choices}',
        "date": "day; write it as 2026-06-30",
        "money": "amount in yuan, such as 1200.50",
        "count": "whole number from 0 on",
        "number": "number",
        "flag": "true or false",
    }.get(column.type, f"text of up to {_MAX_TEXT_LENGTH} characters")


def _text(column: Column, value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT_LENGTH or "\0" in value:
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
    # fromisoformat also takes 20260630 and days of a week; one form only is taken here.
    if len(_text(column, value)) != len("2026-06-30"):
        raise ValueError(column.name)
    return date.fromisoformat(value)


def _money(column: Column, value: Any) -> Decimal:
    amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("nan")
    if not amount.is_finite() or not -_MAX_AMOUNT < amount < _MAX_AMOUNT:
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


_READERS: dict[str, Callable[[Column, Any], Any]] = {
    "text": _text, "category": _category, "categories": _categories, "date": _day,
    "money": _money, "count": _count, "number": _number, "flag": _flag, "person": _text,
}  # fmt: skip
