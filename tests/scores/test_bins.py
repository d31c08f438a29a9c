"""Bins by number: each value lies between the edges of its bin, and has the points of its row."""

import numpy as np
import pytest

from xhcredit.scores.bins import bin_numbers, edges_of_bins
from xhcredit.scores.points import Indicator, Special

PLAIN = Indicator(feature="f", cuts=(1.0, 5.0), points=(0, 10, 20), missing=-5)
SPECIAL = Indicator(
    feature="f", cuts=(1.0, 5.0), points=(0, 10, 20), missing=-5,
    special=(Special(value=-9.0, points=30), Special(value=3.0, points=40)),
    seen_range=(0.0, 8.0), unseen=-1,
)  # fmt: skip
VALUES = np.array([-9.0, -0.5, 0.0, 0.9, 1.0, 3.0, 4.9, 5.0, 8.0, 8.1, np.nan])


@pytest.mark.parametrize("indicator", [PLAIN, SPECIAL])
def test_values_of_one_bin_have_the_same_points(indicator):
    numbers = bin_numbers(indicator, VALUES)
    points_by_number = {}
    for number, value in zip(numbers, VALUES, strict=True):
        points_by_number.setdefault(str(number), set()).add(indicator.points_of(value))

    assert all(len(points) == 1 for points in points_by_number.values())
    assert np.isnan(numbers).tolist() == np.isnan(VALUES).tolist()


@pytest.mark.parametrize(
    ("indicator", "value", "expected"),
    [
        (PLAIN, -9.0, (np.nan, 1.0, np.nan)),
        (PLAIN, 1.0, (1.0, 5.0, np.nan)),
        (PLAIN, 4.9, (1.0, 5.0, np.nan)),
        (PLAIN, 5.0, (5.0, np.nan, np.nan)),
        (PLAIN, np.nan, (np.nan, np.nan, np.nan)),
        (SPECIAL, -9.0, (np.nan, np.nan, -9.0)),
        (SPECIAL, 3.0, (np.nan, np.nan, 3.0)),
        (SPECIAL, -0.5, (np.nan, 0.0, np.nan)),
        (SPECIAL, 0.0, (np.nan, 1.0, np.nan)),
        (SPECIAL, 8.0, (5.0, np.nan, np.nan)),
        (SPECIAL, 8.1, (8.0, np.nan, np.nan)),
    ],
)
def test_a_bin_lies_between_its_cuts_and_a_special_value_is_told(indicator, value, expected):
    numbers = bin_numbers(indicator, np.array([value]))
    edges = edges_of_bins(indicator, numbers)

    assert [float(edge[0]) for edge in edges] == pytest.approx(expected, nan_ok=True)
