"""What is append-only stays so: against SQL, through migrations, and tampering is found."""

import sqlite3
from contextlib import closing

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Float, insert, select, text
from sqlalchemy.exc import DBAPIError

from tests.store.nights import night
from xhcredit.errors import BadStore
from xhcredit.jobs.night.publish import publish
from xhcredit.store.audit import chain_head, find_faults, verify
from xhcredit.store.core import append_only
from xhcredit.store.core.columns import METADATA
from xhcredit.store.core.tables import activity
from xhcredit.store.core.transactions import Act
from xhcredit.store.migrate import HEAD, version
from xhcredit.store.store import Store


def nothing(tx):
    return None


def act(**other):
    return Act(**{"actor": "a", "action": "b", "purpose": "c", "key": None} | other)


def run_sql(store, sql, **values):
    with store.database.writing() as con:
        con.execute(text(sql), values)


@pytest.fixture
def full(store, tmp_path):
    """A store with something in every guarded table."""
    publish(night(tmp_path / "n", "2026-06-30", "ABCD"), store, actor="a")
    row = {"digest": "d", "name": "n", "body": "{}"}
    store.act(
        act(),
        lambda tx: (
            tx.con.execute(insert(METADATA.tables["releases"]), row | {"activity": tx.seq}) and None
        ),
    )
    return store


FORBIDDEN = [
    "UPDATE activity SET actor = 'x' WHERE seq = 1",
    "DELETE FROM activity WHERE seq = 2",
    "UPDATE runs SET tiers = '{}'",
    "DELETE FROM runs",
    "UPDATE releases SET body = 'x'",
    "DELETE FROM releases",
    "UPDATE snapshots SET tier = 'A'",
    "DELETE FROM snapshots",
    "INSERT INTO snapshots (run, code, tier, composite, general, x, etag, body) "
    "SELECT run, 'new', tier, composite, general, x, etag, body FROM snapshots LIMIT 1",
    "UPDATE idempotency SET response = '1'",
    "INSERT INTO activity SELECT 99, recorded_at, clock_back_ms, actor, bureau, purpose, action, "
    "payload, algorithm, digest, 'z' FROM activity WHERE seq = 1",
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_the_database_itself_refuses(full, sql):
    with pytest.raises(DBAPIError, match=r"append-only|a chain"):
        run_sql(full, sql)

    assert verify(full.database).whole
    assert find_faults(full.database) == []


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", ["activity", "runs", "releases"])
def test_replacing_a_row_is_refused_too(full, table):
    with pytest.raises(DBAPIError, match=r"append-only|a chain"):
        run_sql(full, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1")


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
@pytest.mark.parametrize("table", ["activity", "runs", "releases", "idempotency", "snapshots"])
def test_emptying_a_table_is_refused(full, table):
    with pytest.raises(DBAPIError, match="append-only"):
        run_sql(full, f"TRUNCATE {table} CASCADE")


def unguarded(store, *sql):
    """What somebody does who may do everything in the database."""
    with store.database.writing() as con:
        for statement in append_only._drop_statements(
            append_only._expected_guards(con), con.dialect.name == "sqlite"
        ):
            con.exec_driver_sql(statement)
        for statement in sql:
            con.execute(text(statement))


COLUMNS = [c.name for c in activity.columns if c.name != "seq"]
VALUES = {
    "clock_back_ms": "7",
    "recorded_at": "'2026-01-01T00:00:00.000000Z'",
    "algorithm": "'sm3'",
}


@pytest.mark.parametrize("seq", [1, 3, 4])
@pytest.mark.parametrize("column", COLUMNS)
def test_tampering_with_any_column_of_any_entry_is_found(store, column, seq):
    for number in range(3):
        store.act(act(payload={"n": number}), nothing)
    unguarded(store, f"UPDATE activity SET {column} = {VALUES.get(column, '0')} WHERE seq = {seq}")

    assert verify(store.database).broken_at == seq


@pytest.mark.parametrize(
    ("sql", "broken_at"),
    [
        ("DELETE FROM activity WHERE seq = 1", 2),
        ("DELETE FROM activity WHERE seq = 3", 4),
        ("UPDATE activity SET seq = 9 WHERE seq = 4", 9),
    ],
)
def test_a_missing_entry_is_found(store, sql, broken_at):
    for number in range(3):
        store.act(act(payload={"n": number}), nothing)
    unguarded(store, sql)

    verdict = verify(store.database)
    assert (verdict.broken_at, "is missing" in verdict.why) == (broken_at, True)


def test_an_end_that_was_cut_off_shows_against_a_published_head(store):
    for number in range(3):
        store.act(act(payload={"n": number}), nothing)
    last = chain_head(store.database)
    unguarded(store, "DELETE FROM activity WHERE seq = 4")

    assert verify(store.database).whole
    assert verify(store.database, (last.seq, last.digest)).broken_at == 4


def test_a_chain_written_anew_shows_against_a_published_head(store):
    store.act(act(payload={"n": 1}), nothing)
    last = chain_head(store.database)
    unguarded(store, "DELETE FROM activity WHERE seq = 2")
    store.act(act(payload={"n": 2}), nothing)

    verdict = verify(store.database, (last.seq, last.digest))
    assert (verdict.broken_at, "written anew" in verdict.why) == (2, True)


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_rows_that_name_an_entry_beyond_the_end_show_that_it_was_cut_off(full):
    unguarded(full)
    with closing(sqlite3.connect(full.database.path)) as con, con:  # without foreign keys
        con.execute("DELETE FROM activity WHERE seq > 2")

    assert "missing at the end" in verify(full.database).why


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("UPDATE snapshots SET body = 'x' WHERE tier = 'D'", "is not the one its tag names"),
        ("UPDATE snapshots SET tier = 'A' WHERE tier = 'D'", "not what its answer says"),
        ("UPDATE snapshots SET bureaus = ';别局;'", "not what its answer says"),
        ("DELETE FROM snapshots WHERE tier = 'D'", "not those that were published"),
        ("UPDATE runs SET snapshot_digest = 'x'", "not what its activity entry says"),
        ("UPDATE runs SET provenance = '{}'", "another provenance"),
    ],
)
def test_tampering_with_answers_is_found(full, sql, message):
    unguarded(full, sql)

    faults = find_faults(full.database)
    assert any(message in fault for fault in faults), faults
    assert any("guard" in fault for fault in faults)


def test_a_batch_migration_drops_guards_and_opening_puts_them_back(full, address):
    """On SQLite a changed type makes the table anew, and its triggers are gone with the old."""
    with full.database.writing() as con:
        if full.database.is_sqlite:
            con.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        with Operations(MigrationContext.configure(con)).batch_alter_table(
            "snapshots", recreate="auto"
        ) as batch:
            batch.alter_column("composite", type_=Float())
        lost = append_only.missing_guards(con)

    gone = ["keep_snapshots_delete", "keep_snapshots_insert", "keep_snapshots_update"]
    assert lost == (gone if full.database.is_sqlite else [])
    with Store.open(address) as again:
        assert again.migrated.guards_restored == lost
        with pytest.raises(DBAPIError, match="append-only"):
            run_sql(again, "DELETE FROM snapshots")
        if lost:
            assert chain_head(again.database).action == "store.restore_guards"


WEAKENED = {
    "sqlite": (
        "DROP TRIGGER keep_runs_delete",
        "CREATE TRIGGER keep_runs_delete BEFORE DELETE ON runs BEGIN SELECT 1; END",
    ),
    "postgresql": ("ALTER TABLE runs DISABLE TRIGGER keep_runs_delete",),
}


def test_a_guard_that_was_weakened_is_told_and_put_back(full, address):
    with full.database.writing() as con:
        for statement in WEAKENED[con.dialect.name]:
            con.exec_driver_sql(statement)

    assert find_faults(full.database) == ['guard "keep_runs_delete" is missing or changed']
    with Store.open(address) as again:
        assert again.migrated.guards_restored == ["keep_runs_delete"]
        with pytest.raises(DBAPIError, match="append-only"):
            run_sql(again, "DELETE FROM runs")


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
def test_a_function_emptied_behind_its_guard_is_told(full):
    with full.database.writing() as con:
        con.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION keep_runs_delete() RETURNS trigger LANGUAGE plpgsql "
            "AS $$BEGIN RETURN OLD; END$$"
        )

    assert find_faults(full.database) == ['guard "keep_runs_delete" is missing or changed']


def test_a_store_of_a_newer_program_is_refused(store, address):
    run_sql(store, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(BadStore, match=r"has version 9999.*install the newer"):
        Store.open(address)


def test_many_programs_that_open_an_empty_store_at_once_make_it_once(address):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(Store.open, [address] * 6))
    with stores[0].database.reading() as con:
        assert version(con) == HEAD
        assert con.scalars(select(activity.c.action)).all() == ["store.migrate"]
    for store in stores:
        store.close()
