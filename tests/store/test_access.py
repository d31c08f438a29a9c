"""People, grants, keys and sessions: what opens, what no longer does, what is never kept."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.store.acts import Act
from xhcredit.store.audit import head
from xhcredit.store.tables import METADATA

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
ACT = Act("admin", "access.change", "test")


def dump(store):
    """Everything that the store holds, as text."""
    with store.database.reading() as con:
        return repr([con.execute(select(t)).all() for t in METADATA.tables.values()])


def test_a_person_has_roles_per_bureau(store):
    store.access.add_user(ACT, "zhang", "张三", "hash")
    store.access.grant(ACT, "zhang", "inspector", "市场监管局")
    store.access.grant(ACT, "zhang", "viewer", "应急局")
    store.access.grant(ACT, "zhang", "viewer", "应急局")
    store.access.grant(ACT, "zhang", "viewer", "应急局", take=True)

    assert store.access.user("zhang")["grants"] == [("inspector", "市场监管局")]
    with pytest.raises(UnknownRecord, match="is not viewer of"):
        store.access.grant(ACT, "zhang", "viewer", "应急局", take=True)
    with pytest.raises(UnknownRecord, match="nobody has the login"):
        store.access.grant(ACT, "li", "viewer", "应急局")
    with pytest.raises(BadInput, match="is taken"):
        store.access.add_user(ACT, "zhang", "张四", "hash")


def test_a_changed_password_is_told_without_its_value(store):
    store.access.add_user(ACT, "zhang", "张三", "old-hash")
    store.access.change_user(ACT, "zhang", **{"password_hash": "new-hash", "must_change": 0})

    assert "new-hash" in store.access.user("zhang").values()
    assert "new-hash" not in head(store.database).payload
    with pytest.raises(UnknownRecord, match='no "li" to change'):
        store.access.change_user(ACT, "li", failures=1)


def test_a_key_opens_its_bureau_until_it_expires(store):
    whole = store.access.new_key(ACT, "平台", "应急局", ["viewer"], NOW + timedelta(days=1))
    held = store.access.key(whole, NOW)

    assert (held["bureau"], held["roles"]) == ("应急局", ["viewer"])
    assert store.access.key(whole, NOW + timedelta(days=1)) is None
    assert whole not in dump(store)
    assert whole.rpartition("_")[2] not in dump(store)


@pytest.mark.parametrize("spoil", [lambda k: k + "x", lambda k: k[:-1], lambda k: "xhc", str.upper])
def test_a_wrong_key_opens_nothing(store, spoil):
    whole = store.access.new_key(ACT, "平台", "应急局", ["viewer"], NOW + timedelta(days=1))

    assert store.access.key(spoil(whole), NOW) is None


def test_a_revoked_key_opens_nothing(store):
    whole = store.access.new_key(ACT, "平台", "应急局", ["viewer"], NOW + timedelta(days=1))
    prefix = whole.split("_")[1]
    store.access.revoke_key(ACT, prefix)

    assert store.access.key(whole, NOW) is None
    with pytest.raises(UnknownRecord, match="to change"):
        store.access.revoke_key(ACT, prefix)


def test_a_new_key_is_never_kept_under_an_idempotency_key(store):
    with pytest.raises(BadInput, match="ask without idempotency key"):
        store.access.new_key(Act("a", "b", "c", key="k"), "n", "b", [], NOW)


def test_a_session_lives_until_the_next_or_until_it_is_closed(store):
    store.access.add_user(ACT, "zhang", "张三", "hash")
    first, _ = store.access.open_session(ACT, "zhang", "10.0.0.1")
    second, csrf = store.access.open_session(ACT, "zhang", "10.0.0.2")
    store.access.seen(second, NOW)

    assert store.access.session(first) is None
    assert store.access.session(second)["csrf"] == csrf
    assert store.access.session(second)["seen_at"].startswith("2026-06-30T12")
    assert second not in dump(store)
    store.access.close_sessions(ACT, "zhang")
    assert store.access.session(second) is None
