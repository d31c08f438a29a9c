"""The nightly run: from the warehouse to scores and tiers of everybody, on one day."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np

from xhcredit.engine import cluster
from xhcredit.engine.columns import Store
from xhcredit.engine.one import day_number
from xhcredit.errors import NothingKnown
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.model import Model
from xhcredit.jobs.results import Results, write_atomic, write_json

#: told what is being done, how far it is, and how far it will go
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class NightReport:
    """What a night did; ``repeated`` means that the same provenance had been run before.

    ``not_delivered`` are tables without any row: their indicators say "nothing known".
    """

    provenance: dict[str, str]
    enterprises: int
    tiers: dict[str, int]
    scored_x: dict[str, int]
    not_delivered: list[str]
    scores: Path
    repeated: bool = False


def _quiet(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def open_store(warehouse: Path, *, progress: Progress = _quiet, memory: str = "") -> Store:
    """Return the clustered store of a warehouse, built anew if something was ingested since.

    Args:
        warehouse: folder that ``xhcredit ingest`` wrote.
        progress: told which table is being clustered.
        memory: limit for sorting, as DuckDB writes it (``"2GB"``); beyond it, disk is used.

    Raises:
        NothingKnown: nothing was ever ingested there.
    """
    kept = Warehouse(warehouse)
    if not kept.entries():
        raise NothingKnown(f'"{warehouse}" holds no ingested data; run "xhcredit ingest" first')
    stores = warehouse / "clustered"
    target = cluster.folder_of(stores, kept.digest())
    with cluster.alone(stores):
        if not target.exists():
            with duckdb.connect() as con:
                if memory:
                    con.execute(f"SET memory_limit = '{memory}'")
                create_views(con, kept)
                cluster.build(con, target, kept.digest(), progress)
        store = cluster.load(target)
        cluster.forget_others(stores, target)
    return store


def present(store: Store, as_of: date) -> np.ndarray:
    """Positions of the enterprises of a day.

    Raises:
        NothingKnown: nobody was known by then; says from which day on somebody was.
    """
    rows = store.present(day_number(as_of))
    if rows.shape[0] == 0:
        first = date(1970, 1, 1) + timedelta(days=int(store.known.min())) if len(store) else None
        raise NothingKnown(
            f"no enterprise was known on {as_of}; "
            + (
                f"the first became known on {first}: choose that day or a later one"
                if first
                else ""
            )
        )
    return rows


def score_store(
    store: Store, model: Model, rows: np.ndarray, progress: Progress = _quiet
) -> Results:
    """Score the enterprises at ``rows`` of a store on the model's day."""
    day = day_number(model.as_of)
    days = np.full(rows.shape, day, np.int32)
    results = Results(model, rows.shape[0])
    done: list[int] = []

    def put(at: slice, x: np.ndarray) -> None:
        results.put(at, x)
        done.append(x.shape[1])
        progress("score", sum(done), rows.shape[0])

    shared = model.compiled.neighbours(store, rows, days)
    model.compiled.in_chunks(store, rows, days, shared, put)
    return results


def run_night(
    warehouse: Path, out: Path, model: Model, *, progress: Progress = _quiet, memory: str = ""
) -> NightReport:
    """Score every enterprise of a day and write ``scores.parquet`` and ``run.json`` into ``out``.

    The same provenance again is a no-op.  Both files are written whole or not at all, ``run.json``
    last.

    Raises:
        NothingKnown: nothing was ingested, or nobody was known on that day.
    """
    store = open_store(warehouse, progress=progress, memory=memory)
    provenance = model.provenance(store.digest)
    scores = out / "scores.parquet"
    earlier = _earlier(out, provenance)
    if earlier is not None:
        return earlier
    rows = present(store, model.as_of)
    progress("compile", 0, 1)
    results = score_store(store, model, rows, progress)
    (out / "run.json").unlink(missing_ok=True)
    write_atomic(results.table(store.codes[rows]), scores, provenance)
    x = {n: int(np.count_nonzero(~np.isnan(results.columns[n]))) for n in model.release.x}
    kept = {
        "provenance": provenance,
        "enterprises": rows.shape[0],
        "tiers": results.distribution(),
        "scored_x": x,
        "not_delivered": not_delivered(Warehouse(warehouse)),
    }
    write_json(kept, out / "run.json")
    return NightReport(**kept, scores=scores)


def not_delivered(warehouse: Warehouse) -> list[str]:
    """Tables that may be scored and of which no row was ever ingested."""
    held = warehouse.tables()
    return [name for name, t in directory().items() if t.scored and name not in held]


def _earlier(out: Path, provenance: dict[str, str]) -> NightReport | None:
    """The report of a run with the same provenance whose files are still there."""
    if not (out / "run.json").exists() or not (out / "scores.parquet").exists():
        return None
    kept = json.loads((out / "run.json").read_text(encoding="utf-8"))
    if kept["provenance"] != provenance:
        return None
    return NightReport(**kept, scores=out / "scores.parquet", repeated=True)
