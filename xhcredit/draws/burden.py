"""Fairness of burden: inspection visits per enterprise; cost and benefit of exploration.

Counts only; whose burden it is (size, new forms) comes in as groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from xhcredit.draws.numerics import Array, Flags, Ints


@dataclass(frozen=True)
class Share:
    """A group's part of the enterprises and of the visits, both in [0, 1]."""

    enterprises: float
    visits: float


@dataclass(frozen=True)
class Burden:
    """Visits per enterprise over a period.

    ``by_count[k]`` enterprises were visited exactly k times; ``repeats`` visits came after another
    visit to the same enterprise within the pause; ``most`` is the largest number in any one year;
    ``over_cap`` counts enterprise-years above the cap.
    """

    enterprises: int
    visits: int
    by_count: tuple[int, ...]
    repeats: int
    most: int
    over_cap: int
    shares: dict[str, Share]


def burden(
    rounds: Ints,
    enterprise: Ints,
    size: int,
    *,
    pause: int,
    year: int,
    cap: int,
    groups: Mapping[str, Flags],
) -> Burden:
    """Count the burden of visits.

    Args:
        rounds: round of each visit, counted from 0.
        enterprise: position of the visited enterprise, in 0 … ``size`` - 1.
        size: enterprises that could have been visited.
        pause: T; a visit less than T rounds after another one to the same is a repeat.
        year: rounds in a year.
        cap: visits per enterprise and year that are allowed.
        groups: membership by name, one flag per enterprise.
    """
    visits_by_enterprise = np.bincount(enterprise, minlength=size)
    yearly = np.bincount(_pairs(enterprise, rounds // year))
    return Burden(
        size,
        int(enterprise.size),
        tuple(np.bincount(visits_by_enterprise).tolist()),
        _repeats(rounds, enterprise, pause),
        int(yearly.max(initial=0)),
        int((yearly > cap).sum()),
        {name: _share(flags, visits_by_enterprise) for name, flags in groups.items()},
    )


def _pairs(enterprise: Ints, year: Ints) -> Ints:
    """One number for each enterprise and year that occur together."""
    pairs = np.stack([enterprise, year])
    return np.unique(pairs, axis=1, return_inverse=True)[1].reshape(-1)


def _repeats(rounds: Ints, enterprise: Ints, pause: int) -> int:
    # Neighbours suffice: if any visit before it lies within the pause, the one just before does.
    order = np.lexsort((rounds, enterprise))
    same_enterprise = np.diff(enterprise[order]) == 0
    return int((same_enterprise & (np.diff(rounds[order]) < pause)).sum())


def _share(flags: Flags, visits_by_enterprise: Ints) -> Share:
    return Share(
        float(flags.mean()) if flags.size else 0.0,
        float(visits_by_enterprise[flags].sum() / max(int(visits_by_enterprise.sum()), 1)),
    )


@dataclass(frozen=True)
class Exploration:
    """Visits to trusted enterprises (tiers A and B): cost in violations missed, gain in knowledge.

    ``cost`` is how many violations the same visits would have found at the rate of the others,
    beyond those they found; ``hidden`` the estimated violations among the trusted, of which nothing
    would be known without exploring; ``error`` the standard error of the rate of the whole frame,
    which without exploring could not be estimated at all.
    """

    visits: int
    violations_found: int
    cost: float
    hidden: float
    error: float


def exploration(sizes: Array, visits: Array, violations: Array, trusted: Flags) -> Exploration:
    """Cost and use of exploring, from strata (arrays, one entry per stratum)."""
    rate = violations / np.maximum(visits, 1)
    rate_elsewhere = violations[~trusted].sum() / max(float(visits[~trusted].sum()), 1.0)
    # Unbiased variance of a share with the finite population correction: a stratum drawn whole
    # has no sampling error.
    variance = rate * (1 - rate) / np.maximum(visits - 1, 1) * (1 - visits / np.maximum(sizes, 1))
    weight = sizes / sizes.sum()
    explored_visits = float(visits[trusted].sum())
    return Exploration(
        int(explored_visits),
        int(violations[trusted].sum()),
        float(rate_elsewhere * explored_visits - violations[trusted].sum()),
        float((sizes * rate)[trusted].sum()),
        float((weight**2 @ variance) ** (1 / 2)),
    )
