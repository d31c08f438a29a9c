"""Webhook subscriptions: URL, message kinds and bureau of each receiving system."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical, format_moment, parse_moment
from xhcredit.store.core.tables import outbox
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.delivery.tables import deliveries, subscriptions

#: how long messages carry a signature of the earlier secret too, after a new one was made
SECRET_OVERLAP = timedelta(hours=24)


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
            subscription_fields = {
                "name": name,
                "url": url,
                "kinds": sorted(set(kinds)),
                "bureau": bureau,
            }
            row = {
                **subscription_fields,
                "id": number,
                "kinds": canonical(subscription_fields["kinds"]),
                "secret": secret,
            }
            row["spread_to"] = tx.con.scalar(select(func.max(outbox.c.id))) or 0
            tx.con.execute(insert(subscriptions), {**row, "activity": tx.seq})
            tx.audit(**subscription_fields, subscription=number)
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
            active_subscription(tx.con, subscription)
            secret_columns = {
                # From the row itself, under the writer's lock: two rotations at once lose no
                # secret.
                "earlier_secret": subscriptions.c.secret,
                "earlier_until": format_moment(parse_moment(tx.recorded_at) + SECRET_OVERLAP),
                "secret": secret,
            }
            _update_row(tx, subscription, **secret_columns)

        self.writer.act(act, work)
        return secret

    def end(self, act: Act, subscription: int) -> None:
        """End a subscription for good; its waiting deliveries are dropped.

        Raises:
            UnknownRecord: there is no such subscription, or it has ended already.
        """

        def work(tx: Tx) -> None:
            active_subscription(tx.con, subscription)
            waiting_filter = (
                deliveries.c.subscription == subscription,
                deliveries.c.state == "waiting",
            )
            dropped_columns = {"state": "dropped", "done_at": tx.recorded_at, "activity": tx.seq}
            dropped_count = tx.con.execute(
                update(deliveries).where(*waiting_filter).values(**dropped_columns)
            ).rowcount
            _update_row(tx, subscription, ended_at=tx.recorded_at)
            tx.audit(dropped=dropped_count)

        self.writer.act(act, work)

    def list_subscriptions(self, *, include_ended: bool = False) -> list[Subscription]:
        """Those that go on, and on demand those that have ended."""
        with self.database.reading() as con:
            return list_subscriptions(con, include_ended=include_ended)

    def secrets(self, subscription: int, moment: str) -> tuple[str, ...]:
        """The secrets by which messages are signed now, the newest first."""
        columns = subscriptions.c
        statement = select(columns.secret, columns.earlier_secret, columns.earlier_until)
        with self.database.reading() as con:
            row = con.execute(statement.where(columns.id == subscription)).one()
        return (row.secret, row.earlier_secret) if row.earlier_until > moment else (row.secret,)


def list_subscriptions(con: Connection, *, include_ended: bool = False) -> list[Subscription]:
    """Those that go on, and on demand those that have ended."""
    columns = [subscriptions.c[name] for name in Subscription.__dataclass_fields__]
    statement = select(*columns).order_by(subscriptions.c.id)
    if not include_ended:
        statement = statement.where(subscriptions.c.ended_at.is_(None))
    return [_from_row(row) for row in con.execute(statement).mappings()]


def active_subscription(con: Connection, subscription: int) -> Subscription:
    """The one with this number, if it goes on.

    Raises:
        UnknownRecord: there is none, or it has ended.
    """
    found_subscription = next((s for s in list_subscriptions(con) if s.id == subscription), None)
    if found_subscription is None:
        raise UnknownRecord(
            f"there is no subscription {subscription}, or it has ended; list them: "
            "xhcredit deliver list"
        )
    return found_subscription


def _from_row(row: RowMapping) -> Subscription:
    return Subscription(**{**row, "kinds": tuple(json.loads(row["kinds"]))})


def _new_secret(act: Act) -> str:
    """A secret as Standard Webhooks writes them."""
    if act.key is not None:
        raise BadInput("a secret is not kept to be told again; ask without idempotency key")
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _update_row(tx: Tx, subscription: int, **columns: object) -> None:
    row_filter = subscriptions.c.id == subscription
    tx.con.execute(update(subscriptions).where(row_filter).values(**columns, activity=tx.seq))
    tx.audit(subscription=subscription)
