"""kill -9 of a publishing night and of other writers: nothing partial, no broken chain."""

import itertools

from sqlalchemy import func, select

from tests.store.killed import keep_releases, publish_night, run
from tests.store.nights import code, night
from xhcredit.jobs.night.publish import publish
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.core.tables import activity, idempotency, releases
from xhcredit.store.store import Store


def count(store, table):
    with store.database.reading() as con:
        return con.scalar(select(func.count()).select_from(table))


def whole(store):
    """What must hold after any kill."""
    assert verify(store.database).whole
    assert find_faults(store.database) == []


def test_a_publishing_night_killed_at_every_step_leaves_the_old_one_or_the_new_one(
    address, tmp_path
):
    folders = [
        night(tmp_path / f"{n}", f"2026-07-{n:02}", "ABCD"[n % 4] * 40) for n in range(1, 29)
    ]
    with Store.open(address) as store:
        publish(folders[0], store, actor="night")
        kills, lived, number = {"old": 0, "new": 0}, False, 1
        for limit in itertools.count(1):
            answering = store.reader.current_run()["as_of"]
            if answering == f"2026-07-{number:02}":  # this one came through: go on to the next
                number += 1
            lived = run(publish_night, address, str(folders[number - 1]), limit)
            answers = store.reader.answers_by_code([code(n) for n in range(40)])
            [answering_run] = {a.run for a in answers.values()}
            assert len(answers) == 40
            assert answering_run in (number - 1, number)
            whole(store)
            if lived:
                break
            kills["old" if answering_run == number - 1 else "new"] += 1

        assert answering_run == number
        assert kills["old"] >= 40
        assert kills["new"] >= 1


def test_other_writers_killed_at_every_step_leave_whole_acts_only(address):
    with Store.open(address) as store:
        limit, kills, lived = 0, 0, False
        while not lived:
            limit += 1
            lived = run(keep_releases, address, f"round {limit}", limit)
            kills += not lived
            whole(store)
            release_rows = count(store, releases)
            acts = count(store, activity) - 1
            assert release_rows == acts == count(store, idempotency)

        assert kills >= 30


def test_after_a_kill_the_same_key_finishes_what_was_asked_once(address):
    with Store.open(address) as store:
        for limit in range(1, 12):
            run(keep_releases, address, "again", limit)
        assert run(keep_releases, address, "again", 0)

        assert count(store, releases) == count(store, idempotency) == 4
        whole(store)
