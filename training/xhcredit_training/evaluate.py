"""Evaluation on a later period: metrics with intervals, overall and by group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from xhcredit_training.bootstrap import DRAWS, Told, difference, draws, interval, with_intervals
from xhcredit_training.dataset import Array, Frame
from xhcredit_training.metrics import METRICS, days_earlier
from xhcredit_training.models import Risky
from xhcredit_training.stability import Period, by_month

#: what is told of each group; the rest needs more cases than a group has
BY_GROUP = ("auc", "ks", "brier", "calibration_slope")
#: a group with fewer cases of either outcome is counted, not judged
LEAST_IN_GROUP = 10


@dataclass(frozen=True)
class Group:
    """One value of one grouping: rows, weighted rate, mean predicted chance, figures."""

    grouping: str
    value: int
    rows: int
    bad: int
    rate: float
    predicted: float
    metrics: Mapping[str, Told]


@dataclass(frozen=True)
class Report:
    """Evaluation of a model; ``unweighted`` where rows have weights, else empty."""

    rows: int
    bad: int
    metrics: Mapping[str, Told]
    unweighted: Mapping[str, Told]
    groups: tuple[Group, ...]
    months: tuple[Period, ...]

    def flat(self) -> dict[str, float]:
        """Metrics by plain name, each with ``_low`` and ``_high``, without NaN."""
        told: dict[str, float] = {}
        for prefix, metrics in (("", self.metrics), ("unweighted_", self.unweighted)):
            for name, t in metrics.items():
                parts = {"": t.value, "_low": t.low, "_high": t.high}
                told |= {f"{prefix}{name}{end}": v for end, v in parts.items() if v == v}
        worst = max((m.psi for m in self.months), default=float("nan"))
        return told | ({"psi_worst_month": worst} if worst == worst else {})

    def as_data(self) -> dict[str, Any]:
        """As JSON-ready values; NaN becomes null."""
        data: dict[str, Any] = _plain(asdict(self))
        return data


def evaluate(model: Risky, base: Frame, judge: Frame, count: int = DRAWS) -> Report:
    """Judge a model on a later period.

    Args:
        model: what is judged.
        base: what it learned from, for stability.
        judge: rows of a later period.
        count: how often enterprises are drawn again for the intervals.
    """
    risk = model.risk(judge.x, judge.ids)
    told = with_intervals(METRICS, risk, judge.bad, judge.weight, judge.ent, count)
    if "visited_on" in judge.groups:
        told["days_earlier"] = _days(risk, judge, count)
    even = np.ones(len(judge))
    weighted = bool((judge.weight != judge.weight[0]).any())
    again = with_intervals(METRICS, risk, judge.bad, even, judge.ent, count) if weighted else {}
    used = base.only(model.ids) if set(model.ids) <= set(base.ids) else base
    later = judge.only(used.ids)
    months = by_month(used, model.risk(base.x, base.ids), later, risk)
    return Report(
        len(judge), int(judge.bad.sum()), told, again, by_groups(risk, judge, count), tuple(months)
    )


def _days(risk: Array, judge: Frame, count: int) -> Told:
    """Days by which problems would have been met earlier, with its interval."""
    day = judge.groups["visited_on"]

    def of(times: Array) -> float:
        at = np.repeat(np.arange(times.size), times)
        return days_earlier(risk[at], judge.bad[at], day[at])

    return interval(of, draws(judge.ent, count), days_earlier(risk, judge.bad, day))


def by_groups(risk: Array, judge: Frame, count: int = DRAWS) -> tuple[Group, ...]:
    """Figures of every value of every grouping; days are no grouping."""
    told = []
    for name, values in judge.groups.items():
        if name == "visited_on":
            continue
        for value in np.unique(values):
            told.append(_group(name, int(value), risk, judge, values == value, count))
    return tuple(told)


def _group(name: str, value: int, risk: Array, judge: Frame, at: Array, count: int) -> Group:
    part, own = judge.rows(at), risk[at]
    cases = min(part.bad.sum(), len(part) - part.bad.sum())
    chosen = {m: METRICS[m] for m in BY_GROUP} if cases >= LEAST_IN_GROUP else {}
    return Group(
        name,
        value,
        len(part),
        int(part.bad.sum()),
        float(np.average(part.bad, weights=part.weight)),
        float(np.average(1 / (1 + np.exp(-own)), weights=part.weight)),
        with_intervals(chosen, own, part.bad, part.weight, part.ent, count),
    )


def compare(one: Risky, other: Risky, judge: Frame, count: int = DRAWS) -> dict[str, Told]:
    """Every figure of ``one`` less that of ``other``, resampled together."""
    a, b = (m.risk(judge.x, judge.ids) for m in (one, other))
    return {
        name: difference(metric, a, b, judge.bad, judge.weight, judge.ent, count)
        for name, metric in METRICS.items()
    }


def _plain(value: Any) -> Any:
    """NaN as null, so that the JSON is read everywhere."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
