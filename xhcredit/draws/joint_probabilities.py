"""Joint inclusion probabilities of a stratified draw, exact.

The random number drawn from each stratum takes few values (the rounding uses one common ticket),
so expectations over it are finite sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import floor


def rounded_sizes(targets: Sequence[Fraction]) -> list[tuple[Fraction, tuple[int, ...]]]:
    """Every outcome of the randomised rounding: probability and sizes by stratum.

    Between two neighbouring fractional parts of the running sums nothing changes, so that there
    are at most as many outcomes as strata plus one.
    """
    sums = [sum(targets[: h + 1], Fraction(0)) for h in range(len(targets))]
    cuts = sorted({Fraction(0), Fraction(1), *(t - floor(t) for t in sums)})
    outcomes = []
    for low, high in pairwise(cuts):
        # Every point between two cuts stands for all of them; the middle is surely not on one.
        v = (low + high) / 2
        upto = [0, *(floor(t - v) + 1 for t in sums)]
        sizes = tuple(b - a for a, b in pairwise(upto))
        outcomes.append((high - low, sizes))
    return outcomes


def stratified_joint(sizes: Sequence[int], ratios: Sequence[Fraction]) -> list[list[Fraction]]:
    """Matrix (stratum, stratum): probability that two different enterprises are both drawn."""
    outcomes = rounded_sizes([r * n for r, n in zip(ratios, sizes, strict=True)])
    return [
        [_together(outcomes, sizes, g, h) for h in range(len(sizes))] for g in range(len(sizes))
    ]


def _together(
    outcomes: list[tuple[Fraction, tuple[int, ...]]], sizes: Sequence[int], g: int, h: int
) -> Fraction:
    # Given the sizes taken, every pair of a stratum (or of two) is equally likely, so the
    # expectation of pairs taken over all pairs is the probability.
    pairs = sizes[g] * (sizes[h] - (g == h))
    if not pairs:
        return Fraction(0)
    expected = sum((p * n[g] * (n[h] - (g == h)) for p, n in outcomes), Fraction(0))
    return expected / pairs
