"""Each gate closes on what it is for, says why, and lets a good candidate through."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from xhcredit_training.metrics import METRICS
from xhcredit_training.models import fit
from xhcredit_training.promotion_gates import (
    Evaluation,
    false_alarms,
    judge,
    refuse_closed,
    riskiest,
)

from tests.training.declared import GATES, declared
from xhcredit.errors import BadSample, GateClosed, RuleNotInForce
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release

RULES = Rulebook.load()
DAY = date(2026, 6, 30)
SAMPLE = declared(3000)
EARLY, LATE = (SAMPLE.rows(m) for m in (SAMPLE.day < 18300, SAMPLE.day >= 18300))


def evaluated(risk, release=None, alarms=(), **rows):
    """An evaluation of a risk on the later rows."""
    evaluated_rows = {
        "risk": risk,
        "bad": LATE.bad,
        "weight": LATE.weight,
        "day": LATE.day,
        "ent": LATE.ent,
        "group_size": LATE.groups["size"],
        **rows,
    }
    metrics = {
        n: m(risk, evaluated_rows["bad"], evaluated_rows["weight"]) for n, m in METRICS.items()
    }
    release = release or load_release()
    return Evaluation(release, evaluated_rows, metrics | {"psi_worst_month": 0.05}, alarms)


@pytest.fixture(scope="module")
def good():
    """A model that was fitted earlier and set right later: what a candidate should be."""
    half = LATE.day < np.median(LATE.day)
    model = fit("woe", EARLY, LATE.rows(half)).model
    return model.risk(LATE.x, LATE.ids)


def closed(candidate, champion):
    return [v.gate for v in judge(candidate, champion, RULES, DAY) if not v.open]


def test_a_good_candidate_passes_every_gate_with_a_reason_in_both_languages(good):
    verdicts = judge(evaluated(good), evaluated(good), RULES, DAY)
    assert [v.gate for v in verdicts] == GATES
    assert all(v.open and v.zh and v.en for v in verdicts)
    refuse_closed(verdicts)


def test_a_worse_ordering_is_refused(good):
    noise = good + np.random.default_rng(0).normal(0, 2, good.size)
    verdicts = judge(evaluated(noise), evaluated(good), RULES, DAY)
    with pytest.raises(GateClosed, match="better_or_equal: AUC less the champion's is -0"):
        refuse_closed(verdicts)


def test_probabilities_that_are_too_sure_or_too_high_are_refused(good):
    middle = float(good.mean())
    assert "calibrated" in closed(evaluated(middle + 2 * (good - middle)), evaluated(good))
    assert "calibrated" in closed(evaluated(good + 1), evaluated(good))


def test_a_score_that_moves_from_month_to_month_is_refused(good):
    evaluation = evaluated(good)
    moving = replace(evaluation, metrics={**evaluation.metrics, "psi_worst_month": 0.4})
    assert closed(moving, evaluation) == ["stable"]
    unknown = replace(evaluation, metrics={"calibration_slope": 1.0})
    assert closed(unknown, evaluation) == ["stable"]


def test_a_group_that_is_ordered_worse_is_refused(good):
    """Only one group is shuffled; the whole hardly moves."""
    risk, is_small = good.copy(), LATE.groups["size"] == 1
    risk[is_small] = np.random.default_rng(0).permutation(risk[is_small])
    verdicts = judge(evaluated(risk), evaluated(good), RULES, DAY)
    fair = next(v for v in verdicts if v.gate == "fair")
    assert not fair.open
    assert "size=1" in fair.en
    assert "size=0" not in fair.en


def test_a_group_that_is_flagged_more_without_cause_is_refused(good):
    risk, is_middle = good.copy(), LATE.groups["size"] == 2
    risk[is_middle] += 1.5
    fair = next(v for v in judge(evaluated(risk), evaluated(good), RULES, DAY) if v.gate == "fair")
    assert not fair.open
    assert "size=2" in fair.en


def test_a_forbidden_indicator_and_points_against_the_direction_are_refused(good):
    release = load_release()
    table = release.general
    first = table.indicators[0]
    turned = first.model_copy(update={"points": tuple(reversed(first.points))})
    against = replace(
        release,
        tables={
            **release.tables,
            "general": table.model_copy(update={"indicators": (turned, *table.indicators[1:])}),
        },
    )
    assert closed(evaluated(good, against), evaluated(good)) == ["monotone"]

    unknown = first.model_copy(update={"feature": "owner_is_foreign"})
    strange = replace(
        release,
        tables={
            **release.tables,
            "general": table.model_copy(update={"indicators": (unknown, *table.indicators[1:])}),
        },
    )
    assert closed(evaluated(good, strange), evaluated(good)) == ["lawful", "reasons"]


def test_a_leak_closes_the_gate_and_drift_alone_does_not(good):
    leak = {"code": "too_good", "about": "x"}
    assert closed(evaluated(good, alarms=[leak]), evaluated(good)) == ["no_leak"]
    assert closed(evaluated(good, alarms=[{"code": "drift", "about": "x"}]), evaluated(good)) == []


def test_what_cannot_be_compared_is_refused(good):
    other = evaluated(good, ent=LATE.ent + 1)
    with pytest.raises(BadSample, match="different rows"):
        judge(evaluated(good), other, RULES, DAY)
    evaluation = evaluated(good, bad=np.zeros(good.size))
    with pytest.raises(BadSample, match="one outcome only"):
        judge(evaluation, evaluation, RULES, DAY)
    with pytest.raises(RuleNotInForce, match="was not in force on 2010-01-01"):
        judge(evaluated(good), evaluated(good), RULES, date(2010, 1, 1))


def test_the_riskiest_share_is_by_weight_and_false_alarms_are_of_the_good():
    rows = {"risk": np.array([3.0, 2.0, 1.0, 0.0]), "weight": np.array([1.0, 1.0, 1.0, 7.0])}
    assert riskiest(rows, 0.2).tolist() == [1, 1, 0, 0]
    flags = np.array([1.0, 1.0, 0.0, 0.0])
    assert false_alarms(flags, np.array([1, 0, 0, 0]), rows["weight"]) == pytest.approx(1 / 9)
