"""What a chunk of the district writes down: event tables under their canonical names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .calendar import NEVER, Ints

Row = npt.NDArray[np.int64]


class Column(Protocol):
    """Values that become an Arrow array once it is known which rows are exported."""

    def take(self, rows: Row) -> pa.Array:
        """Return the values of these rows."""
        ...


@dataclass(frozen=True)
class Days:
    """Day numbers; ``NEVER`` and later is empty."""

    days: Ints

    def take(self, rows: Row) -> pa.Array:
        """Return the values of these rows."""
        days = self.days[rows]
        return pa.array(days.astype(np.int32), mask=days >= NEVER).cast(pa.date32())


@dataclass(frozen=True)
class Label:
    """Positions in a list of words; negative is empty."""

    positions: npt.NDArray[np.integer]
    words: tuple[str, ...]

    def take(self, rows: Row) -> pa.Array:
        """Return the values of these rows."""
        at = self.positions[rows].astype(np.int32)
        indices = pa.array(at, mask=at < 0)
        return pa.DictionaryArray.from_arrays(indices, pa.array(self.words, pa.string()))


@dataclass(frozen=True)
class Number:
    """Numbers; negative and NaN are empty."""

    values: npt.NDArray[np.generic]

    def take(self, rows: Row) -> pa.Array:
        """Return the values of these rows."""
        values = self.values[rows]
        return pa.array(values, mask=~(values >= 0))


@dataclass(frozen=True)
class Flag:
    """1 yes, 0 no, negative empty."""

    values: npt.NDArray[np.generic]

    def take(self, rows: Row) -> pa.Array:
        """Return the values of these rows."""
        values = self.values[rows].astype(np.int8)
        return pa.array(values > 0, mask=values < 0)


@dataclass(frozen=True)
class Text:
    """Texts of an Arrow array, chosen by position; negative is empty."""

    texts: pa.Array
    positions: npt.NDArray[np.integer]

    def take(self, rows: Row) -> pa.Array:
        """Return the values of these rows."""
        at = self.positions[rows]
        return self.texts.take(pa.array(at, mask=at < 0))


@dataclass(frozen=True)
class Serial:
    """Numbers with words around, such as ``示罚〔2023〕00000012号``; negative is empty."""

    before: str
    numbers: Ints
    after: str = ""
    years: Ints | None = None
    width: int = 8

    def take(self, rows: Row) -> pa.Array:
        """Return the values of these rows."""
        numbers = self.numbers[rows]
        parts: list[pa.Array | str] = [self.before]
        if self.years is not None:
            parts += [pa.array(self.years[rows]).cast(pa.string()), "〕"]
        digits = pa.array(numbers, mask=numbers < 0).cast(pa.string())
        parts += [pc.utf8_lpad(digits, self.width, "0"), self.after]
        return pc.binary_join_element_wise(*parts, "")


@dataclass(frozen=True)
class Ending:
    """When each event ended and when that became known; columns known only with the ending."""

    on: Ints
    known: Ints
    columns: dict[str, Column] = field(default_factory=dict)


@dataclass(frozen=True)
class Withdrawal:
    """When each event ceased to count, and why."""

    on: Ints
    why: Label


@dataclass
class Book:
    """Collects the tables of one chunk; what is not yet known at the export's day stays out."""

    codes: pa.Array
    export_day: int
    chunk: int
    tables: dict[str, pa.Table] = field(default_factory=dict)

    def serials(self, count: int) -> Ints:
        """Numbers that no other row of the table has, in any chunk."""
        return self.chunk * 10_000_000 + 1 + np.arange(count)

    def write(
        self,
        name: str,
        who: Row,
        occurred: Ints,
        known: Ints,
        columns: dict[str, Column],
        *,
        ending: Ending | None = None,
        withdrawal: Withdrawal | None = None,
    ) -> None:
        """Write an event table, in the order in which the events became known."""
        rows = np.flatnonzero(known <= self.export_day)
        rows = rows[np.argsort(known[rows], kind="stable")]
        parts: dict[str, pa.Array] = {
            "code": self.codes.take(pa.array(who[rows])),
            "occurred_on": Days(occurred).take(rows),
            "known_on": Days(known).take(rows),
        }
        if ending:
            parts |= self._ending(ending, rows)
        if withdrawal:
            over = withdrawal.on <= self.export_day
            parts["withdrawn_on"] = Days(np.where(over, withdrawal.on, NEVER)).take(rows)
            why = Label(np.where(over, withdrawal.why.positions, -1), withdrawal.why.words)
            parts["withdrawn_why"] = why.take(rows)
        parts |= {key: column.take(rows) for key, column in columns.items()}
        self.tables[name] = pa.table(parts)

    def _ending(self, ending: Ending, rows: Row) -> dict[str, pa.Array]:
        over = (ending.known <= self.export_day) & (ending.on < NEVER)
        parts = {
            "ended_on": Days(np.where(over, ending.on, NEVER)).take(rows),
            "ended_known_on": Days(np.where(over, ending.known, NEVER)).take(rows),
        }
        seen = pa.array(np.arange(len(rows)), mask=~over[rows])
        for key, column in ending.columns.items():
            parts[key] = column.take(rows).take(seen)
        return parts
