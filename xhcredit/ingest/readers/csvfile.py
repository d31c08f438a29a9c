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
    too_many_refused,
)
from xhcredit.ingest.readers.text import chunks, encoding_of, open_bytes
from xhcredit.ingest.sql_text import read_parquet

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", "，": "full-width comma"}
# A block of the reader, and with it the longest row that it can take.
_BLOCK = 8 << 20


def stage_csv(path: Path, source_format: Format, folder: Path) -> Staged:
    """Read ``path`` into a Parquet file of texts in ``folder``.

    Raises:
        BadInput: it is empty, binary, in the wrong encoding, or has the wrong delimiter.
    """
    encoding = encoding_of(path, source_format.encoding)
    delimiter = source_format.delimiter.replace("\\t", "\t")
    columns = checked_header(_header(path, encoding, delimiter), path.name)
    target = folder / "source.parquet"
    try:
        with StageWriter(target, columns) as writer:
            last_record = _copy(path, encoding, delimiter, writer)
    except pa.ArrowInvalid as error:
        if writer.full:
            raise _too_many_error(writer.refused[-1], path.name) from error
        raise BadInput(
            f'"{path.name}": a quotation mark is opened and never closed, or a row is longer than '
            f"{_BLOCK >> 20} MB ({str(error).split('.')[0]}); check the quotes and export it again"
        ) from error
    _refuse_open_quote(path, last_record)
    return Staged(f"SELECT * FROM {read_parquet([target])}", columns, tuple(writer.refused))


def _header(path: Path, encoding: str, delimiter: str) -> list[str]:
    """First record of the file."""
    with open_bytes(path) as file:
        # The first megabyte may end in the middle of a character.
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
    for other_delimiter, name in _DELIMITERS.items():
        if other_delimiter != delimiter and other_delimiter in header:
            symbol = "\\t" if other_delimiter == "\t" else other_delimiter
            raise BadInput(
                f'"{path.name}" has one column by the delimiter "{delimiter}", but its header '
                f'contains "{symbol}" ({name}); set `format: {{delimiter: "{symbol}"}}`'
            )


def _refuse_open_quote(path: Path, last_record: tuple[int, str]) -> None:
    """A quotation mark that is never closed swallows all rows after it into the last record."""
    number, record = last_record
    if "\n" in record and sum(chunk.count(b'"') for chunk in chunks(path)) % 2:
        raise BadInput(
            f'"{path.name}": a quotation mark in row {number} is opened and never closed, so the '
            f"rows after it cannot be told apart; close or remove it"
        )


def _too_many_error(last_row: RefusedRow, source: str) -> BadInput:
    actual, expected = last_row.detail.split(" ≠ ")
    return too_many_refused(last_row, source, f" (expected {expected} columns, got {actual})")


def _copy(path: Path, encoding: str, delimiter: str, writer: StageWriter) -> tuple[int, str]:
    """Copy all records after the header (it may have none); return place and text of the last."""
    names = writer.schema.names[1:]
    refused_numbers: list[int] = []
    last_refused = (0, "")

    def refuse(row: pacsv.InvalidRow) -> str:
        nonlocal last_refused
        refused_numbers.append(row.number)
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
                # With names given the header is a record too, so records are numbered as a
                # person sees them; only one thread knows the number of a refused row.
                column_names=names,
                use_threads=False,
                block_size=_BLOCK,
                encoding=encoding,
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                # Spreadsheet programs count empty lines, so row numbers must.
                ignore_empty_lines=False,
                invalid_row_handler=refuse,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
        last_record = _write_numbered(reader, refused_numbers, writer)
    return max(last_record, last_refused)


def _write_numbered(
    reader: pacsv.CSVStreamingReader, refused_numbers: list[int], writer: StageWriter
) -> tuple[int, str]:
    """Give every record its number, refused ones counted; leave out header and blank rows."""
    next_number, last_record = 1, (0, "")
    for batch in reader:
        candidate_numbers = np.arange(
            next_number, next_number + batch.num_rows + len(refused_numbers)
        )
        numbers = candidate_numbers[~np.isin(candidate_numbers, refused_numbers)][: batch.num_rows]
        if len(numbers):
            next_number = int(numbers[-1]) + 1
            last_record = (
                next_number - 1,
                ",".join(column[-1].as_py() for column in batch.columns),
            )
        is_data = pa.array(numbers != 1)
        is_empty_cell = [pc.equal(column, "") for column in batch.columns]
        is_blank = is_empty_cell[0]
        for column in is_empty_cell[1:]:
            is_blank = pc.and_(is_blank, column)
        numbered_batch = pa.record_batch(
            [pa.array(numbers, pa.int64()), *batch.columns], schema=writer.schema
        ).filter(pc.and_(is_data, pc.invert(is_blank)))
        writer.write_columns(numbered_batch.columns)
    return last_record
