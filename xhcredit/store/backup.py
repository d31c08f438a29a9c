"""Backup and restore of a store, by each database's own tools (SQLite backup, ``pg_dump``)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, inspect, select

from xhcredit.domain.disk import need_room, size_of
from xhcredit.domain.log import logged
from xhcredit.errors import BadInput, BadStore
from xhcredit.store.all_tables import tables
from xhcredit.store.core.database import Database, connect
from xhcredit.store.core.transactions import head
from xhcredit.store.migrate import version


@dataclass(frozen=True)
class Saved:
    """Manifest of a backup, written as ``<backup>.json`` and compared on restoring."""

    kind: str
    version: str
    sha256: str
    head_seq: int
    head_digest: str
    rows: Mapping[str, int]


def _counts(saved: Saved) -> dict[str, Any]:
    """Log fields of a backup or a restore."""
    rows = sum(saved.rows.values())
    return {"kind": saved.kind, "version": saved.version, "head": saved.head_seq, "rows": rows}


@logged("store.backed_up", _counts)
def backup(database: Database, to: Path) -> Saved:
    """Save a store to a file while it is in use.

    Raises:
        BadInput: the file exists.
        DiskFull: its disk has less room than the store's file takes.
        BadStore: PostgreSQL's own programs are not installed, or refuse.
    """
    if to.exists():
        raise BadInput(f'"{to}" exists; choose another name, a backup is never overwritten')
    if database.is_sqlite:
        need_room(to.parent, size_of(database.path), "this backup")
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(to.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        saved = _copy(database, part) if database.is_sqlite else _dump(database, part)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _write_json(to, saved)
    _keep(part)
    os.replace(part, to)
    return saved


@logged("store.restored", _counts)
def restore(from_: Path, store: str, told: Callable[[str], None] = lambda _: None) -> Saved:
    """Bring a backup back to an address where there is no store yet, and compare it.

    A log (``-wal``, ``-shm``) that an earlier store left at the address may hold entries that
    stand nowhere else: it is moved aside and ``told`` gets a line that names it.

    Raises:
        BadInput: no backup there, it was changed since, or it is of the other database.
        BadStore: there is a store at the address, or what came back is not what was saved.
    """
    saved = _manifest(from_)
    database = connect(store)
    try:
        kind = database.engine.dialect.name
        if kind != saved.kind:
            raise BadInput(
                f'"{from_}" is of {saved.kind}, "{kind}" was asked for; use {saved.kind}'
            )
        if database.is_sqlite:
            _restore_sqlite(from_, database.path, told)
        else:
            _restore_postgresql(from_, database)
        found = content(database, saved.sha256)
        if found != saved:
            raise BadStore(f"restored {found}, but the backup says {saved}; do not use this store")
    finally:
        database.engine.dispose()
    return saved


def content(database: Database, sha256: str = "") -> Saved:
    """Manifest of a store: version, chain head and row counts."""
    with database.reading() as con:
        return _content(con, sha256)


def _content(con: Connection, sha256: str) -> Saved:
    last = head(con)
    held = set(inspect(con).get_table_names())
    rows = {
        name: int(con.scalar(select(func.count()).select_from(table)) or 0)
        for name, table in tables().items()
        if name in held
    }
    seq, digest = (last.seq, last.digest) if last else (0, "")
    return Saved(con.dialect.name, version(con), sha256, seq, digest, rows)


def _copy(database: Database, part: Path) -> Saved:
    """Copy by SQLite's own online backup, into one file with nothing beside it."""
    with closing(sqlite3.connect(database.path)) as con, closing(sqlite3.connect(part)) as copy:
        con.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    return _sqlite_content(part)


def _sqlite_content(file: Path) -> Saved:
    copy = connect(str(file))
    try:
        found = content(copy)
    finally:
        copy.engine.dispose()
    with closing(sqlite3.connect(file)) as con:  # looking at it switched its journal on again
        con.execute("PRAGMA journal_mode = DELETE")
    return replace(found, sha256=_sha256(file))


def _restore_sqlite(from_: Path, to: Path, told: Callable[[str], None]) -> None:
    if to.exists():
        raise BadStore(f'there is a store at "{to}"; move it away, nothing is overwritten')
    need_room(to.parent, size_of(from_), "restoring")
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(to.name + ".part")
    part.touch(mode=0o600)
    shutil.copyfile(from_, part)
    _keep(part)
    for log in (Path(f"{to}{end}") for end in ("-wal", "-shm")):
        if log.exists():
            aside = _aside(log)
            os.rename(log, aside)
            told(
                f'"{log.name}" of an earlier store was moved to "{aside}": put it beside that '
                "store's own file if its last entries are missed; else it may be deleted"
            )
    os.replace(part, to)


def _aside(log: Path) -> Path:
    """A name beside a log that nothing has yet."""
    names = (log.with_name(f"{log.name}.before-restore-{n}") for n in count(1))
    return next(name for name in names if not name.exists())


def _dump(database: Database, part: Path) -> Saved:
    """Dump by ``pg_dump`` from the exported snapshot whose rows were counted."""
    with database.reading() as con:
        found = _content(con, "")  # its first query fixes the state that is then exported
        seen = con.exec_driver_sql("SELECT pg_export_snapshot()").scalar()
        options = ["--format=custom", "--compress=1", f"--snapshot={seen}", f"--file={part}"]
        _run(database, "pg_dump", *options, _name(database))
    return replace(found, sha256=_sha256(part))


def _restore_postgresql(from_: Path, database: Database) -> None:
    with database.reading() as con:
        if inspect(con).get_table_names():
            raise BadStore(
                f'the database "{_name(database)}" is not empty; restore into an empty one'
            )
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run(database, "pg_restore", *options, f"--dbname={_name(database)}", str(from_))


def _name(database: Database) -> str:
    return str(database.engine.url.database)


def _run(database: Database, program: str, *options: str) -> None:
    """Run one of PostgreSQL's programs; the password goes by the environment, which no list shows.

    Raises:
        BadStore: it is not installed, or it failed.
    """
    found = shutil.which(program)
    if found is None:
        raise BadStore(f'"{program}" is not installed; install PostgreSQL\'s client programs')
    url = database.engine.url
    given: dict[str, object] = {"PGHOST": url.host or url.query.get("host"), "PGPORT": url.port}
    given |= {"PGUSER": url.username, "PGPASSWORD": url.password}
    known = {k: str(v) for k, v in given.items() if v is not None}
    command = [found, *options]
    done = subprocess.run(  # noqa: S603 - the program by its full path, options are ours
        command, env=os.environ | known, capture_output=True, check=False
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise BadStore(f"{program}: {said[0] if said else 'failed'}; nothing was kept")


def _manifest(from_: Path) -> Saved:
    beside = from_.with_name(from_.name + ".json")
    if not from_.exists() or not beside.exists():
        raise BadInput(f'"{from_}" and "{beside.name}" are not both there; give a whole backup')
    saved = Saved(**json.loads(beside.read_text(encoding="utf-8")))
    if _sha256(from_) != saved.sha256:
        raise BadInput(f'"{from_}" was changed since it was written; take another backup')
    return saved


def _write_json(to: Path, saved: Saved) -> None:
    beside: Any = to.with_name(to.name + ".json")
    beside.write_text(json.dumps(asdict(saved), indent=1) + "\n", encoding="utf-8")


def _sha256(file: Path) -> str:
    with file.open("rb") as content_:
        return hashlib.file_digest(content_, "sha256").hexdigest()


def _keep(file: Path) -> None:
    """See that a file is on the disk, not only on its way; readable by its owner only."""
    with suppress(PermissionError):
        file.chmod(0o600)
    with file.open("rb") as content_:
        os.fsync(content_.fileno())
