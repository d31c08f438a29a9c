"""What if other facts were known: computed live as the night computes, and nothing is kept."""

import asyncio
import shutil
import threading

import numpy as np
import pytest
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.live.explainer import Explainer

from tests.serving.district import CODES, DAYS, problem, served
from tests.serving.enterprise.test_scores import read_acts
from xhcredit.engine.one_enterprise import day_number
from xhcredit.ingest.schema import directory
from xhcredit.jobs.enterprise import what_if as enterprise_what_if
from xhcredit.jobs.enterprise.what_if import LiveModel, what_if
from xhcredit.jobs.enterprise.what_if_changes import check_changes, supposable_tables
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.rows_by_enterprise import open_rows
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.audit import find_faults

PATH = "/v1/scores:what-if"
PENALTY = {"doc_no": "假设1号", "procedure": "ordinary", "penalty_kinds": "fine;warning"}


@pytest.fixture(scope="module")
def client(published, nights):
    """One for all: a what-if changes nothing but the journal."""
    file = shutil.copy(published, nights / "supposed.db")
    with served(str(file), warehouse=nights / "warehouse") as client:
        yield client


@pytest.fixture(scope="module")
def live(nights):
    store = open_event_columns(nights / "warehouse")
    model = model_on(Rulebook.load(), load_release(), DAYS[0])
    return LiveModel(model, open_rows(nights / "warehouse", store))


def ask(client, code=CODES[0], **supposed):
    return client.post(PATH, json={"code": code, **supposed})


def test_without_a_change_nothing_changes(client):
    what_if = ask(client).json()
    score = client.get(f"/v1/enterprises/{CODES[0]}/score").json()

    assert what_if["before"] == what_if["after"]
    assert what_if["before"]["composite"] == score["composite"]
    assert what_if["change"] == {"composite": 0.0, "tier": [score["tier"]] * 2, "indicators": []}


def test_another_penalty_costs_points_and_says_where(client):
    what_if = ask(client, add=[{"table": "penalty", "values": PENALTY}]).json()
    [counted] = [i for i in what_if["change"]["indicators"] if i["indicator"] == "penalties_24m"]

    assert counted["after"]["value"] == counted["before"]["value"] + 1
    assert what_if["change"]["composite"] <= 0


def test_the_live_way_is_the_way_of_the_night(live):
    """An enterprise from its events as values has the same features as in the store, neighbours
    included."""
    day = np.array([day_number(DAYS[0])], np.int32)
    for code in CODES:
        row = live.event_columns.row(code)
        rows_by_table = {
            n: live.rows.rows_of(n, row) for n, t in directory().items() if t.kind == "event"
        }
        enterprise_rows = np.array([row])
        shared = live.model.compiled.neighbours(live.event_columns, enterprise_rows, day)
        night = enterprise_what_if._features(
            live.model, live.event_columns, enterprise_rows, day, shared
        )
        alone = enterprise_what_if._features(
            live.model,
            enterprise_what_if._single_enterprise(live.event_columns, row, rows_by_table),
            np.array([0]),
            day,
            shared,
        )
        np.testing.assert_array_equal(night, alone)


def test_withdrawing_and_adding_the_same_record_is_no_change(live):
    """What a record costs comes back to the last digit."""
    for code in CODES:
        rows = [
            r
            for r in live.rows.rows_of("penalty", live.event_columns.row(code))
            if r["withdrawn_on"] is None and r["known_on"] <= DAYS[0]
        ]
        for r in rows[:1]:
            key = [("penalty", {"doc_no": r["doc_no"]})]
            without = what_if(live, code, check_changes([], key, DAYS[0]), DAYS[0])
            assert without["change"]["composite"] >= 0


def test_all_that_is_wrong_is_told_at_once_by_its_place(client):
    answer = ask(
        client,
        add=[
            {"table": "penalty", "values": {"procedure": "x", "amount_yuan": "much", "foo": 1}},
            {"table": "relation", "values": {}},
            {"table": "penalty", "values": PENALTY | {"occurred_on": "2026-02-30"}},
            {"table": "penalty", "values": PENALTY | {"known_on": "2026-06-30"}},
        ],
        withdraw=[{"table": "penalty", "key": {}}],
    )
    fields = {f["field"] for f in problem(answer, 422, "wrong_request")["errors"]}

    assert fields == {
        "body.add.0.values.procedure",
        "body.add.0.values.amount_yuan",
        "body.add.0.values.foo",
        "body.add.0.values.doc_no",
        "body.add.0.values.penalty_kinds",
        "body.add.1.table",
        "body.add.2.values.occurred_on",
        "body.add.3.values.known_on",
        "body.withdraw.0.key.doc_no",
    }


def test_a_record_that_is_not_there_cannot_be_withdrawn(client):
    answer = ask(client, withdraw=[{"table": "penalty", "key": {"doc_no": "none"}}])

    assert "0 records of penalty" in problem(answer, 400, "bad_input")["detail"]


@pytest.mark.parametrize("table", sorted(supposable_tables()))
def test_every_table_can_be_supposed_with_its_required_columns(live, table):
    value_by_type = {
        "text": "甲", "money": 1, "count": 1, "number": 0.5, "flag": True, "date": "2025-01-02",
    }  # fmt: skip
    values = {
        c.name: c.value_ids[0] if c.values else value_by_type[c.type]
        for c in supposable_tables()[table].columns
        if c.required and c.name not in ("code", "occurred_on", "known_on") and c.type != "person"
    }
    checked_changes = check_changes([(table, values)], [], DAYS[0])

    assert checked_changes.wrong == []
    assert what_if(live, CODES[0], checked_changes, DAYS[0])["code"] == CODES[0]


def test_only_the_question_is_kept(client):
    before = client.store.reader.history(CODES[0])
    ask(client, add=[{"table": "penalty", "values": PENALTY}])
    act = read_acts(client)[-1]

    assert act["action"] == "enterprise.what_if"
    assert act["payload"]["supposed"]["add"][0]["table"] == "penalty"
    assert client.store.reader.history(CODES[0]) == before
    assert find_faults(client.store.database) == []


def test_who_asks_when_too_many_are_computed_is_told_to_come_back():
    go_on = threading.Event()

    async def ask_many():
        worker = Explainer(None, limit=2)
        waiting = [asyncio.create_task(worker.run_in_thread(go_on.wait, 10)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal, match="try again"):
            await worker.run_in_thread(go_on.wait, 10)
        go_on.set()
        await asyncio.gather(*waiting)
        worker.close()

    asyncio.run(ask_many())
