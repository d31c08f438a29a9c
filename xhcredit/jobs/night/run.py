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

from xhcredit.domain.disk import disk_error, not_writable, require_free_space
from xhcredit.domain.log import event, log_call
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.columns import EventColumns
from xhcredit.engine.one_enterprise import day_number
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.night import reuse
from xhcredit.jobs.night.result_columns import NightColumns
from xhcredit.jobs.night.score import NightScores, score_night
from xhcredit.jobs.night.self_check import CHECK_SHARE
from xhcredit.jobs.night.spark_slices import score_on_spark
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.result_table import provenance_of, write_json, write_parts
from xhcredit.jobs.scoring.score_columns import present_rows
from xhcredit.jobs.spark.session import Spark
from xhcredit.jobs.warehouse.clustered_store import keep_book, open_event_columns
from xhcredit.jobs.warehouse.supervision import register_columns


@dataclass(frozen=True)
class NightReport:
    """Report of a night; ``repeated``: the same provenance had been run before.

    ``known_until`` is the newest day on which a fact became known; ``tables_not_delivered`` are
    tables
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
_BYTES_PER_ENTERPRISE = 2_000


def _log_fields(report: NightReport) -> dict[str, Any]:
    """Log fields of a night."""
    provenance_fields = {
        name: report.provenance[name] for name in ("as_of", "release", "data_digest")
    }
    counts = {"enterprises": report.enterprises, "carried": report.carried, "tiers": report.tiers}
    return {**provenance_fields, **counts, "repeated": report.repeated}


@log_call("night.scored", _log_fields)
def run_night(
    warehouse: Path,
    out: Path,
    model: Model,
    *,
    progress: Progress = ignore_progress,
    memory: str = "",
    full: bool = False,
    check: float = CHECK_SHARE,
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
        event_columns = open_event_columns(
            warehouse, progress=progress, memory=memory, rebuild=full, spark=spark
        )
        keep_book(warehouse, event_columns)
        night = _Night(warehouse, out, event_columns, model, full, check, progress, spark)
        with _exclusive_lock(out):
            if repeated := night.same_run_before():
                return repeated
            night_scores = night.score()
            report = night.report(night_scores)
            night.write(night_scores, report)
    return report


@dataclass(frozen=True)
class _Night:
    """One night while it runs: what it reads, with what it scores, and where it writes."""

    warehouse: Path
    out: Path
    store: EventColumns
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
        return present_rows(self.store, self.model.as_of)

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
        require_free_space(self.out, _BYTES_PER_ENTERPRISE * self.rows.shape[0], "this night")
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
            scored_x=results.count_by_x(),
            known_until=known_until(self.store, self.model.as_of).isoformat(),
            not_delivered=tables_not_delivered(Warehouse(self.warehouse)),
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
        reuse.keep_for_next_night(self.out, self.store, scored.columns)

    def _result_tables(self, columns: NightColumns) -> Iterator[pa.Table]:
        """The result, slice by slice."""
        all_register_columns = register_columns(self.warehouse, self.store, self.model.as_of)
        size = columns.rows.shape[0]
        for part in columns.slices():
            rows = columns.rows[part]
            first, last = int(rows[0]), int(rows[-1])
            register = all_register_columns.slice(first, last + 1 - first).take(
                pa.array(rows - first)
            )
            yield columns.slice_results(part).table(self.store.codes[rows], register)
            columns.release_pages()
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


def known_until(event_columns: EventColumns, as_of: date) -> date:
    """The newest day, up to ``as_of``, on which any fact became known."""
    limit = day_number(as_of)
    days = [0]
    for arrays in event_columns.tables.values():
        known_days = arrays.get("known")
        if known_days is not None:
            days.append(int(np.max(known_days, initial=0, where=known_days <= limit)))
    return date(1970, 1, 1) + timedelta(days=max(days))


def tables_not_delivered(warehouse: Warehouse) -> list[str]:
    """Tables that may be scored and of which no row was ever ingested."""
    ingested_tables = warehouse.tables()
    return [name for name, t in directory().items() if t.scored and name not in ingested_tables]
