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
from typing import Any

import numpy as np
from fairlearn.metrics import MetricFrame, false_negative_rate, false_positive_rate, selection_rate

from xhcredit.engine.columns import Store
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import BadSample
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.score_columns import present
from xhcredit.tiers.assign import TIERS, assign
from xhcredit_training.bootstrap import DRAWS, Told, draws, interval
from xhcredit_training.dataset import Array
from xhcredit_training.metrics import chance
from xhcredit_training.promotion_gates import groups, riskiest

RATES = MappingProxyType(
    {"selected": selection_rate, "false_alarms": false_positive_rate, "missed": false_negative_rate}
)
#: cases of either outcome from which a group is told
LEAST = 10


@dataclass(frozen=True)
class Treated:
    """Error rates of one group; ``against`` are its rates less those of all others."""

    grouping: str
    value: int
    rows: int
    rates: Mapping[str, float]
    against: Mapping[str, Told]

    @property
    def differs(self) -> list[str]:
        """Rates whose whole interval is on one side of 0."""
        return [n for n, t in self.against.items() if t.low > 0 or t.high < 0]


def treatment(
    rows: Mapping[str, Array], share: float, count: int = DRAWS, least: int = LEAST
) -> tuple[Treated, ...]:
    """Error rates of every group under a score.

    Args:
        rows: ``risk`` (log-odds), ``bad``, ``weight``, ``ent`` and ``group_…`` by row.
        share: riskiest share that would be visited.
        count: how often enterprises are drawn again.
        least: groups with fewer cases of either outcome are left out.

    Raises:
        BadSample: one outcome only.
    """
    if np.unique(rows["bad"]).size < 2:
        raise BadSample("the judged rows have one outcome only; nothing can be said of fairness")
    flag, times = riskiest(rows, share), draws(rows["ent"], count)
    told = []
    for name, value, at in groups(rows, least):
        if at.all():
            continue
        rates = dict(by_group(rows, flag, at).loc[True])
        rates["overstated"] = _overstated(rows, at, rows["weight"])
        gaps = {
            n: interval(
                partial(_gap, rows, flag, at, n), times, _gap(rows, flag, at, n, np.ones(at.size))
            )
            for n in rates
        }
        told.append(Treated(name, value, int(at.sum()), rates, gaps))
    return tuple(told)


def by_group(rows: Mapping[str, Array], flag: Array, at: Array) -> Any:
    """Rates of a group (True) and of all others (False), weighted, as fairlearn defines them."""
    weight = {"sample_weight": rows["weight"]}
    frame = MetricFrame(
        metrics=dict(RATES),
        y_true=rows["bad"],
        y_pred=flag,
        sensitive_features=at,
        sample_params=dict.fromkeys(RATES, weight),
    )
    return frame.by_group


def _gap(rows: Mapping[str, Array], flag: Array, at: Array, name: str, times: Array) -> float:
    """A rate of a group less that of all others; in plain numpy, as it is computed 200 times."""
    weight = rows["weight"] * times
    if name == "overstated":
        return _overstated(rows, at, weight) - _overstated(rows, ~at, weight)
    return rate(name, rows["bad"], flag, weight * at) - rate(name, rows["bad"], flag, weight * ~at)


def rate(name: str, bad: Array, flag: Array, weight: Array) -> float:
    """One of ``RATES`` in plain numpy; NaN for an empty group."""
    among = {"selected": np.ones(bad.size), "false_alarms": 1 - bad, "missed": bad}[name] * weight
    hit = 1 - flag if name == "missed" else flag
    total = among.sum()
    return float((among * hit).sum() / total) if total > 0 else float("nan")


def _overstated(rows: Mapping[str, Array], at: Array, weight: Array) -> float:
    own = weight * at
    total = own.sum()
    gap = own * (chance(rows["risk"]) - rows["bad"])
    return float(gap.sum() / total) if total > 0 else float("nan")


@dataclass(frozen=True)
class Tolerance:
    """Effect of the tolerance period on one group in one night: counts by tier."""

    grouping: str
    value: int
    enterprises: int
    lifted: int
    without: Mapping[str, int]
    with_it: Mapping[str, int]


def tolerance_effect(
    store: Store, model: Model, grouped: Mapping[str, Array]
) -> tuple[Tolerance, ...]:
    """Tiers of a night with the tolerance period and as they would be without it, by group.

    Args:
        store: clustered columns of a warehouse.
        model: what scores the night.
        grouped: whole numbers by enterprise present on that day (``sample.groups_of``).

    Raises:
        NothingKnown: nobody was known on that day.
    """
    rows = present(store, model.as_of)
    days = np.full(rows.shape, day_number(model.as_of), np.int32)
    x = model.compiled.run(store, rows, days)
    composite = model.scorer.score(x).composite
    bare = replace(model.policy, tolerance=None)
    without, with_it = (
        assign(x, model.compiled.ids, composite, p).tier for p in (bare, model.policy)
    )
    told = []
    for name, values in grouped.items():
        for value in np.unique(values):
            at = values == value
            told.append(
                Tolerance(
                    name,
                    int(value),
                    int(at.sum()),
                    int((without != with_it)[at].sum()),
                    _counted(without[at]),
                    _counted(with_it[at]),
                )
            )
    return tuple(told)


def _counted(tier: Array) -> dict[str, int]:
    return dict(zip(TIERS, np.bincount(tier, minlength=len(TIERS)).tolist(), strict=True))
