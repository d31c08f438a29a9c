"""Webhook deliveries: at least once, in order per enterprise, retried, finally given up (dead).

A message is spread to those who asked for its kind and bureau, sent by who delivers, and its fate
noted.  A sender that dies between sending and noting sends again, so each message arrives at least
once, and those of one enterprise in the order in which they came about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from xhcredit.store.core.bureau_scope import has_bureau
from xhcredit.store.core.database import Database
from xhcredit.store.core.outbox import event_id, webhook_body
from xhcredit.store.core.tables import activity, outbox
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.delivery.rows import DeadMessage
from xhcredit.store.delivery.subscriptions import (
    Subscription,
    active_subscription,
    list_subscriptions,
)
from xhcredit.store.delivery.tables import deliveries, subscriptions

ENQUEUE_LIMIT = 10_000  #: messages that one act spreads, so that no other writer waits long
_WAITING = deliveries.c.state == "waiting"


class PendingDelivery(NamedTuple):
    """A message to be sent now: ``event`` names it for the receiver."""

    message: int
    code: str
    attempts: int
    event: str
    body: bytes


class DeliveryOutcome(NamedTuple):
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

    def enqueue_messages(self, act: Act) -> int:
        """Queue new messages for the subscriptions; return how many messages were processed.

        Some thousand messages at a time: ask again until it is 0.  Writes nothing if none came.
        """
        with self.database.reading() as con:
            if not any(s.spread_to < _newest_message(con) for s in list_subscriptions(con)):
                return 0

        def work(tx: Tx) -> int:
            newest, subscriptions_now = _newest_message(tx.con), list_subscriptions(tx.con)
            message_counts = [
                _enqueue_for(tx, s, min(newest, s.spread_to + ENQUEUE_LIMIT))
                for s in subscriptions_now
            ]
            reached_message = min((s.spread_to for s in list_subscriptions(tx.con)), default=0)
            settled_count = _settle_messages(tx, outbox.c.id <= reached_message)
            tx.audit(messages=max(message_counts, default=0), settled=settled_count)
            return max(message_counts, default=0)

        return int(self.writer.act(act, work))

    def pending(self, subscription: int, moment: str, limit: int) -> list[PendingDelivery]:
        """The oldest messages that may be sent now; none before an earlier one of its enterprise.

        Args:
            subscription: whose.
            moment: the moment, as it is kept.
            limit: how many at most.
        """
        earlier = deliveries.alias("earlier")
        earlier_waiting = select(1).where(
            earlier.c.subscription == subscription,
            earlier.c.code == deliveries.c.code,
            earlier.c.state == "waiting",
            earlier.c.message < deliveries.c.message,
            # Those due together go in the order of their numbers; only one that must wait holds
            # back what comes after it.
            earlier.c.due_at > moment,
        )
        statement = (
            select(deliveries.c.attempts, activity.c.recorded_at, outbox)
            .join_from(deliveries, outbox, deliveries.c.message == outbox.c.id)
            .join(activity, activity.c.seq == outbox.c.activity)
            .where(
                deliveries.c.subscription == subscription, _WAITING, deliveries.c.due_at <= moment
            )
            # What is about no one enterprise has no order to keep.
            .where((deliveries.c.code == "") | ~earlier_waiting.exists())
        )
        with self.database.reading() as con:
            rows = con.execute(statement.order_by(deliveries.c.message).limit(limit)).mappings()
            return [_pending_delivery(row) for row in rows]

    def record_outcomes(
        self, act: Act, subscription: int, outcomes: Sequence[DeliveryOutcome]
    ) -> None:
        """Record outcomes of delivery attempts; deliveries that no longer wait stay unchanged."""

        def work(tx: Tx) -> None:
            tx.con.execute(
                _OUTCOME_STATEMENT,
                [_outcome_row(tx, subscription, outcome) for outcome in outcomes],
            )
            settled_ids = [outcome.message for outcome in outcomes if outcome.state != "waiting"]
            _settle_messages(tx, outbox.c.id.in_(settled_ids))
            states = [outcome.state for outcome in outcomes]
            counts = {s: states.count(s) for s in sorted(set(states))}
            tx.audit(subscription=subscription, messages=len(outcomes), **counts)

        self.writer.act(act, work)

    def replay(self, act: Act, subscription: int, since: int | None = None) -> int:
        """Replay deliveries: the dead ones, or every message from number ``since`` on.

        Returns:
            How many messages will be sent.

        Raises:
            UnknownRecord: there is no such subscription, or it has ended.
        """

        def work(tx: Tx) -> int:
            target = active_subscription(tx.con, subscription)
            subscription_filter = deliveries.c.subscription == subscription
            message_filter = (
                deliveries.c.state == "dead" if since is None else deliveries.c.message >= since
            )
            reset_columns = {
                "state": "waiting",
                "attempts": 0,
                "due_at": tx.recorded_at,
                "done_at": None,
            }
            reset_statement = (
                update(deliveries)
                .where(subscription_filter, message_filter)
                .values(**reset_columns, activity=tx.seq)
            )
            count = tx.con.execute(reset_statement).rowcount
            if since is not None:
                count += _add_deliveries(tx, target, since - 1, target.spread_to)
            tx.audit(subscription=subscription, since=since, messages=count)
            return count

        return int(self.writer.act(act, work))

    def counts(self) -> dict[int, dict[str, int]]:
        """How many messages of each subscription are in which state."""
        subscription_column, state_column = deliveries.c.subscription, deliveries.c.state
        with self.database.reading() as con:
            counts_by_subscription: dict[int, dict[str, int]] = {}
            for number, name, count in con.execute(
                select(subscription_column, state_column, func.count())
                .group_by(subscription_column, state_column)
                .order_by(subscription_column, state_column)
            ):
                counts_by_subscription.setdefault(number, {})[name] = count
            return counts_by_subscription

    def dead_messages(
        self, subscription: int, limit: int = 100, before: int | None = None
    ) -> list[DeadMessage]:
        """Messages that were given up, the latest first; ``before`` a number, if one is told."""
        columns = (deliveries.c.message, outbox.c.kind, outbox.c.code, deliveries.c.attempts)
        statement = (
            select(*columns, deliveries.c.answer, deliveries.c.done_at)
            .join_from(deliveries, outbox, deliveries.c.message == outbox.c.id)
            .where(deliveries.c.subscription == subscription, deliveries.c.state == "dead")
        )
        if before is not None:
            statement = statement.where(deliveries.c.message < before)
        with self.database.reading() as con:
            rows = con.execute(statement.order_by(deliveries.c.message.desc()).limit(limit))
            return [cast(DeadMessage, dict(row)) for row in rows.mappings()]


_OUTCOME_STATEMENT = (
    update(deliveries)
    .where(
        deliveries.c.subscription == bindparam("of"),
        deliveries.c.message == bindparam("number"),
        # What was dropped or replayed while it was being sent keeps that state.
        _WAITING,
    )
    .values(
        state=bindparam("fate"),
        attempts=deliveries.c.attempts + 1,
        answer=bindparam("answer_text"),
        due_at=bindparam("due"),
        done_at=bindparam("done"),
        activity=bindparam("because"),
    )
)


def _pending_delivery(row: RowMapping) -> PendingDelivery:
    return PendingDelivery(
        row["id"], row["code"], row["attempts"], event_id(row), webhook_body(row)
    )


def _outcome_row(tx: Tx, subscription: int, fate: DeliveryOutcome) -> dict[str, str | int | None]:
    return {
        "of": subscription,
        "number": fate.message,
        "fate": fate.state,
        "answer_text": fate.answer,
        "due": fate.due_at,
        "done": None if fate.state == "waiting" else tx.recorded_at,
        "because": tx.seq,
    }


def _newest_message(con: Connection) -> int:
    """The last message; numbers follow the order of commits, since writers take turns."""
    return con.scalar(select(func.max(outbox.c.id))) or 0


def _enqueue_for(tx: Tx, subscription: Subscription, last_message: int) -> int:
    """Queue new messages for one subscription; return how many were processed."""
    _add_deliveries(tx, subscription, subscription.spread_to, last_message)
    row_filter = subscriptions.c.id == subscription.id
    tx.con.execute(update(subscriptions).where(row_filter).values(spread_to=last_message))
    return max(last_message - subscription.spread_to, 0)


def _add_deliveries(
    tx: Tx, subscription: Subscription, after_message: int, last_message: int
) -> int:
    """Add deliveries of messages in a range that are not there yet; return how many."""
    existing = select(1).where(
        deliveries.c.subscription == subscription.id, deliveries.c.message == outbox.c.id
    )
    statement = select(
        literal(subscription.id),
        outbox.c.id,
        outbox.c.code,
        literal(tx.recorded_at),
        literal(tx.seq),
    ).where(outbox.c.id > after_message, outbox.c.id <= last_message, ~existing.exists())
    if subscription.kinds:
        statement = statement.where(outbox.c.kind.in_(subscription.kinds))
    if subscription.bureau:
        is_of_bureau = outbox.c.bureau == subscription.bureau
        statement = statement.where(
            or_(is_of_bureau, has_bureau(outbox.c.bureaus, [subscription.bureau]))
        )
    columns = ("subscription", "message", "code", "due_at", "activity")
    insertion = insert(deliveries).from_select(columns, statement)
    execution_options = {"preserve_rowcount": True}  # of an INSERT it is else thrown away
    return tx.con.execute(insertion, execution_options=execution_options).rowcount


def _settle_messages(tx: Tx, condition: ColumnElement[bool]) -> int:
    """Mark messages without waiting deliveries as settled; return how many."""
    waiting_delivery = select(1).where(deliveries.c.message == outbox.c.id, _WAITING)
    settle_statement = update(outbox).where(
        condition, outbox.c.delivered_at.is_(None), ~waiting_delivery.exists()
    )
    return tx.con.execute(settle_statement.values(delivered_at=tx.recorded_at)).rowcount
