"""Events to tier at growing sizes, in any memory and within a limit: S5, and the growth for S7.

``python -m benchmarks.growth [--sizes 30000 300000 3000000] [--memory 1GB] [--pairs 1]``: the store
is built from the ingested parts and the night as shipped (1 + X) written, in one process; the two
ways in turns, their results compared byte for byte.
"""

from __future__ import annotations

import argparse
import math
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.data import ensure
from benchmarks.runner import OUT, THREADS, Measured, measure

#: enterprises alive in the nation, and the minutes the target leaves
NATION, MINUTES = 50_000_000, 15


def _clocks() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, time.perf_counter()


def night(size: int, memory: str) -> Callable[[], Any]:
    """Clustering and night of a size; says what each took."""
    from benchmarks.contest import full_model
    from benchmarks.ours import _unclustered, _warm
    from xhcredit.ingest.warehouse import Warehouse
    from xhcredit.jobs.night.run import run_night
    from xhcredit.jobs.warehouse.clustered_store import open_event_columns

    model, folder = _warm(full_model()), _unclustered(size)
    out = OUT / "growth" / (memory or "any")
    shutil.rmtree(out, ignore_errors=True)

    def work() -> Any:
        begun = _clocks()
        open_event_columns(folder, memory=memory)
        clustered = _clocks()
        report = run_night(folder, out, model, memory=memory)
        done = _clocks()
        entries = Warehouse(folder).entries()
        return {
            "enterprises": report.enterprises,
            "rows": sum(sum(entry.parts.values()) for entry in entries),
            "scores": str(report.scores),
            "cluster": [b - a for a, b in zip(begun, clustered, strict=True)],
            "night": [b - a for a, b in zip(clustered, done, strict=True)],
        }

    return work


def in_turns(size: int, memory: str, pairs: int) -> dict[str, list[Measured]]:
    """Both ways ``pairs`` times; ends the program if they differ."""
    runs: dict[str, list[Measured]] = {"": [], memory: []}
    for _ in range(pairs):
        for limit, done in runs.items():
            done.append(measure("growth.night", size=size, memory=limit))
        files = [Path(done[-1].figures["scores"]).read_bytes() for done in runs.values()]
        if files[0] != files[1]:
            raise SystemExit("the two nights differ")
    return runs


def row(limit: str, runs: list[Measured]) -> str:
    """A line of the table."""
    figures = runs[-1].figures
    cluster, scored = (
        [median(run.figures[stage][k] for run in runs) for k in (0, 1)]
        for stage in ("cluster", "night")
    )
    return (
        f"| {figures['enterprises']:,} | {figures['rows']:,} | {limit or 'any'} | "
        f"{cluster[0]:.1f} | {scored[0]:.1f} | {cluster[1]:.1f} | {scored[1]:.1f} | "
        f"{max(run.peak_mb for run in runs):,.0f} | {median(run.load for run in runs):.1f} |"
    )


def law(small: list[Measured], large: list[Measured], clock: str) -> str:
    """How a clock grows between two sizes, and what that makes of the nation."""
    n, m = (runs[-1].figures["enterprises"] for runs in (small, large))
    a, b = (median(getattr(run, clock) for run in runs) for runs in (small, large))
    power, each = math.log(b / a) / math.log(m / n), (b - a) / (m - n)
    nation, cores = b + each * (NATION - m), THREADS if clock == "cpu" else 1
    shared = f" / {cores} cores" if cores > 1 else ""
    return (
        f"{clock}: n^{power:.2f} from {n:,} to {m:,}, {each * 1e6:.1f} µs an enterprise; "
        f"{NATION:,}: {nation:,.0f} s{shared} = {nation / cores / 60:.1f} min "
        f"(the target leaves {MINUTES})"
    )


def main() -> None:
    """Measure, print the table and the law."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[30_000, 300_000, 3_000_000])
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--pairs", type=int, default=1)
    options = parser.parse_args()
    ways: list[dict[str, list[Measured]]] = []
    for size in sorted(options.sizes):
        ensure(size)
        ways.append(in_turns(size, options.memory, options.pairs))
        for limit, runs in ways[-1].items():
            print(row(limit, runs), flush=True)
        free, bound = ways[-1].values()
        ratio = median(b.cpu / a.cpu for a, b in zip(free, bound, strict=True))
        print(f"  within {options.memory}: {ratio:.2f} × the CPU", flush=True)
    for limit in ("", options.memory) if len(ways) > 1 else ():
        for clock in ("cpu", "wall"):
            print(f"{limit or 'any memory'}, {law(ways[-2][limit], ways[-1][limit], clock)}")


if __name__ == "__main__":
    main()
