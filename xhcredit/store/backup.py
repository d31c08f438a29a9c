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

from sqlalchemy import Connection, func, inspect, select

from xhcredit.domain.disk import require_free_space, size_of
from xhcredit.domain.log import log_call
from xhcredit.errors import BadInput, BadStore
from xhcredit.store.all_tables import tables
from xhcredit.store.core.database import Database, connect
from xhcredit.store.core.transactions import chain_head
from xhcredit.store.migrate import version


@dataclass(frozen=True)
class BackupManifest:
    """Manifest of a backup, written as ``<backup>.json`` and compared on restoring."""

    kind: str
    version: str
    sha256: str
    head_seq: int
    head_digest: str
    rows: Mapping[str, int]


def _event_fields(manifest: BackupManifest) -> dict[str, object]:
    """Log fields of a backup or a restore."""
    row_count = sum(manifest.rows.values())
    return {
        "kind": manifest.kind,
        "version": manifest.version,
        "head": manifest.head_seq,
        "rows": row_count,
    }


@log_call("store.backed_up", _event_fields)
def backup(database: Database, backup_path: Path) -> BackupManifest:
    """Save a store to a file while it is in use.

    Raises:
        BadInput: the file exists.
        DiskFull: its disk has less room than the store's file takes.
        BadStore: PostgreSQL's own programs are not installed, or refuse.
    """
    if backup_path.exists():
        raise BadInput(
            f'"{backup_path}" exists; choose another name, a backup is never overwritten'
        )
    if database.is_sqlite:
        require_free_space(backup_path.parent, size_of(database.path), "this backup")
    backup_path.parent.mkdir(parents=True, exist_ok=True)
    part_path = backup_path.with_name(backup_path.name + ".part")
    part_path.unlink(missing_ok=True)
    part_path.touch(mode=0o600)
    try:
        manifest = (
            _copy_sqlite(database, part_path)
            if database.is_sqlite
            else _dump_postgresql(database, part_path)
        )
    except BaseException:
        part_path.unlink(missing_ok=True)
        raise
    # The manifest comes first: a backup under its own name always has one, and a manifest alone
    # is refused on restoring.
    _write_manifest(backup_path, manifest)
    _flush_to_disk(part_path)
    os.replace(part_path, backup_path)
    return manifest


@log_call("store.restored", _event_fields)
def restore(
    from_: Path, store: str, report: Callable[[str], None] = lambda _: None
) -> BackupManifest:
    """Bring a backup back to an address where there is no store yet, and compare it.

    A log (``-wal``, ``-shm``) that an earlier store left at the address may hold entries that
    stand nowhere else: it is moved aside and ``report`` gets a line that names it.

    Raises:
        BadInput: no backup there, it was changed since, or it is of the other database.
        BadStore: there is a store at the address, or what came back is not what was saved.
    """
    manifest = _read_manifest(from_)
    database = connect(store)
    try:
        kind = database.engine.dialect.name
        if kind != manifest.kind:
            raise BadInput(
                f'"{from_}" is of {manifest.kind}, "{kind}" was asked for; use {manifest.kind}'
            )
        if database.is_sqlite:
            _restore_sqlite(from_, database.path, report)
        else:
            _restore_postgresql(from_, database)
        restored = store_content(database, manifest.sha256)
        if restored != manifest:
            raise BadStore(
                f"restored {restored}, but the backup says {manifest}; do not use this store"
            )
    finally:
        database.engine.dispose()
    return manifest


def store_content(database: Database, sha256: str = "") -> BackupManifest:
    """Manifest of a store: version, chain head and row counts."""
    with database.reading() as con:
        return _count_rows(con, sha256)


def _count_rows(con: Connection, sha256: str) -> BackupManifest:
    last_link = chain_head(con)
    table_names = set(inspect(con).get_table_names())
    rows = {
        name: int(con.scalar(select(func.count()).select_from(table)) or 0)
        for name, table in tables().items()
        if name in table_names
    }
    seq, digest = (last_link.seq, last_link.digest) if last_link else (0, "")
    return BackupManifest(con.dialect.name, version(con), sha256, seq, digest, rows)


def _copy_sqlite(database: Database, part_path: Path) -> BackupManifest:
    """Copy by SQLite's own online backup, into one file with nothing beside it."""
    with (
        closing(sqlite3.connect(database.path)) as con,
        closing(sqlite3.connect(part_path)) as copy,
    ):
        # SQLite's own backup takes one state while others write; a copy of the file would miss
        # the log beside it.
        con.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    return _sqlite_content(part_path)


def _sqlite_content(file: Path) -> BackupManifest:
    copy = connect(str(file))
    try:
        manifest = store_content(copy)
    finally:
        copy.engine.dispose()
    with closing(sqlite3.connect(file)) as con:  # looking at it switched its journal on again
        con.execute("PRAGMA journal_mode = DELETE")
    return replace(manifest, sha256=_sha256(file))


def _restore_sqlite(from_: Path, target_path: Path, report: Callable[[str], None]) -> None:
    if target_path.exists():
        raise BadStore(f'there is a store at "{target_path}"; move it away, nothing is overwritten')
    require_free_space(target_path.parent, size_of(from_), "restoring")
    target_path.parent.mkdir(parents=True, exist_ok=True)
    part_path = target_path.with_name(target_path.name + ".part")
    part_path.touch(mode=0o600)
    shutil.copyfile(from_, part_path)
    _flush_to_disk(part_path)
    # SQLite would replay a foreign log into the restored file as soon as it is opened.
    for log in (Path(f"{target_path}{suffix}") for suffix in ("-wal", "-shm")):
        if log.exists():
            moved_path = _free_log_path(log)
            os.rename(log, moved_path)
            report(
                f'"{log.name}" of an earlier store was moved to "{moved_path}": put it beside that '
                "store's own file if its last entries are missed; else it may be deleted"
            )
    os.replace(part_path, target_path)


def _free_log_path(log: Path) -> Path:
    """A name beside a log that nothing has yet."""
    names = (log.with_name(f"{log.name}.before-restore-{n}") for n in count(1))
    return next(name for name in names if not name.exists())


def _dump_postgresql(database: Database, part_path: Path) -> BackupManifest:
    """Dump by ``pg_dump`` from the exported snapshot whose rows were counted."""
    with database.reading() as con:
        manifest = _count_rows(con, "")  # its first query fixes the state that is then exported
        snapshot_id = con.exec_driver_sql("SELECT pg_export_snapshot()").scalar()
        options = [
            "--format=custom",
            "--compress=1",
            f"--snapshot={snapshot_id}",
            f"--file={part_path}",
        ]
        # The connection stays open while pg_dump runs: an exported snapshot lives only as long
        # as its transaction.
        _run_program(database, "pg_dump", *options, _database_name(database))
    return replace(manifest, sha256=_sha256(part_path))


def _restore_postgresql(from_: Path, database: Database) -> None:
    with database.reading() as con:
        if inspect(con).get_table_names():
            raise BadStore(
                f'the database "{_database_name(database)}" is not empty; restore into an empty one'
            )
    # In one transaction: a restore that fails leaves the database empty, and can simply be
    # tried again.
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run_program(
        database, "pg_restore", *options, f"--dbname={_database_name(database)}", str(from_)
    )


def _database_name(database: Database) -> str:
    return str(database.engine.url.database)


def _run_program(database: Database, program: str, *options: str) -> None:
    """Run one of PostgreSQL's programs; the password goes by the environment, which no list shows.

    Raises:
        BadStore: it is not installed, or it failed.
    """
    program_path = shutil.which(program)
    if program_path is None:
        raise BadStore(f'"{program}" is not installed; install PostgreSQL\'s client programs')
    url = database.engine.url
    postgres_options: dict[str, object] = {
        "PGHOST": url.host or url.query.get("host"),
        "PGPORT": url.port,
    }
    postgres_options |= {"PGUSER": url.username, "PGPASSWORD": url.password}
    postgres_environment = {k: str(v) for k, v in postgres_options.items() if v is not None}
    command = [program_path, *options]
    completed = subprocess.run(  # noqa: S603 - the program by its full path, options are ours
        command, env=os.environ | postgres_environment, capture_output=True, check=False
    )
    if completed.returncode != 0:
        error_lines = completed.stderr.decode(errors="replace").strip().splitlines()
        raise BadStore(
            f"{program}: {error_lines[0] if error_lines else 'failed'}; nothing was kept"
        )


def _read_manifest(from_: Path) -> BackupManifest:
    manifest_path = from_.with_name(from_.name + ".json")
    if not from_.exists() or not manifest_path.exists():
        raise BadInput(
            f'"{from_}" and "{manifest_path.name}" are not both there; give a whole backup'
        )
    manifest = BackupManifest(**json.loads(manifest_path.read_text(encoding="utf-8")))
    if _sha256(from_) != manifest.sha256:
        raise BadInput(f'"{from_}" was changed since it was written; take another backup')
    return manifest


def _write_manifest(backup_path: Path, manifest: BackupManifest) -> None:
    manifest_path = backup_path.with_name(backup_path.name + ".json")
    manifest_path.write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flush_to_disk(file: Path) -> None:
    """See that a file is on the disk, not only on its way; readable by its owner only."""
    with suppress(PermissionError):
        file.chmod(0o600)
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
