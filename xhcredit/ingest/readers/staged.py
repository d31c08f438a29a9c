"""Staged source: rows of texts with the row numbers that a person sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.errors import BadInput

#: rows held in memory at a time by the readers that go row by row
CHUNK = 20_000
#: refused rows that are kept with their text; more than this and the file itself is refused
MAX_REFUSED = 100_000
_RAW_TEXT_LENGTH = 200


@dataclass(frozen=True)
class RefusedRow:
    """A row that could not be read as a row; ``reason`` is an id of ``reasons.yaml``."""

    row: int
    reason: str
    raw_text: str
    detail: str = ""


@dataclass(frozen=True)
class Staged:
    """A source that has been read.

    Args:
        select: SQL of the rows: ``_row`` (BIGINT) and the source columns as VARCHAR.
        columns: names of the source columns.
        refused: rows that could not be read.
    """

    select: str
    columns: tuple[str, ...]
    refused: tuple[RefusedRow, ...] = ()


def checked_header(names: Sequence[str], source: str) -> tuple[str, ...]:
    """Return stripped column names.

    Raises:
        BadInput: a column has no name, or two have the same.
    """
    header = tuple(name.strip().lstrip("\ufeff") for name in names)
    if not header:
        raise BadInput(f'"{source}" begins with an empty row; the header must be row 1')
    for position, name in enumerate(header, start=1):
        if not name:
            raise BadInput(
                f'"{source}": column {position} of the header (row 1) has no name; name it or '
                f"delete the column"
            )
        # DuckDB does not tell names apart by their case.
        if name.lower() in [
            earlier_name.lower() for earlier_name in ("_row", *header[: position - 1])
        ]:
            raise BadInput(
                f'"{source}": column "{name}" stands twice in the header (row 1); rename one'
            )
    return header


class StageWriter:
    """Writes rows of texts to one Parquet file, chunk by chunk; rows without any text are left out.

    Use it as a context manager; the file is whole afterwards.
    """

    def __init__(self, target: Path, columns: Sequence[str]) -> None:
        fields = [("_row", pa.int64()), *((name, pa.string()) for name in columns)]
        self.schema = pa.schema(fields)
        self.refused: list[RefusedRow] = []
        self._writer = pq.ParquetWriter(target, self.schema, compression="zstd")
        self._numbers: list[int] = []
        self._rows: list[Sequence[str | None]] = []

    def __enter__(self) -> StageWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()

    def write_columns(self, arrays: list[pa.Array]) -> None:
        """Write arrays: ``_row`` first, then one per column."""
        self._writer.write_batch(pa.record_batch(arrays, schema=self.schema))

    def add(self, number: int, row: Sequence[str | None]) -> None:
        """Add one row."""
        if any(row):
            self._numbers.append(number)
            self._rows.append(row)
            if len(self._rows) >= CHUNK:
                self._flush()

    def refuse(self, row: RefusedRow, source: str) -> None:
        """Note a row that cannot be read.

        Raises:
            BadInput: so many rows are refused that the file cannot be what it claims to be.
        """
        if self.full:
            raise too_many_refused(row, source)
        self.refused.append(RefusedRow(row.row, row.reason, shortened(row.raw_text), row.detail))

    @property
    def full(self) -> bool:
        """Whether no further row can be refused."""
        return len(self.refused) >= MAX_REFUSED

    def _flush(self) -> None:
        if self._rows:
            columns: Iterable[tuple[str | None, ...]] = zip(*self._rows, strict=True)
            texts = [pa.array(column, pa.string()) for column in columns]
            self.write_columns([pa.array(self._numbers, pa.int64()), *texts])
            self._numbers, self._rows = [], []


def too_many_refused(row: RefusedRow, source: str, cause: str = "") -> BadInput:
    """The error for a file of which more rows cannot be read than are kept."""
    return BadInput(
        f'"{source}": more than {MAX_REFUSED:,} rows cannot be read, the last one row '
        f"{row.row:,}{cause}; check the delimiter and the quotes of the file"
    )


def shortened(text: str) -> str:
    """Cut a long text for a message.

    >>> shortened("x" * 500)[-3:]
    'xx…'
    """
    return text if len(text) <= _RAW_TEXT_LENGTH else text[:_RAW_TEXT_LENGTH] + "…"
