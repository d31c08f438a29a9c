"""Read a sheet of an XLSX file as texts, row by row; refuse zip bombs and formulas."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl

from xhcredit.errors import BadInput
from xhcredit.ingest.mapping_types import Format
from xhcredit.ingest.readers.staged import RefusedRow, Staged, StageWriter, checked_header
from xhcredit.ingest.sql_text import read_parquet
from xhcredit.ingest.suggest import hint_for

_MAX_UNPACKED_BYTES = 2 << 30  # bytes unpacked
_MAX_PACKING_RATIO = 300  # times smaller when packed; real sheets reach about 30
_MIN_CHECKED_BYTES = 20 << 20  # a smaller member does no harm, however well it packs


def stage_xlsx(path: Path, source_format: Format, folder: Path) -> Staged:
    """Read a sheet into a Parquet file of texts in ``folder``.

    Days become ``YYYY-MM-DD``.  A row that holds a formula is refused: what it shows depends on
    who opened it last.

    Raises:
        BadInput: no spreadsheet, a zip bomb, an unknown or doubtful sheet.
    """
    _refuse_bombs(path)
    try:
        # Formulas, not the values that were last computed: those would pass for typed ones.
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except Exception as error:  # openpyxl raises whatever broke inside
        raise BadInput(f'"{path.name}" cannot be read as XLSX ({error}); save it anew') from error
    try:
        return _stage_sheet(_sheet(workbook, source_format.sheet, path), path, folder)
    except (KeyError, ValueError, SyntaxError, zipfile.BadZipFile) as error:
        raise BadInput(
            f'"{path.name}" is damaged ({type(error).__name__}: {error}); save it anew'
        ) from error
    finally:
        workbook.close()


def _refuse_bombs(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        raise BadInput(
            f'"{path.name}" is no XLSX file; open it in a spreadsheet program and save it as .xlsx '
            f"without password"
        ) from error
    unpacked = sum(member.file_size for member in members)
    suspicious_members = [
        member
        for member in members
        if member.file_size > _MIN_CHECKED_BYTES
        and member.file_size > _MAX_PACKING_RATIO * max(member.compress_size, 1)
    ]
    if unpacked > _MAX_UNPACKED_BYTES or suspicious_members:
        raise BadInput(
            f'"{path.name}" unpacks from {path.stat().st_size:,} to {unpacked:,} bytes, as no real '
            f"sheet does; export the table as CSV"
        )


def _sheet(workbook: Any, name: str, path: Path) -> Any:
    sheets = {sheet.title: sheet for sheet in workbook.worksheets}
    if name:
        if name not in sheets:
            raise BadInput(
                f'"{path.name}" has no sheet "{name}"{hint_for(name, sheets)}; it has: '
                f"{', '.join(sheets)}"
            )
        return sheets[name]
    filled = [s for s in sheets.values() if any(any(r) for r in s.iter_rows(values_only=True))]
    if len(filled) > 1:
        names = ", ".join(sheet.title for sheet in filled)
        raise BadInput(
            f'"{path.name}" has {len(filled)} sheets with content ({names}); name the one to read: '
            f"`format: {{sheet: {filled[0].title}}}`"
        )
    if not filled:
        raise BadInput(f'"{path.name}" is empty; ask the department for the file again')
    return filled[0]


def _stage_sheet(sheet: Any, path: Path, folder: Path) -> Staged:
    """Copy the rows of a sheet; the size that the file claims is not believed."""
    sheet.reset_dimensions()
    rows = iter(sheet.iter_rows())
    columns = checked_header(_trimmed([_text(c.value) for c in next(rows, ())]), path.name)
    target = folder / "source.parquet"
    with StageWriter(target, columns) as writer:
        for number, cells in enumerate(rows, start=2):
            _add_row(writer, number, cells, len(columns), path.name)
    return Staged(f"SELECT * FROM {read_parquet([target])}", columns, tuple(writer.refused))


def _add_row(
    writer: StageWriter, number: int, cells: Sequence[Any], width: int, source: str
) -> None:
    """Add one row, or refuse it."""
    formula = next((cell.value for cell in cells if cell.data_type == "f"), None)
    if formula is not None:
        writer.refuse(RefusedRow(number, "formula", str(formula)), source)
        return
    row = _trimmed([_text(cell.value) for cell in cells])
    if len(row) > width:
        detail = f"{len(row)} ≠ {width}"
        row_text = ",".join(cell or "" for cell in row[:50])
        writer.refuse(RefusedRow(number, "ragged_row", row_text, detail), source)
        return
    writer.add(number, row + [None] * (width - len(row)))


def _trimmed(row: list[str]) -> list[Any]:
    """Without the empty cells at the end."""
    end = len(row)
    while end and not row[end - 1]:
        end -= 1
    return list(row[:end])


def _text(value: object) -> str:
    """Text of a cell; empty for an empty cell."""
    return cell_text(value) or ""


def cell_text(value: object) -> str | None:
    """Turn a value of a spreadsheet or database to text; days to ``YYYY-MM-DD``.

    >>> cell_text(datetime(2024, 1, 2)), cell_text(3.0), cell_text(0.25), cell_text(True)
    ('2024-01-02', '3', '0.25', 'true')
    """
    if value is None:
        return None
    if isinstance(value, datetime):
        # Excel keeps a moment as a fraction of a day: microseconds are its rounding, nobody's.
        naive_moment = value.replace(tzinfo=None, microsecond=0)
        return (
            naive_moment.date().isoformat()
            if naive_moment.time() == time.min
            else str(naive_moment)
        )
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        # Sheets know no whole numbers: a number of a document comes as 3.0.
        return f"{value:.0f}" if value.is_integer() else repr(value)
    return str(value)
