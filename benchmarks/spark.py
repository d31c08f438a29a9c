"""The night on Spark against the embedded night: bytes compared, time taken.

``python -m benchmarks.spark [size [engine]]``; one district, the two nights one after the other,
each in a process of its own and from the same clustered store.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.contest import AS_OF
from benchmarks.data import ensure, warehouse
from benchmarks.runner import OUT, measure


def night(size: int, engine: str) -> Callable[[], Any]:
    """The full night of a size, on Spark if an engine is named."""
    from xhcredit.jobs.clustered import open_store
    from xhcredit.jobs.model import model_on
    from xhcredit.jobs.night import run_night
    from xhcredit.rules.rulebook import Rulebook
    from xhcredit.scores.release import load_release

    open_store(warehouse(size))
    out = OUT / "spark" / (engine.partition("[")[0] or "here")
    shutil.rmtree(out, ignore_errors=True)
    model = model_on(Rulebook.load(), load_release(), AS_OF)

    def work() -> Any:
        report = run_night(warehouse(size), out, model, engine=engine)
        return {"enterprises": report.enterprises, "scores": str(report.scores)}

    return work


def main() -> None:
    """Measure and print the table."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    engine = sys.argv[2] if len(sys.argv) > 2 else "local-cluster[2,1,1024]"
    ensure(size)
    done = {name: measure("spark.night", size=size, engine=name) for name in ("", engine)}
    files = [Path(one.said["scores"]).read_bytes() for one in done.values()]
    if files[0] != files[1]:
        raise SystemExit("the two nights differ")
    for name, one in done.items():
        print(
            f"| {name or 'embedded'} | {one.said['enterprises']:,} | {one.wall:.1f} | "
            f"{one.cpu:.1f} | {one.peak_mb:,.0f} | {one.load:.1f} | byte for byte |"
        )


if __name__ == "__main__":
    main()
