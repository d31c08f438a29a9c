"""Tables of joint draws and of triggered checks."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from xhcredit.store.core.tables import METADATA, Plain, activity_reference

#: joint draws (append-only) with their records as they are published
joint_draws = Table(
    "joint_draws",
    METADATA,
    Column("id", Plain, primary_key=True),
    Column("first", Plain, nullable=False),
    Column("last", Plain, nullable=False),
    Column("digest", Plain, nullable=False),
    Column("body", Text, nullable=False),
    activity_reference(),
)

#: which draws were laid over one another (append-only); each takes part once
joint_members = Table(
    "joint_members",
    METADATA,
    Column("draw", Plain, ForeignKey("draws.id"), primary_key=True),
    Column("joint", Plain, ForeignKey("joint_draws.id"), nullable=False),
    activity_reference(),
    Index("ix_joint_members_joint", "joint"),
)

#: checks for a reason of their own instead of by lot (append-only)
triggered_checks = Table(
    "triggered_checks",
    METADATA,
    Column("id", Plain, primary_key=True),
    Column("bureau", Plain, nullable=False),
    Column("code", Plain, nullable=False),
    Column("body", Text, nullable=False),
    activity_reference(),
    Index("ix_triggered_checks_code", "code"),
)

#: opened, then closed with a result or called off (append-only); corrected by a further step
triggered_steps = Table(
    "triggered_steps",
    METADATA,
    Column("id", Plain, ForeignKey("triggered_checks.id"), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("state", Plain, nullable=False),
    Column("recorded_at", Plain, nullable=False),
    Column("actor", Plain, nullable=False),
    Column("details", Text, nullable=False),
    activity_reference(),
)
