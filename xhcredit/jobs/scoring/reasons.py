"""Reasons of one score: points of every indicator, and what each costs the composite."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit.features.registry import features
from xhcredit.jobs.scoring.model import NATIONAL_GRADE, Model
from xhcredit.jobs.scoring.rows import IndicatorPoints, ScoreResult
from xhcredit.scores.points import PointsTable
from xhcredit.tiers.assign import TIERS


def applicable_scores(result: ScoreResult) -> list[str]:
    """The scores that apply to the enterprise of a result: ``general``, ``x_food`` …."""
    return [s["score"] for s in result["scores"]]


def result_of(model: Model, x: Array) -> ScoreResult:
    """Scores, tier and points per indicator of one column of features."""
    scored, tiers, x_grades = model.score(x)
    values = {name: float(v) for name, v in zip(model.compiled.ids, x[:, 0], strict=True)}
    x_scores = {n: float(s[0]) for n, s in scored.x.items() if not np.isnan(s[0])}
    weights = {
        "general": model.pool_weight("general"),
        **{n: model.pool_weight(n) for n in x_scores},
    }
    total = sum(weights.values())
    scores = {"general": float(scored.general[0]), **x_scores}
    return {
        "composite": float(scored.composite[0]),
        "tier": TIERS[int(tiers.tier[0])],
        "decided_by": model.policy.deciders[int(tiers.decided_by[0])],
        "national_evaluation": _letter(values[NATIONAL_GRADE]),
        "scores": [
            {
                "score": name,
                "points": points,
                "base": model.release.tables[name].base,
                "weight": weights[name] / total,
                "grade": TIERS[int(x_grades[name][0])] if name in x_grades else None,
                "odds": math.exp(model.release.general.scale.log_odds(points)),
                "indicators": _indicators(
                    model, model.release.tables[name], values, weights[name] / total
                ),
            }
            for name, points in scores.items()
        ],
    }


def _letter(grade: float) -> str | None:
    return None if math.isnan(grade) else TIERS[int(grade)]


def _indicators(
    model: Model, table: PointsTable, values: dict[str, float], weight: float
) -> list[IndicatorPoints]:
    """Points of each indicator against the best attainable, the costliest first."""
    declared = features(model.rules)
    rows: list[IndicatorPoints] = [
        {
            "indicator": i.feature,
            "zh": declared[i.feature].zh,
            "en": declared[i.feature].en,
            "unit": declared[i.feature].unit,
            "value": None if math.isnan(values[i.feature]) else values[i.feature],
            "since": _since(model, i.feature, values[i.feature]),
            "points": i.points_of(values[i.feature]),
            "best": i.best,
            "costs_composite": (i.best - i.points_of(values[i.feature])) * weight,
        }
        for i in table.indicators
    ]
    return sorted(rows, key=lambda r: -r["costs_composite"])


def _since(model: Model, feature: str, value: float) -> str | None:
    """Day from which an indicator counts its days."""
    if model.moves[feature] != "elapses" or math.isnan(value):
        return None
    return (model.as_of - timedelta(days=int(value))).isoformat()
