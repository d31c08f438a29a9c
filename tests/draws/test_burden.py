"""The pause keeps rates and lets nobody be visited twice; burden is counted right."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xhcredit.draws.burden import burden, exploration
from xhcredit.draws.pause import (
    initial_pause,
    longest_pause,
    renewed_odds,
    renewed_odds_after,
    steady_state,
)
from xhcredit.errors import BadPlan

RATES = [Fraction(1, 50), Fraction(1, 20), Fraction(1, 10), Fraction(1, 5)]
T = 4


SHARES = [0.5, 0.3, 0.15, 0.05]
VIOLATING = np.array([0.02, 0.04, 0.08, 0.15])


def simulate(rounds, size, seed, *, moves=0.0, turnover=0.0):
    """Rounds of draws with a pause; tiers move and enterprises are replaced by new ones.

    Gives visits (round, enterprise), visits over planned visits by tier, and the estimated over
    the true number of violations.
    """
    rng = np.random.default_rng(seed)
    rates, name = np.array(RATES, float), np.arange(size)
    tier, left, past = rng.choice(4, size, p=SHARES), np.zeros(size, int), np.zeros((T - 1, size))
    visit_arrays, drawn, planned, sums = [], np.zeros(4), np.zeros(4), np.zeros(2)
    for q in range(rounds):
        pi = rates[tier]
        hit = (left == 0) & (rng.random(size) < pi / (1 - past.sum(axis=0)))
        visit_arrays.append(np.stack([np.full(hit.sum(), q), name[hit]]))
        drawn += np.bincount(tier[hit], minlength=4)
        planned += np.bincount(tier, pi, 4)
        sums += (VIOLATING[tier[hit]] / pi[hit]).sum(), VIOLATING[tier].sum()
        left = np.where(hit, T - 1, np.maximum(left - 1, 0))
        past = np.concatenate([past[1:], pi[None]])
        tier = np.where(rng.random(size) < moves, rng.choice(4, size, p=SHARES), tier)
        new = rng.random(size) < turnover
        name[new] = name.max() + 1 + np.arange(new.sum())
        left[new], past[:, new] = 0, 0
    return np.concatenate(visit_arrays, axis=1), drawn / planned, sums[0] / sums[1]


@pytest.mark.parametrize(("moves", "turnover"), [(0, 0), (0.05, 0.03)])
def test_thirty_six_quarters_without_a_repeat_at_the_planned_rates(moves, turnover):
    visits, ratio, estimated = simulate(36, 60_000, 5, moves=moves, turnover=turnover)
    size = int(visits[1].max()) + 1

    burden_figures = burden(visits[0], visits[1], size, pause=T, year=4, cap=1, groups={})

    assert burden_figures.repeats == 0
    assert (burden_figures.most, burden_figures.over_cap) == (1, 0)
    assert np.abs(ratio - 1).max() < 0.012  # four standard errors of the smallest tier
    assert abs(estimated - 1) < 0.012


def test_the_simulation_uses_the_odds_that_the_library_gives():
    pi, past = Fraction(1, 5), [Fraction(1, 50), Fraction(1, 20), Fraction(1, 5)]

    assert renewed_odds_after(pi, past) == pi / (1 - sum(past))
    assert renewed_odds_after(pi, [pi] * 3) == renewed_odds(pi, 4)
    assert renewed_odds_after(Fraction(1), []) == 1
    with pytest.raises(BadPlan, match="leave out the oldest"):
        renewed_odds_after(pi, [Fraction(1, 2), Fraction(2, 5)])


@given(st.fractions(0, 1), st.fractions(0, Fraction(1, 5)), st.integers(1, 5))
def test_a_new_plan_starts_in_the_steady_state(unit, pi, rounds):
    shares = steady_state(pi, rounds)

    left = initial_pause(unit, pi, rounds)

    assert sum(shares[:left]) <= unit
    assert unit < sum(shares[: left + 1]) or unit == 1


@given(st.fractions(0, 1, max_denominator=1000), st.integers(1, 12))
def test_renewed_odds_keep_the_rate_in_the_steady_state(pi, rounds):
    fit = longest_pause(pi, rounds)

    shares = steady_state(pi, fit)

    assert sum(shares) == 1
    assert shares[0] * renewed_odds(pi, fit) == pi
    assert pi == 0 or fit == rounds or renewed_odds(pi, fit) <= 1 < pi * (fit + 1)


def test_a_pause_that_the_rate_does_not_allow_is_refused():
    with pytest.raises(BadPlan, match="shorten the pause to 2"):
        renewed_odds(Fraction(2, 5), 4)
    with pytest.raises(BadPlan, match="rates lie in"):
        renewed_odds(Fraction(3, 2), 1)


def test_burden_is_counted():
    burden_figures = burden(
        np.array([0, 1, 5, 2, 9]),
        np.array([0, 0, 0, 1, 2]),
        5,
        pause=4,
        year=4,
        cap=1,
        groups={"small": np.array([1, 1, 0, 0, 0], bool)},
    )

    assert burden_figures.by_count == (2, 2, 0, 1)
    assert (
        burden_figures.visits,
        burden_figures.repeats,
        burden_figures.most,
        burden_figures.over_cap,
    ) == (5, 1, 2, 1)
    assert (burden_figures.shares["small"].enterprises, burden_figures.shares["small"].visits) == (
        0.4,
        0.8,
    )


def test_exploration_has_a_price_and_finds_what_nobody_else_would():
    exploration_figures = exploration(
        np.array([1000.0, 100.0]),
        np.array([50.0, 50.0]),
        np.array([1.0, 10.0]),
        np.array([True, False]),
    )

    assert (
        exploration_figures.visits,
        exploration_figures.violations_found,
        exploration_figures.hidden,
    ) == (50, 1, 20)
    assert exploration_figures.cost == pytest.approx(9)
    assert 0 < exploration_figures.error < 0.05
