"""Alerts over HTTP: of one's bureaus, by two persons, recorded; whatever is sent, no 5xx."""

import io
import re
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
import schemathesis

from tests.serving.district import ACT, BUREAUS, CODES, headers, new_key, problem
from tests.serving.http.test_fuzz import ALERTS, MODES, hold
from tests.serving.visitors import visitor
from xhcredit.alerts.budget import AlertCandidate
from xhcredit.alerts.workflow import AlertAction
from xhcredit.jobs.alerts.follow_up import AlertContext, perform_on_alerts
from xhcredit.rules.rulebook import Rulebook

DAY = date(2026, 6, 30)
LATEST = date(2100, 12, 31)  #: the calendar of working days ends here
OFFICE = BUREAUS[0]


def candidate(n, colour, bureau, name="某店"):
    return AlertCandidate(
        "penalties_often",
        "d",
        "compliance",
        "enterprise",
        CODES[n],
        CODES[n],
        name,
        bureau,
        "甲街道",
        f"f{n}",
        colour,
        1.0,
        90,
        None,
        {"zh": "短期内多次行政处罚", "en": "", "figures": {"events": 2}, "events": []},
    )


def raise_alerts(client):
    new = [
        candidate(0, "yellow", OFFICE),
        candidate(1, "red", OFFICE, "=1+1"),
        candidate(2, "blue", BUREAUS[1]),
    ]
    expired = {"before": "2000-01-01", "reason": "old"}
    client.store.alerts.record_night(ACT, DAY, "i", [(c, None) for c in new], expired, {})


@pytest.fixture
def desk(client):
    raise_alerts(client)
    return client


def act(officer, act, *numbers, key=None, **fields):
    sent = {"Idempotency-Key": key} if key else {}
    body = {"alerts": list(numbers), "act": act, "reason": "核查"} | fields
    return officer.post("/v1/alerts:act", json=body, headers=sent)


def test_the_list_is_filtered_paged_and_recorded(desk):
    page = desk.get("/v1/alerts", params={"limit": 2}).json()
    assert [a["number"] for a in page["alerts"]] == [3, 2]
    second_page = desk.get("/v1/alerts", params={"limit": 2, "after": page["next"]}).json()
    assert ([a["number"] for a in second_page["alerts"]], second_page["next"]) == ([1], None)
    for wrong in ({"colour": "red", "after": page["next"]}, {"after": "!"}, {"after": "Mg"}):
        problem(desk.get("/v1/alerts", params=wrong), 400, "bad_input")
    red = desk.get("/v1/alerts", params={"colour": "red", "street": "甲街道"}).json()["alerts"]
    assert [a["code"] for a in red] == [CODES[1]]
    assert desk.get("/v1/alerts", params={"owner": "nobody"}).json()["alerts"] == []
    problem(desk.get("/v1/alerts", params={"colour": "pink"}), 422, "wrong_request")
    problem(desk.get("/v1/alerts", headers={"X-Purpose": ""}), 400, "purpose_missing")


def test_alerts_without_a_due_day_are_counted_and_found(desk):
    """A term that runs beyond every calendar: nobody is told it is in time."""
    for name, details in (("screen", {}), ("issue", {"owner": "li"})):
        doing = AlertAction(name, LATEST, "li", "核查", details)
        perform_on_alerts(
            AlertContext(desk.store, Rulebook.load()), replace(ACT, action="alert.act"), [1], doing
        )
    undated_alerts = desk.get("/v1/alerts", params={"due_unknown": True}).json()["alerts"]
    assert [(a["number"], a["due_unknown"], a["due_on"]) for a in undated_alerts] == [
        (1, True, None)
    ]

    officer = visitor(desk, "li", ("inspector", OFFICE))
    inbox = officer.get("/console/alerts").text
    assert re.search(r'href="/console/alerts\?due_unknown=1">\s*1 ', inbox)
    page = officer.get("/console/alerts?due_unknown=1").text
    assert ("/console/alerts/1" in page, "/console/alerts/2" in page) == (True, False)


def test_a_bureau_sees_and_acts_on_its_own_only(desk):
    key = headers(new_key(desk.store, bureau=OFFICE))
    assert [a["number"] for a in desk.get("/v1/alerts", headers=key).json()["alerts"]] == [2, 1]
    problem(desk.get("/v1/alerts/3", headers=key), 404, "unknown_record")
    officer = visitor(desk, "li", ("inspector", OFFICE))
    problem(act(officer, "screen", 3), 404, "unknown_record")
    problem(act(officer, "screen", 1, 3), 404, "unknown_record")
    assert officer.get("/v1/alerts/1").json()["state"] == "detected"


def test_the_loop_by_two_officers(desk):
    li, wu = (visitor(desk, name, ("inspector", OFFICE)) for name in ("li", "wu"))
    first = act(li, "screen", 1, 2, key="k")
    assert first.json() == act(li, "screen", 1, 2, key="k").json()
    problem(act(li, "issue", 2, owner="li"), 409, "two_persons")
    issued = act(wu, "issue", 2, owner="li").json()["done"][0]
    assert (issued["state"], issued["due_on"]) == ("issued", "2026-07-02")
    problem(act(li, "issue", 2, owner="li"), 409, "wrong_state")
    problem(act(li, "verify", 2, verdict="true"), 400, "bad_input")
    assert act(li, "verify", 2, verdict="true", evidence="照片").status_code == 200
    alert = desk.get("/v1/alerts/2").json()
    assert [s["act"] for s in alert["steps"]] == ["detect", "screen", "issue", "verify"]
    assert alert["overdue"] is False
    desk.clock.forward(days=10)
    assert [a["number"] for a in desk.get("/v1/alerts?overdue=true").json()["alerts"]] == [2]
    rows = desk.get("/v1/alert-triggers").json()["triggers"]
    assert {r["trigger"]: r["true"] for r in rows}["penalties_often"] == 1


def test_only_people_with_the_right_act(desk):
    key = headers(new_key(desk.store, ["inspector"]))
    problem(
        desk.post(
            "/v1/alerts:act", json={"alerts": [1], "act": "screen", "reason": "x"}, headers=key
        ),
        403,
        "not_allowed",
    )
    problem(act(visitor(desk, "guest", ("viewer", "")), "screen", 1), 403, "not_allowed")
    auditor = headers(new_key(desk.store, ["auditor"]))
    problem(desk.get("/v1/alerts", headers=auditor), 403, "not_allowed")


def test_the_file_holds_what_is_filtered_and_no_formula(desk):
    answer = desk.get("/v1/alerts.xlsx", params={"colour": "red"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active

    rows = list(sheet.iter_rows(values_only=True))
    assert [row[0] for row in rows[2:]] == [2]
    assert rows[2][5] == "'=1+1"
    assert rows[2][1] == "红"


def test_the_cluster_hides_who_belongs_to_others(desk):
    picture = desk.get(f"/v1/enterprises/{CODES[0]}/cluster").json()
    assert picture["nodes"][0]["id"] == CODES[0]
    key = headers(new_key(desk.store, bureau=OFFICE))
    mine = desk.get(f"/v1/enterprises/{CODES[0]}/cluster", headers=key).json()
    others = [n for n in mine["nodes"] if n["kind"] == "enterprise" and not n["name"]]
    assert mine["size"] == picture["size"]
    assert all(n["id"].startswith("x") for n in others)
    assert all(
        n["bureau"] == OFFICE
        for n in mine["nodes"]
        if n["kind"] == "enterprise" and n not in others
    )
    problem(desk.get(f"/v1/enterprises/{CODES[1]}/cluster", headers=key), 404, "unknown_enterprise")
    problem(desk.get("/v1/enterprises/123/cluster"), 400, "bad_code")


@MODES
@pytest.mark.parametrize("name", ALERTS)
def test_every_answer_is_as_described(desk, name, mode):
    officer = visitor(desk, "fuzzer", ("inspector", ""))
    schema = schemathesis.openapi.from_asgi("/openapi.json", desk.app)
    operations = (op.ok() for op in schema.get_all_operations())
    described = {op.definition.raw["operationId"]: op for op in operations}
    sent = {
        "Cookie": f"xhcredit={officer.cookies['xhcredit']}",
        "X-CSRF-Token": officer.headers["X-CSRF-Token"],
    }
    hold(described, name, mode, 15, sent)
