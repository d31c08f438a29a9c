"""Saved views over HTTP: one's own, shared in the bureau, and nothing but filters."""

from urllib.parse import quote

import pytest

from tests.serving.district import BUREAUS, headers, new_key, problem

VIEWS = "/v1/views"
NONE = {"views": [], "next": None}


def test_a_view_is_saved_shared_and_removed(client):
    mine = headers(new_key(client.store, bureau=BUREAUS[0]))
    other = headers(new_key(client.store, bureau=BUREAUS[1]))
    address = f"{VIEWS}/ D级餐饮 "
    asked = {"query": "?tier=D&field=x_food&after=1~2~3&x=1&alert=any"}
    view = client.put(address, json=asked, headers=mine).json()
    assert view == {
        "name": "D级餐饮",
        "query": "alerted=true&field=x_food&tier=D",
        "owner": view["owner"],
        "shared": False,
        "mine": True,
    }
    assert client.get(VIEWS, headers=mine).json() == {"views": [view], "next": None}
    assert client.get(address, headers=mine).json() == view
    assert client.get(f"/v1/watchlist?{view['query']}", headers=mine).status_code == 200
    assert client.get(VIEWS, headers=other).json() == NONE
    problem(client.get(address, headers=other), 404, "unknown_record")
    client.put(address, json=asked | {"shared": True}, headers=mine)
    assert client.get(VIEWS, headers=other).json() == NONE
    colleague = headers(new_key(client.store, bureau=BUREAUS[0]))
    [shared] = client.get(VIEWS, headers=colleague).json()["views"]
    assert shared["shared"]
    assert client.get(address, headers=colleague).json() == shared
    for _ in range(2):  # the same key again does nothing
        removed = client.delete(address, headers=mine | {"Idempotency-Key": "r"})
        assert removed.json() == view | {"shared": True}
    assert client.get(VIEWS, headers=mine).json() == NONE
    problem(client.delete(address, headers=mine), 404, "unknown_record")


@pytest.mark.parametrize("name", ["a/b", "/", "a?b", "100%", "..."])
def test_a_name_is_any_text(client, name):
    address = f"{VIEWS}/{quote(name, safe='')}"

    assert client.put(address, json={"query": "tier=D"}).json()["name"] == name
    assert client.get(address).json()["name"] == name
    assert client.delete(address).json()["name"] == name


def test_views_come_in_pages(client):
    for name in "abc":
        client.put(f"{VIEWS}/{name}", json={"query": ""})
    first = client.get(VIEWS, params={"limit": 2}).json()
    second = client.get(VIEWS, params={"limit": 2, "after": first["next"]}).json()

    assert [view["name"] for view in first["views"] + second["views"]] == ["a", "b", "c"]
    assert second["next"] is None


def test_what_is_no_view_is_refused(client):
    problem(client.put(f"{VIEWS}/%20%20", json={"query": ""}), 400, "bad_input")
    wide = "text=" + "街" * 300  # nine characters each in an address
    problem(client.put(f"{VIEWS}/x", json={"query": wide}), 400, "bad_input")
    problem(client.put(f"{VIEWS}/x", json={"query": "x" * 1001}), 422, "wrong_request")
