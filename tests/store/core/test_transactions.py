"""Every write is one transaction with its entry and its key: alone, at once, repeated, failing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, text

from xhcredit.errors import BadInput, BadStore, KeyReused, StoreUnavailable
from xhcredit.store.audit import chain_head, verify
from xhcredit.store.core.tables import activity, idempotency, releases
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store


def keep(number):
    """Work that keeps one release and answers with its name."""

    def work(tx):
        row = {"digest": f"d{number}", "name": "n", "body": "{}", "activity": tx.seq}
        tx.con.execute(insert(releases), row)
        tx.audit(kept=number)
        return {"kept": number}

    return work


def act(**other):
    return Act(**{"actor": "张三", "action": "release.keep", "purpose": "test"} | other)


def count(store, table):
    with store.database.reading() as con:
        return con.scalar(select(func.count()).select_from(table))


def test_an_act_leaves_its_rows_and_its_entry(store):
    answer = store.act(act(bureau="市场监管局", payload={"what": 1}), keep(1))
    last = chain_head(store.database)

    assert answer == {"kept": 1}
    assert (last.actor, last.bureau, last.purpose) == ("张三", "市场监管局", "test")
    assert last.payload == '{"kept":1,"what":1}'
    assert verify(store.database).whole


def test_work_that_fails_leaves_nothing(store):
    before = chain_head(store.database)

    def work(tx):
        keep(1)(tx)
        raise BadInput("no; not like that")

    with pytest.raises(BadInput, match="not like that"):
        store.act(act(key="k"), work)

    assert chain_head(store.database) == before
    assert (count(store, releases), count(store, idempotency)) == (0, 0)


def test_the_same_key_gives_the_kept_response_and_does_nothing(store):
    first = store.act(act(key="k", payload={"a": [1, 2]}), keep(1))
    before = chain_head(store.database)
    again = store.act(act(key="k", payload={"a": [1, 2]}), keep(2))

    assert again == first
    assert chain_head(store.database) == before


@pytest.mark.parametrize("other", [{"payload": {"a": 2}}, {"request": "x"}, {"bureau": "b"}])
def test_a_key_with_another_request_is_refused(store, other):
    store.act(act(key="k", payload={"a": 1}), keep(1))

    with pytest.raises(KeyReused, match="take a new key"):
        store.act(act(**{"key": "k", "payload": {"a": 1}} | other), keep(2))


def test_a_key_belongs_to_its_actor(store):
    store.act(act(key="k"), keep(1))
    store.act(act(key="k", actor="李四"), keep(2))

    assert count(store, releases) == 2


def test_the_same_key_fifty_times_at_once_has_one_effect(store):
    with ThreadPoolExecutor(50) as pool:
        futures = [pool.submit(store.act, act(key="k"), keep(1)) for _ in range(50)]
        answers = [f.result() for f in futures]

    assert answers == [{"kept": 1}] * 50
    assert (count(store, releases), count(store, idempotency)) == (1, 1)


def test_two_stores_write_at_once_into_one_chain(address):
    with Store.open(address) as a, Store.open(address) as b, ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(s.act, act(), keep(i)) for i, s in enumerate([a, b] * 30)]
        for future in futures:
            future.result()

        assert count(a, releases) == 60
        verdict = verify(b.database)
        assert verdict.whole
        assert verdict.entries == 61  # and the one of making the store


def test_many_entries_are_recorded_in_one_commit(store):
    last = store.record([act(action="score.read", payload={"code": i}) for i in range(50)])

    assert last == chain_head(store.database).seq == 51
    assert verify(store.database).whole


def test_a_clock_set_back_is_marked_and_never_runs_back(address):
    moments = iter(
        datetime(2026, 6, 30, 12, tzinfo=UTC) + timedelta(seconds=s) for s in (0, 5, -3600, 6)
    )
    with Store.open(address, clock=lambda: next(moments)) as store:
        for number in range(3):
            store.act(act(), keep(number))
        with store.database.reading() as con:
            chain_moments = con.execute(
                select(activity.c.recorded_at, activity.c.clock_back_ms).order_by(activity.c.seq)
            ).all()
        verdict = verify(store.database)

    assert [moment_text[11:19] for moment_text, _ in chain_moments] == [
        "12:00:00",
        "12:00:05",
        "12:00:05",
        "12:00:06",
    ]
    assert [back for _, back in chain_moments] == [0, 0, 3_605_001, 0]
    assert (verdict.whole, verdict.clock_set_back) == (True, 1)


def test_sm3_and_sha256_may_stand_in_one_chain(address):
    with Store.open(address) as store:
        store.act(act(), keep(1))
    with Store.open(address, algorithm="sm3") as store:
        store.act(act(), keep(2))
        assert chain_head(store.database).algorithm == "sm3"
        assert verify(store.database).whole


def test_an_unknown_digest_is_refused(address):
    with pytest.raises(BadStore, match="choose sha256 or sm3"):
        Store.open(address, algorithm="md5")


@pytest.mark.parametrize("part", ["actor", "action", "purpose"])
def test_an_act_says_who_what_and_why(part):
    with pytest.raises(BadInput, match=f"without {part}"):
        act(**{part: " "})


@pytest.mark.parametrize("value", [2**60, float("nan"), "\ud800", {1: 2}])
def test_what_has_no_canonical_form_is_refused_and_nothing_is_kept(store, value):
    with pytest.raises(BadInput, match="cannot be kept as JSON"):
        store.act(act(payload={"v": value}), keep(1))

    assert count(store, releases) == 0


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_full_disk_leaves_everything_readable_and_heals_by_itself(store):
    """SQLite's own page limit stands in for the disk: it fails with the very same error."""
    with store.database.engine.connect() as con:
        pages = con.exec_driver_sql("PRAGMA page_count").scalar()
    limit = {"v": f"PRAGMA max_page_count = {pages}"}

    def too_much(tx):
        tx.con.exec_driver_sql(limit["v"])
        tx.con.execute(
            insert(releases),
            {"digest": "d", "name": "n", "body": "x" * 10**6, "activity": tx.seq},
        )

    with pytest.raises(StoreUnavailable, match="full; nothing was written; make room"):
        store.act(act(), too_much)
    assert verify(store.database).whole

    limit["v"] = "PRAGMA max_page_count = 1073741823"
    store.act(act(), too_much)
    assert count(store, releases) == 1


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_writer_that_waits_too_long_is_told_so(store, address):
    with Store.open(address) as other:
        with other.database.engine.connect() as con:
            con.exec_driver_sql("PRAGMA busy_timeout = 10")
        with store.database.writing(), pytest.raises(StoreUnavailable, match="another writer"):
            other.act(act(), keep(1))


def test_nobody_answers_at_an_address():
    with pytest.raises(StoreUnavailable, match="see that it runs"):
        Store.open("postgresql://nobody@127.0.0.1:1/none")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [("mysql://a/b", "no file and no PostgreSQL"), ("sqlite://", "no file"), ("://x", "be read")],
)
def test_an_address_of_something_else_is_refused(wrong, message):
    with pytest.raises(BadStore, match=message):
        Store.open(wrong)


def test_a_file_that_is_no_store_is_refused(tmp_path):
    (tmp_path / "letter.db").write_text("dear store, " * 100)

    with pytest.raises(BadStore, match="restore a backup"):
        Store.open(str(tmp_path / "letter.db"))


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_new_file_is_its_owners_only(store):
    assert store.database.path.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_is_told_so(tmp_path):
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(StoreUnavailable, match="see that its folder is there"):
        Store.open(str(tmp_path / "file" / "store.db"))


def test_a_dead_connection_is_noticed_and_replaced(store):
    if not store.database.is_sqlite:
        with store.database.engine.connect() as con:
            con.execution_options(isolation_level="AUTOCOMMIT").execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
    store.act(act(), keep(1))

    assert count(store, releases) == 1
