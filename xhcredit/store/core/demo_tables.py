"""Table of the demo clock, which makes a store a demo store."""

from __future__ import annotations

from xhcredit.store.core.columns import integer, plain, store_table

#: moments at which the clock of a demo store was set (append-only): ``moment`` is what it showed
#: when the machine's clock showed ``set_at``.  The first row is written before the first activity
#: entry; without one a store is no demo store, and never becomes one
demo_clock = store_table(
    "demo_clock",
    *integer("step", key=True),
    *plain("moment", "set_at"),
)
