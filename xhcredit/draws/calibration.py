"""True inclusion probabilities of Pareto sampling, and working probabilities that make them right.

On the line of log-odds ``s`` the rank of enterprise i lies below ``s`` with probability
``F_i(s) = 1 / (1 + exp(-(s + logit w_i)))``.  It is drawn when at most n - 1 others lie below it::

    pi_i = integral of F_i'(s) P(S_-i(s) <= n - 1) ds

``S_-i`` is a sum of independent coins; its distribution comes from its characteristic function,
where leaving one coin out is one division.  Enterprises with the same odds share one class, so that
the work depends on the number of distinct odds, not of enterprises.

Source: Aires, Algorithms to find exact inclusion probabilities for conditional Poisson and Pareto
sampling designs, 1999.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from scipy.special import expit, logit

from xhcredit.draws import numerics as num
from xhcredit.draws.numerics import Array, Frequencies, Ints
from xhcredit.errors import BadPlan


@dataclass(frozen=True)
class Cell:
    """Classes of equal working probability from which ``size`` are drawn together.

    ``working`` in (0, 1) and ``counts`` (enterprises of the class) have one entry per class;
    certain enterprises are left out, and ``size`` counts without them.
    """

    working: Array
    counts: Ints
    size: int

    def __post_init__(self) -> None:
        """Refuse working probabilities outside (0, 1), and a size not below the population."""
        # The log-odds line has no place for 0 and 1: certain enterprises are taken out before
        # and add to the drawn number as they are.
        inside = ((self.working > 0) & (self.working < 1)).all()
        if not inside or not 0 < self.size < self.counts.sum():
            raise BadPlan(
                f"{self.size} of {self.counts.sum()} with working probabilities from "
                f"{self.working.min()} to {self.working.max()} cannot be calibrated; take the "
                "certain ones out first and draw fewer than there are"
            )

    @cached_property
    def shift(self) -> Array:
        """Log-odds of the working probabilities."""
        result: Array = logit(self.working)
        return result

    @cached_property
    def nodes(self) -> tuple[Array, float]:
        """Points of the trapezoid rule and their distance.

        The step follows the width of the zone in which the sum of coins passes ``size``; both ends
        lie where the density of every rank has fallen below the last digit.
        """
        low, high = -self.shift.max(), -self.shift.min()
        reach = np.log(float(self.counts.sum())) + num.WIDEST_STEP
        middle = scipy.optimize.brentq(self._excess, low - reach, high + reach)
        below = expit(middle + self.shift)
        spread = float(self.counts @ (below * (1 - below)))
        # The trapezoid rule converges exponentially for these smooth, two-sided decaying
        # integrands, once the step resolves the narrowest feature.
        step = min(num.WIDEST_STEP, num.STEP_IN_WIDTHS / max(spread, 1) ** (1 / 2))
        line_start = min(low, middle) - num.LEFT_TAIL
        line_end = max(high, middle) + num.RIGHT_TAIL
        return np.arange(line_start, line_end, step), step

    def _excess(self, s: float) -> float:
        return float(self.counts @ expit(s + self.shift)) - self.size


@dataclass(frozen=True)
class Block:
    """Some nodes with the characteristic function of the whole sum, ready for leaving coins out.

    ``below``: F by class and node; ``numerator`` (nodes, frequencies) already holds the weights of
    the cumulative sum up to the limit; ``coin`` (classes, nodes, frequencies) one coin's factor.
    """

    below: Array
    numerator: Frequencies
    coin: Frequencies


def blocks(cell: Cell, limit: int) -> Iterator[tuple[slice, Block | float]]:
    """Parts of the line: 0 or 1 where the sum of coins is surely above or within ``limit``.

    In between a block, from which ``P(S without some coins <= limit)`` follows.
    """
    s, _ = cell.nodes
    below = expit(s + cell.shift[:, None])
    mean = cell.counts @ below
    # Outside twelve deviations and a slack the sum's tail is below the last digit of a double,
    # so no characteristic function is needed there.
    reach = num.DEVIATIONS * np.sqrt(cell.counts @ (below * (1 - below))) + num.SLACK
    # the chance falls along the line: left of a sure node all are sure, right of a lost one lost
    surely_within, surely_above = (
        np.flatnonzero(mean + reach < limit),
        np.flatnonzero(mean - reach > limit),
    )
    first = int(surely_within[-1]) + 1 if surely_within.size else 0
    last = int(surely_above[0]) if surely_above.size else s.size
    yield slice(0, first), 1.0
    yield slice(last, s.size), 0.0
    count = int(cell.counts.sum())
    # A discrete Fourier transform over the window in which the sum can lie, not over all
    # enterprises: the cost follows the spread and not the frame's size.
    window = min(count + 1, 2 * int(2 * reach[first:last].max(initial=0)) + 2)
    angle = 2 * np.pi * np.arange(window // 2 + 1) / window
    start = 0 if window == count + 1 else limit - window // 2
    weights = _cumulative(angle, start, limit, window)
    rows = max(1, num.CHUNK // (angle.size * cell.counts.size))
    for begin in range(first, last, rows):
        part = slice(begin, min(begin + rows, last))
        yield part, _block(cell, below[:, part], angle, weights)


def _cumulative(angle: Array, start: int, limit: int, window: int) -> Frequencies:
    """Weights that turn a characteristic function into ``P(start <= S <= limit)``."""
    terms = max(limit - start + 1, 0)
    back = np.exp(-1j * angle)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (back**start) * (1 - back**terms) / (1 - back)
    ratio[0] = terms
    fold = np.full(angle.size, 2.0)  # each frequency stands for its mirror image too
    fold[0] = 1
    if window % 2 == 0:
        fold[-1] = 1
    weights: Frequencies = ratio * fold / window
    return weights


def _block(cell: Cell, below: Array, angle: Array, weights: Frequencies) -> Block:
    coin = 1 + below[:, :, None] * np.expm1(1j * angle)
    coin[coin == 0] = np.finfo(float).tiny  # a fair coin at the last frequency
    logs = np.tensordot(cell.counts.astype(float), np.log(coin), axes=1)
    return Block(below, np.exp(logs) * weights, coin)


def inclusion(cell: Cell) -> Array:
    """True inclusion probability of an enterprise of each class, to about 1e-13."""
    s, step = cell.nodes
    density = expit(s + cell.shift[:, None]) * expit(-(s + cell.shift[:, None]))
    result = np.zeros(cell.counts.size)
    for part, block in blocks(cell, cell.size - 1):
        if isinstance(block, Block):
            without = (block.numerator / block.coin).real.sum(axis=2)
            result += (density[:, part] * without).sum(axis=1)
        else:
            result += block * density[:, part].sum(axis=1)
    return step * result


def calibrate(odds: Array, counts: Ints, size: int) -> Array:
    """Working probabilities by class whose true inclusion probabilities are ``odds``.

    Fixed point on log-odds.  Only ratios of working odds matter, so they are scaled to add up to
    ``size`` like the odds; where one would be so small that twelve digits blur it, to lie evenly
    around one half.

    Raises:
        BadPlan: the odds do not add up to ``size``, or no working probabilities were found.
    """
    # Odds that do not add up to the size are no inclusion probabilities of a fixed-size design;
    # the fixed point would run away from them.
    if abs(float(counts @ odds) - size) > num.SMALL:
        raise BadPlan(f"the odds add up to {float(counts @ odds):.6f}, not to {size}; scale them")
    working, target = odds.copy(), logit(odds)
    for _ in range(num.ROUNDS):
        true = inclusion(Cell(working, counts, size))
        worst = float(np.abs(true / odds - 1).max())
        if worst < num.TOLERANCE:
            break
        # On log-odds and not on probabilities: the step can then leave (0, 1) for nobody.
        working = expit(logit(working) + target - logit(true))
    if worst > num.ACCEPTED:
        raise BadPlan(f"calibration stopped at a relative error of {worst:.1e}; use strata instead")
    return _scale_to_size(working, counts, size)


def _scale_to_size(working: Array, counts: Ints, size: int) -> Array:
    shift = logit(working)
    reach = float(np.ptp(shift)) + np.log(float(counts.sum())) + num.WIDEST_STEP
    middle = float(np.median(shift))
    move = scipy.optimize.brentq(
        lambda m: counts @ expit(shift + m) - size, -middle - reach, -middle + reach
    )
    scaled: Array = expit(shift + move)
    if scaled.min() < num.SMALL:
        scaled = expit(shift - (shift.max() + shift.min()) / 2)
    return scaled
