"""Tables of joint draws and of triggered checks."""

from __future__ import annotations

from sqlalchemy import Index

from xhcredit.store.core.columns import integer, plain, reference, store_table, words

#: joint draws (append-only) with their records as they are published
joint_draws = store_table(
    "joint_draws",
    *plain("id", key=True),
    *plain("first", "last", "digest"),
    *words("body"),
)

#: which draws were laid over one another (append-only); each takes part once
joint_members = store_table(
    "joint_members",
    reference("draw", "draws.id", key=True),
    reference("joint", "joint_draws.id"),
    Index("ix_joint_members_joint", "joint"),
)

#: checks for a reason of their own instead of by lot (append-only)
triggered_checks = store_table(
    "triggered_checks",
    *plain("id", key=True),
    *plain("bureau", "code"),
    *words("body"),
    Index("ix_triggered_checks_code", "code"),
)

#: opened, then closed with a result or called off (append-only); corrected by a further step
triggered_steps = store_table(
    "triggered_steps",
    reference("id", "triggered_checks.id", key=True),
    *integer("step", key=True),
    *plain("state", "recorded_at", "actor"),
    *words("details"),
)
