"""The frame: one row per enterprise that may be drawn, to the byte.

File ``frame.csv``: UTF-8, no BOM, LF, no quotes, header ``code,stratum,odds,salt`` (and
``,working`` where probabilities are calibrated), rows sorted by code, each code once.
Source: the draw protocol, section 2.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from xhcredit.domain.codes import problem_with
from xhcredit.draws.merkle import Tree, tree
from xhcredit.draws.numerics import DIGITS, SALT_BYTES
from xhcredit.errors import BadInput, BadPlan

HEADER = "code,stratum,odds,salt"
WORKING = ",working"
_STRATUM = re.compile("[a-z0-9-]{1,32}")
_SALT = re.compile(f"[0-9a-f]{{{2 * SALT_BYTES}}}")
_ODDS = re.compile(rf"0\.[0-9]{{{DIGITS}}}|1\.0{{{DIGITS}}}")


class FrameRow(NamedTuple):
    """A row; ``odds`` and ``working`` are empty in the stratified design."""

    code: str
    stratum: str
    odds: str
    salt: str
    working: str = ""

    @property
    def text(self) -> str:
        """The row as in the file, without its line end; the leaf covers exactly this."""
        own = ",".join(self[:-1])
        return f"{own},{self.working}" if self.working else own


@dataclass(frozen=True)
class Frame:
    """All rows of a frame, sorted by code."""

    rows: Sequence[FrameRow]

    @cached_property
    def tree(self) -> Tree:
        """The hash tree over the rows."""
        return tree(row.text for row in self.rows)

    @cached_property
    def sizes(self) -> Counter[str]:
        """Enterprises by stratum."""
        return Counter(row.stratum for row in self.rows)

    @cached_property
    def positions(self) -> dict[str, int]:
        """Where each code stands."""
        return {row.code: at for at, row in enumerate(self.rows)}

    def encoded(self) -> bytes:
        """The file."""
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
    wrong = next(((r, w) for r in ordered if (w := problem_of(r))), None)
    if wrong:
        raise BadPlan(f'enterprise "{wrong[0].code}": {wrong[1]}')
    return Frame(ordered)


def problem_of(row: FrameRow) -> str:
    """What is wrong with a row; empty if nothing is."""
    code = problem_with(row.code)
    checks = (
        (code is None, f"code: {code}"),
        (bool(_STRATUM.fullmatch(row.stratum)), f'stratum "{row.stratum}" is no id'),
        (not row.odds or _is_odds(row.odds), f'odds "{row.odds}" are no probability'),
        (bool(_SALT.fullmatch(row.salt)), f'salt "{row.salt}" is not {2 * SALT_BYTES} hex digits'),
        (not row.working or _is_odds(row.working), f'working "{row.working}" is no probability'),
    )
    return next((words for right, words in checks if not right), "")


def _is_odds(text: str) -> bool:
    return bool(_ODDS.fullmatch(text)) and float(text) > 0


def decoded(data: bytes, name: str = "frame.csv") -> Frame:
    """Read a frame's file.

    Raises:
        BadInput: it is not to the byte what the protocol asks; file, row and column are named.
    """
    return Frame(list(_rows(data, name)))


def _rows(data: bytes, name: str) -> Iterator[FrameRow]:
    lines = _lines(data, name)
    columns = lines[0].split(",")
    before = ""
    for number, line in enumerate(lines[1:], 2):
        cells = line.split(",")
        if len(cells) != len(columns):
            raise BadInput(f'"{name}", row {number}: {len(cells)} cells; write {len(columns)}')
        row = FrameRow(*cells)
        wrong = problem_of(row)
        if wrong:
            raise BadInput(f'"{name}", row {number}: {wrong}; take the file as it was frozen')
        if row.code <= before:
            found = "comes twice" if row.code == before else "is out of order"
            raise BadInput(f'"{name}", row {number}, column code: "{row.code}" {found}')
        before = row.code
        yield row


def _lines(data: bytes, name: str) -> list[str]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        raise BadInput(f'"{name}", row {row}: not UTF-8; take the file as it was frozen') from None
    lines = text.split("\n")
    if lines.pop() or "\r" in text:
        raise BadInput(f'"{name}": line ends are not LF; take the file as it was frozen')
    if not lines or lines[0] not in (HEADER, HEADER + WORKING):
        found = lines[0][: len(HEADER + WORKING)] if lines else ""
        raise BadInput(f'"{name}", row 1: header "{found}"; write "{HEADER}"')
    if len(lines) == 1:
        raise BadInput(f'"{name}" holds no row; take the file as it was frozen')
    return lines
