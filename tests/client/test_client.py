"""The client against a real server: reads, pages, tags, refusals, a server that is away or busy."""

import asyncio
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from xhcredit_client import AsyncClient, Client, Problem, Unreachable

from tests.serving.district import CODES, UNKNOWN, WRONG
from tests.serving.receivers import receiving
from tests.walks import ROOT


@pytest.fixture
def client(server):
    with Client(*server, "日常监管") as client:
        yield client


def test_a_score_comes_back_typed_and_is_not_sent_twice(client):
    first, second = client.score(CODES[0]), client.score(CODES[0])

    assert first.code == CODES[0]
    assert first.tier in "ABCD"
    assert second is first, "the tag was sent, and the answer was 304"


def test_many_scores_and_every_row_of_the_list_agree(client):
    rows = list(client.watchlist(limit=3))
    scores = client.scores([row.code for row in rows] + [UNKNOWN])

    assert len(rows) > 3
    assert {r.code: r.composite for r in rows} == {c: s.composite for c, s in scores.items()}
    assert [r.composite for r in rows] == sorted(r.composite for r in rows)


def test_a_refusal_is_told_with_its_stable_code(client, server):
    for code, expected in ((WRONG, "bad_code"), (UNKNOWN, "unknown_enterprise")):
        with pytest.raises(Problem, match=expected) as refusal:
            client.score(code)
        assert refusal.value.title
        assert refusal.value.instance
    with Client(server[0], "xhc_wrong", "x") as stranger, pytest.raises(Problem, match="no_key"):
        stranger.score(CODES[0])


def test_changes_are_read_from_a_cursor_on(client, server):
    async def ask(cursor):
        async with AsyncClient(*server, "日常监管") as awaited:
            return await awaited.changes(cursor, ["tier", "score"])

    start = client.changes("now")

    assert (start.changes, start.has_more) == ((), False)
    assert client.changes(start.next) == asyncio.run(ask(start.next)) == start
    with pytest.raises(Problem, match="bad_input"):
        client.changes("x")


def test_the_awaited_client_reads_alike(server, client):
    async def ask():
        async with AsyncClient(*server, "日常监管") as client:
            rows = [row async for row in client.watchlist(limit=2)]
            return rows, await client.scores([r.code for r in rows]), await client.score(CODES[0])

    rows, scores, score = asyncio.run(ask())

    assert rows == list(client.watchlist(limit=2))
    assert set(scores) == {r.code for r in rows}
    assert score == client.score(CODES[0])


@contextmanager
def busy(times):
    """A server that is busy so many times, and then answers."""
    left = [times]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status = 503 if left[0] > 0 else 200
            left[0] -= 1
            self.send_response(status)
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(b'{"ok": true}')

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_busy_service_is_asked_again_and_not_for_ever():
    with busy(2) as address, Client(address, "k", "p", tries=3) as client:
        assert client.get("/x") == {"ok": True}
    with (
        busy(9) as address,
        Client(address, "k", "p", tries=2) as client,
        pytest.raises(Unreachable, match="503"),
    ):
        client.get("/x")


def test_every_try_of_a_write_carries_the_same_key():
    """An answer that is lost on its way must not let the same be done twice."""
    with (
        receiving(lambda _: (503 if len(receiver.received) < 3 else 204, {})) as receiver,
        Client(receiver.url, "k", "p", tries=4) as client,
    ):
        with pytest.raises(ValueError, match="Expecting value"):  # there is no body to read
            client.post("/x", {"a": 1})
        keys = {r.headers["idempotency-key"] for r in receiver.received}

    assert (len(receiver.received), len(keys)) == (3, 1)


def test_a_service_that_is_away_is_told_in_words():
    with (
        Client("http://127.0.0.1:9", "k", "p", tries=2) as client,
        pytest.raises(Unreachable, match="does not answer"),
    ):
        client.score(CODES[0])


@pytest.mark.parametrize("example", ["scores.py", "curl.sh"])
def test_the_examples_run(server, example):
    address, key = server
    run = [sys.executable] if example.endswith(".py") else ["sh"]
    environment = {**os.environ, "XHCREDIT_KEY": key, "PYTHONPATH": str(ROOT / "client")}
    done = subprocess.run(
        [*run, str(ROOT / "examples" / example), address],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert CODES[0][:8] in done.stdout
