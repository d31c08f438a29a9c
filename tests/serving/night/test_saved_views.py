"""Saved views over HTTP: one's own, shared in the bureau, and nothing but filters."""

from tests.serving.district import BUREAUS, headers, new_key, problem

VIEWS = "/v1/watchlist/views"


def test_a_view_is_saved_shared_and_removed(client):
    mine = headers(new_key(client.store, bureau=BUREAUS[0]))
    other = headers(new_key(client.store, bureau=BUREAUS[1]))
    view_body = {"name": " D级餐饮 ", "query": "?tier=D&field=x_food&after=1~2~3&x=1&alert=any"}
    [view] = client.post(VIEWS, json=view_body, headers=mine).json()["views"]
    assert view == {
        "name": "D级餐饮",
        "query": "alerted=true&field=x_food&tier=D",
        "owner": view["owner"],
        "shared": False,
        "mine": True,
    }
    response = client.get(f"/v1/watchlist?{view['query']}", headers=mine)
    assert response.status_code == 200
    assert client.get(VIEWS, headers=other).json() == {"views": []}
    client.post(VIEWS, json=view_body | {"shared": True}, headers=mine)
    assert client.get(VIEWS, headers=other).json() == {"views": []}
    colleague = headers(new_key(client.store, bureau=BUREAUS[0]))
    [shared] = client.get(VIEWS, headers=colleague).json()["views"]
    assert shared["shared"]
    gone = client.post(f"{VIEWS}/removal", json={"name": "D级餐饮"}, headers=mine)
    assert gone.json() == {"views": []}
    problem(
        client.post(f"{VIEWS}/removal", json={"name": "D级餐饮"}, headers=mine),
        404,
        "unknown_record",
    )


def test_what_is_no_view_is_refused(client):
    problem(client.post(VIEWS, json={"name": "  ", "query": ""}), 400, "bad_input")
    wide = "text=" + "街" * 300  # nine characters each in an address
    problem(client.post(VIEWS, json={"name": "x", "query": wide}), 400, "bad_input")
    problem(client.post(VIEWS, json={"name": "x", "query": "x" * 1001}), 422, "wrong_request")
