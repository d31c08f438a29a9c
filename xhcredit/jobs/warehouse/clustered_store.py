"""The clustered store of a warehouse: made, or carried on from the last one, before it is read."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import duckdb

from xhcredit.domain.disk import need_room, size_of
from xhcredit.domain.log import measured
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine import cluster, stores
from xhcredit.engine.columns import Store
from xhcredit.engine.update_clusters import recluster
from xhcredit.errors import NothingKnown
from xhcredit.ingest.changes import changes
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse, literal
from xhcredit.jobs.spark.session import Spark
from xhcredit.jobs.spark.shuffle import Shuffle
from xhcredit.jobs.warehouse.memory_limit import for_sorting, settings

#: bytes of arrays, and of what is spilled while sorting, per byte of the parts
_ROOM = 4


def open_store(
    warehouse: Path,
    *,
    progress: Progress = ignore_progress,
    memory: str = "",
    anew: bool = False,
    spark: Spark | None = None,
) -> Store:
    """Return the clustered store of a warehouse; what was ingested since is spliced into it.

    Args:
        warehouse: folder that ``xhcredit ingest`` wrote.
        progress: told which table is being clustered.
        memory: what the process may hold (``"2GB"``); what sorting needs beyond it is on disk.
        anew: build it from the parts, whatever store there was before.
        spark: the cluster that sorts events, if they must be sorted anew; ``None``: DuckDB here.

    Raises:
        NothingKnown: nothing was ever ingested there.
        DiskFull: its disk has less room than the store needs; nothing was begun.
    """
    room = for_sorting(memory)
    kept = Warehouse(warehouse)
    folder = warehouse / "clustered"
    with kept.reading(), stores.alone(folder):
        if not kept.entries():
            raise NothingKnown(f'"{warehouse}" holds no ingested data; run "xhcredit ingest" first')
        digest = kept.digest()
        target = stores.folder_of(folder, digest)
        if anew or not target.exists():
            need_room(folder, _ROOM * size_of(warehouse / "parts"), "clustering the events")
            sort = cluster.write_table if spark is None else Shuffle(spark, kept)
            with measured("cluster.built") as counts:
                counts["spliced"] = _make(kept, target, progress, room, sort, anew=anew)
                counts |= _counts(target)
        store = stores.load(target)
        stores.forget_others(folder, {target, *_of_nights(kept)})
    return store


def open_book(warehouse: Path, digest: str, *, progress: Progress = ignore_progress) -> Store:
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
    kept, folder = Warehouse(warehouse), warehouse / "clustered"
    target = stores.folder_of(folder, digest)
    if not target.exists():
        with kept.reading(), stores.alone(folder):
            if not target.exists():
                with measured("cluster.built", spliced=False) as counts:
                    _make_book(kept, target, digest, progress)
                    counts |= _counts(target)
    store = stores.load(target)
    with suppress(OSError):  # who may only read cannot say that it is used; the night did
        keep_book(warehouse, store)
    return store


def _counts(target: Path) -> dict[str, int]:
    """How many enterprises and events a clustered store holds."""
    store = stores.load(target)
    events = [a["occurred"].shape[0] for a in store.tables.values() if "occurred" in a]
    return {"enterprises": len(store), "events": sum(events)}


def _make_book(kept: Warehouse, target: Path, digest: str, progress: Progress) -> None:
    """Cluster the tables of a warehouse as they were."""
    entries = kept.book(digest)
    with duckdb.connect() as con:
        con.execute(f"SET temp_directory = {literal(str(kept.path / '.spill'))}")
        create_views(con, kept, entries)
        names = [entry.name for entry in entries]
        cluster.build(con, target, digest, progress, names)
    kept.keep_book(digest, names)  # before anybody else may clear away what is no night's


def keep_book(warehouse: Path, store: Store) -> None:
    """Keep a clustered store and all that it was made from: a night was, or is, told from it."""
    if store.path is not None:
        Warehouse(warehouse).keep_book(store.digest, stores.about(store.path)["entries"])


def _of_nights(kept: Warehouse) -> list[Path]:
    """Folders of the stores of the latest nights."""
    return [stores.folder_of(kept.path / "clustered", digest) for digest in kept.books()]


def _make(
    kept: Warehouse,
    target: Path,
    progress: Progress,
    room: int | None,
    sort: cluster.Sort,
    *,
    anew: bool,
) -> bool:
    """Cluster the tables of a warehouse; what memory cannot hold is spilled beside the store.

    An earlier store of the same layout is carried on, if what came since can be told from it.
    Returns whether it was.
    """
    digest, base = kept.digest(), None if anew else stores.latest(target.parent)
    with duckdb.connect() as con:
        con.execute(f"SET temp_directory = {literal(str(kept.path / '.spill'))}")
        _limit(con, room)
        if base is not None:
            progress("splice", 0, 1)
            con.execute("SET threads = 1")  # few rows: more threads cost more than they save
            changed = changes(con, kept, stores.about(base)["entries"])
            if changed is not None and recluster(changed, base, target, digest):
                progress("splice", 1, 1)
                return True
            con.execute("RESET threads")
            _limit(con, room)
        create_views(con, kept)
        entries = [e.name for e in kept.entries()]
        cluster.build(con, target, digest, progress, entries, sort)
    return False


def _limit(con: duckdb.DuckDBPyConnection, room: int | None) -> None:
    """Keep sorting within ``room`` bytes, if there is such a limit."""
    for setting in settings(room) if room is not None else ():
        con.execute(setting)
