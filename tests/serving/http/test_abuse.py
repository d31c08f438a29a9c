"""Hostile requests over a real connection: refused or answered, never an incident, never stuck."""

import json
import socket
import threading
from contextlib import closing, contextmanager

import httpx
import pytest
import uvicorn
from xhcredit_serving.app import create_app
from xhcredit_serving.service import Settings

from tests.serving.district import CODES, Clock, headers, new_key
from xhcredit.store.store import Store

BATCH = "/v1/scores:batch"
JSON = {"Content-Type": "application/json"}


@contextmanager
def running(file, log, **settings):
    """A real server over a store; its port and a key."""
    with Store.open(str(file), clock=Clock()) as store, log.open("w", encoding="utf-8") as out:
        app = create_app(store, Settings(log=out, **settings))
        config = uvicorn.Config(app, port=0, log_level="critical", timeout_keep_alive=1)
        server, listening = uvicorn.Server(config), config.bind_socket()
        listening.listen()
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield listening.getsockname()[1], new_key(store)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def site(published, tmp_path_factory):
    """A server for all tests of this file; at the end its log must tell of no incident."""
    folder = tmp_path_factory.mktemp("abuse")
    (folder / "store.db").write_bytes(published.read_bytes())
    with running(folder / "store.db", folder / "log") as served:
        yield served
    lines = [json.loads(line) for line in (folder / "log").read_text("utf-8").splitlines()]
    assert lines
    assert [line for line in lines if line["event"] == "incident"] == []


@pytest.fixture
def client(site):
    port, key = site
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers=headers(key), trust_env=False, timeout=30
    ) as client:
        yield client


def raw(port, *pieces):
    """What comes back to bytes as they are, up to the end of the connection."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as wire:
        for piece in pieces:
            try:
                wire.sendall(piece)
            except ConnectionError:  # refused before all was sent
                break
        try:
            return b"".join(iter(lambda: wire.recv(65536), b""))
        except ConnectionError:
            return b""


def still_answers(port):
    raw_answer = raw(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert raw_answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "target",
    [
        "/docs/../../../etc/passwd",
        "/docs/..%2f..%2f..%2fetc/passwd",
        "/docs/%2e%2e/main.py",
        "/static/../app.py",
        "/static/..%2fpages.py",
        "/static/%2e%2e/%2e%2e/service.py",
        "/static/....//....//app.py",
        "/static/..\\..\\app.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/console.css%00.png",
        "/v1/enterprises/../../etc/passwd/score",
        "/v1/releases/..%2f..%2fstore.db",
        "/v1/rules/..%2f..%2fcaps",
        "//etc/passwd",
        "/v1/enterprises/%00/score",
        "/v1/enterprises/%ff%fe/score",
        "/v1/public/draws/..%2f..%2fx/record.json",
    ],
)
def test_no_path_leads_out(site, target):
    port, key = site
    head = f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nX-Purpose: x\r\n"
    raw_answer = raw(port, f"{head}Connection: close\r\n\r\n".encode())
    status = int(raw_answer.split()[1])

    assert 300 <= status < 500
    for inside in (b"root:", b"import ", b"SQLite format"):
        assert inside not in raw_answer


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"codes":' * 50_000,
        b'{"codes": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
        b'{"codes": ["\\ud800"]}',
        b'{"codes": [1e999999]}',
        b'{"codes": [' + b"9" * 5000 + b"]}",
        b'{"codes": ["' + CODES[0].encode() + b'"]' + b"\0" * 100 + b"}",
        b"\xef\xbb\xbf{}",
        b"\x1f\x8b\x08\x00" + b"\0" * 100,
    ],
    ids=["array", "object", "deep", "surrogate", "huge", "digits", "nul", "bom", "gzip"],
)
def test_strange_json_is_refused_in_words(client, body):
    answer = client.post(BATCH, content=body, headers=JSON)

    assert answer.status_code in (400, 422)
    assert answer.json()["code"] in ("refused", "wrong_request", "bad_code")


def test_of_a_name_given_twice_the_last_is_taken(client):
    body = f'{{"codes": ["x"], "codes": ["{CODES[0]}"]}}'.encode()
    answer = client.post(BATCH, content=body, headers=JSON)

    assert [s["code"] for s in answer.json()["scores"]] == [CODES[0]]


def test_a_packed_body_is_not_unpacked(client):
    answer = client.post(BATCH, content=b"\x1f\x8b", headers={**JSON, "Content-Encoding": "gzip"})

    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    "purpose",
    ["x%0d%0aSet-Cookie: a=b", "x%00y", "x%0ay", "%1b[31m", "x" * 5000, "%ff", "%e2%80%ae"],
)
def test_no_purpose_writes_a_header_or_a_line_of_its_own(client, purpose):
    answer = client.get(f"/v1/enterprises/{CODES[0]}/score", headers={"X-Purpose": purpose})

    assert answer.status_code == 400
    assert answer.json()["code"] == "purpose_missing"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "request_number", ["x" * 65, "short", "a b c d e f", "<script>1</script>", "日" * 8]
)
def test_a_number_that_is_not_harmless_is_not_taken_over(client, request_number):
    answer = client.get("/v1/runs", headers={"X-Request-ID": request_number.encode()})

    assert answer.status_code == 200
    assert answer.headers["x-request-id"] != request_number


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
        b"POST /v1/scores:batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/scores:batch HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
    ids=["header", "target", "tls", "chunk", "negative", "two lengths", "version"],
)
def test_what_is_no_http_harms_nobody(site, sent):
    port, _ = site
    raw_answer = raw(port, sent, b"\r\nConnection: close\r\n\r\n")

    # A long line that comes in one piece is read before it is found too long: then it is answered.
    assert not raw_answer or 300 <= int(raw_answer.split()[1]) < 500
    still_answers(port)


def test_a_body_that_never_comes_holds_nobody_up(published, tmp_path):
    """Many who promise a body and send none are sent away; meanwhile others are answered."""
    (tmp_path / "store.db").write_bytes(published.read_bytes())
    head = b"POST /v1/scores:batch HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
    limits = {"in_flight": 8, "body_seconds": 0.5}
    with running(tmp_path / "store.db", tmp_path / "log", **limits) as (port, key):
        raw_answers, slow = [], []
        for _ in range(8):
            slow.append(threading.Thread(target=lambda: raw_answers.append(raw(port, head))))
            slow[-1].start()
        for thread in slow:
            thread.join(30)
        assert len(raw_answers) == 8
        assert {int(t.split()[1]) for t in raw_answers} <= {408, 503}
        assert any(b'"too_slow"' in t for t in raw_answers)
        path = f"http://127.0.0.1:{port}/v1/enterprises/{CODES[0]}/score"
        assert httpx.get(path, headers=headers(key), trust_env=False).status_code == 200
