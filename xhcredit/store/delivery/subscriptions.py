"""Webhook subscriptions: URL, message kinds and bureau of each receiving system."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical, moment_of, written
from xhcredit.store.core.tables import outbox
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.delivery.tables import deliveries, subscriptions

#: how long messages carry a signature of the earlier secret too, after a new one was made
OVERLAP = timedelta(hours=24)


@dataclass(frozen=True)
class Subscription:
    """Webhook subscription: empty ``kinds`` is every kind, empty ``bureau`` the whole district."""

    id: int
    name: str
    url: str
    kinds: tuple[str, ...]
    bureau: str
    spread_to: int
    ended_at: str | None


@dataclass(frozen=True)
class Subscriptions:
    """Reads and writes webhook subscriptions."""

    database: Database
    writer: Writer

    def add(
        self, act: Act, name: str, url: str, kinds: Sequence[str], bureau: str
    ) -> tuple[int, str]:
        """Add a subscription to messages from now on.

        Whether the address may be sent to is decided by who sends.

        Returns:
            Its number, and its secret, which is not told again.

        Raises:
            BadInput: with an idempotency key, under which the secret would be kept.
        """
        secret = _new_secret(act)

        def work(tx: Tx) -> int:
            number = (tx.con.scalar(select(func.max(subscriptions.c.id))) or 0) + 1
            said = {"name": name, "url": url, "kinds": sorted(set(kinds)), "bureau": bureau}
            row = {**said, "id": number, "kinds": canonical(said["kinds"]), "secret": secret}
            row["spread_to"] = tx.con.scalar(select(func.max(outbox.c.id))) or 0
            tx.con.execute(insert(subscriptions), {**row, "activity": tx.seq})
            tx.tell(**said, subscription=number)
            return number

        return int(self.writer.act(act, work)), secret

    def rotate(self, act: Act, subscription: int) -> str:
        """Rotate the signing secret; both sign for a day; the new one is shown only once.

        Raises:
            BadInput: with an idempotency key, under which the secret would be kept.
            UnknownRecord: there is no such subscription, or it has ended.
        """
        secret = _new_secret(act)

        def work(tx: Tx) -> None:
            asked_for(tx.con, subscription)
            new = {
                "earlier_secret": subscriptions.c.secret,
                "earlier_until": written(moment_of(tx.at) + OVERLAP),
                "secret": secret,
            }
            _change(tx, subscription, **new)

        self.writer.act(act, work)
        return secret

    def end(self, act: Act, subscription: int) -> None:
        """End a subscription for good; its waiting deliveries are dropped.

        Raises:
            UnknownRecord: there is no such subscription, or it has ended already.
        """

        def work(tx: Tx) -> None:
            asked_for(tx.con, subscription)
            waits = deliveries.c.subscription == subscription, deliveries.c.state == "waiting"
            over = {"state": "dropped", "done_at": tx.at, "activity": tx.seq}
            dropped = tx.con.execute(update(deliveries).where(*waits).values(**over)).rowcount
            _change(tx, subscription, ended_at=tx.at)
            tx.tell(dropped=dropped)

        self.writer.act(act, work)

    def every(self, *, ended: bool = False) -> list[Subscription]:
        """Those that go on, and on demand those that have ended."""
        with self.database.reading() as con:
            return every(con, ended=ended)

    def secrets(self, subscription: int, now: str) -> tuple[str, ...]:
        """The secrets by which messages are signed now, the newest first."""
        columns = subscriptions.c
        wanted = select(columns.secret, columns.earlier_secret, columns.earlier_until)
        with self.database.reading() as con:
            row = con.execute(wanted.where(columns.id == subscription)).one()
        return (row.secret, row.earlier_secret) if row.earlier_until > now else (row.secret,)


def every(con: Connection, *, ended: bool = False) -> list[Subscription]:
    """Those that go on, and on demand those that have ended."""
    names = [subscriptions.c[name] for name in Subscription.__dataclass_fields__]
    wanted = select(*names).order_by(subscriptions.c.id)
    if not ended:
        wanted = wanted.where(subscriptions.c.ended_at.is_(None))
    return [_read(row) for row in con.execute(wanted).mappings()]


def asked_for(con: Connection, subscription: int) -> Subscription:
    """The one with this number, if it goes on.

    Raises:
        UnknownRecord: there is none, or it has ended.
    """
    found = next((s for s in every(con) if s.id == subscription), None)
    if found is None:
        raise UnknownRecord(
            f"there is no subscription {subscription}, or it has ended; list them: "
            "xhcredit deliver list"
        )
    return found


def _read(row: Any) -> Subscription:
    return Subscription(**{**row, "kinds": tuple(json.loads(row["kinds"]))})


def _new_secret(act: Act) -> str:
    """A secret as Standard Webhooks writes them."""
    if act.key is not None:
        raise BadInput("a secret is not kept to be told again; ask without idempotency key")
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _change(tx: Tx, subscription: int, **values: Any) -> None:
    row = subscriptions.c.id == subscription
    tx.con.execute(update(subscriptions).where(row).values(**values, activity=tx.seq))
    tx.tell(subscription=subscription)
