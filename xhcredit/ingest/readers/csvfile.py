"""Read a CSV file as texts, in bounded memory, with the row number of every record.

A row number is the number of the record, the header being 1; a cell with a line break in quotes
does not count twice (spreadsheet programs count in the same way).
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from xhcredit.errors import BadInput
from xhcredit.ingest.mapping_types import Format
from xhcredit.ingest.readers.staged import (
    RefusedRow,
    Staged,
    StageWriter,
    checked_header,
    too_many,
)
from xhcredit.ingest.readers.text import chunks, encoding_of, open_bytes
from xhcredit.ingest.warehouse import read_parquet

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", "，": "full-width comma"}
_BLOCK = 8 << 20


def stage_csv(path: Path, form: Format, folder: Path) -> Staged:
    """Read ``path`` into a Parquet file of texts in ``folder``.

    Raises:
        BadInput: it is empty, binary, in the wrong encoding, or has the wrong delimiter.
    """
    encoding = encoding_of(path, form.encoding)
    delimiter = form.delimiter.replace("\\t", "\t")
    columns = checked_header(_header(path, encoding, delimiter), path.name)
    target = folder / "source.parquet"
    try:
        with StageWriter(target, columns) as writer:
            last = _copy(path, encoding, delimiter, writer)
    except pa.ArrowInvalid as error:
        if writer.full:
            raise _too_many(writer.refused[-1], path.name) from error
        raise BadInput(
            f'"{path.name}": a quotation mark is opened and never closed, or a row is longer than '
            f"{_BLOCK >> 20} MB ({str(error).split('.')[0]}); check the quotes and export it again"
        ) from error
    _refuse_open_quote(path, last)
    return Staged(f"SELECT * FROM {read_parquet([target])}", columns, tuple(writer.refused))


def _header(path: Path, encoding: str, delimiter: str) -> list[str]:
    """First record of the file."""
    with open_bytes(path) as file:
        start = file.read(1 << 20).decode(encoding, errors="ignore").removeprefix("\ufeff")
    try:
        header = next(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        raise BadInput(f'"{path.name}": the header cannot be read ({error})') from error
    if not header:
        raise BadInput(f'"{path.name}" begins with an empty row; the header must be row 1')
    if len(header) == 1:
        _refuse_other_delimiter(path, header[0], delimiter)
    return header


def _refuse_other_delimiter(path: Path, header: str, delimiter: str) -> None:
    for other, name in _DELIMITERS.items():
        if other != delimiter and other in header:
            shown = "\\t" if other == "\t" else other
            raise BadInput(
                f'"{path.name}" has one column by the delimiter "{delimiter}", but its header '
                f'contains "{shown}" ({name}); set `format: {{delimiter: "{shown}"}}`'
            )


def _refuse_open_quote(path: Path, last: tuple[int, str]) -> None:
    """A quotation mark that is never closed swallows all rows after it into the last record."""
    number, record = last
    if "\n" in record and sum(chunk.count(b'"') for chunk in chunks(path)) % 2:
        raise BadInput(
            f'"{path.name}": a quotation mark in row {number} is opened and never closed, so the '
            f"rows after it cannot be told apart; close or remove it"
        )


def _too_many(last: RefusedRow, source: str) -> BadInput:
    found, expected = last.detail.split(" ≠ ")
    return too_many(last, source, f" (expected {expected} columns, got {found})")


def _copy(path: Path, encoding: str, delimiter: str, writer: StageWriter) -> tuple[int, str]:
    """Copy all records after the header (it may have none); return place and text of the last."""
    names = writer.schema.names[1:]
    refused: list[int] = []
    last_refused = (0, "")

    def refuse(row: pacsv.InvalidRow) -> str:
        nonlocal last_refused
        refused.append(row.number)
        last_refused = (row.number, row.text)
        if writer.full:  # nothing can be raised through the reader's own callback
            return "error"
        detail = f"{row.actual_columns} ≠ {row.expected_columns}"
        writer.refuse(RefusedRow(row.number, "ragged_row", row.text, detail), path.name)
        return "skip"

    with open_bytes(path) as file:
        reader = pacsv.open_csv(
            pa.PythonFile(file, mode="r"),
            read_options=pacsv.ReadOptions(
                column_names=names, use_threads=False, block_size=_BLOCK, encoding=encoding
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=refuse,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
        last = _number(reader, refused, writer)
    return max(last, last_refused)


def _number(
    reader: pacsv.CSVStreamingReader, refused: list[int], writer: StageWriter
) -> tuple[int, str]:
    """Give every record its number, refused ones counted; leave out header and blank rows."""
    begin, last = 1, (0, "")
    for batch in reader:
        span = np.arange(begin, begin + batch.num_rows + len(refused))
        numbers = span[~np.isin(span, refused)][: batch.num_rows]
        if len(numbers):
            begin = int(numbers[-1]) + 1
            last = (begin - 1, ",".join(column[-1].as_py() for column in batch.columns))
        keep = pa.array(numbers != 1)
        empty = [pc.equal(column, "") for column in batch.columns]
        blank = empty[0]
        for column in empty[1:]:
            blank = pc.and_(blank, column)
        kept = pa.record_batch(
            [pa.array(numbers, pa.int64()), *batch.columns], schema=writer.schema
        ).filter(pc.and_(keep, pc.invert(blank)))
        writer.write_columns(kept.columns)
    return last
