"""Current run: number and as-of day."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, select

from xhcredit.store.core.tables import current, runs


def current_run_row(con: Connection) -> RowMapping | None:
    """Number and day of the run that answers."""
    statement = select(runs.c.run, runs.c.as_of).join(current, current.c.run == runs.c.run)
    return con.execute(statement).mappings().first()
