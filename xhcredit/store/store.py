"""The store: opened once per process, safe to use from several threads."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any

from xhcredit.domain.clock import Clock, MomentSource, machine_moment
from xhcredit.store.access import Access
from xhcredit.store.acts import Act, Work, Writer
from xhcredit.store.alerts import Alerts
from xhcredit.store.applications import Applications
from xhcredit.store.deliveries import Deliveries
from xhcredit.store.draws import Draws
from xhcredit.store.draws_joint import JointDraws
from xhcredit.store.draws_triggered import Triggered
from xhcredit.store.engines import Database, connect
from xhcredit.store.migrate import HEAD, Migrated, bring_up, require_newest
from xhcredit.store.models import Models
from xhcredit.store.outbox import Outbox
from xhcredit.store.reader import Reader
from xhcredit.store.sessions import Sessions
from xhcredit.store.snapshots import Snapshots
from xhcredit.store.subscriptions import Subscriptions
from xhcredit.store.views import Views
from xhcredit.store.watch import Watch


def _make_private(database: Database) -> None:
    """Let a new file be its owner's only: it will hold names, and digests of secrets."""
    if database.is_sqlite and not database.path.exists():
        with suppress(OSError):  # whether it can be written says the database itself, in our words
            database.path.parent.mkdir(parents=True, exist_ok=True)
            database.path.touch(mode=0o600)


@dataclass(frozen=True)
class Store:
    """What is kept, and every way to it: ``reader`` to read, ``act`` to write."""

    database: Database
    writer: Writer
    migrated: Migrated

    @classmethod
    def open(
        cls, address: str, *, algorithm: str = "sha256", clock: MomentSource = machine_moment
    ) -> Store:
        """Open the store at an address (a file, or ``postgresql://…``), made or brought up to date.

        Args:
            address: where it is.
            algorithm: digest of new activity entries, ``sha256`` or ``sm3``; entries of both may
                stand in one chain.
            clock: tells the time of new entries.

        Raises:
            BadStore: the address cannot be read, or a newer program made the store.
            StoreUnavailable: the database cannot be reached.
        """
        database = connect(address)
        writer = Writer(database, algorithm, clock)
        try:
            _make_private(database)
            return cls(database, writer, bring_up(database, writer))
        except BaseException:
            database.engine.dispose()
            raise

    @classmethod
    def open_unchanged(cls, address: str) -> Store:
        """Open the store at an address as it is, to look at it: neither upgraded nor mended.

        Raises:
            BadStore: it is not of this program's version, or the address cannot be read.
            StoreUnavailable: the database cannot be reached.
        """
        database = connect(address)
        try:
            require_newest(database)
        except BaseException:
            database.engine.dispose()
            raise
        return cls(database, Writer(database), Migrated(HEAD, HEAD, []))

    @property
    def clock(self) -> Clock:
        """The clock of this store: what is done in it is done at its moment, on its day."""
        return Clock(self.writer.clock)

    def act(self, act: Act, work: Work) -> Any:
        """Do an act; see ``Writer.act``."""
        return self.writer.act(act, work)

    def record(self, acts: Sequence[Act]) -> int:
        """Add entries of acts that write nothing else; see ``Writer.record``."""
        return self.writer.record(acts)

    @cached_property
    def reader(self) -> Reader:
        """What the current run says, and earlier ones."""
        return Reader(self.database)

    @cached_property
    def watch(self) -> Watch:
        """Lists of the current run."""
        return Watch(self.database)

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
        """What other systems are to be told."""
        return Outbox(self.database)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """Who is told."""
        return Subscriptions(self.database, self.writer)

    @cached_property
    def deliveries(self) -> Deliveries:
        """What of it has arrived."""
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
    def triggered(self) -> Triggered:
        """Checks for a reason of their own instead of by lot."""
        return Triggered(self.database, self.writer)

    @cached_property
    def models(self) -> Models:
        """Candidate releases, and which release scores."""
        return Models(self.database, self.writer)

    @cached_property
    def access(self) -> Access:
        """People and keys."""
        return Access(self.database, self.writer)

    @cached_property
    def sessions(self) -> Sessions:
        """Who is logged in."""
        return Sessions(self.database, self.writer)

    @cached_property
    def applications(self) -> Applications:
        """Applications for restoration, and objections."""
        return Applications(self.database, self.writer)

    @cached_property
    def alerts(self) -> Alerts:
        """Early warning: what was found, and what was done about it."""
        return Alerts(self.database, self.writer)

    def close(self) -> None:
        """Close all connections."""
        self.reader.close()
        self.database.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
