"""Unit checks of amounts (元 or 万元) and notes on codes and undated states."""

from __future__ import annotations

import duckdb

from xhcredit.errors import BadInput
from xhcredit.ingest.mapping_types import Block, Cell
from xhcredit.ingest.readers.parquet import quoted
from xhcredit.ingest.rowchecks import GOOD
from xhcredit.ingest.schema import Column
from xhcredit.ingest.warehouse import Warehouse, read_parquet

_FEW = 20  # values below which a median says nothing
_FACTOR = 1000
_GROSS = 10  # this many times beyond the bounds, and the file is held


def notes(
    con: duckdb.DuckDBPyConnection, warehouse: Warehouse, block: Block, typed: str, source: str
) -> list[str]:
    """Warn of money columns whose unit looks wrong (元 and 万元 mixed up).

    Raises:
        BadInput: half of the amounts are so far from usual ones that the unit must be wrong.
    """
    found = []
    for column in block.table.columns:
        cell = block.cells.get(column.name)
        if column.type != "money" or cell is None:
            continue
        here = _median(con, f"{typed} WHERE {GOOD} AND", column.name)
        if here is None:
            continue
        place = f"{block.table.name}.{column.name}"
        found += _unusual(column, cell, here, f'"{source}": {place}')
        parts = warehouse.parts(block.table.name)
        before = _median(con, f"{read_parquet(parts)} WHERE", column.name) if parts else None
        if before and not 1 / _FACTOR <= here / before <= _FACTOR:
            found.append(
                f"{place}: the median is {here:,g} yuan, in the warehouse it is {before:,g}; check "
                f"the unit (元 or 万元)"
            )
    return found


def _unusual(column: Column, cell: Cell, median: float, place: str) -> list[str]:
    """A note if the median lies outside the usual bounds; a refusal if far outside."""
    usual = cell.usual or column.usual
    if usual is None or usual[0] <= median <= usual[1]:
        return []
    low, high = usual
    told = (
        f"{place}: the median amount is {median:,.2f} yuan, read as `unit: {cell.unit}`, where "
        f"{low:,.0f} to {high:,.0f} yuan is usual; check `unit:` (元 or 万元) of the mapping"
    )
    if low / _GROSS <= median <= high * _GROSS:
        return [f"CHECK THE UNIT: {told}"]
    raise BadInput(
        f"{told}; nothing of the file went in (if the amounts are right, write "
        f"`usual: [low, high]` beside `unit:`)"
    )


def changed_codes(con: duckdb.DuckDBPyConnection, block: Block) -> list[str]:
    """Note of how many codes were normalised before the check."""
    column = block.cells["code"].column
    if not column:
        return []
    found = con.execute(
        f"SELECT count(*) FROM cells WHERE NOT regexp_full_match({quoted(column)}, '[0-9A-Z]*')"
    ).fetchone()
    if not found or not found[0]:
        return []
    return [
        f"{block.table.name}.code: {found[0]:,} codes held full-width or lower-case characters or "
        f"other signs; they were turned to plain upper case before the check"
    ]


def undated_states(con: duckdb.DuckDBPyConnection, block: Block, typed: str) -> list[str]:
    """Note of register rows with a status that ends business but no day."""
    words = dict(block.table.column("status").values) if block.table.kind == "register" else {}
    counted = con.execute(
        f"SELECT _undated, count(*) FROM {typed} WHERE {GOOD} AND _undated IS NOT NULL "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [
        f"enterprise.status: {count:,} rows say {words[state]} ({state}) and not since when; they "
        f"count from the day on which the row became known"
        for state, count in counted
    ]


def _median(con: duckdb.DuckDBPyConnection, rows: str, column: str) -> float | None:
    """Median of the positive amounts, if there are enough of them."""
    name = quoted(column)
    found = con.execute(
        f"SELECT count(*), median({name})::DOUBLE FROM {rows} {name} > 0"
    ).fetchone()
    return float(found[1]) if found and found[0] >= _FEW else None
