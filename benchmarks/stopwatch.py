"""Times many short calls: wall time, and CPU time of the thread, which others cannot bend."""

from __future__ import annotations

import time
from typing import Self

import numpy as np


class Stopwatch:
    """``with clock:`` around each call; then ``percentiles``."""

    def __init__(self) -> None:
        self._wall: list[int] = []
        self._cpu: list[int] = []

    def __enter__(self) -> Self:
        self._start = time.perf_counter_ns(), time.thread_time_ns()
        return self

    def __exit__(self, *_: object) -> None:
        self._wall.append(time.perf_counter_ns() - self._start[0])
        self._cpu.append(time.thread_time_ns() - self._start[1])

    def percentiles(self) -> dict[str, float]:
        """Median and 99th percentile in milliseconds."""
        p50, p99 = np.percentile(self._wall, [50, 99]) / 1e6
        cpu = np.percentile(self._cpu, 99) / 1e6
        return {"p50_ms": p50, "p99_ms": p99, "p99_cpu_ms": cpu, "probes": len(self._wall)}
