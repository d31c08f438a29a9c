"""Exact variances and joint probabilities: what the program's estimates are compared with.

Sources: Horvitz and Thompson 1952; Sen 1953; Yates and Grundy 1953.
"""

import numpy as np
from scipy.special import expit

from xhcredit.draws.calibration import Block, Cell, blocks
from xhcredit.draws.numerics import Array


def ht_variance(values: Array, odds: Array, joint: Array) -> float:
    """Unbiased estimate of the variance of a total when every joint probability is above 0.

    It allows for a number of visits that varies; with few visits it can be negative.
    """
    y = values / odds
    return float(y @ (1 - np.outer(odds, odds) / joint) @ y)


def syg_variance(values: Array, odds: Array, joint: Array) -> float:
    """The same for a fixed number of visits (Sen, Yates and Grundy); mostly above 0."""
    y = values / odds
    weight = np.outer(odds, odds) / joint - 1
    np.fill_diagonal(weight, 0.0)
    return float((weight * (y[:, None] - y[None, :]) ** 2).sum() / 2)


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
