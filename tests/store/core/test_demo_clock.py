"""A demo store is made as such, its clock only moves forward, and no other store becomes one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from xhcredit.errors import BadInput, BadStore
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.backup import backup, restore
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

BEGINS = datetime(2026, 1, 5, 1, tzinfo=UTC)
ACT = Act("setup", "demo.clock", "test")


class Machine:
    """The machine's clock, set by the test."""

    def __init__(self) -> None:
        self.shows = datetime(2030, 6, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.shows

    def passes(self, seconds: float) -> None:
        self.shows += timedelta(seconds=seconds)


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def demo_store(tmp_path, machine):
    with Store.make_demo(str(tmp_path / "demo.db"), BEGINS, clock=machine) as store:
        yield store


def chain_moments(store):
    with store.database.reading() as con:
        return list(con.scalars(text("SELECT recorded_at FROM activity ORDER BY seq")))


def test_its_clock_begins_where_it_was_made_and_goes_on_at_the_machines_pace(demo_store, machine):
    machine.passes(90)

    assert demo_store.clock.moment() == BEGINS + timedelta(seconds=90)
    assert str(demo_store.clock.today()) == "2026-01-05"


def test_it_is_set_forward_and_every_process_sees_that(demo_store, machine):
    later = BEGINS + timedelta(days=40)
    demo_store.demo.set_clock(ACT, later)

    with Store.open(str(demo_store.database.path), clock=machine) as again:
        assert (again.is_demo, again.clock.moment()) == (True, later)


def test_it_is_not_set_back(demo_store):
    with pytest.raises(BadInput, match="only moves forward"):
        demo_store.demo.set_clock(ACT, BEGINS - timedelta(days=1))


def test_a_machine_set_back_does_not_turn_it_back(demo_store, machine):
    machine.passes(-3600)

    assert demo_store.clock.moment() == BEGINS


@settings(max_examples=10)
@given(st.lists(st.tuples(st.integers(-90, 90), st.integers(-9, 9)), max_size=8))
def test_whatever_is_tried_the_chain_only_moves_forward(tmp_path_factory, tries):
    machine, file = Machine(), tmp_path_factory.mktemp("tries") / "demo.db"
    with Store.make_demo(str(file), BEGINS, clock=machine) as store:
        for days, minutes in tries:
            machine.passes(minutes * 60)
            wanted = store.clock.moment() + timedelta(days=days, seconds=1)
            if days >= 0:
                store.demo.set_clock(ACT, wanted)
            store.record([ACT])
        moments, verdict = chain_moments(store), verify(store.database)

    assert moments == sorted(moments)
    assert verdict.whole


STATEMENTS = [
    "UPDATE demo_clock SET moment = '2020-01-01T00:00:00.000000Z'",
    "DELETE FROM demo_clock",
    "INSERT INTO demo_clock VALUES (2, '2020-01-01T00:00:00.000000Z', '2030', 1)",
    "INSERT INTO demo_clock VALUES (9, '2031-01-01T00:00:00.000000Z', '2030', 1)",
]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_the_database_itself_keeps_its_clock(demo_store, sql):
    with pytest.raises(DBAPIError, match="demo_clock is"), demo_store.database.writing() as con:
        con.execute(text(sql))

    assert find_faults(demo_store.database) == []


def test_a_real_store_never_becomes_one(tmp_path):
    file = str(tmp_path / "real.db")
    with Store.open(file) as real:
        row = "INSERT INTO demo_clock VALUES (1, '2026-01-01T00:00:00.000000Z', '2026', 1)"
        with pytest.raises(DBAPIError, match="no store becomes"), real.database.writing() as con:
            con.execute(text(row))
        with pytest.raises(BadInput, match="no demo store"):
            real.demo.set_clock(ACT, BEGINS)
    with pytest.raises(BadStore, match="no store becomes a demo store later"):
        Store.make_demo(file, BEGINS)
    with Store.open(file) as real:
        assert not real.is_demo


def test_what_comes_back_from_a_backup_is_a_demo_store_still(demo_store, tmp_path, machine):
    demo_store.demo.set_clock(ACT, BEGINS + timedelta(days=3))
    backup(demo_store.database, tmp_path / "saved")
    restore(tmp_path / "saved", str(tmp_path / "back.db"))

    with Store.open(str(tmp_path / "back.db"), clock=machine) as back:
        assert (back.is_demo, back.clock.moment()) == (True, BEGINS + timedelta(days=3))


def test_the_chain_of_a_demo_store_is_whole(demo_store):
    assert verify(demo_store.database).whole
    assert find_faults(demo_store.database) == []
