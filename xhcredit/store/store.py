"""The store: opened once per process, safe to use from several threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from xhcredit.domain.clock import Clock, MomentSource, machine_moment
from xhcredit.store.access.accounts_and_keys import Access
from xhcredit.store.access.sessions import Sessions
from xhcredit.store.alerts.alerts import Alerts
from xhcredit.store.change_feed import ChangeFeed
from xhcredit.store.core.database import Database, connect
from xhcredit.store.core.demo_clock import Demo, DemoClock, is_demo, refuse_existing
from xhcredit.store.core.outbox import Outbox
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.delivery.deliveries import Deliveries
from xhcredit.store.delivery.subscriptions import Subscriptions
from xhcredit.store.draws.draws import Draws
from xhcredit.store.draws.joint import JointDraws
from xhcredit.store.draws.triggered_checks import TriggeredChecks
from xhcredit.store.migrate import HEAD, MigrationReport, require_newest, upgrade_store
from xhcredit.store.models.candidates import Models
from xhcredit.store.night.publish import Snapshots
from xhcredit.store.night.run_reader import RunReader
from xhcredit.store.night.saved_views import Views
from xhcredit.store.restoration.applications import Applications
from xhcredit.store.watchlist import WatchlistReader

_Outcome = TypeVar("_Outcome")


def _make_private(database: Database) -> None:
    """Create the database file private to its owner: it will hold names and digests of secrets."""
    if database.is_sqlite and not database.path.exists():
        with suppress(OSError):  # whether it can be written says the database itself, in our words
            database.path.parent.mkdir(parents=True, exist_ok=True)
            database.path.touch(mode=0o600)


def _with_store_clock(writer: Writer) -> Writer:
    """The writer with the clock that belongs to its store: a demo store has one of its own."""
    with writer.database.reading() as con:
        is_demo_store = is_demo(con)
    return (
        replace(writer, clock=DemoClock(writer.database, writer.clock)) if is_demo_store else writer
    )


@dataclass(frozen=True)
class Store:
    """Database store: ``reader`` to read, ``act`` to write.

    ``is_demo``: it was made as a demo store, and ``clock`` is one of its own.
    """

    database: Database
    writer: Writer
    migrated: MigrationReport
    is_demo: bool = False

    @classmethod
    def open(
        cls, address: str, *, algorithm: str = "sha256", clock: MomentSource = machine_moment
    ) -> Store:
        """Open the store at an address (a file, or ``postgresql://…``); create or upgrade it.

        Args:
            address: where it is.
            algorithm: digest of new activity entries, ``sha256`` or ``sm3``; entries of both may
                stand in one chain.
            clock: tells the time of new entries; of a demo store, only the pace of its clock.

        Raises:
            BadStore: the address cannot be read, or a newer program made the store.
            StoreUnavailable: the database cannot be reached.
        """
        return cls._open_database(connect(address), algorithm, clock, None)

    @classmethod
    def make_demo(
        cls,
        address: str,
        starts_at: datetime,
        *,
        algorithm: str = "sha256",
        clock: MomentSource = machine_moment,
    ) -> Store:
        """Make a demo store, whose clock begins at a moment, where there is no store yet.

        Raises:
            BadStore: there is a store, which cannot become one; or the address cannot be read.
            StoreUnavailable: the database cannot be reached.
        """
        database = connect(address)
        refuse_existing(database)
        return cls._open_database(database, algorithm, clock, starts_at)

    @classmethod
    def _open_database(
        cls, database: Database, algorithm: str, clock: MomentSource, starts_at: datetime | None
    ) -> Store:
        try:
            _make_private(database)
            writer = Writer(database, algorithm, clock)
            if starts_at is None:  # what opening writes bears the moment of the store's own clock
                migrated = upgrade_store(database, _with_store_clock(writer))
            else:
                starting_writer = replace(writer, clock=lambda: starts_at)
                migrated = upgrade_store(database, starting_writer, demo_from=(starts_at, clock()))
            return cls._from_writer(writer, migrated)
        except BaseException:
            database.engine.dispose()
            raise

    @classmethod
    def _from_writer(cls, writer: Writer, migrated: MigrationReport) -> Store:
        """The store, with the clock that belongs to it."""
        store_writer = _with_store_clock(writer)
        return cls(
            store_writer.database,
            store_writer,
            migrated,
            is_demo=isinstance(store_writer.clock, DemoClock),
        )

    @classmethod
    def open_unchanged(cls, address: str) -> Store:
        """Open the store at an address read-only: neither upgraded nor repaired.

        Raises:
            BadStore: it is not of this program's version, or the address cannot be read.
            StoreUnavailable: the database cannot be reached.
        """
        database = connect(address)
        try:
            require_newest(database)
            return cls._from_writer(Writer(database), MigrationReport(HEAD, HEAD, []))
        except BaseException:
            database.engine.dispose()
            raise

    @cached_property
    def demo(self) -> Demo:
        """The clock of a demo store, to be set forward."""
        machine = self.writer.clock.machine if isinstance(self.writer.clock, DemoClock) else None
        return Demo(self.database, self.writer, machine or machine_moment)

    @property
    def clock(self) -> Clock:
        """Clock of this store: moment and day of everything done in it."""
        return Clock(self.writer.clock)

    def act(self, act: Act, work: Callable[[Tx], _Outcome]) -> _Outcome:
        """Do an act; see ``Writer.act``."""
        return self.writer.act(act, work)

    def record(self, acts: Sequence[Act]) -> int:
        """Add entries of acts that write nothing else; see ``Writer.record``."""
        return self.writer.record(acts)

    @cached_property
    def reader(self) -> RunReader:
        """Reader of the published runs."""
        return RunReader(self.database)

    @cached_property
    def watchlist(self) -> WatchlistReader:
        """Lists of the current run."""
        return WatchlistReader(self.database)

    @cached_property
    def views(self) -> Views:
        """Filters of these lists that officers saved."""
        return Views(self.database, self.writer)

    @cached_property
    def snapshots(self) -> Snapshots:
        """How a night becomes the current run."""
        return Snapshots(self.database, self.writer)

    @cached_property
    def outbox(self) -> Outbox:
        """Outbox: messages to other systems."""
        return Outbox(self.database)

    @cached_property
    def change_feed(self) -> ChangeFeed:
        """Changes for systems that follow the service."""
        return ChangeFeed(self.database, self.writer)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """Webhook subscriptions."""
        return Subscriptions(self.database, self.writer)

    @cached_property
    def deliveries(self) -> Deliveries:
        """Webhook deliveries."""
        return Deliveries(self.database, self.writer)

    @cached_property
    def draws(self) -> Draws:
        """Inspection plans and draws."""
        return Draws(self.database, self.writer)

    @cached_property
    def joint_draws(self) -> JointDraws:
        """Draws laid over one another."""
        return JointDraws(self.database, self.writer)

    @cached_property
    def triggered_checks(self) -> TriggeredChecks:
        """Checks for a reason of their own instead of by lot."""
        return TriggeredChecks(self.database, self.writer)

    @cached_property
    def models(self) -> Models:
        """Candidate releases, and which release scores."""
        return Models(self.database, self.writer)

    @cached_property
    def access(self) -> Access:
        """Accounts, grants and API keys."""
        return Access(self.database, self.writer)

    @cached_property
    def sessions(self) -> Sessions:
        """Login sessions."""
        return Sessions(self.database, self.writer)

    @cached_property
    def applications(self) -> Applications:
        """Applications for restoration, and objections."""
        return Applications(self.database, self.writer)

    @cached_property
    def alerts(self) -> Alerts:
        """Early-warning alerts and their follow-up."""
        return Alerts(self.database, self.writer)

    def close(self) -> None:
        """Close all connections."""
        self.reader.close()
        self.database.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
