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
    visitor_browser = browser(client)
    answer = log_in(visitor_browser, "zhang")

    assert answer.json()["grants"] == [{"role": "viewer", "bureau": ""}]
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("xhcredit=")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    assert answer.headers["cache-control"] == "no-store"
    assert visitor_browser.get("/v1/session").json()["csrf"] == answer.json()["csrf"]


def test_over_https_the_cookie_is_of_this_host_only(client):
    person(client, "zhang", ("viewer", ""))
    visitor_browser = browser(client, "https://testserver")
    cookie = log_in(visitor_browser, "zhang").headers["set-cookie"]

    assert cookie.startswith("__Host-xhcredit=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert visitor_browser.get("/v1/session").status_code == 200
    plain = browser(client, "https://testserver")
    plain.cookies.set("xhcredit", visitor_browser.cookies["__Host-xhcredit"])
    problem(plain.get("/v1/session"), 401, "no_key")


def test_a_person_reads_an_enterprise_and_says_why(client):
    person_client = visitor(client, "zhang", ("viewer", ""))
    person_client.headers["X-Purpose"] = quote(PURPOSE)

    assert person_client.get(SCORE).status_code == 200
    assert (entry(client).actor, entry(client).purpose) == ("user:zhang", PURPOSE)
    del person_client.headers["X-Purpose"]
    problem(person_client.get(SCORE), 400, "purpose_missing")
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
    account_body = {"login": "new.one", "name": "x"}
    for method, path in (("POST", "/v1/accounts"), ("DELETE", "/v1/session")):
        body = account_body if method == "POST" else None
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
    same_origin = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}

    assert admin.post(
        "/v1/accounts", json={"login": "li", "name": "李"}, headers=same_origin
    ).is_success
    assert admin.delete("/v1/session", headers=same_origin).is_success


def test_a_login_from_another_site_is_refused(client):
    person(client, "zhang", ("viewer", ""))
    visitor_browser = browser(client)
    visitor_browser.headers["Origin"] = "http://evil.example"

    problem(log_in(visitor_browser, "zhang"), 403, "foreign_page")


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
    person_client = visitor(client, "zhang", ("viewer", ""))
    assert person_client.get(SCORE).status_code == 200
    client.store.access.grant(ACT, "zhang", "viewer", "", take=True)

    problem(person_client.get(SCORE), 401, "no_key")
    again(client, person_client, "zhang")
    problem(person_client.get(SCORE), 403, "not_allowed")


def test_a_key_beside_a_cookie_counts_alone(client, admin):
    admin.headers.update(headers(new_key(client.store, ["viewer"], bureau="")))

    assert admin.get(SCORE).status_code == 200
    problem(admin.get("/v1/accounts"), 403, "not_allowed")
    problem(admin.get(SCORE, headers={"Authorization": "Bearer wrong"}), 401, "no_key")


@pytest.mark.parametrize("cookie", ["", "x", "é", "x" * 5000, "a b"])
def test_a_wrong_cookie_opens_nothing(client, cookie):
    visitor_browser = browser(client)
    sent = {"Cookie": f"xhcredit={cookie}".encode()}

    problem(visitor_browser.get(SCORE, headers=sent), 401, "no_key")
    problem(visitor_browser.get("/v1/session", headers=sent), 401, "no_key")
    problem(visitor_browser.delete("/v1/session", headers=sent), 401, "no_key")
