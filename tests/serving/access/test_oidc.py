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
    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
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
    with served(str(file), oidc=Provider(issuer, CLIENT, SECRET)) as client:
        del client.headers["Authorization"]
        person(client, "zhang", ("viewer", ""), external=f"{issuer}|7")
        yield client


def leave(visitor_browser):
    """Begin a login; return where the browser is sent."""
    answer = visitor_browser.get("/v1/oidc/login", follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def back_from(location):
    """Where the provider sends the browser back to, after the person logged in there."""
    answer = httpx2.get(location, follow_redirects=False, trust_env=False)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def test_the_provider_says_who_it_is_and_we_say_what_they_may(client, issuer):
    visitor_browser = browser(client)
    location = leave(visitor_browser)
    login_query = parse_qs(urlsplit(location).query)
    assert (login_query["code_challenge_method"], login_query["scope"]) == (["S256"], ["openid"])
    assert login_query["nonce"]
    answer = visitor_browser.get(back_from(location))

    assert answer.status_code == 200
    cookie = answer.headers.get_list("set-cookie")[0].lower()
    assert "samesite=strict" in cookie
    assert "httponly" in cookie
    me = visitor_browser.get("/v1/session").json()
    assert (me["login"], me["how"], me["must_change"]) == ("zhang", "oidc", False)
    assert me["grants"] == [{"role": "viewer", "bureau": ""}]
    assert visitor_browser.get("/v1/runs").status_code == 200
    assert chain_head(client.store.database).actor == "user:zhang"
    assert verify(client.store.database).whole
    assert SECRET not in dump(client.store) + client.log.getvalue()


@pytest.mark.parametrize("spoil", ["nonce", "aud", "iss", "exp", "key"])
def test_what_is_signed_wrongly_opens_nothing(client, issuer, spoil):
    httpx2.post(f"{issuer}/next", json={"spoil": spoil}, trust_env=False)
    visitor_browser = browser(client)
    answer = visitor_browser.get(back_from(leave(visitor_browser)))

    assert "does not hold" in problem(answer, 401, "login_refused")["detail"]
    problem(visitor_browser.get("/v1/session"), 401, "no_key")


def test_who_is_bound_to_nobody_or_shut_out_is_not_let_in(client, issuer):
    httpx2.post(f"{issuer}/next", json={"subject": "8"}, trust_env=False)
    visitor_browser = browser(client)
    refused = visitor_browser.get(back_from(leave(visitor_browser)))
    assert "no open account" in problem(refused, 401, "login_refused")["detail"]
    assert len(client.store.access.list_users()) == 1
    httpx2.post(f"{issuer}/next", json={"subject": "7"}, trust_env=False)
    client.store.access.disable_user(ACT, "zhang", "2026-01-01")

    problem(visitor_browser.get(back_from(leave(visitor_browser))), 401, "login_refused")
    assert chain_head(client.store.database).action == "session.refused"


def test_a_way_back_is_good_once_soon_and_in_the_browser_that_left(client):
    visitor_browser, other = browser(client), browser(client)
    way = back_from(leave(visitor_browser))
    problem(other.get(way), 401, "login_refused")
    leave(other)
    problem(other.get(way), 401, "login_refused")
    state = visitor_browser.cookies["xhcredit_state"]
    assert visitor_browser.get(way).status_code == 200
    visitor_browser.cookies.set("xhcredit_state", state, path="/v1/oidc/callback")
    problem(visitor_browser.get(way), 401, "login_refused")
    late = back_from(leave(visitor_browser))
    client.clock.forward(minutes=10, seconds=1)
    problem(visitor_browser.get(late), 401, "login_refused")

    for wrong in ("", "?code=x", "?state=x", "?error=access_denied", "?code=x&state=%ff"):
        problem(visitor_browser.get(f"/v1/oidc/callback{wrong}"), 401, "login_refused")


def test_a_provider_that_is_away_or_another_is_told(file, issuer):
    other = issuer.replace("127.0.0.1", "localhost")
    for wrong in ("http://127.0.0.1:9", other):
        with served(str(file), oidc=Provider(wrong, CLIENT, SECRET)) as client:
            problem(client.get("/v1/oidc/login", follow_redirects=False), 503, "provider_away")


def test_without_a_provider_there_is_no_such_address(steady):
    key_holder = browser(steady)
    key_holder.headers.update(headers(new_key(steady.store)))

    problem(key_holder.get("/v1/oidc/login"), 404, "not_found")
