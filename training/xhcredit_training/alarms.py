"""Alarms of target leakage and drift, each with its remedy.

Limits are the dated rule ``promotion.leak_limits``; each alarm has caught a real trap in its tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupKFold, KFold

from xhcredit.engine.columns import Array
from xhcredit.errors import BadSample
from xhcredit.rules.schemas.training import LeakLimits
from xhcredit_training.binning import Fineness, find_bins
from xhcredit_training.bootstrap import Estimate as Interval
from xhcredit_training.bootstrap import with_intervals
from xhcredit_training.dataset import Column, Dataset
from xhcredit_training.metrics import auc
from xhcredit_training.psi import psi
from xhcredit_training.woe import evidence_shape

#: a model by what it learns from; returns risk of other rows
FitFunction = Callable[[Dataset], Callable[[Dataset], Array]]

FOLDS = 5
_FINENESS = Fineness()


@dataclass(frozen=True)
class Alarm:
    """Something that must be explained before a model may be promoted."""

    code: str
    about: str
    measured: float
    limit: float
    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.code} {self.about}: {self.measured:.3f} (limit {self.limit:g}); {self.en}"


def too_good_indicators(sample: Dataset, limits: LeakLimits) -> list[Alarm]:
    """Indicators that alone order outcomes too well: most likely known only afterwards.

    Each is binned on some enterprises and judged on others.
    """
    auc_by_id = {c.id: _cross_fitted_auc(c, row, sample) for c, row in _indicator_rows(sample)}
    return [
        Alarm(
            "too_good",
            id_,
            indicator_auc,
            limits.single_auc_above,
            "单一指标过好，很可能是事后才知道的信息：核对归集日，否则删除",
            "a single indicator is too good, most likely known only afterwards: "
            "check its day of becoming known, or remove it",
        )
        for id_, indicator_auc in auc_by_id.items()
        if indicator_auc > limits.single_auc_above
    ]


def identifier_alarms(
    sample: Dataset, limits: LeakLimits, numbers: Mapping[str, Array] | None = None
) -> list[Alarm]:
    """Identifiers (inspector, row number) that predict the outcome by themselves.

    Each is binned on some enterprises and judged on others; the alarm is raised where the low end
    of the interval lies above the limit, so that chance in a small sample raises none.

    Args:
        sample: outcomes, enterprises and ``identifier_alarms``, tried by value and in their order.
        limits: when to raise the alarm.
        numbers: further numbers by row whose order alone could tell something.
    """
    alarms = []
    for name, row in {**sample.identifiers, **(numbers or {})}.items():
        columns = [Column(name)]
        columns += [Column(name, category=True)] if name in sample.identifiers else []
        # By value and as a category: an inspector's number has no order, a row's number has
        # nothing but order.
        strongest = max(
            (_auc_with_interval(sample, column, row) for column in columns), key=lambda t: t.low
        )
        if strongest.low > limits.identifier_auc_above:
            alarms.append(
                Alarm(
                    "identifier",
                    name,
                    strongest.value,
                    limits.identifier_auc_above,
                    "标识符带有信号：评分不得依赖由谁检查或编号顺序，应作为干扰因素剔除",
                    "an identifier carries signal: a score must not rest on who inspected or on "
                    "how rows are numbered; treat it as a nuisance and remove it",
                )
            )
    return alarms


def _auc_with_interval(sample: Dataset, column: Column, row: Array) -> Interval:
    """How well an identifier orders the outcomes of other enterprises, with its interval."""
    risk = _cross_fitted_risk(column, np.asarray(row, np.float64), sample)
    parts = (risk, sample.bad, sample.weight, sample.ent)
    return with_intervals({"auc": auc}, *parts)["auc"]


def own_row_leaks(sample: Dataset, later: Dataset, limits: LeakLimits) -> list[Alarm]:
    """Indicators that know the outcomes of the rows they stand in (target encoding on own rows).

    They order what was learned from far better than what came later.
    """
    alarms = []
    for k, (column, row) in enumerate(_indicator_rows(sample)):
        shape = _binned_log_odds(column, row, sample)
        own_auc = auc(shape(row), sample.bad, sample.weight)
        later_auc = auc(shape(later.x[k]), later.bad, later.weight)
        if own_auc - later_auc > limits.own_rows_gap_above:
            alarms.append(
                Alarm(
                    "own_rows",
                    column.id,
                    own_auc - later_auc,
                    limits.own_rows_gap_above,
                    "该指标包含自身行的结果：改用更早的事实计算",
                    "it contains the outcomes of its own rows: compute it from strictly earlier "
                    "facts",
                )
            )
    return alarms


def random_gap_alarms(
    sample: Dataset, fit_model: FitFunction, limits: LeakLimits, judge_from: int
) -> list[Alarm]:
    """Whether random folds promise more than time keeps.

    Args:
        sample: rows with as-of days.
        fit_model: how the model is learned.
        limits: when to raise the alarm.
        judge_from: day number from which rows are judged in time.

    Raises:
        BadSample: nothing lies before or after that day.
    """
    earlier_rows, later_rows = (
        sample.rows(sample.day < judge_from),
        sample.rows(sample.day >= judge_from),
    )
    if not (len(earlier_rows) and len(later_rows)):
        raise BadSample("nothing lies before, or after, the day of judging; choose another day")
    auc_in_time = auc(fit_model(earlier_rows)(later_rows), later_rows.bad, later_rows.weight)
    risk = np.full(len(sample), np.nan)
    for learning_index, judging_index in KFold(FOLDS, shuffle=True, random_state=0).split(
        sample.bad
    ):
        risk[judging_index] = fit_model(sample.rows(learning_index))(sample.rows(judging_index))
    is_late = sample.day >= judge_from
    # Judged on the same late rows as the split by time: only the way of learning differs.
    auc_at_random = auc(risk[is_late], sample.bad[is_late], sample.weight[is_late])
    if auc_at_random - auc_in_time <= limits.random_gap_above:
        return []
    return [
        Alarm(
            "random_gap",
            "model",
            auc_at_random - auc_in_time,
            limits.random_gap_above,
            "随机折的效果好于按时间切分：只能报告按时间切分的结果",
            "random folds promise more than time keeps: report the split by time only",
        )
    ]


def year_rate_alarms(sample: Dataset, limits: LeakLimits) -> list[Alarm]:
    """Years whose outcome rate differs too much from the year before."""
    year = sample.day.astype("datetime64[D]").astype("datetime64[Y]")
    rate_by_year = {
        str(y): (sample.bad * sample.weight)[year == y].sum() / sample.weight[year == y].sum()
        for y in np.unique(year)
    }
    alarms = []
    for (earlier_year, earlier_rate), (later_year, later_rate) in zip(
        rate_by_year.items(), list(rate_by_year.items())[1:], strict=False
    ):
        ratio = max(earlier_rate, later_rate) / max(min(earlier_rate, later_rate), 1e-9)
        if ratio > limits.year_rate_ratio_above:
            alarms.append(
                Alarm(
                    "year_rate",
                    f"{earlier_year}-{later_year}",
                    float(ratio),
                    limits.year_rate_ratio_above,
                    "年度发生率漂移：须按最近年份重新校准，并查明口径是否变化",
                    "the yearly rate has drifted: calibrate on the latest year, and ask whether "
                    "reporting changed",
                )
            )
    return alarms


def drift_alarms(base: Dataset, later: Dataset, limits: LeakLimits) -> list[Alarm]:
    """Indicators whose distribution drifted from the learning period (PSI)."""
    alarms = []
    for k, column in enumerate(base.columns):
        indicator_psi = psi(base.x[k], later.x[k], base.weight, later.weight)
        if indicator_psi > limits.year_psi_above:
            alarms.append(
                Alarm(
                    "drift",
                    column.id,
                    indicator_psi,
                    limits.year_psi_above,
                    "指标分布已漂移：查明口径变化或重新训练",
                    "its values have drifted: ask what changed, or train anew",
                )
            )
    return alarms


def _indicator_rows(sample: Dataset) -> list[tuple[Column, Array]]:
    return list(zip(sample.columns, sample.x, strict=True))


def _binned_log_odds(column: Column, row: Array, sample: Dataset) -> Callable[[Array], Array]:
    bins = find_bins(column, row, sample.bad, sample.weight, _FINENESS)
    average = float(np.average(sample.bad, weights=sample.weight))
    shape = evidence_shape(bins, min(max(average, 1e-9), 1 - 1e-9), _FINENESS.prior)
    return shape.log_odds


def _cross_fitted_auc(column: Column, row: Array, sample: Dataset) -> float:
    """AUC of one indicator, binned on some enterprises and judged on others."""
    return auc(_cross_fitted_risk(column, row, sample), sample.bad, sample.weight)


def _cross_fitted_risk(column: Column, row: Array, sample: Dataset) -> Array:
    """Risk of each row by one indicator, binned on other enterprises where there are enough."""
    risk = np.zeros(len(sample))
    if np.unique(sample.ent).size >= FOLDS:
        # By whole enterprises: on its own rows a fine binning would learn each enterprise by
        # heart and every indicator would look too good.
        folds = GroupKFold(FOLDS).split(sample.bad, groups=sample.ent)
    else:
        folds = KFold(FOLDS, shuffle=True, random_state=0).split(sample.bad)
    for learning_index, judging_index in folds:
        learning_rows = sample.rows(learning_index)
        if np.unique(learning_rows.bad).size == 2:
            risk[judging_index] = _binned_log_odds(column, row[learning_index], learning_rows)(
                row[judging_index]
            )
    return risk
