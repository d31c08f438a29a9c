"""kill -9 of whoever writes: each act stands whole with its entry, or not at all."""

import pytest
from sqlalchemy import func, select

from tests.store.killed import run
from tests.store.writers import WRITERS, act, write_until
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.core.columns import METADATA
from xhcredit.store.core.tables import activity, idempotency
from xhcredit.store.store import Store

STRIDE = 4  #: steps between two kills; each step of an act is met by some writer


def orphans(store):
    """Tables with a row whose entry is not in the chain."""
    orphan_writers = []
    with store.database.reading() as con:
        entries = set(con.scalars(select(activity.c.seq)))
        for name, table in METADATA.tables.items():
            if "activity" in table.c and not set(con.scalars(select(table.c.activity))) <= entries:
                orphan_writers.append(name)
    return orphan_writers


def count(store):
    with store.database.reading() as con:
        return con.scalar(select(func.count()).select_from(idempotency))


@pytest.mark.parametrize("writer", WRITERS)
def test_a_writer_killed_anywhere_leaves_whole_acts_only(address, writer):
    with Store.open(address) as store:
        store.access.add_user(act("admin", "user.add"), "kept", "张三", "hash")
        kills, lived = 0, False
        while not lived:  # the writers begin at different steps, so that together all are met
            limit = 1 + list(WRITERS).index(writer) % STRIDE + kills * STRIDE
            lived = run(write_until, address, writer, f"n{kills}", limit)
            kills += not lived
            assert orphans(store) == []
        assert verify(store.database).whole
        assert find_faults(store.database) == []

        assert kills >= 4


@pytest.mark.parametrize("writer", ["person", "application"])
def test_after_kills_the_same_keys_finish_the_same_acts_once(address, writer):
    with Store.open(address) as store:
        for limit in (3, 6, 9, 12, 0):
            lived = run(write_until, address, writer, "same", limit)

        assert lived
        assert count(store) == 2
        assert verify(store.database).whole
