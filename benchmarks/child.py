"""The child process of one measurement: prepare (not timed), work (timed), say what was found."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from benchmarks.tasks import task


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    name, options, answer = sys.argv[1:]
    work = task(name)(**json.loads(options))
    cpu, wall = _cpu(), time.perf_counter()
    result = work()
    measured = {"cpu": _cpu() - cpu, "wall": time.perf_counter() - wall}
    figures = result() if callable(result) else (result or {})
    Path(answer).write_text(json.dumps({**figures, **measured}))


if __name__ == "__main__":
    main()
