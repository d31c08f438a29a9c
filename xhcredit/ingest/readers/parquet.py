"""Read a Parquet file in place: nothing is copied, so its size does not matter."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.errors import BadInput
from xhcredit.ingest.readers.staged import Staged, checked_header
from xhcredit.ingest.sql_text import read_parquet


def stage_parquet(path: Path) -> Staged:
    """Show a Parquet file as texts; rows are numbered from 1.

    Raises:
        BadInput: it is no Parquet file, is damaged, or has nested or binary columns.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f'"{path.name}" cannot be read as Parquet ({error}); write it anew') from (
            error
        )
    for field in schema:
        if pa.types.is_nested(field.type) or pa.types.is_binary(field.type):
            raise BadInput(
                f'"{path.name}": column "{field.name}" has type {field.type}; a table holds texts, '
                f"numbers and days only: write it flat"
            )
    columns = checked_header(schema.names, path.name)
    texts = ", ".join(
        f"{quoted(raw)}::VARCHAR AS {quoted(name)}"
        for raw, name in zip(schema.names, columns, strict=True)
    )
    source = read_parquet([path], ", file_row_number = true")
    _check_values(path, schema.names)
    return Staged(f"SELECT file_row_number + 1 AS _row, {texts} FROM {source}", columns)


def _check_values(path: Path, names: list[str]) -> None:
    """Decode every value once: a whole footer does not say that the columns are whole.

    Raises:
        BadInput: names the column whose values cannot be read.
    """
    source = read_parquet([path])
    with duckdb.connect() as con:
        for name in names:
            try:
                con.execute(f"SELECT bit_xor(hash({quoted(name)}::VARCHAR)) FROM {source}")
            except duckdb.Error as error:
                # Memory that runs out here says nothing against the file.
                if isinstance(error, duckdb.OutOfMemoryException):
                    raise
                raise BadInput(
                    f'"{path.name}": column "{name}" is damaged ({_first_line(error)}); fetch the '
                    f"file again, or write it anew"
                ) from error


def _first_line(error: duckdb.Error) -> str:
    """First line of a DuckDB error, without path and cell content.

    >>> _first_line(duckdb.Error('Failed to read file "a.parquet": ZSTD failure'))
    'Failed to read file: ZSTD failure'
    >>> _first_line(duckdb.Error('Invalid encoding in file "a": value "x" is not valid UTF8!'))
    'Invalid encoding in file'
    """
    line = str(error).splitlines()[0]
    return re.sub(r': value ".*', "", re.sub(r' "[^"]*"', "", line, count=1))


def quoted(name: str) -> str:
    """Quote an SQL name.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'
