"""Each gate on both sides of its bound, over a few rows whose figures are worked out by hand."""

import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from xhcredit_training import promotion_gates
from xhcredit_training.metrics import auc
from xhcredit_training.promotion_gates import Evaluation, groups, judge, riskiest, worse_off

from tests.training.declared import GATES
from xhcredit.errors import BadSample, GateClosed
from xhcredit.features.registry import features
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.training import Gates
from xhcredit.scores.release import load_release

RULES = Rulebook.load()
DAY = date(2026, 6, 30)
LIMITS = RULES.value("promotion.gates", Gates, as_of=DAY)
RELEASE = load_release()


def limits(**changes):
    return LIMITS.model_copy(update=changes)


def evaluation(risk, bad, weight=None, release=RELEASE, metrics=None, alarms=(), **groups_):
    """An evaluation of rows of one enterprise each; ``size`` becomes ``group_size``."""
    size = len(risk)
    rows = {
        "risk": np.array(risk, float),
        "bad": np.array(bad, float),
        "weight": np.ones(size) if weight is None else np.array(weight, float),
        "day": np.zeros(size),
        "ent": np.arange(size),
    }
    rows |= {f"group_{name}": np.array(values) for name, values in groups_.items()}
    return Evaluation(release, rows, metrics or {}, alarms)


def verdict(gate, *arguments):
    gate_verdict = getattr(promotion_gates, gate)(*arguments)
    return gate_verdict.open, gate_verdict.zh, gate_verdict.en


EVEN = evaluation([0.0] * 4, [1, 0, 1, 0])  # says one half, and one half it is


@pytest.mark.parametrize(
    ("slope", "opens"),
    [(0.79, False), (0.8, True), (1.0, True), (1.25, True), (1.26, False), (np.nan, False)],
)
def test_the_slope_may_lie_on_its_bounds_and_not_beyond(slope, opens):
    within = limits(slope_from=0.8, slope_to=1.25, rate_ratio_below=1.1)
    written_verdict = verdict(
        "_check_calibration", replace(EVEN, metrics={"calibration_slope": slope}), within
    )

    assert written_verdict[0] is opens
    assert written_verdict[2] == (
        f"slope {slope:.3f} (must be 0.8–1.25); predicted 0.5000 against observed 0.5000, "
        "ratio 1.000 (must be below 1.1)"
    )
    assert written_verdict[1] == (
        f"校准斜率 {slope:.3f}（0.8–1.25），预测 0.5000 与实际 0.5000 之比 1.000（小于 1.1）"
    )


def test_without_a_slope_the_gate_is_closed():
    assert not verdict("_check_calibration", EVEN, LIMITS)[0]


@pytest.mark.parametrize(
    ("bad", "weight", "below", "opens"),
    [
        ([1, 0, 0, 0], None, 2.0, False),  # one half said, one quarter seen: 2 is not below 2
        ([1, 0, 0, 0], None, 2.01, True),
        ([1, 1, 1, 1], None, 2.0, False),  # the other way round: one half said, all were bad
        ([1, 1, 1, 1], None, 2.01, True),
        ([1, 0, 0, 0], [3, 1, 1, 1], 1.01, True),  # three of six by weight
        ([0, 0, 0, 0], None, 1000.0, False),  # nothing seen: no ratio is small enough
    ],
)
def test_predicted_and_observed_rates_are_compared_both_ways_and_by_weight(
    bad, weight, below, opens
):
    weighted = evaluation([0.0] * 4, bad, weight, metrics={"calibration_slope": 1.0})

    assert verdict("_check_calibration", weighted, limits(rate_ratio_below=below))[0] is opens


@pytest.mark.parametrize(("psi", "opens"), [(0.09, True), (0.1, False), (np.nan, False)])
def test_the_worst_month_must_lie_below_the_bound(psi, opens):
    evaluation = replace(EVEN, metrics={"psi_worst_month": psi})

    assert verdict("_check_stability", evaluation, limits(month_psi_below=0.1)) == (
        opens,
        f"月度PSI最大 {psi:.3f}，须小于 0.1",
        f"the worst month's PSI is {psi:.3f}; it must be below 0.1",
    )


def test_an_unknown_month_is_no_stable_one():
    assert not verdict("_check_stability", EVEN, LIMITS)[0]


RANKED = evaluation([4, 3, 2, 1, 0, -1], [1, 1, 0, 1, 0, 0])


def test_an_equal_candidate_passes_only_if_some_loss_is_allowed():
    assert verdict("_check_auc", RANKED, RANKED, limits(auc_loss_below=0.01)) == (
        True,
        "AUC与现行之差 0.0000 [0.0000, 0.0000]，区间下限须大于 -0.01",
        "AUC less the champion's is 0.0000 [0.0000, 0.0000]; its low end must be above -0.01",
    )
    assert not verdict("_check_auc", RANKED, RANKED, limits(auc_loss_below=0.0))[0]


def test_the_low_end_of_the_difference_decides_and_not_its_middle():
    rng = np.random.default_rng(1)
    bad = np.tile([1, 0], 60)
    champion = evaluation(bad + rng.normal(0, 1, 120), bad)
    candidate = evaluation(bad + rng.normal(0, 1, 120), bad)
    gap = promotion_gates.metric_gap(auc, candidate, champion)
    middle = limits(auc_loss_below=-(gap.value + gap.low) / 2)

    assert gap.low < gap.value
    assert not verdict("_check_auc", candidate, champion, middle)[0]
    assert verdict("_check_auc", candidate, champion, limits(auc_loss_below=1e-9 - gap.low))[0]


def grouped(risk, bad, size):
    return evaluation(risk, bad, size=size)


def noisy(seed, count, noise):
    """Champion and candidate over two groups; only the candidate is noisy, and only in group 1."""
    rng = np.random.default_rng(seed)
    bad, size = np.tile([1, 0], count), np.repeat([0, 1], count)
    risk = bad + rng.normal(0, 0.6, 2 * count)
    worse = np.where(size == 1, risk + rng.normal(0, noise, risk.size), risk)
    return grouped(worse, bad, size), grouped(risk, bad, size), size == 1


def test_a_group_closes_the_gate_only_where_the_whole_interval_is_beyond_the_bound():
    candidate, champion, in_group = noisy(3, 80, 0.8)
    gap = promotion_gates.metric_gap(auc, champion, candidate, in_group)
    least = {"group_least": 10, "group_false_alarms_below": 1.0}
    between = limits(**least, group_auc_loss_below=(gap.value + gap.low) / 2)
    below = limits(**least, group_auc_loss_below=gap.low - 1e-9)
    just = limits(**least, group_auc_loss_below=gap.low)

    assert 0 < gap.low < gap.value
    assert list(worse_off(candidate, champion, between)) == []
    assert list(worse_off(candidate, champion, just)) == []
    assert list(worse_off(candidate, champion, below)) == [
        f"size=1: AUC loss {gap} (below {gap.low - 1e-9:g})"
    ]
    assert verdict("_check_fairness", candidate, champion, between) == (
        True,
        "没有任何一组明显变差",
        "no group is surely worse off",
    )
    harm = f"size=1: AUC loss {gap} (below {gap.low - 1e-9:g})"
    assert verdict("_check_fairness", candidate, champion, below) == (
        False,
        f"以下组明显变差：{harm}",
        f"surely worse off: {harm}",
    )


def test_the_champion_may_be_worse_for_a_group_without_closing_anything():
    candidate, champion, _ = noisy(3, 80, 0.8)
    strict = limits(group_least=10, group_auc_loss_below=0.001, group_false_alarms_below=1.0)

    assert list(worse_off(champion, candidate, strict)) == []


def test_more_false_alarms_among_the_good_of_a_group_close_the_gate():
    bad, size = np.tile([1, 0], 80), np.repeat([0, 1], 80)
    risk = np.where(bad == 1, 2.0, np.where(size == 0, 1.0, 0.0)) + np.arange(160) / 1000
    turned = np.where(bad == 1, 2.0, np.where(size == 1, 1.0, 0.0)) + np.arange(160) / 1000
    champion, candidate = grouped(risk, bad, size), grouped(turned, bad, size)
    strict = limits(
        visited_share=0.75, group_least=10, group_auc_loss_below=1.0, group_false_alarms_below=0.5
    )

    [harm] = worse_off(candidate, champion, strict)
    assert harm.startswith("size=1: false alarms 1.0000 [")
    assert harm.endswith(" (below 0.5)")
    assert (
        list(
            worse_off(
                candidate, champion, strict.model_copy(update={"group_false_alarms_below": 1.0})
            )
        )
        == []
    )


@pytest.mark.parametrize(("least", "judged"), [(2, [0, 1]), (3, [1]), (4, [])])
def test_a_group_is_judged_from_so_many_cases_of_either_outcome(least, judged):
    rows = {
        "bad": np.array([1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0]),
        "group_size": np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]),
        "group_visited_on": np.zeros(11, int),
        "risk": np.zeros(11),
    }
    judged_groups = list(groups(rows, least))

    assert [(name, value) for name, value, _ in judged_groups] == [("size", v) for v in judged]
    for _, value, in_group in judged_groups:
        assert in_group.tolist() == (rows["group_size"] == value).tolist()


@pytest.mark.parametrize(
    ("share", "flags"),
    [(0.25, [1, 0, 0, 0]), (0.26, [1, 1, 1, 0]), (0.75, [1, 1, 1, 0]), (1.0, [1, 1, 1, 1])],
)
def test_the_riskiest_share_takes_ties_together(share, flags):
    rows = {"risk": np.array([3.0, 2.0, 2.0, 1.0]), "weight": np.ones(4)}

    assert riskiest(rows, share).tolist() == flags


def test_false_alarms_are_a_share_of_the_good_by_weight_and_unknown_without_any():
    flags, weight = np.array([1.0, 1, 0, 0]), np.array([5.0, 1, 1, 2])

    assert promotion_gates.false_alarms(flags, np.array([1, 0, 0, 0]), weight) == 0.25
    assert np.isnan(promotion_gates.false_alarms(flags, np.ones(4), weight))


@pytest.mark.parametrize("code", ["too_good", "identifier", "own_rows", "random_gap"])
def test_each_alarm_of_a_leak_closes_the_gate_and_is_named(code):
    alarms = [{"code": "drift", "about": "y"}, {"code": code, "about": "x"}]

    assert verdict("_check_leaks", replace(EVEN, alarms=alarms)) == (
        False,
        f"泄漏警报：{code} x",
        f"leak alarms: {code} x",
    )
    both = [*alarms, {"code": code, "about": "z"}]
    assert (
        verdict("_check_leaks", replace(EVEN, alarms=both))[2] == f"leak alarms: {code} x, {code} z"
    )
    assert verdict("_check_leaks", replace(EVEN, alarms=alarms[:1])) == (
        True,
        "没有泄漏警报",
        "no leak alarm",
    )


def with_indicators(*changes):
    """The expert tables with the first indicators of the general score changed."""
    table = RELEASE.general
    rows = [i.model_copy(update=c) for i, c in zip(table.indicators, changes, strict=False)]
    rows += table.indicators[len(changes) :]
    general = table.model_copy(update={"indicators": tuple(rows)})
    return replace(RELEASE, tables={**RELEASE.tables, "general": general})


def test_what_is_not_declared_or_not_for_scoring_is_unlawful():
    warned = next(f.id for f in features().values() if f.use == "warning")
    written_verdict = verdict(
        "_check_lawfulness", with_indicators({"feature": "owner_is_foreign"}), features()
    )

    assert verdict("_check_lawfulness", RELEASE, features()) == (
        True,
        "未使用任何禁用指标",
        "no forbidden indicator is read",
    )
    assert written_verdict[:1] + written_verdict[2:] == (
        False,
        'forbidden: "owner_is_foreign" is not declared',
    )
    assert written_verdict[1] == '禁用指标："owner_is_foreign" is not declared'
    shown = verdict("_check_lawfulness", with_indicators({"feature": warned}), features())
    assert not shown[0]
    assert f'"{warned}" is not for scoring' in shown[2]


def test_all_that_is_unlawful_in_a_release_is_named_side_by_side():
    warned = next(f.id for f in features().values() if f.use == "warning")
    release = with_indicators({"feature": "owner_is_foreign"}, {"feature": warned})
    words = f'"owner_is_foreign" is not declared; "{warned}" is not for scoring'

    assert verdict("_check_lawfulness", release, features()) == (
        False,
        f"禁用指标：{words}",
        f"forbidden: {words}",
    )


def test_points_against_a_declared_direction_are_named_with_their_score():
    first, second = RELEASE.general.indicators[:2]
    turned = [{"points": tuple(reversed(i.points))} for i in (first, second)]
    against = f"general: {first.feature}, general: {second.feature}"

    assert verdict("_check_monotone", with_indicators(*turned), features()) == (
        False,
        f"方向不符：{against}",
        f"points run against: {against}",
    )
    assert verdict("_check_monotone", RELEASE, features()) == (
        True,
        "全部符合声明的方向",
        "points follow every declared direction",
    )
    assert verdict("_check_monotone", with_indicators({"feature": "owner_is_foreign"}), features())[
        0
    ]


def test_every_indicator_needs_words_in_both_languages(monkeypatch):
    first, second = (features()[i.feature] for i in RELEASE.general.indicators[:2])
    monkeypatch.setitem(features(), first.id, replace(first, zh=" "))
    monkeypatch.setitem(features(), second.id, replace(second, en=""))
    silent = f"{first.id}, {second.id}"

    assert verdict("_check_reasons", RELEASE, features()) == (
        False,
        f"没有可说明的理由：{silent}",
        f"no words for: {silent}",
    )


def test_a_release_without_indicators_has_no_reasons():
    empty = {
        name: table.model_copy(update={"indicators": ()}) for name, table in RELEASE.tables.items()
    }

    assert verdict("_check_reasons", RELEASE, features()) == (
        True,
        "每一指标都有中英文理由",
        "every indicator has its words",
    )
    assert verdict("_check_reasons", replace(RELEASE, tables=empty), features()) == (
        False,
        "没有可说明的理由：",
        "no words for: any score",
    )
    some = {**empty, "general": RELEASE.general}
    assert verdict("_check_reasons", replace(RELEASE, tables=some), features())[0]


@pytest.mark.parametrize("name", ["ent", "day", "bad", "weight"])
def test_candidate_and_champion_are_judged_on_the_very_same_rows(name):
    rows = {**RANKED.rows, name: RANKED.rows[name] + np.array([0, 0, 0, 0, 0, 1])}

    with pytest.raises(BadSample, match="judged on different rows; judge both anew"):
        judge(replace(RANKED, rows=rows), RANKED, RULES, DAY)


def test_one_outcome_only_cannot_be_judged():
    good = evaluation([1.0, 0.0], [0, 0])

    with pytest.raises(BadSample, match="one outcome only; choose a longer period"):
        judge(good, good, RULES, DAY)


def test_all_gates_are_asked_in_order_and_every_closed_one_is_told():
    verdicts = judge(RANKED, RANKED, RULES, DAY)

    assert [v.gate for v in verdicts] == GATES
    closed = [v for v in verdicts if not v.open]
    assert [v.gate for v in closed] == ["calibrated", "stable"]
    words = f"calibrated: {closed[0].en}; stable: {closed[1].en}; train it anew, or ask for other"
    with pytest.raises(GateClosed, match=f"^{re.escape(words)} limits$"):
        promotion_gates.refuse_closed(verdicts)
    promotion_gates.refuse_closed([v for v in verdicts if v.open])
