"""PDF documents typeset by typst; texts are passed as data, never as typst code."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from unicodedata import category

import typst

from xhcredit.errors import BadInput
from xhcredit.jobs.documents.spreadsheets import Cells, Column

#: Chinese fonts for documents, the first that is installed
FONTS = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "SimSun", "Noto Serif CJK SC",
)  # fmt: skip
_LIST_LAYOUT = Path(__file__).with_name("listing.typ")
_INVISIBLE_CATEGORIES = ("Cc", "Cf")  #: signs that are not seen, and may turn what is seen around


def typeset(
    layout: Path, content: Mapping[str, object], fonts: Collection[str] | None = None
) -> bytes:
    """A document as PDF.

    Args:
        layout: how it looks; it reads ``content`` as JSON.
        content: what it says.
        fonts: families to choose from; those that are installed if None.

    Raises:
        BadInput: no Chinese font is installed where this runs.
    """
    available_fonts = set(typst.Fonts().families()) if fonts is None else set(fonts)
    font = next((name for name in FONTS if name in available_fonts), None)
    if font is None:
        raise BadInput(f"no Chinese font is installed; install one of: {', '.join(FONTS)}")
    pdf_bytes = typst.compile(
        layout.read_bytes(), sys_inputs={"told": json.dumps({**content, "font": font})}
    )
    if not isinstance(pdf_bytes, bytes):
        raise TypeError("a document of one file was expected")
    return pdf_bytes


def write_pdf(
    path: Path, title: str, notes: Sequence[str], columns: Sequence[Column], rows: Iterable[Cells]
) -> None:
    """Write a list to be printed: title, notes, headings on every page, rows; all in memory.

    Numbers stand at the right with one decimal; the last note stands on every page.

    Raises:
        BadInput: no Chinese font is installed where this runs.
    """
    path.write_bytes(typeset(_LIST_LAYOUT, list_content(title, notes, columns, rows)))


def list_content(
    title: str, notes: Sequence[str], columns: Sequence[Column], rows: Iterable[Cells]
) -> dict[str, object]:
    """What ``write_pdf`` prints, as data."""
    row_list = list(rows)
    printed_rows = [[_cell_text(cell) for cell in row] for row in row_list]
    number_columns = [
        index for index, _ in enumerate(columns) if any(_is_number(row[index]) for row in row_list)
    ]
    return {
        "title": _cell_text(title),
        "notes": [_cell_text(note) for note in notes],
        "heads": [c.heading for c in columns],
        "widths": [c.width for c in columns],
        "numbers": number_columns,
        "rows": printed_rows,
    }


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float)


def _cell_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.1f}"
    return "".join(sign for sign in str(cell) if category(sign) not in _INVISIBLE_CATEGORIES)
