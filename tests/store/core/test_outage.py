"""PostgreSQL is stopped and started under load: errors in words, then recovery."""

import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.store import postgres as pg
from tests.store.nights import code, night
from xhcredit.errors import StoreUnavailable
from xhcredit.jobs.delivery.webhooks import DeliveryPolicy, delivery_passes
from xhcredit.jobs.night.publish import publish
from xhcredit.store.audit import verify
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store


@pytest.fixture
def own_server():
    """A server that this test may stop: folder, port and user, started."""
    binary = pg.binaries()
    if binary is None:
        pytest.skip("no PostgreSQL programs; a server at XHC_TEST_PG_URL is not ours to stop")
    with tempfile.TemporaryDirectory(prefix="xhc-pg-") as name:
        server = pg.start_server(Path(name), binary)
        yield server
        server.stop()


def test_readers_and_writers_are_told_and_recover_by_themselves(own_server, tmp_path):
    folder = night(tmp_path / "n", "2026-06-30", "ABCD")
    failed, done, count = threading.Event(), threading.Event(), {"read": 0, "written": 0}

    def until_done(what, work):
        while not done.is_set():
            try:
                work()
                count[what] += 1
            except StoreUnavailable:
                failed.set()

    with Store.open(own_server.database()) as store, ThreadPoolExecutor(2) as pool:
        publish(folder, store, actor="n")
        load = [
            pool.submit(until_done, "read", lambda: store.reader.current_answer(code(1))),
            pool.submit(
                until_done, "written", lambda: store.act(Act("w", "x", "y"), lambda tx: None)
            ),
        ]
        for _ in range(2):
            own_server.stop()
            with pytest.raises(StoreUnavailable, match="see that it runs"):
                store.reader.runs()
            assert failed.wait(30)
            failed.clear()
            own_server.start()
            before = dict(count)
            while any(count[k] == before[k] for k in count):
                assert not any(f.done() for f in load)
        done.set()
        for future in load:
            future.result()

        assert verify(store.database).whole
        assert verify(store.database).entries >= count["written"] + 2


def test_the_reader_without_a_server_says_so(own_server, tmp_path):
    with Store.open(own_server.database()) as store:
        publish(night(tmp_path / "n", "2026-06-30", "ABCD"), store, actor="n")
        own_server.stop()
        with pytest.raises(StoreUnavailable, match="see that it runs"):
            store.reader.current_answer(code(1))
        own_server.start()

        assert store.reader.current_answer(code(1)).run == 1


def test_the_deliverer_outlives_its_database(own_server):
    with Store.open(own_server.database()) as store:
        stop_and_start = iter([own_server.stop, own_server.start])
        going = delivery_passes(store, DeliveryPolicy(), 1, lambda _: next(stop_and_start)())

        assert next(going) == []
        assert isinstance(next(going), StoreUnavailable)
        assert next(going) == []
