"""Runs each measurement in a process of its own: its CPU seconds and peak memory are its own.

This module must stay light: a child process inherits the peak memory of whoever starts it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out" / "bench"
#: threads that DuckDB, pyarrow, numpy and the kernel may use
THREADS = min(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Measured:
    """One run.  ``cpu`` and ``wall`` are the work alone, after imports and loading compiled code;
    ``process_cpu`` is all that the process tree used.  ``peak_mb`` is the peak resident memory with
    mapped files; ``own_mb`` without them (sampled; Linux only): mapped pages can be dropped at any
    time.  ``load`` is the machine's load before."""

    task: str
    cpu: float
    wall: float
    process_cpu: float
    peak_mb: float
    own_mb: float
    load: float
    figures: dict[str, Any]


def _wait(pid: int) -> tuple[float, int, Any]:
    """Wait for a child; its peak anonymous memory in MB (0 if unknown), status, resources."""
    peak, status = 0.0, Path(f"/proc/{pid}/status")
    while True:
        done, code, used = os.wait4(pid, os.WNOHANG)
        if done:
            return peak, code, used
        if status.exists():
            lines = status.read_text().splitlines()
            own_mb = (float(x.split()[1]) / 1024 for x in lines if x.startswith("RssAnon"))
            peak = max(peak, *own_mb, 0.0)
        time.sleep(0.02)


def measure(task: str, **options: Any) -> Measured:
    """Run one task of ``benchmarks.tasks`` in a child process.

    Raises:
        SystemExit: the child failed; its own words were printed.
    """
    load = os.getloadavg()[0]
    with tempfile.NamedTemporaryFile("r", suffix=".json") as answer:
        command = [sys.executable, "-m", "benchmarks.child", task, json.dumps(options), answer.name]
        environment = {**os.environ, "OMP_NUM_THREADS": str(THREADS), "PYTHONPATH": str(ROOT)}
        pid = os.posix_spawn(sys.executable, command, environment)
        anonymous, status, used = _wait(pid)
        if status:
            raise SystemExit(f"benchmark {task} {options} failed (status {status})")
        figures = json.loads(answer.read())
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Measured(
        task=task,
        cpu=figures.pop("cpu"),
        wall=figures.pop("wall"),
        process_cpu=used.ru_utime + used.ru_stime,
        peak_mb=used.ru_maxrss / unit,
        own_mb=anonymous,
        load=load,
        figures=figures,
    )


def in_turns(
    tasks: dict[str, dict[str, Any]],
    pairs: int,
    tell: Callable[[str], None] = print,
    *,
    may_fail: frozenset[str] = frozenset(),
) -> dict[str, list[Measured]]:
    """Measure each task ``pairs`` times in turns (A B C A B C …), so that all see the same machine.

    ``tasks`` maps a shown name to ``{"task": …, **options}``; one that ``may_fail`` (it may need
    more memory than it gets) and does so is told and left out.
    """
    runs_by_task: dict[str, list[Measured]] = {name: [] for name in tasks}
    for turn in range(pairs):
        for name, options in tasks.items():
            if name not in runs_by_task:
                continue
            try:
                measured_run = measure(**options)
            except SystemExit:
                if name not in may_fail:
                    raise
                del runs_by_task[name]
                tell(f"  {turn + 1}/{pairs} {name:<44} did not finish; it is left out")
                continue
            runs_by_task[name].append(measured_run)
            tell(
                f"  {turn + 1}/{pairs} {name:<44} {measured_run.cpu:8.2f} CPU-s "
                f"{measured_run.wall:8.2f} s {measured_run.peak_mb:7.0f} MB  "
                f"load {measured_run.load:.1f}"
            )
    return runs_by_task


def summary(
    runs: dict[str, list[Measured]], ours: str, size: int, unit: str
) -> list[dict[str, Any]]:
    """Medians by task, and the median over the turns of (its CPU seconds / ours)."""
    rows = []
    for name, measured in runs.items():
        turns = zip(measured, runs[ours], strict=True)
        cpu, wall = median(m.cpu for m in measured), median(m.wall for m in measured)
        rows.append(
            {
                "name": name,
                "size": size,
                "unit": unit,
                "cpu": cpu,
                "wall": wall,
                "process_cpu": median(m.process_cpu for m in measured),
                "peak_mb": max(m.peak_mb for m in measured),
                "own_mb": max(m.own_mb for m in measured),
                "load": median(m.load for m in measured),
                "per_wall_second": runs[ours][0].figures.get("enterprises", size) / wall,
                "ratio": median(theirs.cpu / our_run.cpu for theirs, our_run in turns),
                "figures": measured[-1].figures,
                "runs": [asdict(m) for m in measured],
            }
        )
    return rows
