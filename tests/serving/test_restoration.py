"""Restoration over HTTP: questions, the proactive list, and the whole walk of an application."""

from __future__ import annotations

import io
import json
import shutil
from datetime import date, timedelta

import openpyxl
import pytest

from serving.restoration_bodies import RECORD
from tests.serving.district import CODES, UNKNOWN, headers, new_key, problem, served
from xhcredit.jobs.model import model_on
from xhcredit.jobs.night import open_store
from xhcredit.jobs.restorable import restorable
from xhcredit.jobs.restorable_records import Chosen, stored_record
from xhcredit.jobs.restoration_grants import apply_grants
from xhcredit.jobs.what_if import what_if
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.audit import verify

TODAY = date(2026, 6, 30)
OFFICER = {"official": "王某", "role": "信用监管科科长", "reason": "材料齐全"}
APPLICATIONS = "/v1/restoration/applications"


@pytest.fixture(scope="module")
def records(nights):
    """Records of the warehouse that can be restored today, or once something is done."""
    return restorable(nights / "warehouse", Rulebook.load(), TODAY)


@pytest.fixture
def office(file, nights, tmp_path):
    """A client that may file and decide, over a warehouse of its own."""
    own = shutil.copytree(nights / "warehouse", tmp_path / "warehouse")
    with served(str(file), warehouse=own) as made:
        made.headers.update(headers(new_key(made.store, roles=["restoration_officer"])))
        made.warehouse = own
        yield made


def ask_for(row, **more):
    named = {"code": row.code, "table": row.table, "key": json.loads(row.key)}
    return {**named, "applicant": row.code, "facts": {"pledge": True}} | more


def done(office, number, *acts, **more):
    for act in acts:
        told = office.post(f"{APPLICATIONS}/{number}/steps", json={"act": act, **OFFICER, **more})
        assert told.status_code == 200, told.json()
    return told.json()


def test_a_citizen_asks_without_a_stored_record(office):
    asked = {"record": RECORD, "applied_on": "2026-08-10"}
    told = office.post("/v1/restoration:assess", json=asked).json()

    assert (told["eligible"], told["earliest_on"]) == (True, "2026-08-10")
    early = office.post("/v1/restoration:assess", json=asked | {"applied_on": "2026-08-09"}).json()
    assert (early["eligible"], early["unmet"]) == (False, ["restoration.samr.minimum_publication"])
    assert early["conditions"][0]["basis"]["verification"]["id"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"applied_on": "2026-05-01"}, 400, "bad_input"),
        ({"applied_on": "2019-05-01", "record": RECORD | {"decided_on": "2019-04-01"}}, 404,
         "rule_not_in_force"),
        ({"record": RECORD | {"kind": "penalti"}}, 422, "wrong_request"),
        ({"record": RECORD | {"penalty_kinds": []}}, 400, "bad_input"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(office, change, status, code):
    asked = {"record": RECORD | {"published_on": None}, "applied_on": "2026-08-10"} | change

    problem(office.post("/v1/restoration:assess", json=asked), status, code)


def test_the_notice_names_the_enterprise_and_what_to_confirm(office):
    asked = {"record": RECORD, "name": "某公司", "code": CODES[0], "agency": "市场监管局"}
    told = office.post("/v1/restoration:notice", json=asked).json()

    assert "某公司" in told["text"]
    assert told["lawyer"]


def test_a_stored_record_is_assessed_with_what_is_proved(office, records):
    row = next(r for r in records if r.state == "now" and r.table == "penalty")
    named = {k: v for k, v in ask_for(row).items() if k not in ("applicant", "facts")}
    told = office.post("/v1/restoration/records:assess", json=named).json()
    proved = office.post("/v1/restoration/records:assess", json=named | {"facts": {"pledge": True}})

    assert (told["eligible"], [r.endswith("pledge") for r in told["unmet"]]) == (False, [True])
    assert proved.json()["eligible"]
    problem(office.post("/v1/restoration/records:assess", json=named | {"key": {"doc_no": "x"}}),
            404, "unknown_record")  # fmt: skip


def test_what_if_tells_score_and_tier_without_the_record(office, records):
    row = next(r for r in records if r.table == "penalty")
    named = {"code": row.code, "table": row.table, "key": json.loads(row.key)}
    told = office.post("/v1/restoration/records:what-if", json=named).json()

    assert told["after"]["composite"] >= told["before"]["composite"]
    problem(office.post("/v1/restoration/records:what-if", json=named | {"code": UNKNOWN}), 404,
            "unknown_enterprise")  # fmt: skip


def test_the_list_is_paged_and_filtered(office, records):
    first = office.get("/v1/restoration/restorable?limit=3").json()
    assert first["total"] == len(records) > 3
    told, after = first["records"], first["next"]
    while after:
        part = office.get(f"/v1/restoration/restorable?limit=3&after={after}").json()
        told, after = told + part["records"], part["next"]

    assert [(r["code"], r["key"]) for r in told] == [(r.code, r.key) for r in records]
    only = office.get("/v1/restoration/restorable?table=penalty&state=now&limit=500").json()
    assert {(r["table"], r["state"]) for r in only["records"]} == {("penalty", "now")}
    wrong = office.get(f"/v1/restoration/restorable?state=now&after={first['next']}")
    assert "begin with the first page" in problem(wrong, 400, "bad_input")["detail"]


def test_the_spreadsheet_holds_the_same_rows(office, records):
    answer = office.get("/v1/restoration/restorable.xlsx?state=now")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active

    codes = [row[2] for row in sheet.iter_rows(min_row=3, values_only=True)]
    assert codes == [r.code for r in records if r.state == "now"]


def test_another_bureau_sees_and_does_nothing(office, records):
    row = next(r for r in records if r.agency and r.table == "penalty")
    mine = office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    key = new_key(office.store, ["restoration_officer"], bureau="别的局")
    other = headers(key)

    assert office.get("/v1/restoration/restorable", headers=other).json()["total"] == 0
    assert office.get(APPLICATIONS, headers=other).json()["applications"] == []
    problem(office.get(f"{APPLICATIONS}/{mine}", headers=other), 404, "unknown_record")
    step = {"act": "accept", **OFFICER}
    problem(office.post(f"{APPLICATIONS}/{mine}/steps", json=step, headers=other), 404,
            "unknown_record")  # fmt: skip
    problem(office.post(APPLICATIONS, json=ask_for(row), headers=other), 404, "unknown_record")


def test_who_may_only_read_files_nothing(office, records):
    reader = headers(new_key(office.store))

    problem(office.post(APPLICATIONS, json=ask_for(records[0]), headers=reader), 403, "not_allowed")


def test_only_the_holder_applies(office, records):
    other = next(code for code in CODES if code != records[0].code)

    problem(office.post(APPLICATIONS, json=ask_for(records[0], applicant=other)), 422,
            "wrong_applicant")  # fmt: skip


def test_a_retry_files_once(office, records):
    asked, key = ask_for(records[0]), {"Idempotency-Key": "a-1"}
    first = office.post(APPLICATIONS, json=asked, headers=key)

    assert office.post(APPLICATIONS, json=asked, headers=key).json() == first.json()
    assert len(office.get(APPLICATIONS).json()["applications"]) == 1
    problem(office.post(APPLICATIONS, json=asked), 409, "wrong_state")
    problem(office.post(APPLICATIONS, json=asked | {"reason": "x"}, headers=key), 422, "key_reused")


def test_the_whole_walk_and_then_the_night_no_longer_sees_it(office, records):
    row = next(r for r in records if r.state == "now" and r.table == "penalty")
    number = office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    filed = office.get(f"{APPLICATIONS}/{number}").json()
    assert (filed["state"], filed["steps"][0]["details"]["assessment"]["eligible"]) == (
        "filed", True)  # fmt: skip
    problem(office.post(f"{APPLICATIONS}/{number}/steps", json={"act": "grant", **OFFICER}), 409,
            "wrong_state")  # fmt: skip
    done(office, number, "accept", "grant")
    listed = office.get("/v1/restoration/restorable?limit=500").json()["records"]
    assert (row.code, row.key) not in [(r["code"], r["key"]) for r in listed]

    before = score_on(office.warehouse, row, TODAY)
    applied = apply_grants(office.warehouse, office.store.applications.grants(), today=TODAY)
    done(office, number, "publish", platforms=["信用中国（上海）", "国家企业信用信息公示系统"])
    after = score_on(office.warehouse, row, TODAY)

    assert applied.written == 1
    assert before["before"]["composite"] <= before["after"]["composite"]
    assert after["before"]["composite"] == before["after"]["composite"]
    found = office.get(f"{APPLICATIONS}/{number}").json()
    assert (found["state"], found["possible"], found["overdue"]) == ("published", [], False)
    assert [s["act"] for s in found["steps"]] == ["file", "accept", "grant", "publish"]
    assert verify(office.store.database).whole


def score_on(warehouse, row, day):
    """The score with and without the record, as the night computes it."""
    model = model_on(Rulebook.load(), load_release(), day)
    chosen = Chosen(row.table, json.loads(row.key))
    return what_if(warehouse, open_store(warehouse), model, row.code, chosen)


def test_overdue_is_told_for_any_day_and_done_in_time_is_not(office, records):
    row = next(r for r in records if r.state == "now" and r.table == "penalty")
    number = office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    [last] = {c["due_on"] for c in office.get(f"{APPLICATIONS}/{number}").json()["clocks"]
              if c["step"] in ("accept", "answer")}  # fmt: skip

    def overdue(day):
        return office.get(f"{APPLICATIONS}/{number}?on={day}").json()["overdue"]

    next_day = date.fromisoformat(last) + timedelta(days=1)
    assert (overdue(last), overdue(next_day)) == (False, True)
    assert office.get(f"{APPLICATIONS}?overdue=true").json()["applications"] == []
    listed = office.get(f"{APPLICATIONS}?overdue=true&on={next_day}").json()["applications"]
    assert [a["application"] for a in listed] == [number]


def test_not_eligible_is_granted_only_in_so_many_words(office, records):
    row = next(r for r in records if r.state == "needs_act" and r.table == "penalty")
    number = office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    done(office, number, "accept")
    refused = office.post(f"{APPLICATIONS}/{number}/steps", json={"act": "grant", **OFFICER})
    assert "says not eligible" in problem(refused, 409, "wrong_state")["detail"]

    assert done(office, number, "grant", despite_unmet=True)["state"] == "granted"


def test_returned_and_filed_again_with_proof(office, records):
    row = next(r for r in records if r.state == "needs_act" and r.table == "penalty")
    number = office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    done(office, number, "return")
    told = office.get(f"{APPLICATIONS}/{number}").json()["steps"][0]["details"]["assessment"]
    proof = {"duties_done_on": TODAY.isoformat(), "harm_remains": False}
    steps = f"{APPLICATIONS}/{number}/steps"
    office.post(steps, json={"act": "refile", "facts": proof})

    last = office.get(f"{APPLICATIONS}/{number}").json()["steps"][-1]["details"]
    gone = set(told["unmet"]) - set(last["assessment"]["unmet"])
    assert any(rule.endswith("duties_done") for rule in gone)
    assert last["rulebook_digest"] == Rulebook.load().digest


def test_the_class_is_set_by_hand_with_a_reason(office, records):
    row = next(r for r in records if r.table == "penalty")
    number = office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    done(office, number, "classify", severity="serious")

    last = office.get(f"{APPLICATIONS}/{number}").json()["steps"][-1]["details"]["assessment"]
    assert last["severity"] == "serious"
    assert "王某" in last["severity_by"]["zh"]


def test_an_objection_that_is_upheld_takes_the_record_out(office, records):
    row = next(r for r in records if r.table == "penalty")
    path = "/v1/restoration/objections"
    number = office.post(path, json=ask_for(row, facts={}, reason="记录与事实不符")).json()
    number = number["application"]
    clocks = {c["step"]: c["due_on"] for c in office.get(f"{path}/{number}").json()["clocks"]}
    # 30 June 2026 is a Tuesday: 1, 2, 3, 6, 7 July are working days
    assert clocks == {"mark": "2026-07-01", "centre_decides": "2026-07-07",
                      "forward": "2026-07-02"}  # fmt: skip
    for act in ("mark", "forward", "uphold"):
        told = office.post(f"{path}/{number}/steps", json={"act": act, **OFFICER})
        assert told.status_code == 200, told.json()
    problem(office.get(f"{APPLICATIONS}/{number}"), 404, "unknown_record")

    apply_grants(office.warehouse, office.store.applications.grants(), today=TODAY)
    with pytest.raises(Exception, match="counts on 2026-06-30: it is not known, or was withdrawn"):
        stored_record(office.warehouse, row.code, Chosen(row.table, json.loads(row.key)), TODAY)


def test_every_read_of_an_enterprise_is_recorded(office, records):
    row = next(r for r in records if r.table == "penalty")
    number = office.post(APPLICATIONS, json=ask_for(row)).json()["application"]
    office.get(f"{APPLICATIONS}/{number}")
    office.get("/v1/restoration/restorable?limit=1")
    with office.store.database.reading() as con:
        rows = con.exec_driver_sql("SELECT action, payload FROM activity").all()

    told = dict(map(tuple, rows))
    assert json.loads(told["restoration.file"])["code"] == row.code
    assert json.loads(told["restoration.read"])["code"] == row.code
    assert json.loads(told["records.restorable"])["codes"]
    bare = {"X-Purpose": ""}
    problem(office.get(f"{APPLICATIONS}/{number}", headers=bare), 400, "purpose_missing")
