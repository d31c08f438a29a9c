"""Promotion gates: eight checks of a candidate, each with verdict and reason.

Limits are the dated rule ``promotion.gates``.  Both releases are judged on the same rows of a later
period; differences have intervals by drawing enterprises again (``bootstrap``), and a gate about
groups closes only on what is sure: the whole interval beyond the bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from xhcredit.engine.compile import with_inputs
from xhcredit.errors import BadSample, GateClosed
from xhcredit.features.forbidden import violations
from xhcredit.features.registry import features
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.training import Gates
from xhcredit.scores.release import Release, monotone
from xhcredit_training.bootstrap import Told, difference
from xhcredit_training.dataset import Array
from xhcredit_training.metrics import Metric, auc, chance

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
    alarms: Sequence[Mapping[str, Any]] = ()


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
    _refuse_different(candidate, champion)
    return (
        _better(candidate, champion, limits),
        _calibrated(candidate, limits),
        _stable(candidate, limits),
        _fair(candidate, champion, limits),
        _lawful(candidate.release),
        _no_leak(candidate),
        _monotone(candidate.release),
        _reasons(candidate.release),
    )


def refuse_closed(verdicts: Sequence[Verdict]) -> None:
    """Refuse a candidate with a closed gate.

    Raises:
        GateClosed: with every closed gate and its reason.
    """
    closed = [f"{v.gate}: {v.en}" for v in verdicts if not v.open]
    if closed:
        raise GateClosed(f"{'; '.join(closed)}; train it anew, or ask for other limits")


def _refuse_different(one: Evaluation, other: Evaluation) -> None:
    names = ("ent", "day", "bad", "weight")
    if not all(np.array_equal(one.rows[n], other.rows[n]) for n in names):
        raise BadSample("candidate and champion were judged on different rows; judge both anew")
    if np.unique(one.rows["bad"]).size < 2:
        raise BadSample("the judged rows have one outcome only; choose a longer period")


def gap(metric: Metric, one: Evaluation, other: Evaluation, at: Array | None = None) -> Told:
    """The metric of ``one`` less that of ``other``, with its interval, on some rows."""
    mask = np.ones(one.rows["bad"].size, bool) if at is None else at
    bad, weight, ent = (one.rows[n][mask] for n in ("bad", "weight", "ent"))
    return difference(metric, one.rows["risk"][mask], other.rows["risk"][mask], bad, weight, ent)


def _better(candidate: Evaluation, champion: Evaluation, limits: Gates) -> Verdict:
    found = gap(auc, candidate, champion)
    limit = -limits.auc_loss_below
    return Verdict(
        "better_or_equal",
        bool(found.low > limit),
        f"AUC与现行之差 {found}，区间下限须大于 {limit:g}",
        f"AUC less the champion's is {found}; its low end must be above {limit:g}",
    )


def _calibrated(candidate: Evaluation, limits: Gates) -> Verdict:
    slope = candidate.metrics.get("calibration_slope", float("nan"))
    rows = candidate.rows
    said = float(np.average(chance(rows["risk"]), weights=rows["weight"]))
    seen = float(np.average(rows["bad"], weights=rows["weight"]))
    ratio = max(said, seen) / max(min(said, seen), 1e-12)
    passed = limits.slope_from <= slope <= limits.slope_to and ratio < limits.rate_ratio_below
    wanted = f"{limits.slope_from:g}–{limits.slope_to:g}"
    return Verdict(
        "calibrated",
        bool(passed),
        f"校准斜率 {slope:.3f}（{wanted}），预测 {said:.4f} 与实际 {seen:.4f} 之比 {ratio:.3f}"
        f"（小于 {limits.rate_ratio_below:g}）",
        f"slope {slope:.3f} (must be {wanted}); predicted {said:.4f} against observed {seen:.4f}, "
        f"ratio {ratio:.3f} (must be below {limits.rate_ratio_below:g})",
    )


def _stable(candidate: Evaluation, limits: Gates) -> Verdict:
    worst = candidate.metrics.get("psi_worst_month", float("nan"))
    limit = limits.month_psi_below
    return Verdict(
        "stable",
        bool(worst < limit),
        f"月度PSI最大 {worst:.3f}，须小于 {limit:g}",
        f"the worst month's PSI is {worst:.3f}; it must be below {limit:g}",
    )


def _fair(candidate: Evaluation, champion: Evaluation, limits: Gates) -> Verdict:
    harmed = list(worse_off(candidate, champion, limits))
    if not harmed:
        return Verdict("fair", True, "没有任何一组明显变差", "no group is surely worse off")
    named = "; ".join(harmed)
    return Verdict("fair", False, f"以下组明显变差：{named}", f"surely worse off: {named}")


def worse_off(candidate: Evaluation, champion: Evaluation, limits: Gates) -> Iterator[str]:
    """Groups that are surely worse off with the candidate, and by how much.

    Two harms: its outcomes are ordered worse, or more of its good rows are among the riskiest
    ``visited_share`` of all rows.  Groups with too few cases are not judged.
    """
    flagged = _flagged(candidate, champion, limits.visited_share)
    for name, value, at in groups(candidate.rows, limits.group_least):
        harms = (
            ("AUC loss", limits.group_auc_loss_below, auc, champion, candidate),
            ("false alarms", limits.group_false_alarms_below, false_alarms, *flagged),
        )
        for what, limit, metric, one, other in harms:
            if _point(metric, one, other, at) <= limit:
                continue  # not even the middle of the interval is beyond the bound
            found = gap(metric, one, other, at)
            if found.low > limit:
                yield f"{name}={value}: {what} {found} (below {limit:g})"


def groups(rows: Mapping[str, Array], least: int) -> Iterator[tuple[str, int, Array]]:
    """Name, value and mask of every group with ``least`` cases of either outcome."""
    for name, values in rows.items():
        if not name.startswith("group_") or name == "group_visited_on":
            continue
        for value in np.unique(values):
            at = values == value
            bad = rows["bad"][at].sum()
            if min(bad, at.sum() - bad) >= least:
                yield name.removeprefix("group_"), int(value), at


def _point(metric: Metric, one: Evaluation, other: Evaluation, at: Array) -> float:
    bad, weight = (one.rows[n][at] for n in ("bad", "weight"))
    return metric(one.rows["risk"][at], bad, weight) - metric(other.rows["risk"][at], bad, weight)


def _flagged(one: Evaluation, other: Evaluation, share: float) -> tuple[Evaluation, Evaluation]:
    """Both with 1 in place of the risk where a row is among the riskiest ``share``, else 0."""
    a, b = riskiest(one.rows, share), riskiest(other.rows, share)
    return replace(one, rows={**one.rows, "risk": a}), replace(
        other, rows={**other.rows, "risk": b}
    )


def riskiest(rows: Mapping[str, Array], share: float) -> Array:
    """1 for the riskiest ``share`` of the weight of all rows, else 0; ties are taken together."""
    order = np.argsort(-rows["risk"], kind="stable")
    reached = np.cumsum(rows["weight"][order]) / rows["weight"].sum()
    cut = rows["risk"][order][min(int(np.searchsorted(reached, share)), order.size - 1)]
    flag: Array = (rows["risk"] >= cut).astype(float)
    return flag


def false_alarms(risk: Array, bad: Array, weight: Array) -> float:
    """Share of the good rows that are flagged: ``risk`` is 1 or 0."""
    good = weight * (1 - bad)
    return float((good * risk).sum() / good.sum()) if good.sum() else float("nan")


def _lawful(release: Release) -> Verdict:
    declared = features()
    unknown = [f for f in release.features() if f not in declared]
    used = [f for f in release.features() if f in declared]
    found = [f'"{f}" is not declared' for f in unknown] + violations(with_inputs(used, declared))
    found += [f'"{f}" is not for scoring' for f in used if declared[f].use != "score"]
    told = "; ".join(found)
    return Verdict(
        "lawful",
        not found,
        f"禁用指标：{told}" if found else "未使用任何禁用指标",
        f"forbidden: {told}" if found else "no forbidden indicator is read",
    )


def _no_leak(candidate: Evaluation) -> Verdict:
    found = [f"{a['code']} {a['about']}" for a in candidate.alarms if a["code"] in LEAKS]
    told = ", ".join(found)
    return Verdict(
        "no_leak",
        not found,
        f"泄漏警报：{told}" if found else "没有泄漏警报",
        f"leak alarms: {told}" if found else "no leak alarm",
    )


def _monotone(release: Release) -> Verdict:
    declared = features()
    against = [
        f"{t.score}: {i.feature}"
        for t in release.tables.values()
        for i in t.indicators
        if i.feature in declared and not monotone(i, declared[i.feature].direction)
    ]
    told = ", ".join(against)
    return Verdict(
        "monotone",
        not against,
        f"方向不符：{told}" if against else "全部符合声明的方向",
        f"points run against: {told}" if against else "points follow every declared direction",
    )


def _reasons(release: Release) -> Verdict:
    """Whether every indicator has words for a reason, in both languages."""
    declared = features()
    mute = [
        f
        for f in release.features()
        if f not in declared or not (declared[f].zh.strip() and declared[f].en.strip())
    ]
    told = ", ".join(mute)
    some = any(t.indicators for t in release.tables.values())
    return Verdict(
        "reasons",
        some and not mute,
        f"没有可说明的理由：{told}" if mute or not some else "每一指标都有中英文理由",
        f"no words for: {told or 'any score'}"
        if mute or not some
        else "every indicator has its words",
    )
