"""Restoration over HTTP: questions, the notice, and the proactive list."""

from __future__ import annotations

import io
import json

import openpyxl
import pytest
from xhcredit_serving.restoration.schemas import EXAMPLE_RECORD

from tests.serving.district import CODES, UNKNOWN, problem


def test_a_citizen_asks_without_a_stored_record(office):
    assess_body = {"record": EXAMPLE_RECORD, "applied_on": "2026-08-10"}
    answer = office.post("/v1/restoration:assess", json=assess_body).json()

    assert (answer["eligible"], answer["earliest_on"]) == (True, "2026-08-10")
    early = office.post(
        "/v1/restoration:assess", json=assess_body | {"applied_on": "2026-08-09"}
    ).json()
    assert (early["eligible"], early["unmet"]) == (False, ["restoration.samr.minimum_publication"])
    assert early["conditions"][0]["basis"]["verification"]["id"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"applied_on": "2026-05-01"}, 400, "bad_input"),
        (
            {"applied_on": "2019-05-01", "record": EXAMPLE_RECORD | {"decided_on": "2019-04-01"}},
            404,
            "rule_not_in_force",
        ),
        ({"record": EXAMPLE_RECORD | {"kind": "penalti"}}, 422, "wrong_request"),
        ({"record": EXAMPLE_RECORD | {"penalty_kinds": []}}, 400, "bad_input"),
    ],
)
def test_what_makes_no_sense_is_refused(office, change, status, code):
    assess_body = {
        "record": EXAMPLE_RECORD | {"published_on": None},
        "applied_on": "2026-08-10",
    } | change

    problem(office.post("/v1/restoration:assess", json=assess_body), status, code)


def test_the_notice_names_the_enterprise_and_what_to_confirm(office):
    notice_body = {
        "record": EXAMPLE_RECORD,
        "name": "某公司",
        "code": CODES[0],
        "agency": "市场监管局",
    }
    letter = office.post("/v1/restoration:notice", json=notice_body).json()

    assert "某公司" in letter["text"]
    assert letter["lawyer"]


def test_a_stored_record_is_assessed_with_what_is_proved(office, records):
    row = next(r for r in records if r.state == "now" and r.table == "penalty")
    named = {"code": row.code, "table": row.table, "key": json.loads(row.key)}
    answer = office.post("/v1/restoration/records:assess", json=named).json()
    proved = office.post("/v1/restoration/records:assess", json=named | {"facts": {"pledge": True}})

    assert (answer["eligible"], [r.endswith("pledge") for r in answer["unmet"]]) == (False, [True])
    assert proved.json()["eligible"]
    problem(
        office.post("/v1/restoration/records:assess", json=named | {"key": {"doc_no": "x"}}),
        404,
        "unknown_record",
    )


def test_what_if_tells_score_and_tier_without_the_record(office, records):
    row = next(r for r in records if r.table == "penalty")
    named = {"code": row.code, "table": row.table, "key": json.loads(row.key)}
    what_if = office.post("/v1/restoration/records:what-if", json=named).json()

    assert what_if["after"]["composite"] >= what_if["before"]["composite"]
    problem(
        office.post("/v1/restoration/records:what-if", json=named | {"code": UNKNOWN}),
        404,
        "unknown_enterprise",
    )


def test_the_list_is_paged_and_filtered(office, records):
    first = office.get("/v1/restoration/restorable-records?limit=3").json()
    assert first["total"] == len(records) > 3
    first_records, after = first["records"], first["next"]
    while after:
        part = office.get(f"/v1/restoration/restorable-records?limit=3&after={after}").json()
        first_records, after = first_records + part["records"], part["next"]

    assert [(r["code"], r["key"]) for r in first_records] == [
        (r.code, json.loads(r.key)) for r in records
    ]
    only = office.get("/v1/restoration/restorable-records?table=penalty&state=now&limit=500").json()
    assert {(r["table"], r["state"]) for r in only["records"]} == {("penalty", "now")}
    wrong = office.get(f"/v1/restoration/restorable-records?state=now&after={first['next']}")
    assert "begin with the first page" in problem(wrong, 400, "bad_input")["detail"]


def test_the_spreadsheet_holds_the_same_rows(office, records):
    answer = office.get("/v1/restoration/restorable-records.xlsx?state=now")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active

    codes = [row[2] for row in sheet.iter_rows(min_row=3, values_only=True)]
    assert codes == [r.code for r in records if r.state == "now"]
