"""Webhook deliveries: at least once, in order per enterprise, retried, finally given up (dead).

A message is spread to those who asked for its kind and bureau, sent by who delivers, and its fate
noted.  A sender that dies between sending and noting sends again, so each message arrives at least
once, and those of one enterprise in the order in which they came about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, literal, select, update

from xhcredit.store.core.database import Database
from xhcredit.store.core.outbox import body_of, event_of
from xhcredit.store.core.tables import activity, outbox
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.delivery.subscriptions import Subscription, asked_for, every
from xhcredit.store.delivery.tables import deliveries, subscriptions

SPREAD = 10_000  #: messages that one act spreads, so that no other writer waits long
_WAITING = deliveries.c.state == "waiting"


class Due(NamedTuple):
    """A message to be sent now: ``event`` names it for the receiver."""

    message: int
    code: str
    attempts: int
    event: str
    body: bytes


class Fate(NamedTuple):
    """Outcome of a delivery attempt: delivered, dead, or waiting until ``due_at``."""

    message: int
    state: str
    answer: str
    due_at: str


@dataclass(frozen=True)
class Deliveries:
    """Queues webhook deliveries, lists those due, and records their outcomes."""

    database: Database
    writer: Writer

    def spread(self, act: Act) -> int:
        """Queue new messages for the subscriptions; return how many messages were processed.

        Some thousand messages at a time: ask again until it is 0.  Writes nothing if none came.
        """
        with self.database.reading() as con:
            if not any(s.spread_to < _newest(con) for s in every(con)):
                return 0

        def work(tx: Tx) -> int:
            newest, going = _newest(tx.con), every(tx.con)
            seen = [_spread(tx, s, min(newest, s.spread_to + SPREAD)) for s in going]
            reached = min((s.spread_to for s in every(tx.con)), default=0)
            settled = _settle(tx, outbox.c.id <= reached)
            tx.tell(messages=max(seen, default=0), settled=settled)
            return max(seen, default=0)

        return int(self.writer.act(act, work))

    def due(self, subscription: int, now: str, limit: int) -> list[Due]:
        """The oldest messages that may be sent now; none before an earlier one of its enterprise.

        Args:
            subscription: whose.
            now: the moment, as it is kept.
            limit: how many at most.
        """
        earlier = deliveries.alias("earlier")
        resting = select(1).where(
            earlier.c.subscription == subscription,
            earlier.c.code == deliveries.c.code,
            earlier.c.state == "waiting",
            earlier.c.message < deliveries.c.message,
            earlier.c.due_at > now,
        )
        wanted = (
            select(deliveries.c.attempts, activity.c.at, outbox)
            .join_from(deliveries, outbox, deliveries.c.message == outbox.c.id)
            .join(activity, activity.c.seq == outbox.c.activity)
            .where(deliveries.c.subscription == subscription, _WAITING, deliveries.c.due_at <= now)
            .where((deliveries.c.code == "") | ~resting.exists())
        )
        with self.database.reading() as con:
            rows = con.execute(wanted.order_by(deliveries.c.message).limit(limit)).mappings()
            return [_due(dict(row)) for row in rows]

    def note(self, act: Act, subscription: int, fates: Sequence[Fate]) -> None:
        """Record outcomes of delivery attempts; deliveries that no longer wait stay unchanged."""

        def work(tx: Tx) -> None:
            tx.con.execute(_FATE, [_row(tx, subscription, fate) for fate in fates])
            done = [f.message for f in fates if f.state != "waiting"]
            _settle(tx, outbox.c.id.in_(done))
            states = [f.state for f in fates]
            counts = {s: states.count(s) for s in sorted(set(states))}
            tx.tell(subscription=subscription, messages=len(fates), **counts)

        self.writer.act(act, work)

    def replay(self, act: Act, subscription: int, since: int | None = None) -> int:
        """Replay deliveries: the dead ones, or every message from number ``since`` on.

        Returns:
            How many messages will be sent.

        Raises:
            UnknownRecord: there is no such subscription, or it has ended.
        """

        def work(tx: Tx) -> int:
            going = asked_for(tx.con, subscription)
            mine = deliveries.c.subscription == subscription
            which = deliveries.c.state == "dead" if since is None else deliveries.c.message >= since
            again = {"state": "waiting", "attempts": 0, "due_at": tx.at, "done_at": None}
            kept = update(deliveries).where(mine, which).values(**again, activity=tx.seq)
            count = tx.con.execute(kept).rowcount
            if since is not None:
                count += _take_on(tx, going, since - 1, going.spread_to)
            tx.tell(subscription=subscription, since=since, messages=count)
            return count

        return int(self.writer.act(act, work))

    def counts(self) -> dict[int, dict[str, int]]:
        """How many messages of each subscription are in which state."""
        of, state = deliveries.c.subscription, deliveries.c.state
        with self.database.reading() as con:
            found: dict[int, dict[str, int]] = {}
            for number, name, count in con.execute(
                select(of, state, func.count()).group_by(of, state).order_by(of, state)
            ):
                found.setdefault(number, {})[name] = count
            return found

    def dead(self, subscription: int, limit: int = 100) -> list[dict[str, Any]]:
        """Messages that were given up, the latest first."""
        shown = (deliveries.c.message, outbox.c.kind, outbox.c.code, deliveries.c.attempts)
        wanted = (
            select(*shown, deliveries.c.answer, deliveries.c.done_at)
            .join_from(deliveries, outbox, deliveries.c.message == outbox.c.id)
            .where(deliveries.c.subscription == subscription, deliveries.c.state == "dead")
        )
        with self.database.reading() as con:
            rows = con.execute(wanted.order_by(deliveries.c.message.desc()).limit(limit))
            return [dict(row) for row in rows.mappings()]


_FATE = (
    update(deliveries)
    .where(
        deliveries.c.subscription == bindparam("of"),
        deliveries.c.message == bindparam("number"),
        _WAITING,
    )
    .values(
        state=bindparam("fate"),
        attempts=deliveries.c.attempts + 1,
        answer=bindparam("said"),
        due_at=bindparam("due"),
        done_at=bindparam("done"),
        activity=bindparam("because"),
    )
)


def _due(row: dict[str, Any]) -> Due:
    return Due(row["id"], row["code"], row["attempts"], event_of(row), body_of(row))


def _row(tx: Tx, subscription: int, fate: Fate) -> dict[str, Any]:
    return {
        "of": subscription,
        "number": fate.message,
        "fate": fate.state,
        "said": fate.answer,
        "due": fate.due_at,
        "done": None if fate.state == "waiting" else tx.at,
        "because": tx.seq,
    }


def _newest(con: Connection) -> int:
    """The last message; numbers follow the order of commits, since writers take turns."""
    return con.scalar(select(func.max(outbox.c.id))) or 0


def _spread(tx: Tx, to: Subscription, until: int) -> int:
    """Queue new messages for one subscription; return how many were processed."""
    _take_on(tx, to, to.spread_to, until)
    row = subscriptions.c.id == to.id
    tx.con.execute(update(subscriptions).where(row).values(spread_to=until))
    return max(until - to.spread_to, 0)


def _take_on(tx: Tx, to: Subscription, after: int, until: int) -> int:
    """Add deliveries of messages in a range that are not there yet; return how many."""
    there = select(1).where(deliveries.c.subscription == to.id, deliveries.c.message == outbox.c.id)
    wanted = select(
        literal(to.id), outbox.c.id, outbox.c.code, literal(tx.at), literal(tx.seq)
    ).where(outbox.c.id > after, outbox.c.id <= until, ~there.exists())
    if to.kinds:
        wanted = wanted.where(outbox.c.kind.in_(to.kinds))
    if to.bureau:
        wanted = wanted.where(outbox.c.bureau == to.bureau)
    columns = ("subscription", "message", "code", "due_at", "activity")
    added = insert(deliveries).from_select(columns, wanted)
    counted = {"preserve_rowcount": True}  # of an INSERT it is else thrown away
    return tx.con.execute(added, execution_options=counted).rowcount


def _settle(tx: Tx, which: Any) -> int:
    """Mark messages without waiting deliveries as settled; return how many."""
    waited_for = select(1).where(deliveries.c.message == outbox.c.id, _WAITING)
    free = update(outbox).where(which, outbox.c.delivered_at.is_(None), ~waited_for.exists())
    return tx.con.execute(free.values(delivered_at=tx.at)).rowcount
