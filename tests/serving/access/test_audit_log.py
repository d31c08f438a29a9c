"""The auditor's view: who did what, who looked at whom, and whether the chain is whole."""

import pytest

from tests.serving.district import BUREAUS, CODES, PURPOSE, headers, new_key, problem
from tests.serving.visitors import browser, visitor
from xhcredit.store.access import audit_log
from xhcredit.store.audit import chain_head
from xhcredit.store.core import append_only
from xhcredit.store.core.transactions import Act

SCORE = f"/v1/enterprises/{CODES[0]}/score"
READERS = f"/v1/enterprises/{CODES[0]}/readers"


@pytest.fixture
def auditor(client):
    auditor_client = visitor(client, "auditor", ("auditor", ""))
    for _ in range(3):
        client.get(SCORE)
    client.get(SCORE.replace(CODES[0], CODES[1]))
    return auditor_client


def test_who_looked_at_an_enterprise(client, auditor):
    client.post("/v1/scores:batch", json={"codes": CODES[:2]})
    readers = auditor.get(READERS).json()

    assert readers["next"] is None
    assert [r["action"] for r in readers["readers"]] == ["enterprise.scores_batch"] + [
        "enterprise.score"
    ] * 3
    assert {r["purpose"] for r in readers["readers"]} == {PURPOSE}
    assert chain_head(client.store.database).action == "activity.readers"
    assert auditor.get(READERS).json()["readers"][0]["action"] == "activity.readers"


def test_activity_is_filtered_and_paged(client, auditor):
    key = client.get("/v1/metadata").json()["key"]["name"]
    query = {"actor": key, "action": "enterprise.score", "limit": 3}
    first = auditor.get("/v1/activity", params=query).json()
    second_page = auditor.get("/v1/activity", params=query | {"after": first["next"]}).json()

    codes_read = [e["payload"]["code"] for e in (*first["entries"], *second_page["entries"])]
    assert (len(first["entries"]), second_page["next"]) == (3, None)
    assert codes_read == [CODES[1], *[CODES[0]] * 3]
    other_query = query | {"after": first["next"], "action": "enterprise.history"}
    problem(auditor.get("/v1/activity", params=other_query), 400, "bad_input")
    seqs = [e["seq"] for e in (*first["entries"], *second_page["entries"])]
    assert seqs == sorted(seqs, reverse=True)
    moment = client.clock().isoformat()
    for when, some in (({"since": moment}, True), ({"until": moment}, False)):
        entries = auditor.get("/v1/activity", params=query | when).json()["entries"]
        assert bool(entries) is some
    assert auditor.get("/v1/activity", params={"code": CODES[5]}).json()["entries"] == []
    problem(auditor.get("/v1/activity", params={"code": "x"}), 400, "bad_code")
    problem(auditor.get("/v1/activity", params={"since": "2026-01-01"}), 422, "wrong_request")


def test_looking_at_the_activity_needs_a_reason_and_is_recorded(client, auditor):
    auditor.get("/v1/activity")
    last = chain_head(client.store.database)
    assert (last.actor, last.action, last.purpose) == ("user:auditor", "activity.read", "test")
    del auditor.headers["X-Purpose"]

    for path in ("/v1/activity", READERS):
        problem(auditor.get(path), 400, "purpose_missing")


def test_an_auditor_of_a_bureau_sees_its_own(client, auditor):
    for bureau in BUREAUS[:2]:
        other = browser(client)
        other.headers.update(headers(new_key(client.store, ["viewer"], bureau=bureau)))
        other.get("/v1/watchlist")
    local = visitor(client, "local", ("auditor", BUREAUS[0]))
    entries = local.get("/v1/activity").json()["entries"]

    assert {e["bureau"] for e in entries} == {BUREAUS[0]}
    problem(local.post("/v1/activity:verify"), 403, "not_allowed")


def test_the_chain_is_verified_in_parts_and_a_change_is_found(client, auditor):
    last = auditor.get("/v1/activity/head").json()
    whole = auditor.post("/v1/activity:verify").json()
    part = auditor.post("/v1/activity:verify", params={"first": 4}).json()

    assert whole == {
        "whole": True,
        "entries": last["seq"],
        "first": 1,
        "last": last["seq"],
        "next_first": None,
        "broken_at": None,
        "why": None,
    }
    assert part["entries"] == last["seq"] - 3
    with client.store.database.writing() as con:
        for sql in append_only._drop_statements(append_only._expected_guards(con), on_sqlite=True):
            con.exec_driver_sql(sql)
        con.exec_driver_sql("UPDATE activity SET purpose = 'other' WHERE seq = 5")
    broken = auditor.post("/v1/activity:verify", params={"first": 4}).json()
    assert (broken["whole"], broken["broken_at"], broken["next_first"]) == (False, 5, None)
    assert auditor.post("/v1/activity:verify", params={"first": 7}).json()["whole"]


def test_a_page_looks_at_a_bounded_part(client):
    client.store.record([Act("a", f"b{n}", "c") for n in range(25)])
    purposes, before = [], None
    pages = 0
    while pages == 0 or before is not None:
        rows, before = audit_log.read_page(
            client.store.database, audit_log.AuditLogQuery(actor="a"), 4, before, 10
        )
        purposes += [row["action"] for row in rows]
        pages += 1

    assert purposes == [f"b{n}" for n in reversed(range(25))]
    assert audit_log.verify_range(client.store.database, 3, 10).entries == 10


@pytest.mark.parametrize("spoil", ["%", "_", '"', "\\", "'"])
def test_a_filter_is_no_pattern(client, spoil):
    entries, _ = audit_log.read_page(client.store.database, audit_log.AuditLogQuery(code=spoil), 10)
    also, _ = audit_log.read_page(client.store.database, audit_log.AuditLogQuery(prefix=spoil), 10)

    assert entries == also == []
