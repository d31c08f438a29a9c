"""Tables of webhook subscriptions and deliveries."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Text

from xhcredit.store.core.columns import (
    Number,
    Plain,
    empty,
    number,
    optional,
    plain,
    reference,
    store_table,
    words,
)

#: who is told what, where.  A signature needs the secret itself, so it is kept, as those of
#: one-time codes is; after a new one is made, messages carry signatures of both for a while
subscriptions = store_table(
    "subscriptions",
    *number("id", key=True),
    *words("name", "url"),
    *words("kinds"),  # JSON; an empty list is every kind
    *plain("bureau"),  # empty: the whole district
    *plain("secret"),
    *empty("earlier_secret", "earlier_until"),
    *number("spread_to"),  # messages up to this one were looked at
    *optional("ended_at"),
)

#: what one subscription is told: waiting, delivered, dead (given up) or dropped (it ended first)
deliveries = store_table(
    "deliveries",
    reference("subscription", "subscriptions.id", Number, key=True),
    reference("message", "outbox.id", Number, key=True),
    *plain("code"),
    Column("state", Plain, nullable=False, server_default="waiting"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    *plain("due_at"),
    Column("answer", Text, nullable=False, server_default=""),  # what the last attempt brought
    *optional("done_at"),
    Index("ix_deliveries_state", "subscription", "state", "message"),
    Index("ix_deliveries_of", "subscription", "code", "state", "message"),
    Index("ix_deliveries_message", "message", "state"),
)
