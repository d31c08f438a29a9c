"""The pool of 1 + X: weights renormalised over what applies, and reasons that cost most."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scores.test_points import SCALE
from xhcredit.scores import composite
from xhcredit.scores.composite import Applies, Pool, Scorer, largest
from xhcredit.scores.points import Indicator, PointsTable
from xhcredit.scores.release import Release


def card(score, feature, points):
    rows = (Indicator(feature=feature, cuts=(1,), points=points, missing=0),)
    return PointsTable(
        score=score,
        name_zh=score,
        name_en=score,
        made_by="test",
        scale=SCALE,
        base=600,
        indicators=rows,
    )


RELEASE = Release(
    "test",
    {"general": card("general", "a", (0, -100)), "x_food": card("x_food", "b", (50, -50))},
)
POOL = Pool(0.6, {"x_food": Applies("food", 1, 0.4)})


def scored(a, b, food):
    return Scorer(RELEASE, POOL, ["a", "b", "food"]).score(np.array([[a], [b], [food]], float))


def test_an_x_that_does_not_apply_weighs_nothing():
    result = scored(a=1, b=1, food=0)

    assert result.composite[0] == 500
    assert math.isnan(result.x["x_food"][0])


def test_the_pool_is_the_weighted_mean_of_log_odds():
    result = scored(a=1, b=0, food=1)
    log_odds = 0.6 * SCALE.log_odds(500) + 0.4 * SCALE.log_odds(650)

    assert result.composite[0] == pytest.approx(SCALE.points(log_odds))


def test_reasons_name_the_largest_loss_first_with_its_weighted_cost():
    result = scored(a=1, b=1, food=1)
    words = [Scorer(RELEASE, POOL, ["a", "b", "food"]).vocabulary[r] for r in result.reason[:2, 0]]

    assert words == [("general", "a"), ("x_food", "b")]
    np.testing.assert_allclose(result.lost[:2, 0], [60, 40])
    assert list(result.reason[2:, 0]) == [-1, -1]


def test_who_lost_nothing_is_told_no_reason():
    assert list(scored(a=0, b=0, food=1).reason[:, 0]) == [-1] * 4


losses = st.lists(
    st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.5]), min_size=6, max_size=6), min_size=1, max_size=9
)


@given(lost=losses)
def test_compiled_and_plain_reasons_agree_ties_included(lost):
    matrix = np.array(lost).T.copy()
    reason, points = np.empty((4, len(lost)), np.int16), np.empty((4, len(lost)))
    composite._top(matrix, reason, points)
    order = np.argsort(-matrix, axis=0, kind="stable")[:4]
    sizes = np.take_along_axis(matrix, order, axis=0)

    np.testing.assert_array_equal(reason, np.where(sizes > 0, order, -1))
    np.testing.assert_array_equal(points, sizes)
    np.testing.assert_array_equal(largest(matrix)[0], reason)
