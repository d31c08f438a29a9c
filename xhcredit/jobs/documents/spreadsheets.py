"""CSV and XLSX lists; no cell is interpreted as a formula or a link."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from xhcredit.domain.files import write_whole
from xhcredit.domain.number_format import rounded
from xhcredit.domain.spreadsheet_safety import neutral

Cells = Sequence[object]


@contextmanager
def workbook(path: Path, *, in_order: bool = True) -> Iterator[xlsxwriter.Workbook]:
    """A spreadsheet to be filled, row by row if ``in_order``; it appears whole or not at all.

    It is packed in memory: an archive on a full disk would try again to end itself, and complain,
    long after the error was told.
    """
    options = {
        "constant_memory": in_order, "strings_to_formulas": False, "strings_to_urls": False,
    }  # fmt: skip
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, options) as xlsx_workbook:
        yield xlsx_workbook
    write_whole(path, content.getvalue())


class Column(NamedTuple):
    """One column: what is written above it, and how wide it is (in characters)."""

    heading: str
    width: int


def write_csv(path: Path, title: str, columns: Sequence[Column], rows: Iterable[Cells]) -> None:
    """Write a list as CSV: first a line that says what it is, then headings, then rows.

    It begins with the mark by which Excel knows UTF-8.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv_writer = csv.writer(file, lineterminator="\r\n")
        csv_writer.writerow([neutral(title)])
        csv_writer.writerow([c.heading for c in columns])
        for row in rows:
            csv_writer.writerow([neutral(rounded(cell)) for cell in row])


def write_xlsx(path: Path, title: str, columns: Sequence[Column], rows: Iterable[Cells]) -> None:
    """Write a list as a spreadsheet, laid out as the CSV."""
    with workbook(path) as xlsx_workbook:
        sheet, bold = xlsx_workbook.add_worksheet(), xlsx_workbook.add_format({"bold": True})
        for index, column in enumerate(columns):
            sheet.set_column(index, index, column.width)
        sheet.write_string(0, 0, neutral(title))
        for index, column in enumerate(columns):
            sheet.write_string(1, index, column.heading, bold)
        sheet.freeze_panes(2, 0)
        for row_index, row in enumerate(rows, 2):
            for index, cell in enumerate(row):
                _write(sheet, row_index, index, cell)


def _write(sheet: Worksheet, row: int, column: int, cell: object) -> None:
    if isinstance(cell, str):
        sheet.write_string(row, column, neutral(cell))
    elif cell is not None:
        sheet.write_number(row, column, rounded(cell))
