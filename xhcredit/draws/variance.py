"""Horvitz-Thompson totals and variances: exact for stratified draws, else approximate (Deville).

Arrays run over the enterprises drawn: ``values`` and ``odds`` (inclusion probabilities of this
draw).

Source: Horvitz and Thompson 1952; Deville 1999.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from xhcredit.draws.joint_probabilities import stratified_joint
from xhcredit.draws.numerics import Array


def ht_total(values: Array, odds: Array) -> float:
    """Unbiased estimate of the sum of ``values`` over the frame."""
    return float((values / odds).sum())


def deville_variance(values: Array, odds: Array) -> float:
    """Approximation for a fixed number of visits without joint probabilities (Pareto designs)."""
    y, spare = values / odds, 1 - odds
    if values.size < 2 or not spare.sum():
        return 0.0
    # Deville's weights 1 - pi: enterprises that are certain contribute no variance.
    share = spare / spare.sum()
    scale = 1 / (1 - float(share @ share))
    return scale * float(spare @ (y - float(share @ y)) ** 2)


def stratified_variance(
    sizes: Sequence[int], ratios: Sequence[Fraction], sums: Array, squares: Array
) -> float:
    """Exact-design estimate for a stratified draw, the randomised rounding included.

    Args:
        sizes: enterprises by stratum.
        ratios: ratio by stratum as in the commitment.
        sums: sum of the values over those drawn, by stratum.
        squares: sum of the squared values over those drawn, by stratum.

    Where two enterprises of a stratum are never drawn together no unbiased estimate exists: such
    pairs are taken as independent, which overstates the variance.
    """
    odds = np.array([float(r) for r in ratios])
    joint = np.array([[float(p) for p in row] for row in stratified_joint(sizes, ratios)])
    is_drawn = odds > 0
    odds, joint = odds[is_drawn], joint[np.ix_(is_drawn, is_drawn)]
    # Horvitz-Thompson's variance divides by joint probabilities; where one is 0 independence is
    # the cautious stand-in.
    joint_or_product = np.where(joint > 0, joint, np.outer(odds, odds))
    y = sums[is_drawn] / odds
    own_terms = squares[is_drawn] / odds**2
    weight = 1 - np.outer(odds, odds) / joint_or_product
    return float(y @ weight @ y - own_terms @ weight.diagonal() + own_terms @ (1 - odds))
