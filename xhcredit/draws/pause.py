"""Unbiased pause after an inspection: odds are renewed, no enterprise is left out for ever.

For a long-run rate ``pi`` per round and a pause over ``rounds - 1`` rounds after a visit, whoever
is not in a pause is drawn with ``h = pi / (1 - pi (rounds - 1))``, whoever is with 0: then in the
long run everybody is drawn in a share ``pi`` of the rounds, as the renewal theorem says.

Source: the renewal theorem (Feller, An Introduction to Probability Theory, vol. 1, ch. XIII).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from xhcredit.errors import BadPlan


def renewed_odds(pi: Fraction, rounds: int) -> Fraction:
    """Odds in this draw of an enterprise that is not in a pause.

    Args:
        pi: long-run rate per round, in [0, 1].
        rounds: T; nobody is drawn twice within T rounds.  1 means no pause.

    Raises:
        BadPlan: ``pi`` is no rate, or the pause is too long for it (see ``longest_pause``).
    """
    if not 0 <= pi <= 1 or rounds < 1:
        raise BadPlan(f"rate {pi} with a pause over {rounds} rounds; rates lie in 0 … 1")
    # Within a window of T rounds visits exclude one another, so a share pi of each of the T - 1
    # rounds before is paused.
    free = 1 - pi * (rounds - 1)
    if free <= 0 or pi / free > 1:
        raise BadPlan(
            f"a rate of {float(pi):.4g} a round cannot be kept when nobody is drawn twice in "
            f"{rounds} rounds; shorten the pause to {longest_pause(pi, rounds)}"
        )
    return pi / free


def renewed_odds_after(pi: Fraction, past: Sequence[Fraction]) -> Fraction:
    """Odds of an enterprise not in a pause, from its own long-run rates of the last rounds.

    Within a pause visits exclude one another, so whoever had the rates ``past`` in the last T - 1
    rounds is free with probability ``1 - sum(past)``: exact for newcomers (no past), the first
    rounds of a plan, and whoever changed tier.  With all of ``past`` equal to ``pi`` it is
    ``renewed_odds``.

    Raises:
        BadPlan: the rates of the window add up to more than 1.
    """
    free = 1 - sum(past, Fraction(0))
    if not 0 <= pi <= free or (pi and not free):
        raise BadPlan(
            f"rates {[float(r) for r in (*past, pi)]} within one pause add up to more than 1; "
            "shorten the pause of this enterprise (leave out the oldest)"
        )
    return pi / free if pi else pi


def longest_pause(pi: Fraction, rounds: int) -> int:
    """The longest pause up to ``rounds`` that a rate allows: ``pi T <= 1``; at least 1 (none)."""
    if pi <= 0:
        return rounds
    return max(1, min(rounds, int(1 / pi)))


def steady_state(pi: Fraction, rounds: int) -> list[Fraction]:
    """Share of enterprises by rounds left in the pause, 0 (free) first, in the steady state.

    A new plan starts here: each enterprise without a known last visit takes its place by its own
    ticket (``initial_pause``), else the first rounds would visit too many.
    """
    renewed_odds(pi, rounds)
    # A renewal process seen at a random time: each of the last T - 1 rounds holds a share pi of
    # the enterprises.
    return [1 - pi * (rounds - 1), *[pi] * (rounds - 1)]


def initial_pause(unit: Fraction, pi: Fraction, rounds: int) -> int:
    """Rounds left in the pause with which an enterprise starts, from its number in (0, 1)."""
    total = Fraction(0)
    for rounds_left, share in enumerate(steady_state(pi, rounds)):
        total += share
        if unit < total:
            return rounds_left
    return rounds - 1
