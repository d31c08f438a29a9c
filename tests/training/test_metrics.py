"""Figures equal those of scikit-learn and of hand; intervals cover; stability notices."""

import numpy as np
import pytest
from sklearn import metrics as sk
from xhcredit_training.additive_model import Additive
from xhcredit_training.bootstrap import bootstrap_counts, difference, with_intervals
from xhcredit_training.evaluate import compare, evaluate
from xhcredit_training.metrics import (
    METRICS,
    auc,
    brier,
    calibration_slope,
    capture,
    chance,
    days_earlier,
    ks,
    log_loss,
    platt,
    precision,
)
from xhcredit_training.models import fit
from xhcredit_training.psi import by_month, psi, stability_index

from tests.training.samples import known

RNG = np.random.default_rng(5)
RISK = np.round(RNG.normal(-2, 1.5, 3000), 1)  # with ties
BAD = (RNG.random(3000) < chance(RISK)).astype(int)
WEIGHT = RNG.integers(1, 6, 3000).astype(float)
EVEN = np.ones(3000)
REPEATED = np.repeat(np.arange(3000), WEIGHT.astype(int))


def test_auc_equals_scikit_learn_with_ties_and_weights():
    assert auc(RISK, BAD, WEIGHT) == pytest.approx(
        sk.roc_auc_score(BAD, RISK, sample_weight=WEIGHT), abs=1e-12
    )


def test_ks_equals_the_largest_gap_of_the_roc_curve():
    fpr, tpr, _ = sk.roc_curve(BAD, RISK, sample_weight=WEIGHT, drop_intermediate=False)

    assert ks(RISK, BAD, WEIGHT) == pytest.approx((tpr - fpr).max(), abs=1e-12)


def test_brier_and_log_loss_equal_scikit_learn():
    p = chance(RISK)

    assert brier(RISK, BAD, WEIGHT) == pytest.approx(
        sk.brier_score_loss(BAD, p, sample_weight=WEIGHT)
    )
    assert log_loss(RISK, BAD, WEIGHT) == pytest.approx(sk.log_loss(BAD, p, sample_weight=WEIGHT))


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_weight_counts_as_so_many_rows(name):
    unit_weights = np.ones(REPEATED.size)

    expected = METRICS[name](RISK[REPEATED], BAD[REPEATED], unit_weights)

    assert METRICS[name](RISK, BAD, WEIGHT) == pytest.approx(expected, abs=5e-3)


def test_true_log_odds_have_a_calibration_slope_of_one():
    assert calibration_slope(RISK, BAD, EVEN) == pytest.approx(1, abs=0.1)
    assert calibration_slope(RISK * 20, BAD, EVEN) == pytest.approx(0.05, abs=0.01)


def test_platts_line_recovers_slope_and_shift():
    slope, shift = platt((RISK + 3) / 40, BAD, EVEN)

    assert slope == pytest.approx(40, rel=0.1)
    assert shift == pytest.approx(-3, abs=0.3)


def test_capture_and_precision_agree_and_ties_at_the_edge_count_by_share():
    risk, bad = np.array([2.0, 1.0, 1.0, 0.0]), np.array([1, 1, 0, 0])

    assert capture(0.5)(risk, bad, np.ones(4)) == pytest.approx(0.75)
    assert precision(0.5)(risk, bad, np.ones(4)) == pytest.approx(0.75)


def test_days_earlier_of_a_perfect_order_and_of_no_order():
    day = np.array([0, 10, 20, 30])

    assert days_earlier(np.array([0.0, 0, 0, 1]), np.array([0, 0, 0, 1]), day) == 30
    assert days_earlier(np.zeros(4), np.array([0, 0, 0, 1]), day) == 0


@pytest.mark.parametrize("bad", [np.zeros(3000, int), np.ones(3000, int)])
def test_what_cannot_be_told_is_not_told(bad):
    metrics = {name: m(RISK, bad, EVEN) for name, m in METRICS.items()}

    assert np.isnan(metrics["auc"])
    assert np.isnan(metrics["ks"])
    assert np.isnan(metrics["calibration_slope"])


def test_draws_keep_the_rows_of_an_enterprise_together():
    times = bootstrap_counts(np.array([7, 7, 3, 3, 3]), 50)

    assert (times[:, 0] == times[:, 1]).all()
    assert (times[:, 2] == times[:, 3]).all()


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Of 60 samples about 57 intervals should hold the true AUC."""
    rng = np.random.default_rng(8)
    wide = rng.normal(size=400_000)
    truth = auc(wide, (rng.random(400_000) < chance(wide - 1)).astype(int), np.ones(400_000))
    intervals_right = 0
    for _ in range(60):
        risk = rng.normal(size=400)
        bad = (rng.random(400) < chance(risk - 1)).astype(int)
        interval = with_intervals({"auc": auc}, risk, bad, np.ones(400), np.arange(400), 100)["auc"]
        intervals_right += interval.low <= truth <= interval.high
    assert intervals_right >= 52


def test_the_difference_of_a_model_and_itself_is_nothing():
    difference_found = difference(auc, RISK, RISK, BAD, EVEN, np.arange(3000), 50)

    assert (difference_found.value, difference_found.low, difference_found.high) == (0, 0, 0)


def test_a_better_order_is_told_with_its_whole_interval():
    worse = RISK + np.random.default_rng(1).normal(0, 3, 3000)

    assert difference(auc, RISK, worse, BAD, EVEN, np.arange(3000), 100).low > 0


def test_psi_is_nothing_for_the_same_and_large_for_the_shifted():
    base = RNG.normal(size=5000)

    assert psi(base, base, np.ones(5000), np.ones(5000)) < 1e-6
    assert psi(base, base + 1, np.ones(5000), np.ones(5000)) > 0.25
    gone = np.where(RNG.random(5000) < 0.5, np.nan, base)
    assert psi(base, gone, np.ones(5000), np.ones(5000)) > 0.25
    assert stability_index(np.array([90.0, 10]), np.array([10.0, 90])) == pytest.approx(
        3.5, abs=0.1
    )


@pytest.fixture(scope="module")
def judged():
    sample, later = known(), known(seed=2)
    fitted = fit("woe", sample, None)
    return sample, later, fitted, evaluate(fitted.model, sample, later, 30)


def test_a_report_tells_figures_by_group_and_month(judged):
    _, later, _, report = judged

    assert {g.value for g in report.groups if g.grouping == "size"} == {0, 1, 2}
    assert sum(g.rows for g in report.groups) == len(later)
    assert sum(m.rows for m in report.months) == len(later)
    assert report.metrics["auc"].low < report.metrics["auc"].value < report.metrics["auc"].high
    assert "NaN" not in str(report.as_data())


def test_months_notice_an_indicator_that_moved(judged):
    sample, later, fitted, _ = judged
    x = later.x.copy()
    x[0] += 2
    moved = later.__class__(later.columns, x, later.bad, later.weight, later.day, later.ent)

    base_risk = fitted.model.risk(sample.x, sample.ids)
    months = by_month(sample, base_risk, moved, fitted.model.risk(x, later.ids))

    assert all(next(iter(m.csi)) == "up" for m in months if m.rows > 50)
    assert np.median([m.psi for m in months]) > 0.25


def test_weights_are_told_beside_plain_figures():
    sample = known(1500)
    heavy = sample.rows(np.arange(1500))
    weighted = heavy.__class__(
        heavy.columns, heavy.x, heavy.bad, 1.0 + heavy.bad, heavy.day, heavy.ent
    )
    model = fit("woe", sample, None).model

    report = evaluate(model, sample, weighted, 20)

    assert report.unweighted["auc"].value == pytest.approx(report.metrics["auc"].value, abs=1e-9)
    assert report.unweighted["precision_10"].value < report.metrics["precision_10"].value


def test_a_model_of_nothing_differs_from_one_that_knows(judged):
    _, later, fitted, _ = judged

    comparison = compare(fitted.model, Additive(-2.0, ()), later, 30)

    assert comparison["auc"].low > 0
    assert comparison["brier"].high < 0
