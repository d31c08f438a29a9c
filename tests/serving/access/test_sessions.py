"""Sessions over HTTP: the cookie, the token against forgery, the time-outs, the end."""

from urllib.parse import quote

import pytest

from tests.serving.district import ACT, CODES, PURPOSE, headers, logged, new_key, problem
from tests.serving.visitors import again, browser, log_in, person, visitor
from xhcredit.store.audit import chain_head

SCORE = f"/v1/enterprises/{CODES[0]}/score"
ADMIN = ("security_admin", "")


@pytest.fixture
def admin(client):
    return visitor(client, "sec", ADMIN)


def entry(client):
    return chain_head(client.store.database)


def test_a_session_is_kept_in_a_cookie_that_no_script_and_no_other_site_sees(client):
    person(client, "zhang", ("viewer", ""))
    made = browser(client)
    answer = log_in(made, "zhang")

    assert answer.json()["grants"] == [{"role": "viewer", "bureau": ""}]
    kept = answer.headers["set-cookie"].lower()
    assert kept.startswith("xhcredit=")
    assert "httponly" in kept
    assert "samesite=strict" in kept
    assert "secure" not in kept
    assert answer.headers["cache-control"] == "no-store"
    assert made.get("/v1/session").json()["csrf"] == answer.json()["csrf"]


def test_over_https_the_cookie_is_of_this_host_only(client):
    person(client, "zhang", ("viewer", ""))
    made = browser(client, "https://testserver")
    kept = log_in(made, "zhang").headers["set-cookie"]

    assert kept.startswith("__Host-xhcredit=")
    assert "Secure" in kept
    assert "Path=/" in kept
    assert "Domain" not in kept
    assert made.get("/v1/session").status_code == 200
    plain = browser(client, "https://testserver")
    plain.cookies.set("xhcredit", made.cookies["__Host-xhcredit"])
    problem(plain.get("/v1/session"), 401, "no_key")


def test_a_person_reads_an_enterprise_and_says_why(client):
    made = visitor(client, "zhang", ("viewer", ""))
    made.headers["X-Purpose"] = quote(PURPOSE)

    assert made.get(SCORE).status_code == 200
    assert (entry(client).actor, entry(client).purpose) == ("user:zhang", PURPOSE)
    del made.headers["X-Purpose"]
    problem(made.get(SCORE), 400, "purpose_missing")
    assert logged(client)[-1]["actor"] == "user:zhang"


@pytest.mark.parametrize(
    "forged",
    [
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "wrong"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://testserver.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_change_in_a_visitors_name_is_refused(client, admin, forged):
    before = entry(client).seq
    asked = {"login": "new.one", "name": "x"}
    for method, path in (("POST", "/v1/accounts"), ("DELETE", "/v1/session")):
        body = asked if method == "POST" else None
        problem(admin.request(method, path, json=body, headers=forged), 403, "foreign_page")
    problem(
        admin.put("/v1/accounts/sec/disabled", json={"disabled": True}, headers=forged),
        403,
        "foreign_page",
    )

    assert entry(client).seq == before


def test_without_any_token_a_change_is_refused(client, admin):
    del admin.headers["X-CSRF-Token"]

    problem(admin.delete("/v1/session"), 403, "foreign_page")
    problem(admin.delete("/v1/session", params={"csrf": "x"}), 403, "foreign_page")


def test_our_own_pages_may(client, admin):
    own = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}

    assert admin.post("/v1/accounts", json={"login": "li", "name": "李"}, headers=own).is_success
    assert admin.delete("/v1/session", headers=own).is_success


def test_a_login_from_another_site_is_refused(client):
    person(client, "zhang", ("viewer", ""))
    made = browser(client)
    made.headers["Origin"] = "http://evil.example"

    problem(log_in(made, "zhang"), 403, "foreign_page")


def test_who_does_nothing_is_logged_out(client, admin):
    client.clock.forward(minutes=14)
    assert admin.get("/v1/accounts").status_code == 200
    client.clock.forward(minutes=14)
    assert admin.get("/v1/accounts").status_code == 200
    client.clock.forward(minutes=15)

    problem(admin.get("/v1/accounts"), 401, "no_key")


def test_after_ten_hours_everybody_is_logged_out(client, admin):
    for _ in range(59):
        client.clock.forward(minutes=10)
        assert admin.get("/v1/session").status_code == 200
    client.clock.forward(minutes=10)

    problem(admin.get("/v1/session"), 401, "no_key")


def test_log_out_ends_the_session(client, admin):
    cookie = admin.cookies["xhcredit"]
    assert admin.delete("/v1/session").json() == {"logged_out": True}
    assert entry(client).action == "session.close"
    admin.cookies.set("xhcredit", cookie)

    problem(admin.get("/v1/session"), 401, "no_key")


def test_a_second_login_ends_the_first(client):
    person(client, "zhang", ("viewer", ""))
    first, second = browser(client), browser(client)
    log_in(first, "zhang")
    log_in(second, "zhang")

    problem(first.get("/v1/session"), 401, "no_key")
    assert second.get("/v1/session").status_code == 200


def test_a_changed_grant_holds_at_once(client):
    made = visitor(client, "zhang", ("viewer", ""))
    assert made.get(SCORE).status_code == 200
    client.store.access.grant(ACT, "zhang", "viewer", "", take=True)

    problem(made.get(SCORE), 401, "no_key")
    again(client, made, "zhang")
    problem(made.get(SCORE), 403, "not_allowed")


def test_a_key_beside_a_cookie_counts_alone(client, admin):
    admin.headers.update(headers(new_key(client.store, ["viewer"], bureau="")))

    assert admin.get(SCORE).status_code == 200
    problem(admin.get("/v1/accounts"), 403, "not_allowed")
    problem(admin.get(SCORE, headers={"Authorization": "Bearer wrong"}), 401, "no_key")


@pytest.mark.parametrize("cookie", ["", "x", "é", "x" * 5000, "a b"])
def test_a_wrong_cookie_opens_nothing(client, cookie):
    made = browser(client)
    sent = {"Cookie": f"xhcredit={cookie}".encode()}

    problem(made.get(SCORE, headers=sent), 401, "no_key")
    problem(made.get("/v1/session", headers=sent), 401, "no_key")
    problem(made.delete("/v1/session", headers=sent), 401, "no_key")
