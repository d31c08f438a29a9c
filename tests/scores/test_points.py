"""Points tables: what a row means, that bulk equals one, and that losses explain the score."""

import hashlib
import json
import math

import numpy as np
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from xhcredit.errors import BadDeclaration
from xhcredit.scores import bulk
from xhcredit.scores.points import Indicator, PointsTable, Scale, Special, points_table

SCALE = Scale(anchor_points=600, anchor_odds=20, points_to_double_odds=50)


def table(*indicators, base=600.0):
    return PointsTable(
        score="general",
        name_zh="通用",
        name_en="general",
        made_by="test",
        scale=SCALE,
        base=base,
        indicators=indicators,
    )


HAND = table(
    Indicator(feature="penalties", cuts=(1, 3), points=(20, -30, -80), missing=-5),
    Indicator(
        feature="grade",
        cuts=(1, 2),
        points=(10, 0, -10),
        missing=0,
        seen_range=(0, 3),
        unseen=-20,
        special=(Special(value=-9, points=3),),
    ),
)


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
    seen_range = draw(st.none() | st.just((-3.0, 3.0)))
    return Indicator(
        feature=name,
        cuts=tuple(cuts),
        points=tuple(points),
        missing=draw(finite),
        seen_range=seen_range,
        unseen=None if seen_range is None else draw(finite),
        special=(Special(value=2.0, points=draw(finite)),) if draw(st.booleans()) else (),
    )


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
    text = (tmp_path / "t.json").read_text(encoding="utf-8")
    again = points_table(json.loads(text), "t.json")

    assert again == HAND
    assert again.digest == HAND.digest
    assert text.startswith('{\n "score": "general",\n "name_zh": "通用",')
    assert text.endswith("}\n")


def test_the_digest_is_over_the_canonical_json():
    table_json = HAND.model_dump(mode="json")

    assert HAND.digest == hashlib.sha256(rfc8785.dumps(table_json)).hexdigest()


SPECIAL = Indicator(
    feature="f",
    cuts=(1, 2),
    points=(10, 0, -10),
    missing=-3,
    seen_range=(0, 3),
    unseen=-20,
    special=(Special(value=-9, points=3), Special(value=2, points=4)),
)


@pytest.mark.parametrize(
    ("value", "points"),
    [
        (0, 10),
        (0.99, 10),
        (1, 0),
        (1.99, 0),
        (2.01, -10),
        (3, -10),  # the ends seen are seen
        (-0.01, -20),
        (3.01, -20),
        (-9, 3),
        (2, 4),
        (math.nan, -3),
    ],
)
def test_missing_then_special_then_unseen_then_bins(value, points):
    assert SPECIAL.points_of(value) == points
    assert bulk.scores_of(table(SPECIAL), np.array([[value]]), ["f"]).tolist() == [600 + points]


def test_the_best_of_an_indicator_is_its_best_bin_whatever_missing_would_give():
    generous = Indicator(feature="f", cuts=(1,), points=(5, -5), missing=50)

    assert generous.best == 5
    assert table(generous).lost({"f": 1}) == {"f": 10}
    assert table(generous).lost({"f": math.nan}) == {"f": -45}
    assert HAND.features == ["penalties", "grade"]


@pytest.mark.parametrize(
    ("base", "score"), [(-5, 0), (0, 0), (1, 1), (999, 999), (1000, 1000), (1001, 1000)]
)
def test_a_score_stays_on_its_scale(base, score):
    nothing = Indicator(feature="f", cuts=(), points=(0,), missing=0)
    constant_table = table(nothing, base=base)

    assert constant_table.score_of({"f": 0}) == score
    assert constant_table.raw({"f": 0}) == base
    assert bulk.scores_of(constant_table, np.zeros((1, 1)), ["f"]).tolist() == [score]


def test_rows_of_the_matrix_are_found_by_the_name_of_the_feature():
    x = np.array([[9.0, 9.0], [0.0, 3.0], [9.0, 9.0], [0.0, 2.0]])

    scores = bulk.scores_of(HAND, x, ["z", "penalties", "y", "grade"])
    assert scores.tolist() == [630, 510]


@pytest.mark.parametrize(
    ("odds", "points"), [(20, 600), (40, 650), (10, 550), (80, 700), (1, 600 - 50 * math.log2(20))]
)
def test_points_and_odds_are_one_scale_both_ways(odds, points):
    assert SCALE.points(math.log(odds)) == pytest.approx(points)
    assert SCALE.log_odds(points) == pytest.approx(math.log(odds))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"cuts": [1, 2], "points": [1, 2]}, "one entry more than cuts"),
        ({"cuts": [2, 1], "points": [1, 2, 3]}, "do not ascend"),
        ({"cuts": [], "points": [math.nan]}, "finite"),
        (
            {"cuts": [], "points": [1], "seen_range": [0, 1]},
            'state "seen_range" and "unseen" together',
        ),
        ({"cuts": [], "points": [1], "default": 0}, "Extra inputs"),
        (
            {"cuts": [1, 1], "points": [1, 2, 3]},
            r'"f": cuts \(1.0, 1.0\) do not ascend; sort them',
        ),
        ({"cuts": [1], "points": [1]}, r'indicator "f": 1 cuts, 1 points; points need one entry'),
        (
            {"cuts": [], "points": [1], "unseen": 1},
            'indicator "f": state "seen_range" and "unseen"',
        ),
        ({"cuts": [], "points": [1_000_001]}, "less than or equal to 1000000"),
        ({"cuts": [], "points": [-1_000_001]}, "greater than or equal to -1000000"),
        ({"cuts": [], "points": [1], "feature": None}, r"^t.json: indicators.0.feature: Input"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_in_words(broken, message):
    raw = HAND.model_dump(mode="json")
    raw["indicators"] = [{"feature": "f", "missing": 0, **broken}]
    with pytest.raises(BadDeclaration, match=message):
        points_table(raw, "t.json")


@pytest.mark.parametrize(
    ("part", "value"), [("anchor_odds", 0), ("points_to_double_odds", 0), ("anchor_points", "x")]
)
def test_a_scale_without_odds_or_doubling_is_refused(part, value):
    raw = HAND.model_dump(mode="json")
    raw["scale"][part] = value
    with pytest.raises(BadDeclaration, match=rf"^t.json: scale.{part}: Input should be"):
        points_table(raw, "t.json")


def test_an_indicator_that_stands_twice_and_what_is_no_table_are_refused():
    raw = HAND.model_dump(mode="json")
    raw["indicators"] += [raw["indicators"][1]] * 2
    with pytest.raises(BadDeclaration, match=r'"grade" stands twice; join its rows$'):
        points_table(raw, "t.json")
    with pytest.raises(BadDeclaration, match=r"^t.json: table: Input should be"):
        points_table([], "t.json")


def test_tables_and_their_parts_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        HAND.base = 0
    with pytest.raises(ValueError, match="frozen"):
        SPECIAL.missing = 0
