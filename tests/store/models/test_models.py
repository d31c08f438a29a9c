"""Promotion in the store: two officers, gates, shadow, a stated day, the way back; append-only."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from xhcredit.errors import (
    BadInput,
    GateClosed,
    KeyReused,
    TwoPersons,
    UnknownRecord,
    WrongState,
    XhcreditError,
)
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.transactions import Act
from xhcredit.store.models.candidates import Submission

OLD = {"release": "old", "tables": []}
OPEN = {"gate": "calibrated", "open": True, "zh": "已校准", "en": "calibrated"}
SHUT = {"gate": "fair", "open": False, "zh": "某组变差", "en": "a group is worse off"}
DAY = "2026-07-01"


def act(actor, action="model.step", key=None, **payload):
    return Act(actor, action, "季度更新", payload=payload, key=key)


def submission(name="new", *gates):
    tables = {"release": name, "tables": []}
    return Submission(name, "general", "boosted", tables, {"auc": 0.8}, gates or (OPEN,))


def submitted(store, *gates, name="new"):
    return store.models.submit(act("modeler"), submission(name, *gates), "更好")["candidate"]


def approved(store, name="new"):
    number = submitted(store, name=name)
    for who in ("li", "wang"):
        store.models.approve(act(who), number, "已核对")
    return number


def shadowed(store, number, *days, champion=None):
    digest = champion or hashlib.sha256(canonical(OLD).encode()).hexdigest()
    for day in days or ("2026-06-30",):
        move = {
            "code": "c1", "name": "=甲", "bureau": "市监局", "tier_before": "B",
            "tier_after": "C", "composite_before": 700.0, "composite_after": 580.0,
        }  # fmt: skip
        shadow_night = {"as_of": day, "champion": digest, "before": {"B": 1}, "after": {"C": 1}}
        store.models.record_shadow_night(act("li"), number, shadow_night, [move])


def switch(store, number, day=DAY, key=None, nights=1, since="2026-06-01", before=OLD):
    return store.models.switch(act("li", key=key), number, day, before, nights, since)


def test_the_way_from_submission_to_champion_and_back(store):
    number = approved(store)
    shadowed(store, number)
    assert store.models.champion(DAY) is None

    switch(store, number)
    assert store.models.champion("2026-06-30") is None
    assert store.models.champion(DAY)["name"] == "new"
    store.models.roll_back(act("zhao"), DAY)
    assert store.models.champion(DAY)["name"] == "old"

    candidate = store.models.get(number)
    acts = [s["act"] for s in candidate["steps"]]
    assert acts == ["submit", "judge", "approve", "approve", "shadow", "switch", "roll_back"]
    assert candidate["state"] == "rolled_back"
    assert [s["act"] for s in store.models.switches()] == ["roll_back", "switch"]
    assert verify(store.database).whole
    assert find_faults(store.database) == []


def test_neither_the_submitter_nor_one_officer_twice_may_approve(store):
    number = submitted(store)
    with pytest.raises(TwoPersons, match="two other officers"):
        store.models.approve(act("modeler"), number, "好")
    store.models.approve(act("li"), number, "好")
    with pytest.raises(TwoPersons, match="two other officers"):
        store.models.approve(act("li"), number, "好")
    with pytest.raises(TwoPersons, match="two other officers"):
        store.models.approve(act("user:Li"), number, "好")
    with pytest.raises(BadInput, match="needs a reason"):
        store.models.approve(act("wang"), number, " ")
    assert store.models.get(number)["state"] == "approved_once"


def test_a_closed_gate_is_told_with_its_reason(store):
    number = submitted(store, OPEN, SHUT)
    assert store.models.get(number)["state"] == "gates_closed"
    with pytest.raises(GateClosed, match="fair: a group is worse off"):
        store.models.approve(act("li"), number, "好")


def test_the_order_of_steps_cannot_be_changed(store):
    number = submitted(store)
    with pytest.raises(WrongState, match="to shadow it must be approved"):
        shadowed(store, number, champion="d")
    with pytest.raises(WrongState, match="to switch it must be shadowed"):
        switch(store, number)
    with pytest.raises(WrongState, match="no switch to roll back"):
        store.models.roll_back(act("li"), DAY)
    with pytest.raises(WrongState, match="this very release"):
        submitted(store)
    with pytest.raises(UnknownRecord, match="no candidate 9"):
        store.models.approve(act("li"), 9, "好")
    store.models.refuse(act("li"), number, "数据有误")
    with pytest.raises(WrongState, match="is refused"):
        store.models.approve(act("li"), number, "好")
    assert submitted(store) == number + 1


def test_shadow_counts_by_day_beside_the_champion_that_is_replaced(store):
    number = approved(store)
    shadowed(store, number, "2026-05-30", "2026-06-29", "2026-06-29")
    with pytest.raises(WrongState, match="on 1 days since 2026-06-01, 2 are needed"):
        switch(store, number, nights=2)
    shadowed(store, number, "2026-06-30", champion="another")
    with pytest.raises(WrongState, match="2 are needed"):
        switch(store, number, nights=2)
    shadowed(store, number, "2026-06-30")
    assert switch(store, number, nights=2)["state"] == "switched"


def test_moves_are_listed_by_bureau_and_page(store):
    number = approved(store)
    shadowed(store, number)
    assert [m["tier_after"] for m in store.models.list_tier_moves(number)] == ["C"]
    assert store.models.list_tier_moves(number, bureaus=frozenset({"住建委"})) == []
    assert store.models.list_tier_moves(number, after_code="c1") == []


def test_the_same_key_does_it_once(store):
    number = approved(store)
    shadowed(store, number)
    first = switch(store, number, key="k")
    assert switch(store, number, key="k") == first
    with pytest.raises(KeyReused, match="another request"):
        store.models.refuse(act("li", "model.refuse", "k"), number, "x")
    assert len(store.models.switches()) == 1


def test_of_two_officers_at_once_each_counts_and_one_switches(store):
    number = submitted(store)

    def approve(who):
        return store.models.approve(act(who), number, "好")["state"]

    with ThreadPoolExecutor(2) as pool:
        states = sorted(pool.map(approve, ("li", "wang")))
    assert states == ["approved", "approved_once"]
    shadowed(store, number)

    def attempt(_):
        try:
            return switch(store, number)["state"]
        except XhcreditError as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, range(2))) == ["switched", "wrong_state"]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE candidates SET gates = '[]'",
        "DELETE FROM candidates",
        "UPDATE candidate_steps SET actor = 'x'",
        "DELETE FROM candidate_steps",
        "INSERT INTO candidate_steps (candidate, step, act, state, recorded_at, actor, reason, "
        "details, activity) VALUES (1, 9, 'a', 'approved', '', 'x', '', '{}', 1)",
        "UPDATE tier_moves SET tier_after = 'A'",
        "DELETE FROM tier_moves",
        "UPDATE champions SET digest = replaces",
        "DELETE FROM champions",
    ],
)
def test_nothing_can_be_changed_by_sql(store, sql):
    number = approved(store)
    shadowed(store, number)
    switch(store, number)
    with pytest.raises(DBAPIError, match="append-only"), store.database.writing() as con:
        con.execute(text(sql))
