"""Quarantine files: Parquet for programs and a CSV that a person can open."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb

from xhcredit.domain.spreadsheet_safety import FORMULA, SPACE
from xhcredit.ingest.readers.staged import RefusedRow
from xhcredit.ingest.reasons import REASONS
from xhcredit.ingest.sql_text import literal
from xhcredit.ingest.warehouse import Warehouse, copy_to_parquet_file

COLUMNS = ("file", "row", "column", "reason", "raw_text", "what_to_do_zh", "what_to_do_en")


def create_problems(con: duckdb.DuckDBPyConnection, refused: Sequence[RefusedRow]) -> None:
    """Create relation ``problems`` with the rows that the reader refused."""
    con.execute(
        'CREATE OR REPLACE TABLE problems (_row BIGINT, "column" VARCHAR, reason VARCHAR, '
        "raw_text VARCHAR, detail VARCHAR)"
    )
    if refused:
        rows = [(r.row, "", r.reason, r.raw_text, r.detail) for r in refused]
        con.executemany("INSERT INTO problems VALUES (?, ?, ?, ?, ?)", rows)


def counts_by_reason(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Quarantined rows by reason; a row counts once for each of its reasons."""
    reason_counts = con.execute(
        "SELECT reason, count(DISTINCT _row) FROM problems GROUP BY reason ORDER BY reason"
    )
    return {str(reason): int(reason_rows) for reason, reason_rows in reason_counts.fetchall()}


def row_count(con: duckdb.DuckDBPyConnection) -> int:
    """Distinct source rows in quarantine."""
    count_row = con.execute("SELECT count(DISTINCT _row) FROM problems").fetchone()
    return int(count_row[0]) if count_row else 0


def paths(warehouse: Warehouse, entry: str) -> tuple[Path, Path]:
    """Parquet and CSV of one entry."""
    folder = warehouse.path / "quarantine"
    return folder / f"{entry}.parquet", folder / f"{entry}.csv"


def write_files(
    con: duckdb.DuckDBPyConnection, warehouse: Warehouse, entry: str, source: str
) -> None:
    """Write both files; nothing if no row is in quarantine."""
    if not row_count(con):
        return
    parquet_path, csv_path = paths(warehouse, entry)
    copy_to_parquet_file(con, _select(source), parquet_path)
    names = ", ".join('"row"' if c == "row" else f'{_neutralised_sql(c)} AS "{c}"' for c in COLUMNS)
    plain_csv = csv_path.with_suffix(".unfinished")
    con.execute(
        f"COPY (SELECT {names} FROM ({_select(source)})) TO {literal(str(plain_csv))} "
        f"(FORMAT csv, HEADER)"
    )
    csv_with_mark = csv_path.with_suffix(".marked")
    with plain_csv.open("rb") as content, csv_with_mark.open("wb") as target:
        target.write(b"\xef\xbb\xbf")  # spreadsheet programs take CSV for the local encoding else
        shutil.copyfileobj(content, target)
    plain_csv.unlink()
    csv_with_mark.replace(csv_path)


def _select(source: str) -> str:
    """SQL of the quarantine: one line per row and reason, in the order of the file."""
    remedy_zh = _remedy_sql(0)
    remedy_en = _remedy_sql(1)
    distinct_problems = (
        "SELECT * FROM problems QUALIFY "
        'row_number() OVER (PARTITION BY _row, reason ORDER BY "column") = 1'
    )
    return (
        f'SELECT {literal(source)} AS file, _row AS "row", "column", reason, raw_text, '
        f"{remedy_zh} AS what_to_do_zh, {remedy_en} AS what_to_do_en "
        f'FROM ({distinct_problems}) ORDER BY _row, "column", reason'
    )


def _remedy_sql(language: int) -> str:
    cases = " ".join(
        f"WHEN {literal(reason)} THEN {literal(remedies[language])}"
        for reason, remedies in REASONS.items()
    )
    return f"replace(CASE reason {cases} END, '{{}}', coalesce(detail, ''))"


def _neutralised_sql(column: str) -> str:
    """SQL of a text that no spreadsheet program takes for a formula."""
    formula = literal(f"^[{SPACE}]*[{re.escape(FORMULA)}]")
    return f"""if(regexp_matches("{column}", {formula}), '''' || "{column}", "{column}")"""
