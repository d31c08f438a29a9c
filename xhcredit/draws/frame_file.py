"""Rows of a sampling frame as a character table over its file; rows are parsed on demand.

In the stratified design all rows are equally wide, so the file is a table of characters that is
checked, counted and hashed as such.  What does not fit is read row by row (``frame.decoded``),
which also tells what is wrong and where.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

import numpy as np
import numpy.typing as npt

from xhcredit.domain.codes_bulk import LENGTH, Characters, are_all_valid
from xhcredit.draws.frame_row import FrameRow, problem_besides_code
from xhcredit.draws.numerics import ASCII_SIZE, BYTES, SALT_BYTES, Flags, Ints

_HEX = np.isin(np.arange(BYTES), np.frombuffer(b"0123456789abcdef", np.uint8))
_WORD = np.dtype(">u8")
_SALT = 2 * SALT_BYTES
#: what stands between code and stratum, stratum and salt, and after the salt
_AFTER_CODE, _BEFORE_SALT, _END = b",", b",,", b"\n"
_FIXED = LENGTH + _SALT + len(_AFTER_CODE + _BEFORE_SALT + _END)


def sort_keys(characters: Characters) -> npt.NDArray[np.uint64]:
    """Texts of one width as numbers that compare as the texts do: one column per eight."""
    rows, width = characters.shape
    columns = -(-width // _WORD.itemsize)
    # Zero-padded and big-endian, numbers compare exactly as the bytes of the texts do, which is
    # the protocol's order.
    padded = np.zeros((rows, columns * _WORD.itemsize), np.uint8)
    padded[:, :width] = characters
    return padded.view(_WORD).astype(np.uint64)


class Lines(Sequence[FrameRow]):
    """Rows in the order of their codes; ``body`` is the file without its header."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.width = body.index(_END) + len(_END)

    def __len__(self) -> int:
        return len(self.body) // self.width

    @overload
    def __getitem__(self, index: int) -> FrameRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[FrameRow]: ...

    def __getitem__(self, index: int | slice) -> FrameRow | list[FrameRow]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        start = self.width * range(len(self))[index]
        return FrameRow(*self.body[start : start + self.width - len(_END)].decode().split(","))

    def __iter__(self) -> Iterator[FrameRow]:
        for line in self.body.decode().splitlines():
            yield FrameRow(*line.split(","))

    @property
    def table(self) -> Characters:
        """All characters, a row of the frame in each row."""
        return np.frombuffer(self.body, np.uint8).reshape(-1, self.width)

    @property
    def _strata(self) -> Characters:
        return self.table[:, LENGTH + len(_AFTER_CODE) : -(_SALT + len(_BEFORE_SALT + _END))]

    @cached_property
    def by_stratum(self) -> tuple[list[str], Ints]:
        """Ids of the strata in their order, and the position of each row's among them."""
        key = sort_keys(self._strata)
        flat_key = (
            key[:, 0] if key.shape[1] == 1 else key
        )  # sorting numbers is far quicker than rows
        _, first, stratum_index = np.unique(
            flat_key, axis=0, return_index=True, return_inverse=True
        )
        ids = [self._strata[k].tobytes().decode() for k in first.tolist()]
        return ids, stratum_index.reshape(-1).astype(np.int64)

    @property
    def sizes(self) -> Counter[str]:
        """Enterprises by stratum."""
        ids, stratum_index = self.by_stratum
        return Counter(dict(zip(ids, np.bincount(stratum_index).tolist(), strict=True)))

    def codes(self, positions: Ints) -> list[bytes]:
        """Codes of some rows."""
        body, width = self.body, self.width
        return [body[k : k + LENGTH] for k in (positions * width).tolist()]

    def all_codes(self) -> list[str]:
        """The codes of all rows."""
        text = self.table[:, :LENGTH].tobytes().decode()
        return [text[k : k + LENGTH] for k in range(0, len(text), LENGTH)]

    def texts(self) -> Iterator[bytes]:
        """The rows as in the file, without their line ends."""
        body, text_width = self.body, self.width - len(_END)
        return (body[k : k + text_width] for k in range(0, len(body), self.width))

    def position(self, code: str) -> int:
        """Where a code stands; -1 if nowhere."""
        code_bytes, low, high = code.encode(), 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._code(middle) < code_bytes:
                low = middle + 1
            else:
                high = middle
        return low if self._code(low) == code_bytes else -1

    def _code(self, index: int) -> bytes:
        start = index * self.width
        return self.body[start : start + LENGTH]


def lines_in(body: bytes) -> Lines | None:
    """Rows of a file's body; None unless all are equally wide and every check is passed."""
    if not body.endswith(_END):
        return None
    lines = Lines(body)
    stratum_width = lines.width - _FIXED
    # None and no error: the slow reader then finds the row and the column, which a table of
    # characters cannot name.
    if len(body) % lines.width or stratum_width < 1 or not _well_formed(lines.table, stratum_width):
        return None
    ids, _ = lines.by_stratum
    # Salts and separators were checked as characters already, so one row per stratum stands for
    # all of its rows.
    if any(problem_besides_code(lines[0]._replace(stratum=id)) for id in ids):
        return None
    return lines


def _well_formed(table: Characters, stratum_width: int) -> bool:
    stratum_end = LENGTH + len(_AFTER_CODE) + stratum_width
    separators = [
        (LENGTH, _AFTER_CODE),
        (stratum_end, _BEFORE_SALT),
        (table.shape[1] - len(_END), _END),
    ]
    if any((table[:, k : k + len(m)] != np.frombuffer(m, np.uint8)).any() for k, m in separators):
        return False
    salts = table[:, stratum_end + len(_BEFORE_SALT) : -len(_END)]
    strata = table[:, stratum_end - stratum_width : stratum_end]
    # A comma inside the stratum's columns would shift the cells of that row and still give
    # equally wide lines.
    has_no_separator = not np.isin(strata, np.frombuffer(_AFTER_CODE + _END, np.uint8)).any()
    # Ids are ASCII; other bytes need not even be text, and the slow reader says where they stand.
    is_ascii = (strata < ASCII_SIZE).all()
    codes = table[:, :LENGTH]
    return bool(
        has_no_separator
        and is_ascii
        and _HEX[salts].all()
        and are_all_valid(codes)
        and _ascending(codes).all()
    )


def _ascending(codes: Characters) -> Flags:
    """Whether each code is above the one before."""
    key = sort_keys(codes)
    above = np.zeros(len(key) - 1, bool)
    for column in reversed(range(key.shape[1])):
        current, previous = key[1:, column], key[:-1, column]
        above = (current > previous) | ((current == previous) & above)
    return above


def lines_of(codes: Sequence[str], strata: Sequence[str], salts: bytes) -> Lines | None:
    """Rows in the order of their codes; None unless they are equally wide and sound.

    Args:
        codes: in any order.
        strata: the id of each.
        salts: ``SALT_BYTES`` random bytes for each, one after the other.
    """
    stratum_widths = {len(id) for id in strata}
    if {len(code) for code in codes} != {LENGTH} or len(stratum_widths) != 1:
        return None
    try:
        columns = _characters(codes, LENGTH), _characters(strata, stratum_widths.pop())
    except UnicodeEncodeError:
        return None
    if not _ascending(columns[0]).all():
        order = np.lexsort(sort_keys(columns[0]).T[::-1])
        columns = columns[0][order], columns[1][order]
    salt = np.frombuffer(salts.hex().encode(), np.uint8).reshape(-1, _SALT)
    parts = (columns[0], _AFTER_CODE, columns[1], _BEFORE_SALT, salt, _END)
    return lines_in(_side_by_side(len(codes), parts).tobytes())


def _characters(texts: Sequence[str], width: int) -> Characters:
    """Texts of one width as a table of characters."""
    return np.array(texts, dtype=f"S{width}").view(np.uint8).reshape(-1, width)


def _side_by_side(rows: int, parts: Sequence[Characters | bytes]) -> Characters:
    """Tables, and texts that are the same in every row, from left to right."""
    blocks = [np.frombuffer(p, np.uint8) if isinstance(p, bytes) else p for p in parts]
    table = np.empty((rows, sum(p.shape[-1] for p in blocks)), np.uint8)
    offset = 0
    for part in blocks:
        table[:, offset : offset + part.shape[-1]] = part
        offset += part.shape[-1]
    return table
