"""What is promised about the statistics of draws, measured at full size (targets D1 to D3).

``python -m benchmarks.draw_statistics [d1|d2|d3|coverage|staffing …]``; about five minutes for all.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from xhcredit.draws.calibration import Cell, calibrate, inclusion
from xhcredit.draws.comparison import DrawResults
from xhcredit.draws.estimate import estimate
from xhcredit.draws.inspectors import Inspector, visit_with_lead
from xhcredit.draws.pareto import proportional_odds
from xhcredit.draws.pause import renewed_odds
from xhcredit.draws.staffing import Task
from xhcredit.draws.swaps import staff
from xhcredit.draws.tickets import bound_ticket
from xhcredit.draws.weighted import WeightedVisits, weighted_auc

TIERS = np.array([1.0, 2.0, 5.0, 12.0])
RATES = np.array([0.02, 0.05, 0.1, 0.2])
SHARES = np.array([0.5, 0.3, 0.15, 0.05])


def worst_error(weights: np.ndarray, counts: np.ndarray, size: int) -> tuple[float, float]:
    """Largest relative error of inclusion: plain Pareto, and calibrated with 12 digits."""
    odds = proportional_odds(np.repeat(weights, counts), size)[np.cumsum(counts) - 1]
    free = odds < 1
    odds, counts, size = odds[free], counts[free], size - int(counts[~free].sum())
    if not 0 < size < counts.sum():
        return 0.0, 0.0
    plain = inclusion(Cell(odds, counts, size))
    exact = inclusion(Cell(np.round(calibrate(odds, counts, size), 12), counts, size))
    return float(np.abs(plain / odds - 1).max()), float(np.abs(exact / odds - 1).max())


def d1() -> None:
    """Inclusion probabilities in the named cells and 1,000 random ones."""
    for total, size in ((20, 4), (100, 10), (1000, 50)):
        plain, exact = worst_error(TIERS, np.full(4, total // 4), size)
        print(f"cell {total}/{size}: plain Pareto {plain:.2e}, calibrated {exact:.1e}")
    rng, worst = np.random.default_rng(1), []
    for _ in range(1000):
        counts = rng.integers(1, 40, rng.integers(2, 7))
        size = int(rng.integers(1, counts.sum()))
        worst.append(worst_error(rng.lognormal(size=counts.size), counts, size))
    plain, exact = np.max(worst, axis=0)
    print(f"1,000 random cells: plain Pareto {plain:.2e}, calibrated {exact:.1e}")


def pause_run(rng: np.random.Generator, size: int, moves: float, turnover: float) -> dict:
    """36 quarters with T = 4 under three policies of the odds."""
    risk = np.array([0.02, 0.04, 0.08, 0.15])
    out = {}
    for policy in ("leave out", "tier's h", "own h"):
        tier, past = rng.choice(4, size, p=SHARES), np.zeros((3, size))
        left = np.zeros(size, int)
        drawn, planned, sums, repeats = np.zeros(4), np.zeros(4), np.zeros(2), 0
        for q in range(48):
            pi = RATES[tier]
            hit = (left == 0) & (rng.random(size) < odds_of(policy, pi, tier, left, past))
            repeats += int((hit & (left > 0)).sum())
            if q >= 12 or policy == "own h":  # the others are measured in their steady state
                drawn += np.bincount(tier[hit], minlength=4)
                planned += np.bincount(tier, pi, 4)
                sums += (risk[tier[hit]] / pi[hit]).sum(), risk[tier].sum()
            left = np.where(hit, 3, np.maximum(left - 1, 0))
            past = np.concatenate([past[1:], pi[None]])
            tier = np.where(rng.random(size) < moves, rng.choice(4, size, p=SHARES), tier)
            new = rng.random(size) < turnover
            left[new], past[:, new] = 0, 0
        out[policy] = (drawn / planned - 1, sums[0] / sums[1] - 1, repeats)
    return out


def odds_of(policy: str, pi, tier, left, past) -> np.ndarray:
    """Odds of this round for who is free."""
    if policy == "leave out":
        return pi * (pi.sum() / pi[left == 0].sum())
    if policy == "own h":
        return pi / (1 - past.sum(axis=0))
    return np.array([float(renewed_odds(Fraction(str(r)), 4)) for r in RATES])[tier]


def d2() -> None:
    """Burden cap: rates by tier and bias over 36 quarters and more.

    Odds by the tier of today alone miss their rate where tiers move (newcomers of a tier are not
    yet in its steady state); odds by each enterprise's own rates of the window do not.
    """
    for name, moves, turnover in (("still", 0, 0), ("births, deaths, tier moves", 0.05, 0.03)):
        rng = np.random.default_rng(2)
        for policy, (rates, bias, repeats) in pause_run(rng, 1_000_000, moves, turnover).items():
            tiers = ", ".join(f"{r:+.2%}" for r in rates)
            print(f"{name}: {policy}: rates A-D {tiers}; bias {bias:+.2%}; repeats {repeats}")


#: Ratios of A to D that cost the same visits (7.5 % of the enterprises a round).  The first is
#: drawn by feeling; the second minimises the error of the AUC at a hit rate of .31, with odds that
#: rise with the tier and A at most .03, and was computed on another seed of this world.  Few visits
#: to A were the cause: A is half of the frame, and each violator found there stood for 100.
ALLOCATIONS = {"by feeling": (0.01, 0.03, 0.15, 0.8), "allocated": (0.021, 0.023, 0.0545, 1.0)}


def d3(runs: int = 60) -> None:
    """Ten rounds with drift: hit rate, coverage of the prevalence, error of the estimated AUC."""
    for name, ratios in ALLOCATIONS.items():
        rng = np.random.default_rng(3)
        hits, covered, errors = [], [], []
        for _ in range(runs):
            pooled = ten_rounds(rng, np.array(ratios))
            for _, failed, tier, drawn in pooled:
                group_estimate = DrawResults(tier, drawn, failed).estimate_in(
                    np.ones(tier.size, bool)
                )
                covered.append(group_estimate.low <= failed.mean() <= group_estimate.high)
                hits.append(failed[drawn].mean())
            errors.append(auc_error(pooled, np.array(ratios)))
        print(f"{name}: hit rate {np.mean(hits):.3f}; coverage {np.mean(covered):.3f}")
        mean, size = np.mean(errors), np.mean(np.abs(errors))
        print(f"{name}: AUC of ten rounds: mean error {mean:+.4f}, mean absolute error {size:.4f}")


def ten_rounds(rng: np.random.Generator, ratios: np.ndarray) -> list:
    """Risk, outcome, tier and who was drawn, round by round; risks drift."""
    size, rounds = 20_000, []
    skill = rng.normal(size=size)
    for _ in range(10):
        skill = 0.95 * skill + 0.31 * rng.normal(size=size)
        risk = skill + 0.5 * rng.normal(size=size)
        failed = rng.random(size) < 1 / (1 + np.exp(3.3 - 1.6 * skill))
        tier = np.searchsorted(np.quantile(risk, [0.55, 0.8, 0.95]), risk)
        rounds.append((risk, failed, tier, rng.random(size) < ratios[tier]))
    return rounds


def auc_error(pooled: list, ratios: np.ndarray) -> float:
    """Estimated minus true AUC over pooled rounds."""
    risk, failed, tier, drawn = (np.concatenate(p) for p in zip(*pooled, strict=True))
    sizes = np.bincount(tier)

    def of(picks: np.ndarray, odds: np.ndarray) -> float:
        return weighted_auc(
            WeightedVisits(risk[picks], failed[picks], odds, tier[picks], sizes)
        ).value

    everybody = np.ones(risk.size, bool)
    return of(drawn, ratios[tier[drawn]]) - of(everybody, np.ones(risk.size))


DISTRICT, LIKE_IT = [4556, 1240, 392, 152], [0.039, 0.057, 0.095, 0.14]
STEEP = [0.02, 0.04, 0.08, 0.15]
SCENES = {
    "district, four tiers": (DISTRICT, [0.04, 0.1, 0.25, 0.5], LIKE_IT),
    "half the budget": (DISTRICT, [0.02, 0.05, 0.12, 0.25], LIKE_IT),
    "large, steep odds": ([12000, 5000, 2000, 1000], [0.01, 0.03, 0.1, 0.25], STEEP),
    "one stratum": ([1240], [0.1], [0.057]),
    "common violations": ([2000, 500], [0.02, 0.2], [0.2, 0.4]),
    "a handful": ([1200, 500, 200, 100], [0.008, 0.02, 0.06, 0.15], STEEP),
}


def coverage(draws: int = 10_000) -> None:
    """Coverage of 95 % intervals; the plain interval (estimate ± 1.96 errors) beside it."""
    rng = np.random.default_rng(4)
    for name, (sizes, ratios, rates) in SCENES.items():
        n, bad = np.array(sizes), np.round(np.array(sizes) * rates).astype(int)
        truth, ours, plain, failures_drawn = bad.sum() / n.sum(), 0, 0, 0
        for _ in range(draws):
            edges = np.floor(np.cumsum(n * ratios) - rng.random()) + 1
            m = np.diff(edges, prepend=0).astype(int)
            x = rng.hypergeometric(bad, n - bad, m)
            group_estimate = estimate(n, m, x)
            rate = x / np.maximum(m, 1)
            error = ((n / n.sum()) ** 2 * (1 - m / n) * rate * (1 - rate) / np.maximum(m, 1)).sum()
            ours += group_estimate.low <= truth <= group_estimate.high
            plain += abs((n / n.sum()) @ rate - truth) <= 1.96 * error**0.5
            failures_drawn += x.sum()
        mine, usual = ours / draws, plain / draws
        print(f"{name:22} found {failures_drawn / draws:5.1f}: ours {mine:.3f}, plain {usual:.3f}")


def staffing() -> None:
    """S9: 1,000 enterprises and 300 inspectors, start and chain, CPU seconds."""
    for size in ((60, 30, 1.25), (300, 120, 1.25), (1000, 300, 1.25), (1000, 300, 1.01)):
        task = office(*size)
        start = time.process_time()
        staff(task, bound_ticket("s", "r"))
        firms, people, room = size
        print(f"staffing {firms} × {people}, room {room}: {time.process_time() - start:.2f} CPU-s")


def office(firms: int, people: int, room: float) -> Task:
    """Enterprises of three fields, inspectors who may lead about half of them, 3 % recused."""
    rng, kinds = np.random.default_rng(5), ["food", "fire", "elderly"]
    capacity = int(np.ceil(2 * firms / people * room))
    staffed = tuple(
        Inspector(f"J{i:04}", frozenset(k for k in kinds if rng.random() < 0.5), "u", capacity)
        for i in range(people)
    )
    visits = tuple(visit_with_lead(f"C{e:05}", kinds[rng.integers(3)], 2) for e in range(firms))
    pairs = ((w.inspector, v.code) for v in visits for w in staffed)
    return Task(visits, staffed, frozenset(p for p in pairs if rng.random() < 0.03))


PARTS: dict[str, Callable[[], None]] = {
    "d1": d1, "d2": d2, "d3": d3, "coverage": coverage, "staffing": staffing,
}  # fmt: skip


def main() -> int:
    """Run the parts named, or all."""
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
