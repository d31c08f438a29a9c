"""Nightly run: from the warehouse to scores and tiers of all enterprises on one day."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, partial
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
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.night import reuse as carry
from xhcredit.jobs.night.result_columns import NightColumns
from xhcredit.jobs.night.score import NightScores, score_night
from xhcredit.jobs.night.self_check import SHARE
from xhcredit.jobs.night.spark_slices import score_on_spark
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.result_table import provenance_of, write_json, write_parts
from xhcredit.jobs.scoring.score_columns import present
from xhcredit.jobs.spark.session import Spark
from xhcredit.jobs.warehouse.clustered_store import keep_book, open_store


@dataclass(frozen=True)
class NightReport:
    """Report of a night; ``repeated``: the same provenance had been run before.

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


def _counts(report: NightReport) -> dict[str, Any]:
    """Log fields of a night."""
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
        night = _Night(warehouse, out, store, model, full, check, progress, spark)
        with _exclusive_lock(out):
            if repeated := night.same_run_before():
                return repeated
            scored = night.score()
            report = night.report(scored)
            night.write(scored, report)
    return report


@dataclass(frozen=True)
class _Night:
    """One night while it runs: what it reads, with what it scores, and where it writes."""

    warehouse: Path
    out: Path
    store: Store
    model: Model
    full: bool
    check: float
    progress: Progress
    spark: Spark | None

    @cached_property
    def provenance(self) -> dict[str, str]:
        """Day, release, rules, program and data from which the scores follow."""
        return self.model.provenance(self.store.digest)

    @cached_property
    def rows(self) -> np.ndarray:
        """Positions in the store of the enterprises of the day."""
        return present(self.store, self.model.as_of)

    def same_run_before(self) -> NightReport | None:
        """The report of a run of the same provenance, if both its files are there and whole."""
        if self.full:
            return None
        scores = self.out / "scores.parquet"
        try:
            details = json.loads((self.out / "run.json").read_text(encoding="utf-8"))
            report = NightReport(**details, scores=scores, repeated=True)
            in_scores = provenance_of(scores)
        except (OSError, ValueError, TypeError):  # absent, damaged, of another version: run anew
            return None
        return report if report.provenance == self.provenance == in_scores else None

    def score(self) -> NightScores:
        """Score everybody, here or on the cluster.

        Raises:
            DiskFull: the disk has less room than the night needs; nothing was begun.
        """
        need_room(self.out, _ROOM * self.rows.shape[0], "this night")
        self.progress("compile", 0, 1)
        if self.spark:
            return score_on_spark(
                self.spark, self.out, self.store, self.model, self.rows, self.progress
            )
        return score_night(
            self.warehouse,
            self.out,
            self.store,
            self.model,
            self.rows,
            full=self.full,
            check=self.check,
            progress=self.progress,
        )

    def report(self, scored: NightScores) -> NightReport:
        """What the night did."""
        results = scored.columns.results
        return NightReport(
            provenance=self.provenance,
            enterprises=self.rows.shape[0],
            tiers=results.distribution(),
            scored_x=results.applying(),
            known_until=known_until(self.store, self.model.as_of).isoformat(),
            not_delivered=not_delivered(Warehouse(self.warehouse)),
            scores=self.out / "scores.parquet",
            carried=scored.carried,
            why=scored.why,
        )

    def write(self, scored: NightScores, report: NightReport) -> None:
        """Write ``scores.parquet``, then ``run.json``, then what the next night starts from.

        ``run.json`` of the earlier night goes before the scores change, so that it never stands
        beside scores that are not its own.
        """
        described = self.out / "run.json"
        parts = self._result_tables(scored.columns)
        write_parts(parts, report.scores, report.provenance, partial(described.unlink, True))
        details = {
            name: value
            for name, value in vars(report).items()
            if name not in ("scores", "repeated")
        }
        write_json(details, described)
        carry.keep(self.out, self.store, scored.columns)

    def _result_tables(self, columns: NightColumns) -> Iterator[pa.Table]:
        """The result, slice by slice."""
        places, size = stores.places_of(self.store), columns.rows.shape[0]
        for part in columns.slices():
            rows = columns.rows[part]
            first, last = int(rows[0]), int(rows[-1])
            register = places.slice(first, last + 1 - first).take(pa.array(rows - first))
            yield columns.part(part).table(self.store.codes[rows], register)
            columns.let_go()
            self.progress("write", part.stop, size)


@contextmanager
def _exclusive_lock(out: Path) -> Iterator[None]:
    """Let one night at a time write into a folder; the others wait here.

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
