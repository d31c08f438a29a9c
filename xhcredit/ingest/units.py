"""Things a file is not refused for, but a person should look at: unit mistakes, changed codes."""

from __future__ import annotations

import duckdb

from xhcredit.ingest.mapping_types import Block
from xhcredit.ingest.readers.parquet import quoted
from xhcredit.ingest.rowchecks import GOOD
from xhcredit.ingest.warehouse import Warehouse, read_parquet

_FEW = 20  # values below which a median says nothing
_FACTOR = 1000
_SMALL = 10  # yuan; a median fine below this was probably written in 万元


def notes(
    con: duckdb.DuckDBPyConnection, warehouse: Warehouse, block: Block, typed: str
) -> list[str]:
    """Warn of money columns whose unit looks wrong (元 and 万元 mixed up)."""
    found = []
    for column in block.table.columns:
        cell = block.cells.get(column.name)
        if column.type != "money" or cell is None:
            continue
        place = f"{block.table.name}.{column.name}"
        here = _median(con, f"{typed} WHERE {GOOD} AND", column.name)
        if here is None:
            continue
        if here < _SMALL and cell.unit == "元":
            found.append(
                f"{place}: half of the amounts are below {here:g} yuan; if the source is in 万元, "
                f"set `unit: 万元`"
            )
        parts = warehouse.parts(block.table.name)
        before = _median(con, f"{read_parquet(parts)} WHERE", column.name) if parts else None
        if before and here and not 1 / _FACTOR <= here / before <= _FACTOR:
            found.append(
                f"{place}: the median is {here:g} yuan, in the warehouse it is {before:g}; check "
                f"the unit (元 or 万元)"
            )
    return found


def changed_codes(con: duckdb.DuckDBPyConnection, block: Block) -> list[str]:
    """Say how many codes were normalised (full-width, lower case, blanks) before the check."""
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


def _median(con: duckdb.DuckDBPyConnection, rows: str, column: str) -> float | None:
    """Median of the positive amounts, if there are enough of them."""
    name = quoted(column)
    found = con.execute(
        f"SELECT count(*), median({name})::DOUBLE FROM {rows} {name} > 0"
    ).fetchone()
    return float(found[1]) if found and found[0] >= _FEW else None
