"""Publication of a run: rows are staged unseen, then one transaction publishes all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, text, update

from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.store.core.database import Database, told
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import current, outbox, releases, runs, snapshots
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.night.current_run import answering


class Row(NamedTuple):
    """One ready answer: ``x`` is JSON, ``body`` the answer's bytes; the rest is for lists."""

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


_COLUMNS = ("run", *Row._fields)

#: who changes tier between two runs: whose, code, tier, before; newcomers and leavers included
_CHANGES = text("""
SELECT new.bureau, new.code, new.tier, old.tier AS previous_tier
FROM snapshots new LEFT JOIN snapshots old ON old.run = :previous AND old.code = new.code
WHERE new.run = :run AND (old.tier IS NULL OR new.tier <> old.tier)
UNION ALL
SELECT old.bureau, old.code, NULL, old.tier
FROM snapshots old LEFT JOIN snapshots new ON new.run = :run AND new.code = old.code
WHERE old.run = :previous AND new.code IS NULL
ORDER BY 2
""")
Changes = list[dict[str, Any]]


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
class Staged:
    """Run being staged: its number, and the digest of the rows staged so far."""

    run: int
    rows: int = 0
    last: str = ""
    digest: Any = field(default_factory=hashlib.sha256)

    def count(self, rows: Sequence[Row]) -> None:
        """Add rows to the digest; they come in order of code."""
        for row in rows:
            if row[0] <= self.last:
                raise BadInput(
                    f'"{row[0]}" comes after "{self.last}"; sort by code, each code once'
                )
            self.last = row[0]
        self.rows += len(rows)
        self.digest.update("".join(f"{r[0]} {r[5]}\n" for r in rows).encode())


@dataclass(frozen=True)
class Snapshots:
    """Stages and publishes runs, and switches the current run."""

    database: Database
    writer: Writer

    def published(self, night: Night) -> int | None:
        """The number under which this very provenance was published, if it was."""
        with self.database.reading() as con:
            return con.scalar(select(runs.c.run).where(runs.c.provenance_digest == night.digest))

    @contextmanager
    def staging(self) -> Iterator[Staged]:
        """Reserve the next run number under the publisher lock; delete rows of an aborted one."""
        with self.database.publishing():
            with self.database.writing() as con:
                last = con.scalar(select(func.max(runs.c.run))) or 0
                con.execute(delete(snapshots).where(snapshots.c.run > last))
            yield Staged(last + 1)

    def stage(self, staged: Staged, rows: Sequence[Row]) -> None:
        """Stage rows of an unpublished run: no reader sees them."""
        staged.count(rows)
        numbered = [(staged.run, *row) for row in rows]
        if self.database.is_sqlite:
            marks = ", ".join("?" * len(_COLUMNS))
            sql = f"INSERT INTO snapshots ({', '.join(_COLUMNS)}) VALUES ({marks})"
            with self.database.writing() as con, told():
                con.connection.cursor().executemany(sql, numbered)
            return
        with told(), self.database.engine.begin() as con:
            _copy(con, numbered)

    def publish(self, act: Act, staged: Staged, night: Night) -> dict[str, Any]:
        """Publish a staged run and make it the one that answers, in one step.

        A night older than the one that answers is kept, but does not replace it.  What changed
        its tier goes into the outbox.

        Raises:
            BadInput: not as many rows were staged as the night has enterprises.
        """
        self._learn()
        found = self._changes(staged.run)

        def work(tx: Tx) -> dict[str, Any]:
            _refuse_incomplete(tx.con, staged, night)
            _keep_release(tx, night)
            tx.con.execute(insert(runs), _run_row(tx, staged, night))
            previous = answering(tx.con)
            is_current = previous is None or previous["as_of"] <= night.as_of
            changed = _switch(tx, staged.run, found) if is_current else 0
            done = {"run": staged.run, "changed": changed, "is_current": is_current}
            tx.tell(**done, snapshot_digest=staged.digest.hexdigest())
            return {**done, "previous": previous["run"] if previous else None}

        return dict(self.writer.act(act, work))

    def _learn(self) -> None:
        """Refresh planner statistics of PostgreSQL after the new rows (VACUUM ANALYZE).

        Its VACUUM also notes that all may be seen, which lists need to stay within their index.
        """
        if not self.database.is_sqlite:
            with told(), self.database.engine.connect() as con:
                auto = con.execution_options(isolation_level="AUTOCOMMIT")
                auto.execute(text("VACUUM (ANALYZE) snapshots"))

    def switch(self, act: Act, run: int) -> dict[str, Any]:
        """Make a published run the current one; its tier changes go into the outbox.

        Raises:
            UnknownRecord: there is no such run.
        """
        found = self._changes(run)

        def work(tx: Tx) -> dict[str, Any]:
            if tx.con.scalar(select(runs.c.run).where(runs.c.run == run)) is None:
                raise UnknownRecord(f"there is no run {run}; list them: xhcredit store runs")
            previous = answering(tx.con)
            changed = 0 if previous and previous["run"] == run else _switch(tx, run, found)
            done = {"run": run, "changed": changed}
            tx.tell(**done)
            return {**done, "previous": previous["run"] if previous else None}

        return dict(self.writer.act(act, work))

    def _changes(self, run: int) -> tuple[int | None, Changes]:
        """Current run, and the tier changes if ``run`` became the current one.

        Found before the writer's lock is taken, since it takes a while; rows of both runs cannot
        change any more.
        """
        with self.database.reading() as con:
            now = answering(con)
            previous = now["run"] if now else None
            return previous, _changes_in(con, previous, run)


def _changes_in(con: Connection, previous: int | None, run: int) -> Changes:
    if previous is None:  # before the first run nobody has a tier that could change
        return []
    rows = con.execute(_CHANGES, {"run": run, "previous": previous}).mappings()
    return [dict(row) for row in rows]


def _switch(tx: Tx, run: int, found: tuple[int | None, Changes]) -> int:
    """Make ``run`` the current one; return how many enterprises change their tier."""
    before = tx.con.scalar(select(current.c.run))
    compared, changes = found
    if compared != before:  # another run was let answer meanwhile: compare with that one
        changes = _changes_in(tx.con, before, run)
    row = {"run": run, "activity": tx.seq}
    if before is None:
        tx.con.execute(insert(current), {"one": 1, **row})
    else:
        tx.con.execute(update(current), row)
    if changes:
        kept = {"kind": "tier_changed", "run": run, "previous_run": before, "activity": tx.seq}
        tx.con.execute(insert(outbox), [{**kept, **change} for change in changes])
    return len(changes)


def _copy(con: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Put rows in by PostgreSQL's COPY, which is several times quicker than INSERT."""
    other = {"run": "int8", "composite": "float8", "general": "float8", "body": "bytea"}
    types = [{**other, "moved": "float8"}.get(name, "text") for name in _COLUMNS]
    cursor: Any = con.connection.cursor()
    with cursor.copy(
        f"COPY snapshots ({', '.join(_COLUMNS)}) FROM STDIN WITH (FORMAT BINARY)"
    ) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _refuse_incomplete(con: Connection, staged: Staged, night: Night) -> None:
    """Refuse a run whose rows are not all there."""
    held = con.scalar(select(func.count()).where(snapshots.c.run == staged.run))
    if not held == staged.rows == night.enterprises:
        raise BadInput(
            f"the night says {night.enterprises} enterprises, {staged.rows} were staged and {held} "
            "are there; publish the night again"
        )


def _keep_release(tx: Tx, night: Night) -> None:
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


def _run_row(tx: Tx, staged: Staged, night: Night) -> dict[str, Any]:
    return {
        "run": staged.run,
        "as_of": night.as_of,
        "provenance_digest": night.digest,
        "provenance": canonical(night.provenance),
        "enterprises": night.enterprises,
        "tiers": canonical(night.tiers),
        "snapshot_digest": staged.digest.hexdigest(),
        "published_at": tx.at,
        "activity": tx.seq,
    }
