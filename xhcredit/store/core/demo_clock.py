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
from xhcredit.store.core.hash_chain import moment_of, written
from xhcredit.store.core.transactions import Act, Tx, Writer


def is_demo(con: Connection) -> bool:
    """Whether a store was made as a demo store."""
    there = inspect(con).has_table(demo_clock.name)
    return there and con.scalar(select(demo_clock.c.step).limit(1)) is not None


def begin(con: Connection, moment: datetime, machine: datetime) -> None:
    """Make the store that is being made a demo store whose clock begins at a moment."""
    row = {"step": 1, "moment": written(moment), "set_at": written(machine), "activity": 1}
    con.execute(insert(demo_clock), row)


def refuse_existing(database: Database) -> None:
    """Refuse to make a demo store where there is a store, or anything else.

    Raises:
        BadStore: there is one; whatever it is, it cannot become a demo store.
    """
    if database.is_sqlite and database.path.exists() and database.path.stat().st_size:
        raise BadStore(_TAKEN.format(where=Path(database.path)))
    if not database.is_sqlite:
        with database.reading() as con:
            if inspect(con).get_table_names():
                raise BadStore(_TAKEN.format(where=database.engine.url.database))


_TAKEN = (
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
            return _moment(con, self.machine())


def _moment(con: Connection, machine: datetime) -> datetime:
    last = select(demo_clock).order_by(demo_clock.c.step.desc()).limit(1)
    row = con.execute(last).mappings().one()
    gone = machine.astimezone(UTC) - moment_of(row["set_at"])
    return moment_of(row["moment"]) + max(gone, timedelta())  # a machine set back stops it


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
            machine = self.machine()
            current = _moment(tx.con, machine)
            if moment <= current:
                raise BadInput(
                    f"the demo's clock shows {written(current)} and only moves forward; "
                    f"{written(moment)} is past"
                )
            last = select(demo_clock.c.step).order_by(demo_clock.c.step.desc()).limit(1)
            row = {"step": (tx.con.scalar(last) or 0) + 1, "moment": written(moment)}
            row |= {"set_at": written(machine), "activity": tx.seq}
            tx.con.execute(insert(demo_clock), row)
            tx.tell(moment=row["moment"])
            return str(row["moment"])

        self.writer.act(act, work)
