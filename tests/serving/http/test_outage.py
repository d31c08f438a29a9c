"""The real program over a real PostgreSQL that is stopped and started under load."""

import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from tests.serving.district import CODES, headers
from tests.store import postgres as pg
from xhcredit.jobs.night.publish import publish
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.core.tables import activity
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

ROOT = Path(__file__).parents[3]


@pytest.fixture
def own_server():
    """A PostgreSQL that this test may stop."""
    binary = pg.binaries()
    if binary is None:
        pytest.skip("no PostgreSQL programs; a server at XHC_TEST_PG_URL is not ours to stop")
    with tempfile.TemporaryDirectory(prefix="xhc-pg-") as name:
        server = pg.start_server(Path(name), binary)
        yield server
        server.stop()


@pytest.fixture
def program(own_server, nights):
    """The real service over it: its process and address, and a key."""
    address = own_server.database()
    with Store.open(address) as store:
        publish(nights / "2025-03-31", store, actor="night")
        act = Act("security", "key.new", "联调")
        until = store.writer.clock() + timedelta(days=1)
        key = store.access.new_key(act, "平台", "", ["viewer"], until)
    command = [sys.executable, "-m", "xhcredit_serving.main", "--store", address, "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            printed_lines = []
            for line in process.stdout:
                printed_lines.append(line)
                if "http://" in line:
                    break
            yield process, re.search(r"http://[\d.:]+", printed_lines[-1])[0], key, address
        finally:
            process.terminate()


def ask(client, path, status_counts):
    """Ask once; what may come is an answer, or the word to come again."""
    answer = client.get(path)
    if answer.status_code == 503:
        assert answer.headers["retry-after"].isdecimal()
        assert answer.json()["code"] in ("store_unavailable", "overloaded")
        assert "127.0.0.1" not in answer.text
    else:
        assert answer.status_code == 200, answer.text
    status_counts[answer.status_code] += 1


def load(base_url, key, path, status_counts, done):
    """Ask without a pause until it is over."""
    with httpx.Client(
        base_url=base_url, headers=headers(key), timeout=60, trust_env=False
    ) as client:
        while not done.is_set():
            ask(client, path, status_counts)


def reached(status_counts, status, further):
    """Wait until so many more answers of a status have come."""
    wanted = status_counts[status] + further
    return lambda: status_counts[status] >= wanted


def test_readers_are_told_to_come_again_and_recover_by_themselves(own_server, program):
    process, base_url, key, address = program
    paths = [f"/v1/enterprises/{CODES[0]}/score", "/v1/watchlist?limit=5", "/v1/runs"]
    counts, done = [Counter() for _ in paths], threading.Event()
    with ThreadPoolExecutor(len(paths)) as pool:
        works = [
            pool.submit(load, base_url, key, p, c, done) for p, c in zip(paths, counts, strict=True)
        ]
        for stopped in (False, True, False, True, False):
            if stopped:
                own_server.stop()
            elif own_server.process is None:
                own_server.start()
            waits = [reached(c, 503 if stopped else 200, 3) for c in counts]
            while not all(wait() for wait in waits):
                done.wait(0.02)
                assert not any(work.done() for work in works), [w.exception() for w in works]
        done.set()
        for work in works:
            work.result()

    assert process.poll() is None, "the very same process answers again"
    assert httpx.get(f"{base_url}/healthz", trust_env=False).status_code == 200
    assert httpx.get(f"{base_url}/readyz", trust_env=False).json()["ready"]
    with Store.open(address) as store:
        assert verify(store.database).whole
        assert find_faults(store.database) == []
        with store.database.reading() as con:
            reads_recorded = con.scalar(
                select(func.count()).where(activity.c.action == "enterprise.score")
            )
        assert reads_recorded >= counts[0][200], "nothing was shown that is not recorded"
