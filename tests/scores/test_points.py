"""Points tables: what a row means, that bulk equals one, and that losses explain the score."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xhcredit.errors import BadDeclaration
from xhcredit.scores import bulk
from xhcredit.scores.points import Indicator, PointsTable, Scale, Special, points_table

SCALE = Scale(anchor_points=600, anchor_odds=20, points_to_double_odds=50)


def table(*indicators, base=600.0):
    return PointsTable(
        score="general", name_zh="通用", name_en="general", made_by="test", scale=SCALE, base=base,
        indicators=indicators,
    )  # fmt: skip


HAND = table(
    Indicator(feature="penalties", cuts=(1, 3), points=(20, -30, -80), missing=-5),
    Indicator(
        feature="grade", cuts=(1, 2), points=(10, 0, -10), missing=0, seen=(0, 3), unseen=-20,
        special=(Special(value=-9, points=3),),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("penalties", "grade", "points"),
    [
        (0, 0, 600 + 20 + 10),
        (1, 0, 600 - 30 + 10),  # a cut belongs to the bin above it
        (2.99, 1, 600 - 30 + 0),
        (3, 2, 600 - 80 - 10),
        (math.nan, math.nan, 600 - 5 + 0),
        (0, -9, 600 + 20 + 3),  # a special code is no value
        (0, 7, 600 + 20 - 20),  # a value never seen has a row of its own
    ],
)
def test_each_row_gives_its_points(penalties, grade, points):
    assert HAND.score_of({"penalties": penalties, "grade": grade}) == points


def test_fifty_points_double_the_odds():
    assert SCALE.log_odds(600) == pytest.approx(math.log(20))
    assert SCALE.log_odds(650) - SCALE.log_odds(600) == pytest.approx(math.log(2))
    assert SCALE.points(SCALE.log_odds(437.5)) == pytest.approx(437.5)


finite = st.floats(-5, 5, allow_nan=False)


@st.composite
def indicators(draw, name):
    cuts = sorted(draw(st.sets(st.integers(-4, 4), max_size=5)))
    points = draw(st.lists(finite, min_size=len(cuts) + 1, max_size=len(cuts) + 1))
    seen = draw(st.none() | st.just((-3.0, 3.0)))
    return Indicator(
        feature=name, cuts=tuple(cuts), points=tuple(points), missing=draw(finite), seen=seen,
        unseen=None if seen is None else draw(finite),
        special=(Special(value=2.0, points=draw(finite)),) if draw(st.booleans()) else (),
    )  # fmt: skip


tables = st.builds(lambda a, b, c: table(a, b, c), *(indicators(n) for n in "abc"))
matrix = st.lists(
    st.tuples(*[st.integers(-5, 5).map(float) | finite | st.just(math.nan)] * 3),
    min_size=1,
    max_size=20,
)


@given(card=tables, rows=matrix)
def test_bulk_equals_one_at_a_time_to_the_last_bit(card, rows):
    x = np.array(rows).T.copy()
    expected = [card.score_of(dict(zip("abc", row, strict=True))) for row in rows]

    np.testing.assert_array_equal(bulk.scores_of(card, x, list("abc")), expected)


@given(card=tables, rows=matrix)
def test_numpy_and_compiled_points_are_the_same(card, rows):
    x = np.array(rows).T.copy()
    flat = bulk.flatten(card, {"a": 0, "b": 1, "c": 2})
    by_numpy = np.empty((3, x.shape[1]))
    bulk._walk_numpy(x, flat, by_numpy)

    np.testing.assert_array_equal(bulk.points_matrix(x, flat), by_numpy)


@given(card=tables, rows=matrix)
def test_points_lost_add_up_to_the_missing_points(card, rows):
    best = card.base + sum(i.best for i in card.indicators)
    for row in rows:
        values = dict(zip("abc", row, strict=True))
        assert best - sum(card.lost(values).values()) == pytest.approx(card.raw(values))


def test_a_table_survives_its_file(tmp_path):
    HAND.save(tmp_path / "t.json")
    again = points_table(__import__("json").loads((tmp_path / "t.json").read_text()), "t.json")

    assert again == HAND
    assert again.digest == HAND.digest


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"cuts": [1, 2], "points": [1, 2]}, "one entry more than cuts"),
        ({"cuts": [2, 1], "points": [1, 2, 3]}, "do not ascend"),
        ({"cuts": [], "points": [math.nan]}, "finite"),
        ({"cuts": [], "points": [1], "seen": [0, 1]}, 'state "seen" and "unseen" together'),
        ({"cuts": [], "points": [1], "default": 0}, "Extra inputs"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_in_words(broken, message):
    raw = HAND.model_dump(mode="json")
    raw["indicators"] = [{"feature": "f", "missing": 0, **broken}]
    with pytest.raises(BadDeclaration, match=message):
        points_table(raw, "t.json")
