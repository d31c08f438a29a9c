"""The night on Spark against the embedded night: bytes compared, time taken.

``python -m benchmarks.spark [size [engine]]``; one district, the nights one after the other, each
in a process of its own: from one clustered store, and from events that are not clustered yet.
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


def night(size: int, engine: str, source: str = "store") -> Callable[[], Any]:
    """The night of a size from its store or from events, on Spark if an engine is named."""
    from benchmarks.ours import _unclustered
    from xhcredit.jobs.night.run import run_night
    from xhcredit.jobs.scoring.model import model_on
    from xhcredit.jobs.warehouse.clustered_store import open_event_columns
    from xhcredit.rules.rulebook import Rulebook
    from xhcredit.scores.release import load_release

    place = warehouse(size) if source == "store" else _unclustered(size)
    if source == "store":
        open_event_columns(place)
    out = OUT / "spark" / (engine.partition("[")[0] or "here")
    shutil.rmtree(out, ignore_errors=True)
    model = model_on(Rulebook.load(), load_release(), AS_OF)

    def work() -> Any:
        report = run_night(place, out, model, engine=engine)
        return {"enterprises": report.enterprises, "scores": str(report.scores)}

    return work


def main() -> None:
    """Measure and print the table."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    engine = sys.argv[2] if len(sys.argv) > 2 else "local-cluster[2,1,1024]"
    ensure(size)
    for source in ("store", "events"):
        done = {e: measure("spark.night", size=size, engine=e, source=source) for e in ("", engine)}
        files = [Path(night.figures["scores"]).read_bytes() for night in done.values()]
        if files[0] != files[1]:
            raise SystemExit("the two nights differ")
        for name, night in done.items():
            print(
                f"| {source} | {name or 'embedded'} | {night.figures['enterprises']:,} | "
                f"{night.wall:.1f} | {night.cpu:.1f} | {night.process_cpu:.1f} | "
                f"{night.peak_mb:,.0f} | {night.load:.1f} | byte for byte |",
                flush=True,
            )


if __name__ == "__main__":
    main()
