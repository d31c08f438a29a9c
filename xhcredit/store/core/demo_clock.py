"""A demo store: made as such, with a clock of its own that only moves forward.

The clock goes on at the pace of the machine's clock from the moment at which it was last set.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select

from xhcredit.domain.clock import MomentSource, machine_moment
from xhcredit.errors import BadInput, BadStore
from xhcredit.store.core.database import Database
from xhcredit.store.core.demo_tables import demo_clock
from xhcredit.store.core.hash_chain import format_moment, parse_moment
from xhcredit.store.core.transactions import Act, Tx, Writer


def is_demo(con: Connection) -> bool:
    """Whether a store was made as a demo store."""
    has_demo_table = inspect(con).has_table(demo_clock.name)
    return has_demo_table and con.scalar(select(demo_clock.c.step).limit(1)) is not None


def begin_demo(con: Connection, moment: datetime, machine: datetime) -> None:
    """Make the store that is being made a demo store whose clock begins at a moment."""
    row = {
        "step": 1,
        "moment": format_moment(moment),
        "set_at": format_moment(machine),
        # The entry that tells of the making comes after this row in the same transaction, hence
        # by its number.
        "activity": 1,
    }
    con.execute(insert(demo_clock), row)


def refuse_existing(database: Database) -> None:
    """Refuse to make a demo store where there is a store, or anything else.

    Raises:
        BadStore: there is one; whatever it is, it cannot become a demo store.
    """
    if database.is_sqlite and database.path.exists() and database.path.stat().st_size:
        raise BadStore(_NOT_EMPTY_MESSAGE.format(where=Path(database.path)))
    if not database.is_sqlite:
        with database.reading() as con:
            if inspect(con).get_table_names():
                raise BadStore(_NOT_EMPTY_MESSAGE.format(where=database.engine.url.database))


_NOT_EMPTY_MESSAGE = (
    'there is a store at "{where}", and no store becomes a demo store later; '
    "name a place where there is none"
)


@dataclass(frozen=True)
class DemoClock:
    """The source of moments of a demo store; ``machine`` gives the pace."""

    database: Database
    machine: MomentSource = machine_moment

    def __call__(self) -> datetime:
        """The moment, with the offset of UTC."""
        with self.database.reading() as con:
            return _demo_moment(con, self.machine())


def _demo_moment(con: Connection, machine: datetime) -> datetime:
    statement = select(demo_clock).order_by(demo_clock.c.step.desc()).limit(1)
    row = con.execute(statement).mappings().one()
    elapsed = machine.astimezone(UTC) - parse_moment(row["set_at"])
    return parse_moment(row["moment"]) + max(elapsed, timedelta())  # a machine set back stops it


@dataclass(frozen=True)
class Demo:
    """The clock of a demo store, to be set forward."""

    database: Database
    writer: Writer
    machine: MomentSource = field(default=machine_moment)

    def set_clock(self, act: Act, moment: datetime) -> None:
        """Set the clock forward.

        Args:
            act: who does it and why; its own entry bears the new moment.
            moment: what the clock is to show from now on.

        Raises:
            BadInput: it is past that moment already, or this is no demo store.
        """

        def work(tx: Tx) -> str:
            if not is_demo(tx.con):
                raise BadInput("this store is no demo store: its clock is the machine's")
            # Read once: what the clock shows and set_at must be of one instant, or the demo's
            # clock would drift.
            machine = self.machine()
            current = _demo_moment(tx.con, machine)
            if moment <= current:
                raise BadInput(
                    f"the demo's clock shows {format_moment(current)} and only moves forward; "
                    f"{format_moment(moment)} is past"
                )
            last_step = select(demo_clock.c.step).order_by(demo_clock.c.step.desc()).limit(1)
            row = {"step": (tx.con.scalar(last_step) or 0) + 1, "moment": format_moment(moment)}
            row |= {"set_at": format_moment(machine), "activity": tx.seq}
            tx.con.execute(insert(demo_clock), row)
            tx.audit(moment=row["moment"])
            return str(row["moment"])

        self.writer.act(act, work)
