"""Sessions, tries and logins begun elsewhere: what opens, what no longer does, what is not kept."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.store.access.test_accounts_and_keys import ACT, dump
from xhcredit.errors import LoginRefused
from xhcredit.store.audit import verify

CLOCK_TIME = datetime(2026, 6, 30, 12, tzinfo=UTC)
LATER = CLOCK_TIME + timedelta(minutes=15)


@pytest.fixture
def zhang(store):
    store.access.add_user(ACT, "zhang", "张三", "hash")
    store.access.grant(ACT, "zhang", "viewer", "应急局")
    return store.access.get_user("zhang")


def opened(store, user, **other):
    return store.sessions.open(ACT, user, "10.0.0.1", "password", **other).cookie


def test_a_session_shows_its_person(store, zhang):
    cookie, csrf = store.sessions.open(ACT, zhang, "10.0.0.1", "password")
    session_row = store.sessions.find(cookie)

    assert (session_row["login"], session_row["csrf"], session_row["how"]) == (
        "zhang",
        csrf,
        "password",
    )
    assert session_row["grants"] == {("viewer", "应急局")}
    assert store.sessions.find(cookie + "x") is None
    assert cookie not in dump(store)
    assert "hash" not in repr(session_row)


def test_the_newest_sessions_stay(store, zhang):
    first, second, third = (opened(store, zhang, max_sessions=2) for _ in range(3))

    assert store.sessions.find(first) is None
    assert store.sessions.find(second)
    assert store.sessions.find(third)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.access.change_user(ACT, "zhang", **{"password_hash": "new"}),
        lambda s: s.access.grant(ACT, "zhang", "inspector", "应急局"),
        lambda s: s.access.grant(ACT, "zhang", "viewer", "应急局", take=True),
        lambda s: s.access.disable_user(ACT, "zhang", "2026-06-30"),
        lambda s: s.access.reset_user(ACT, "zhang", "new"),
    ],
)
def test_what_changes_a_person_ends_their_sessions(store, zhang, change):
    cookie = opened(store, zhang)
    change(store)

    assert store.sessions.find(cookie) is None


@pytest.mark.parametrize(
    "change", [{"password_hash": "new"}, {"disabled_at": "2026-06-30"}, {"totp_step": 7}]
)
def test_what_changed_during_a_login_refuses_it(store, zhang, change):
    store.access.change_user(ACT, "zhang", **change)

    with pytest.raises(LoginRefused, match="changed meanwhile"):
        opened(store, zhang, step=7)


def test_a_code_opens_once(store, zhang):
    opened(store, zhang, step=7)
    with pytest.raises(LoginRefused, match="the code was used"):
        opened(store, zhang, step=7)

    assert opened(store, zhang, step=8)


def test_tries_run_out_and_come_back(store, zhang):
    tries = [store.sessions.use_up_try("zhang", 3, CLOCK_TIME, LATER) for _ in range(5)]
    assert tries == [True, True, True, False, False]
    assert not store.sessions.use_up_try("zhang", 3, LATER - timedelta(seconds=1), LATER)
    assert store.sessions.use_up_try("zhang", 3, LATER, LATER + timedelta(minutes=15))
    assert store.access.get_user("zhang")["failures"] == 1
    assert not store.sessions.use_up_try("nobody", 3, CLOCK_TIME, LATER)


def test_a_right_password_lifts_the_lock_of_its_own_try(store, zhang):
    assert store.sessions.use_up_try("zhang", 1, CLOCK_TIME, LATER)
    opened(store, zhang)

    assert store.sessions.use_up_try("zhang", 1, CLOCK_TIME, LATER)


def test_tries_at_once_are_no_more_than_tries_one_by_one(store, zhang):
    with ThreadPoolExecutor(8) as pool:
        tries = list(
            pool.map(lambda _: store.sessions.use_up_try("zhang", 5, CLOCK_TIME, LATER), range(24))
        )

    assert tries.count(True) == 5


def test_failures_of_an_address_are_forgotten_in_time(store):
    store.sessions.record_failure("10.0.0.1", CLOCK_TIME, CLOCK_TIME - timedelta(minutes=15))
    store.sessions.record_failure("10.0.0.2", CLOCK_TIME, CLOCK_TIME - timedelta(minutes=15))
    store.sessions.record_failure("10.0.0.1", LATER, CLOCK_TIME + timedelta(seconds=1))

    assert store.sessions.count_failures("10.0.0.1", CLOCK_TIME) == 1
    assert store.sessions.count_failures("10.0.0.2", CLOCK_TIME) == 0


def test_a_login_begun_elsewhere_comes_back_once_and_soon(store):
    for state in ("one", "two"):
        store.sessions.save_login_state(
            state, "nonce", "verifier", CLOCK_TIME, CLOCK_TIME - timedelta(minutes=10)
        )

    assert store.sessions.consume_login_state("one", CLOCK_TIME)["verifier"] == "verifier"
    assert store.sessions.consume_login_state("one", CLOCK_TIME) is None
    assert store.sessions.consume_login_state("two", LATER) is None
    assert verify(store.database).whole


def test_one_session_is_closed(store, zhang):
    first, second = (opened(store, zhang, max_sessions=2) for _ in range(2))
    store.sessions.mark_seen(store.sessions.find(second)["digest"], LATER)
    store.sessions.close(ACT, store.sessions.find(first)["digest"])

    assert store.sessions.find(first) is None
    assert store.sessions.find(second)["seen_at"].startswith("2026-06-30T12:15")
