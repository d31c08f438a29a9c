"""People, grants and keys: what opens, what no longer does, what is never kept."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from xhcredit.errors import BadInput, TwoPersons, UnknownRecord
from xhcredit.store.access.accounts_and_keys import ADMINISTRATORS
from xhcredit.store.audit import chain_head
from xhcredit.store.core.columns import METADATA
from xhcredit.store.core.transactions import Act

CLOCK_TIME = datetime(2026, 6, 30, 12, tzinfo=UTC)
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

    assert store.access.get_user("zhang")["grants"] == [("inspector", "市场监管局")]
    with pytest.raises(UnknownRecord, match="is not viewer of"):
        store.access.grant(ACT, "zhang", "viewer", "应急局", take=True)
    with pytest.raises(UnknownRecord, match="nobody has the login"):
        store.access.grant(ACT, "li", "viewer", "应急局")
    with pytest.raises(BadInput, match="is taken"):
        store.access.add_user(ACT, "zhang", "张四", "hash")


def test_a_changed_password_is_told_without_its_value(store):
    store.access.add_user(ACT, "zhang", "张三", "old-hash")
    store.access.change_user(ACT, "zhang", **{"password_hash": "new-hash", "must_change": 0})

    assert "new-hash" in store.access.get_user("zhang").values()
    assert "new-hash" not in chain_head(store.database).payload
    with pytest.raises(UnknownRecord, match='no "li" to change'):
        store.access.change_user(ACT, "li", name="x")


def test_a_key_opens_its_bureau_until_it_expires(store):
    whole = store.access.new_key(ACT, "平台", "应急局", ["viewer"], CLOCK_TIME + timedelta(days=1))
    key_rights = store.access.find_key(whole, CLOCK_TIME)

    assert (key_rights["bureau"], key_rights["roles"]) == ("应急局", ["viewer"])
    assert store.access.find_key(whole, CLOCK_TIME + timedelta(days=1)) is None
    assert whole not in dump(store)
    # The secret's own alphabet holds underscores: cut at the second one, never at the last.
    assert whole.split("_", 2)[2] not in dump(store)


@pytest.mark.parametrize("spoil", [lambda k: k + "x", lambda k: k[:-1], lambda k: "xhc", str.upper])
def test_a_wrong_key_opens_nothing(store, spoil):
    whole = store.access.new_key(ACT, "平台", "应急局", ["viewer"], CLOCK_TIME + timedelta(days=1))

    assert store.access.find_key(spoil(whole), CLOCK_TIME) is None


def test_a_revoked_key_opens_nothing(store):
    whole = store.access.new_key(ACT, "平台", "应急局", ["viewer"], CLOCK_TIME + timedelta(days=1))
    prefix = whole.split("_")[1]
    store.access.revoke_key(ACT, prefix)

    assert store.access.find_key(whole, CLOCK_TIME) is None
    with pytest.raises(UnknownRecord, match="to change"):
        store.access.revoke_key(ACT, prefix)


def test_a_new_key_is_never_kept_under_an_idempotency_key(store):
    with pytest.raises(BadInput, match="ask without idempotency key"):
        store.access.new_key(Act("a", "b", "c", key="k"), "n", "b", [], CLOCK_TIME)


@pytest.mark.parametrize("first", sorted(ADMINISTRATORS))
def test_the_three_administrators_stay_apart(store, first):
    store.access.add_user(ACT, "zhang", "张三", "hash")
    store.access.grant(ACT, "zhang", first, "")
    for other in (*sorted(ADMINISTRATORS - {first}), "viewer", "draw_officer"):
        with pytest.raises(TwoPersons, match="does not go together with"):
            store.access.grant(ACT, "zhang", other, "应急局")
        with pytest.raises(TwoPersons, match="does not go together with"):
            store.access.new_key(ACT, "平台", "", [first, other], CLOCK_TIME)
    store.access.grant(ACT, "zhang", first, "应急局")

    assert store.access.get_user("zhang")["grants"] == [(first, ""), (first, "应急局")]


def test_an_officer_does_not_become_an_administrator(store):
    store.access.add_user(ACT, "zhang", "张三", "hash")
    store.access.grant(ACT, "zhang", "viewer", "应急局")

    with pytest.raises(TwoPersons, match="auditor does not go together with viewer"):
        store.access.grant(ACT, "zhang", "auditor", "")


def test_nobody_serves_themselves(store):
    store.access.add_user(ACT, "zhang", "张三", "hash")
    own_act = Act("user:zhang", "access.change", "test")
    for attempt in (
        lambda: store.access.grant(own_act, "zhang", "viewer", ""),
        lambda: store.access.reset_user(own_act, "zhang", "other"),
        lambda: store.access.disable_user(own_act, "zhang", None),
    ):
        with pytest.raises(TwoPersons, match="nobody does this to their own account"):
            attempt()

    assert store.access.get_user("zhang")["grants"] == []


def test_lists_hold_nothing_that_opens(store):
    store.access.add_user(ACT, "zhang", "张三", "the-hash")
    store.access.change_user(ACT, "zhang", **{"totp_secret": "the-secret"})
    whole = store.access.new_key(ACT, "平台", "应急局", ["viewer"], CLOCK_TIME + timedelta(days=1))
    shown = repr(store.access.list_users()) + repr(store.access.list_keys())

    assert "the-hash" not in shown
    assert "the-secret" not in shown
    assert hashlib.sha256(whole.encode()).hexdigest() not in shown
    assert store.access.list_users()[0]["has_totp"]
    assert store.access.list_keys()[0]["roles"] == ["viewer"]


def test_an_identity_of_the_provider_is_of_one_person(store):
    for login in ("zhang", "li"):
        store.access.add_user(ACT, login, login, "hash")
    store.access.change_user(ACT, "zhang", external="issuer|7")

    with pytest.raises(BadInput, match="another account has this identity"):
        store.access.change_user(ACT, "li", external="issuer|7")
