"""Accounts: how people get in, how they stay out, and who decides what they may do."""

import asyncio
import re

import pyotp
import pytest
from xhcredit_serving.auth.passwords import Passwords, first_password, is_common, refuse_weak
from xhcredit_serving.http.problems import Refusal

from tests.serving.district import ACT, CLOCK_TIME, headers, new_key, problem
from tests.serving.visitors import PASSWORD, browser, hashed, log_in, person, visitor
from tests.store.access.test_accounts_and_keys import dump
from xhcredit.errors import BadInput
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.access import PasswordRules
from xhcredit.store.audit import chain_head, verify

NEW = "Sieben-Birken-3"
RULES = Rulebook.load().value("access.passwords", PasswordRules, as_of=CLOCK_TIME.date())
ADMIN = ("security_admin", "")


@pytest.fixture
def admin(client):
    return visitor(client, "sec", ADMIN)


@pytest.fixture
def zhang(client):
    """A browser of somebody who is not logged in yet."""
    person(client, "zhang", ("viewer", ""))
    return browser(client)


def same(answer):
    """A refusal without what names the request."""
    return {k: v for k, v in problem(answer, 401, "login_refused").items() if k != "instance"}


def change(client, old, new):
    token = {"X-CSRF-Token": client.get("/v1/session").json()["csrf"]}
    return client.put("/v1/account/password", json={"old": old, "new": new}, headers=token)


def test_the_first_password_is_good_for_choosing_another_and_for_nothing_else(client, admin):
    created = admin.post("/v1/accounts", json={"login": "zhang", "name": "张三"})
    account = created.json()
    assert (created.status_code, created.headers["location"]) == (201, "/v1/accounts/zhang")
    admin.post("/v1/accounts/zhang/grants", json={"role": "viewer", "bureau": ""})
    zhang = browser(client)
    assert log_in(zhang, "zhang", account["password"]).json()["must_change"]
    problem(zhang.get("/v1/runs"), 403, "password_due")
    problem(zhang.get("/v1/account/totp:enrol"), 405, "method_not_allowed")
    assert change(zhang, account["password"], NEW).json() == {"changed": True}

    problem(zhang.get("/v1/session"), 401, "no_key")
    problem(log_in(zhang, "zhang", account["password"]), 401, "login_refused")
    assert not log_in(zhang, "zhang", NEW).json()["must_change"]
    assert zhang.get("/v1/runs").status_code == 200
    stored_text = dump(client.store) + client.log.getvalue()
    assert account["password"] not in stored_text
    assert NEW not in stored_text
    assert verify(client.store.database).whole


def test_a_first_password_opens_nothing_after_three_days(client, zhang):
    client.store.access.reset_user(ACT, "zhang", hashed(PASSWORD))
    client.clock.forward(hours=72)

    problem(log_in(zhang, "zhang"), 401, "login_refused")


def test_an_old_password_must_be_replaced(client, zhang):
    client.clock.forward(days=90)

    assert log_in(zhang, "zhang").json()["must_change"]
    problem(zhang.get("/v1/runs"), 403, "password_due")


def test_whatever_is_wrong_the_answer_is_the_same(client, zhang):
    person(client, "shut", disabled_at="2026-01-01")
    wrong = same(log_in(zhang, "zhang", "Wrong-Wrong-1"))
    for login, password in (("nobody", PASSWORD), ("shut", PASSWORD), ("' OR 1=1 --", "x")):
        assert same(log_in(zhang, login, password)) == wrong
    for _ in range(4):
        assert same(log_in(zhang, "zhang", "Wrong-Wrong-1")) == wrong

    assert client.store.access.get_user("zhang")["locked_until"]
    assert same(log_in(zhang, "zhang")) == wrong
    assert chain_head(client.store.database).action == "session.refused"
    assert "OR 1=1" not in dump(client.store)
    client.clock.forward(minutes=15)
    assert log_in(zhang, " ZHANG ").json()["login"] == "zhang"


def test_an_address_from_which_many_failed_waits(client, zhang):
    sessions = client.store.sessions
    for _ in range(100):
        sessions.record_failure("testclient", CLOCK_TIME, CLOCK_TIME)
    answer = log_in(zhang, "zhang")

    problem(answer, 429, "too_many_logins")
    assert answer.headers["retry-after"] == "900"
    client.clock.forward(minutes=15, seconds=1)
    assert log_in(zhang, "zhang").status_code == 201


def test_few_passwords_are_looked_at_at_once():
    async def all_at_once():
        passwords = Passwords(waiting=3)
        tries = [passwords.matches("x", None) for _ in range(8)]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        later = await passwords.matches(PASSWORD, hashed(PASSWORD))
        passwords.close()
        return outcomes, later

    outcomes, later = asyncio.run(all_at_once())

    refused = [error for error in outcomes if isinstance(error, Refusal)]
    assert (len(refused), outcomes.count(False)) == (5, 3)
    assert {error.code for error in refused} == {"overloaded"}
    assert later


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("Kurz-1", "fewer than 10 characters"),
        ("nur-kleine-buchstaben", "fewer than 3 of"),
        ("Zhang.San-2026!", "contains the login"),
        ("Password2026!", "everybody tries first"),
        ("P@ssw0rd2026!", "everybody tries first"),
        ("Qwertyuiop1!", "everybody tries first"),
        ("aA1!aA1!aA1!", "everybody tries first"),
        ("1qaz@WSX3edc", "everybody tries first"),
        ("Woaini1314!!", "everybody tries first"),
    ],
)
def test_weak_passwords_are_refused(password, why):
    with pytest.raises(BadInput, match=why) as refused:
        refuse_weak(password, "zhang.san", RULES)

    assert password not in str(refused.value)


def test_first_passwords_are_long_and_never_the_same():
    passwords = {first_password() for _ in range(100)}

    assert len(passwords) == 100
    assert all(re.fullmatch("([a-z2-9]{5}-){3}[a-z2-9]{5}", password) for password in passwords)
    assert not any(is_common(password) for password in passwords)


def test_a_new_password_asks_for_the_old_one(client, zhang):
    log_in(zhang, "zhang")

    problem(change(zhang, "Wrong-Wrong-1", NEW), 401, "login_refused")
    problem(change(zhang, PASSWORD, "weak"), 400, "bad_input")
    problem(change(zhang, PASSWORD, PASSWORD), 400, "bad_input")
    assert zhang.get("/v1/session").status_code == 200


def codes(client, secret):
    """The one-time code of a secret now."""
    return pyotp.TOTP(secret).at(client.clock())


def test_one_time_codes_are_set_up_asked_for_and_taken_once(client, zhang):
    token = {"X-CSRF-Token": log_in(zhang, "zhang").json()["csrf"]}
    totp = zhang.post("/v1/account/totp:enrol", headers=token).json()
    assert totp["uri"].startswith("otpauth://totp/xhcredit:zhang?")
    wrong = zhang.post("/v1/account/totp:confirm", json={"code": "000000"}, headers=token)
    problem(wrong, 401, "login_refused")
    first = codes(client, totp["secret"])
    assert zhang.post("/v1/account/totp:confirm", json={"code": first}, headers=token).is_success

    problem(log_in(zhang, "zhang"), 401, "code_needed")
    problem(log_in(zhang, "zhang", code=first), 401, "login_refused")
    client.clock.forward(seconds=30)
    second = codes(client, totp["secret"])
    assert log_in(zhang, "zhang", code=second).json()["how"] == "totp"
    problem(log_in(zhang, "zhang", code=second), 401, "login_refused")
    problem(log_in(zhang, "zhang", code="000000"), 401, "login_refused")


def test_one_time_codes_are_taken_away_by_a_code_or_by_the_administrator(client, zhang, admin):
    secret = pyotp.random_base32()
    client.store.access.change_user(ACT, "zhang", **{"totp_secret": secret})
    token = {"X-CSRF-Token": log_in(zhang, "zhang", code=codes(client, secret)).json()["csrf"]}
    begun = zhang.post("/v1/account/totp:enrol", headers=token)
    problem(begun, 409, "wrong_state")
    problem(
        zhang.post("/v1/account/totp:confirm", json={"code": "000000"}, headers=token),
        409,
        "wrong_state",
    )
    client.clock.forward(seconds=30)
    off = zhang.post("/v1/account/totp:remove", json={"code": codes(client, secret)}, headers=token)
    assert off.json() == {"has_totp": False}
    client.store.access.change_user(ACT, "zhang", **{"totp_secret": secret})
    first = admin.post("/v1/accounts/zhang:reset-password").json()["password"]

    assert log_in(zhang, "zhang", first).json()["must_change"]


def test_guessing_codes_locks_the_account(client, zhang):
    secret = pyotp.random_base32()
    client.store.access.change_user(ACT, "zhang", **{"totp_secret": secret})
    right = codes(client, secret)
    wrong = f"{(int(right) + 500_000) % 1_000_000:06}"
    for _ in range(5):
        problem(log_in(zhang, "zhang", code=wrong), 401, "login_refused")

    problem(log_in(zhang, "zhang", code=right), 401, "login_refused")


def test_the_administrator_grants_takes_shuts_and_opens(client, admin, zhang):
    where = "/v1/accounts/zhang"
    inspector = {"role": "inspector", "bureau": "应急局"}
    granted = admin.post(f"{where}/grants", json=inspector)
    assert (granted.status_code, granted.headers["location"]) == (201, where)
    listed = {a["login"]: a for a in admin.get("/v1/accounts").json()["accounts"]}
    assert inspector | {"bureau": "示例区应急管理局"} in listed["zhang"]["grants"]
    assert listed["zhang"] == granted.json() == admin.get(where).json()
    assert admin.delete(f"{where}/grants", params=inspector).is_success
    problem(admin.delete(f"{where}/grants", params=inspector), 404, "unknown_record")
    assert admin.put(f"{where}/disabled", json={"disabled": True}).is_success
    problem(log_in(zhang, "zhang"), 401, "login_refused")
    assert admin.put(f"{where}/disabled", json={"disabled": False}).is_success
    assert log_in(zhang, "zhang").is_success
    problem(
        admin.put("/v1/accounts/nobody/disabled", json={"disabled": True}), 404, "unknown_record"
    )


def test_a_bureau_that_the_district_does_not_have_is_refused_with_the_nearest(client, admin, zhang):
    grant = {"role": "viewer", "bureau": "市场监管居"}
    key = {"name": "平台", "bureau": "市场监管居", "roles": ["viewer"]}
    hook = {"name": "平台", "url": "https://platform.example.cn/hooks", "bureau": "市场监管居"}

    for path, body in (
        ("/v1/accounts/zhang/grants", grant),
        ("/v1/keys", key),
        ("/v1/subscriptions", hook),
    ):
        refused = problem(admin.post(path, json=body), 400, "bad_input")
        assert 'no bureau "市场监管居"' in refused["detail"]
        assert 'did you mean "市场监管局"?' in refused["detail"]
    assert client.store.access.get_user("zhang")["grants"] == [("viewer", "")]
    assert client.store.access.list_keys()[1:] == []


def test_an_alias_gives_the_right_of_the_official_name(client, admin, zhang):
    for alias in ("市场监管局", "区市场监管局", "示例区市场监督管理局"):
        made = admin.post("/v1/keys", json={"name": "x", "bureau": alias, "roles": ["viewer"]})
        (key,) = (
            k for k in client.store.access.list_keys() if k["prefix"] == made.json()["prefix"]
        )
        assert key["bureau"] == "示例区市场监督管理局"


def test_nobody_serves_themselves_and_the_administrators_stay_apart(client, admin, zhang):
    own_path = "/v1/accounts/sec"
    for answer in (
        admin.post(f"{own_path}/grants", json={"role": "viewer", "bureau": ""}),
        admin.post(f"{own_path}:reset-password"),
        admin.put(f"{own_path}/disabled", json={"disabled": False}),
        admin.put(f"{own_path}/identity", json={"subject": "x"}),
        admin.post("/v1/accounts/zhang/grants", json={"role": "auditor", "bureau": ""}),
        admin.post("/v1/keys", json={"name": "x", "bureau": "", "roles": ["auditor", "viewer"]}),
    ):
        problem(answer, 409, "two_persons")


def test_an_administrator_of_a_bureau_looks_after_its_own(client):
    person(client, "own", ("viewer", "应急局"))
    person(client, "both", ("viewer", "应急局"), ("viewer", "民政局"))
    person(client, "district", ("viewer", ""))
    person(client, "nothing")
    key = new_key(client.store, bureau="民政局").split("_")[1]
    local = visitor(client, "sec", ("security_admin", "应急局"))

    logins = [a["login"] for a in local.get("/v1/accounts").json()["accounts"]]
    assert logins == ["own", "sec"]
    assert local.get("/v1/keys").json() == {"keys": [], "next": None}
    for login in ("both", "district", "nothing", "absent"):
        answer = local.post(f"/v1/accounts/{login}:reset-password")
        assert "nobody has the login" in problem(answer, 404, "unknown_record")["detail"]
    problem(local.delete(f"/v1/keys/{key}"), 404, "unknown_record")
    problem(local.post("/v1/accounts", json={"login": "x1", "name": "x"}), 403, "not_allowed")
    for bureau in ("民政局", "", "*"):
        grant = {"role": "viewer", "bureau": bureau}
        problem(local.post("/v1/accounts/own/grants", json=grant), 403, "not_allowed")
        key_body = {"name": "x", "bureau": bureau, "roles": ["viewer"]}
        problem(local.post("/v1/keys", json=key_body), 403, "not_allowed")


def test_a_key_manages_no_accounts(client):
    key_holder = browser(client)
    key_holder.headers.update(headers(new_key(client.store, ["security_admin"], bureau="")))

    for method, path in (("GET", "/v1/accounts"), ("GET", "/v1/keys")):
        assert "log in" in problem(key_holder.request(method, path), 403, "not_allowed")["detail"]
    problem(key_holder.get("/v1/session"), 401, "no_key")


def test_keys_are_made_shown_once_and_revoked(client, admin):
    key_body = {"name": "平台", "bureau": "应急局", "roles": ["viewer"], "days": 1}
    created = admin.post("/v1/keys", json=key_body)
    new_key_answer = created.json()
    key_path = f"/v1/keys/{new_key_answer['prefix']}"
    assert (created.status_code, created.headers["location"]) == (201, key_path)
    other = browser(client)
    other.headers.update(headers(new_key_answer["key"]))

    assert other.get("/v1/runs").status_code == 200
    assert new_key_answer["key"] not in admin.get("/v1/keys").text
    assert admin.get(key_path).json()["revoked_at"] is None
    assert admin.delete(key_path).json()["revoked_at"]
    client.clock.forward(seconds=1)
    problem(other.get("/v1/runs"), 401, "no_key")
    problem(
        admin.post("/v1/keys", json={**key_body, "roles": ["security_admin"]}), 403, "not_allowed"
    )


def test_the_same_grant_sent_twice_is_done_once(client, admin, zhang):
    key = {"Idempotency-Key": "one"}
    grant = {"role": "inspector", "bureau": "应急局"}
    admin.post("/v1/accounts/zhang/grants", json=grant, headers=key)
    before = chain_head(client.store.database).seq

    assert admin.post("/v1/accounts/zhang/grants", json=grant, headers=key).is_success
    assert chain_head(client.store.database).seq == before
    other = admin.post("/v1/accounts/zhang/grants", json=grant | {"bureau": ""}, headers=key)
    problem(other, 422, "key_reused")
    bad = admin.post("/v1/accounts/zhang/grants", json=grant, headers={"Idempotency-Key": "a b"})
    problem(bad, 400, "bad_input")


def test_what_an_administrator_does_is_recorded_with_its_reason(client, admin, zhang):
    admin.headers["X-Purpose"] = "transfer"
    admin.put("/v1/accounts/zhang/disabled", json={"disabled": True})
    last = chain_head(client.store.database)

    assert (last.actor, last.action, last.purpose) == ("user:sec", "account.shut", "transfer")
    del admin.headers["X-Purpose"]
    problem(admin.post("/v1/accounts/zhang:reset-password"), 400, "purpose_missing")


def test_accounts_and_keys_come_in_pages(client, admin):
    for login in ("a1", "b2", "c3"):
        person(client, login)
        new_key(client.store)
    for path, plural, name in (
        ("/v1/accounts", "accounts", "login"),
        ("/v1/keys", "keys", "prefix"),
    ):
        whole = admin.get(path).json()
        first_page = admin.get(path, params={"limit": 2}).json()
        after = {"limit": 2, "after": first_page["next"]}
        second_page = admin.get(path, params=after).json()

        names = [row[name] for row in first_page[plural] + second_page[plural]]
        assert names == [row[name] for row in whole[plural]][:4]
        assert (len(first_page[plural]), whole["next"]) == (2, None)
        problem(admin.get(path, params={"after": "none"}), 400, "bad_input")
