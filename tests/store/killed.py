"""Writers that kill themselves at a chosen step, run in a process of their own.

A clean process imports everything once and then forks each victim (``forkserver``), so that a
hundred kills take seconds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event, insert

from xhcredit.jobs.delivery.ssrf_guard import AddressPolicy
from xhcredit.jobs.delivery.webhooks import DeliveryPolicy, deliver
from xhcredit.jobs.night.publish import publish
from xhcredit.store.core.tables import releases
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "__main__",
        __name__,
        "psycopg",
        "sqlalchemy.dialects.postgresql.psycopg",
        "tests.store.draw_victims",
    ]
)


class Steps:
    """Counts what reaches the database, and ends the process without a word at the limit."""

    def __init__(self, limit: int) -> None:
        self.limit, self.count = limit, 0

    def __call__(self, *_: object, **__: object) -> None:
        self.count += 1
        if self.count == self.limit:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, store: Store) -> None:
        """Step before and after every statement, and before every commit."""
        for name in ("before_cursor_execute", "after_cursor_execute", "commit", "begin"):
            event.listen(store.database.engine, name, self)


def publish_night(address: str, folder: str, limit: int) -> None:
    """Publish a night until the limit."""
    steps = Steps(limit)
    with Store.open(address) as store:
        steps.watch(store)
        publish(Path(folder), store, actor="night", progress=steps, chunk=15)
        steps()


def keep_releases(address: str, name: str, limit: int) -> None:
    """Do act after act until the limit."""
    steps = Steps(limit)
    with Store.open(address) as store:
        steps.watch(store)
        for number in range(4):
            key = f"{name}-{number}"
            row = {"digest": key, "name": "n", "body": "{}"}
            act = Act("writer", "release.keep", "test", key=key)
            store.act(act, lambda tx, row=row: _keep(tx, row))
            steps()


def deliver_all(address: str, limit: int) -> None:
    """Tell everybody what is due until the limit."""
    steps = Steps(limit)
    plan = DeliveryPolicy(address_policy=AddressPolicy(("127.0.0.0/8",)), first_pause=timedelta(0))
    with Store.open(address) as store:
        steps.watch(store)
        deliver(store, plan)
        steps()


def _keep(tx, row) -> str:
    tx.con.execute(insert(releases), row | {"activity": tx.seq})
    return row["digest"]


def run(target, *words) -> bool:
    """Run a victim; whether it lived to the end."""
    process = CONTEXT.Process(target=target, args=words)
    process.start()
    process.join()
    code = process.exitcode
    process.close()
    assert code in (0, -signal.SIGKILL), f"it died of something else: {code}"
    return code == 0
