"""A night after which one enterprise in a hundred was touched: full against incremental.

``python -m benchmarks.incremental [size [pairs]]``; the two alternate, each in a process of its own
and from the same files; their results are compared byte by byte.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contest import AS_OF
from benchmarks.data import ensure, warehouse
from benchmarks.runner import OUT, measure

#: one enterprise in so many is touched
ONE_IN = 100
#: of the events of a touched enterprise, one in so many comes again: a new one, or its ending
AGAIN = 4


def home(size: int) -> Path:
    """Where the two nights of a size are kept."""
    return OUT / "incremental" / f"e{size}"


def _linked(source: Path, target: Path) -> None:
    """A copy of a folder, if it is there, that shares its files."""
    shutil.rmtree(target, ignore_errors=True)
    if source.exists():
        shutil.copytree(source, target, copy_function=os.link)


def prepare(size: int) -> Callable[[], dict[str, Any]]:
    """The night of yesterday, and then what came in today."""
    from xhcredit.ingest.warehouse import Warehouse
    from xhcredit.jobs.night.run import run_night
    from xhcredit.jobs.scoring.model import model_on
    from xhcredit.rules.rulebook import Rulebook
    from xhcredit.scores.release import load_release

    place = home(size)

    def work() -> dict[str, Any]:
        shutil.rmtree(place, ignore_errors=True)
        for part in ("parts", "manifest", "versions"):
            _linked(warehouse(size) / part, place / "w" / part)
        yesterday = AS_OF - timedelta(days=1)
        run_night(place / "w", place / "out", model_on(Rulebook.load(), load_release(), yesterday))
        return {"came": _come(Warehouse(place / "w"), AS_OF)}

    return work


def _come(warehouse: Any, day: date) -> int:
    """Enter new, ended and corrected events of one enterprise in a hundred; returns how many."""
    import duckdb

    from xhcredit.ingest.resolved import create_views
    from xhcredit.ingest.schema import directory
    from xhcredit.ingest.warehouse import Entry

    with duckdb.connect(config={"threads": 2}) as con:
        create_views(con, warehouse)
        con.execute(f"SET VARIABLE today = DATE '{day}'")
        touched = f"code IN (SELECT code FROM enterprise WHERE hash(code) % {ONE_IN} = 0)"
        selects = {
            name: f"SELECT * REPLACE ({_reported_events_sql(t)}) FROM {name} WHERE {touched} "
            f"AND withdrawn_on IS NULL AND hash(event_id) % {AGAIN} = 0"
            for name, t in directory().items()
            if t.kind == "event"
        }
        selects["enterprise"] = f"SELECT * FROM enterprise WHERE hash(code) % {ONE_IN * 20} = 0"
        selects = {name: selects[name] for name in directory()}
        entry = warehouse.commit(
            con, selects, Entry("", "today", "today", "b", "b", {}, ingested_on=day.isoformat())
        )
    return sum(entry.parts.values())


def _reported_events_sql(t: Any) -> str:
    """Half of what comes is new (another day and key), half tells of an event that stood before."""
    new = "hash(event_id) % 8 = 0"
    column_sqls = [
        f"CASE WHEN {new} THEN (hash(event_id) >> 2)::BIGINT ELSE event_id END AS event_id",
        f"CASE WHEN {new} THEN getvariable('today') - 1 ELSE occurred_on END AS occurred_on",
        "getvariable('today') AS known_on",
    ]
    if t.ends:
        column_sqls += [
            f"CASE WHEN {new} THEN NULL ELSE getvariable('today') END AS {name}"
            for name in ("ended_on", "ended_known_on")
        ]
    return ", ".join(column_sqls)


def night(size: int, way: str) -> Callable[[], Any]:
    """The night of today, full or incremental, from the files of yesterday."""
    import numpy as np

    from benchmarks.ours import _warm
    from xhcredit.engine.columns import read_only
    from xhcredit.engine.one_enterprise import one_enterprise
    from xhcredit.jobs.night.run import run_night
    from xhcredit.jobs.night.valid_until import DueDays
    from xhcredit.jobs.scoring.model import model_on
    from xhcredit.rules.rulebook import Rulebook
    from xhcredit.scores.release import load_release

    place = home(size) / way
    _linked(home(size) / "w", place / "w")
    shutil.rmtree(place / "out", ignore_errors=True)
    shutil.copytree(home(size) / "out", place / "out")
    model = _warm(model_on(Rulebook.load(), load_release(), AS_OF))
    none = read_only(np.zeros(1, np.int64))
    DueDays(model).due.lower(one_enterprise({}), none, 0, np.zeros(1, np.int64))

    def work() -> Any:
        report = run_night(place / "w", place / "out", model, full=way == "full")
        return {
            "enterprises": report.enterprises,
            "carried": report.carried,
            "scores": str(report.scores),
        }

    return work


def main() -> None:
    """Measure and print the table."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    ensure(size)
    came = measure("incremental.prepare", size=size).figures["came"]
    runs: dict[str, list[Any]] = {"full": [], "incremental": []}
    for _ in range(pairs):
        for way, done in runs.items():
            done.append(measure("incremental.night", size=size, way=way))
        files = [Path(done[-1].figures["scores"]).read_bytes() for done in runs.values()]
        if files[0] != files[1]:
            raise SystemExit("the two nights differ")
        print(
            [(way_runs[-1].cpu, way_runs[-1].process_cpu) for way_runs in runs.values()], flush=True
        )
    for way, done in runs.items():
        cpu, process, wall, peak, own_mb = (
            median(getattr(way_runs, name) for way_runs in done)
            for name in ("cpu", "process_cpu", "wall", "peak_mb", "own_mb")
        )
        print(
            f"| {way} | {size:,} | {came:,} | {cpu:.2f} | {process:.2f} | {wall:.2f} | "
            f"{peak:,.0f} | {own_mb:,.0f} | {done[-1].figures['carried']:,} |"
        )
    ratio = sorted(b.cpu / a.cpu for a, b in zip(runs["full"], runs["incremental"], strict=True))
    print(f"incremental / full, CPU: median {median(ratio):.3f}, {ratio[0]:.3f} to {ratio[-1]:.3f}")


if __name__ == "__main__":
    main()
