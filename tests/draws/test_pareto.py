"""Pareto sampling: true probabilities by enumeration, by simulation, and after calibration."""

import csv
import hashlib
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.draws.oracles import pareto_joint
from xhcredit.draws.calibration import Cell, calibrate, inclusion
from xhcredit.draws.joint_probabilities import stratified_joint
from xhcredit.draws.pareto import (
    decimals,
    drawn_number,
    in_units,
    proportional_odds,
    ranks,
    select_positions,
)
from xhcredit.draws.tickets import unit, units
from xhcredit.errors import BadPlan

TIERS = np.array([1.0, 2.0, 5.0, 12.0])


def cell_of(size, drawn, weights=TIERS):
    """Odds and counts of a cell whose tiers are equally large."""
    counts = np.full(weights.size, size // weights.size)
    return weights / (counts @ weights) * drawn, counts


def simulated(working, size, draws):
    """Share of draws with each enterprise, and with each pair."""
    unit = np.random.default_rng(7).random((draws, working.size))
    drawn_places = np.argpartition(ranks(unit, working), size - 1, axis=1)[:, :size]
    drawn = np.zeros((draws, working.size))
    np.put_along_axis(drawn, drawn_places, 1.0, axis=1)
    return drawn.mean(axis=0), drawn.T @ drawn / draws


def ordered(working, smallest):
    """Chance of an order of Pareto ranks, by integrating plainly over a fine grid."""
    grid = (np.arange(200_000) + 0.5) / 200_000
    s = np.log(grid / (1 - grid))
    below = [1 / (1 + np.exp(-(s + np.log(w / (1 - w))))) for w in working[list(smallest)]]
    inner = np.ones_like(s)
    for f in below:
        steps = np.diff(f, prepend=0.0)
        middle = (inner + np.concatenate([[inner[0]], inner[:-1]])) / 2
        inner = np.cumsum(middle * steps)
    return inner[-1]


@pytest.mark.slow
def test_inclusion_agrees_with_the_sum_over_all_orders():
    working = np.array([0.15, 0.35, 0.6, 0.9])
    drawn = np.zeros(4)
    for order in permutations(range(4)):
        drawn[list(order[:2])] += ordered(working, order)

    assert inclusion(Cell(working, np.ones(4, int), 2)) == pytest.approx(drawn, rel=2e-4)


@pytest.mark.parametrize(("size", "drawn"), [(20, 4), (100, 10), (1000, 50)])
def test_calibrated_probabilities_are_exact_to_1e_9_as_written(size, drawn):
    odds, counts = cell_of(size, drawn)

    working = np.round(calibrate(odds, counts, drawn), 12)

    assert inclusion(Cell(working, counts, drawn)) == pytest.approx(odds, rel=1e-9)


@pytest.mark.slow
@given(
    weights=st.lists(st.floats(0.01, 1.0), min_size=2, max_size=5),
    counts=st.lists(st.integers(1, 30), min_size=5, max_size=5),
    share=st.floats(0.02, 0.9),
)
def test_calibration_is_exact_in_random_cells(weights, counts, share):
    many = np.array(counts[: len(weights)])
    repeated = np.repeat(weights, many)
    size = max(1, int(share * repeated.size))
    odds = proportional_odds(repeated, size)
    free, certain = odds < 1, np.count_nonzero(odds == 1)
    inner, group_sizes = np.unique(odds[free], return_counts=True)
    if size == certain or free.sum() <= size - certain or inner.max() > 0.999:
        return

    working = np.round(calibrate(inner, group_sizes, size - certain), 12)

    assert inclusion(Cell(working, group_sizes, size - certain)) == pytest.approx(inner, rel=1e-9)


def test_small_odds_keep_their_digits():
    odds, counts = cell_of(40_000, 4, np.array([1.0, 300.0]))

    working = np.round(calibrate(odds, counts, 4), 12)

    assert odds.min() < 1e-6
    assert inclusion(Cell(working, counts, 4)) == pytest.approx(odds, rel=1e-9)


@pytest.mark.slow
def test_simulation_draws_everybody_and_every_pair_as_often_as_said():
    odds, counts = cell_of(20, 4)
    working = calibrate(odds, counts, 4)

    once, both = simulated(np.repeat(working, counts), 4, 200_000)

    expected = np.repeat(odds, counts)
    assert np.abs(once - expected).max() < 4.5 * (0.25 / 200_000) ** 0.5
    joint = np.repeat(np.repeat(pareto_joint(Cell(working, counts, 4)), counts, 0), counts, 1)
    off = ~np.eye(20, dtype=bool)
    spread = np.sqrt(joint * (1 - joint) / 200_000)
    assert np.abs((both - joint)[off] / spread[off]).max() < 4.5


@pytest.mark.parametrize(("size", "drawn"), [(20, 4), (100, 10), (1000, 50), (8, 1)])
def test_joint_probabilities_add_up(size, drawn):
    """Whoever is drawn is drawn together with n - 1 others."""
    odds, counts = cell_of(size, drawn)
    working = calibrate(odds, counts, drawn)

    joint = pareto_joint(Cell(working, counts, drawn))

    assert joint @ counts - joint.diagonal() == pytest.approx((drawn - 1) * odds, rel=1e-9)


def test_stratified_pairs_add_up_over_the_randomised_rounding():
    sizes, ratios = (7, 5, 9, 3), (Fraction(1, 10), Fraction(1, 3), Fraction(3, 7), Fraction(1))
    joint = stratified_joint(sizes, ratios)

    total = sum(joint[g][h] * sizes[g] * (sizes[h] - (g == h)) for g in range(4) for h in range(4))
    target = sum((r * n for r, n in zip(ratios, sizes, strict=True)), Fraction(0))
    low, part = divmod(target, 1)

    assert total == (1 - part) * low * (low - 1) + part * (low + 1) * low
    assert joint[3][3] == 1


@pytest.mark.parametrize(
    ("name", "column", "size"),
    [
        ("golden_inclusionprobabilities_belgian_Tot04_n200.csv", "Tot04", 200),
        ("golden_inclusionprobabilities_belgian_TaxableIncome_n50.csv", "x", 50),
        ("golden_inclusionprobabilities_swiss_HApoly_n400.csv", "x", 400),
    ],
)
def test_golden_probabilities_proportional_to_size(real_data, name, column, size):
    with (real_data / "sampling" / name).open() as file:
        rows = list(csv.DictReader(file))

    expected = [float(r["pik"]) for r in rows]

    assert proportional_odds(np.array([float(r[column]) for r in rows]), size) == pytest.approx(
        expected, rel=1e-12
    )


@given(st.lists(st.floats(0.001, 50), min_size=3, max_size=40), st.integers(1, 3))
def test_written_odds_add_up_exactly(weights, size):
    codes = [f"{n:018}" for n in range(len(weights))]
    odds = proportional_odds(np.array(weights), size)

    written = decimals(in_units(odds, codes))

    assert drawn_number(written) == size
    assert np.array([float(w) for w in written]) == pytest.approx(odds, abs=2e-12)


def test_the_list_does_not_depend_on_the_order_of_rows():
    codes = np.array([f"{n:018}" for n in range(300)])
    unit = np.array(
        [(int(hashlib.sha256(c.encode()).hexdigest()[:13], 16) + 0.5) / 16**13 for c in codes]
    )
    odds = np.array(decimals(in_units(proportional_odds(np.arange(1.0, 301), 40), list(codes))))
    mixed = np.random.default_rng(1).permutation(300)

    plain = codes[select_positions(list(codes), unit, list(odds))]
    other = codes[mixed][select_positions(list(codes[mixed]), unit[mixed], list(odds[mixed]))]

    assert plain.size == 40
    assert list(plain) == list(other)


def test_certain_ones_are_drawn_and_ties_go_by_code():
    codes, odds = ["B", "A", "C"], ["0.500000000000", "0.500000000000", "1.000000000000"]

    assert [codes[i] for i in select_positions(codes, np.array([0.5, 0.5, 0.99]), odds)] == [
        "C",
        "A",
    ]


@pytest.mark.parametrize(
    ("odds", "message"),
    [
        (["0.500000000000", "0.400000000000"], "add up to 0.9"),
        (["1.100000000000"], "above 0, at most 1"),
        (["0.5", "0.5"], "with 12 digits"),
        (["nan"], "above 0"),
    ],
)
def test_odds_that_are_none_are_refused(odds, message):
    with pytest.raises(BadPlan, match=message):
        drawn_number(odds)


@pytest.mark.parametrize("weights", [[1.0, -1.0], [1.0, float("nan")], [0.0, 1.0]])
def test_weights_from_which_nothing_can_be_drawn_are_refused(weights):
    with pytest.raises(BadPlan, match="weight"):
        proportional_odds(np.array(weights), 2)


def test_a_cell_that_is_taken_whole_is_refused():
    with pytest.raises(BadPlan, match="cannot be calibrated"):
        Cell(np.array([0.5]), np.array([2]), 2)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_units_in_bulk_are_those_of_whole_tickets(starts):
    tickets = [f"{start:016x}" + 48 * "a" for start in starts]

    assert units(np.array(starts, np.uint64)).tolist() == [float(unit(t)) for t in tickets]
