"""A disk without room, for the database's own files: told in words, nothing partial, it heals.

The room is taken away by the limit of a process on the size of files (RLIMIT_FSIZE), which needs no
right to mount anything; writes then fail in the middle, as on a full disk.
"""

import hashlib
import resource
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.store import postgres as pg
from tests.store.nights import code, night
from xhcredit.errors import StoreUnavailable
from xhcredit.jobs.night.publish import publish
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

MANY = 4000  #: enterprises of a night: more than the room that is left
ROOM = 1_300_000  #: bytes of the largest file
ACT = Act("w", "release.keep", "test")


@contextmanager
def limited():
    """No file of this process, and of those that it starts, grows beyond the room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def limited_server(server):
    """The same for a server, which is started anew under the limit, and again without it."""
    server.stop()
    with limited():
        server.start()
    yield
    server.stop()
    server.start()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """An address, and what takes the room from its database for a while."""
    if request.param == "sqlite":
        yield str(tmp_path / "store.db"), limited
        return
    binary = pg.binaries()
    if binary is None:
        pytest.skip("no PostgreSQL programs; a server at XHC_TEST_PG_URL is not ours to limit")
    with tempfile.TemporaryDirectory(prefix="xhc-pg-") as name:
        server = pg.start_server(
            Path(name), binary, "--wal-segsize=1"
        )  # its log fits into the room
        yield server.database(), partial(limited_server, server)
        server.stop()


def test_a_night_that_finds_no_room_leaves_the_old_one_and_comes_through_later(place, tmp_path):
    address, without_room = place
    small = night(tmp_path / "1", "2026-06-30", "ABCD")
    large = night(tmp_path / "2", "2026-07-01", "B" * MANY)
    with Store.open(address) as store:
        publish(small, store, actor="night")
        before = store.reader.current_answer(code(0))
        with without_room():
            for _ in range(2):
                with pytest.raises(StoreUnavailable, match="the store's database says"):
                    publish(large, store, actor="night")
                assert store.reader.current_answer(code(0)) == before
                assert [run["run"] for run in store.reader.runs()] == [1]
        assert verify(store.database).whole
        assert find_faults(store.database) == []

        done = publish(large, store, actor="night")
        assert (done.run, done.is_current, done.changed) == (2, True, MANY - 4 + 3)
        store.act(ACT, lambda tx: None)
        assert find_faults(store.database) == []


def test_what_is_read_while_there_is_no_room_is_not_shown(place, tmp_path):
    """A read is kept before it is shown; without room to keep it, nothing is shown."""
    address, without_room = place
    much = "".join(hashlib.sha256(b"%d" % n).hexdigest() for n in range(1600))  # cannot be packed
    with Store.open(address) as store:
        publish(night(tmp_path / "1", "2026-06-30", "ABCD"), store, actor="night")
        entries = verify(store.database).entries
        acts = [Act("a", "b", "c", payload={"much": much})] * 50
        with without_room(), pytest.raises(StoreUnavailable, match="the store's database says"):
            store.record(acts)

        assert verify(store.database).entries == entries
        assert verify(store.database).whole
        store.record([Act("a", "b", "c")])
        assert find_faults(store.database) == []
