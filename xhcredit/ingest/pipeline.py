"""Ingestion of one source file under one mapping: stage, check, quarantine, commit."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb

from xhcredit.domain import persons
from xhcredit.errors import BadInput
from xhcredit.ingest import deliveries, quarantine, rowchecks, summary_fines, units
from xhcredit.ingest.blocks import BlockSql
from xhcredit.ingest.cells import code_columns_sql, name_sql
from xhcredit.ingest.deliveries import Delivery, Plan
from xhcredit.ingest.mapping import check_source_columns
from xhcredit.ingest.mapping_types import Block, Mapping
from xhcredit.ingest.readers.parquet import quoted
from xhcredit.ingest.readers.sources import Source, content_digest
from xhcredit.ingest.readers.staged import Staged
from xhcredit.ingest.report import FileReport, file_report
from xhcredit.ingest.warehouse import Entry, Warehouse, read_parquet

#: called with what is being done
Tell = Callable[[str], None]

_MEMORY = "2GB"
#: told of a file without any row: normal for a small district, and worth a look all the same
EMPTY = "表头下没有数据行，按空交付登记 a header and no rows: taken as an empty delivery"
_BLANKS = "' ' || chr(9) || chr(10) || chr(13) || chr(12288) || chr(160)"


@dataclass(frozen=True)
class Run:
    """Context of one ingestion; ``following`` are deliveries that come later in it."""

    warehouse: Warehouse
    today: date
    key: Callable[[], bytes]
    tell: Tell = field(default=lambda _: None)
    following: frozenset[Delivery] = frozenset()


def ingest_source(run: Run, source: Source, mapping: Mapping) -> FileReport:
    """Ingest one source, or find that nothing is to be done.

    Raises:
        BadInput: the source cannot be read, or its amounts are in another unit than declared.
        BadMapping: its columns are not those of the mapping.
    """
    digest = source.digest()
    if digest and isinstance(found := _plan(run, digest, mapping), Entry):
        return _report(run, found, "unchanged")
    with _workshop(run.warehouse) as (con, folder):
        run.tell(f"{source.name}: reading")
        staged = source.stage(mapping.format, folder)
        check_source_columns(mapping, list(staged.columns), source.name)
        found = _plan(run, digest or content_digest(con, staged), mapping)
        if isinstance(found, Entry):
            return _report(run, found, "unchanged")
        return _enter(run, con, source.name, mapping, staged, found)


def _plan(run: Run, digest: str, mapping: Mapping) -> Plan | Entry:
    return deliveries.plan(run.warehouse, digest, mapping, run.today, run.following)


def _report(run: Run, entry: Entry, status: str) -> FileReport:
    sheet = quarantine.paths(run.warehouse, entry.name)[1]
    return file_report(entry, "entered" if status == "entered" else "unchanged", str(sheet))


@contextmanager
def _workshop(warehouse: Warehouse) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A scratch database on disk, so that memory stays bounded; gone afterwards."""
    folder = warehouse.path / "staging"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    con = duckdb.connect(folder / "work.duckdb")
    try:
        con.execute(f"SET memory_limit = '{_MEMORY}'")
        con.execute("SET enable_progress_bar = false")
        yield con, folder
    finally:
        con.close()
        shutil.rmtree(folder, ignore_errors=True)


def _enter(
    run: Run,
    con: duckdb.DuckDBPyConnection,
    name: str,
    mapping: Mapping,
    staged: Staged,
    plan: Plan,
) -> FileReport:
    """Check the staged rows and write the entry."""
    run.tell(f"{name}: checking")
    replaced = {e.name for e in plan.redo}
    _create_cells(con, staged)
    quarantine.create(con, staged.refused)
    entry = Entry(
        name="",
        source=name,
        source_digest=plan.digest,
        mapping=mapping.id,
        mapping_digest=mapping.digest,
        parts={},
        rows_in=_count(con, "cells") + len(staged.refused),
        rows_skipped=rowchecks.count_skipped(con, mapping),
        register_digest=run.warehouse.register_digest(replaced),
        person_key_check=_prepare_persons(run, con, mapping),
        ingested_on=run.today.isoformat(),
    )
    rowchecks.note_rows_of_no_table(con, mapping)
    selects, notes = _check_blocks(run, con, name, mapping, staged, replaced)
    notes += [EMPTY] if not entry.rows_in else []
    held = quarantine.counts(con)
    for old in plan.redo:
        if old.mapping_digest == mapping.digest and old.quarantined == held:
            return _report(run, old, "unchanged")
    checked = replace(entry, quarantined=held, rows_quarantined=quarantine.rows(con), notes=notes)
    for written in plan.entries(checked):
        done = _commit(run, con, selects, written)
    return _report(run, done, "entered")


def _commit(
    run: Run, con: duckdb.DuckDBPyConnection, selects: dict[str, str], entry: Entry
) -> Entry:
    """Write parts, then quarantine, then the manifest that makes them count."""
    run.tell(f"{entry.source}: writing")

    def before(entry_name: str) -> None:
        quarantine.write(con, run.warehouse, entry_name, entry.source)
        run.tell(f"{entry.source}: entering")

    return run.warehouse.commit(con, selects, entry, before)


def _prepare_persons(run: Run, con: duckdb.DuckDBPyConnection, mapping: Mapping) -> str:
    """Hand the key to the connection; refuse another key than the warehouse was filled with."""
    if not mapping.has_persons:
        return ""
    key = run.key()
    check = persons.key_check(key)
    for entry in run.warehouse.entries():
        if entry.person_key_check not in ("", check):
            raise BadInput(
                f'the key for persons is not the one that "{entry.source}" was ingested with, so '
                f"the same person would get two hashes; use that key, or start a new warehouse"
            )
    inner, outer = persons.hmac_pads(key)
    con.execute("SET VARIABLE person_inner = ?", [inner])
    con.execute("SET VARIABLE person_outer = ?", [outer])
    return check


def _create_cells(con: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Create relation ``cells``: texts without surrounding blanks, empty ones as NULL."""
    cleaned = ", ".join(
        f"nullif(trim({quoted(c)}, {_BLANKS}), '') AS {quoted(c)}" for c in staged.columns
    )
    con.execute(f"CREATE VIEW cells AS SELECT _row, {cleaned} FROM ({staged.select})")


def _check_blocks(
    run: Run,
    con: duckdb.DuckDBPyConnection,
    name: str,
    mapping: Mapping,
    staged: Staged,
    replaced: set[str],
) -> tuple[dict[str, str], list[str]]:
    """Run all checks; return the SELECT of good rows by table, and notes for people."""
    digest_of = sorted(set(staged.columns) - mapping.ignore)
    register = [
        run.warehouse.part("enterprise", e.name)
        for e in run.warehouse.entries()
        if "enterprise" in e.parts and e.name not in replaced
    ]
    selects: dict[str, list[str]] = {}
    notes: list[str] = []
    known = [_codes_of(register)]
    _create_known(con, known)
    ordered = sorted(mapping.blocks, key=lambda b: (b.table.kind != "register", b.optional))
    for place, block in enumerate(ordered):
        compiled = BlockSql(mapping, block, digest_of, run.today)
        typed = f"typed_{place}"
        _create_names(con, block, digest_of, register)
        con.execute(f"CREATE TABLE {typed} AS {compiled.typed()}")
        repeated = _note_problems(con, typed, block, mapping)
        select = rowchecks.good_rows_sql(typed, compiled, repeated, name)
        selects.setdefault(block.table.name, []).append(select)
        if not block.optional:
            notes += units.changed_codes(con, block)
            notes += units.undated_states(con, block, typed)
        notes += units.notes(con, run.warehouse, block, typed, name)
        notes += summary_fines.notes(con, block, typed)
        if block.table.kind == "register":
            known.append(select)
            _create_known(con, known)
    return {table: _united(table, several) for table, several in selects.items()}, notes


def _note_problems(
    con: duckdb.DuckDBPyConnection, typed: str, block: Block, mapping: Mapping
) -> str:
    """Quarantine what is wrong in one block; return the list of repeated rows."""
    if block.optional:
        return ""
    rowchecks.note_cell_problems(con, typed)
    repeated = ""
    if not mapping.collapses(block):
        repeated = rowchecks.note_repeated_keys(con, typed, block.table)
    if block.table.kind == "event":
        label = block.cells["code"].column or "code"
        rowchecks.note_unknown_enterprises(con, typed, label)
    return repeated


def _united(table: str, selects: list[str]) -> str:
    """Several blocks of one table become one part; a key that two blocks give goes in once."""
    if len(selects) == 1:
        return selects[0]
    together = " UNION ALL ".join(
        f"SELECT *, {place} AS _place FROM ({select})" for place, select in enumerate(selects)
    )
    known = "* EXCLUDE (_place)"
    if table == "enterprise":
        known += " REPLACE (min(known_on) OVER (PARTITION BY event_id) AS known_on)"
    return (
        f"SELECT {known} FROM ({together}) "
        f"QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY _place, source_row) = 1"
    )


def _codes_of(register: list[Path]) -> str:
    source = read_parquet(register) if register else "(SELECT NULL::VARCHAR AS code WHERE false)"
    return f"SELECT code FROM {source}"


def _create_known(con: duckdb.DuckDBPyConnection, selects: list[str]) -> None:
    """Create relation ``known``: codes of the register and of this file's register rows."""
    together = " UNION ".join(f"SELECT code FROM ({select})" for select in selects)
    con.execute(f"CREATE OR REPLACE TABLE known AS {together}")


def _create_names(
    con: duckdb.DuckDBPyConnection, block: Block, digest_of: list[str], register: list[Path]
) -> None:
    """Create relation ``names``: code by exact name, and how many codes bear the name."""
    cell = block.cells["code"]
    if not cell.by_name:
        return
    here = code_columns_sql(cell, digest_of, "SELECT * FROM cells")
    selects = [
        f"SELECT {name_sql(quoted(cell.by_name))} AS name, _code AS code FROM ({here}) "
        f"WHERE _code IS NOT NULL AND _code_problem IS NULL"
    ]
    if register:
        selects.append(f"SELECT {name_sql('name')} AS name, code FROM {read_parquet(register)}")
    con.execute(
        f"CREATE OR REPLACE TABLE names AS SELECT name, min(code) AS code, "
        f"count(DISTINCT code) AS count FROM ({' UNION '.join(selects)}) "
        f"WHERE name IS NOT NULL AND code IN (SELECT code FROM known) GROUP BY name"
    )


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    found = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(found[0]) if found else 0
