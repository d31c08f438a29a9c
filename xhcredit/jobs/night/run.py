"""The nightly run: from the warehouse to scores and tiers of everybody, on one day."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xhcredit.domain.disk import disk_error, need_room, not_writable
from xhcredit.domain.log import event, logged
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine import stores
from xhcredit.engine.columns import Store
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import NothingKnown
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.night import reuse as carry
from xhcredit.jobs.night.result_columns import NightColumns
from xhcredit.jobs.night.score import NightScores, score_night
from xhcredit.jobs.night.self_check import SHARE
from xhcredit.jobs.night.spark_slices import score_on_spark
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.result_table import Results, provenance_of, write_json, write_parts
from xhcredit.jobs.spark.session import Spark
from xhcredit.jobs.warehouse.clustered_store import keep_book, open_store


@dataclass(frozen=True)
class NightReport:
    """What a night did; ``repeated`` means that the same provenance had been run before.

    ``known_until`` is the newest day on which a fact became known; ``not_delivered`` are tables
    without any row: their indicators say "nothing known".  ``carried`` enterprises were carried
    over from the night before; ``why`` says why the others were computed.
    """

    provenance: dict[str, str]
    enterprises: int
    tiers: dict[str, int]
    scored_x: dict[str, int]
    known_until: str
    not_delivered: list[str]
    scores: Path
    repeated: bool = False
    carried: int = 0
    why: str = ""


#: bytes per enterprise that a night writes: scores with reasons, columns kept for the next night
_ROOM = 2_000


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
    store: Store, model: Model, rows: np.ndarray, progress: Progress = ignore_progress
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


def _counts(report: NightReport) -> dict[str, Any]:
    """What the event of a night says of it."""
    made_from = {name: report.provenance[name] for name in ("as_of", "release", "data_digest")}
    counts = {"enterprises": report.enterprises, "carried": report.carried, "tiers": report.tiers}
    return {**made_from, **counts, "repeated": report.repeated}


@logged("night.scored", _counts)
def run_night(
    warehouse: Path,
    out: Path,
    model: Model,
    *,
    progress: Progress = ignore_progress,
    memory: str = "",
    full: bool = False,
    check: float = SHARE,
    engine: str = "",
) -> NightReport:
    """Score every enterprise of a day and write ``scores.parquet`` and ``run.json`` into ``out``.

    The same provenance again is a no-op.  Both files are written whole or not at all, ``run.json``
    last.  What surely is as in the night that lies in ``out`` is carried over; the result is that
    of a full run, to the last bit.

    Args:
        warehouse: folder that ``xhcredit ingest`` wrote.
        out: folder of the results.
        model: release, rules and day.
        progress: told what is being done.
        memory: what the process may hold, as for ``open_store``; scoring needs no more than
            ``LEAST`` whatever the number of enterprises.
        full: cluster and compute everything anew, whatever lies in ``out``.
        check: share of what is carried over that is computed anew and compared, 0 to 1.
        engine: Spark's master URL (``spark://…``, ``local[2]``), where events are then shuffled
            and everybody computed; nothing: here.

    Raises:
        BadInput: the engine cannot be used.
        NothingKnown: nothing was ingested, or nobody was known on that day.
        DiskFull: the disk of ``out`` has less room than the night needs; nothing was begun.
        NightRefuted: the check found a difference; the earlier night stays as it is.
    """
    event("night.started", as_of=model.as_of, release=model.release.name, full=full)
    with Spark(engine) if engine else nullcontext() as spark:
        store = open_store(warehouse, progress=progress, memory=memory, anew=full, spark=spark)
        keep_book(warehouse, store)
        provenance = model.provenance(store.digest)
        scores = out / "scores.parquet"
        with _alone(out):
            earlier = None if full else _earlier(out, provenance)
            if earlier is not None:
                return earlier
            rows = present(store, model.as_of)
            need_room(out, _ROOM * rows.shape[0], "this night")
            progress("compile", 0, 1)
            if spark:
                scored = score_on_spark(spark, out, store, model, rows, progress)
            else:
                scored = score_night(
                    warehouse, out, store, model, rows, full=full, check=check, progress=progress
                )
            unfinished = partial((out / "run.json").unlink, missing_ok=True)
            write_parts(_tables(store, scored.columns, progress), scores, provenance, unfinished)
            kept = {"provenance": provenance, **_told(scored, store, model, rows, warehouse)}
            write_json(kept, out / "run.json")
            carry.keep(out, store, scored.columns)
    return NightReport(**kept, scores=scores)


def _tables(store: Store, columns: NightColumns, progress: Progress) -> Iterator[pa.Table]:
    """The result, slice by slice."""
    places, size = stores.places_of(store), columns.rows.shape[0]
    for at in columns.slices():
        rows = columns.rows[at]
        first, last = int(rows[0]), int(rows[-1])
        told = places.slice(first, last + 1 - first).take(pa.array(rows - first))
        yield columns.part(at).table(store.codes[rows], told)
        columns.let_go()
        progress("write", at.stop, size)


def _told(
    scored: NightScores, store: Store, model: Model, rows: np.ndarray, warehouse: Path
) -> dict[str, Any]:
    """What ``run.json`` says of a night beside its provenance."""
    results = scored.columns.results
    return {
        "enterprises": rows.shape[0],
        "tiers": results.distribution(),
        "scored_x": results.applying(),
        "known_until": known_until(store, model.as_of).isoformat(),
        "not_delivered": not_delivered(Warehouse(warehouse)),
        "carried": scored.carried,
        "why": scored.why,
    }


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Let one night at a time write into a folder.

    Raises:
        NotWritable, DiskFull: the folder cannot be made or written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        file = (out / ".lock").open("w")
    except OSError as error:
        raise disk_error(error) or not_writable(str(out), str(error)) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def known_until(store: Store, as_of: date) -> date:
    """The newest day, up to ``as_of``, on which any fact became known."""
    limit = day_number(as_of)
    days = [0]
    for arrays in store.tables.values():
        known = arrays.get("known")
        if known is not None:
            days.append(int(np.max(known, initial=0, where=known <= limit)))
    return date(1970, 1, 1) + timedelta(days=max(days))


def not_delivered(warehouse: Warehouse) -> list[str]:
    """Tables that may be scored and of which no row was ever ingested."""
    held = warehouse.tables()
    return [name for name, t in directory().items() if t.scored and name not in held]


def _earlier(out: Path, provenance: dict[str, str]) -> NightReport | None:
    """The report of a run with the same provenance, if both its files are there and whole."""
    scores = out / "scores.parquet"
    try:
        kept = json.loads((out / "run.json").read_text(encoding="utf-8"))
        inside = provenance_of(scores)
        report = NightReport(**kept, scores=scores, repeated=True)
    except (OSError, ValueError, TypeError):  # not there, damaged, or of another version: run anew
        return None
    return report if report.provenance == provenance == inside else None
