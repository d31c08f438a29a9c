"""Models over HTTP: side by side, moves by bureau, two persons, and whatever is sent, no 5xx."""

import json

import pytest
import schemathesis
from xhcredit_serving.http.paging import cursor_of

from tests.serving.district import BUREAUS, headers, new_key, problem
from tests.serving.http.test_fuzz import MODELS, MODES, hold
from tests.serving.visitors import visitor
from xhcredit.jobs.models.promotion import champion_release
from xhcredit.scores.release import load_release
from xhcredit.store.core.transactions import Act
from xhcredit.store.models.candidates import Submission

GATE = {"gate": "fair", "open": True, "zh": "没有任何一组明显变差", "en": "nobody is worse off"}


def candidate(lost=0.0, name="harder"):
    """The shipped tables under another name, everybody's base lower by some points."""
    release_fields = json.loads(json.dumps(load_release().as_data())) | {"release": name}
    for table in release_fields["tables"]:
        table["base"] -= lost
    return release_fields


def submit(client, tables, *gates):
    submission = Submission(
        tables["release"], "general", "woe", tables, {"metrics": {"auc": 0.8}}, gates or (GATE,)
    )
    act = Act("modeler", "model.submit", "季度更新")
    return client.store.models.submit(act, submission, "更准")["candidate"]


@pytest.fixture
def three(client):
    return [visitor(client, name, ("model_manager", "")) for name in ("li", "wu", "zhao")]


def step(who, number, name, key=None, **body):
    sent = {"Idempotency-Key": key} if key else {}
    return who.post(f"/v1/models/{number}:{name}", json=body or None, headers=sent)


def approved(client, li, wu, lost=60.0):
    number = submit(client, candidate(lost))
    for who in (li, wu):
        assert step(who, number, "approve", reason="已核对").status_code == 200
    return number


def test_a_release_becomes_champion_by_two_officers_and_goes_back_in_one_step(client, three):
    li, wu, _ = three
    number = approved(client, li, wu)
    problem(step(li, number, "switch", from_day="2026-07-01"), 409, "wrong_state")
    moved = step(li, number, "shadow").json()["moved"]
    assert moved > 0
    page = li.get(f"/v1/models/{number}/moves", params={"limit": moved}).json()
    assert len(page["moves"]) == moved
    assert all(m["tier_before"] < m["tier_after"] for m in page["moves"])
    problem(step(li, number, "switch", from_day="2026-06-01"), 400, "bad_input")


def test_the_night_of_the_shadow_must_be_recent(client, three):
    """The night here is of 2025, the clock of 2026: it does not count."""
    li, wu, _ = three
    number = approved(client, li, wu)
    step(li, number, "shadow")
    problem(step(li, number, "switch", from_day="2026-07-01"), 409, "wrong_state")


def test_switch_and_roll_back(client, three):
    li, wu, zhao = three
    number = approved(client, li, wu)
    shadow_night = {
        "as_of": "2026-06-30",
        "champion": load_release().digest,
        "before": {},
        "after": {},
    }
    client.store.models.record_shadow_night(
        Act("li", "model.shadow", "w"), number, shadow_night, []
    )
    first = step(li, number, "switch", key="k", from_day="2026-07-01")
    assert first.json() == step(li, number, "switch", key="k", from_day="2026-07-01").json()
    service = client.app.state.service
    book, day = service.rulebook, service.today().replace(month=7, day=1)
    assert champion_release(client.store, book, day).name == "harder"
    assert champion_release(client.store, book, day.replace(month=6)).name == load_release().name

    assert zhao.post("/v1/models:roll-back").json()["state"] == "rolled_back"
    assert champion_release(client.store, book, day).name == load_release().name
    shown = client.get("/v1/model-switches").json()
    assert [s["act"] for s in shown["switches"]] == ["roll_back", "switch"]
    assert [s["actor"] for s in shown["switches"]] == ["user:zhao", "user:li"]


def test_one_person_a_key_and_a_bureau_cannot_promote(client, three):
    li, _, _ = three
    number = submit(client, candidate())
    assert step(li, number, "approve", reason="好").json()["state"] == "approved_once"
    problem(step(li, number, "approve", reason="好"), 409, "two_persons")
    problem(
        step(visitor(client, "viewer1", ("viewer", "")), number, "approve", reason="好"),
        403,
        "not_allowed",
    )
    key = headers(new_key(client.store, ["model_manager"]))
    path = f"/v1/models/{number}:approve"
    problem(client.post(path, json={"reason": "好"}, headers=key), 403, "not_allowed")
    mine = visitor(client, "mine", ("model_manager", BUREAUS[0]))
    problem(step(mine, number, "approve", reason="好"), 404, "unknown_record")


def test_a_closed_gate_is_refused_with_its_reason(client, three):
    shut = GATE | {"open": False, "en": "size=1 is worse off"}
    number = submit(client, candidate(), shut)
    refusal = problem(step(three[0], number, "approve", reason="好"), 409, "gate_closed")
    assert "size=1 is worse off" in refusal["detail"]
    assert client.get(f"/v1/models/{number}").json()["state"] == "gates_closed"
    assert step(three[0], number, "refuse", reason="重做").json()["state"] == "refused"


def test_moves_are_of_ones_bureau_and_recorded(client, three):
    li, wu, _ = three
    number = approved(client, li, wu)
    step(li, number, "shadow")
    whole = client.get(f"/v1/models/{number}/moves").json()["moves"]
    assert whole
    for bureau in filter(None, BUREAUS):
        key = headers(new_key(client.store, bureau=bureau))
        mine = client.get(f"/v1/models/{number}/moves", headers=key).json()["moves"]
        assert mine == [m for m in whole if m["bureau"] == bureau]
    problem(
        client.get(f"/v1/models/{number}/moves", headers={"X-Purpose": ""}), 400, "purpose_missing"
    )
    problem(client.get("/v1/models/999"), 404, "unknown_record")


def test_candidates_and_moves_come_in_pages(client, three):
    li, wu, _ = three
    shadowed = approved(client, li, wu)
    step(li, shadowed, "shadow")
    others = [submit(client, candidate(lost, f"other{lost:.0f}")) for lost in (10.0, 20.0)]

    def pages(path, name):
        rows, after = [], ""
        while after is not None:
            page = client.get(path, params={"limit": 2, "after": after}).json()
            assert len(page[name]) <= 2
            rows, after = rows + page[name], page["next"]
        return rows

    listed = pages("/v1/models", "candidates")
    assert [c["id"] for c in listed] == [*others[::-1], shadowed]
    assert listed[-1] == client.get(f"/v1/models/{shadowed}").json()
    assert listed[-1]["steps"][-1]["details"]["as_of"] == "2025-03-31"
    whole = client.get(f"/v1/models/{shadowed}/moves?limit=500").json()["moves"]
    assert pages(f"/v1/models/{shadowed}/moves", "moves") == whole
    strange = cursor_of("no number")
    problem(client.get("/v1/models", params={"after": strange}), 400, "bad_input")


@MODES
@pytest.mark.parametrize("name", MODELS)
def test_every_answer_is_as_described(client, name, mode):
    submit(client, candidate())
    officer = visitor(client, "fuzzer", ("model_manager", ""))
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    operations = (op.ok() for op in schema.get_all_operations())
    described = {op.definition.raw["operationId"]: op for op in operations}
    sent = {
        "Cookie": f"xhcredit={officer.cookies['xhcredit']}",
        "X-CSRF-Token": officer.headers["X-CSRF-Token"],
    }
    hold(described, name, mode, 10, sent)
