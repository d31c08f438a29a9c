"""Clustered stores of a warehouse: found, locked, built, carried on, loaded and discarded here.

A clustered store holds the events as columns clustered by enterprise (``EventColumns``).  Its
folder is named by what it was made from and by the code that lays it out, so that one that is
there fits, and one of another layout is made anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

import xhcredit
from xhcredit.domain.disk import require_free_space, size_of
from xhcredit.domain.log import log_duration
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine import cluster, stores
from xhcredit.engine.columns import EventColumns
from xhcredit.engine.update_clusters import recluster
from xhcredit.errors import NothingKnown
from xhcredit.ingest.changes import warehouse_changes
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import directory_digest
from xhcredit.ingest.sql_text import literal
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.spark.session import Spark
from xhcredit.jobs.spark.shuffle import Shuffle
from xhcredit.jobs.warehouse.memory_limit import duckdb_settings, for_sorting

#: modules whose text says how a store is laid out; a change of theirs builds stores anew
_LAYOUT = (
    "engine/cluster.py",
    "engine/codes.py",
    "engine/expr.py",
    "engine/splice.py",
    "engine/previous_store.py",
    "engine/update_clusters.py",
    "engine/update_edges.py",
    "ingest/changes.py",
    "ingest/resolved.py",
    "ingest/versions.py",
    "ingest/batch_resolve.py",
)

#: bytes of arrays, and of what is spilled while sorting, per byte of the parts
_BYTES_PER_PART_BYTE = 4


def open_event_columns(
    warehouse: Path,
    *,
    progress: Progress = ignore_progress,
    memory: str = "",
    rebuild: bool = False,
    spark: Spark | None = None,
) -> EventColumns:
    """Return the clustered store of a warehouse; what was ingested since is spliced into it.

    Args:
        warehouse: folder that ``xhcredit ingest`` wrote.
        progress: told which table is being clustered.
        memory: what the process may hold (``"2GB"``); what sorting needs beyond it is on disk.
        rebuild: build it from the parts, whatever store there was before.
        spark: the cluster that sorts events, if they must be sorted anew; ``None``: DuckDB here.

    Raises:
        NothingKnown: nothing was ever ingested there.
        DiskFull: its disk has less room than the store needs; nothing was begun.
    """
    sort_bytes = for_sorting(memory)
    source = Warehouse(warehouse)
    # Order of locks everywhere: the warehouse's (shared), then that of the clustered stores.
    with source.reading(), exclusive_lock(warehouse):
        if not source.entries():
            raise NothingKnown(f'"{warehouse}" holds no ingested data; run "xhcredit ingest" first')
        target = _folder_of(source, source.digest())
        if rebuild or not target.exists():
            require_free_space(
                target.parent,
                _BYTES_PER_PART_BYTE * size_of(warehouse / "parts"),
                "clustering the events",
            )
            sort_table = cluster.write_table if spark is None else Shuffle(spark, source)
            with log_duration("cluster.built") as counts:
                counts["spliced"] = _build(
                    source, target, progress, sort_bytes, sort_table, rebuild=rebuild
                )
                counts |= _cluster_counts(target)
        event_columns = stores.load(target)
        _discard_others(source, target)
    return event_columns


def open_book(
    warehouse: Path, digest: str, *, progress: Progress = ignore_progress
) -> EventColumns:
    """Return the clustered store of what a warehouse held when it had a digest.

    What came since, and what was replaced since, changes nothing in it.  It lies ready for the
    nights that were scored last; of an earlier one it is built from the parts.

    Args:
        warehouse: folder that ``xhcredit ingest`` wrote.
        digest: of the warehouse at that time, as a run's provenance has it (``data_digest``).
        progress: told which table is being clustered.

    Raises:
        BookLost: the warehouse does not hold it any more, or never did.
    """
    source = Warehouse(warehouse)
    target = _folder_of(source, digest)
    if not target.exists():
        with source.reading(), exclusive_lock(warehouse):
            # Another process may have built it while this one waited for the lock.
            if not target.exists():
                with log_duration("cluster.built", spliced=False) as counts:
                    _build_as_of(source, target, digest, progress)
                    counts |= _cluster_counts(target)
    event_columns = stores.load(target)
    with suppress(OSError):  # who may only read cannot say that it is used; the night did
        keep_book(warehouse, event_columns)
    return event_columns


def _cluster_counts(target: Path) -> dict[str, int]:
    """How many enterprises and events a clustered store holds."""
    event_columns = stores.load(target)
    events = [a["occurred"].shape[0] for a in event_columns.tables.values() if "occurred" in a]
    return {"enterprises": len(event_columns), "events": sum(events)}


def keep_book(warehouse: Path, event_columns: EventColumns) -> None:
    """Retain a clustered store and its parts: a run was, or is, explained from it."""
    if event_columns.path is not None:
        Warehouse(warehouse).keep_book(
            event_columns.digest, stores.read_notes(event_columns.path)["entries"]
        )


@contextmanager
def exclusive_lock(warehouse: Path) -> Iterator[None]:
    """Let one process at a time build beside a warehouse; the others wait here."""
    (warehouse / "clustered").mkdir(parents=True, exist_ok=True)
    with (warehouse / ".clustering").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _folder_of(source: Warehouse, digest: str) -> Path:
    """Folder of the store of these very tables, declared and laid out as they are now."""
    library = Path(xhcredit.__file__).parent
    sources = [(library / name).read_text(encoding="utf-8") for name in _LAYOUT]
    text = "\n".join([digest, directory_digest(), *sources])
    return source.path / "clustered" / hashlib.sha256(text.encode()).hexdigest()[:16]


def _newest(source: Warehouse) -> Path | None:
    """The newest whole store of the present layout, to be carried on; ``None`` if there is none."""
    whole = []
    for folder in (source.path / "clustered").iterdir():
        try:
            about = stores.read_notes(folder)
        except (OSError, ValueError):  # half-built
            continue
        if about.get("entries") and folder == _folder_of(source, about["digest"]):
            whole.append(folder)
    return max(whole, key=lambda folder: (folder / "store.json").stat().st_mtime_ns, default=None)


def _discard_others(source: Warehouse, current: Path) -> None:
    """Remove stores of earlier data that no retained run needs, and half-built ones.

    Who reads one of them keeps its mapped files.
    """
    retained = {current, *(_folder_of(source, digest) for digest in source.books())}
    for folder in current.parent.iterdir():
        if folder not in retained:
            shutil.rmtree(folder, ignore_errors=True)


def _build(
    source: Warehouse,
    target: Path,
    progress: Progress,
    sort_bytes: int | None,
    sort_table: cluster.Sort,
    *,
    rebuild: bool,
) -> bool:
    """Cluster the tables of a warehouse; what memory cannot hold is spilled beside the store.

    An earlier store of the same layout is carried on, if what came since can be told from it.
    Returns whether it was.
    """
    digest, base_folder = source.digest(), None if rebuild else _newest(source)
    with duckdb.connect() as con:
        con.execute(f"SET temp_directory = {literal(str(source.path / '.spill'))}")
        _limit_memory(con, sort_bytes)
        if base_folder is not None:
            progress("splice", 0, 1)
            con.execute("SET threads = 1")  # few rows: more threads cost more than they save
            change_set = warehouse_changes(con, source, stores.read_notes(base_folder)["entries"])
            if change_set is not None and recluster(change_set, base_folder, target, digest):
                progress("splice", 1, 1)
                return True
            con.execute("RESET threads")
            _limit_memory(con, sort_bytes)
        create_views(con, source)
        entries = [e.name for e in source.entries()]
        cluster.build(con, target, digest, progress, entries, sort_table)
    return False


def _build_as_of(source: Warehouse, target: Path, digest: str, progress: Progress) -> None:
    """Cluster the tables of a warehouse as they were when it had ``digest``."""
    entries = source.book(digest)
    with duckdb.connect() as con:
        con.execute(f"SET temp_directory = {literal(str(source.path / '.spill'))}")
        create_views(con, source, entries)
        names = [entry.name for entry in entries]
        cluster.build(con, target, digest, progress, names)
    source.keep_book(digest, names)  # before anybody else may clear away what is no night's


def _limit_memory(con: duckdb.DuckDBPyConnection, room: int | None) -> None:
    """Keep sorting within ``room`` bytes, if there is such a limit."""
    for setting in duckdb_settings(room) if room is not None else ():
        con.execute(setting)
