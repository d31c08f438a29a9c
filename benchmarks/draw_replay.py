"""Draws replayed on real supervision data: Beijing, the months of 2023.

For each month the tiers are those of the day before, from facts known by then (shipped expert
table, nothing trained).  Results are known only of enterprises that were really visited, so the
frame of a month is who was known before it and visited from then to the end of the year; the
outcome is that of the first day of visits from then on.  The budget is the number of enterprises
really visited in the month (no 双随机 visit of this file has a code), at most half the frame.
We compare the detection rate of tiered draws with uniform draws of the same size on the same frame.
The expectation over all draws is exact (odds times outcome); drawn lists by ticket show that draws
behave so; the interval resamples enterprises over the whole year.  Who was visited was chosen by
officials: the result is about the visited, not about Beijing.
Run: ``python -m benchmarks.draw_replay``.
"""

from __future__ import annotations

import hashlib
import sys
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.beijing import beijing_warehouse, visits
from xhcredit.draws.pareto import proportional_odds, ranks
from xhcredit.engine.columns import EventColumns
from xhcredit.engine.one_enterprise import day_number
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.scoring.score_columns import present_rows, score_rows
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release

WEIGHTS = np.array([1.0, 2.0, 4.0, 8.0])  # how much more often B, C and D are drawn than A
DRAWS = 200


def months(year: int) -> list[tuple[date, date]]:
    """First days and last days of the months."""
    first = [date(year, m, 1) for m in range(1, 13)] + [date(year + 1, 1, 1)]
    return [(a, b - timedelta(1)) for a, b in pairwise(first)]


def month(store: EventColumns, v: dict, first: date, last: date, score: str) -> dict | None:
    """Frame of a month: enterprise, weight, failed, and the real budget."""
    eve = first - timedelta(1)
    known = present_rows(store, eve)
    columns = score_rows(store, model_on(Rulebook.load(), load_release(), eve), known).columns
    weight = np.zeros(len(store))
    weight[known] = WEIGHTS[columns["tier"]] if score == "tier" else by_score(columns["composite"])
    then = (v["day"] >= day_number(first)) & (v["day"] < day_number(date(first.year + 1, 1, 1)))
    then &= weight[v["ent"]] > 0
    ent, enterprise_of_visit = np.unique(v["ent"][then], return_inverse=True)
    day, failed = v["day"][then], np.zeros(ent.size, bool)
    soonest = np.full(ent.size, day.max(initial=0))
    np.minimum.at(soonest, enterprise_of_visit, day)
    np.logical_or.at(
        failed,
        enterprise_of_visit,
        (v["failed"][then] == 1) & (day == soonest[enterprise_of_visit]),
    )
    visited = soonest <= day_number(last)
    budget = min(int(visited.sum()), ent.size // 2)
    if not budget:
        return None
    return {
        "month": f"{first:%Y-%m}",
        "ent": ent,
        "failed": failed,
        "budget": budget,
        "odds": proportional_odds(weight[ent], budget),
        "tiers": np.bincount(np.searchsorted(WEIGHTS, weight[ent]).clip(0, 3), minlength=4),
    }


def by_score(composite: np.ndarray) -> np.ndarray:
    """Individual odds: doubling with every quarter of the enterprises, by score of the day."""
    rank = np.argsort(np.argsort(-composite, kind="stable"), kind="stable") / composite.size
    return 2.0 ** (4 * rank - 1)


def drawn_rate(frame: dict, seed: str) -> float:
    """Detection rate of one Pareto draw by tickets."""
    unit = np.array(
        [
            (
                int(hashlib.sha256(f"{seed}|{frame['month']}|{e}".encode()).hexdigest()[:13], 16)
                + 0.5
            )
            / 16**13
            for e in frame["ent"]
        ]
    )
    rank = np.full(unit.size, -1.0)
    free = frame["odds"] < 1
    rank[free] = ranks(unit[free], frame["odds"][free])
    return float(frame["failed"][np.argsort(rank, kind="stable")[: frame["budget"]]].sum())


def gains(frames: list[dict]) -> tuple[float, list[float]]:
    """Detections of tiered over uniform draws for the year, with a 95 % interval."""
    ent = np.concatenate([f["ent"] for f in frames])
    tiered = np.concatenate([f["odds"] * f["failed"] for f in frames])
    plain = np.concatenate([f["budget"] / f["ent"].size * f["failed"] for f in frames])
    rng = np.random.default_rng(2023)
    once, enterprise_of_visit = np.unique(ent, return_inverse=True)
    ratios = []
    for _ in range(1000):
        times = np.bincount(rng.integers(0, once.size, once.size), minlength=once.size)[
            enterprise_of_visit
        ]
        if plain @ times > 0:
            ratios.append(float(tiered @ times / (plain @ times)))
    return float(tiered.sum() / plain.sum()), [
        float(q) for q in np.quantile(ratios, [0.025, 0.975])
    ]


def replay(warehouse: Path, score: str) -> list[dict]:
    """Frames of all months with a budget."""
    store = open_event_columns(warehouse)
    v = visits(store)
    frames = (month(store, v, *m, score) for m in months(2023))
    return [f for f in frames if f]


def show(frames: list[dict], score: str) -> None:
    """Print one table."""
    print(f"\nodds by {score}")
    print("month     frame  A/B/C/D             failed budget  uniform  tiered  drawn")
    for f in frames:
        plain = f["budget"] * f["failed"].mean()
        drawn = np.mean([drawn_rate(f, f"replay-{k}") for k in range(DRAWS)])
        tiers = "/".join(str(n) for n in f["tiers"]) if score == "tier" else "-"
        print(
            f"{f['month']} {f['ent'].size:7}  {tiers:18} {f['failed'].sum():7} {f['budget']:6} "
            f"{plain:8.2f} {f['odds'] @ f['failed']:7.2f} {drawn:6.2f}"
        )
    ratio, (low, high) = gains(frames)
    print(f"detections, tiered over uniform: {ratio:.3f} ({low:.3f} … {high:.3f})")


def main() -> int:
    """Ingest the Beijing files, replay, print."""
    with beijing_warehouse() as work:
        for score in ("tier", "score"):
            show(replay(work, score), score)
    return 0


if __name__ == "__main__":
    sys.exit(main())
