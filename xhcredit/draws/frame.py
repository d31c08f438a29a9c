"""Sampling frame (名录库): one row per enterprise that may be drawn, as an exact file format.

File ``frame.csv``: UTF-8, no BOM, LF, no quotes, header ``code,stratum,odds,salt`` (and
``,working`` where probabilities are calibrated), rows sorted by code, each code once.
Source: the protocol ``xhcredit-draw/1``, as the stand-alone verifier checks it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, repeat

from xhcredit.draws.frame_file import Lines, lines_in, lines_of
from xhcredit.draws.frame_row import HEADER, WORKING, FrameRow, problem_of
from xhcredit.draws.merkle import Tree, tree
from xhcredit.errors import BadInput, BadPlan

__all__ = ["Frame", "FrameRow", "decoded", "frame_in_bulk", "frame_of", "problem_of"]


@dataclass(frozen=True)
class Frame:
    """All rows of a frame, sorted by code."""

    rows: Sequence[FrameRow]

    @cached_property
    def tree(self) -> Tree:
        """The hash tree over the rows."""
        if isinstance(self.rows, Lines):
            return tree(self.rows.texts())
        return tree(row.text.encode() for row in self.rows)

    @cached_property
    def sizes(self) -> Counter[str]:
        """Enterprises by stratum."""
        if isinstance(self.rows, Lines):
            return self.rows.sizes
        return Counter(row.stratum for row in self.rows)

    def columns(self) -> tuple[list[str], list[str]]:
        """Code and stratum of each row."""
        if isinstance(self.rows, Lines):
            ids, stratum_index = self.rows.by_stratum
            return self.rows.all_codes(), [ids[k] for k in stratum_index.tolist()]
        return [row.code for row in self.rows], [row.stratum for row in self.rows]

    def position(self, code: str) -> int:
        """Where a code stands; -1 if nowhere."""
        if isinstance(self.rows, Lines):
            return self.rows.position(code)
        return self._positions.get(code, -1)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {row.code: index for index, row in enumerate(self.rows)}

    def encoded(self) -> bytes:
        """The file."""
        if isinstance(self.rows, Lines):
            return f"{HEADER}\n".encode() + self.rows.body
        head = HEADER + (WORKING if self.rows[0].working else "")
        return "".join(f"{line}\n" for line in (head, *(r.text for r in self.rows))).encode()


def frame_of(rows: Iterable[FrameRow]) -> Frame:
    """A frame of rows in any order.

    Raises:
        BadPlan: nobody is in it, a code comes twice, or a row is not as the protocol says.
    """
    ordered = sorted(rows)
    if not ordered:
        raise BadPlan("nobody is left in the frame; widen the scope of the plan")
    for before, after in pairwise(ordered):
        if before.code == after.code:
            raise BadPlan(f'enterprise "{after.code}" is in the frame twice; keep one row')
    first_problem = next(((r, w) for r in ordered if (w := problem_of(r))), None)
    if first_problem:
        raise BadPlan(f'enterprise "{first_problem[0].code}": {first_problem[1]}')
    return Frame(ordered)


def frame_in_bulk(codes: Sequence[str], strata: Sequence[str], salts: Sequence[str]) -> Frame:
    """A frame of the stratified design from its columns, in any order; many rows at once.

    Raises:
        BadPlan: as ``frame_of``.
    """
    lines = lines_of(codes, strata, bytes.fromhex("".join(salts))) if codes else None
    if lines is not None:
        return Frame(lines)
    return frame_of(FrameRow(*r) for r in zip(codes, strata, repeat(""), salts, strict=False))


def decoded(content: bytes, name: str = "frame.csv") -> Frame:
    """Read a frame's file.

    Raises:
        BadInput: it is not to the byte what the protocol asks; file, row and column are named.
    """
    head = f"{HEADER}\n".encode()
    if content.startswith(head):
        lines = lines_in(content[len(head) :])
        if lines is not None:
            return Frame(lines)
    return Frame(list(_rows(content, name)))


def _rows(content: bytes, name: str) -> Iterator[FrameRow]:
    lines = _lines(content, name)
    columns = lines[0].split(",")
    previous_code = ""
    for number, line in enumerate(lines[1:], 2):
        cells = line.split(",")
        if len(cells) != len(columns):
            raise BadInput(f'"{name}", row {number}: {len(cells)} cells; write {len(columns)}')
        row = FrameRow(*cells)
        row_problem = problem_of(row)
        if row_problem:
            raise BadInput(f'"{name}", row {number}: {row_problem}; take the file as it was frozen')
        # One order only: the same enterprises in another one would have another root.
        if row.code <= previous_code:
            problem = "comes twice" if row.code == previous_code else "is out of order"
            raise BadInput(f'"{name}", row {number}, column code: "{row.code}" {problem}')
        previous_code = row.code
        yield row


def _lines(content: bytes, name: str) -> list[str]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise BadInput(f'"{name}", row {row}: not UTF-8; take the file as it was frozen') from None
    lines = text.split("\n")
    # The root is over bytes: an editor that saves CRLF shows the same rows and breaks the proof.
    if lines.pop() or "\r" in text:
        raise BadInput(f'"{name}": line ends are not LF; take the file as it was frozen')
    if not lines or lines[0] not in (HEADER, HEADER + WORKING):
        header = lines[0][: len(HEADER + WORKING)] if lines else ""
        raise BadInput(f'"{name}", row 1: header "{header}"; write "{HEADER}"')
    if len(lines) == 1:
        raise BadInput(f'"{name}" holds no row; take the file as it was frozen')
    return lines
