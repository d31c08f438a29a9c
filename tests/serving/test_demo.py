"""A demo over HTTP: one click lets somebody in, on this computer only, in no other store."""

from __future__ import annotations

import re
import shutil

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner
from xhcredit_serving.auth.permissions import ROLES
from xhcredit_serving.demo_login import is_loopback
from xhcredit_serving.main import cli

from tests.demo_store import DEMO_ADDRESS, demo_client, enter_as
from xhcredit.errors import BadInput
from xhcredit.jobs.demo.accounts import PEOPLE
from xhcredit.store.store import Store


@pytest.fixture(scope="module")
def demo_app_client(demo, tmp_path_factory):
    demo_copy = tmp_path_factory.mktemp("here") / "demo"
    shutil.copytree(demo.folder, demo_copy)
    with demo_client(demo_copy) as client:
        yield client


@pytest.fixture
def browser(demo_app_client):
    return TestClient(
        demo_app_client.app,
        DEMO_ADDRESS,
        client=("127.0.0.1", 40_000),
        raise_server_exceptions=False,
    )


def test_there_is_somebody_for_every_role():
    assert {p.role for p in PEOPLE} == set(ROLES)


def test_the_login_page_lists_everybody_and_asks_for_no_password(browser):
    for language, words in (("zh", "演示"), ("en", "This is a demo")):
        page = browser.get(f"/console/login?lang={language}").text
        assert words in page
        assert 'type="password"' not in page
        assert all(person.name in page for person in PEOPLE)


@pytest.mark.parametrize("person", PEOPLE, ids=lambda p: p.login)
def test_one_click_lets_a_person_in_and_the_first_page_shows_something(browser, person):
    enter_as(browser, person.login)
    for language in ("zh", "en"):
        page = browser.get(f"/console?lang={language}")
        assert page.status_code == 200, page.text
        assert person.name in page.text
        assert re.search(r'<div class="demo"(?:(?!</div>).)*2026-0', page.text, re.DOTALL)
        main = page.text.partition("<main")[2].partition("</main>")[0]
        assert re.search(r"<tbody>\s*<tr|<form|class=\"card", main), "an empty first page"


def test_every_answer_names_the_demos_clock(browser):
    for address in ("/healthz", "/docs", "/v1/openapi.json", "/console/verify", "/nowhere"):
        assert browser.get(address).headers["x-xhcredit-demo"].startswith("demo store"), address


@pytest.mark.parametrize(
    ("forwarded_headers", "client", "base"),
    [
        ({}, "10.1.2.3", DEMO_ADDRESS),
        ({"X-Forwarded-For": "10.1.2.3"}, "127.0.0.1", DEMO_ADDRESS),
        ({"Forwarded": "for=10.1.2.3"}, "127.0.0.1", DEMO_ADDRESS),
        ({"X-Real-IP": "10.1.2.3"}, "127.0.0.1", DEMO_ADDRESS),
        ({"Via": "1.1 gateway"}, "127.0.0.1", DEMO_ADDRESS),
        ({}, "127.0.0.1", "http://demo.example.com"),
    ],
)
def test_who_comes_from_elsewhere_is_refused(demo_app_client, forwarded_headers, client, base):
    other = TestClient(demo_app_client.app, base, client=(client, 1), raise_server_exceptions=False)
    for address in ("/console/login", "/healthz", "/v1/public/verify_draw.py"):
        assert other.get(address, headers=forwarded_headers).status_code == 403
    chosen = other.post("/console/demo-login", data={"login": "lin"}, headers=forwarded_headers)
    assert chosen.status_code == 403
    assert not other.cookies


def test_another_site_cannot_log_a_browser_in(browser):
    foreign_headers = {"Origin": "https://evil.example.com"}

    assert (
        browser.post(
            "/console/demo-login", data={"login": "lin"}, headers=foreign_headers
        ).status_code
        == 403
    )


def test_in_a_real_store_nobody_is_let_in(client):
    answer = client.post("/console/demo-login", data={"login": "lin"}, follow_redirects=False)

    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers
    assert "demo-people" not in client.get("/console/login").text
    assert "x-xhcredit-demo" not in client.get("/healthz").headers


def test_nobody_unknown_is_let_in(browser):
    answer = browser.post("/console/demo-login", data={"login": "root"}, follow_redirects=False)

    assert answer.status_code == 404


def started(*words):
    """What the program says if it is started so; it must refuse."""
    error = CliRunner().invoke(cli, [str(w) for w in words]).exception
    assert isinstance(error, BadInput), error
    return str(error)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])  # noqa: S104 - to be refused
def test_it_is_not_shown_to_other_computers(demo, host):
    assert "this computer only" in started("--demo", demo.folder, "--host", host)
    assert "this computer only" in started("--store", demo.store, "--host", host)


def test_it_has_no_address_for_others(demo):
    assert "no address for others" in started("--demo", demo.folder, "--public", "https://a.b")


def test_a_real_store_is_not_shown_as_a_demo(tmp_path):
    Store.open(str(tmp_path / "store.db")).close()

    assert "no demo store" in started("--demo", tmp_path)
    assert "no demo in" in started("--demo", tmp_path / "nothing")


@pytest.mark.parametrize(
    ("host", "is_this_computer"),
    [
        ("localhost", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("", False),
        ("127.0.0.1.evil.com", False),
        ("0.0.0.0", False),  # noqa: S104 - an address that is asked about, nothing is bound
        ("10.0.0.1", False),
    ],
)
def test_only_this_computer_is_this_computer(host, is_this_computer):
    assert is_loopback(host) is is_this_computer
