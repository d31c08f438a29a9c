"""Who is let in: keys, roles, purposes; and what is told to who is not."""

import pytest
from starlette.datastructures import Headers
from xhcredit_serving.auth.authentication import purpose_of
from xhcredit_serving.http.problems import Refusal

from tests.serving.district import ACT, CODES, headers, new_key, problem
from xhcredit.store.core.tables import activity

SCORE = f"/v1/enterprises/{CODES[0]}/score"
#: some operations that need a key; that all do is shown in test_bureaus.py
OPERATIONS = [
    ("GET", SCORE),
    ("GET", f"/v1/enterprises/{CODES[0]}/history"),
    ("GET", f"/v1/enterprises/{CODES[0]}/explanation"),
    ("POST", "/v1/scores:batch"),
    ("GET", "/v1/watchlist"),
    ("GET", "/v1/runs"),
    ("GET", "/v1/runs/1"),
    ("GET", "/v1/releases"),
    ("GET", f"/v1/releases/{'0' * 64}"),
    ("GET", "/v1/rules"),
    ("GET", "/v1/rules/scores.scale"),
    ("GET", "/v1/metadata"),
]
ENTERPRISES = OPERATIONS[:5]


def ask(client, method, path, **options):
    body = {"codes": CODES[:1]} if method == "POST" else None
    return client.request(method, path, json=body, **options)


def entries(client):
    with client.store.database.reading() as con:
        return con.execute(activity.select()).mappings().all()


@pytest.mark.parametrize(
    "sent", ["", "Basic eDp5", "Bearer ", "Bearer xhc_00000000_wrong", "Bearer é", "Bearer xhc_"]
)
def test_without_a_good_key_nothing_is_told(client, sent):
    del client.headers["Authorization"]
    for method, path in OPERATIONS:
        answer = ask(client, method, path, headers={"Authorization": sent.encode()})
        problem(answer, 401, "no_key")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_an_expired_key_opens_nothing(client):
    client.headers.update(headers(new_key(client.store, days=1)))

    assert client.get(SCORE).status_code == 200
    client.clock.forward(days=1)
    problem(client.get(SCORE), 401, "no_key")


def test_a_key_that_expires_within_the_second_opens_nothing(client):
    client.clock.forward(days=30, seconds=-0.5)
    assert client.get(SCORE).status_code == 200
    client.clock.forward(seconds=0.5)

    problem(client.get(SCORE), 401, "no_key")


def test_a_revoked_key_opens_nothing_a_second_later(client):
    assert client.get(SCORE).status_code == 200
    prefix = client.headers["Authorization"].split("_")[1]
    client.store.access.revoke_key(ACT, prefix)
    client.clock.forward(seconds=1)

    problem(client.get(SCORE), 401, "no_key")


@pytest.mark.parametrize("role", ["system_admin", "security_admin", "auditor", "no such role"])
def test_administrators_and_auditors_see_no_enterprise(client, role):
    client.headers.update(headers(new_key(client.store, [role])))

    for method, path in ENTERPRISES:
        body = problem(ask(client, method, path), 403, "not_allowed")
        assert "enterprises:read" in body["detail"]


def test_an_auditor_sees_runs_and_rules(client):
    client.headers.update(headers(new_key(client.store, ["auditor"]), purpose=None))

    assert client.get("/v1/runs").json()["current"] == 1
    assert client.get("/v1/rules").status_code == 200


@pytest.mark.parametrize("purpose", [b"", b"  ", b"%20", b"%FF", b"a%00b", b"a%0Ab", b"x" * 201])
def test_no_enterprise_is_shown_without_a_purpose(steady, purpose):
    before = len(entries(steady))
    for method, path in ENTERPRISES:
        if "explanation" not in path:
            answer = ask(steady, method, path, headers={"X-Purpose": purpose})
            problem(answer, 400, "purpose_missing")

    assert len(entries(steady)) == before


def test_a_purpose_that_is_no_utf_8_is_refused():
    raw = Headers(raw=[(b"x-purpose", b"\xff\xfe")])

    with pytest.raises(Refusal, match="no UTF-8"):
        purpose_of(raw)


def test_what_cannot_be_recorded_is_not_shown(client):
    client.store.database.engine.dispose()
    with client.store.database.writing() as con:
        con.exec_driver_sql("ALTER TABLE activity RENAME TO elsewhere")
    answer = client.get(SCORE)

    problem(answer, 503, "store_unavailable")
    assert CODES[0] not in answer.text


def test_the_key_stands_in_no_log_and_no_metric(client):
    key = client.headers["Authorization"].removeprefix("Bearer ")
    client.get(SCORE)
    client.get("/nowhere", headers={"Authorization": f"Bearer {key}x"})
    secret = key.split("_", 2)[2]

    assert secret not in client.log.getvalue() + client.get("/metrics").text
    assert CODES[0] not in client.log.getvalue()
