"""Background work that ends, however it ends: logged, counted, told by readiness, started again."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import queue
import threading

import pytest
from starlette.testclient import TestClient
from xhcredit_serving.app import create_app
from xhcredit_serving.http.middleware import Meters
from xhcredit_serving.live.champion import Champions
from xhcredit_serving.live.explainer import Explainer
from xhcredit_serving.service import Settings
from xhcredit_serving.supervisor import Supervisor

from tests.serving.district import CODES, Clock, headers, new_key
from xhcredit.domain.backoff import LONGEST_PAUSE, pause_after
from xhcredit.domain.log import json_lines
from xhcredit.errors import BadStore, StoreUnavailable
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.store import Store

KINDS = [
    ValueError("odd"),
    OSError(errno.ENOSPC, "no room"),
    MemoryError(),
    KeyError("run"),
    BadStore("not ours"),
    asyncio.CancelledError(),
    TimeoutError(),
    RecursionError("deep"),
    ExceptionGroup("several", [ValueError("a"), OSError("b")]),
]


def name_of(error):
    return type(error).__name__ if error is not None else "return"


def measured(text, name):
    return float(next(v.split(" ")[1] for v in text.splitlines() if v.startswith(name + "{")))


class Bench:
    """A supervisor whose pauses a test lets pass, and what it logged and counted."""

    def __init__(self) -> None:
        self.out, self.meters = io.StringIO(), Meters()
        self.pauses, self.go_on = asyncio.Queue(), asyncio.Queue()
        self.supervisor = Supervisor(
            self.meters.tasks, json_lines(self.out), pause=self._pause, share=lambda: 1.0
        )

    async def _pause(self, seconds):
        self.pauses.put_nowait(seconds)
        await self.go_on.get()

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    def value(self, name):
        return measured(self.meters.exposition().decode(), name)


def run(work):
    return asyncio.run(asyncio.wait_for(work, 20))


@pytest.mark.parametrize("error", [*KINDS, None], ids=name_of)
def test_a_task_that_ends_is_logged_counted_named_and_started_again(error):
    async def scene():
        bench, ends, works = Bench(), [error], asyncio.Event()

        async def work(worked):
            if ends:
                if (ended := ends.pop()) is not None:
                    raise ended
                return
            worked()
            works.set()
            await asyncio.Event().wait()

        bench.supervisor.start("watcher", work)
        assert await bench.pauses.get() == 0.5
        while_down = bench.supervisor.down, bench.value("xhcredit_background_up")
        bench.go_on.put_nowait(None)
        await works.wait()
        after = bench.supervisor.down, bench.value("xhcredit_background_up")
        await bench.supervisor.stop()
        return bench, while_down, after

    bench, while_down, after = run(scene())
    failed, recovered = bench.lines

    assert (while_down, after) == ((["watcher"], 0.0), ([], 1.0))
    assert bench.value("xhcredit_background_failures_total") == 1.0
    assert (failed["event"], failed["task"], failed["level"]) == (
        "background.failed",
        "watcher",
        "error",
    )
    assert recovered["event"] == "background.recovered"
    if error is None:
        assert failed["error"] == "returned"
    else:
        assert failed["error"].startswith(name_of(error))
        assert "in work" in failed["exception"]


def test_pauses_grow_to_a_limit_and_begin_anew_after_a_round_that_went_well():
    async def scene():
        bench, rounds = Bench(), iter([None] * 3 + [True] + [None])

        async def work(worked):
            if next(rounds):
                worked()
            raise ValueError("again")

        bench.supervisor.start("watcher", work)
        pauses = []
        for _ in range(5):
            pauses.append(await bench.pauses.get())
            bench.go_on.put_nowait(None)
        await bench.supervisor.stop()
        return pauses

    assert run(scene()) == [0.5, 1.0, 2.0, 0.5, 1.0]
    assert pause_after(10**6, 1.0) == LONGEST_PAUSE


def test_who_is_told_to_stop_stops_and_is_no_failure():
    async def scene():
        bench, ended = Bench(), []

        async def work(worked):
            worked()
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("cleanly")

        bench.supervisor.start("one", work)
        bench.supervisor.start("two", work)
        await asyncio.sleep(0)
        await bench.supervisor.stop()
        return bench, ended, {t.get_name() for t in asyncio.all_tasks()}

    bench, ended, left = run(scene())

    assert (ended, bench.lines, bench.supervisor.down) == (["cleanly"] * 2, [], [])
    assert not left & {"one", "two"}


class Scripted(Champions):
    """Looks as a test says, step by step: an error is raised, None is a look that went well."""

    def script(self):
        self.steps, self.begun = queue.Queue(), threading.Semaphore(0)
        return self

    def look(self):
        self.begun.release()
        step = self.steps.get(timeout=20)
        if step is not None:
            raise step


class HeldPauses:
    """Pauses of a service that a test lets pass."""

    def __init__(self) -> None:
        self.paused, self.go_on = threading.Semaphore(0), threading.Semaphore(0)

    async def pause(self, seconds):
        self.paused.release()
        await asyncio.to_thread(self.go_on.acquire, timeout=20)


@pytest.fixture
def watched(file, nights):
    """A service whose watcher looks as the test says: client, watcher, pauses, log."""
    with Store.open(str(file), clock=Clock()) as store:
        log, paused_watch = io.StringIO(), HeldPauses()
        app = create_app(store, Settings(log=log, warehouse=nights / "warehouse"))
        places = (store.reader, nights / "warehouse", Rulebook.load(), None, print)
        watcher = Scripted(*places).script()
        app.state.service.__dict__["explainer"] = Explainer(watcher, 1)
        app.state.service.supervisor.pause = paused_watch.pause
        with TestClient(app, client=("127.0.0.1", 5000)) as client:
            yield client, watcher, paused_watch, log
            watcher.steps.put(None)


THREADED = [e for e in KINDS if not isinstance(e, asyncio.CancelledError)]


def test_the_watcher_of_the_live_model_is_told_by_readiness_metrics_and_log(watched):
    client, watcher, paused_watch, log = watched
    assert watcher.begun.acquire(timeout=20)
    for number, error in enumerate(THREADED, 1):
        watcher.steps.put(error)
        assert paused_watch.paused.acquire(timeout=20)
        readiness, text = client.get("/readyz"), client.get("/metrics").text
        assert (readiness.status_code, readiness.json()["down"]) == (503, ["live_model"])
        assert measured(text, "xhcredit_background_up") == 0
        assert measured(text, "xhcredit_background_failures_total") == number
        assert name_of(error) in log.getvalue()

        paused_watch.go_on.release()
        watcher.steps.put(None)
        for _ in range(2):  # when the second look begins, the first was told to have gone well
            assert watcher.begun.acquire(timeout=20)
        readiness, text = client.get("/readyz"), client.get("/metrics").text
        assert (readiness.status_code, readiness.json()["tasks"]) == (200, True)
        assert measured(text, "xhcredit_background_up") == 1


@pytest.mark.parametrize("error", KINDS, ids=name_of)
def test_a_journal_that_fails_tells_who_waits_and_readiness_until_it_commits_again(error, file):
    with Store.open(str(file), clock=Clock()) as store:
        log = io.StringIO()
        app = create_app(store, Settings(log=log))
        with TestClient(app, raise_server_exceptions=False) as client:
            client.headers.update(headers(new_key(store)))
            journal, ends = app.state.service.journal, [error, error]

            def record(acts):
                if ends:
                    raise ends.pop()
                return store.record(acts) if acts else 0

            journal.record = record
            answer = client.get(f"/v1/enterprises/{CODES[0]}/score")
            readiness = client.get("/readyz")

            assert answer.status_code in (500, 503, 507)
            if isinstance(error, BadStore):  # told in words to who asked; no fault of the task
                return
            assert (readiness.status_code, readiness.json()["down"]) == (503, ["journal"])
            assert name_of(error) in log.getvalue()
            assert client.get("/readyz").json()["tasks"] is True
            assert client.get(f"/v1/enterprises/{CODES[0]}/score").status_code == 200
            assert 'failures_total{task="journal"} 2.0' in client.get("/metrics").text


def test_a_store_that_is_away_is_no_failure_of_the_journal(file):
    with Store.open(str(file), clock=Clock()) as store:
        app = create_app(store, Settings(log=io.StringIO()))
        with TestClient(app, raise_server_exceptions=False) as client:
            client.headers.update(headers(new_key(store)))

            def away(acts):
                raise StoreUnavailable("the database is busy; ask again")

            app.state.service.journal.record = away
            assert client.get(f"/v1/enterprises/{CODES[0]}/score").status_code == 503
            assert client.get("/readyz").json()["tasks"] is True
