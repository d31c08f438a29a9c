"""A new champion takes over without a failed request; a bad one is refused, and the old goes on."""

import asyncio
import re
import threading
from itertools import cycle

import httpx2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from xhcredit_serving.live.champion import Champions

from tests.serving.district import CODES, DAYS, headers, new_key
from tests.serving.http.test_health_and_metrics import lines_until, started
from xhcredit.errors import BadDeclaration
from xhcredit.jobs.night.publish import publish
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release, release_of
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

SWAPS, CONNECTIONS = 30, 16
SWITCH = Act("boss", "run.switch", "new champion")


@pytest.fixture(scope="module")
def challenger():
    """The expert tables with another base."""
    release_fields = load_release().as_data()
    release_fields["tables"][0]["base"] -= 25
    return release_of(release_fields | {"release": "challenger"}, "test")


@pytest.fixture(scope="module")
def second(nights, challenger):
    """The second night, scored by the challenger."""
    folder = nights / "challenger"
    run_night(nights / "warehouse", folder, model_on(Rulebook.load(), challenger, DAYS[1]))
    return folder


def champions(store, nights, log):
    write_event = lambda event, **fields: log.append((event, fields))  # noqa: E731 - shorter than a function
    return Champions(store.reader, nights / "warehouse", Rulebook.load(), None, write_event)


class Load:
    """Sixteen connections that ask for scores and what-ifs, and count what comes back."""

    def __init__(self, address, head) -> None:
        self.base_url, self.head = address, head
        self.failed, self.answered = [], 0
        self.what_if_run = {}
        self.over = threading.Event()
        self.news = threading.Condition()

    def run(self):
        asyncio.run(self._all())

    async def _all(self):
        await asyncio.gather(*(self._connection(n) for n in range(CONNECTIONS)))

    async def _connection(self, number):
        live = number % 4 == 0
        async with httpx2.AsyncClient(
            base_url=self.base_url, headers=self.head, trust_env=False, timeout=60
        ) as client:
            for code in cycle(CODES):
                if self.over.is_set():
                    return
                try:
                    await self._ask(client, number, code, live=live)
                except httpx2.HTTPError as error:
                    self.failed.append(repr(error))

    async def _ask(self, client, number, code, *, live):
        if live:
            answer = await client.post("/v1/scores:what-if", json={"code": code})
        else:
            answer = await client.get(f"/v1/enterprises/{code}/score")
        if answer.status_code != 200:
            self.failed.append(answer.text)
            return
        with self.news:
            self.answered += 1
            if live:
                self.what_if_run[number] = answer.json()["run"]
            self.news.notify_all()

    def until(self, happened):
        with self.news:
            assert self.news.wait_for(lambda: happened() or self.failed, timeout=60)


def test_thirty_swaps_in_two_workers_under_sixteen_connections_fail_no_request(
    file, nights, challenger, second
):
    with Store.open(str(file)) as store:
        publish(second, store, actor="night", release=challenger.as_data())
        key = new_key(store, days=400)
        options = ("--store", str(file), "--warehouse", str(nights / "warehouse"))
        with started(*options, "--port", "0", "--workers", "2") as process:
            address = re.search(r"http://[\d.:]+", lines_until(process, "http://")[-1])[0]
            load = Load(address, headers(key))
            thread = threading.Thread(target=load.run)
            thread.start()
            try:
                load.until(lambda: load.answered > CONNECTIONS)
                for n in range(SWAPS):
                    store.snapshots.switch(SWITCH, run := 2 - n % 2)
                    enough = load.answered + 2 * CONNECTIONS
                    load.until(lambda enough=enough: load.answered > enough)
                    if n % 10 == 9:  # now and then both workers are to have followed
                        load.until(lambda run=run: set(load.what_if_run.values()) == {run})
            finally:
                load.over.set()
                thread.join()

    assert load.failed == []
    assert load.answered > SWAPS * CONNECTIONS


def test_the_new_champion_computes_by_its_own_release(file, nights, challenger, second):
    log = []
    with Store.open(str(file)) as store:
        live_champions = champions(store, nights, log)
        live_champions.look()
        first = live_champions.current()
        publish(second, store, actor="night", release=challenger.as_data())
        live_champions.look()

        assert (first.run, live_champions.current().run) == (1, 2)
        assert live_champions.current().live.model.release == challenger
        assert live_champions.champion_of_run(1) is first
        assert [(event, event_fields["run"]) for event, event_fields in log] == [
            ("champion", 1),
            ("champion", 2),
        ]


def test_a_release_that_says_other_than_what_was_published_is_refused(
    file, nights, challenger, second, tmp_path
):
    """The scores of the night were changed after it; nobody could explain them."""
    table = pq.read_table(second / "scores.parquet")
    composite_place = table.schema.get_field_index("composite")
    other = pa.array([v + 1 for v in table.column("composite").to_pylist()])
    pq.write_table(
        table.set_column(composite_place, "composite", other), tmp_path / "scores.parquet"
    )
    (tmp_path / "run.json").write_bytes((second / "run.json").read_bytes())
    log = []
    with Store.open(str(file)) as store:
        live_champions = champions(store, nights, log)
        live_champions.look()
        publish(tmp_path, store, actor="night", release=challenger.as_data())
        live_champions.look()
        live_champions.look()

        assert live_champions.current().run == 1
        assert [event for event, _ in log] == ["champion", "champion_refused"]
        assert "is not put to use" in log[1][1]["error"]
        with pytest.raises(BadDeclaration, match="published"):
            live_champions.champion_of_run(2)


def test_a_champion_whose_data_is_gone_is_not_loaded(file, nights):
    with Store.open(str(file)) as store:
        (nights / "other").mkdir(exist_ok=True)
        log = []
        live_champions = champions(store, nights, log)
        live_champions.warehouse = nights / "other"
        live_champions.look()

        assert live_champions.champion is None
        assert log[0][0] == "champion_refused"
