"""``python -m benchmarks.restoration``: one assessment online, and a whole district's list.

A question is answered without anything being read; the list reads the penalties and listings of a
district that ``python -m benchmarks`` made, and is counted from reading to the last row.
"""

from __future__ import annotations

import argparse
import time
from datetime import date
from pathlib import Path

from benchmarks.data import ensure, home
from benchmarks.stopwatch import Stopwatch
from xhcredit.jobs.restoration.candidates import TABLES, find_restorable
from xhcredit.jobs.restoration.records import read_records
from xhcredit.restoration.assess import assess
from xhcredit.restoration.cases import case_from, load_cases
from xhcredit.rules.rulebook import Rulebook

CASES = Path(__file__).parents[1] / "tests" / "cases" / "restoration"
DAY = date(2026, 6, 30)


def single(book: Rulebook, turns: int = 20) -> dict[str, float]:
    """Every lawyers' case, assessed with all words, one at a time."""
    files = sorted(CASES.glob("*.yaml"))
    cases = [case_from(case_fields) for file in files for _, case_fields in load_cases(file)]
    clock = Stopwatch()
    for turn in range(turns + 1):
        for case in cases:
            if turn == 0:  # the first look at each rule is not what an online answer costs
                case.answer(book)
                continue
            with clock:
                assess(case.record, applied_on=case.applied_on, rules=book)
    return clock.percentiles()


def district(warehouse: Path, book: Rulebook) -> dict[str, float]:
    """Records of a district, and the seconds that its list takes."""
    records = sum(len(read_records(warehouse, table, DAY)) for table in TABLES)
    start, cpu = time.perf_counter(), time.process_time()
    restorable = find_restorable(warehouse, book, DAY)
    seconds, used = time.perf_counter() - start, time.process_time() - cpu
    return {"records": records, "listed": len(restorable), "seconds": seconds, "cpu_s": used}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=300_000, help="enterprises of the district")
    parser.add_argument("--warehouse", type=Path, help="another warehouse instead")
    options = parser.parse_args()
    book = Rulebook.load()
    single_figures = single(book)
    print("one assessment: " + ", ".join(f"{k} {v:.3g}" for k, v in single_figures.items()))
    warehouse = options.warehouse or home(options.size) / "warehouse"
    if not options.warehouse:
        ensure(options.size, print)
    district_figures = district(warehouse, book)
    print("a district's list: " + ", ".join(f"{k} {v:,.4g}" for k, v in district_figures.items()))
    ratio = (
        single_figures["p50_ms"]
        / 1000
        / (district_figures["cpu_s"] / max(district_figures["records"], 1))
    )
    print(f"one assessment costs what {ratio:.3g} records of the list cost")


if __name__ == "__main__":
    main()
