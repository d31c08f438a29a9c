"""Fairness: error rates by ownership, size, age, street and new forms, with intervals.

Three questions, each answered for a group against all others: how often it is among the riskiest
(``selected``), how often wrongly (``false_alarms``), and how often its bad cases are missed
(``missed``); and whether its chances are true (``overstated``: predicted less observed).  A
difference is told with the interval of drawing whole enterprises again; fairlearn computes the
rates, one definition for all groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame, false_negative_rate, false_positive_rate, selection_rate

from xhcredit.engine.columns import Array, EventColumns
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import BadSample
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.score_columns import present_rows
from xhcredit.tiers.assign import TIERS, assign_tiers
from xhcredit_training.bootstrap import DRAWS, Estimate, bootstrap_counts, interval
from xhcredit_training.metrics import chance
from xhcredit_training.promotion_gates import groups, riskiest

RATES = MappingProxyType(
    {"selected": selection_rate, "false_alarms": false_positive_rate, "missed": false_negative_rate}
)
#: cases of either outcome from which a group is told
MIN_CASES = 10


@dataclass(frozen=True)
class GroupTreatment:
    """Error rates of one group; ``against`` are its rates less those of all others."""

    grouping: str
    value: int
    rows: int
    rates: Mapping[str, float]
    against: Mapping[str, Estimate]

    @property
    def differs(self) -> list[str]:
        """Rates whose whole interval is on one side of 0."""
        return [n for n, t in self.against.items() if t.low > 0 or t.high < 0]


def group_treatments(
    rows: Mapping[str, Array], share: float, count: int = DRAWS, min_cases: int = MIN_CASES
) -> tuple[GroupTreatment, ...]:
    """Error rates of every group under a score.

    Args:
        rows: ``risk`` (log-odds), ``bad``, ``weight``, ``ent`` and ``group_…`` by row.
        share: riskiest share that would be visited.
        count: how often enterprises are drawn again.
        min_cases: groups with fewer cases of either outcome are left out.

    Raises:
        BadSample: one outcome only.
    """
    if np.unique(rows["bad"]).size < 2:
        raise BadSample("the judged rows have one outcome only; nothing can be said of fairness")
    is_riskiest, draw_counts = riskiest(rows, share), bootstrap_counts(rows["ent"], count)
    treatments = []
    for name, value, in_group in groups(rows, min_cases):
        # A group of everybody has no others to be compared with.
        if in_group.all():
            continue
        rates = dict(rates_by_membership(rows, is_riskiest, in_group).loc[True])
        rates["overstated"] = _overstated(rows, in_group, rows["weight"])
        gap_by_rate = {
            n: interval(
                partial(_gap, rows, is_riskiest, in_group, n),
                draw_counts,
                _gap(rows, is_riskiest, in_group, n, np.ones(in_group.size)),
            )
            for n in rates
        }
        treatments.append(GroupTreatment(name, value, int(in_group.sum()), rates, gap_by_rate))
    return tuple(treatments)


def rates_by_membership(
    rows: Mapping[str, Array], is_riskiest: Array, in_group: Array
) -> pd.DataFrame:
    """Rates of a group (True) and of all others (False), weighted, as fairlearn defines them."""
    weight = {"sample_weight": rows["weight"]}
    metric_frame = MetricFrame(
        metrics=dict(RATES),
        y_true=rows["bad"],
        y_pred=is_riskiest,
        sensitive_features=in_group,
        sample_params=dict.fromkeys(RATES, weight),
    )
    rates: pd.DataFrame = metric_frame.by_group
    return rates


def _gap(
    rows: Mapping[str, Array], is_riskiest: Array, in_group: Array, name: str, draw_counts: Array
) -> float:
    """A rate of a group less that of all others; in plain numpy, as it is computed 200 times."""
    weight = rows["weight"] * draw_counts
    if name == "overstated":
        return _overstated(rows, in_group, weight) - _overstated(rows, ~in_group, weight)
    return rate(name, rows["bad"], is_riskiest, weight * in_group) - rate(
        name, rows["bad"], is_riskiest, weight * ~in_group
    )


def rate(name: str, bad: Array, is_riskiest: Array, weight: Array) -> float:
    """One of ``RATES`` in plain numpy; NaN for an empty group."""
    base_weight = {"selected": np.ones(bad.size), "false_alarms": 1 - bad, "missed": bad}[
        name
    ] * weight
    # A bad case is missed when it is not among the riskiest: the rate of false negatives.
    is_hit = 1 - is_riskiest if name == "missed" else is_riskiest
    total = base_weight.sum()
    return float((base_weight * is_hit).sum() / total) if total > 0 else float("nan")


def _overstated(rows: Mapping[str, Array], in_group: Array, weight: Array) -> float:
    group_weight = weight * in_group
    total = group_weight.sum()
    gap = group_weight * (chance(rows["risk"]) - rows["bad"])
    return float(gap.sum() / total) if total > 0 else float("nan")


@dataclass(frozen=True)
class ToleranceEffect:
    """Effect of the tolerance period on one group in one night: counts by tier."""

    grouping: str
    value: int
    enterprises: int
    lifted: int
    without: Mapping[str, int]
    with_it: Mapping[str, int]


def tolerance_effect(
    event_columns: EventColumns, model: Model, groupings: Mapping[str, Array]
) -> tuple[ToleranceEffect, ...]:
    """Tiers of a night with the tolerance period and as they would be without it, by group.

    Args:
        event_columns: clustered columns of a warehouse.
        model: what scores the night.
        groupings: whole numbers by enterprise present on that day (``sample.groups_of``).

    Raises:
        NothingKnown: nobody was known on that day.
    """
    rows = present_rows(event_columns, model.as_of)
    days = np.full(rows.shape, day_number(model.as_of), np.int32)
    x = model.compiled.run(event_columns, rows, days)
    composite = model.scorer.score(x).composite
    # Both tiers of the same night, so that nothing but the tolerance differs between them.
    policy_without_tolerance = replace(model.policy, tolerance=None)
    without, with_it = (
        assign_tiers(x, model.compiled.ids, composite, p).tier
        for p in (policy_without_tolerance, model.policy)
    )
    effects = []
    for name, values in groupings.items():
        for value in np.unique(values):
            in_group = values == value
            effects.append(
                ToleranceEffect(
                    name,
                    int(value),
                    int(in_group.sum()),
                    int((without != with_it)[in_group].sum()),
                    _count_by_tier(without[in_group]),
                    _count_by_tier(with_it[in_group]),
                )
            )
    return tuple(effects)


def _count_by_tier(tier: Array) -> dict[str, int]:
    return dict(zip(TIERS, np.bincount(tier, minlength=len(TIERS)).tolist(), strict=True))
