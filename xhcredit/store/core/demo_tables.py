"""Table of the demo clock, which makes a store a demo store."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table

from xhcredit.store.core.tables import METADATA, Plain, activity_reference

#: moments at which the clock of a demo store was set (append-only): ``moment`` is what it showed
#: when the machine's clock showed ``set_at``.  The first row is written before the first activity
#: entry; without one a store is no demo store, and never becomes one
demo_clock = Table(
    "demo_clock",
    METADATA,
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("moment", Plain, nullable=False),
    Column("set_at", Plain, nullable=False),
    activity_reference(),
)
