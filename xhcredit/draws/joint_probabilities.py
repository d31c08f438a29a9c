"""Probability that two enterprises are drawn together, by design, exactly.

Pareto: both are drawn when at most n - 2 others lie below the higher of the two, so the same
quadrature with two coins left out gives it.  Stratified: the random number drawn from each stratum
takes few values (the rounding uses one common ticket), so expectations over it are finite sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import floor

import numpy as np
from scipy.special import expit

from xhcredit.draws.calibration import Block, Cell, blocks
from xhcredit.draws.numerics import Array


def pareto_joint(cell: Cell) -> Array:
    """Matrix (class, class): probability that two different enterprises are both drawn.

    The diagonal is about two enterprises of the same class; 0 where it has only one.
    """
    classes = cell.counts.size
    if cell.size < 2:
        return np.zeros((classes, classes))
    s, step = cell.nodes
    below = expit(s + cell.shift[:, None])
    density = below * expit(-(s + cell.shift[:, None]))
    result = np.zeros((classes, classes))
    for part, block in blocks(cell, cell.size - 2):
        if isinstance(block, Block):
            result += _pairs(block, density[:, part])
        else:
            result += block * (density[:, part] @ below[:, part].T)
    both: Array = step * (result + result.T)
    np.fill_diagonal(both, np.where(cell.counts > 1, both.diagonal(), 0.0))
    return both


def _pairs(block: Block, density: Array) -> Array:
    """Sum over nodes of F_k' F_l P(S without k and l <= limit)."""
    total = np.zeros((density.shape[0],) * 2)
    for node in range(density.shape[1]):
        inverse = 1 / block.coin[:, node]
        both = ((inverse * block.numerator[node]) @ inverse.T).real
        total += both * np.outer(density[:, node], block.below[:, node])
    return total


def rounded_sizes(targets: Sequence[Fraction]) -> list[tuple[Fraction, tuple[int, ...]]]:
    """Every outcome of the randomised rounding: probability and sizes by stratum.

    Between two neighbouring fractional parts of the running sums nothing changes, so that there
    are at most as many outcomes as strata plus one.
    """
    sums = [sum(targets[: h + 1], Fraction(0)) for h in range(len(targets))]
    cuts = sorted({Fraction(0), Fraction(1), *(t - floor(t) for t in sums)})
    outcomes = []
    for low, high in pairwise(cuts):
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
    pairs = sizes[g] * (sizes[h] - (g == h))
    if not pairs:
        return Fraction(0)
    expected = sum((p * n[g] * (n[h] - (g == h)) for p, n in outcomes), Fraction(0))
    return expected / pairs
