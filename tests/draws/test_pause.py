"""Odds of who is not in a pause: by hand, on both sides of what a rate allows."""

import re
from fractions import Fraction

import pytest

from xhcredit.draws.comparison import Comparison
from xhcredit.draws.pause import (
    initial_pause,
    longest_pause,
    renewed_odds,
    renewed_odds_after,
    steady_state,
)
from xhcredit.errors import BadPlan

HALF, THIRD, TENTH = Fraction(1, 2), Fraction(1, 3), Fraction(1, 10)


@pytest.mark.parametrize(
    ("pi", "rounds", "odds"),
    [
        (TENTH, 1, TENTH),  # no pause
        (TENTH, 5, Fraction(1, 6)),  # 1/10 / (1 - 4/10)
        (HALF, 2, Fraction(1)),  # half are in the pause, the other half are drawn
        (THIRD, 3, Fraction(1)),
        (Fraction(1), 1, Fraction(1)),
        (Fraction(0), 9, Fraction(0)),
    ],
)
def test_odds_are_the_rate_over_the_share_that_is_free(pi, rounds, odds):
    assert renewed_odds(pi, rounds) == odds


@pytest.mark.parametrize(
    ("pi", "rounds"), [(Fraction(-1, 9), 1), (Fraction(10, 9), 1), (HALF, 0), (HALF, -1)]
)
def test_what_is_no_rate_or_no_pause_is_refused(pi, rounds):
    with pytest.raises(BadPlan, match=rf"^rate {pi} with a pause over {rounds} rounds; rates lie "):
        renewed_odds(pi, rounds)


@pytest.mark.parametrize(
    ("pi", "rounds", "fit"),
    [(HALF, 3, 2), (HALF, 4, 2), (Fraction(51, 100), 2, 1), (Fraction(1), 2, 1), (TENTH, 11, 10)],
)
def test_a_pause_too_long_for_its_rate_is_refused_with_the_longest_that_fits(pi, rounds, fit):
    message = (
        f"a rate of {float(pi):.4g} a round cannot be kept when nobody is drawn twice in {rounds} "
        f"rounds; shorten the pause to {fit}"
    )
    with pytest.raises(BadPlan, match=f"^{re.escape(message)}$"):
        renewed_odds(pi, rounds)
    assert renewed_odds(pi, fit) <= 1


def test_the_longest_pause_is_as_long_as_asked_for_where_the_rate_allows():
    assert (longest_pause(TENTH, 9), longest_pause(TENTH, 10), longest_pause(TENTH, 11)) == (
        9,
        10,
        10,
    )
    assert (
        longest_pause(Fraction(0), 7),
        longest_pause(Fraction(1), 7),
        longest_pause(THIRD, 1),
    ) == (7, 1, 1)


def test_an_own_past_counts_rate_by_rate():
    assert renewed_odds_after(TENTH, [HALF, Fraction(1, 5)]) == THIRD  # 1/10 / (1 - 7/10)
    assert renewed_odds_after(HALF, [HALF]) == 1
    assert renewed_odds_after(Fraction(0), [Fraction(1)]) == 0
    for pi, past in ((HALF, [HALF, TENTH]), (TENTH, [Fraction(1)]), (-TENTH, [])):
        with pytest.raises(
            BadPlan, match=r"^rates \[.*\] within one pause add up to more than 1; "
        ):
            renewed_odds_after(pi, past)


def test_a_new_plan_begins_with_everybody_at_a_place_of_the_pause():
    assert steady_state(TENTH, 3) == [Fraction(8, 10), TENTH, TENTH]
    assert steady_state(HALF, 1) == [1]
    places = [initial_pause(Fraction(n, 20), TENTH, 3) for n in (0, 15, 16, 17, 18, 19, 20)]
    assert places == [0, 0, 1, 1, 2, 2, 2]


def test_what_a_draw_gives_up_and_wins_is_counted_against_the_estimates():
    comparison = Comparison(
        10, violations_found=4, uniform=(1.5, 1.0, 2.0), highest_first=(6.0, 5.0, 7.0)
    )

    assert (comparison.price, comparison.gain) == (2.0, 2.5)
    nothing = Comparison(10, 4, None, None)
    assert (nothing.price, nothing.gain) == (None, None)
