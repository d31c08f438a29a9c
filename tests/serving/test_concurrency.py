"""Many at once over real connections, on both databases: one act, one winner, one answer to all."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from xhcredit_serving.app import create_app
from xhcredit_serving.service import Settings

from tests.serving.alerts.test_alerts import DAY, OFFICE, candidate
from tests.serving.district import ACT, Clock
from tests.serving.visitors import hashed
from tests.store.conftest import address, postgres  # noqa: F401 - fixtures
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.store import Store

MANY = 50


@contextmanager
def served(store, log):
    """Where a real server over an open store answers."""
    config = uvicorn.Config(create_app(store, Settings(log=log)), port=0, log_level="critical")
    server, listening = uvicorn.Server(config), config.bind_socket()
    listening.listen(256)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def officer(store, base_url, login):
    """A client in which an inspector is logged in."""
    store.access.add_user(ACT, login, login, hashed("Fort-linde-9-Ufer"), must_change=False)
    store.access.grant(ACT, login, "inspector", OFFICE)
    opened = store.sessions.open(ACT, store.access.get_user(login), "127.0.0.1", "password")
    sent = {"X-CSRF-Token": opened.csrf, "X-Purpose": "test"}
    cookies = {"xhcredit": opened.cookie}
    return httpx.Client(
        base_url=base_url, headers=sent, cookies=cookies, trust_env=False, timeout=60
    )


def screen(client, key):
    body = {"alerts": [1], "act": "screen", "reason": "核查"}
    return client.post("/v1/alerts:act", json=body, headers={"Idempotency-Key": key})


@pytest.fixture
def store(address):  # noqa: F811 - the fixture
    with Store.open(address, clock=Clock()) as opened:
        new = [(candidate(0, "yellow", OFFICE), None)]
        opened.alerts.record_night(
            ACT, DAY, "i", new, {"before": "2000-01-01", "reason": "old"}, {}
        )
        yield opened


def at_once(*works):
    """What each work gives, all begun at the same moment."""
    ready = threading.Barrier(len(works))

    def begin(work):
        ready.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begin, works))


def test_the_same_key_fifty_times_is_one_act_and_one_answer(store, tmp_path):
    with (
        (tmp_path / "log").open("w") as log,
        served(store, log) as base_url,
        officer(store, base_url, "wang") as client,
    ):
        before = verify(store.database).entries
        answers = at_once(*[lambda: screen(client, "k")] * MANY)

    assert {a.status_code for a in answers} == {200}
    assert len({a.text for a in answers}) == 1
    assert [s["act"] for s in store.alerts.get(1)["steps"]] == ["detect", "screen"]
    assert verify(store.database).entries == before + 1, "one act and 49 replays"


def test_of_two_officers_at_once_one_wins_and_the_other_is_told_why(store, tmp_path):
    with (
        (tmp_path / "log").open("w") as log,
        served(store, log) as base_url,
        officer(store, base_url, "wang") as wang_client,
        officer(store, base_url, "zhao") as other,
    ):
        first, second = sorted(
            at_once(lambda: screen(wang_client, "a"), lambda: screen(other, "b")),
            key=lambda answer: answer.status_code,
        )

    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["code"] == "wrong_state"
    assert len(store.alerts.get(1)["steps"]) == 2
    assert verify(store.database).whole
    assert find_faults(store.database) == []
