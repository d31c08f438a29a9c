"""Schema migrations of the store: check of its version, and upgrade to the newest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from xhcredit.domain.log import log_duration
from xhcredit.errors import BadStore
from xhcredit.store.core import append_only
from xhcredit.store.core import demo_clock as demo
from xhcredit.store.core.database import Database, translate_errors
from xhcredit.store.core.transactions import Act, Writer

FIRST = "0100"  #: the version of 0.1.0; those before it were trials and are not upgraded
HEAD = "0100"  #: the newest version; a test holds it to the files
_SCRIPTS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class MigrationReport:
    """Migration report of opening a store; ``before`` is empty if it was new.

    ``guards_restored`` are guards that were missing although the version ``before`` has them: no
    upgrade explains it.
    """

    before: str
    after: str
    guards_restored: list[str]


def version(con: Connection) -> str:
    """The version of a store; empty if it has no tables yet."""
    if not inspect(con).has_table("alembic_version"):
        return ""
    return con.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def upgrade_store(
    database: Database,
    writer: Writer,
    target: str = HEAD,
    *,
    demo_from: tuple[datetime, datetime] | None = None,
) -> MigrationReport:
    """Bring a store to ``target`` and its guards into place, in one transaction.

    ``demo_from`` makes a new store a demo store: what its clock shows first, and what the machine's
    shows then.

    A migration, and guards that were missing, are told in the activity chain.

    Raises:
        BadStore: a newer program made it, or one before 0.1.0, or a migration left broken
            references.
    """
    with database.reading() as con:
        stored_version = version(con)
        _refuse_unknown(stored_version)
        # Looked at without the writer's lock first: opening a store that needs nothing waits
        # for nobody.
        if stored_version == target and not append_only.missing_guards(con):
            return MigrationReport(stored_version, stored_version, [])
    with log_duration("store.migrated") as fields, _migrating(database) as con:
        stored_version = version(con)
        # Asked again under the lock: another process may have upgraded it meanwhile.
        missing_guards = (
            append_only.missing_guards(con)
            if stored_version == target
            else append_only.removed_guards(con)
        )
        if stored_version < target:
            append_only.drop_guards(con)
            _upgrade(con, target)
        append_only.restore_guards(con)
        if demo_from is not None:
            demo.begin_demo(con, *demo_from)
        report = MigrationReport(stored_version, max(stored_version, target), missing_guards)
        fields |= {
            "before": stored_version,
            "after": report.after,
            "guards_restored": len(missing_guards),
        }
        if stored_version != report.after or missing_guards:
            action = "store.migrate" if stored_version != report.after else "store.restore_guards"
            upgrade_payload = report.__dict__ | {"guards": sorted(append_only.guard_names(con))}
            writer.record_in(con, Act("xhcredit", action, "operation", payload=upgrade_payload))
    return report


def require_newest(database: Database) -> None:
    """See that a store is of this program's version, and change nothing.

    Raises:
        BadStore: it is not: it must be upgraded first, or needs another program.
    """
    with database.reading() as con:
        revision = version(con)
    _refuse_unknown(revision)
    if revision != HEAD:
        raise BadStore(
            f"the store has version {revision or 'none'}, this program works with {HEAD}; run "
            '"xhcredit store migrate" first, nothing was looked at and nothing was changed'
        )


def _refuse_unknown(number: str) -> None:
    if number > HEAD:
        raise BadStore(
            f"the store has version {number}, this program knows {HEAD}; install the newer xhcredit"
        )
    if "" < number < FIRST:
        raise BadStore(
            f"the store has version {number}, from before 0.1.0; such stores are not upgraded: "
            "publish the night anew into a new store (--store), and keep this one with the "
            "program that made it as the record of what was decided in it"
        )


@contextmanager
def _migrating(database: Database) -> Iterator[Connection]:
    """Writing transaction in which SQLite tables may be rebuilt (foreign keys off).

    SQLite's own procedure for it: foreign keys off (only outside a transaction), checked before
    the end.
    """
    if not database.is_sqlite:
        with database.writing() as con:
            yield con
        return
    # The same order of locks as in Database.writing.
    with translate_errors(), database.writer_lock, database.engine.connect() as con:
        raw = con.connection.driver_connection
        if raw is None:  # never so inside ``with``; for the type checker
            raise BadStore("the connection is closed; open the store again")
        raw.execute("PRAGMA foreign_keys = OFF")
        try:
            con = con.execution_options(writes=True)
            with con.begin():
                yield con
                _refuse_orphans(con)
        finally:
            raw.execute("PRAGMA foreign_keys = ON")


def _refuse_orphans(con: Connection) -> None:
    orphans = con.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if orphans:
        raise BadStore(
            f'{len(orphans)} rows would lose what they refer to, first in "{orphans[0][0]}"; '
            "nothing was changed: restore the last backup and report this"
        )


def _upgrade(con: Connection, target: str) -> None:
    """Run the versions up to ``target`` in the caller's transaction.

    SQLite cannot alter columns: batch mode writes the table anew, without its triggers.  Guards are
    lifted before and put in place after it.
    """
    from alembic.config import Config  # only when there is something to do: it loads slowly
    from alembic.runtime.environment import EnvironmentContext  # as above
    from alembic.runtime.migration import MigrationContext  # as above
    from alembic.script import ScriptDirectory  # as above

    scripts = ScriptDirectory(str(_SCRIPTS))

    def steps(revision: Any, _: MigrationContext) -> Any:
        return scripts._upgrade_revs(target, revision)  # as Alembic's own command does

    with EnvironmentContext(Config(), scripts, fn=steps, destination_rev=target) as environment:
        environment.configure(connection=con, render_as_batch=True)
        environment.run_migrations()
