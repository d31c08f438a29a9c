"""PDF documents typeset by typst; texts are passed as data, never as typst code."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from unicodedata import category

import typst

from xhcredit.errors import BadInput
from xhcredit.jobs.documents.spreadsheets import Cells, Column

#: Chinese fonts for documents, the first that is installed
FONTS = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "SimSun", "Noto Serif CJK SC",
)  # fmt: skip
_LIST = Path(__file__).with_name("listing.typ")
_UNSEEN = ("Cc", "Cf")  #: signs that are not seen, and may turn what is seen around


def typeset(layout: Path, told: Mapping[str, Any], fonts: Collection[str] | None = None) -> bytes:
    """A document as PDF.

    Args:
        layout: how it looks; it reads ``told`` as JSON.
        told: what it says.
        fonts: families to choose from; those that are installed if None.

    Raises:
        BadInput: no Chinese font is installed where this runs.
    """
    there = set(typst.Fonts().families()) if fonts is None else set(fonts)
    font = next((name for name in FONTS if name in there), None)
    if font is None:
        raise BadInput(f"no Chinese font is installed; install one of: {', '.join(FONTS)}")
    made = typst.compile(
        layout.read_bytes(), sys_inputs={"told": json.dumps({**told, "font": font})}
    )
    if not isinstance(made, bytes):
        raise TypeError("a document of one file was expected")
    return made


def write_pdf(
    path: Path, title: str, notes: Sequence[str], columns: Sequence[Column], rows: Iterable[Cells]
) -> None:
    """Write a list to be printed: title, notes, headings on every page, rows; all in memory.

    Numbers stand at the right with one decimal; the last note stands on every page.

    Raises:
        BadInput: no Chinese font is installed where this runs.
    """
    path.write_bytes(typeset(_LIST, listing(title, notes, columns, rows)))


def listing(
    title: str, notes: Sequence[str], columns: Sequence[Column], rows: Iterable[Cells]
) -> dict[str, Any]:
    """What ``write_pdf`` prints, as data."""
    held = list(rows)
    told = [[_printed(cell) for cell in row] for row in held]
    numbers = [at for at, _ in enumerate(columns) if any(_is_number(row[at]) for row in held)]
    return {
        "title": _printed(title),
        "notes": [_printed(note) for note in notes],
        "heads": [c.heading for c in columns],
        "widths": [c.width for c in columns],
        "numbers": numbers,
        "rows": told,
    }


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float)


def _printed(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.1f}"
    return "".join(sign for sign in str(cell) if category(sign) not in _UNSEEN)
