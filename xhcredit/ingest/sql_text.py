"""SQL text about canonical tables and Parquet files: quoted, typed, with stable event ids."""

from __future__ import annotations

from pathlib import Path

from xhcredit.ingest.schema import SQL_TYPES, Table

#: columns that every part has after the canonical ones
EXTRA_COLUMNS = {"event_id": "BIGINT", "source_file": "VARCHAR", "source_row": "BIGINT"}


def columns_of(table: Table) -> dict[str, str]:
    """SQL type by column of a table's parts and of its resolved view."""
    return {c.name: SQL_TYPES[c.type] for c in table.columns} | EXTRA_COLUMNS


def event_id(table: Table, prefix: str = "") -> str:
    """SQL of the stable 63-bit id of an event, from its key columns (named ``prefix || key``)."""
    keys = ", ".join(f'"{prefix}{key}"::VARCHAR' for key in table.key)
    # As event_id of engine/one_enterprise.py computes it; a bit less than 64, for BIGINT has a
    # sign.
    return f"(md5_number_lower(concat_ws('|', '{table.name}', {keys})) >> 1)::BIGINT"


def read_parquet(files: list[Path], options: str = "") -> str:
    """SQL that reads Parquet files, quoted."""
    names = ", ".join(literal(str(file)) for file in files)
    return f"read_parquet([{names}]{options})"


def literal(text: str) -> str:
    """Quote a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
