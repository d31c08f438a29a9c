"""Tables of webhook subscriptions and deliveries."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from xhcredit.store.core.tables import METADATA, Number, Plain, activity_reference

#: who is told what, where.  A signature needs the secret itself, so it is kept, as those of
#: one-time codes is; after a new one is made, messages carry signatures of both for a while
subscriptions = Table(
    "subscriptions",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("kinds", Text, nullable=False),  # JSON; an empty list is every kind
    Column("bureau", Plain, nullable=False),  # empty: the whole district
    Column("secret", Plain, nullable=False),
    Column("earlier_secret", Plain, nullable=False, server_default=""),
    Column("earlier_until", Plain, nullable=False, server_default=""),
    Column("spread_to", Number, nullable=False),  # messages up to this one were looked at
    Column("ended_at", Plain),
    activity_reference(),
)

#: what one subscription is told: waiting, delivered, dead (given up) or dropped (it ended first)
deliveries = Table(
    "deliveries",
    METADATA,
    Column("subscription", Number, ForeignKey("subscriptions.id"), primary_key=True),
    Column("message", Number, ForeignKey("outbox.id"), primary_key=True),
    Column("code", Plain, nullable=False),
    Column("state", Plain, nullable=False, server_default="waiting"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", Plain, nullable=False),
    Column("answer", Text, nullable=False, server_default=""),  # what the last attempt brought
    Column("done_at", Plain),
    activity_reference(),
    Index("ix_deliveries_state", "subscription", "state", "message"),
    Index("ix_deliveries_of", "subscription", "code", "state", "message"),
    Index("ix_deliveries_message", "message", "state"),
)
