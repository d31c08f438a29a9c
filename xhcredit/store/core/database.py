"""Database connection: SQLite or PostgreSQL, one writer at a time, translated errors."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from xhcredit.errors import BadStore, StoreUnavailable

BUSY_MS = 15_000  #: how long a writer waits for another one
#: names of the PostgreSQL advisory locks (any fixed numbers that nobody else uses)
WRITER, PUBLISHER, DELIVERER = 0x78686331, 0x78686332, 0x78686333


@dataclass
class Database:
    """A database and the two ways to use it: ``reading`` and ``writing``."""

    engine: Engine
    #: SQLite's own lock is unfair, so writers of one process queue here first
    writer_lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @property
    def path(self) -> Path:
        """The file of an SQLite database."""
        return Path(self.engine.url.database or "")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the store, whatever is written meanwhile."""
        # PostgreSQL's default (READ COMMITTED) would show each statement of one answer another
        # state.
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with translate_errors(), self.engine.connect() as con:
            yield con.execution_options(**options)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Exclusive write transaction, committed whole or not at all."""
        # Order of locks: the queue of this process, a connection, the database's own lock; so
        # whoever waits holds no connection.
        with self.writer_lock, translate_errors(), self.engine.connect() as con:
            con = con.execution_options(writes=True)
            with con.begin():
                if not self.is_sqlite:  # first statement: the head read after it is the latest
                    con.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": WRITER})
                yield con

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """Publisher lock across processes; a killed publisher releases it at once."""
        if self.is_sqlite:
            # A file beside the store, never its own: closing a handle of it would drop SQLite's
            # POSIX locks.
            with Path(f"{self.path}.publishing").open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
            return
        with translate_errors(), self.engine.connect() as con:
            autocommit_con = con.execution_options(isolation_level="AUTOCOMMIT")
            # A night waits for another one as long as that takes; the connection's own limit is
            # for short writers.
            autocommit_con.execute(text("SET lock_timeout = 0"))
            autocommit_con.execute(text("SELECT pg_advisory_lock(:name)"), {"name": PUBLISHER})
            try:
                yield
            finally:
                with suppress(DBAPIError):  # a lost connection has given the lock back already
                    autocommit_con.execute(
                        text("SELECT pg_advisory_unlock(:name)"), {"name": PUBLISHER}
                    )
                    # The connection goes back to the pool, where the limit must hold again.
                    autocommit_con.execute(text(f"SET lock_timeout = {BUSY_MS}"))

    @contextmanager
    def delivering(self) -> Iterator[bool]:
        """Delivery lock across processes: whether it was acquired; a killed process releases it."""
        if self.is_sqlite:
            with Path(f"{self.path}.delivering").open("w") as file:
                try:
                    # Not waited for: while one process sends, a second one has nothing to do.
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    yield False
                else:
                    yield True
            return
        with translate_errors(), self.engine.connect() as con:
            autocommit_con = con.execution_options(isolation_level="AUTOCOMMIT")
            lock_parameters = {"name": DELIVERER}
            has_lock = bool(
                autocommit_con.scalar(text("SELECT pg_try_advisory_lock(:name)"), lock_parameters)
            )
            try:
                yield has_lock
            finally:
                if has_lock:
                    with suppress(DBAPIError):  # a lost connection has given it back already
                        autocommit_con.execute(
                            text("SELECT pg_advisory_unlock(:name)"), lock_parameters
                        )


@contextmanager
def translate_errors() -> Iterator[None]:
    """Translate database driver errors into messages for an operator.

    Raises:
        StoreUnavailable: the database is away, busy, or full; what was begun was taken back.
    """
    try:
        yield
    except Exception as error:
        cause = getattr(error, "orig", None) or error
        if _is_state_error(cause):
            raise unavailable_error(cause) from error
        # Constraint errors are DatabaseErrors too; damage says that the "database disk image"
        # or file is no good.
        if isinstance(cause, sqlite3.DatabaseError) and "database" in str(cause):
            raise BadStore(f"the store's file is damaged ({cause}); restore a backup") from error
        raise


def _is_state_error(error: BaseException) -> bool:
    """Whether an error is about the database's state, from any driver or the pool."""
    # Told by their names, because psycopg is an extra and may not be there to import.
    error_names = {
        f"{kind.__module__.split('.')[0]}.{kind.__name__}" for kind in type(error).__mro__
    }
    state_error_names = {f"{d}.{k}" for d in ("sqlite3", "psycopg") for k in _STATE_ERRORS}
    return bool(error_names & state_error_names) or isinstance(error, PoolTimeout)


_STATE_ERRORS = ("OperationalError", "InterfaceError")


def unavailable_error(error: BaseException) -> StoreUnavailable:
    """StoreUnavailable error with cause and remedy."""
    error_text = str(error).splitlines()[0] if str(error) else type(error).__name__
    remedy = "try again; if it stays, see that it runs"
    if "full" in error_text or "No space" in error_text:
        remedy = "nothing was written; make room on its disk and try again"
    elif "unable to open" in error_text or "readonly" in error_text:
        remedy = "see that its folder is there and that you may write into it"
    elif "locked" in error_text or "lock timeout" in error_text:
        remedy = "another writer holds it; try again in a moment"
    return StoreUnavailable(f"the store's database says: {error_text}; {remedy}")


def address(store: str) -> URL:
    """The address of a store: a URL, or the path of an SQLite file.

    Raises:
        BadStore: neither.
    """
    if "://" not in store:
        return URL.create("sqlite", database=str(Path(store).absolute()))
    try:
        url = make_url(store)
    except ArgumentError:
        raise BadStore(
            f'"{store.partition("://")[0]}://…" cannot be read as an address; write a file name '
            "or postgresql://user@host/name"
        ) from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        raise BadStore(
            f'"{url.render_as_string()}" is no file and no PostgreSQL; write a file name or '
            "postgresql://user@host/name"
        )
    return url


def connect(store: str) -> Database:
    """Return the database at an address; nothing is opened before it is used.

    Raises:
        BadStore: the address cannot be read, or PostgreSQL's driver is not installed.
    """
    url = address(store)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            # The pool hands a connection from thread to thread, never to two at once.
            url,
            connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return Database(engine)
    # lock_timeout holds for advisory locks as well: writers on PostgreSQL wait as long as on
    # SQLite.
    options = f"-c lock_timeout={BUSY_MS} -c timezone=UTC"
    try:
        engine = create_engine(
            # Pre-ping: after a restart of the server the pooled connections are dead, and the
            # next request would fail.
            url,
            pool_pre_ping=True,
            connect_args={"options": options, "connect_timeout": 5},
        )
    except ImportError:
        raise BadStore(
            "PostgreSQL's driver is not installed; install xhcredit with the extra: postgres"
        ) from None
    return Database(engine)


def driver_connection(database: Database) -> Any:
    """A connection of the driver itself, each statement its own transaction; for reading."""
    if database.is_sqlite:
        con = sqlite3.connect(database.path, timeout=BUSY_MS / 1000, check_same_thread=False)
        con.isolation_level = None
        return con
    import psycopg  # an extra

    url = database.engine.url.set(drivername="postgresql")
    return psycopg.connect(
        url.render_as_string(hide_password=False), autocommit=True, connect_timeout=5
    )


def _prepare_sqlite(connection: Any, record: object) -> None:
    """Set per-connection pragmas of SQLite; transactions are begun by us."""
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        # Below FULL a power cut can take back the last commits in WAL mode: a draw or an audit
        # entry already answered.
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",  # so that INSERT OR REPLACE also meets the guards
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock first: a reader that becomes a writer can fail beyond any waiting."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
