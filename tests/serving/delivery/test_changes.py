"""Changes over HTTP: read from a cursor on, by whom they concern, recorded."""

import json

import pytest
from pydantic import TypeAdapter

from tests.serving.district import BUREAUS, headers, new_key, problem, served
from tests.serving.visitors import visitor
from tests.store.nights import code, night
from xhcredit.jobs.night.publish import publish
from xhcredit.store.audit import chain_head
from xhcredit.store.core.changes import ChangeRow, append_changes
from xhcredit.store.core.hash_chain import format_moment
from xhcredit.store.core.transactions import Act
from xhcredit.store.delivery.change_rows import Change

PATH = "/v1/changes"
ACT = Act("n", "run.publish", "test")
ROWS = TypeAdapter(list[Change])


@pytest.fixture
def client(tmp_path):
    """A client of a service with one night."""
    with served(str(tmp_path / "store.db")) as client:
        publish(night(tmp_path / "1", "2026-06-29", "ABCDABCD"), client.store, actor="night")
        yield client


@pytest.fixture
def moved(client, tmp_path):
    """The client after a second night."""
    listed = {6: {"listings": ";abnormal_listing;"}}
    second = night(tmp_path / "2", "2026-06-30", "BBCAA.CDA", columns=listed)
    publish(second, client.store, actor="night")
    return client


def ask(client, **params):
    response = client.get(PATH, params=params)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_night_is_followed_page_by_page(moved):
    whole = ask(moved, limit=1000)
    cursor, numbers, has_more = "", [], True
    while has_more:
        page = ask(moved, limit=3, **({"after": cursor} if cursor else {}))
        numbers += [change["number"] for change in page["changes"]]
        cursor, has_more = page["next"], page["has_more"]

    assert ROWS.validate_python(whole["changes"], strict=True)
    assert numbers == [change["number"] for change in whole["changes"]]
    assert ask(moved, after=cursor) == {"changes": [], "next": cursor, "has_more": False}
    assert ask(moved, after="now")["next"] == cursor == whole["next"]


def test_scores_are_those_of_the_two_runs(moved):
    changes = ask(moved, kinds="score", limit=1000)["changes"]

    assert [change["code"] for change in changes] == [code(0), code(3), code(8)]
    for change in changes:
        by_name = {move["name"]: move for move in change["scores"]}
        rows = moved.store.reader.history(change["code"])
        points = [row["composite"] for row in rows] + [None]
        composite = by_name["composite"]
        assert [composite["score"], composite["previous_score"]] == points[:2]


def test_only_the_kinds_that_are_asked_for_are_told(moved):
    kinds = ["tier", "listing"]
    changes = ask(moved, kinds=kinds, limit=1000)["changes"]

    assert {change["kind"] for change in changes} == set(kinds)
    assert {change["kind"] for change in ask(moved)["changes"]} == {*kinds, "score"}
    problem(moved.get(PATH, params={"kinds": "weather"}), 422, "wrong_request")


def test_an_account_is_told_of_enterprises_of_its_bureaus_only(client):
    rows = [ChangeRow("tier", code(0), f";{BUREAUS[0]};", 1, 1)]
    rows += [ChangeRow("tier", code(1), f";{BUREAUS[1]};", 1, 1), ChangeRow("tier", "x", "", 1, 1)]
    client.store.writer.act(ACT, lambda tx: append_changes(tx, rows))
    key = headers(new_key(client.store, bureau=BUREAUS[0]))
    page = client.get(PATH, headers=key).json()

    assert [change["code"] for change in page["changes"]] == [code(0)]
    assert page["next"] == ask(client, after="now")["next"]
    assert len(ask(client)["changes"]) == 3


def test_what_is_read_is_recorded_and_an_empty_page_is_not(moved):
    page = ask(moved, limit=2)
    entry = chain_head(moved.store.database)
    payload = json.loads(entry.payload)
    codes = sorted({change["code"] for change in page["changes"]})

    assert (entry.action, payload["codes"]) == ("changes.read", codes)
    assert payload["numbers"] == [c["number"] for c in page["changes"]]
    ask(moved, after=ask(moved, after="now")["next"])
    assert chain_head(moved.store.database) == entry


def test_who_may_not_read_enterprises_or_says_no_purpose_is_refused(client):
    auditor = visitor(client, "audit", ("auditor", ""))
    problem(auditor.get(PATH), 403, "not_allowed")
    key = headers(new_key(client.store), purpose="")
    problem(client.get(PATH, headers={**key, "X-Purpose": ""}), 400, "purpose_missing")


@pytest.mark.parametrize("cursor", ["x", "MTI", "OTk5LmFi", "%00"])
def test_a_cursor_of_something_else_is_refused(client, cursor):
    assert client.get(PATH, params={"after": cursor}).status_code in (400, 422)


def test_who_was_away_too_long_is_told_to_begin_anew(moved):
    cursor = ask(moved, limit=1)["next"]
    moved.clock.forward(days=1)
    moved.store.change_feed.prune(ACT, format_moment(moved.clock()))
    body = problem(moved.get(PATH, params={"after": cursor}), 410, "cursor_gone")

    assert "after=now" in body["advice_en"]
    assert len(ask(moved)["changes"]) == 1
