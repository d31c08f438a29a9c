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
from xhcredit.ingest.warehouse import Warehouse, copy_to_parquet, literal

COLUMNS = ("file", "row", "column", "reason", "found", "what_to_do_zh", "what_to_do_en")


def create(con: duckdb.DuckDBPyConnection, refused: Sequence[RefusedRow]) -> None:
    """Create relation ``problems`` with the rows that the reader refused."""
    con.execute(
        'CREATE OR REPLACE TABLE problems (_row BIGINT, "column" VARCHAR, reason VARCHAR, '
        "found VARCHAR, detail VARCHAR)"
    )
    if refused:
        rows = [(r.row, "", r.reason, r.found, r.detail) for r in refused]
        con.executemany("INSERT INTO problems VALUES (?, ?, ?, ?, ?)", rows)


def counts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Quarantined rows by reason; a row counts once for each of its reasons."""
    found = con.execute(
        "SELECT reason, count(DISTINCT _row) FROM problems GROUP BY reason ORDER BY reason"
    )
    return {str(reason): int(rows) for reason, rows in found.fetchall()}


def rows(con: duckdb.DuckDBPyConnection) -> int:
    """Distinct source rows in quarantine."""
    found = con.execute("SELECT count(DISTINCT _row) FROM problems").fetchone()
    return int(found[0]) if found else 0


def paths(warehouse: Warehouse, entry: str) -> tuple[Path, Path]:
    """Parquet and CSV of one entry."""
    folder = warehouse.path / "quarantine"
    return folder / f"{entry}.parquet", folder / f"{entry}.csv"


def write(con: duckdb.DuckDBPyConnection, warehouse: Warehouse, entry: str, source: str) -> None:
    """Write both files; nothing if no row is in quarantine."""
    if not rows(con):
        return
    table, sheet = paths(warehouse, entry)
    copy_to_parquet(con, _select(source), table)
    names = ", ".join('"row"' if c == "row" else f'{_harmless(c)} AS "{c}"' for c in COLUMNS)
    plain = sheet.with_suffix(".unfinished")
    con.execute(
        f"COPY (SELECT {names} FROM ({_select(source)})) TO {literal(str(plain))} "
        f"(FORMAT csv, HEADER)"
    )
    marked = sheet.with_suffix(".marked")
    with plain.open("rb") as content, marked.open("wb") as target:
        target.write(b"\xef\xbb\xbf")  # spreadsheet programs take CSV for the local encoding else
        shutil.copyfileobj(content, target)
    plain.unlink()
    marked.replace(sheet)


def _select(source: str) -> str:
    """SQL of the quarantine: one line per row and reason, in the order of the file."""
    cases_zh = _told(0)
    cases_en = _told(1)
    once = (
        "SELECT * FROM problems QUALIFY "
        'row_number() OVER (PARTITION BY _row, reason ORDER BY "column") = 1'
    )
    return (
        f'SELECT {literal(source)} AS file, _row AS "row", "column", reason, found, '
        f"{cases_zh} AS what_to_do_zh, {cases_en} AS what_to_do_en "
        f'FROM ({once}) ORDER BY _row, "column", reason'
    )


def _told(language: int) -> str:
    cases = " ".join(
        f"WHEN {literal(reason)} THEN {literal(words[language])}"
        for reason, words in REASONS.items()
    )
    return f"replace(CASE reason {cases} END, '{{}}', coalesce(detail, ''))"


def _harmless(column: str) -> str:
    """SQL of a text that no spreadsheet program takes for a formula."""
    formula = literal(f"^[{SPACE}]*[{re.escape(FORMULA)}]")
    return f"""if(regexp_matches("{column}", {formula}), '''' || "{column}", "{column}")"""
