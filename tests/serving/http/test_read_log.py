"""Reads are durable before they are answered, share commits, and never pile up."""

import asyncio
import threading

import pytest
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.http.read_log import Journal

from xhcredit.errors import StoreUnavailable
from xhcredit.store.core.transactions import Act


def act(n):
    return Act("key:1", "enterprise.score", "test", payload={"n": n})


def run(work):
    return asyncio.run(asyncio.wait_for(work, 20))


def test_reads_that_come_together_share_a_commit():
    groups, first_has_come, go_on = [], threading.Event(), threading.Event()

    def record(acts):
        groups.append([a.payload["n"] for a in acts])
        first_has_come.set()
        go_on.wait(10)
        return 0

    async def work():
        journal = Journal(record)
        first = asyncio.create_task(journal.note(act(0)))
        await asyncio.to_thread(first_has_come.wait, 10)
        others = [asyncio.create_task(journal.note(act(n))) for n in range(1, 101)]
        await asyncio.sleep(0)
        assert not first.done()
        go_on.set()
        await asyncio.gather(first, *others)
        journal.close()

    run(work())

    assert groups == [[0], list(range(1, 101))]


def test_who_comes_when_too_many_wait_is_refused():
    go_on = threading.Event()

    async def work():
        journal = Journal(lambda acts: int(go_on.wait(10)), limit=3)
        waiting = [asyncio.create_task(journal.note(act(n))) for n in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal, match="try again"):
            await journal.note(act(3))
        go_on.set()
        await asyncio.gather(*waiting)
        journal.close()

    run(work())


def test_what_the_store_refuses_is_told_to_each_and_the_next_is_kept():
    stored_batches = []

    def record(acts):
        if not stored_batches:
            stored_batches.append(None)
            raise StoreUnavailable("full; make room")
        stored_batches.extend(acts)
        return 0

    async def work():
        journal = Journal(record)
        with pytest.raises(StoreUnavailable, match="make room"):
            await journal.note(act(1))
        await journal.note(act(2))
        journal.close()

    run(work())

    assert [a.payload["n"] for a in stored_batches[1:]] == [2]
