"""Comparison of a draw with uniform sampling and with "highest risk first", for equal visits.

The draw itself tells what it found.  A uniform draw would find the frame's rate; "highest score
first" the rate among the enterprises it would have taken, which the draw visited too, with known
odds.  Both are estimated with intervals, from visits that were really made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xhcredit.draws.estimate import Estimate, estimate
from xhcredit.draws.numerics import Array, Flags, Ints


@dataclass(frozen=True)
class DrawResults:
    """A frame with the results of its draw; every array has one entry per enterprise.

    ``stratum`` is a position in strata sorted by ratio, -1 never occurs; ``visited`` means drawn
    and with a result; ``failed`` is read only where ``visited``.  An enterprise that was drawn and
    has no result yet is left out of its stratum's visits (taken as missing by chance).
    """

    stratum: Ints
    visited: Flags
    failed: Flags

    def estimate_in(self, group: Flags) -> Estimate:
        """Rate of violations in a part of the frame."""
        strata = int(self.stratum.max(initial=-1)) + 1
        visited_in_group = group & self.visited

        def count(members: Flags) -> Ints:
            return np.bincount(self.stratum[members], minlength=strata).astype(np.int64)

        sizes = count(group)
        is_non_empty = sizes > 0
        return estimate(
            sizes[is_non_empty],
            count(visited_in_group)[is_non_empty],
            count(visited_in_group & self.failed)[is_non_empty],
        )


@dataclass(frozen=True)
class Comparison:
    """Violations by way of choosing, for the same number of visits.

    ``violations_found`` is counted; the others are estimates (None where nobody who would have been
    taken was visited).  ``price`` is what the draw gives up against "highest score first" for
    knowing the rest: violations that this would have found beyond ``violations_found``.
    """

    visits: int
    violations_found: int
    uniform: tuple[float, float, float] | None
    highest_first: tuple[float, float, float] | None

    @property
    def price(self) -> float | None:
        """Violations given up against "highest score first" (negative: the draw found more)."""
        return None if self.highest_first is None else self.highest_first[0] - self.violations_found

    @property
    def gain(self) -> float | None:
        """Violations won against a uniform draw."""
        return None if self.uniform is None else self.violations_found - self.uniform[0]


def compare_designs(draw_results: DrawResults, risk: Array) -> Comparison:
    """Compare a draw with a uniform one and with "highest risk first" (ties: by position)."""
    visits = int(draw_results.visited.sum())
    highest_risk = np.zeros(risk.size, bool)
    highest_risk[np.argsort(-risk, kind="stable")[:visits]] = True
    # A uniform draw would find the frame's own rate on average, which these strata estimate: it
    # need not be made to be compared.
    all_flags = np.ones(risk.size, bool)
    return Comparison(
        visits,
        int((draw_results.visited & draw_results.failed).sum()),
        _violations_in(draw_results.estimate_in(all_flags), visits),
        _violations_in(draw_results.estimate_in(highest_risk), visits) if visits else None,
    )


def _violations_in(rate: Estimate, visits: int) -> tuple[float, float, float] | None:
    if rate.rate is None or rate.low is None or rate.high is None:
        return None
    return rate.rate * visits, rate.low * visits, rate.high * visits
