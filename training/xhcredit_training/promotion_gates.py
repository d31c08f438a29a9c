"""Promotion gates: eight checks of a candidate, each with verdict and reason.

Limits are the dated rule ``promotion.gates``.  Both releases are judged on the same rows of a later
period; differences have intervals by drawing enterprises again (``bootstrap``), and a gate about
groups closes only on what is sure: the whole interval beyond the bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit.engine.compile import with_inputs
from xhcredit.engine.spec import Feature
from xhcredit.errors import BadSample, GateClosed
from xhcredit.features.forbidden import violations
from xhcredit.features.registry import features
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.training import Gates
from xhcredit.scores.release import Release, is_monotone
from xhcredit_training.bootstrap import Estimate, difference
from xhcredit_training.metrics import Metric, auc, chance
from xhcredit_training.rows import AlarmSubject

#: alarms that mean a leak; drift and changed yearly rates have gates of their own
LEAKS = ("too_good", "identifier", "own_rows", "random_gap")


@dataclass(frozen=True)
class Evaluation:
    """A release as it was judged on a later period.

    ``rows``: ``risk`` (log-odds), ``bad``, ``weight``, ``day``, ``ent`` and ``group_…`` by row.
    ``metrics``: figures by name; ``alarms``: codes with what they are about.
    """

    release: Release
    rows: Mapping[str, Array]
    metrics: Mapping[str, float]
    alarms: Sequence[AlarmSubject] = ()


@dataclass(frozen=True)
class Verdict:
    """Verdict of one gate with its reason in words."""

    gate: str
    open: bool
    zh: str
    en: str


def judge(
    candidate: Evaluation, champion: Evaluation, rules: Rulebook, day: date
) -> tuple[Verdict, ...]:
    """Judge a candidate against the champion.

    Args:
        candidate: what may become the champion.
        champion: what scores now, judged on the very same rows.
        rules: the rulebook.
        day: whose limits hold.

    Raises:
        BadSample: the two were judged on different rows, or those have one outcome only.
        RuleNotInForce: there were no gates on that day.
    """
    limits = rules.serving("promotion.gates", Gates, as_of=day)
    declared = features(rules)
    _refuse_different(candidate, champion)
    return (
        _check_auc(candidate, champion, limits),
        _check_calibration(candidate, limits),
        _check_stability(candidate, limits),
        _check_fairness(candidate, champion, limits),
        _check_lawfulness(candidate.release, declared),
        _check_leaks(candidate),
        _check_monotone(candidate.release, declared),
        _check_reasons(candidate.release, declared),
    )


def refuse_closed(verdicts: Sequence[Verdict]) -> None:
    """Refuse a candidate with a closed gate.

    Raises:
        GateClosed: with every closed gate and its reason.
    """
    closed = [f"{v.gate}: {v.en}" for v in verdicts if not v.open]
    if closed:
        raise GateClosed(f"{'; '.join(closed)}; train it anew, or ask for other limits")


def _refuse_different(candidate: Evaluation, champion: Evaluation) -> None:
    names = ("ent", "day", "bad", "weight")
    if not all(np.array_equal(candidate.rows[n], champion.rows[n]) for n in names):
        raise BadSample("candidate and champion were judged on different rows; judge both anew")
    if np.unique(candidate.rows["bad"]).size < 2:
        raise BadSample("the judged rows have one outcome only; choose a longer period")


def metric_gap(
    metric: Metric, eval_a: Evaluation, eval_b: Evaluation, row_mask: Array | None = None
) -> Estimate:
    """The metric of ``eval_a`` less that of ``eval_b``, with its interval, on some rows."""
    used_rows = np.ones(eval_a.rows["bad"].size, bool) if row_mask is None else row_mask
    bad, weight, ent = (eval_a.rows[n][used_rows] for n in ("bad", "weight", "ent"))
    return difference(
        metric, eval_a.rows["risk"][used_rows], eval_b.rows["risk"][used_rows], bad, weight, ent
    )


def _check_auc(candidate: Evaluation, champion: Evaluation, limits: Gates) -> Verdict:
    auc_gap = metric_gap(auc, candidate, champion)
    limit = -limits.auc_loss_below
    return Verdict(
        "better_or_equal",
        # By the low end: a small sample must not pass a loss that it cannot exclude.
        bool(auc_gap.low > limit),
        f"AUC与现行之差 {auc_gap}，区间下限须大于 {limit:g}",
        f"AUC less the champion's is {auc_gap}; its low end must be above {limit:g}",
    )


def _check_calibration(candidate: Evaluation, limits: Gates) -> Verdict:
    slope = candidate.metrics.get("calibration_slope", float("nan"))
    rows = candidate.rows
    pred = float(np.average(chance(rows["risk"]), weights=rows["weight"]))
    rate = float(np.average(rows["bad"], weights=rows["weight"]))
    # Both ways round: to promise half of what comes is as wrong as to promise twice as much.
    ratio = max(pred, rate) / max(min(pred, rate), 1e-12)
    is_passed = limits.slope_from <= slope <= limits.slope_to and ratio < limits.rate_ratio_below
    bounds = f"{limits.slope_from:g}–{limits.slope_to:g}"
    return Verdict(
        "calibrated",
        bool(is_passed),
        f"校准斜率 {slope:.3f}（{bounds}），预测 {pred:.4f} 与实际 {rate:.4f} 之比 {ratio:.3f}"
        f"（小于 {limits.rate_ratio_below:g}）",
        f"slope {slope:.3f} (must be {bounds}); predicted {pred:.4f} against observed {rate:.4f}, "
        f"ratio {ratio:.3f} (must be below {limits.rate_ratio_below:g})",
    )


def _check_stability(candidate: Evaluation, limits: Gates) -> Verdict:
    worst_psi = candidate.metrics.get("psi_worst_month", float("nan"))
    limit = limits.month_psi_below
    return Verdict(
        "stable",
        # NaN is below nothing: a run that cannot show its stability does not pass.
        bool(worst_psi < limit),
        f"月度PSI最大 {worst_psi:.3f}，须小于 {limit:g}",
        f"the worst month's PSI is {worst_psi:.3f}; it must be below {limit:g}",
    )


def _check_fairness(candidate: Evaluation, champion: Evaluation, limits: Gates) -> Verdict:
    harmed_groups = list(worse_off(candidate, champion, limits))
    if not harmed_groups:
        return Verdict("fair", True, "没有任何一组明显变差", "no group is surely worse off")
    group_text = "; ".join(harmed_groups)
    return Verdict(
        "fair", False, f"以下组明显变差：{group_text}", f"surely worse off: {group_text}"
    )


def worse_off(candidate: Evaluation, champion: Evaluation, limits: Gates) -> Iterator[str]:
    """Groups that are surely worse off with the candidate, and by how much.

    Two harms: its outcomes are ordered worse, or more of its good rows are among the riskiest
    ``visited_share`` of all rows.  Groups with too few cases are not judged.
    """
    flagged = _with_flags(candidate, champion, limits.visited_share)
    for name, value, row_mask in groups(candidate.rows, limits.group_least):
        harms = (
            ("AUC loss", limits.group_auc_loss_below, auc, champion, candidate),
            ("false alarms", limits.group_false_alarms_below, false_alarms, *flagged),
        )
        for harm_name, limit, metric, eval_a, eval_b in harms:
            if _point_gap(metric, eval_a, eval_b, row_mask) <= limit:
                continue  # not even the middle of the interval is beyond the bound
            harm_gap = metric_gap(metric, eval_a, eval_b, row_mask)
            if harm_gap.low > limit:
                yield f"{name}={value}: {harm_name} {harm_gap} (below {limit:g})"


def groups(rows: Mapping[str, Array], min_cases: int) -> Iterator[tuple[str, int, Array]]:
    """Name, value and mask of every group with ``min_cases`` cases of either outcome."""
    for name, values in rows.items():
        if not name.startswith("group_") or name == "group_visited_on":
            continue
        for value in np.unique(values):
            row_mask = values == value
            bad = rows["bad"][row_mask].sum()
            if min(bad, row_mask.sum() - bad) >= min_cases:
                yield name.removeprefix("group_"), int(value), row_mask


def _point_gap(metric: Metric, eval_a: Evaluation, eval_b: Evaluation, row_mask: Array) -> float:
    bad, weight = (eval_a.rows[n][row_mask] for n in ("bad", "weight"))
    return metric(eval_a.rows["risk"][row_mask], bad, weight) - metric(
        eval_b.rows["risk"][row_mask], bad, weight
    )


def _with_flags(
    eval_a: Evaluation, eval_b: Evaluation, share: float
) -> tuple[Evaluation, Evaluation]:
    """Both with 1 in place of the risk where a row is among the riskiest ``share``, else 0."""
    first_flags, second_flags = riskiest(eval_a.rows, share), riskiest(eval_b.rows, share)
    return replace(eval_a, rows={**eval_a.rows, "risk": first_flags}), replace(
        eval_b, rows={**eval_b.rows, "risk": second_flags}
    )


def riskiest(rows: Mapping[str, Array], share: float) -> Array:
    """1 for the riskiest ``share`` of the weight of all rows, else 0; ties are taken together."""
    order = np.argsort(-rows["risk"], kind="stable")
    cumulated_share = np.cumsum(rows["weight"][order]) / rows["weight"].sum()
    risk_cut = rows["risk"][order][
        min(int(np.searchsorted(cumulated_share, share)), order.size - 1)
    ]
    # Ties together: who counts as visited must not hang on the order of the rows.
    is_riskiest: Array = (rows["risk"] >= risk_cut).astype(float)
    return is_riskiest


def false_alarms(risk: Array, bad: Array, weight: Array) -> float:
    """Share of the good rows that are flagged: ``risk`` is 1 or 0."""
    good_weight = weight * (1 - bad)
    return (
        float((good_weight * risk).sum() / good_weight.sum()) if good_weight.sum() else float("nan")
    )


def _check_lawfulness(release: Release, declared: dict[str, Feature]) -> Verdict:
    unknown = [f for f in release.features() if f not in declared]
    declared_ids = [f for f in release.features() if f in declared]
    problems = [f'"{f}" is not declared' for f in unknown] + violations(
        with_inputs(declared_ids, declared)
    )
    problems += [f'"{f}" is not for scoring' for f in declared_ids if declared[f].use != "score"]
    problem_text = "; ".join(problems)
    return Verdict(
        "lawful",
        not problems,
        f"禁用指标：{problem_text}" if problems else "未使用任何禁用指标",
        f"forbidden: {problem_text}" if problems else "no forbidden indicator is read",
    )


def _check_leaks(candidate: Evaluation) -> Verdict:
    leaks = [f"{a['code']} {a['about']}" for a in candidate.alarms if a["code"] in LEAKS]
    leak_text = ", ".join(leaks)
    return Verdict(
        "no_leak",
        not leaks,
        f"泄漏警报：{leak_text}" if leaks else "没有泄漏警报",
        f"leak alarms: {leak_text}" if leaks else "no leak alarm",
    )


def _check_monotone(release: Release, declared: dict[str, Feature]) -> Verdict:
    wrong_direction = [
        f"{t.score}: {i.feature}"
        for t in release.tables.values()
        for i in t.indicators
        if i.feature in declared and not is_monotone(i, declared[i.feature].direction)
    ]
    indicator_text = ", ".join(wrong_direction)
    return Verdict(
        "monotone",
        not wrong_direction,
        f"方向不符：{indicator_text}" if wrong_direction else "全部符合声明的方向",
        f"points run against: {indicator_text}"
        if wrong_direction
        else "points follow every declared direction",
    )


def _check_reasons(release: Release, declared: dict[str, Feature]) -> Verdict:
    """Whether every indicator has words for a reason, in both languages."""
    without_words = [
        f
        for f in release.features()
        if f not in declared or not (declared[f].zh.strip() and declared[f].en.strip())
    ]
    indicator_text = ", ".join(without_words)
    has_indicators = any(t.indicators for t in release.tables.values())
    return Verdict(
        "reasons",
        has_indicators and not without_words,
        f"没有可说明的理由：{indicator_text}"
        if without_words or not has_indicators
        else "每一指标都有中英文理由",
        f"no words for: {indicator_text or 'any score'}"
        if without_words or not has_indicators
        else "every indicator has its words",
    )
