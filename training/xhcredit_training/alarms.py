"""Alarms of target leakage and drift, each with its remedy.

Limits are the dated rule ``promotion.leak_limits``; each alarm has caught a real trap in its tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupKFold, KFold

from xhcredit.errors import BadSample
from xhcredit.rules.schemas.training import LeakLimits
from xhcredit_training.binning import Fineness, find_bins
from xhcredit_training.bootstrap import Told as Interval
from xhcredit_training.bootstrap import with_intervals
from xhcredit_training.dataset import Array, Column, Frame
from xhcredit_training.metrics import auc
from xhcredit_training.stability import psi
from xhcredit_training.woe import evidence

#: a model by what it learns from; returns risk of other rows
Fit = Callable[[Frame], Callable[[Frame], Array]]

FOLDS = 5
_FINE = Fineness()


@dataclass(frozen=True)
class Alarm:
    """Something that must be explained before a model may be promoted."""

    code: str
    about: str
    found: float
    limit: float
    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.code} {self.about}: {self.found:.3f} (limit {self.limit:g}); {self.en}"


def single(sample: Frame, limits: LeakLimits) -> list[Alarm]:
    """Indicators that alone order outcomes too well: most likely known only afterwards.

    Each is binned on some enterprises and judged on others.
    """
    found = {c.id: _alone(c, row, sample) for c, row in _rows(sample)}
    return [
        Alarm(
            "too_good",
            id_,
            value,
            limits.single_auc_above,
            "单一指标过好，很可能是事后才知道的信息：核对归集日，否则删除",
            "a single indicator is too good, most likely known only afterwards: "
            "check its day of becoming known, or remove it",
        )
        for id_, value in found.items()
        if value > limits.single_auc_above
    ]


def identifiers(
    sample: Frame, limits: LeakLimits, numbers: Mapping[str, Array] | None = None
) -> list[Alarm]:
    """Identifiers (inspector, row number) that predict the outcome by themselves.

    Each is binned on some enterprises and judged on others; the alarm is raised where the low end
    of the interval lies above the limit, so that chance in a small sample raises none.

    Args:
        sample: outcomes, enterprises and ``identifiers``, tried by value and in their order.
        limits: when to raise the alarm.
        numbers: further numbers by row whose order alone could tell something.
    """
    told = []
    for name, row in {**sample.identifiers, **(numbers or {})}.items():
        columns = [Column(name)]
        columns += [Column(name, category=True)] if name in sample.identifiers else []
        worst = max((_surely(sample, column, row) for column in columns), key=lambda t: t.low)
        if worst.low > limits.identifier_auc_above:
            told.append(
                Alarm(
                    "identifier",
                    name,
                    worst.value,
                    limits.identifier_auc_above,
                    "标识符带有信号：评分不得依赖由谁检查或编号顺序，应作为干扰因素剔除",
                    "an identifier carries signal: a score must not rest on who inspected or on "
                    "how rows are numbered; treat it as a nuisance and remove it",
                )
            )
    return told


def _surely(sample: Frame, column: Column, row: Array) -> Interval:
    """How well an identifier orders the outcomes of other enterprises, with its interval."""
    risk = _risk_alone(column, np.asarray(row, np.float64), sample)
    parts = (risk, sample.bad, sample.weight, sample.ent)
    return with_intervals({"auc": auc}, *parts)["auc"]


def own_rows(sample: Frame, later: Frame, limits: LeakLimits) -> list[Alarm]:
    """Indicators that know the outcomes of the rows they stand in (target encoding on own rows).

    They order what was learned from far better than what came later.
    """
    told = []
    for k, (column, row) in enumerate(_rows(sample)):
        shape = _shape(column, row, sample)
        inside = auc(shape(row), sample.bad, sample.weight)
        beyond = auc(shape(later.x[k]), later.bad, later.weight)
        if inside - beyond > limits.own_rows_gap_above:
            told.append(
                Alarm(
                    "own_rows",
                    column.id,
                    inside - beyond,
                    limits.own_rows_gap_above,
                    "该指标包含自身行的结果：改用更早的事实计算",
                    "it contains the outcomes of its own rows: compute it from strictly earlier "
                    "facts",
                )
            )
    return told


def random_gap(sample: Frame, fit: Fit, limits: LeakLimits, judge_from: int) -> list[Alarm]:
    """Whether random folds promise more than time keeps.

    Args:
        sample: rows with as-of days.
        fit: how the model is learned.
        limits: when to raise the alarm.
        judge_from: day number from which rows are judged in time.

    Raises:
        BadSample: nothing lies before or after that day.
    """
    before, after = sample.rows(sample.day < judge_from), sample.rows(sample.day >= judge_from)
    if not (len(before) and len(after)):
        raise BadSample("nothing lies before, or after, the day of judging; choose another day")
    in_time = auc(fit(before)(after), after.bad, after.weight)
    risk = np.full(len(sample), np.nan)
    for learn, rest in KFold(FOLDS, shuffle=True, random_state=0).split(sample.bad):
        risk[rest] = fit(sample.rows(learn))(sample.rows(rest))
    late = sample.day >= judge_from
    at_random = auc(risk[late], sample.bad[late], sample.weight[late])
    if at_random - in_time <= limits.random_gap_above:
        return []
    return [
        Alarm(
            "random_gap",
            "model",
            at_random - in_time,
            limits.random_gap_above,
            "随机折的效果好于按时间切分：只能报告按时间切分的结果",
            "random folds promise more than time keeps: report the split by time only",
        )
    ]


def years(sample: Frame, limits: LeakLimits) -> list[Alarm]:
    """Years whose outcome rate differs too much from the year before."""
    year = sample.day.astype("datetime64[D]").astype("datetime64[Y]")
    rates = {
        str(y): (sample.bad * sample.weight)[year == y].sum() / sample.weight[year == y].sum()
        for y in np.unique(year)
    }
    told = []
    for (one, rate), (other, later) in zip(rates.items(), list(rates.items())[1:], strict=False):
        ratio = max(rate, later) / max(min(rate, later), 1e-9)
        if ratio > limits.year_rate_ratio_above:
            told.append(
                Alarm(
                    "year_rate",
                    f"{one}-{other}",
                    float(ratio),
                    limits.year_rate_ratio_above,
                    "年度发生率漂移：须按最近年份重新校准，并查明口径是否变化",
                    "the yearly rate has drifted: calibrate on the latest year, and ask whether "
                    "reporting changed",
                )
            )
    return told


def drifted(base: Frame, later: Frame, limits: LeakLimits) -> list[Alarm]:
    """Indicators whose distribution drifted from the learning period (PSI)."""
    told = []
    for k, column in enumerate(base.columns):
        value = psi(base.x[k], later.x[k], base.weight, later.weight)
        if value > limits.year_psi_above:
            told.append(
                Alarm(
                    "drift",
                    column.id,
                    value,
                    limits.year_psi_above,
                    "指标分布已漂移：查明口径变化或重新训练",
                    "its values have drifted: ask what changed, or train anew",
                )
            )
    return told


def _rows(sample: Frame) -> list[tuple[Column, Array]]:
    return list(zip(sample.columns, sample.x, strict=True))


def _shape(column: Column, row: Array, sample: Frame) -> Callable[[Array], Array]:
    bins = find_bins(column, row, sample.bad, sample.weight, _FINE)
    average = float(np.average(sample.bad, weights=sample.weight))
    shape = evidence(bins, min(max(average, 1e-9), 1 - 1e-9), _FINE.prior)
    return shape.of


def _alone(column: Column, row: Array, sample: Frame) -> float:
    """AUC of one indicator, binned on some enterprises and judged on others."""
    return auc(_risk_alone(column, row, sample), sample.bad, sample.weight)


def _risk_alone(column: Column, row: Array, sample: Frame) -> Array:
    """Risk of each row by one indicator, binned on other enterprises where there are enough."""
    risk = np.zeros(len(sample))
    if np.unique(sample.ent).size >= FOLDS:
        folds = GroupKFold(FOLDS).split(sample.bad, groups=sample.ent)
    else:
        folds = KFold(FOLDS, shuffle=True, random_state=0).split(sample.bad)
    for learn, rest in folds:
        part = sample.rows(learn)
        if np.unique(part.bad).size == 2:
            risk[rest] = _shape(column, row[learn], part)(row[rest])
    return risk
