"""Inspector list (执法检查人员名录库) and recusals (回避): CSV readers and their types.

``inspectors.csv``: ``inspector,qualifications,unit,capacity`` (qualifications separated by ``;``);
``recusals.csv``: ``inspector,code,reason``.  Both are part of the commitment byte by byte.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from xhcredit.errors import BadInput

INSPECTOR_COLUMNS = ("inspector", "qualifications", "unit", "capacity")
RECUSAL_COLUMNS = ("inspector", "code", "reason")


@dataclass(frozen=True)
class Inspector:
    """One inspector: qualifications, unit, and capacity in places of this draw."""

    inspector: str
    qualifications: frozenset[str]
    unit: str
    capacity: int


@dataclass(frozen=True)
class Need:
    """Requirements of one place; an empty text requires nothing."""

    qualification: str = ""
    unit: str = ""

    def met_by(self, inspector: Inspector) -> bool:
        """Whether an inspector may take such a place, recusal and capacity aside."""
        return (not self.qualification or self.qualification in inspector.qualifications) and (
            not self.unit or self.unit == inspector.unit
        )


@dataclass(frozen=True)
class VisitPlaces:
    """A drawn enterprise and its places, the lead place first."""

    code: str
    needs: tuple[Need, ...]


def visit_with_lead(code: str, qualification: str, places: int) -> VisitPlaces:
    """A visit with one lead place for a qualification and ``places - 1`` further ones."""
    return VisitPlaces(code, (Need(qualification), *[Need()] * (places - 1)))


def read_inspectors(content: bytes, name: str = "inspectors.csv") -> tuple[Inspector, ...]:
    """Read the list of inspectors.

    Raises:
        BadInput: not UTF-8, another header, an empty or repeated inspector, or a capacity that is
            no whole number; file, row and column are named.
    """
    inspectors: dict[str, Inspector] = {}
    for row, cells in _rows(content, name, INSPECTOR_COLUMNS):
        inspector_id = cells["inspector"]
        if inspector_id in inspectors:
            raise _bad_cell(
                name, row, "inspector", f'"{inspector_id}" is there twice; keep one row'
            )
        qualifications = frozenset(
            q.strip() for q in cells["qualifications"].split(";") if q.strip()
        )
        capacity = cells["capacity"]
        # isdecimal alone also takes full-width digits, which another program that replays the
        # draw may read otherwise.
        if not (capacity.isascii() and capacity.isdecimal()):
            raise _bad_cell(
                name, row, "capacity", f'"{capacity}" is no whole number; write 0, 1, 2 …'
            )
        inspectors[inspector_id] = Inspector(
            inspector_id, qualifications, cells["unit"], int(capacity)
        )
    if not inspectors:
        raise BadInput(f'"{name}" names no inspector; export the list again')
    return tuple(inspectors.values())


def read_recusals(
    content: bytes, inspectors: tuple[Inspector, ...], name: str = "recusals.csv"
) -> frozenset[tuple[str, str]]:
    """Read recusals: pairs of inspector and enterprise code.  A file without rows is fine.

    Raises:
        BadInput: not UTF-8, another header, an inspector who is not on the list, no code or no
            reason; file, row and column are named.
    """
    known_ids = {i.inspector for i in inspectors}
    pairs = set()
    for row, cells in _rows(content, name, RECUSAL_COLUMNS):
        # A recusal with a misspelt number would silently protect nobody.
        if cells["inspector"] not in known_ids:
            problem = f'"{cells["inspector"]}" is not on the list of inspectors; correct it'
            raise _bad_cell(name, row, "inspector", problem)
        for column in ("code", "reason"):
            if not cells[column]:
                raise _bad_cell(name, row, column, "empty; every recusal has a code and a reason")
        pairs.add((cells["inspector"], cells["code"]))
    return frozenset(pairs)


def _rows(
    content: bytes, name: str, columns: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with their number (header = 1), cells without blanks around them."""
    # Strict: a quote that is left open would swallow the inspectors after it in silence.
    reader = csv.reader(io.StringIO(_text(content, name), newline=""), strict=True)
    try:
        header = tuple(h.strip() for h in next(reader, []))
        if header != columns:
            raise _bad_cell(
                name, 1, "all", f'header "{",".join(header)}"; write "{",".join(columns)}"'
            )
        for row, cells in enumerate(reader, 2):
            if not cells:
                continue
            if len(cells) != len(columns):
                raise _bad_cell(name, row, "all", f"{len(cells)} cells; write {len(columns)}")
            cell_by_column = {c: cell.strip() for c, cell in zip(columns, cells, strict=True)}
            if not cell_by_column["inspector"]:
                raise _bad_cell(name, row, "inspector", "empty; write the number of the inspector")
            if "|" in cell_by_column["inspector"]:
                raise _bad_cell(
                    name, row, "inspector", '"|" separates parts of tickets; leave it out'
                )
            yield row, cell_by_column
    except csv.Error as error:
        raise BadInput(f'"{name}" cannot be read ({error}); export it again as CSV') from error


def _text(content: bytes, name: str) -> str:
    try:
        # Excel puts a BOM before "CSV UTF-8"; it would become part of the first column's name.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise BadInput(f'"{name}", row {row}: not UTF-8; save it as "CSV UTF-8"') from error


def _bad_cell(name: str, row: int, column: str, problem: str) -> BadInput:
    return BadInput(f'"{name}", row {row}, column {column}: {problem}')
