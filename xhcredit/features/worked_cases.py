"""Worked cases of indicators as text tables, which people who do not program can write and check.

A file holds cases; a case is a heading, a sentence or two of why, tables of events, and the table
of what is expected, one column per as-of day::

    ## A penalty counts from the day on which it became known
    penalty:
    | occurred_on | known_on   | procedure | penalty_kinds |
    | 2026-01-10  | 2026-01-20 | ordinary  | fine          |
    expect:
    | feature       | 2026-01-19 | 2026-01-20 |
    | penalties_24m | 0          | 1          |

``-`` is an empty cell; ``missing`` an expected missing value; arithmetic such as ``(1+1)/(3+20)``
may stand for an expected number.  Left out, ``known_on`` is ``occurred_on``, ``ended_known_on`` is
``ended_on``, and keys are numbered.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from xhcredit.engine.compile import with_inputs
from xhcredit.engine.one_enterprise import compute_one
from xhcredit.engine.spec import Feature
from xhcredit.errors import BadDeclaration
from xhcredit.features.registry import features, scored_features
from xhcredit.ingest.schema import CellValue, table
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.fields import SupervisedField

Cells = dict[str, str]
_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


@dataclass
class Case:
    """One case: events by table, and expected values by day and feature."""

    title: str
    events: dict[str, list[dict[str, CellValue]]] = field(default_factory=dict)
    expected: dict[date, dict[str, float]] = field(default_factory=dict)


def case_faults(file: Path, field: SupervisedField, rules: Rulebook) -> list[str]:
    """What is wrong with a field's cases, one line each: wrong values, and indicators in no case.

    Args:
        file: of the cases (``cases.md`` of the field's folder).
        field: whose cases.
        rules: the rulebook that holds the field.
    """
    name, declared = f"{field.folder}/{file.name}", features(rules)
    scored = {f.id for f in scored_features(field.name, rules)}
    try:
        cases = read_cases(file)
        faults = [f"{name}: {fault}" for case in cases for fault in wrong_values(case, declared)]
    except (OSError, ValueError, KeyError, BadDeclaration) as error:
        return [f"{name}: {error}; write it as xhcredit/fields/food/cases.md"]
    shown = {feature for case in cases for values in case.expected.values() for feature in values}
    return faults + [
        f'{name}: no case shows "{feature}"; write one, worked out by hand'
        for feature in sorted(scored - shown)
    ]


def wrong_values(case: Case, declared: dict[str, Feature]) -> Iterator[str]:
    """Every indicator of a case that has another value than expected, a line for each day.

    Raises:
        BadDeclaration: the case names an indicator that does not exist.
    """
    for as_of, expected in case.expected.items():
        values = compute_one(with_inputs(list(expected), declared), case.events, as_of)
        for feature, value in expected.items():
            if not _is_same(values[feature], value):
                yield (
                    f'case "{case.title}": {feature} on {as_of} is {values[feature]:g}, not '
                    f"{value:g}; correct the case, or the indicator"
                )


def _is_same(value: float, expected: float) -> bool:
    return math.isclose(value, expected, rel_tol=1e-6) or (
        math.isnan(value) and math.isnan(expected)
    )


def read_cases(file: Path) -> list[Case]:
    """Read all cases of a file.

    Raises:
        ValueError: a table or cell that cannot be read, or a case that expects nothing.
        BadDeclaration: a table or column that the directory does not have.
    """
    parts = re.split(r"^## ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [_case(part) for part in parts]


def _case(text: str) -> Case:
    case = Case(title=text.splitlines()[0].strip())
    for name, rows in _blocks(text):
        if name == "expect":
            case.expected = _expected(rows)
        else:
            case.events[name] = [_event(name, n, row) for n, row in enumerate(rows)]
    if not case.expected:
        raise ValueError(f'case "{case.title}" expects nothing; add a table "expect:"')
    return case


def _blocks(text: str) -> Iterator[tuple[str, list[Cells]]]:
    """Every table of a case with its name."""
    for match in re.finditer(r"^(\w+):\n((?:\|.*\n?)+)", text, flags=re.MULTILINE):
        lines = [_cells(line) for line in match[2].splitlines()]
        rows = [row for row in lines[1:] if set("".join(row)) != {"-"} or len(row) == 1]
        yield match[1], [dict(zip(lines[0], row, strict=True)) for row in rows]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _event(name: str, number: int, row: Cells) -> dict[str, CellValue]:
    t = table(name)
    event: dict[str, CellValue] = {"code": "91310000000000000X"}
    event |= {key: f"{number:03}" for key in t.key if t.column(key).type in ("text", "person")}
    event |= {column: _value(t.column(column).type, cell) for column, cell in row.items()}
    if t.kind == "event":
        event.setdefault("known_on", event["occurred_on"])
        event.setdefault("ended_known_on", event.get("ended_on"))
    return event


def _value(kind: str, cell: str) -> CellValue:
    if cell == "-":
        return None
    readers: dict[str, Callable[[str], CellValue]] = {
        "date": date.fromisoformat,
        "money": Decimal,
        "count": int,
        "number": float,
        "flag": {"yes": True, "no": False}.__getitem__,
    }
    return readers.get(kind, str)(cell)


def _expected(rows: list[Cells]) -> dict[date, dict[str, float]]:
    days = [column for column in rows[0] if column != "feature"]
    return {
        date.fromisoformat(day): {row["feature"]: number(row[day]) for row in rows} for day in days
    }


def number(cell: str) -> float:
    """A number, simple arithmetic, or ``missing``.

    >>> number("(1+1)/4")
    0.5
    """
    if cell == "missing":
        return float("nan")
    return _arithmetic(ast.parse(cell, mode="eval").body)


def _arithmetic(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_arithmetic(node.operand)
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_arithmetic(node.left), _arithmetic(node.right))
    raise ValueError(f'"{ast.unparse(node)}" is no number; write digits, + - * / or "missing"')
