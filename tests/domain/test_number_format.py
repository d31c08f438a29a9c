"""Numbers leave with the digits that people write: the same in Python and in SQL."""

import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from xhcredit.domain.number_format import (
    MONEY,
    OTHER,
    POINTS,
    digits_of,
    rounded,
    written,
    written_sql,
)

finite = st.floats(-1e12, 1e12, allow_nan=False)


@given(finite, st.sampled_from([POINTS, OTHER]))
def test_a_rounded_number_is_near_and_stays_as_it_is(value, digits):
    once = written(value, digits)

    assert written(once, digits) == once
    assert abs(once - value) <= 0.5000001 * 10**-digits + abs(value) * 1e-15
    assert written(-value, digits) == -once


@given(st.integers(-(10**7), 10**7), st.integers(-(10**7), 10**7))
def test_sums_of_points_have_no_dust(a, b):
    exact = (a + b) / 100

    assert written(a / 100 + b / 100, POINTS) == exact
    assert len(repr(abs(exact)).partition(".")[2]) <= POINTS


def test_sql_and_python_round_alike_to_the_last_bit():
    rng = np.random.default_rng(4)
    values = np.concatenate(
        [
            rng.normal(600, 80, 20_000),
            rng.integers(0, 10**6, 20_000) / 1000 + 0.0005,
            rng.integers(0, 10**5, 20_000) / 1000,
            10.0 ** rng.uniform(-12, 3, 20_000),
            -(10.0 ** rng.uniform(-12, 9, 20_000)),
            [0.0, 0.005, 0.015, 0.125, 1e-9, 0.01, 0.00999],
        ]
    )
    with duckdb.connect() as con:
        con.register("numbers", pa.table({"n": values}))
        for digits in (POINTS, OTHER):
            columns = con.sql(f"SELECT {written_sql('n', digits)} FROM numbers").fetchnumpy()
            expected = [written(float(v), digits) for v in values]
            np.testing.assert_array_equal(next(iter(columns.values())), expected)


def test_names_say_how_many_digits():
    names = {
        "composite": POINTS, "costs_composite": POINTS, "general": POINTS, "x_food": POINTS,
        "points_lost": POINTS, "composite_after": POINTS, "moved": POINTS,
        "amount_yuan": MONEY, "prepaid_balance_yuan": MONEY, "weight": OTHER, "value": OTHER,
    }  # fmt: skip

    assert {name: digits_of(name) for name in names} == names


def test_answers_are_rounded_throughout_and_nothing_else_is_touched():
    answer = {
        "composite": 523.9000000000002,
        "x": {"x_food": 618.7000000000001},
        "code": "9131",
        "scores": [{"weight": 1 / 3, "points": 300.9999999999999}],
        "count": 3,
        "yes": True,
        "p": 1.23456e-9,
        "none": None,
        "amount_yuan": 12345.678,
    }

    assert rounded(answer) == {
        "composite": 523.9,
        "x": {"x_food": 618.7},
        "code": "9131",
        "scores": [{"weight": 0.3333, "points": 301.0}],
        "count": 3,
        "yes": True,
        "p": 1.23e-9,
        "none": None,
        "amount_yuan": 12345.68,
    }
    assert rounded(answer)["yes"] is True
