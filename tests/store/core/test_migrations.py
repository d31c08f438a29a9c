"""Stores of every version come up to the newest one: nothing lost, guarded, no false alarm."""

import json
import shutil
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, inspect, select, text

from tests.store.nights import code
from tests.store.postgres import empty_database
from tests.store.versions.make import FOLDER, fill, load
from xhcredit.errors import BadStore
from xhcredit.store import migrate
from xhcredit.store.all_tables import tables
from xhcredit.store.audit import chain_head, find_faults, verify
from xhcredit.store.core import append_only
from xhcredit.store.core.columns import METADATA
from xhcredit.store.core.database import connect
from xhcredit.store.core.transactions import Act, Writer
from xhcredit.store.migrate import HEAD, require_newest, upgrade_store
from xhcredit.store.store import Store

SCRIPTS = ScriptDirectory(str(migrate._SCRIPTS))
VERSIONS = sorted(r.revision for r in SCRIPTS.walk_revisions())
TRIALS = [f"{n:04}" for n in range(1, 13)]


def script(version, address):
    return FOLDER / f"{version}.{'postgresql' if '://' in address else 'sqlite'}.sql"


def everything(address, only=None):
    """All rows, of the tables and columns that are named."""
    database = connect(address)
    with database.reading() as con:
        metadata = MetaData()
        metadata.reflect(con)
        columns = only or {
            n: [c.name for c in t.columns]
            for n, t in metadata.tables.items()
            if n != "alembic_version"
        }
        rows = {
            n: sorted(map(repr, con.execute(select(*(metadata.tables[n].c[c] for c in names)))))
            for n, names in columns.items()
        }
    database.engine.dispose()
    return columns, rows


def schema(con):
    """Tables, columns, keys, references, uniques, checks and indices, comparable across stores."""
    look = inspect(con)
    return {
        name: {
            "columns": [
                (c["name"], repr(c["type"]), c["nullable"], str(c["default"]))
                for c in look.get_columns(name)
            ],
            "key": look.get_pk_constraint(name),
            "references": sorted(map(repr, look.get_foreign_keys(name))),
            "uniques": sorted(map(repr, look.get_unique_constraints(name))),
            "checks": sorted(map(repr, look.get_check_constraints(name))),
            "indices": sorted(map(repr, look.get_indexes(name))),
        }
        for name in look.get_table_names()
        if name != "alembic_version"
    }


@pytest.fixture
def another(address, tmp_path, request):
    """The address of a second empty database beside ``address``."""
    yield from empty_database(request, address, tmp_path / "another.db")


def test_the_versions_make_exactly_the_tables_that_the_code_works_with(store, another):
    tables()
    database = connect(another)
    with database.writing() as con:
        METADATA.create_all(con)
        append_only.restore_guards(con)
        wanted, triggers = schema(con), append_only._present_triggers(con)
    with store.database.reading() as con:
        assert schema(con) == wanted
        assert append_only._present_triggers(con) == triggers
        if store.database.is_sqlite:
            counted = text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'")
            assert set(con.scalars(counted)) == {"outbox", "login_failures"}
    database.engine.dispose()
    assert set(wanted) == set(tables())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_every_version_comes_up_with_all_it_holds(address, version):
    load(script(version, address), address)
    wanted, before = everything(address)

    with Store.open(address) as store:
        assert (store.migrated.before, store.migrated.after) == (version, HEAD)
        assert store.migrated.guards_restored == []
        _, after = everything(address, wanted)
        chain = before.pop("activity")
        assert after.pop("activity")[: len(chain)] == chain
        assert after == before
        assert verify(store.database).whole
        assert find_faults(store.database) == []
        works(store)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_every_version_has_the_tables_of_a_new_one(address, another, version):
    load(script(version, address), address)
    with (
        Store.open(address) as old,
        Store.open(another) as new,
        old.database.reading() as con,
        new.database.reading() as fresh,
    ):
        assert schema(con) == schema(fresh), "python -m tests.store.versions.make"
        assert append_only.missing_guards(con) == []


def works(store):
    """What was written then is used now."""
    assert json.loads(store.reader.current_answer(code(1)).body)["tier"] == "B"
    [message] = store.outbox.waiting()
    assert (message["code"], message["previous_tier"], message["tier"]) == (code(0), "A", "B")
    assert store.access.get_user("zhang")["grants"] == [("viewer", "局")]
    assert [view.name for view in store.views.visible_to("zhang", "局")] == ["查看"]
    assert store.applications.get(1)["code"] == code(3)
    number, _ = store.subscriptions.add(Act("a", "add", "test"), "平台", "https://a.cn", (), "")
    assert store.deliveries.replay(Act("a", "replay", "test"), number, since=1) == 1


def test_every_version_has_its_small_stores():
    names = {f"{v}.{kind}.sql" for v in VERSIONS for kind in ("sqlite", "postgresql")}

    assert {file.name for file in FOLDER.glob("*.sql")} == names


def test_the_newest_version_is_the_last_file_and_the_first_the_first():
    assert (VERSIONS[0], VERSIONS[-1]) == (migrate.FIRST, HEAD)
    assert SCRIPTS.get_current_head() == HEAD


@pytest.mark.parametrize("version", TRIALS)
def test_a_store_from_before_the_first_release_is_refused_in_words(address, version):
    with Store.open(address) as store, store.database.writing() as con:
        con.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    for opening in (Store.open, Store.open_unchanged):
        with pytest.raises(BadStore, match=f"has version {version}, from before 0.1.0.*anew into"):
            opening(address)


LATER = """
from alembic import op
import sqlalchemy as sa

revision = "9000"
down_revision = "{head}"


def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
    with op.batch_alter_table("runs") as runs:
        runs.alter_column("tiers", existing_type=sa.Text, nullable=True)
"""


@pytest.fixture
def later(tmp_path, monkeypatch):
    """The program of a later version: one more table, guarded, and one that is made anew."""
    scripts = tmp_path / "migrations"
    shutil.copytree(migrate._SCRIPTS, scripts)
    (scripts / "versions" / "v9000_later.py").write_text(LATER.format(head=HEAD))
    guarded = (*append_only._GUARDS, ("later", "DELETE", "", "append-only"))

    def start():
        monkeypatch.setattr(migrate, "_SCRIPTS", scripts)
        monkeypatch.setattr(migrate, "HEAD", "9000")
        monkeypatch.setattr(append_only, "_GUARDS", guarded)

    return start


@pytest.fixture
def old(address, tmp_path):
    fill(address, tmp_path)
    database = connect(address)
    yield database
    database.engine.dispose()


def test_looking_at_an_old_store_changes_nothing_and_says_what_to_run(old, later):
    before = chain_head(old)
    later()

    with pytest.raises(BadStore, match=f'has version {HEAD}.*run "xhcredit store migrate" first'):
        require_newest(old)
    assert chain_head(old) == before


def test_an_upgrade_raises_no_alarm(old, later):
    later()
    done = upgrade_store(old, Writer(old), "9000")

    assert (done.before, done.after, done.guards_restored) == (HEAD, "9000", [])
    require_newest(old)
    assert find_faults(old) == []
    assert verify(old).whole


def test_a_guard_taken_away_before_an_upgrade_is_told_in_spite_of_it(old, later):
    on = " ON runs" if not old.is_sqlite else ""
    with old.writing() as con:
        con.exec_driver_sql(f"DROP TRIGGER keep_runs_delete{on}")
    later()
    done = upgrade_store(old, Writer(old), "9000")

    assert done.guards_restored == ["keep_runs_delete"]
    assert find_faults(old) == []


def test_an_address_without_a_store_is_not_looked_at(address):
    if "://" not in address:
        create_engine(f"sqlite:///{address}").connect().close()
        Path(address).touch()
    with pytest.raises(BadStore, match=r"has version none.*store migrate"):
        Store.open_unchanged(address)
