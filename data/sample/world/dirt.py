"""Dirty rows: what real exports contain, a few of each kind, every one of them written down.

Kinds that add a row copy a good one, so that without the bad rows the file is the clean one; two
kinds (lower case, full width) rewrite a good row's code, which means the same enterprise still.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from . import codes
from .layout import LAYOUTS
from .render import row_order

Cells = dict[str, str | None]
_FULL_WIDTH = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})
FAR_NUMBER = codes.MOST - 1


def _wrong_check(code: str) -> str:
    last = codes.SYMBOLS.tobytes().decode()
    return code[:17] + last[(last.index(code[17]) + 5) % 31]


def _wrong_organisation(code: str) -> str:
    """Wrong by GB 11714 only: the last character fits what stands before."""
    body = code[:16] + ("3" if code[16] != "3" else "4")
    first17 = np.frombuffer(body.encode(), np.uint8).reshape(1, 17)
    return body + chr(int(codes.unified_check(first17)[0]))


def _stranger(_: str) -> str:
    """A sound code that the register does not have."""
    made = codes.make(np.array([FAR_NUMBER]), np.array([b"91"]), np.array([True]))
    return str(made[0])


@dataclass(frozen=True)
class Kind:
    """One kind of dirt: which table and columns, and what becomes of their cells."""

    name: str
    table: str
    spoil: dict[str, Callable[[str], str | None]]
    key: str = ""  # number column that the added row gets anew
    adds: bool = True


KINDS = (
    Kind("wrong_check_digit", "penalty", {"code": _wrong_check}, "doc_no"),
    Kind("wrong_organisation_digit", "inspection", {"code": _wrong_organisation}, "inspection_no"),
    Kind("nineteen_characters", "inspection", {"code": lambda c: c + "0"}, "inspection_no"),
    Kind("lower_case_code", "registration_change", {"code": str.lower}, adds=False),
    Kind(
        "full_width_code",
        "abnormal_listing",
        {"code": lambda c: c.translate(_FULL_WIDTH)},
        adds=False,
    ),
    Kind("impossible_date", "penalty", {"occurred_on": lambda _: "2023/2/30"}, "doc_no"),
    Kind("known_before_occurred", "complaint", {"known_on": lambda _: "2019/1/2"}, "complaint_no"),
    Kind(
        "future_date",
        "judicial",
        {
            "occurred_on": lambda _: "2034年5月6日",
            "known_on": lambda _: "2034年5月7日",
            "ended_on": lambda _: None,
            "ended_known_on": lambda _: None,
        },
        "case_no",
    ),
    Kind("duplicate_row", "annual_report", {}),
    Kind("unknown_enterprise", "permit", {"code": _stranger}, "permit_no"),
    Kind("amount_with_unit", "judicial", {"amount_yuan": lambda _: "3万元"}, "case_no"),
    Kind("unknown_category", "inspection", {"result": lambda _: "情况不明"}, "inspection_no"),
    Kind("empty_required", "penalty", {"procedure": lambda _: None}, "doc_no"),
)


def spoiled_columns(table: str) -> set[str]:
    """Columns that dirt makes text, whatever they were; dates also where only one is spoiled."""
    return {column for kind in KINDS if kind.table == table for column in kind.spoil}


def soil(
    name: str, table: pa.Table, each: int, rng: np.random.Generator
) -> tuple[pa.Table, list[dict[str, object]]]:
    """Add ``each`` rows of every kind that this table gets.

    Returns:
        The table, and an entry per dirty row with its number (the header is row 1).
    """
    kinds = [kind for kind in KINDS if kind.table == name]
    if not kinds or table.num_rows < 20:
        return table, []
    layout = LAYOUTS[name]
    spots = rng.choice(table.num_rows, size=each * len(kinds), replace=False)
    marks = np.full(table.num_rows, "", object)
    added: list[Cells] = []
    for number, spot in enumerate(spots):
        kind = kinds[number // each]
        if not kind.adds:
            spot = spots[number] = _with_letters(table[layout.header("code")], int(spot), spots)
        cells: Cells = table.slice(int(spot), 1).to_pylist()[0]
        spoiled = _spoiled(kind, cells, number)
        if kind.adds:
            added.append(spoiled)
            marks = np.append(marks, kind.name)
        else:
            table = _replaced(table, int(spot), layout.header("code"), spoiled)
            marks[spot] = kind.name
    extra = pa.Table.from_pylist(added, schema=table.schema)
    order = row_order(len(marks), len(added), rng)
    table = pa.concat_tables([table, extra]).take(pa.array(order))
    rows = [
        {"kind": str(mark), "table": name, "row": int(row) + 2}
        for row, mark in enumerate(marks[order])
        if mark
    ]
    return table, rows


def _with_letters(column: pa.ChunkedArray, spot: int, taken: np.ndarray) -> int:
    """This row, or the next free one whose code has a letter: only a letter can be a small one."""
    while str(column[spot]).isdecimal():
        spot = (spot + 1) % len(column)
        while spot in taken:
            spot = (spot + 1) % len(column)
    return spot


def _spoiled(kind: Kind, cells: Cells, number: int) -> Cells:
    layout = LAYOUTS[kind.table]
    result = dict(cells)
    if kind.key:
        header = layout.header(kind.key)
        result[header] = f"{cells[header]}-{number + 1}"
    for column, change in kind.spoil.items():
        header = layout.header(column)
        result[header] = change(cells[header] or "")
    return result


def _replaced(table: pa.Table, row: int, header: str, cells: Cells) -> pa.Table:
    values = table[header].to_pylist()
    values[row] = cells[header]
    position = table.column_names.index(header)
    return table.set_column(position, header, pa.array(values, table[header].type))
