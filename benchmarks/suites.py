"""What is measured against what: each suite yields rows for the table, size by size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.data import ensure
from benchmarks.runner import in_turns, measure, summary
from benchmarks.values import differences

Rows = Iterator[list[dict[str, Any]]]
SIZES = (30_000, 300_000, 3_000_000)
LARGE = 1_000_000  #: from here on three pairs do


@dataclass(frozen=True)
class Plan:
    """Sizes, pairs per size, and where to tell what is going on."""

    sizes: tuple[int, ...]
    pairs: int
    tell: Callable[[str], None] = print

    def pairs_at(self, size: int) -> int:
        return min(self.pairs, 3) if size >= LARGE else self.pairs

    def note(self, size: int) -> None:
        """Make the district of a size if need be, and tell what ingestion cost."""
        ingest_figures = ensure(size, self.tell)
        if ingest_figures:
            self.tell(
                f"  ingested {ingest_figures['rows']:,} rows in {ingest_figures['cpu']:.0f} CPU-s"
            )


def _equal(tasks: dict[str, dict[str, Any]], tell: Callable[[str], None]) -> None:
    """Refuse to time contestants that do not compute the same values.

    Raises:
        SystemExit: some values differ; their names are told.
    """
    reference: dict[str, str] = {}
    for name, options in tasks.items():
        digests = measure(**options, check=True).figures["digests"]
        reference = reference or digests
        wrong = differences(reference, digests)
        if wrong:
            raise SystemExit(f"{name} differs from the first contestant in: {', '.join(wrong)}")
    tell(f"  {len(tasks)} contestants equal in {len(reference)} columns, value by value")


def _contest(plan: Plan, tasks: dict[str, dict[str, Any]], unit: str, say: str) -> Rows:
    """Check equality, then time, at each size; the first task is ours."""
    for size in plan.sizes:
        plan.note(size)
        plan.tell(f"{say}, {size:,} enterprises")
        sized = {name: {**options, "size": size} for name, options in tasks.items()}
        _equal(sized, plan.tell)
        runs = in_turns(sized, plan.pairs_at(size), plan.tell)
        yield summary(runs, next(iter(tasks)), size, unit)


def features(plan: Plan) -> Rows:
    """All features of the contest for everybody, in memory."""
    tasks = {
        "ours, clustered store": {"task": "ours.features"},
        "hand SQL, Parquet": {"task": "sql.features"},
        "hand SQL, DuckDB's own sorted tables": {"task": "sql.features", "source": "native"},
        "generated SQL, Parquet": {"task": "sql.generated"},
        "pandas, vectorised, Parquet": {"task": "pandas.features"},
    }
    return _contest(plan, tasks, "enterprises", "Features")


def night(plan: Plan) -> Rows:
    """Events to points, four reasons, tier, Parquet."""
    tasks = {
        "ours, clustered store": {"task": "ours.night"},
        "ours, clustering included": {"task": "ours.night", "source": "scratch"},
        "hand SQL + numpy, Parquet": {"task": "sql.night"},
        "hand SQL + numpy, DuckDB's own tables": {"task": "sql.night", "source": "native"},
        "pandas + numpy, Parquet": {"task": "pandas.night"},
    }
    return _contest(plan, tasks, "enterprises", "Night (general score)")


def full(plan: Plan) -> Rows:
    """The night as shipped (1 + X), and its features alone by generated SQL."""
    for size in plan.sizes:
        plan.note(size)
        plan.tell(f"Night as shipped (1 + X), {size:,} enterprises")
        tasks = {
            "ours, 1 + X, clustered store": {"task": "ours.night", "which": "full", "size": size},
            "generated SQL, its features alone": {
                "task": "sql.generated", "which": "full", "size": size,
            },
        }  # fmt: skip
        runs = in_turns(tasks, plan.pairs_at(size), plan.tell)
        yield summary(runs, "ours, 1 + X, clustered store", size, "enterprises")


def memory(plan: Plan) -> Rows:
    """Clustering and night within a limit, at the largest size."""
    size = max(plan.sizes)
    plan.note(size)
    plan.tell(f"Memory, {size:,} enterprises")
    tasks: dict[str, dict[str, Any]] = {
        "ours, clustered store": {"task": "ours.night", "size": size},
    }
    for limit in ("", "2GB", "1GB"):
        shown = f"ours, clustering within {limit or 'any memory'}"
        tasks[shown] = {
            "task": "ours.night", "size": size, "source": "scratch", "memory": limit,
        }  # fmt: skip
    for limit in ("2GB", "1GB"):
        tasks[f"hand SQL + numpy within {limit}"] = {
            "task": "sql.night", "size": size, "memory": limit,
        }  # fmt: skip
    peers = frozenset(name for name in tasks if name.startswith("hand SQL"))
    runs = in_turns(tasks, min(plan.pairs_at(size), 2), plan.tell, may_fail=peers)
    yield summary(runs, "ours, clustering within any memory", size, "enterprises")


def grid(plan: Plan) -> Rows:
    """Training pairs (enterprise, month end), 36 of them."""
    for size in [s for s in plan.sizes if s < LARGE]:
        plan.note(size)
        plan.tell(f"Training grid, {size:,} enterprises by 36 days")
        ours = {"task": "ours.grid", "size": size}
        tasks = {
            "ours": ours,
            "ours, no neighbour feature": {**ours, "neighbours": False},
        }
        if size == min(plan.sizes):
            peer = {"task": "sql.generated", "months": 36, "size": size}
            tasks["generated SQL, spine join"] = peer
        runs = in_turns(tasks, plan.pairs_at(size), plan.tell)
        pairs = runs["ours"][0].figures["pairs"]
        yield [
            {**row, "size": pairs, "enterprises": size, "per_wall_second": pairs / row["wall"]}
            for row in summary(runs, "ours", pairs, "pairs")
        ]


def points(plan: Plan) -> Rows:
    """A million by 60 from the points table."""
    plan.tell("Points table, 1,000,000 by 60")
    tasks = {
        "ours, with four reasons": {"task": "points.ours"},
        "numpy searchsorted + take, no reasons": {"task": "points.floor"},
        "numpy with four reasons (argpartition)": {"task": "points.floor_with_reasons"},
    }
    _equal(tasks, plan.tell)
    runs = in_turns(tasks, plan.pairs, plan.tell)
    yield summary(runs, "ours, with four reasons", 1_000_000, "enterprises")


def single(plan: Plan) -> Rows:
    """One enterprise at a time."""
    size = max(s for s in plan.sizes if s < LARGE)
    plan.note(size)
    plan.tell("One enterprise at a time")
    tasks: dict[str, dict[str, Any]] = {
        "from values: score and four reasons, 60 indicators": {
            "task": "points.score_one_at_a_time"
        },
        "from the store: features, 1 + X, tier, reasons": {"task": "ours.single", "size": size},
    }
    runs = in_turns(tasks, plan.pairs, plan.tell)
    yield summary(runs, next(iter(tasks)), 1, "enterprise")


SUITES: dict[str, Callable[[Plan], Rows]] = {
    "points": points,
    "single": single,
    "features": features,
    "night": night,
    "full": full,
    "grid": grid,
    "memory": memory,
}
