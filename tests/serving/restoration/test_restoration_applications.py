"""Applications and objections over HTTP: who may, in which order, what is overdue, what follows."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from tests.serving.district import CODES, TODAY, headers, new_key, problem
from xhcredit.jobs.restoration.counterfactual import score_without_record
from xhcredit.jobs.restoration.grants_to_warehouse import apply_grants
from xhcredit.jobs.restoration.records import RecordKey, stored_record
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.audit import verify

OFFICER = {"official": "王某", "role": "信用监管科科长", "reason": "材料齐全"}
APPLICATIONS = "/v1/restoration/applications"


def untouched(office, records, record_place=0, **wanted):
    """A record like that, and no application about it is under way any more."""
    known = office.store.applications.latest_by_record()
    gone = ("granted", "published", "revoked")
    row = [
        r
        for r in records
        if known.get((r.code, r.table, r.key), {}).get("state") not in gone
        and all(getattr(r, name) == value for name, value in wanted.items())
    ][record_place]
    under_way = known.get((row.code, row.table, row.key), {})
    if under_way.get("state") in ("filed", "returned", "accepted"):
        done(office, under_way["application"], "withdraw")
    return row


def ask_for(row, **fields):
    named = {"code": row.code, "table": row.table, "key": json.loads(row.key)}
    return {**named, "applicant": row.code, "facts": {"pledge": True}} | fields


def done(office, number, *acts, **fields):
    for act in acts:
        response = office.post(
            f"{APPLICATIONS}/{number}/steps", json={"act": act, **OFFICER, **fields}
        )
        assert response.status_code == 201, response.json()
    return response.json()


def test_another_bureau_sees_and_does_nothing(office, records):
    row = untouched(office, [r for r in records if r.agency], table="penalty")
    mine = office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    key = new_key(office.store, ["restoration_officer"], bureau="别的局")
    other = headers(key)

    assert office.get("/v1/restoration/restorable-records", headers=other).json()["total"] == 0
    assert office.get(APPLICATIONS, headers=other).json()["applications"] == []
    problem(office.get(f"{APPLICATIONS}/{mine}", headers=other), 404, "unknown_record")
    step = {"act": "accept", **OFFICER}
    problem(
        office.post(f"{APPLICATIONS}/{mine}/steps", json=step, headers=other), 404, "unknown_record"
    )
    problem(office.post(APPLICATIONS, json=ask_for(row), headers=other), 404, "unknown_record")


def test_who_may_only_read_files_nothing(office, records):
    reader = headers(new_key(office.store))

    problem(office.post(APPLICATIONS, json=ask_for(records[0]), headers=reader), 403, "not_allowed")


def test_only_the_holder_applies(office, records):
    other = next(code for code in CODES if code != records[0].code)

    problem(
        office.post(APPLICATIONS, json=ask_for(records[0], applicant=other)), 422, "wrong_applicant"
    )


def test_a_retry_files_once(office, records):
    filing_body, key = ask_for(untouched(office, records)), {"Idempotency-Key": "a-1"}
    before = len(office.get(f"{APPLICATIONS}?limit=200").json()["applications"])
    first = office.post(APPLICATIONS, json=filing_body, headers=key)

    assert office.post(APPLICATIONS, json=filing_body, headers=key).json() == first.json()
    assert len(office.get(f"{APPLICATIONS}?limit=200").json()["applications"]) == before + 1
    problem(office.post(APPLICATIONS, json=filing_body), 409, "wrong_state")
    problem(
        office.post(APPLICATIONS, json=filing_body | {"reason": "x"}, headers=key),
        422,
        "key_reused",
    )


def test_whatever_is_created_has_an_address(office, records):
    filed = office.post(APPLICATIONS, json=ask_for(untouched(office, records)))
    number = filed.json()["application"]
    assert (filed.status_code, filed.headers["Location"]) == (201, f"{APPLICATIONS}/{number}")
    assert office.get(filed.headers["Location"]).json()["state"] == "filed"
    withdrawn = office.post(f"{APPLICATIONS}/{number}/steps", json={"act": "withdraw"})
    assert withdrawn.headers["Location"] == f"{APPLICATIONS}/{number}/steps/2"

    steps = office.get(f"{APPLICATIONS}/{number}").json()["steps"]
    addresses = [f"{APPLICATIONS}/{number}/steps/{step['step']}" for step in steps]
    assert [office.get(address).json() for address in addresses] == steps
    assert [step["state"] for step in steps] == ["filed", "withdrawn"]
    problem(office.get(f"{APPLICATIONS}/{number}/steps/3"), 404, "unknown_record")
    problem(office.get(addresses[0].replace("applications", "objections")), 404, "unknown_record")


def test_a_cursor_is_of_one_list_with_one_set_of_filters(office, records):
    for at in range(2):
        office.post(APPLICATIONS, json=ask_for(untouched(office, records, at)))
    first = office.get(f"{APPLICATIONS}?limit=1").json()
    after = first["next"]

    second = office.get(f"{APPLICATIONS}?limit=1&after={after}").json()
    numbers = [page["applications"][0]["application"] for page in (first, second)]
    assert numbers[0] > numbers[1]
    for address in (
        f"{APPLICATIONS}?state=filed&after={after}",
        f"/v1/restoration/objections?after={after}",
        f"{APPLICATIONS}?after={numbers[0]}",
    ):
        problem(office.get(address), 400, "bad_input")


def test_the_whole_walk_and_then_the_night_no_longer_sees_it(own_office, records):
    row = next(r for r in records if r.state == "now" and r.table == "penalty")
    number = own_office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    filed = own_office.get(f"{APPLICATIONS}/{number}").json()
    assert (filed["state"], filed["steps"][0]["details"]["assessment"]["eligible"]) == (
        "filed",
        True,
    )
    early = own_office.post(f"{APPLICATIONS}/{number}/steps", json={"act": "grant", **OFFICER})
    problem(early, 409, "wrong_state")
    done(own_office, number, "accept", "grant")
    listed = own_office.get("/v1/restoration/restorable-records?limit=500").json()["records"]
    assert listed
    assert (row.code, json.loads(row.key)) not in [(r["code"], r["key"]) for r in listed]

    before = score_on(own_office.warehouse, row, TODAY)
    applied = apply_grants(
        own_office.warehouse, own_office.store.applications.grants(), today=TODAY
    )
    done(own_office, number, "publish", platforms=["信用中国（上海）", "国家企业信用信息公示系统"])
    after = score_on(own_office.warehouse, row, TODAY)

    assert applied.written == 1
    assert before["before"]["composite"] <= before["after"]["composite"]
    assert after["before"]["composite"] == before["after"]["composite"]
    application = own_office.get(f"{APPLICATIONS}/{number}").json()
    assert (application["state"], application["possible"], application["overdue"]) == (
        "published",
        ["revoke"],
        False,
    )
    assert [s["act"] for s in application["steps"]] == ["file", "accept", "grant", "publish"]
    assert verify(own_office.store.database).whole


def score_on(warehouse, row, day):
    """The score with and without the record, as the night computes it."""
    model = model_on(Rulebook.load(), load_release(), day)
    chosen = RecordKey(row.table, json.loads(row.key))
    return score_without_record(warehouse, open_event_columns(warehouse), model, row.code, chosen)


def test_overdue_is_told_for_any_day_and_done_in_time_is_not(office, records):
    row = untouched(office, records, state="now", table="penalty")
    number = office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    [last] = {
        c["due_on"]
        for c in office.get(f"{APPLICATIONS}/{number}").json()["clocks"]
        if c["step"] in ("accept", "answer")
    }

    def overdue(day):
        return office.get(f"{APPLICATIONS}/{number}?on={day}").json()["overdue"]

    next_day = date.fromisoformat(last) + timedelta(days=1)
    assert (overdue(last), overdue(next_day)) == (False, True)
    assert office.get(f"{APPLICATIONS}?overdue=true").json()["applications"] == []
    listed = office.get(f"{APPLICATIONS}?overdue=true&on={next_day}").json()["applications"]
    assert number in [a["application"] for a in listed]


def test_pages_of_what_is_overdue_are_full(office, records):
    """Others in between, and a page does not become shorter by them."""
    late, done_with = [], []
    for record_place in range(3):
        row = untouched(office, records, record_place)
        for application_list in (done_with, late):
            application_list.append(
                office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
            )
            if application_list is done_with:
                done(office, application_list[-1], "accept", "refuse")
    overdue_path = f"{APPLICATIONS}?overdue=true&on=2026-12-01&limit=2"
    first = office.get(overdue_path).json()
    second = office.get(f"{overdue_path}&after={first['next']}").json()

    numbers = [a["application"] for page in (first, second) for a in page["applications"]]
    assert numbers[:3] == late[::-1]
    assert len(first["applications"]) == 2
    assert not set(numbers) & set(done_with)
    numbers_read, after = [], ""
    while True:
        page = office.get(f"{overdue_path}{after}").json()
        numbers_read += [a["application"] for a in page["applications"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(numbers_read) == len(set(numbers_read)) >= 3
    assert numbers_read == [
        a["application"]
        for a in office.get(f"{APPLICATIONS}?on=2026-12-01&limit=200").json()["applications"]
        if a["overdue"]
    ]


def test_a_restoration_is_revoked_by_an_officer_who_says_what_was_found(own_office, records):
    row = untouched(own_office, records, state="now", table="penalty")
    number = own_office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    done(own_office, number, "accept", "grant")
    steps = f"{APPLICATIONS}/{number}/steps"
    revoke = {"act": "revoke", **OFFICER}
    problem(own_office.post(steps, json=revoke), 400, "bad_input")
    reader = headers(new_key(own_office.store))
    revoke_body = revoke | {"false_materials": True}
    problem(own_office.post(steps, json=revoke_body, headers=reader), 403, "not_allowed")

    assert own_office.post(steps, json=revoke_body).json()["state"] == "revoked"
    problem(own_office.post(steps, json=revoke_body), 409, "wrong_state")
    again = own_office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    assessed_before = own_office.get(f"{APPLICATIONS}/{again}").json()["steps"][0]["details"][
        "assessment"
    ]
    assert any(rule.endswith("false_materials") for rule in assessed_before["unmet"])
    assert [r.application for r in own_office.store.applications.revocations()] == [number]
    named = {"code": row.code, "table": row.table, "key": json.loads(row.key)}
    assessed_after = own_office.post("/v1/restoration/records:assess", json=named).json()
    assert any(rule.endswith("false_materials") for rule in assessed_after["unmet"])
    listed = own_office.get("/v1/restoration/restorable-records?limit=500").json()["records"]
    assert listed
    assert row.code not in {r["code"] for r in listed if r["table"] == "penalty"}
    with own_office.store.database.reading() as con:
        acts = con.exec_driver_sql("SELECT action FROM activity").scalars().all()
    assert "restoration.revoke" in acts


def test_not_eligible_is_granted_only_in_so_many_words(office, records):
    row = untouched(office, records, state="needs_act", table="penalty")
    number = office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    done(office, number, "accept")
    refused = office.post(f"{APPLICATIONS}/{number}/steps", json={"act": "grant", **OFFICER})
    assert "says not eligible" in problem(refused, 409, "wrong_state")["detail"]

    assert done(office, number, "grant", despite_unmet=True)["state"] == "granted"


def test_returned_and_filed_again_with_proof(office, records):
    row = untouched(office, records, state="needs_act", table="penalty")
    number = office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    done(office, number, "return")
    assessment = office.get(f"{APPLICATIONS}/{number}").json()["steps"][0]["details"]["assessment"]
    proof = {"duties_done_on": TODAY.isoformat(), "harm_remains": False}
    steps = f"{APPLICATIONS}/{number}/steps"
    office.post(steps, json={"act": "refile", "facts": proof})

    last = office.get(f"{APPLICATIONS}/{number}").json()["steps"][-1]["details"]
    gone = set(assessment["unmet"]) - set(last["assessment"]["unmet"])
    assert any(rule.endswith("duties_done") for rule in gone)
    assert last["rulebook_digest"] == Rulebook.load().digest


def test_the_class_is_set_by_hand_with_a_reason(office, records):
    row = untouched(office, records, table="penalty")
    number = office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    done(office, number, "classify", severity="serious")

    last = office.get(f"{APPLICATIONS}/{number}").json()["steps"][-1]["details"]["assessment"]
    assert last["severity"] == "serious"
    assert "王某" in last["severity_by"]["zh"]


def test_an_objection_that_is_upheld_takes_the_record_out(own_office, records):
    row = next(r for r in records if r.table == "penalty")
    path = "/v1/restoration/objections"
    number = own_office.post(path, json=ask_for(row, facts={}, reason="记录与事实不符")).json()
    number = number["application"]
    clocks = {c["step"]: c["due_on"] for c in own_office.get(f"{path}/{number}").json()["clocks"]}
    # 30 June 2026 is a Tuesday: 1, 2, 3, 6, 7 July are working days
    assert clocks == {"mark": "2026-07-01", "centre_decides": "2026-07-07", "forward": "2026-07-02"}
    for act in ("mark", "forward", "uphold"):
        response = own_office.post(f"{path}/{number}/steps", json={"act": act, **OFFICER})
        assert response.status_code == 201, response.json()
    problem(own_office.get(f"{APPLICATIONS}/{number}"), 404, "unknown_record")

    apply_grants(own_office.warehouse, own_office.store.applications.grants(), today=TODAY)
    with pytest.raises(Exception, match="counts on 2026-06-30: it is not known, or was withdrawn"):
        stored_record(
            own_office.warehouse, row.code, RecordKey(row.table, json.loads(row.key)), TODAY
        )


def test_every_read_of_an_enterprise_is_recorded(office, records):
    row = untouched(office, records, table="penalty")
    number = office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    office.get(f"{APPLICATIONS}/{number}")
    office.get("/v1/restoration/restorable-records?limit=1")
    with office.store.database.reading() as con:
        rows = con.exec_driver_sql("SELECT action, payload FROM activity").all()

    payload_by_action = dict(map(tuple, rows))
    assert json.loads(payload_by_action["restoration.file"])["code"] == row.code
    assert json.loads(payload_by_action["restoration.read"])["code"] == row.code
    assert json.loads(payload_by_action["records.restorable"])["codes"]
    bare = {"X-Purpose": ""}
    problem(office.get(f"{APPLICATIONS}/{number}", headers=bare), 400, "purpose_missing")
