"""A published run is a closed book: whatever comes in later, it is explained from what it knew."""

import re
import shutil
from datetime import timedelta

import httpx2
import pytest

from tests.serving.district import (
    CODES,
    DAYS,
    deliver,
    headers,
    new_key,
    problem,
    served,
    world_of,
    write_warehouse,
)
from tests.serving.http.test_health_and_metrics import lines_until, started
from xhcredit.engine import stores
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import BOOKS_KEPT, Warehouse
from xhcredit.jobs.night.publish import publish
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.clustered_store import keep_book, open_event_columns
from xhcredit.jobs.warehouse.rows_by_enterprise import open_rows
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

EVENTS = [name for name, t in directory().items() if t.kind == "event"]
BACK = Act("boss", "run.switch", "going back")
PENALTY = {
    "table": "penalty",
    "values": {
        "doc_no": "n", "procedure": "ordinary", "penalty_kinds": "fine", "amount_yuan": 5000,
        "field": "general",
    },
}  # fmt: skip


@pytest.fixture
def warehouse(tmp_path):
    return write_warehouse(tmp_path / "warehouse")


@pytest.fixture
def book(warehouse, tmp_path):
    """A store whose run was made from the warehouse as it is now."""
    night(warehouse, tmp_path / "first", DAYS[0])
    with Store.open(str(tmp_path / "book.db")) as store:
        publish(tmp_path / "first", store, actor="night", release=load_release().as_data())
    return str(tmp_path / "book.db")


def night(warehouse, out, day):
    return run_night(warehouse, out, model_on(Rulebook.load(), load_release(), day))


def answers(client):
    """What the service says of every enterprise, to the last byte."""
    bodies_by_code = {
        code: [
            client.get(f"/v1/enterprises/{code}/{what}").content
            for what in ("score", "explanation", "file")
        ]
        for code in CODES
    }
    for code in CODES[::5]:
        bodies_by_code[code].append(
            client.get(f"/v1/enterprises/{code}/file?as_of=2024-06-30").content
        )
        supposed = {"code": code, "add": [PENALTY]}
        bodies_by_code[code].append(client.post("/v1/scores:what-if", json=supposed).content)
    assert not any(
        b"urn:xhcredit:problem" in part for parts in bodies_by_code.values() for part in parts
    )
    return bodies_by_code


def every_event(warehouse):
    rows = open_rows(warehouse, open_event_columns(warehouse))
    return {
        name: [
            {**event, "code": rows.event_columns.codes[row].decode()}
            for row in range(len(rows.event_columns))
            for event in rows.rows_of(name, row)
        ]
        for name in EVENTS
    }


def withdrawn(warehouse):
    """Every event told again as withdrawn on the day of the run."""
    gone = {"withdrawn_on": DAYS[0], "withdrawn_why": "revoked"}
    return {n: [e | gone for e in events] for n, events in every_event(warehouse).items()}


def corrected(warehouse):
    """Every event told again with the content of another one of its table."""
    corrections = {}
    for name, events in every_event(warehouse).items():
        table = directory()[name]
        keyed = {"code", "known_on", "event_id", "source_file", "source_row", *table.key}
        corrections[name] = [
            event | {k: v for k, v in other.items() if k not in keyed and "withdrawn" not in k}
            for event, other in zip(events, reversed(events), strict=True)
        ]
    return corrections


def backfilled(_):
    """Other events of the same time, known before the run and delivered after it."""
    return {name: rows for name, rows in world_of(7).items() if name != "enterprise"}


def another_register(_):
    """The same enterprises with another status, name and place; some are de-registered."""
    rows = world_of(5)["enterprise"]
    gone = {"deregistered_on": DAYS[0] - timedelta(30), "status": "deregistered"}
    return {"enterprise": [r | (gone if n % 3 else {}) for n, r in enumerate(rows)]}


ARRIVALS = [backfilled, another_register, corrected, withdrawn]


def test_what_comes_later_changes_no_byte_of_a_published_run(book, warehouse):
    """Two workers, one started before it came and one after, agree."""
    with served(book, warehouse=warehouse) as early:
        before = answers(early)
        for arrival in ARRIVALS:
            late_rows = arrival(warehouse)
            deliver(warehouse, late_rows, arrival.__name__, ingested_on=DAYS[0].isoformat())
            open_event_columns(warehouse)  # a night, a draw or alerts read what is new
        with served(book, warehouse=warehouse) as late:
            assert answers(late) == before
        assert answers(early) == before


def test_what_was_entered_anew_in_place_is_still_what_the_run_knew(book, warehouse):
    """Rows that waited come in: the entry is replaced, twice, and swept each time."""
    changed_warehouse = Warehouse(warehouse)
    with served(book, warehouse=warehouse) as early:
        before = answers(early)
    for seed in (11, 12):
        with changed_warehouse.lock():
            changed_warehouse.sweep()
            deliver(
                warehouse,
                world_of(seed),
                f"anew {seed}",
                [e.name for e in changed_warehouse.entries()],
            )
            changed_warehouse.sweep()
    shutil.rmtree(warehouse / "clustered")
    with served(book, warehouse=warehouse) as late:
        assert answers(late) == before

    assert len(changed_warehouse.entries()) == 1


def test_without_its_clustered_store_a_run_is_told_from_the_parts(book, warehouse):
    with served(book, warehouse=warehouse) as early:
        before = answers(early)
    deliver(warehouse, corrected(warehouse), "later", ingested_on=DAYS[0].isoformat())
    open_event_columns(warehouse)
    shutil.rmtree(warehouse / "clustered")
    shutil.rmtree(warehouse / "books")
    with served(book, warehouse=warehouse) as late:
        assert answers(late) == before


def test_the_next_night_tells_what_came_and_going_back_tells_the_former(book, warehouse, tmp_path):
    with served(book, warehouse=warehouse) as client:
        before = answers(client)
        deliver(warehouse, withdrawn(warehouse), "later", ingested_on=DAYS[0].isoformat())
        night(warehouse, tmp_path / "second", DAYS[1])
        publish(tmp_path / "second", client.store, actor="night")
        with served(book, warehouse=warehouse) as after:
            explanation = after.get(f"/v1/enterprises/{CODES[0]}/explanation").json()
            assert (explanation["run"], explanation["events"]) == (2, [])
        client.store.snapshots.switch(BACK, 1)
    with served(book, warehouse=warehouse) as back:
        answers_before = answers(back)

    for code in CODES:  # the history has one run more
        assert answers_before[code][:2] == before[code][:2]


def test_a_run_of_another_warehouse_says_so(book, tmp_path):
    other = write_warehouse(tmp_path / "other", seed=2)
    with served(book, warehouse=other) as client:
        for what in ("explanation", "file"):
            refusal = problem(client.get(f"/v1/enterprises/{CODES[0]}/{what}"), 409, "book_lost")
            assert 'is not in the warehouse "other"' in refusal["detail"]


def test_only_the_latest_nights_are_kept(warehouse):
    """What no night of late knew is swept away: a warehouse does not grow for ever."""
    changed_warehouse = Warehouse(warehouse)
    for seed in range(BOOKS_KEPT + 3):
        old = [e.name for e in changed_warehouse.entries()]
        deliver(warehouse, world_of(seed + 1), f"anew {seed}", old)
        keep_book(warehouse, open_event_columns(warehouse))
    with changed_warehouse.lock():
        changed_warehouse.sweep()

    assert len(changed_warehouse.books()) == BOOKS_KEPT
    assert len(list((warehouse / "parts" / "penalty").iterdir())) <= BOOKS_KEPT
    assert len(list((warehouse / "manifest").glob("*.json"))) == 1
    assert len(list((warehouse / "clustered").iterdir())) <= BOOKS_KEPT + 1
    assert (
        stores.read_notes(open_event_columns(warehouse).path)["digest"]
        == changed_warehouse.digest()
    )


def test_workers_of_the_real_program_agree_after_a_restart(book, warehouse):
    with Store.open(book) as store:
        key = new_key(store, days=400)
    answered = []
    for arrival in (None, corrected):
        if arrival:
            deliver(warehouse, arrival(warehouse), "later", ingested_on=DAYS[0].isoformat())
        options = ("--store", book, "--warehouse", str(warehouse), "--port", "0", "--workers", "2")
        with started(*options) as process:
            address = re.search(r"http://[\d.:]+", lines_until(process, "http://")[-1])[0]
            for code in CODES[:3]:
                for _ in range(4):  # each on a connection of its own, so that both workers answer
                    response = httpx2.get(
                        f"{address}/v1/enterprises/{code}/explanation",
                        headers=headers(key),
                        trust_env=False,
                        timeout=300,
                    )
                    assert response.status_code == 200, response.text
                    answered.append((code, response.content))

    assert len(set(answered)) == 3
