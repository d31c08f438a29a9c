"""``python -m benchmarks [SUITE …]``: measure, print, keep in out/bench/results.json, plot."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.plot import plot
from benchmarks.report import table
from benchmarks.runner import OUT, THREADS
from benchmarks.suites import SIZES, SUITES, Plan

_REPORTED_PACKAGES = ("duckdb", "numpy", "pandas", "pyarrow", "numba")
RESULTS = OUT / "results.json"

_EPILOG = """
Suites: points (S1), single (S2, S7c), features and night (S4), full (S4, 1 + X), grid (S7b),
memory (S5).  The first run makes the districts (3,000,000 enterprises: about 20 minutes and 4 GB
below out/bench/data); later runs reuse them.  --quick takes a few minutes.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("suite", nargs="*", choices=[*SUITES, []], help="default: all")
    result.add_argument("--sizes", help="enterprises, such as 30000,300000 (default: all three)")
    result.add_argument("--pairs", type=int, default=5, help="turns per size (3 at 3,000,000)")
    result.add_argument("--quick", action="store_true", help="30,000 and 300,000, two turns")
    result.add_argument("--report", action="store_true", help="only print what was measured last")
    return result


def machine() -> dict[str, Any]:
    """Where and when."""
    model = platform.processor() or platform.machine()
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.exists():
        lines = cpu_info.read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if "model name" in line), model)
    return {
        "date": datetime.now().astimezone().date().isoformat(),
        "cpu": model,
        "cores": os.cpu_count(),
        "threads": THREADS,
        "python": platform.python_version(),
        "versions": {
            name: version(name) for name in ("duckdb", "numpy", "pandas", "pyarrow", "numba")
        },
    }


def _keep(suite: str, rows: list[dict[str, Any]], results: dict[str, Any]) -> None:
    """Put a suite's rows in place of earlier ones of the same sizes, and write the file."""
    sizes = {row["size"] for row in rows}
    earlier = [row for row in results.get(suite, []) if row["size"] not in sizes]
    results[suite] = sorted(earlier + rows, key=lambda row: row["size"])
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


def main() -> int:
    """Run the suites; returns the exit code."""
    options = parser().parse_args()
    sizes = tuple(int(s) for s in options.sizes.split(",")) if options.sizes else SIZES
    plan = Plan(sizes[:2] if options.quick else sizes, 2 if options.quick else options.pairs)
    (OUT / "scratch").mkdir(parents=True, exist_ok=True)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if not options.report:
        for suite in options.suite or SUITES:
            for rows in SUITES[suite](plan):
                results["machine"] = machine()
                _keep(suite, rows, results)
    print(table(results))
    for line in plot(results, OUT):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
