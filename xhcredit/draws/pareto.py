"""Pareto order sampling: individual inclusion probabilities with a fixed sample size.

Only ``+ - * /`` on IEEE doubles are used, so that every language gives the same list.

Source: Rosén, On sampling with probability proportional to size, 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from xhcredit.draws.numerics import DIGITS, UNIT, Array, Flags, Ints
from xhcredit.errors import BadPlan


def proportional_odds(weights: Array, size: int) -> Array:
    """Inclusion probabilities proportional to ``weights``, at most 1, whose sum is ``size``.

    Whoever would get more than 1 is certain; the rest of ``size`` is shared out among the others
    until nobody is above 1.  A weight of 0 gives 0 (such an enterprise is no row of a frame).

    Raises:
        BadPlan: a weight is negative or no number, or fewer have a weight than are to be drawn.
    """
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise BadPlan("a weight is negative or no number; give every enterprise a weight above 0")
    if not 0 < size <= np.count_nonzero(weights):
        raise BadPlan(
            f"{size} are to be drawn from {np.count_nonzero(weights)} enterprises with a weight; "
            "lower the number, or widen the scope"
        )
    certain = np.zeros(weights.shape, bool)
    while True:
        open_weights = np.where(certain, 0.0, weights)
        places_left = size - np.count_nonzero(certain)
        shares = (
            places_left * open_weights / open_weights.sum() if places_left else open_weights * 0
        )
        # Taking the certain ones out raises the others' shares, so somebody new may come above
        # 1: hence the loop.
        above = (shares >= 1) & ~certain
        if not above.any():
            return np.where(certain, 1.0, shares)
        certain |= above


def in_units(probabilities: Array, codes: Sequence[str]) -> Ints:
    """Probabilities as whole numbers of 10^-12 whose sum is exactly a whole number of enterprises.

    Rounded down, then the units that are missing go one each to the largest remainders, ties by
    code.  Nobody gets 0 or more than 1.

    Raises:
        BadPlan: the sum is not within half an enterprise of a whole number above 0 that fits.
    """
    size = round(float(probabilities.sum()))
    scaled = probabilities * UNIT
    # At least one unit: odds of 0 in a frame would be an exclusion that nobody declared.
    units = np.clip(np.floor(scaled), 1, UNIT).astype(np.int64)
    missing = size * UNIT - int(units.sum())
    free = np.flatnonzero((units < UNIT) & ((missing > 0) | (units > 1)))
    if abs(missing) > UNIT // 2 or (missing and not free.size):
        raise BadPlan(
            f"the odds add up to {float(probabilities.sum()):.6f}, not to a whole number; "
            "scale them first (draws.pareto.proportional)"
        )
    if not missing:
        return units
    remainder = scaled[free] - units[free]
    # By code on ties, so that two programs give the missing unit to the same enterprise.
    order = free[np.lexsort((np.asarray(codes)[free], -remainder * np.sign(missing)))]
    units[order] += missing // free.size
    units[order[: missing % free.size]] += 1
    return units


def decimals(units: Ints) -> list[str]:
    """Units of 10^-12 as the text of a frame: twelve digits after the point.

    >>> decimals(np.array([1, 250_000_000_000, 10**12]))
    ['0.000000000001', '0.250000000000', '1.000000000000']
    """
    return [f"{u // UNIT}.{u % UNIT:0{DIGITS}d}" for u in units.tolist()]


def drawn_number(odds: Sequence[str]) -> int:
    """How many are drawn: the exact sum of the odds as written.

    Raises:
        BadPlan: an entry is not in (0, 1], or the sum is no whole number.
    """
    # As decimals: a sum of doubles over thousands of rows misses the whole number by its last
    # digits.
    total = sum((_odds(text) for text in odds), Decimal(0))
    if total != total.to_integral_value():
        raise BadPlan(
            f"the odds add up to {total}, not to a whole number; write them with "
            "draws.pareto.in_units, which loses nothing"
        )
    return int(total)


def _odds(text: str) -> Decimal:
    probability = (
        Decimal(text) if text.replace(".", "", 1).isdecimal() and text.isascii() else Decimal(0)
    )
    if not 0 < probability <= 1 or len(text.partition(".")[2]) != DIGITS:
        raise BadPlan(f'odds "{text}"; write a decimal above 0, at most 1, with {DIGITS} digits')
    return probability


def ranks(unit: Array, working: Array) -> Array:
    """Pareto ranks ``(u (1 - w)) / ((1 - u) w)`` in this order of operations; the smallest win.

    ``unit`` in (0, 1) comes from the tickets, ``working`` in (0, 1) from the frame.
    """
    # Logarithms or powers differ in the last bit between libraries, and the last bit decides
    # who is drawn at the edge.
    result: Array = (unit * (1.0 - working)) / ((1.0 - unit) * working)
    return result


def select_positions(
    codes: Sequence[str], unit: Array, odds: Sequence[str], working: Sequence[str] | None = None
) -> Ints:
    """Positions of the enterprises drawn: the certain ones, then the smallest ranks, ties by code.

    Raises:
        BadPlan: odds that are no probabilities or do not add up to a whole number.
    """
    size = drawn_number(odds)
    texts = odds if working is None else working
    certain: Flags = np.array([Decimal(o) == 1 for o in odds])
    rank = np.full(len(codes), -1.0)
    rank[~certain] = ranks(unit[~certain], np.array([float(t) for t in texts])[~certain])
    return np.lexsort((np.asarray(codes, dtype=str), rank))[:size].astype(np.int64)
