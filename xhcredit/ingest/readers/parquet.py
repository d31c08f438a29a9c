"""Read a Parquet file in place: nothing is copied, so its size does not matter."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.errors import BadInput
from xhcredit.ingest.readers.staged import Staged, checked_header
from xhcredit.ingest.warehouse import read_parquet


def stage_parquet(path: Path) -> Staged:
    """Show a Parquet file as texts; rows are numbered from 1.

    Raises:
        BadInput: it is no Parquet file, or has nested or binary columns.
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
    return Staged(f"SELECT file_row_number + 1 AS _row, {texts} FROM {source}", columns)


def quoted(name: str) -> str:
    """Quote an SQL name.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'
