"""Open alerts on the watchlist: filtered, marked and exported for whom they concern alone."""

import csv
import io

import pytest
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.night.watchlist_alerts import restrict_to_alert_readers

from tests.serving.alerts.test_alerts import OFFICE, raise_alerts
from tests.serving.district import BUREAUS, CODES, headers, new_key
from xhcredit.store.watchlist import WatchlistQuery

LIST = "/v1/watchlist"
TRIGGER = "penalties_often"


@pytest.fixture
def warned(client):
    raise_alerts(client)
    return client


def marks(client, sent=None, **query):
    response = client.get(LIST, params=query | {"sort": "code"}, headers=sent or {})
    assert response.status_code == 200, response.text
    return {r["code"]: r["alerts"] for r in response.json()["enterprises"]}


def test_rows_are_marked_and_filtered_by_open_alerts(warned):
    mark_by_code = marks(warned)
    assert mark_by_code[CODES[1]] == {"open": 1, "colour": "red", "triggers": [TRIGGER]}
    assert sum(mark is not None for mark in mark_by_code.values()) == 3
    assert list(marks(warned, alerted=True)) == CODES[:3]
    assert list(marks(warned, trigger=TRIGGER)) == CODES[:3]
    assert marks(warned, trigger="tax_arrears") == {}
    assert list(marks(warned, alerted=True, street="none")) == []


def test_a_bureau_is_told_of_its_own_alone(warned):
    key = headers(new_key(warned.store, bureau=OFFICE))

    assert list(marks(warned, key, alerted=True)) == [CODES[0]]
    assert set(marks(warned, key)) <= set(CODES[:: len(BUREAUS)])


def test_a_file_names_the_triggers(warned):
    text = warned.get(f"{LIST}.csv", params={"alerted": True}).text
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    alert_column = rows[1].index("未结预警")
    assert {row[0] for row in rows[2:]} == set(CODES[:3])
    assert all(row[alert_column] for row in rows[2:])


def test_who_may_read_no_alerts_cannot_ask_by_them():
    auditor = Caller("chen", frozenset({("auditor", "*")}), "")
    with pytest.raises(Refusal, match="alerts:read"):
        restrict_to_alert_readers(auditor, WatchlistQuery(alerted=True))
    assert restrict_to_alert_readers(auditor, WatchlistQuery(tier=("D",))) == WatchlistQuery(
        tier=("D",)
    )
