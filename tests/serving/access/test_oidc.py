"""Logging in through a real identity provider beside the tests, and through a false one."""

import os
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from xhcredit_serving.auth.oidc import Provider

from tests.serving.district import ACT, headers, new_key, problem, served
from tests.serving.visitors import browser, person
from tests.store.access.test_accounts_and_keys import dump
from tests.walks import ROOT
from xhcredit.store.audit import chain_head, verify

CLIENT, SECRET = "xhcredit", "shared-between-two"


@contextmanager
def running():
    """The address of a provider that runs."""
    command = [sys.executable, "-m", "tests.serving.identity_provider"]
    told = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=told
    ) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.fixture(scope="module")
def issuer():
    pytest.importorskip("flask", reason="the provider of the tests is built on Flask")
    with running() as address:
        yield address


@pytest.fixture
def client(file, issuer):
    """The service with a provider, and somebody bound to subject 7 there."""
    httpx2.post(f"{issuer}/next", json={"subject": "7", "spoil": ""}, trust_env=False)
    with served(str(file), oidc=Provider(issuer, CLIENT, SECRET)) as made:
        del made.headers["Authorization"]
        person(made, "zhang", ("viewer", ""), external=f"{issuer}|7")
        yield made


def leave(made):
    """Begin a login; return where the browser is sent."""
    answer = made.get("/v1/oidc/login", follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def back_from(location):
    """Where the provider sends the browser back to, after the person logged in there."""
    answer = httpx2.get(location, follow_redirects=False, trust_env=False)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def test_the_provider_says_who_it_is_and_we_say_what_they_may(client, issuer):
    made = browser(client)
    location = leave(made)
    asked = parse_qs(urlsplit(location).query)
    assert (asked["code_challenge_method"], asked["scope"]) == (["S256"], ["openid"])
    assert asked["nonce"]
    answer = made.get(back_from(location))

    assert answer.status_code == 200
    kept = answer.headers.get_list("set-cookie")[0].lower()
    assert "samesite=strict" in kept
    assert "httponly" in kept
    me = made.get("/v1/session").json()
    assert (me["login"], me["how"], me["must_change"]) == ("zhang", "oidc", False)
    assert me["grants"] == [{"role": "viewer", "bureau": ""}]
    assert made.get("/v1/runs").status_code == 200
    assert chain_head(client.store.database).actor == "user:zhang"
    assert verify(client.store.database).whole
    assert SECRET not in dump(client.store) + client.log.getvalue()


@pytest.mark.parametrize("spoil", ["nonce", "aud", "iss", "exp", "key"])
def test_what_is_signed_wrongly_opens_nothing(client, issuer, spoil):
    httpx2.post(f"{issuer}/next", json={"spoil": spoil}, trust_env=False)
    made = browser(client)
    answer = made.get(back_from(leave(made)))

    assert "does not hold" in problem(answer, 401, "login_refused")["detail"]
    problem(made.get("/v1/session"), 401, "no_key")


def test_who_is_bound_to_nobody_or_shut_out_is_not_let_in(client, issuer):
    httpx2.post(f"{issuer}/next", json={"subject": "8"}, trust_env=False)
    made = browser(client)
    refused = made.get(back_from(leave(made)))
    assert "no open account" in problem(refused, 401, "login_refused")["detail"]
    assert len(client.store.access.list_users()) == 1
    httpx2.post(f"{issuer}/next", json={"subject": "7"}, trust_env=False)
    client.store.access.disable_user(ACT, "zhang", "2026-01-01")

    problem(made.get(back_from(leave(made))), 401, "login_refused")
    assert chain_head(client.store.database).action == "session.refused"


def test_a_way_back_is_good_once_soon_and_in_the_browser_that_left(client):
    made, other = browser(client), browser(client)
    way = back_from(leave(made))
    problem(other.get(way), 401, "login_refused")
    leave(other)
    problem(other.get(way), 401, "login_refused")
    state = made.cookies["xhcredit_state"]
    assert made.get(way).status_code == 200
    made.cookies.set("xhcredit_state", state, path="/v1/oidc/callback")
    problem(made.get(way), 401, "login_refused")
    late = back_from(leave(made))
    client.clock.forward(minutes=10, seconds=1)
    problem(made.get(late), 401, "login_refused")

    for wrong in ("", "?code=x", "?state=x", "?error=access_denied", "?code=x&state=%ff"):
        problem(made.get(f"/v1/oidc/callback{wrong}"), 401, "login_refused")


def test_a_provider_that_is_away_or_another_is_told(file, issuer):
    other = issuer.replace("127.0.0.1", "localhost")
    for wrong in ("http://127.0.0.1:9", other):
        with served(str(file), oidc=Provider(wrong, CLIENT, SECRET)) as client:
            problem(client.get("/v1/oidc/login", follow_redirects=False), 503, "provider_away")


def test_without_a_provider_there_is_no_such_address(steady):
    made = browser(steady)
    made.headers.update(headers(new_key(steady.store)))

    problem(made.get("/v1/oidc/login"), 404, "not_found")
