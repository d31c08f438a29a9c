"""A backup brings the same store back, guards and chain included; anything else is refused."""

import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.store.nights import code, night
from tests.store.postgres import empty_database
from xhcredit.errors import BadInput, BadStore
from xhcredit.jobs.night.publish import publish
from xhcredit.store.audit import chain_head, find_faults, verify
from xhcredit.store.backup import backup, restore
from xhcredit.store.core.columns import METADATA
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store


@pytest.fixture
def elsewhere(address, tmp_path, request):
    """The address of another empty database of the same kind."""
    yield from empty_database(request, address, tmp_path / "elsewhere" / "store.db")


def everything(store):
    """All rows of all tables."""
    with store.database.reading() as con:
        return {
            name: sorted(map(repr, con.execute(select(table)).all()))
            for name, table in METADATA.tables.items()
        }


@pytest.fixture
def full(store, tmp_path):
    publish(night(tmp_path / "1", "2026-06-30", "ABCD"), store, actor="n")
    publish(night(tmp_path / "2", "2026-07-01", "BBCD"), store, actor="n")
    store.access.add_user(Act("a", "user.add", "start"), "zhang", "张三", "hash")
    return store


def test_what_is_restored_is_the_same_and_as_well_guarded(full, elsewhere, tmp_path):
    saved = backup(full.database, tmp_path / "backup")
    assert restore(tmp_path / "backup", elsewhere) == saved

    with Store.open(elsewhere) as again:
        assert again.migrated.guards_restored == []
        assert everything(again) == everything(full)
        assert again.reader.current_answer(code(0)) == full.reader.current_answer(code(0))
        assert verify(again.database).whole
        assert find_faults(again.database) == []
        again.act(Act("a", "b", "it goes on"), lambda tx: None)
        assert chain_head(again.database).seq == saved.head_seq + 1


def test_a_backup_is_taken_while_others_write_and_is_whole(full, elsewhere, tmp_path):
    done = threading.Event()

    def write():
        while not done.is_set():
            full.act(Act("w", "b", "c"), lambda tx: None)

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        saved = backup(full.database, tmp_path / "backup")
        done.set()
        writer.result()
    restore(tmp_path / "backup", elsewhere)

    with Store.open(elsewhere) as again:
        assert chain_head(again.database).seq == saved.head_seq
        assert verify(again.database).whole


def test_nothing_is_overwritten(full, address, tmp_path):
    backup(full.database, tmp_path / "backup")

    with pytest.raises(BadInput, match="a backup is never overwritten"):
        backup(full.database, tmp_path / "backup")
    with pytest.raises(BadStore, match=r"nothing is overwritten|is not empty"):
        restore(tmp_path / "backup", address)


def test_a_backup_that_was_changed_is_refused(full, elsewhere, tmp_path):
    backup(full.database, tmp_path / "backup")
    with (tmp_path / "backup").open("ab") as file:
        file.write(b"x")

    with pytest.raises(BadInput, match="was changed since"):
        restore(tmp_path / "backup", elsewhere)


def test_a_backup_that_does_not_hold_what_it_says_is_not_passed_off_as_good(
    full, elsewhere, tmp_path
):
    backup(full.database, tmp_path / "backup")
    beside = tmp_path / "backup.json"
    beside.write_text(json.dumps(json.loads(beside.read_text()) | {"head_digest": "another"}))

    with pytest.raises(BadStore, match="do not use this store"):
        restore(tmp_path / "backup", elsewhere)


def test_half_a_backup_is_refused(full, elsewhere, tmp_path):
    backup(full.database, tmp_path / "backup")
    (tmp_path / "backup.json").unlink()

    with pytest.raises(BadInput, match="are not both there"):
        restore(tmp_path / "backup", elsewhere)


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_backup_of_the_other_database_is_refused(full, tmp_path):
    backup(full.database, tmp_path / "backup")

    with pytest.raises(BadInput, match="is of sqlite"):
        restore(tmp_path / "backup", "postgresql://nobody@127.0.0.1:1/none")


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
def test_without_its_programs_postgresql_cannot_be_saved_and_it_is_said_so(
    full, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BadStore, match='"pg_dump" is not installed'):
        backup(full.database, tmp_path / "backup")
    assert sorted(p.name for p in tmp_path.glob("backup*")) == []


def test_a_backup_is_readable_by_its_owner_only(full, tmp_path):
    backup(full.database, tmp_path / "backup")

    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    assert os.listdir(tmp_path).count("backup.part") == 0
    assert shutil.disk_usage(tmp_path).free > 0


def test_a_log_that_lies_where_a_backup_is_restored_is_moved_aside_and_named(tmp_path):
    """The file of a store was moved away without its log, which holds its last entries."""
    old, away = tmp_path / "store.db", tmp_path / "away.db"
    with Store.open(str(tmp_path / "first.db")) as store:
        backup(store.database, tmp_path / "backup")
    with Store.open(str(old)) as store:
        store.act(Act("a", "b", "this stands in the log alone"), lambda tx: None)
        entries = chain_head(store.database).seq
        shutil.copyfile(old, away)
        log = Path(f"{old}-wal").read_bytes()
    old.unlink()
    Path(f"{old}-wal").write_bytes(log)

    lines = []
    restore(tmp_path / "backup", str(old), lines.append)

    aside = Path(f"{old}-wal.before-restore-1")
    assert aside.read_bytes() == log
    assert [str(aside) in line for line in lines] == [True]
    with Store.open(str(old)) as restored:
        assert find_faults(restored.database) == []
    shutil.copyfile(aside, f"{away}-wal")
    with Store.open(str(away)) as restored_store:
        assert chain_head(restored_store.database).seq == entries


def test_a_second_log_gets_a_name_of_its_own(tmp_path):
    with Store.open(str(tmp_path / "first.db")) as store:
        backup(store.database, tmp_path / "backup")
    lines = []
    for number in (1, 2):
        Path(f"{tmp_path / 'x.db'}-shm").write_bytes(b"%d" % number)
        restore(tmp_path / "backup", str(tmp_path / "x.db"), lines.append)
        (tmp_path / "x.db").unlink()

    asides = sorted(tmp_path.glob("x.db-shm.before-restore-*"))
    assert [a.read_bytes() for a in asides] == [b"1", b"2"]
