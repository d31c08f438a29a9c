"""Estimates from draws: golden values, unbiased variances, and intervals that cover the truth."""

import csv
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT
from tests.draws.oracles import ht_variance, syg_variance
from xhcredit.draws.comparison import DrawResults, compare_designs
from xhcredit.draws.estimate import estimate, interval
from xhcredit.draws.joint_probabilities import rounded_sizes, stratified_joint
from xhcredit.draws.variance import deville_variance, ht_total, stratified_variance
from xhcredit.draws.weighted import WeightedVisits, calibration_ratio, weighted_auc
from xhcredit.errors import NothingKnown

TRUTH = ROOT / "data" / "sample" / "truth" / "risk.parquet"
RATIOS = {"A": Fraction(1, 25), "B": Fraction(1, 10), "C": Fraction(1, 4), "D": Fraction(1, 2)}


@pytest.fixture(scope="module")
def district():
    """Strata, risks and outcomes of the sample district's written truth, four quarters of it."""
    truth = pd.read_parquet(TRUTH)
    last = truth["quarter"].isin(["2025Q3", "2025Q4", "2026Q1", "2026Q2"])
    last_quarter = truth[last & truth["observed_class"].notna()]
    rng = np.random.default_rng(20261122)
    tier = np.searchsorted(list(RATIOS), last_quarter["observed_class"].to_numpy(str))
    failed = rng.random(len(last_quarter)) < last_quarter["p_violation"].to_numpy()
    return tier, last_quarter["risk"].to_numpy(float), failed


def draws(tier, count, seed=1):
    """Stratified draws by the protocol's rounding, as many as asked, vectorised by stratum."""
    rng = np.random.default_rng(seed)
    sizes = np.bincount(tier)
    outcomes = rounded_sizes([r * int(n) for r, n in zip(RATIOS.values(), sizes, strict=True)])
    cuts = np.cumsum([float(p) for p, _ in outcomes])
    for _ in range(count):
        wanted = outcomes[min(np.searchsorted(cuts, rng.random()), len(outcomes) - 1)][1]
        drawn = np.zeros(tier.size, bool)
        for h, n in enumerate(wanted):
            drawn[rng.choice(np.flatnonzero(tier == h), n, replace=False)] = True
        yield drawn


def golden_sample(folder):
    with (folder / "golden_maxentropy_sample_belgian_n100.csv").open() as file:
        rows = list(csv.DictReader(file))
    odds = np.array([float(r["pik"]) for r in rows])
    joint = np.loadtxt(folder / "golden_maxentropy_sample_pi2.csv", delimiter=",", skiprows=1)
    return np.array([float(r["TaxableIncome"]) for r in rows]), odds, joint


def test_golden_totals_and_variances(real_data):
    values, odds, joint = golden_sample(real_data / "sampling")

    assert ht_total(values, odds) == pytest.approx(122042890862.592, rel=1e-12)
    assert ht_variance(values, odds, joint) == pytest.approx(2909126362538448384, rel=1e-9)
    assert syg_variance(values, odds, joint) == pytest.approx(2014366355020945920, rel=1e-9)
    assert deville_variance(values, odds) == pytest.approx(2035377824645477888, rel=1e-9)


def test_the_stratified_variance_is_that_of_the_joint_probabilities():
    sizes, ratios = (6, 5, 4), (Fraction(2, 5), Fraction(1, 2), Fraction(1))
    rng = np.random.default_rng(3)
    stratum = np.repeat(np.arange(3), [2, 3, 4])
    values = rng.random(9)
    joint = np.array(stratified_joint(sizes, ratios), float)[np.ix_(stratum, stratum)]
    odds = np.array([float(ratios[h]) for h in stratum])
    np.fill_diagonal(joint, odds)

    variance = stratified_variance(
        sizes, ratios, np.bincount(stratum, values), np.bincount(stratum, values**2)
    )

    assert variance == pytest.approx(ht_variance(values, odds, joint), rel=1e-12)


def test_the_stratified_variance_is_unbiased_over_draws(district):
    tier, _, failed = district
    sizes = [int(n) for n in np.bincount(tier)]
    ratio = np.array([float(r) for r in RATIOS.values()])
    hits = np.array([np.bincount(tier[d], failed[d], 4) for d in draws(tier, 1500)])

    totals = hits @ (1 / ratio)
    variances = [stratified_variance(sizes, list(RATIOS.values()), h, h) for h in hits[:150]]

    assert totals.mean() == pytest.approx(failed.sum(), abs=4 * totals.std() / 1500**0.5)
    assert np.mean(variances) == pytest.approx(totals.var(), rel=0.12)


@pytest.mark.slow
@pytest.mark.parametrize("group", ["all", "B", "C", "D"])
def test_intervals_cover_the_written_truth_in_93_to_97_of_100_draws(district, group):
    tier, _, failed = district
    who = np.ones(tier.size, bool) if group == "all" else tier == list(RATIOS).index(group)
    truth = failed[who].mean()

    covered = 0
    for drawn in draws(tier, 1000, seed=11):
        group_estimate = DrawResults(tier, drawn, failed).estimate_in(who)
        covered += group_estimate.low <= truth <= group_estimate.high

    assert 930 <= covered <= (970 if group == "all" else 980)  # a tier finds about nine


def test_nothing_seen_and_everything_seen():
    none = estimate(np.array([10, 5]), np.array([0, 0]), np.array([0, 0]))
    full = estimate(np.array([10, 5]), np.array([10, 5]), np.array([1, 2]))
    clean = estimate(np.array([1000]), np.array([60]), np.array([0]))
    all_failed = estimate(np.array([1000]), np.array([60]), np.array([60]))

    assert (none.rate, none.low, none.total) == (None, None, None)
    assert (full.low, full.rate, full.high) == (0.2, pytest.approx(0.2), 0.2)
    assert clean.low == clean.rate == 0
    assert 0.03 < clean.high < 0.07
    assert (all_failed.high, all_failed.rate) == (1, 1)
    assert all_failed.low == pytest.approx(1 - clean.high)
    with pytest.raises(NothingKnown, match="no enterprise"):
        estimate(np.array([0]), np.array([0]), np.array([0]))


def test_a_rate_of_exactly_one_half_has_the_interval_of_the_violations_and_above_that_of_the_rest():
    half = estimate(np.array([1000]), np.array([4]), np.array([2]))
    above = estimate(np.array([1000]), np.array([4]), np.array([3]))
    weight, visits, unvisited = np.array([0.25]), np.array([4.0]), np.array([0.996])

    assert (half.low, half.high) == interval(weight, np.array([2.0]), visits, unvisited)
    low, high = interval(weight, np.array([1.0]), visits, unvisited)
    assert (above.low, above.high) == (1 - high, 1 - low)


def test_a_cell_without_a_visit_borrows_from_the_next():
    cell_estimate = estimate(np.array([100, 50, 30]), np.array([10, 0, 10]), np.array([0, 0, 5]))

    assert cell_estimate.rate == pytest.approx(80 * 0.5 / 180)


def test_comparison_estimates_what_other_ways_would_have_found(district):
    tier, risk, failed = district
    top = np.zeros(tier.size, bool)

    rows = [compare_designs(DrawResults(tier, d, failed), risk) for d in draws(tier, 300, seed=5)]
    visits = rows[0].visits
    top[np.argsort(-risk, kind="stable")[:visits]] = True
    highest = np.array([r.highest_first[0] / r.visits for r in rows])
    uniform = np.array([r.uniform[0] / r.visits for r in rows])

    assert uniform.mean() == pytest.approx(failed.mean(), rel=0.05)
    assert highest.mean() == pytest.approx(failed[top].mean(), rel=0.05)
    assert np.mean([r.gain for r in rows]) > 0
    assert np.mean([r.price for r in rows]) > 0
    truth = failed[top].mean() * visits
    inside = [r.highest_first[1] <= truth <= r.highest_first[2] for r in rows]
    assert np.mean(inside) > 0.92


def auc_of(risk, failed):
    """AUC by comparing every pair."""
    difference = risk[failed][:, None] - risk[~failed][None, :]
    return ((difference > 0) + (difference == 0) / 2).mean()


def test_weighted_auc_is_that_of_the_frame_and_the_plain_one_is_not(district):
    tier, risk, failed = district
    ratio = np.array([float(r) for r in RATIOS.values()])
    truth = auc_of(risk, failed)
    figures, plain = [], []
    for d in draws(tier, 400, seed=9):
        figures.append(weighted_auc(visits_of(d, tier, risk, failed, ratio)))
        plain.append(auc_of(risk[d], failed[d]))

    assert abs(np.mean([f.value for f in figures]) - truth) <= 0.01
    assert abs(np.mean(plain) - truth) > 0.01
    assert 0.91 <= np.mean([f.low <= truth <= f.high for f in figures]) <= 0.985


def visits_of(drawn, tier, risk, failed, ratio):
    return WeightedVisits(
        risk[drawn], failed[drawn], ratio[tier][drawn], tier[drawn], np.bincount(tier)
    )


def test_weighted_auc_of_a_census_is_the_plain_one_without_error(district):
    tier, risk, failed = district
    everybody = np.ones(tier.size, bool)

    auc = weighted_auc(visits_of(everybody, tier, risk, failed, np.ones(4)))

    assert auc.value == pytest.approx(auc_of(risk, failed), rel=1e-12)
    assert auc.error == 0
    with pytest.raises(NothingKnown, match="ended alike"):
        weighted_auc(visits_of(everybody, tier, risk, failed & False, np.ones(4)))


def test_calibration_ratio_covers_one_when_promises_are_true(district):
    tier, _, _ = district
    rng = np.random.default_rng(2)
    ratio = np.array([float(r) for r in RATIOS.values()])
    promised = rng.uniform(0.02, 0.3, tier.size)
    covered = []
    for d in draws(tier, 300, seed=4):
        failed = rng.random(tier.size) < promised
        ratio_estimate = calibration_ratio(visits_of(d, tier, promised, failed, ratio), promised[d])
        covered.append(ratio_estimate.low <= 1 <= ratio_estimate.high)

    assert 0.91 <= np.mean(covered) <= 0.98
    with pytest.raises(NothingKnown, match="above 0"):
        calibration_ratio(visits_of(d, tier, promised, failed, ratio), promised[d] * 0)
