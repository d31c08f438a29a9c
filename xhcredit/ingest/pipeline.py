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
from xhcredit.ingest.deliveries import Delivery, DeliveryPlan
from xhcredit.ingest.mapping import check_source_columns
from xhcredit.ingest.mapping_types import Block, Mapping
from xhcredit.ingest.readers.parquet import quoted
from xhcredit.ingest.readers.sources import Source, content_digest
from xhcredit.ingest.readers.staged import Staged
from xhcredit.ingest.report import FileReport, file_report
from xhcredit.ingest.spellings import unknown_name_notes
from xhcredit.ingest.sql_text import read_parquet
from xhcredit.ingest.warehouse import Entry, Warehouse

#: called with what is being done
ProgressCallback = Callable[[str], None]

# Beyond it DuckDB goes on out of core, for up to three times the processor time (measured).
_MEMORY_LIMIT = "2GB"
#: told of a file without any row: normal for a small district, and worth a look all the same
EMPTY_NOTE = "表头下没有数据行，按空交付登记 a header and no rows: taken as an empty delivery"
# Also the ideographic and the no-break space, which spreadsheets leave in cells.
_BLANKS = "' ' || chr(9) || chr(10) || chr(13) || chr(12288) || chr(160)"


@dataclass(frozen=True)
class IngestContext:
    """Context of one ingestion; ``following`` are deliveries that come later in it."""

    warehouse: Warehouse
    today: date
    key: Callable[[], bytes]
    report_progress: ProgressCallback = field(default=lambda _: None)
    following: frozenset[Delivery] = frozenset()


def ingest_source(context: IngestContext, source: Source, mapping: Mapping) -> FileReport:
    """Ingest one source, or find that nothing is to be done.

    Raises:
        BadInput: the source cannot be read, or its amounts are in another unit than declared.
        BadMapping: its columns are not those of the mapping.
    """
    digest = source.digest()
    # An unchanged file is told by its bytes alone, before anything of it is read as a table.
    if digest and isinstance(plan_or_entry := _plan_delivery(context, digest, mapping), Entry):
        return _entry_report(context, plan_or_entry, "unchanged")
    with _scratch_database(context.warehouse) as (con, folder):
        context.report_progress(f"{source.name}: reading")
        staged = source.stage(mapping.format, folder)
        check_source_columns(mapping, list(staged.columns), source.name)
        plan_or_entry = _plan_delivery(context, digest or content_digest(con, staged), mapping)
        if isinstance(plan_or_entry, Entry):
            return _entry_report(context, plan_or_entry, "unchanged")
        return _check_and_commit(context, con, source.name, mapping, staged, plan_or_entry)


def _plan_delivery(context: IngestContext, digest: str, mapping: Mapping) -> DeliveryPlan | Entry:
    return deliveries.plan_delivery(
        context.warehouse, digest, mapping, context.today, context.following
    )


def _entry_report(context: IngestContext, entry: Entry, status: str) -> FileReport:
    quarantine_csv = quarantine.paths(context.warehouse, entry.name)[1]
    return file_report(
        entry, "entered" if status == "entered" else "unchanged", str(quarantine_csv)
    )


@contextmanager
def _scratch_database(warehouse: Warehouse) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A scratch database on disk, so that memory stays bounded; gone afterwards."""
    # Only one ingestion runs at a time (Warehouse.lock), so what lies here a kill has left.
    folder = warehouse.path / "staging"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    con = duckdb.connect(folder / "work.duckdb")
    try:
        con.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
        con.execute("SET enable_progress_bar = false")
        yield con, folder
    finally:
        con.close()
        shutil.rmtree(folder, ignore_errors=True)


def _check_and_commit(
    context: IngestContext,
    con: duckdb.DuckDBPyConnection,
    source_name: str,
    mapping: Mapping,
    staged: Staged,
    plan: DeliveryPlan,
) -> FileReport:
    """Check the staged rows and write the entry."""
    context.report_progress(f"{source_name}: checking")
    replaced_names = {e.name for e in plan.redo}
    _create_cells(con, staged)
    quarantine.create_problems(con, staged.refused)
    entry = Entry(
        name="",
        source=source_name,
        source_digest=plan.digest,
        mapping=mapping.id,
        mapping_digest=mapping.digest,
        parts={},
        rows_in=_row_count(con, "cells") + len(staged.refused),
        rows_skipped=rowchecks.count_skipped(con, mapping),
        register_digest=context.warehouse.register_digest(replaced_names),
        person_key_check=_prepare_persons(context, con, mapping),
        ingested_on=context.today.isoformat(),
    )
    rowchecks.note_rows_of_no_table(con, mapping)
    selects, notes = _check_blocks(context, con, source_name, mapping, staged, replaced_names)
    notes += [EMPTY_NOTE] if not entry.rows_in else []
    quarantined_counts = quarantine.counts_by_reason(con)
    for redone_entry in plan.redo:
        if (
            redone_entry.mapping_digest == mapping.digest
            and redone_entry.quarantined == quarantined_counts
        ):
            return _entry_report(context, redone_entry, "unchanged")
    checked_entry = replace(
        entry,
        quarantined=quarantined_counts,
        rows_quarantined=quarantine.row_count(con),
        notes=notes,
    )
    for entry_to_write in plan.entries(checked_entry):
        written_entry = _commit(context, con, selects, entry_to_write)
    return _entry_report(context, written_entry, "entered")


def _commit(
    context: IngestContext, con: duckdb.DuckDBPyConnection, selects: dict[str, str], entry: Entry
) -> Entry:
    """Write parts, then quarantine, then the manifest that makes them count."""
    context.report_progress(f"{entry.source}: writing")

    def write_quarantine(entry_name: str) -> None:
        quarantine.write_files(con, context.warehouse, entry_name, entry.source)
        context.report_progress(f"{entry.source}: entering")

    return context.warehouse.commit(con, selects, entry, write_quarantine)


def _prepare_persons(
    context: IngestContext, con: duckdb.DuckDBPyConnection, mapping: Mapping
) -> str:
    """Hand the key to the connection; refuse another key than the warehouse was filled with."""
    if not mapping.has_persons:
        return ""
    key = context.key()
    key_check = persons.key_check(key)
    for entry in context.warehouse.entries():
        if entry.person_key_check not in ("", key_check):
            raise BadInput(
                f'the key for persons is not the one that "{entry.source}" was ingested with, so '
                f"the same person would get two hashes; use that key, or start a new warehouse"
            )
    inner_pad, outer_pad = persons.hmac_pads(key)
    con.execute("SET VARIABLE person_inner = ?", [inner_pad])
    con.execute("SET VARIABLE person_outer = ?", [outer_pad])
    return key_check


def _create_cells(con: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Create relation ``cells``: texts without surrounding blanks, empty ones as NULL."""
    cleaned = ", ".join(
        f"nullif(trim({quoted(c)}, {_BLANKS}), '') AS {quoted(c)}" for c in staged.columns
    )
    con.execute(f"CREATE VIEW cells AS SELECT _row, {cleaned} FROM ({staged.select})")


def _check_blocks(
    context: IngestContext,
    con: duckdb.DuckDBPyConnection,
    source_name: str,
    mapping: Mapping,
    staged: Staged,
    replaced_names: set[str],
) -> tuple[dict[str, str], list[str]]:
    """Run all checks; return the SELECT of good rows by table, and notes for people."""
    # Sorted: a department that moves its columns must not change the ids of its events.
    digest_of = sorted(set(staged.columns) - mapping.ignore)
    register = [
        context.warehouse.part("enterprise", e.name)
        for e in context.warehouse.entries()
        if "enterprise" in e.parts and e.name not in replaced_names
    ]
    selects: dict[str, list[str]] = {}
    notes: list[str] = []
    known_selects = [_codes_sql(register)]
    _create_known(con, known_selects)
    # The register first: events of the same file may be of enterprises that it only now brings.
    ordered_blocks = sorted(mapping.blocks, key=lambda b: (b.table.kind != "register", b.optional))
    for position, block in enumerate(ordered_blocks):
        block_sql = BlockSql(mapping, block, digest_of, context.today)
        typed_table = f"typed_{position}"
        _create_names(con, block, digest_of, register)
        con.execute(f"CREATE TABLE {typed_table} AS {block_sql.typed_rows_sql()}")
        repeated_table = _note_problems(con, typed_table, block, mapping)
        select = rowchecks.good_rows_sql(typed_table, block_sql, repeated_table, source_name)
        selects.setdefault(block.table.name, []).append(select)
        if not block.optional:
            notes += units.normalised_code_notes(con, block)
            notes += units.undated_state_notes(con, block, typed_table)
        notes += units.unit_notes(con, context.warehouse, block, typed_table, source_name)
        notes += unknown_name_notes(con, mapping, block, typed_table)
        notes += summary_fines.summary_fine_notes(con, block, typed_table)
        if block.table.kind == "register":
            known_selects.append(select)
            _create_known(con, known_selects)
    return {
        table: _union_sql(table, table_selects) for table, table_selects in selects.items()
    }, notes


def _note_problems(
    con: duckdb.DuckDBPyConnection, typed_table: str, block: Block, mapping: Mapping
) -> str:
    """Quarantine what is wrong in one block; return the list of repeated rows."""
    if block.optional:
        return ""
    rowchecks.note_cell_problems(con, typed_table)
    repeated_table = ""
    if not mapping.collapses(block):
        repeated_table = rowchecks.note_repeated_keys(con, typed_table, block.table)
    if block.table.kind == "event":
        label = block.cells["code"].column or "code"
        rowchecks.note_unknown_enterprises(con, typed_table, label)
    return repeated_table


def _union_sql(table: str, selects: list[str]) -> str:
    """Several blocks of one table become one part; a key that two blocks give goes in once."""
    if len(selects) == 1:
        return selects[0]
    union = " UNION ALL ".join(
        f"SELECT *, {position} AS _place FROM ({select})" for position, select in enumerate(selects)
    )
    column_list = "* EXCLUDE (_place)"
    if table == "enterprise":
        column_list += " REPLACE (min(known_on) OVER (PARTITION BY event_id) AS known_on)"
    return (
        f"SELECT {column_list} FROM ({union}) "
        f"QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY _place, source_row) = 1"
    )


def _codes_sql(register: list[Path]) -> str:
    source = read_parquet(register) if register else "(SELECT NULL::VARCHAR AS code WHERE false)"
    return f"SELECT code FROM {source}"


def _create_known(con: duckdb.DuckDBPyConnection, selects: list[str]) -> None:
    """Create relation ``known``: codes of the register and of this file's register rows."""
    union = " UNION ".join(f"SELECT code FROM ({select})" for select in selects)
    con.execute(f"CREATE OR REPLACE TABLE known AS {union}")


def _create_names(
    con: duckdb.DuckDBPyConnection, block: Block, digest_of: list[str], register: list[Path]
) -> None:
    """Create relation ``names``: code by exact name, and how many codes bear the name."""
    cell = block.cells["code"]
    if not cell.by_name:
        return
    coded_rows = code_columns_sql(cell, digest_of, "SELECT * FROM cells")
    selects = [
        f"SELECT {name_sql(quoted(cell.by_name))} AS name, _code AS code FROM ({coded_rows}) "
        f"WHERE _code IS NOT NULL AND _code_problem IS NULL"
    ]
    if register:
        selects.append(f"SELECT {name_sql('name')} AS name, code FROM {read_parquet(register)}")
    con.execute(
        f"CREATE OR REPLACE TABLE names AS SELECT name, min(code) AS code, "
        f"count(DISTINCT code) AS count FROM ({' UNION '.join(selects)}) "
        f"WHERE name IS NOT NULL AND code IN (SELECT code FROM known) GROUP BY name"
    )


def _row_count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    count_row = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(count_row[0]) if count_row else 0
