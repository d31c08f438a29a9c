"""Our side: features, the night, the training grid, one enterprise."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contest import AS_OF, full_model, model
from benchmarks.data import warehouse
from benchmarks.runner import OUT, THREADS
from benchmarks.stopwatch import Stopwatch
from benchmarks.values import digests
from xhcredit.engine.one_enterprise import day_number, one_enterprise
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.score_columns import present_rows, score_rows
from xhcredit.jobs.warehouse.clustered_store import open_event_columns

DAY = day_number(AS_OF)


def _warm(m: Model) -> Model:
    """Load the compiled code, so that start-up is not counted as work."""
    store = one_enterprise({})
    score_rows(store, m, np.zeros(1, np.int64))
    return m


def _unclustered(size: int) -> Path:
    """The same warehouse without its clustered store, so that a night has to build it."""
    folder = OUT / "scratch" / f"e{size}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for part in warehouse(size).iterdir():
        if part.name != "clustered":
            (folder / part.name).symlink_to(part)
    return folder


def features(size: int, check: bool = False) -> Callable[[], Any]:
    """All features of the contest for everybody present, in memory."""
    compiled = _warm(model()).compiled
    open_event_columns(warehouse(size))

    def work() -> Any:
        store = open_event_columns(warehouse(size))
        rows = present_rows(store, AS_OF)
        out = compiled.run(store, rows, np.full(rows.shape, DAY, np.int32), threads=THREADS)
        return (lambda: digests(dict(zip(compiled.ids, out, strict=True)))) if check else None

    return work


def night(
    size: int,
    which: str = "contest",
    source: str = "clustered",
    memory: str = "",
    check: bool = False,
) -> Callable[[], Any]:
    """The night's job itself, from the clustered store or from the ingested parts."""
    m = _warm(model() if which == "contest" else full_model())
    open_event_columns(warehouse(size))
    place = warehouse(size) if source == "clustered" else _unclustered(size)
    out = OUT / "scratch" / f"night{size}"
    shutil.rmtree(out, ignore_errors=True)

    def work() -> Any:
        report = run_night(place, out, m, memory=memory)
        night_figures = {"features": len(m.compiled.ids), "tiers": report.tiers}
        return lambda: {
            **night_figures,
            **_written_counts(report.scores),
            **_checked(report.scores, check),
        }

    return work


def _written_counts(target: Path) -> dict[str, Any]:
    """What was written."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(target)
    return {
        "enterprises": file.metadata.num_rows,
        "parquet_mb": target.stat().st_size / 1e6,
    }


def _checked(target: Path, check: bool) -> dict[str, Any]:
    """Digests of what the contest's night decides: score, tier, and the four reasons."""
    if not check:
        return {}
    import duckdb

    reasons = ", ".join(
        f"reasons[{k}].{part} AS {part}{k}"
        for k in range(1, 5)
        for part in ("indicator", "points_lost")
    )
    night_rows = duckdb.sql(
        f"SELECT general, ascii(tier) AS tier, {reasons} FROM '{target}'"
    ).to_arrow_table()
    columns = {}
    for name in night_rows.column_names:
        column = night_rows.column(name)
        if name.startswith("indicator"):
            ids = {f: k for k, f in enumerate(model().compiled.ids)}
            column = [ids.get(v, -1) for v in column.to_pylist()]
        columns[name] = column if isinstance(column, list) else column.to_pandas()
    return digests(columns)


def grid(size: int, months: int = 36, neighbours: bool = True) -> Callable[[], dict[str, Any]]:
    """Features of all enterprises present on each of the last month ends, chunk by chunk."""
    from xhcredit.engine.compile import compile_features, with_inputs
    from xhcredit.features.registry import features as declared

    wanted = [f.id for f in model().compiled.features if neighbours or f.aggregate != "neighbours"]
    compiled = compile_features(with_inputs(wanted, declared()))
    compiled.run(one_enterprise({}), np.zeros(1, np.int64), np.zeros(1, np.int32))
    open_event_columns(warehouse(size))
    days = [DAY - 30 * k for k in range(months)]

    def work() -> dict[str, Any]:
        store = open_event_columns(warehouse(size))
        pairs = 0
        for day in days:
            rows = store.present(day)
            on = np.full(rows.shape, day, np.int32)
            shared = compiled.neighbours(store, rows, on)
            compiled.in_chunks(store, rows, on, shared, lambda start, x: None, THREADS)
            pairs += rows.shape[0]
        return {"pairs": pairs, "features": len(compiled.ids)}

    return work


def single(size: int, probes: int = 2000) -> Callable[[], dict[str, Any]]:
    """One enterprise after another from the store: features, scores, tier, four reasons."""
    m = _warm(full_model())
    store = open_event_columns(warehouse(size))
    rng = np.random.default_rng(1)
    events = np.diff(store.tables["inspection"]["offsets"])
    busiest = np.argsort(-events)[: probes // 2]
    rows = np.concatenate([rng.integers(0, len(store), probes - busiest.size), busiest])
    rng.shuffle(rows)
    codes = [store.codes[r].decode() for r in rows]
    day = np.array([DAY], np.int32)

    def work() -> dict[str, Any]:
        clock = Stopwatch()
        for code in codes:
            with clock:
                x = m.compiled.run(store, np.array([store.row(code)]), day, threads=1)
                m.score(x)
        return clock.percentiles()

    return work
