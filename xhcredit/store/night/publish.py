"""Publication of a run: rows are staged unseen, then one transaction publishes all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, text, update

from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.store.core.changes import append_changes
from xhcredit.store.core.database import Database, translate_errors
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import current, outbox, releases, runs, snapshots
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.night.current_run import current_run_row
from xhcredit.store.night.run_changes import RunChanges, changes_between


class SnapshotRow(NamedTuple):
    """One ready answer: ``x`` is JSON, ``body`` the answer's bytes; the rest is for lists.

    ``bureaus`` are all that supervise the enterprise (``;a;b;``), ``bureau`` is the leading one.
    """

    code: str
    tier: str
    composite: float
    general: float | None
    x: str
    etag: str
    body: bytes
    bureau: str = ""
    street: str = ""
    name: str = ""
    kind: str = ""
    size: str = ""
    fields: str = ""
    previous_tier: str = ""
    moved: float = 0.0
    bureaus: str = ""
    listings: str = ""


_COLUMNS = ("run", *SnapshotRow._fields)


@dataclass(frozen=True)
class Night:
    """Header of a run to be published; ``release`` is its points tables, if known."""

    as_of: str
    provenance: Mapping[str, str]
    enterprises: int
    tiers: Mapping[str, int]
    release: Mapping[str, Any] | None = None

    @property
    def digest(self) -> str:
        """Names the provenance."""
        return hashlib.sha256(canonical(self.provenance).encode()).hexdigest()


@dataclass
class StagedRun:
    """Run being staged: its number, and the digest of the rows staged so far."""

    run: int
    rows: int = 0
    last_code: str = ""
    digest: Any = field(default_factory=hashlib.sha256)

    def count(self, rows: Sequence[SnapshotRow]) -> None:
        """Add rows to the digest; they come in order of code."""
        for row in rows:
            # The run's digest is over the rows in the order of codes; another order would be
            # another digest of the same night.
            if row[0] <= self.last_code:
                raise BadInput(
                    f'"{row[0]}" comes after "{self.last_code}"; sort by code, each code once'
                )
            self.last_code = row[0]
        self.rows += len(rows)
        self.digest.update("".join(f"{r[0]} {r[5]}\n" for r in rows).encode())


@dataclass(frozen=True)
class Snapshots:
    """Stages and publishes runs, and switches the current run."""

    database: Database
    writer: Writer

    def published_run(self, night: Night) -> int | None:
        """The number under which this very provenance was published, if it was."""
        with self.database.reading() as con:
            return con.scalar(select(runs.c.run).where(runs.c.provenance_digest == night.digest))

    @contextmanager
    def staging(self) -> Iterator[StagedRun]:
        """Reserve the next run number under the publisher lock; delete rows of an aborted one."""
        # Order of locks: publisher, then writer; the writer's only for the deletion, so that
        # others write while a night is staged.
        with self.database.publishing():
            with self.database.writing() as con:
                last_run = con.scalar(select(func.max(runs.c.run))) or 0
                con.execute(delete(snapshots).where(snapshots.c.run > last_run))
            yield StagedRun(last_run + 1)

    def stage(self, staged: StagedRun, rows: Sequence[SnapshotRow]) -> None:
        """Stage rows of an unpublished run: no reader sees them."""
        staged.count(rows)
        numbered_rows = [(staged.run, *row) for row in rows]
        if self.database.is_sqlite:
            placeholders = ", ".join("?" * len(_COLUMNS))
            sql = f"INSERT INTO snapshots ({', '.join(_COLUMNS)}) VALUES ({placeholders})"
            with self.database.writing() as con, translate_errors():
                con.connection.cursor().executemany(sql, numbered_rows)
            return
        # No writer's lock: PostgreSQL lets others write meanwhile, and the publisher's lock
        # keeps this run to one process.
        with translate_errors(), self.database.engine.begin() as con:
            _copy_rows(con, numbered_rows)

    def publish(self, act: Act, staged: StagedRun, night: Night) -> dict[str, Any]:
        """Publish a staged run and make it the one that answers, in one step.

        A night older than the one that answers is kept, but does not replace it.  What changed
        its tier goes into the outbox; all that changed is appended to the changes.

        Raises:
            BadInput: not as many rows were staged as the night has enterprises.
        """
        self._analyze_table()
        run_changes = self._changes(staged.run)

        def work(tx: Tx) -> dict[str, Any]:
            _refuse_incomplete(tx.con, staged, night)
            _store_release(tx, night)
            tx.con.execute(insert(runs), _run_row(tx, staged, night))
            previous = current_run_row(tx.con)
            is_current = previous is None or previous["as_of"] <= night.as_of
            changed_count = _make_current(tx, staged.run, run_changes) if is_current else 0
            outcome = {"run": staged.run, "changed": changed_count, "is_current": is_current}
            tx.audit(**outcome, snapshot_digest=staged.digest.hexdigest())
            return {**outcome, "previous": previous["run"] if previous else None}

        return dict(self.writer.act(act, work))

    def _analyze_table(self) -> None:
        """Refresh planner statistics of PostgreSQL after the new rows (VACUUM ANALYZE).

        Its VACUUM also notes that all may be seen, which lists need to stay within their index.
        """
        if not self.database.is_sqlite:
            with translate_errors(), self.database.engine.connect() as con:
                autocommit_con = con.execution_options(isolation_level="AUTOCOMMIT")
                autocommit_con.execute(text("VACUUM (ANALYZE) snapshots"))

    def switch(self, act: Act, run: int) -> dict[str, Any]:
        """Make a published run the current one; what changes is told as by ``publish``.

        Raises:
            UnknownRecord: there is no such run.
        """
        run_changes = self._changes(run)

        def work(tx: Tx) -> dict[str, Any]:
            if tx.con.scalar(select(runs.c.run).where(runs.c.run == run)) is None:
                raise UnknownRecord(f"there is no run {run}; list them: xhcredit store runs")
            previous = current_run_row(tx.con)
            changed_count = (
                0 if previous and previous["run"] == run else _make_current(tx, run, run_changes)
            )
            outcome = {"run": run, "changed": changed_count}
            tx.audit(**outcome)
            return {**outcome, "previous": previous["run"] if previous else None}

        return dict(self.writer.act(act, work))

    def _changes(self, run: int) -> tuple[int | None, RunChanges]:
        """Current run, and what changes if ``run`` became the current one.

        Found before the writer's lock is taken, since it takes a while; rows of both runs cannot
        change any more.
        """
        with self.database.reading() as con:
            current_run = current_run_row(con)
            previous_run = current_run["run"] if current_run else None
            return previous_run, changes_between(con, previous_run, run)


def _make_current(tx: Tx, run: int, compared_changes: tuple[int | None, RunChanges]) -> int:
    """Make ``run`` the current one; return how many enterprises change their tier."""
    previous_run = tx.con.scalar(select(current.c.run))
    compared_run, run_changes = compared_changes
    if compared_run != previous_run:  # another run was let answer meanwhile: compare with that one
        run_changes = changes_between(tx.con, previous_run, run)
    current_row = {"run": run, "activity": tx.seq}
    if previous_run is None:
        tx.con.execute(insert(current), {"singleton": 1, **current_row})
    else:
        tx.con.execute(update(current), current_row)
    if run_changes.tiers:
        message_columns = {
            "kind": "tier_changed",
            "run": run,
            "previous_run": previous_run,
            "activity": tx.seq,
        }
        tx.con.execute(insert(outbox), [{**message_columns, **tier} for tier in run_changes.tiers])
    append_changes(tx, run_changes.rows)
    return len(run_changes.tiers)


def _copy_rows(con: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Put rows in by PostgreSQL's COPY, which is several times quicker than INSERT."""
    special_types = {"run": "int8", "composite": "float8", "general": "float8", "body": "bytea"}
    column_types = [{**special_types, "moved": "float8"}.get(name, "text") for name in _COLUMNS]
    cursor: Any = con.connection.cursor()
    with cursor.copy(
        f"COPY snapshots ({', '.join(_COLUMNS)}) FROM STDIN WITH (FORMAT BINARY)"
    ) as copy:
        copy.set_types(column_types)
        for row in rows:
            copy.write_row(row)


def _refuse_incomplete(con: Connection, run: StagedRun, night: Night) -> None:
    """Refuse a run whose rows are not all there."""
    n_rows = con.scalar(select(func.count()).where(snapshots.c.run == run.run))
    if not n_rows == run.rows == night.enterprises:
        raise BadInput(
            f"the night says {night.enterprises} enterprises, {run.rows} were staged and {n_rows} "
            "are there; publish the night again"
        )


def _store_release(tx: Tx, night: Night) -> None:
    """Store the release of a run, if it is known and not stored yet."""
    if night.release is None:
        return
    body = canonical(night.release)
    digest = hashlib.sha256(body.encode()).hexdigest()
    if digest != night.provenance.get("release_digest"):
        raise BadInput(
            f'the release given is not the one that scored the night ("{digest[:12]}…"); give the '
            "file that scored it, or none"
        )
    if tx.con.scalar(select(releases.c.digest).where(releases.c.digest == digest)) is None:
        row = {"digest": digest, "name": night.provenance["release"], "body": body}
        tx.con.execute(insert(releases), {**row, "activity": tx.seq})


def _run_row(tx: Tx, staged: StagedRun, night: Night) -> dict[str, Any]:
    return {
        "run": staged.run,
        "as_of": night.as_of,
        "provenance_digest": night.digest,
        "provenance": canonical(night.provenance),
        "enterprises": night.enterprises,
        "tiers": canonical(night.tiers),
        "snapshot_digest": staged.digest.hexdigest(),
        "published_at": tx.recorded_at,
        "activity": tx.seq,
    }
