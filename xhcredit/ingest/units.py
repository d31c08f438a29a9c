"""Unit checks of amounts (元 or 万元) and notes on codes and undated states."""

from __future__ import annotations

import duckdb

from xhcredit.errors import BadInput
from xhcredit.ingest.mapping_types import Block, Cell
from xhcredit.ingest.readers.parquet import quoted
from xhcredit.ingest.rowchecks import GOOD
from xhcredit.ingest.schema import Column
from xhcredit.ingest.sql_text import read_parquet
from xhcredit.ingest.warehouse import Warehouse

_MIN_VALUES = 20  # values below which a median says nothing
_NOTE_FACTOR = 1000
_REFUSAL_FACTOR = 10  # this many times beyond the bounds, and the file is held


def unit_notes(
    con: duckdb.DuckDBPyConnection,
    warehouse: Warehouse,
    block: Block,
    typed_table: str,
    source: str,
) -> list[str]:
    """Warn of money columns whose unit looks wrong (元 and 万元 mixed up).

    Raises:
        BadInput: half of the amounts are so far from usual ones that the unit must be wrong.
    """
    unit_warnings = []
    for column in block.table.columns:
        cell = block.cells.get(column.name)
        if column.type != "money" or cell is None:
            continue
        yuan = _median(con, f"{typed_table} WHERE {GOOD} AND", column.name)
        if yuan is None:
            continue
        place = f"{block.table.name}.{column.name}"
        unit_warnings += _unusual_median_notes(column, cell, yuan, f'"{source}": {place}')
        parts = warehouse.parts(block.table.name)
        stored = _median(con, f"{read_parquet(parts)} WHERE", column.name) if parts else None
        if stored and not 1 / _NOTE_FACTOR <= yuan / stored <= _NOTE_FACTOR:
            unit_warnings.append(
                f"{place}: the median is {yuan:,g} yuan, in the warehouse it is {stored:,g}; check "
                f"the unit (元 or 万元)"
            )
    return unit_warnings


def _unusual_median_notes(column: Column, cell: Cell, median: float, place: str) -> list[str]:
    """A note if the median lies outside the usual bounds; a refusal if far outside."""
    usual_bounds = cell.usual or column.usual
    if usual_bounds is None or usual_bounds[0] <= median <= usual_bounds[1]:
        return []
    low, high = usual_bounds
    message = (
        f"{place}: the median amount is {median:,.2f} yuan, read as `unit: {cell.unit}`, where "
        f"{low:,.0f} to {high:,.0f} yuan is usual; check `unit:` (元 or 万元) of the mapping"
    )
    if low / _REFUSAL_FACTOR <= median <= high * _REFUSAL_FACTOR:
        return [f"CHECK THE UNIT: {message}"]
    raise BadInput(
        f"{message}; nothing of the file went in (if the amounts are right, write "
        f"`usual: [low, high]` beside `unit:`)"
    )


def normalised_code_notes(con: duckdb.DuckDBPyConnection, block: Block) -> list[str]:
    """Note of how many codes were normalised before the check."""
    column = block.cells["code"].column
    if not column:
        return []
    row = con.execute(
        f"SELECT count(*) FROM cells WHERE NOT regexp_full_match({quoted(column)}, '[0-9A-Z]*')"
    ).fetchone()
    if not row or not row[0]:
        return []
    return [
        f"{block.table.name}.code: {row[0]:,} codes held full-width or lower-case characters or "
        f"other signs; they were turned to plain upper case before the check"
    ]


def undated_state_notes(
    con: duckdb.DuckDBPyConnection, block: Block, typed_table: str
) -> list[str]:
    """Note of register rows with a status that ends business but no day."""
    labels = dict(block.table.column("status").values) if block.table.kind == "register" else {}
    state_counts = con.execute(
        f"SELECT _undated, count(*) FROM {typed_table} WHERE {GOOD} AND _undated IS NOT NULL "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [
        f"enterprise.status: {count:,} rows say {labels[state]} ({state}) and not since when; they "
        f"count from the day on which the row became known"
        for state, count in state_counts
    ]


def _median(con: duckdb.DuckDBPyConnection, rows_source: str, column: str) -> float | None:
    """Median of the positive amounts, if there are enough of them."""
    column_name = quoted(column)
    median_row = con.execute(
        f"SELECT count(*), median({column_name})::DOUBLE FROM {rows_source} {column_name} > 0"
    ).fetchone()
    return float(median_row[1]) if median_row and median_row[0] >= _MIN_VALUES else None
