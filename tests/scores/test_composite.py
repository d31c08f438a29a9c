"""The pool of 1 + X: weights renormalised over what applies, and reasons that cost most."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scores.test_points import SCALE
from xhcredit.scores import composite
from xhcredit.scores.composite import Pool, Scorer, XWeighting, largest_losses
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
POOL = Pool(0.6, {"x_food": XWeighting("food", 1, 0.4)})


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
    st.lists(st.sampled_from([-1.0, 0.0, 1.0, 2.0, 3.5]), min_size=6, max_size=6),
    min_size=1,
    max_size=9,
)
WAYS = (composite._largest_losses, composite._sorted_largest_losses)


def losses_by(way, lost):
    """The four largest losses of each column, found in one way."""
    reason, points = np.full((4, lost.shape[1]), -1, np.int16), np.zeros((4, lost.shape[1]))
    way(lost, reason, points)
    return reason.T.tolist(), points.T.tolist()


@given(lost=losses, indicators=st.integers(1, 6))
def test_compiled_and_plain_reasons_agree_ties_included(lost, indicators):
    matrix = np.array(lost).T[:indicators].copy()
    reason, points = largest_losses(matrix)

    for way in WAYS:
        assert losses_by(way, matrix) == (reason.T.tolist(), points.T.tolist())


@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_loss_is_no_reason_in_either_way(way):
    """A missing value may bring more points than the best bin: that is no loss."""
    six = np.array([[1.0, 0], [3, -1], [3, 0], [2, 0], [5, 1], [0.5, 0]])
    pair = np.array([[1.0, -1], [3, 0]])

    assert losses_by(way, six) == (
        [[4, 1, 2, 3], [4, -1, -1, -1]],
        [[5, 3, 3, 2], [1, 0, 0, 0]],
    )
    assert losses_by(way, pair) == (
        [[1, 0, -1, -1], [-1, -1, -1, -1]],
        [[3, 1, 0, 0], [0, 0, 0, 0]],
    )


@pytest.mark.parametrize("food", [0.99, math.nan, 0])
def test_an_x_applies_from_its_bound_on(food):
    assert math.isnan(scored(a=0, b=0, food=food).x["x_food"][0])
    assert scored(a=0, b=0, food=1).x["x_food"][0] == 650
    assert scored(a=0, b=0, food=1.01).x["x_food"][0] == 650


TWO = Release(
    "two",
    {
        **RELEASE.tables,
        "x_site": card("x_site", "c", (0, -20)),
        "x_off": card("x_off", "c", (0, -20)),
    },
)
BOTH = Pool(0.5, {"x_food": XWeighting("food", 1, 0.3), "x_site": XWeighting("site", 2, 0.2)})
IDS = ["food", "a", "site", "b", "c"]


def test_weights_are_shared_out_over_what_applies_and_an_x_out_of_service_is_left_out():
    x = np.array([[1.0, 0, 1, 0], [1] * 4, [2.0, 2, 0, 0], [1] * 4, [1] * 4])
    result = Scorer(TWO, BOTH, IDS).score(x)

    assert result.general.tolist() == [500] * 4
    assert list(result.x) == ["x_food", "x_site"]
    np.testing.assert_array_equal(result.x["x_food"], [550, np.nan, 550, np.nan])
    np.testing.assert_array_equal(result.x["x_site"], [580, 580, np.nan, np.nan])
    np.testing.assert_allclose(
        result.composite,
        [
            0.5 * 500 + 0.3 * 550 + 0.2 * 580,
            (0.5 * 500 + 0.2 * 580) / 0.7,
            (0.5 * 500 + 0.3 * 550) / 0.8,
            500,
        ],
    )


def test_reasons_come_with_the_value_of_their_indicator_and_their_share_of_the_weights():
    scorer = Scorer(TWO, BOTH, IDS)
    result = scorer.score(np.array([[1.0], [7.0], [2.0], [8.0], [9.0]]))
    reasons = [scorer.vocabulary[r] for r in result.reason[:3, 0]]

    assert scorer.vocabulary == [("general", "a"), ("x_food", "b"), ("x_site", "c")]
    assert reasons == [("general", "a"), ("x_food", "b"), ("x_site", "c")]
    np.testing.assert_allclose(result.lost[:, 0], [50, 30, 4, 0])
    assert result.value[:3, 0].tolist() == [7, 8, 9]
    assert result.reason[:, 0].tolist() == [0, 1, 2, -1]


def test_the_largest_losses_come_first_and_of_equal_ones_the_earlier():
    lost = np.array([[1.0, 0], [3, 0], [3, 0], [2, 0], [5, 1], [0.5, 0]])
    reason, size = largest_losses(lost)

    assert reason.T.tolist() == [[4, 1, 2, 3], [4, -1, -1, -1]]
    assert size.T.tolist() == [[5, 3, 3, 2], [1, 0, 0, 0]]
    assert largest_losses(lost, 2)[0].T.tolist() == [[4, 1], [4, -1]]
    assert (reason.dtype, size.dtype) == (np.int16, np.float64)
