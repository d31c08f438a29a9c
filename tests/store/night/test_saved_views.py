"""Saved views: versions are added, the last one counts, and only who may sees them."""

import pytest

from tests.store.alerts.test_alerts import act
from xhcredit.errors import UnknownRecord, WrongState
from xhcredit.store.audit import verify
from xhcredit.store.night.saved_views import EVERYBODY, MAX_VIEWS, NOBODY, View


def save(store, name="D级", query="tier=D", owner="user:wang", bureau=NOBODY):
    store.views.save(act(), View(owner, name, query, bureau))


def visible_views(store, owner="user:wang", bureau="市监局"):
    return [(v.name, v.query) for v in store.views.visible_to(owner, bureau)]


def test_the_last_version_counts_and_one_that_is_gone_can_come_back(store):
    save(store)
    save(store, query="tier=C")
    assert visible_views(store) == [("D级", "tier=C")]
    store.views.drop(act(), "user:wang", "D级")
    assert visible_views(store) == []
    with pytest.raises(UnknownRecord, match='no saved view "D级"'):
        store.views.drop(act(), "user:wang", "D级")
    save(store, query="tier=B")
    assert visible_views(store) == [("D级", "tier=B")]
    assert verify(store.database).whole


def test_others_see_what_is_shared_with_their_bureau_alone(store):
    save(store, "own")
    save(store, "bureau's", bureau="市监局")
    save(store, "everybody's", bureau=EVERYBODY)

    assert [n for n, _ in visible_views(store)] == ["bureau's", "everybody's", "own"]
    assert [n for n, _ in visible_views(store, "user:li")] == ["bureau's", "everybody's"]
    assert [n for n, _ in visible_views(store, "user:li", "民政局")] == ["everybody's"]
    assert [n for n, _ in visible_views(store, "user:li", "")] == ["bureau's", "everybody's"]
    with pytest.raises(UnknownRecord, match="no saved view"):
        store.views.drop(act(), "user:li", "everybody's")


def test_a_menu_has_an_end(store):
    for n in range(MAX_VIEWS):
        save(store, f"v{n}")
    save(store, "v0", "tier=A")
    with pytest.raises(WrongState, match="remove one first"):
        save(store, "one more")
