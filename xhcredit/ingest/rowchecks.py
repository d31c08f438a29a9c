"""Checks across rows: duplicate keys, unknown enterprises, rows of no table."""

from __future__ import annotations

import duckdb

from xhcredit.ingest.blocks import BlockSql
from xhcredit.ingest.cells import condition_sql
from xhcredit.ingest.mapping_types import Condition, Mapping
from xhcredit.ingest.readers.parquet import quoted
from xhcredit.ingest.schema import Table
from xhcredit.ingest.sql_text import columns_of, literal

GOOD = "len(_problems) = 0"


def note_rows_of_no_table(con: duckdb.DuckDBPyConnection, mapping: Mapping) -> None:
    """Quarantine rows that no table block takes and no ``skip_where`` declares."""
    blocks = [b for b in mapping.blocks if not b.optional]
    if not all(b.where for b in blocks):
        return
    taken_condition = " OR ".join(f"({_and(b.where)})" for b in blocks)
    column = quoted(blocks[0].where[0].column)
    con.execute(
        f"INSERT INTO problems SELECT _row, {literal(blocks[0].where[0].column)}, 'no_table', "
        f"s.{column}, '' FROM cells s WHERE {_and(mapping.where)} AND NOT ({skipped_sql(mapping)}) "
        f"AND NOT ({taken_condition})"
    )


def skipped_sql(mapping: Mapping) -> str:
    """SQL that is true for rows that the mapping declares not to take."""
    return " OR ".join(condition_sql(c) for c in mapping.skip_where) or "false"


def count_skipped(con: duckdb.DuckDBPyConnection, mapping: Mapping) -> int:
    """Rows that the mapping leaves out by ``where`` or ``skip_where``."""
    count_row = con.execute(
        f"SELECT count(*) FROM cells s WHERE NOT {_and(mapping.where)} OR {skipped_sql(mapping)}"
    ).fetchone()
    return int(count_row[0]) if count_row else 0


def note_cell_problems(con: duckdb.DuckDBPyConnection, typed_table: str) -> None:
    """Move the problems of single cells to quarantine."""
    con.execute(
        f'INSERT INTO problems SELECT _row, p."column", p.reason, p.raw_text, p.detail '
        f"FROM (SELECT _row, unnest(_problems) AS p FROM {typed_table} WHERE NOT {GOOD})"
    )


def note_repeated_keys(con: duckdb.DuckDBPyConnection, typed_table: str, table: Table) -> str:
    """Find rows whose key stands twice in the file; return the name of the list of them.

    With the same content the first row goes in and the others are ``duplicate``.  With different
    content none goes in (``conflict``): a file that contradicts itself proves neither.
    In the register, the day it became known is no content: the first-known row is the first.
    """
    order = "known_on, _row" if table.kind == "register" else "_row"
    content_list = ", ".join(_content_columns(table))
    repeated_table = f"repeated_{typed_table}"
    con.execute(
        f"""CREATE OR REPLACE TABLE {repeated_table} AS
WITH twice AS (
  SELECT event_id FROM {typed_table} WHERE {GOOD} GROUP BY event_id HAVING count(*) > 1
), told AS (
  SELECT _row, event_id, code, md5(row({content_list})::VARCHAR) AS content,
    row_number() OVER (PARTITION BY event_id ORDER BY {order}) AS place,
    first_value(_row) OVER (PARTITION BY event_id ORDER BY {order}) AS first_row
  FROM {typed_table} WHERE {GOOD} AND event_id IN (SELECT event_id FROM twice)
), compared AS (
  SELECT *, min(content) OVER (PARTITION BY event_id)
    <> max(content) OVER (PARTITION BY event_id) AS differs FROM told
)
SELECT _row, code, CASE WHEN differs THEN 'conflict' ELSE 'duplicate' END AS reason, first_row
FROM compared WHERE differs OR place > 1"""
    )
    keys = ", ".join(table.key)
    con.execute(
        f"INSERT INTO problems SELECT _row, {literal(keys)}, reason, code, first_row::VARCHAR "
        f"FROM {repeated_table}"
    )
    return repeated_table


def note_unknown_enterprises(con: duckdb.DuckDBPyConnection, typed_table: str, label: str) -> None:
    """Quarantine rows whose code is in no register row (relation ``known``)."""
    con.execute(
        f"INSERT INTO problems SELECT _row, {literal(label)}, 'unknown_enterprise', code, '' "
        f"FROM {typed_table} WHERE {GOOD} AND code NOT IN (SELECT code FROM known)"
    )


def good_rows_sql(typed_table: str, block: BlockSql, repeated_table: str, source: str) -> str:
    """SQL of the rows that go in, with ``EXTRA_COLUMNS``."""
    table = block.block.table
    names = ", ".join(quoted(n) for n in columns_of(table) if not n.startswith("source_"))
    select = (
        f"SELECT {names}, {literal(source)} AS source_file, _row AS source_row "
        f"FROM {typed_table} WHERE {GOOD}"
    )
    if table.kind == "event":
        select += " AND code IN (SELECT code FROM known)"
    if block.mapping.collapses(block.block):
        first_of_key = (
            f"QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY {_first_order(table)}) = 1"
        )
        return f"{select} {first_of_key}"
    return f"{select} AND _row NOT IN (SELECT _row FROM {repeated_table})"


def _first_order(table: Table) -> str:
    return "known_on, _row" if table.kind == "register" else "_row"


def _content_columns(table: Table) -> list[str]:
    excluded = {"known_on"} if table.kind == "register" else set()
    return [quoted(c.name) for c in table.columns if c.name not in excluded]


def _and(conditions: tuple[Condition, ...]) -> str:
    return "(" + (" AND ".join(condition_sql(c) for c in conditions) or "true") + ")"
