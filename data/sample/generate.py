"""Make a district: the departments' exports, and beside them the truth that caused them.

Example: python data/sample/generate.py --enterprises 2000 --seed 20261122 --out data/sample
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from rich.progress import Progress, TimeElapsedColumn

sys.path.insert(0, str(Path(__file__).resolve().parent))

from world.build import Order, build

_EPILOG = """
What you get:
  DIR/exports/   one file per department table, Chinese headers, a few dirty rows on purpose
  DIR/truth/     latent risks, true probabilities, odds of every draw, inspectors' severities,
                 world.json (all coefficients), dirt.json (every dirty row);
                 ingestion never reads it

Next:
  xhcredit ingest DIR/exports --mapping data/sample/mappings

The same seed and size give the same bytes.  No code can belong to a real enterprise: characters
3 to 8 are 000000.  WORLD.md tells the equations.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        description=__doc__, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add("--enterprises", type=int, default=2000, metavar="N", help="how many (default 2000)")
    add("--seed", type=int, default=20261122, metavar="S", help="any whole number from 0")
    add("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    add(
        "--format",
        choices=("csv", "parquet"),
        default="csv",
        help="csv: CSV, XLSX and Parquet as departments send it; parquet: for size",
    )
    add(
        "--from",
        dest="first",
        type=date.fromisoformat,
        default=date(2021, 1, 1),
        metavar="DAY",
        help="first observed day (default 2021-01-01)",
    )
    add(
        "--to",
        dest="last",
        type=date.fromisoformat,
        default=date(2026, 6, 30),
        metavar="DAY",
        help="last observed day, on which the exports are taken (default 2026-06-30)",
    )
    add(
        "--dirt",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="put a few dirty rows in (default: yes)",
    )
    add(
        "--truth",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="write the truth (default: yes)",
    )
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the generator; returns the exit code."""
    given = parser().parse_args(arguments)
    order = Order(
        enterprises=given.enterprises,
        seed=given.seed,
        out=given.out,
        form=given.format,
        first=given.first,
        last=given.last,
        dirt=given.dirt,
        truth=given.truth,
    )
    if problem := order.problem():
        print(f"generate.py: {problem}", file=sys.stderr)
        return 2
    with Progress(*Progress.get_default_columns(), TimeElapsedColumn()) as progress:
        task = progress.add_task(f"{order.enterprises:,} enterprises", total=order.chunks)
        rows = build(order, lambda: progress.advance(task))
    events = sum(count for name, count in rows.items() if name != "enterprise")
    print(f"{rows['enterprise']:,} enterprises, {events:,} events in {order.out / 'exports'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
