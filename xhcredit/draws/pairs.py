"""Constant pairs (固定搭档): inspectors who are teamed more often than random pairing explains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import scipy

from xhcredit.draws.numerics import CONFIDENCE

Team = Sequence[str]


@dataclass(frozen=True)
class Pair:
    """Two inspectors: visits together, visits expected, and the chance of as many or more.

    ``constant``: so many that chance alone would show one such pair among all in at most one of
    twenty reports (the chance is compared with 5 % shared out over all pairs).
    """

    first: str
    second: str
    together: int
    expected: float
    chance: float
    constant: bool


def pair_report(draws: Iterable[Sequence[Team]]) -> list[Pair]:
    """Pairs met at least once in some draws (each a list of teams), most surprising first.

    Expected: if the inspectors of a draw, each as often as really sent, had been put on its places
    at random without anybody twice in one team.
    """
    together: Counter[tuple[str, str]] = Counter()
    expected: Counter[tuple[str, str]] = Counter()
    for teams in draws:
        together.update(p for team in teams for p in combinations(sorted(team), 2))
        _add_expected(teams, expected)
    # Bonferroni over all pairs that could have met: among hundreds of pairs chance alone makes
    # some look inseparable.
    limit = (1 - CONFIDENCE) / max(len(expected), 1)
    rows = [_pair(p, n, float(expected[p]), limit) for p, n in together.items()]
    return sorted(rows, key=lambda r: (r.chance, r.first, r.second))


def _add_expected(teams: Sequence[Team], expected: Counter[tuple[str, str]]) -> None:
    load = Counter(inspector_id for team in teams for inspector_id in team)
    meetings = sum(len(team) * (len(team) - 1) / 2 for team in teams)
    total_load = sum(load.values())
    cross_pairs = (
        total_load**2 - sum(n**2 for n in load.values())
    ) / 2  # place pairs of two persons
    for a, b in combinations(sorted(load), 2):
        expected[a, b] += meetings * load[a] * load[b] / cross_pairs  # type: ignore[assignment]


def _pair(pair: tuple[str, str], together: int, expected: float, limit: float) -> Pair:
    # A sum of many rare meetings is nearly Poisson; sf(n - 1) is the chance of n or more.
    chance = float(scipy.stats.poisson.sf(together - 1, expected))
    return Pair(*pair, together, expected, chance, chance < limit)
