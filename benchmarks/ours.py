"""Our side: features, the night, the training grid, one enterprise."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contest import AS_OF, full_model, model
from benchmarks.data import warehouse
from benchmarks.runner import OUT, THREADS
from benchmarks.values import digests
from xhcredit.engine import cluster
from xhcredit.engine.columns import Store
from xhcredit.engine.one import day_number, one_enterprise
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.model import Model
from xhcredit.jobs.night import open_store, present, score_store
from xhcredit.jobs.results import write_atomic

DAY = day_number(AS_OF)


def _warm(m: Model) -> Model:
    """Load the compiled code, so that start-up is not counted as work."""
    store = one_enterprise({})
    score_store(store, m, np.zeros(1, np.int64))
    return m


def _scratch(size: int, memory: str) -> Store:
    """Cluster the warehouse anew, beside the kept store, and map it."""
    import duckdb

    target = OUT / "scratch" / f"e{size}"
    with duckdb.connect(config={"threads": THREADS}) as con:
        if memory:
            con.execute(f"SET memory_limit = '{memory}'")
        create_views(con, Warehouse(warehouse(size)))
        cluster.build(con, target)
    return cluster.load(target)


def _store(size: int, source: str, memory: str = "") -> Store:
    """The clustered store: the kept one (as a night opens it), or made from scratch."""
    return _scratch(size, memory) if source == "scratch" else open_store(warehouse(size))


def _clean(size: int) -> None:
    shutil.rmtree(OUT / "scratch" / f"e{size}", ignore_errors=True)


def features(size: int, source: str = "clustered", check: bool = False) -> Callable[[], Any]:
    """All features of the contest for everybody present, in memory."""
    compiled = _warm(model()).compiled
    open_store(warehouse(size))

    def work() -> Any:
        store = _store(size, source)
        rows = present(store, AS_OF)
        out = compiled.run(store, rows, np.full(rows.shape, DAY, np.int32), threads=THREADS)
        _clean(size)
        return (lambda: digests(dict(zip(compiled.ids, out, strict=True)))) if check else None

    return work


def night(
    size: int, which: str = "contest", source: str = "clustered", memory: str = "",
    check: bool = False,
) -> Callable[[], Any]:  # fmt: skip
    """From the store (or from the warehouse) to points, reasons, tiers and Parquet."""
    m = _warm(model() if which == "contest" else full_model())
    open_store(warehouse(size))
    target = OUT / "scratch" / f"scores{size}-{which}.parquet"

    def work() -> Any:
        marks = [time.perf_counter()]
        store = _store(size, source, memory)
        marks.append(time.perf_counter())
        rows = present(store, AS_OF)
        results = score_store(store, m, rows)
        marks.append(time.perf_counter())
        write_atomic(results.table(store.codes[rows]), target, m.provenance(""))
        marks.append(time.perf_counter())
        steps = dict(zip(("store", "score", "write"), np.diff(marks).tolist(), strict=True))
        _clean(size)
        return lambda: {**(_result(target) if check else {}), "steps": steps, **_found(target, m)}

    return work


def _found(target: Path, m: Model) -> dict[str, Any]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(target)
    return {
        "enterprises": file.metadata.num_rows,
        "features": len(m.compiled.ids),
        "parquet_mb": target.stat().st_size / 1e6,
    }


def _result(target: Path) -> dict[str, Any]:
    """Digests of what the contest's night decides: score, tier, and the four reasons."""
    import duckdb

    reasons = ", ".join(
        f"reasons[{k}].{part} AS {part}{k}"
        for k in range(1, 5)
        for part in ("indicator", "points_lost")
    )
    found = duckdb.sql(
        f"SELECT general, ascii(tier) AS tier, {reasons} FROM '{target}'"
    ).to_arrow_table()
    columns = {}
    for name in found.column_names:
        column = found.column(name)
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
    open_store(warehouse(size))
    days = [DAY - 30 * k for k in range(months)]

    def work() -> dict[str, Any]:
        store = open_store(warehouse(size))
        pairs = 0
        for day in days:
            rows = store.present(day)
            on = np.full(rows.shape, day, np.int32)
            shared = compiled.neighbours(store, rows, on)
            compiled.in_chunks(store, rows, on, shared, lambda at, x: None, THREADS)
            pairs += rows.shape[0]
        return {"pairs": pairs, "features": len(compiled.ids)}

    return work


def single(size: int, probes: int = 2000) -> Callable[[], dict[str, Any]]:
    """One enterprise after another from the store: features, scores, tier, four reasons."""
    m = _warm(full_model())
    store = open_store(warehouse(size))
    rng = np.random.default_rng(1)
    events = np.diff(store.tables["inspection"]["offsets"])
    busiest = np.argsort(-events)[: probes // 2]
    rows = np.concatenate([rng.integers(0, len(store), probes - busiest.size), busiest])
    rng.shuffle(rows)
    codes = [store.codes[r].decode() for r in rows]
    day = np.array([DAY], np.int32)

    def work() -> dict[str, Any]:
        times = []
        for code in codes:
            start = time.perf_counter()
            x = m.compiled.run(store, np.array([store.row(code)]), day, threads=1)
            m.score(x)
            times.append(1000 * (time.perf_counter() - start))
        p50, p99 = np.percentile(times, [50, 99])
        return {"p50_ms": p50, "p99_ms": p99, "max_ms": max(times), "probes": probes}

    return work
