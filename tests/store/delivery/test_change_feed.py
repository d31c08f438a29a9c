"""Changes are read in one order, each once, however late they commit, and removed in time."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.store.alerts.test_alerts import DAY, candidate, go
from tests.store.alerts.test_alerts import night as alert_night
from tests.store.nights import code, night
from xhcredit.errors import BadInput, CursorGone
from xhcredit.jobs.night.publish import publish
from xhcredit.store.audit import find_faults
from xhcredit.store.core.changes import ChangeRow, append_changes
from xhcredit.store.core.hash_chain import format_moment
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

ALL = dict.fromkeys(("tier", "score", "listing", "supervision", "alert"))
ACT = Act("night", "run.publish", "test")


def published(store, folder, as_of, tiers, columns=None):
    return publish(night(folder / as_of, as_of, tiers, columns=columns), store, actor="n")


def read(store, cursor="", limit=100, scope_by_kind=ALL):
    return store.change_feed.page(cursor, limit, scope_by_kind)


def kinds_and_codes(page):
    return [(change["kind"], change["code"]) for change in page.changes]


def appended(store, *codes, bureaus=""):
    rows = [ChangeRow("alert", c, bureaus) for c in codes]
    store.writer.act(ACT, lambda tx: append_changes(tx, rows))


def test_only_what_differs_between_two_runs_is_told(store, tmp_path):
    first = {1: {"listings": ";abnormal_listing;"}, 2: {"bureaus": ";a;"}, 3: {"composite": 500.0}}
    second = {
        1: {"listings": ";dishonest_debtor;serious_listing.tax;"},
        2: {"bureaus": ";b;"},
        3: {"composite": 500.001, "reasons": []},  # less than what answers write
        4: {"x_food": 600.5, "x_food_grade": "B"},
    }
    published(store, tmp_path, "2026-06-30", "ABCDA.A", first)
    assert kinds_and_codes(read(store)) == []
    published(store, tmp_path, "2026-07-01", "BBCDAC.", second)
    changes = read(store).changes
    shared = {"run": 2, "previous_run": 1, "recorded_at": changes[0]["recorded_at"]}

    assert [c["number"] for c in changes] == list(range(1, 9))
    assert changes[0] == shared | {
        "number": 1, "kind": "tier", "code": code(0), "tier": "B", "previous_tier": "A",
    }  # fmt: skip
    assert [(m["name"], m["previous_score"], m["score"]) for m in changes[1]["scores"]] == [
        ("composite", 900.0, 700.0),
        ("general", 900.0, 700.0),
    ]
    assert changes[2]["listed"] == ["dishonest_debtor", "serious_listing.tax"]
    assert changes[2]["delisted"] == ["abnormal_listing"]
    assert (changes[3]["previous_bureaus"], changes[3]["bureaus"]) == (["a"], ["b"])
    assert changes[4]["scores"] == [
        {"name": "x_food", "score": 600.5, "previous_score": None, "grade": "B",
         "previous_grade": None},
    ]  # fmt: skip
    assert kinds_and_codes(read(store))[5:] == [
        ("tier", code(5)),
        ("score", code(5)),
        ("tier", code(6)),
    ]
    assert (changes[5]["previous_tier"], changes[7]["tier"]) == (None, None)
    assert find_faults(store.database) == []


def test_the_run_that_is_switched_to_is_compared_with_the_one_that_answered(store, tmp_path):
    published(store, tmp_path, "2026-06-30", "AB")
    published(store, tmp_path, "2026-07-01", "BB")
    after = read(store).next
    store.snapshots.switch(Act("boss", "run.switch", "wrong data"), 1)
    changes = read(store, after).changes

    assert [(c["kind"], c["run"], c["previous_run"]) for c in changes] == [
        ("tier", 1, 2),
        ("score", 1, 2),
    ]
    assert (changes[0]["previous_tier"], changes[0]["tier"]) == ("B", "A")


def test_an_alert_is_told_when_it_opens_moves_and_closes(store):
    alert_night(store, candidate(1), candidate(2, bureau="住建委"))
    go(store, [1], "screen", "issue")
    alert_night(
        store, on=DAY + timedelta(days=30), inputs="j",
        expired={"before": "2026-07-30", "reason": "old"},
    )  # fmt: skip
    moves = [(c["alert"], c["move"], c["act"]) for c in read(store).changes]
    own_changes = read(store, scope_by_kind={"alert": frozenset({"市监局"})}).changes

    assert moves == [
        (1, "opened", "detect"),
        (2, "opened", "detect"),
        (1, "moved", "screen"),
        (1, "moved", "issue"),
        (2, "closed", "expire"),
    ]
    assert {c["alert"] for c in own_changes} == {1}
    assert own_changes[-1]["owner"] == "张三"
    assert own_changes[-1]["code"] == "c1"


def test_a_reader_gets_each_change_once_whatever_the_size_of_a_page(store):
    appended(store, "a", "b")
    appended(store, "c", "d", "e")
    cursor, numbers, has_more = "", [], True
    while has_more:
        page = read(store, cursor, limit=2)
        numbers += [c["number"] for c in page.changes]
        cursor, has_more = page.next, page.has_more
    empty = read(store, cursor)

    assert numbers == [1, 2, 3, 4, 5]
    assert (kinds_and_codes(empty), empty.next, empty.has_more) == ([], cursor, False)
    appended(store, "f")
    assert kinds_and_codes(read(store, cursor)) == [("alert", "f")]


def test_what_a_reader_may_not_see_is_passed_over_by_the_cursor(store):
    appended(store, "a", bureaus=";x;")
    appended(store, "b", bureaus=";y;")
    page = read(store, scope_by_kind={"alert": frozenset({"x"})})
    nobody = read(store, scope_by_kind={"alert": frozenset()})

    assert (kinds_and_codes(page), page.next) == (
        [("alert", "a")],
        store.change_feed.newest_cursor(),
    )
    assert (
        kinds_and_codes(nobody) == kinds_and_codes(read(store, scope_by_kind={"tier": None})) == []
    )


def test_before_any_change_there_is_a_cursor_already(store):
    page = read(store)
    appended(store, "a")

    assert store.change_feed.page(page.next, 10, ALL).changes[0]["number"] == 1


def test_a_change_that_commits_late_is_never_passed_over(store):
    """Two writers at once: whoever began first commits last."""
    begun, may_commit = threading.Event(), threading.Event()

    def slow(tx):
        append_changes(tx, [ChangeRow("alert", "slow", "")])
        begun.set()
        may_commit.wait(30)

    slow_writer = threading.Thread(target=store.writer.act, args=(ACT, slow))
    slow_writer.start()
    assert begun.wait(30)
    quick_writer = threading.Thread(target=appended, args=(store, "quick"))
    quick_writer.start()
    meanwhile = read(store)
    may_commit.set()
    slow_writer.join()
    quick_writer.join()
    later = read(store, meanwhile.next)

    assert kinds_and_codes(meanwhile) == []
    assert kinds_and_codes(later) == [("alert", "slow"), ("alert", "quick")]


@pytest.mark.parametrize(
    "cursor", ["7", "1.x", "1.000000000000", "99.", "-1.", "１.", "9" * 20 + "."]
)
def test_a_cursor_that_is_none_or_of_another_store_is_refused(store, cursor):
    appended(store, "a")

    with pytest.raises(BadInput, match="cursor"):
        read(store, cursor)


def test_a_cursor_from_before_a_backup_was_brought_back_is_refused(store, tmp_path):
    appended(store, "a")
    with Store.open(str(tmp_path / "other.db")) as other:
        appended(other, "x")
        foreign = read(other).next

    with pytest.raises(BadInput, match="another store"):
        read(store, foreign)


@pytest.fixture
def aged(address):
    """A store with three changes, each a day after the other, and its clock."""
    day = 1
    with Store.open(address, clock=lambda: datetime(2026, 6, day, tzinfo=UTC)) as store:
        for day in (1, 2, 3):
            appended(store, f"c{day}")
        yield store


def test_what_is_past_its_time_is_removed_and_its_cursors_are_gone(aged):
    cursors = [read(aged, limit=n).next for n in (1, 2, 3)]
    removed = aged.change_feed.prune(ACT, format_moment(datetime(2026, 6, 3, tzinfo=UTC)))

    assert removed == 2
    assert (
        kinds_and_codes(read(aged)) == kinds_and_codes(read(aged, cursors[1])) == [("alert", "c3")]
    )
    assert kinds_and_codes(read(aged, cursors[2])) == []
    for lost_cursor in (cursors[0], "0."):
        with pytest.raises(CursorGone, match="were removed"):
            read(aged, lost_cursor)


def test_the_last_change_stays_so_that_numbers_never_come_again(aged):
    assert aged.change_feed.prune(ACT, format_moment(datetime(2030, 1, 1, tzinfo=UTC))) == 2
    appended(aged, "next")

    assert [c["number"] for c in read(aged).changes] == [3, 4]
    with pytest.raises(DBAPIError, match="the last change stays"), aged.database.writing() as con:
        con.execute(text("DELETE FROM changes"))
    with pytest.raises(DBAPIError, match="append-only"), aged.database.writing() as con:
        con.execute(text("UPDATE changes SET code = 'x'"))
