"""A district in which each row has one extreme: every bound of every column, and beyond it."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path

import yaml

from tests.ingest.tools import code
from xhcredit.ingest.schema import THIS_YEAR, Column, Table, directory

DAY = date(2026, 6, 30)
DONE = date(2025, 5, 20)
_ONE_DAY = timedelta(days=1)
#: what stands in the columns of a day if they are not tried
_DAYS = {
    "occurred_on": DONE,
    "known_on": DONE,
    "established_on": date(2015, 3, 2),
    "status_on": date(2015, 3, 2),
    "published_on": date(2025, 5, 25),
    "due_on": date(2025, 6, 10),
    "expires_on": date(2027, 5, 20),
    "ended_on": None,
    "ended_known_on": None,
    "withdrawn_on": None,
    "deregistered_on": None,
}
_NUMBERS = (
    "0",
    "-0",
    "-1",
    "0.000000001",
    "1" + "0" * 15,
    "1" + "0" * 40,
    "1" + "0" * 300,
    "1e-300",
    "1e300",
    "NaN",
    "inf",
    "-inf",
    "0.5",
    "7",
)
_TEXTS_OF_DAYS = ("2024-02-29", "2023-02-29", "0001-01-01", "1000-01-01", "1900-01-01",
                  "2199-12-31", "2200-01-01", "9999-12-31", "2026-13-01", "长期")  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """A cell that is tried: its text, and what it means if it is accepted (else None)."""

    table: Table
    column: Column
    text: str
    meant: object
    code: str


def trials() -> list[Trial]:
    """Every extreme of every bounded column, each on an enterprise of its own."""
    cells = [
        (table, column, text)
        for table in directory().values()
        for column in table.columns
        if column.bounds is not None
        for text in dict.fromkeys(_extremes(column))
    ]
    return [
        Trial(table, column, text, meant(column, text), code(number))
        for number, (table, column, text) in enumerate(cells, 1)
    ]


def most_of(column: Column) -> float | date:
    """The upper bound of a column on the day of the tests."""
    most = column.bounds.most
    return DAY if most is None else DAY.year if most == THIS_YEAR else most


def _extremes(column: Column) -> Iterator[str]:
    least, most = column.bounds.least, most_of(column)
    if column.type == "date":
        yield from (str(day) for day in (least - _ONE_DAY, least, most, most + _ONE_DAY))
        yield from _TEXTS_OF_DAYS
        return
    step = {"money": Decimal("0.01"), "count": 1, "number": Decimal("1e-13")}[column.type]
    exact = [Decimal(repr(bound)) for bound in (least, most)]
    yield from (f"{n:f}" for n in (exact[0] - step, exact[0], exact[1], exact[1] + step))
    yield from _NUMBERS


def meant(column: Column, text: str) -> object:
    """The value of an accepted text, by other means than SQL; None if it must be refused."""
    value = _parsed(column, text)
    if value is None or not column.bounds.least <= value <= most_of(column):
        return None
    return value


def _parsed(column: Column, text: str) -> object:
    if column.type == "date":
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    if column.type == "number":
        return float(text) if math.isfinite(float(text)) else None
    digits = r"\d+(\.0+)?" if column.type == "count" else r"\d+(\.\d+)?"
    if not re.fullmatch(digits, text):
        return None
    if column.type == "count":
        return int(Decimal(text))
    with localcontext(prec=400):
        return Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _row(trial: Trial) -> dict[str, str]:
    """A whole row in which only the tried cell is unusual."""
    row = {column.name: _usual(column) for column in trial.table.columns}
    row |= {"code": trial.code, trial.column.name: trial.text}
    day = trial.meant if isinstance(trial.meant, date) else None
    if trial.column.name in ("known_on", "ended_on", "ended_known_on", "withdrawn_on") and day:
        first = str(min(day, DONE))
        row |= {"occurred_on": first} if "occurred_on" in row else {}
        row |= {"known_on": first} if trial.column.name != "known_on" else {}
        row |= {"ended_on": first} if trial.column.name == "ended_known_on" else {}
    if trial.column.name == "ended_known_on" and not day:
        # the day an ending became known means nothing without an ending, and would be dropped
        row["ended_on"] = row["occurred_on"]
    if trial.column.name == "occurred_on":
        row["known_on"] = trial.text
    if trial.column.name == "withdrawn_on":
        row["withdrawn_why"] = "revoked"
    return row


def _usual(column: Column) -> str:
    if column.type == "date":
        return str(_DAYS[column.name] or "")
    if column.values:
        return "" if column.name == "withdrawn_why" else column.value_ids[0]
    texts = {"money": "12345.67", "count": "12", "number": "0.5", "flag": "1"}
    return "2024" if column.name == "year" else texts.get(column.type, f"甲{column.name}")


def write(folder: Path, trials: list[Trial]) -> Path:
    """Write exports and mappings of all tables into ``folder``; return that of the mappings."""
    mappings = folder / "mappings"
    mappings.mkdir(parents=True)
    (folder / "in").mkdir()
    for place, table in enumerate(directory().values()):
        rows = [_row(trial) for trial in trials if trial.table is table]
        if table.kind == "register":
            rows += [_registered(table, t.code) for t in trials if t.table is not table]
        names = [column.name for column in table.columns]
        with (folder / "in" / f"{place:02}_{table.name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
        mapping = {
            "mapping": table.name,
            "files": f"*_{table.name}.csv",
            "tables": [{"table": table.name, "columns": {name: name for name in names}}],
        }
        text = yaml.safe_dump(mapping, allow_unicode=True)
        (mappings / f"{table.name}.yaml").write_text(text, encoding="utf-8")
    return mappings


def _registered(table: Table, code: str) -> dict[str, str]:
    row = {column.name: _usual(column) for column in table.columns}
    return row | {"code": code, "known_on": "2015-03-02", "bureau": "示例区市场监督管理局"}
