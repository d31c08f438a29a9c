"""Evaluation on a later period: metrics with intervals, overall and by group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import cast

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit_training.bootstrap import (
    DRAWS,
    Estimate,
    bootstrap_counts,
    difference,
    interval,
    with_intervals,
)
from xhcredit_training.dataset import Dataset
from xhcredit_training.metrics import METRICS, days_earlier
from xhcredit_training.models import RiskModel
from xhcredit_training.psi import Period, by_month
from xhcredit_training.rows import ReportRow

#: what is told of each group; the rest needs more cases than a group has
GROUP_METRICS = ("auc", "ks", "brier", "calibration_slope")
#: a group with fewer cases of either outcome is counted, not judged
MIN_CASES_IN_GROUP = 10


@dataclass(frozen=True)
class Group:
    """One value of one grouping: rows, weighted rate, mean predicted chance, figures."""

    grouping: str
    value: int
    rows: int
    bad: int
    rate: float
    predicted: float
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True)
class Report:
    """Evaluation of a model; ``unweighted`` where rows have weights, else empty."""

    rows: int
    bad: int
    metrics: Mapping[str, Estimate]
    unweighted: Mapping[str, Estimate]
    groups: tuple[Group, ...]
    months: tuple[Period, ...]

    def flat(self) -> dict[str, float]:
        """Metrics by plain name, each with ``_low`` and ``_high``, without NaN."""
        figures: dict[str, float] = {}
        for prefix, metrics in (("", self.metrics), ("unweighted_", self.unweighted)):
            for name, estimate in metrics.items():
                estimate_by_suffix = {
                    "": estimate.value,
                    "_low": estimate.low,
                    "_high": estimate.high,
                }
                figures |= {
                    f"{prefix}{name}{suffix}": v
                    for suffix, v in estimate_by_suffix.items()
                    if v == v
                }
        worst_psi = max((m.psi for m in self.months), default=float("nan"))
        return figures | ({"psi_worst_month": worst_psi} if worst_psi == worst_psi else {})

    def as_data(self) -> ReportRow:
        """As JSON-ready values; NaN becomes null."""
        return cast(ReportRow, json_ready(asdict(self)))


def evaluate(model: RiskModel, base: Dataset, judge: Dataset, count: int = DRAWS) -> Report:
    """Judge a model on a later period.

    Args:
        model: what is judged.
        base: what it learned from, for stability.
        judge: rows of a later period.
        count: how often enterprises are drawn again for the intervals.
    """
    risk = model.risk(judge.x, judge.ids)
    estimates = with_intervals(METRICS, risk, judge.bad, judge.weight, judge.ent, count)
    if "visited_on" in judge.groups:
        estimates["days_earlier"] = _days_earlier_estimate(risk, judge, count)
    # Weights undo who was visited more often; without them one sees how much hangs on that.
    unit_weights = np.ones(len(judge))
    has_weights = bool((judge.weight != judge.weight[0]).any())
    unweighted = (
        with_intervals(METRICS, risk, judge.bad, unit_weights, judge.ent, count)
        if has_weights
        else {}
    )
    # Stability is of what the model reads: drift elsewhere moves no score.
    base_columns = base.only(model.ids) if set(model.ids) <= set(base.ids) else base
    judge_columns = judge.only(base_columns.ids)
    months = by_month(base_columns, model.risk(base.x, base.ids), judge_columns, risk)
    return Report(
        len(judge),
        int(judge.bad.sum()),
        estimates,
        unweighted,
        by_groups(risk, judge, count),
        tuple(months),
    )


def _days_earlier_estimate(risk: Array, judge: Dataset, count: int) -> Estimate:
    """Days by which problems would have been met earlier, with its interval."""
    day = judge.groups["visited_on"]

    def statistic(draw_counts: Array) -> float:
        row_positions = np.repeat(np.arange(draw_counts.size), draw_counts)
        return days_earlier(risk[row_positions], judge.bad[row_positions], day[row_positions])

    return interval(
        statistic, bootstrap_counts(judge.ent, count), days_earlier(risk, judge.bad, day)
    )


def by_groups(risk: Array, judge: Dataset, count: int = DRAWS) -> tuple[Group, ...]:
    """Figures of every value of every grouping; days are no grouping."""
    group_reports = []
    for name, values in judge.groups.items():
        # A day each is no group of people, and its cases would be too few to say anything.
        if name == "visited_on":
            continue
        for value in np.unique(values):
            group_reports.append(_group(name, int(value), risk, judge, values == value, count))
    return tuple(group_reports)


def _group(
    name: str, value: int, risk: Array, judge: Dataset, row_mask: Array, count: int
) -> Group:
    group_rows, group_risk = judge.rows(row_mask), risk[row_mask]
    # The rarer outcome bounds what can be said, however many rows there are.
    cases = min(group_rows.bad.sum(), len(group_rows) - group_rows.bad.sum())
    group_metrics = {m: METRICS[m] for m in GROUP_METRICS} if cases >= MIN_CASES_IN_GROUP else {}
    return Group(
        name,
        value,
        len(group_rows),
        int(group_rows.bad.sum()),
        float(np.average(group_rows.bad, weights=group_rows.weight)),
        float(np.average(1 / (1 + np.exp(-group_risk)), weights=group_rows.weight)),
        with_intervals(
            group_metrics, group_risk, group_rows.bad, group_rows.weight, group_rows.ent, count
        ),
    )


def compare(
    first_model: RiskModel, second_model: RiskModel, judge: Dataset, count: int = DRAWS
) -> dict[str, Estimate]:
    """Every figure of ``first_model`` less that of ``second_model``, resampled together."""
    first_risk, second_risk = (m.risk(judge.x, judge.ids) for m in (first_model, second_model))
    return {
        name: difference(metric, first_risk, second_risk, judge.bad, judge.weight, judge.ent, count)
        for name, metric in METRICS.items()
    }


def json_ready(value: object) -> object:
    """Plain values with NaN as null: canonical JSON has none, and few programs read it."""
    if isinstance(value, Mapping):
        return {str(k): json_ready(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
