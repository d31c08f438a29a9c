"""People who are logged in, for tests: each a client with a session of their own."""

from __future__ import annotations

from functools import cache

from starlette.testclient import TestClient
from xhcredit_serving.auth.passwords import hash_blocking

from tests.serving.district import ACT

PASSWORD = "Fort-linde-9-Ufer"  # noqa: S105 - of people that exist in tests only


@cache
def hashed(password):
    """Hashing takes long on purpose, so each password of the tests is hashed once."""
    return hash_blocking(password)


def person(client, login, *granted, password=PASSWORD, **columns):
    """A person with roles; granted are (role, bureau)."""
    access = client.store.access
    access.add_user(ACT, login, login.title(), hashed(password), must_change=False)
    for role, bureau in granted:
        access.grant(ACT, login, role, bureau)
    if columns:
        access.change_user(ACT, login, **columns)


def browser(client, base_url="http://testserver"):
    """Another browser on the same service, with nothing in it."""
    return TestClient(client.app, base_url, raise_server_exceptions=False)


def visitor(client, login, *granted):
    """A browser in which a new person with roles is logged in."""
    person(client, login, *granted)
    visitor_browser = browser(client)
    again(client, visitor_browser, login)
    return visitor_browser


def again(client, visitor_browser, login):
    """Log a person in once more, past the password."""
    user = client.store.access.get_user(login)
    opened = client.store.sessions.open(ACT, user, "testclient", "password")
    visitor_browser.cookies.set("xhcredit", opened.cookie)
    visitor_browser.headers.update({"X-CSRF-Token": opened.csrf, "X-Purpose": "test"})


def log_in(client, login, password=PASSWORD, **other):
    """Log in as people do."""
    return client.post("/v1/session", json={"login": login, "password": password, **other})
