"""Lists of a run: the same on both engines as filtering and sorting all rows by hand."""

from dataclasses import replace
from itertools import product

import pytest
from sqlalchemy import text

from tests.store.alerts.test_alerts import candidate, go
from tests.store.alerts.test_alerts import night as alert_night
from tests.store.nights import code, night
from xhcredit.errors import UnknownRecord
from xhcredit.jobs.night.publish import publish
from xhcredit.store.alerts.alert_queries import AlertQuery
from xhcredit.store.core.bureau_scope import bureaus_text
from xhcredit.store.core.transactions import Act
from xhcredit.store.night.publish import Night, SnapshotRow
from xhcredit.store.watchlist import WatchlistQuery

SORTS = ["composite", "-composite", "code", "-code", "moved", "-moved"]
STREETS = ("甲街", "乙镇", "")
BUREAUS = ("市场监管局", "建管委", "")


def row(n):
    """Enterprise ``n``: every list column takes a few values, with ties in scores and moves."""
    return SnapshotRow(
        code(n),
        "ABCD"[n % 4],
        float(n % 5),
        None,
        '{"x_food": {}}' if n % 3 else "{}",
        "e",
        b"{}",
        BUREAUS[n % 3],
        STREETS[n // 3 % 3],
        f"{n}号 50%_店",
        "company" if n % 2 else "branch",
        "micro",
        ";x_food;x_fire;" if n % 3 else "",
        "ABCD"[n // 2 % 4] if n % 5 else "",
        float(n % 7 - 3),
        bureaus_text(bureaus(n)),
    )


def bureaus(n):
    """Who supervises enterprise ``n``: its leading bureau, and now and then two others."""
    return {BUREAUS[n % 3], *(("消防",) if n % 2 else ()), *(("城管",) if n % 5 == 0 else ())}


ROWS = [row(n) for n in range(60)]
QUESTIONS = [
    (WatchlistQuery(), lambda r: True),
    (WatchlistQuery(tier=("A", "D")), lambda r: r.tier in "AD"),
    (
        WatchlistQuery(street=("甲街",), field=("x_food",)),
        lambda r: r.street == "甲街" and r.fields,
    ),
    (WatchlistQuery(field=("x_f",)), lambda r: False),
    (WatchlistQuery(kind=("branch",), size=("micro",)), lambda r: r.kind == "branch"),
    (WatchlistQuery(lowest=1, highest=3), lambda r: 1 <= r.composite <= 3),
    (WatchlistQuery(moved="worse"), lambda r: r.previous_tier and r.tier > r.previous_tier),
    (WatchlistQuery(moved="better"), lambda r: r.tier < r.previous_tier),
    (WatchlistQuery(moved="new"), lambda r: not r.previous_tier),
    (WatchlistQuery(text="50%_"), lambda r: True),
    (WatchlistQuery(text="5_%"), lambda r: False),
    (WatchlistQuery(text=code(1)[:17]), lambda r: r.code.startswith(code(1)[:17])),
    (WatchlistQuery(within=frozenset({"建管委"})), lambda r: ";建管委;" in r.bureaus),
    (
        WatchlistQuery(within=frozenset({"建管委", "消防", ""}), tier=("A",)),
        lambda r: r.tier == "A" and (";建管委;" in r.bureaus or ";消防;" in r.bureaus),
    ),
    (
        WatchlistQuery(within=frozenset({"消防"}), bureau=("城管", "建管委")),
        lambda r: ";消防;" in r.bureaus and (";城管;" in r.bureaus or ";建管委;" in r.bureaus),
    ),
    (WatchlistQuery(bureau=("管委",)), lambda r: False),
    (WatchlistQuery(within=frozenset({""})), lambda r: False),
    (WatchlistQuery(within=frozenset()), lambda r: False),
]


@pytest.fixture
def listed(store):
    """A store with one run of the rows."""
    tale = Night("2026-06-30", {"release": "t", "as_of": "2026-06-30"}, len(ROWS), {})
    with store.snapshots.staging() as staged:
        store.snapshots.stage(staged, ROWS)
        store.snapshots.publish(Act("night", "run.publish", "test"), staged, tale)
    return store


def test_every_question_in_every_order_is_answered_as_by_hand(listed):
    for (filters, fits), sort in product(QUESTIONS, SORTS):
        question = WatchlistQuery(**{**filters.__dict__, "sort": sort})
        key = sort.removeprefix("-")
        by_hand = sorted(
            (r for r in ROWS if fits(r)),
            key=lambda r, key=key: (getattr(r, key), r.code),
            reverse=sort.startswith("-"),
        )
        pages = list(listed.watchlist.pages(question, page_size=7))

        assert [r["code"] for p in pages for r in p.rows] == [r.code for r in by_hand], question
        assert {p.total for p in pages} == {len(by_hand)}


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_list_reads_no_answer_that_it_does_not_show(listed):
    """What is filtered by stands in the index; else 240,000 answers would be read for a page."""
    reads_of_answers = []
    for filters, _ in QUESTIONS:
        chosen = listed.watchlist._filtered_select(1, filters, text("code"))
        sql = str(chosen.compile(compile_kwargs={"literal_binds": True}))
        with listed.database.reading() as con:
            reads_of_answers += [r.detail for r in con.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]

    assert reads_of_answers
    assert all(
        "USING COVERING INDEX" in line for line in reads_of_answers if "snapshots" in line
    ), reads_of_answers


def test_open_alerts_decide_at_once_and_only_where_they_may_be_told(listed):
    """Counts of a run are kept, but an alert may close within it."""
    new = [
        replace(candidate(1, bureau=BUREAUS[1]), code=code(1)),
        replace(candidate(2, bureau=BUREAUS[0], trigger="cluster"), code=code(3)),
    ]
    alert_night(listed, *new)
    (first,) = (a["id"] for a in listed.alerts.read_page(AlertQuery()) if a["code"] == code(1))

    def page_of(**filters):
        page = listed.watchlist.page(WatchlistQuery(sort="code", **filters), 1)
        return page.total, page.rows[0]["code"] if page.rows else None

    assert page_of(alerted=True)[0] == 2
    assert page_of(trigger=("cluster",)) == (1, code(3))
    assert page_of(alerted=True, within=frozenset({BUREAUS[1]})) == (1, code(1))
    assert page_of(trigger=("cluster",), within=frozenset({BUREAUS[1]})) == (0, None)
    assert sum(listed.watchlist.counts(WatchlistQuery(alerted=True), "tier").values()) == 2

    marks = listed.watchlist.open_alerts_by_code([code(1), code(2), code(3)], None)
    assert {c: (m["open"], m["triggers"]) for c, m in marks.items()} == {
        code(1): (1, [new[0].trigger]),
        code(3): (1, ["cluster"]),
    }
    assert {m["colour"] for m in marks.values()} == {new[0].colour}
    assert set(
        listed.watchlist.open_alerts_by_code([code(1), code(3)], frozenset({BUREAUS[1]}))
    ) == {code(1)}
    assert listed.watchlist.triggers(None) == sorted({new[0].trigger, "cluster"})
    assert listed.watchlist.triggers(frozenset()) == []

    go(listed, [first], "dismiss")

    assert code(1) not in listed.watchlist.open_alerts_by_code([code(1)], None)
    assert listed.watchlist.triggers(None) == ["cluster"]
    assert page_of(alerted=True) == (1, code(3))
    assert sum(listed.watchlist.counts(WatchlistQuery(alerted=True), "tier").values()) == 1


def test_names_of_others_are_told_within_the_bureau_only(listed):
    codes = [code(0), code(1), code(99)]

    assert set(listed.watchlist.enterprise_rows(1, codes, None)) == {code(0), code(1)}
    assert set(listed.watchlist.enterprise_rows(1, codes, frozenset({BUREAUS[1]}))) == {code(1)}


def test_before_the_first_run_there_is_no_list(store):
    with pytest.raises(UnknownRecord, match="no such run"):
        store.watchlist.page(WatchlistQuery(), 10)


def test_the_list_of_a_real_night_tells_what_applies(store, tmp_path):
    publish(night(tmp_path, "2026-06-30", "ABCD"), store, actor="night")
    rows = store.watchlist.page(WatchlistQuery(field=("x_food",)), 10).rows

    assert [r["code"] for r in rows] == [code(3), code(1)]
