"""1 + X to one composite score: the weighted mean in log-odds of the scores that apply.

All scores share one scale, which is affine in log-odds, so the mean of points with the same
weights is the mean of log-odds (a logarithmic opinion pool; Genest & Zidek 1986).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit.engine.jit import compiled, has_numba
from xhcredit.scores.bulk import FlatTable, flatten, points_matrix, sum_points
from xhcredit.scores.release import Release

#: reasons told per enterprise (reason codes, as in credit scoring)
REASONS = 4


@dataclass(frozen=True)
class XWeighting:
    """Scope of an X (feature at least) and its weight beside the general score."""

    feature: str
    at_least: float
    weight: float


@dataclass(frozen=True)
class Pool:
    """How scores are pooled on a day: weight of the general score, and each X in service."""

    general: float
    x: Mapping[str, XWeighting]


@dataclass(frozen=True)
class ScoredBatch:
    """Scores of a batch of enterprises, in the order of the feature matrix' columns.

    ``x`` holds NaN where an X does not apply.  ``reason[j, i]`` is the ``j``-th largest loss of
    enterprise ``i`` as a position in ``Scorer.vocabulary`` (-1: none), ``lost[j, i]`` the points it
    costs the composite and ``value[j, i]`` the indicator's value.
    """

    general: Array
    x: Mapping[str, Array]
    composite: Array
    reason: Array
    lost: Array
    value: Array


def _largest_losses(lost: Array, reason: Array, points: Array) -> None:
    """Find the largest losses of each column; ties go to the earlier row."""
    for i in range(lost.shape[1]):
        for j in range(reason.shape[0]):
            reason[j, i] = -1
            points[j, i] = 0.0
    for k in range(lost.shape[0]):
        for i in range(lost.shape[1]):
            v = lost[k, i]
            last = reason.shape[0] - 1
            # Strictly above: of two equal losses the earlier row stays, as the stable sort of
            # the other branch leaves it.
            if v > points[last, i]:
                j = last
                while j > 0 and v > points[j - 1, i]:
                    points[j, i] = points[j - 1, i]
                    reason[j, i] = reason[j - 1, i]
                    j -= 1
                points[j, i] = v
                reason[j, i] = k


@cache
def _compiled_largest_losses() -> Any:
    return compiled(_largest_losses)


def largest_losses(lost: Array, count: int = REASONS) -> tuple[Array, Array]:
    """Rows and sizes of the largest losses of each column; -1 and 0 where there are fewer."""
    reason = np.full((count, lost.shape[1]), -1, np.int16)
    points = np.zeros((count, lost.shape[1]))
    find = _compiled_largest_losses() if has_numba() else _sorted_largest_losses
    find(lost, reason, points)
    return reason, points


def _sorted_largest_losses(lost: Array, reason: Array, points: Array) -> None:
    """Find the largest losses of each column by sorting, where nothing can be compiled."""
    order = np.argsort(-lost, axis=0, kind="stable")[: reason.shape[0]]
    largest = np.take_along_axis(lost, order, axis=0)
    # Of fewer indicators than reasons the rows beyond stay without one.
    reason[: len(order)] = np.where(largest > 0, order, -1)
    points[: len(order)] = np.maximum(largest, 0.0)


class Scorer:
    """A release, ready for feature matrices with rows ``ids``, on a day's pool.

    ``vocabulary`` lists (score, feature) of every row of every table that may be pooled.
    """

    def __init__(self, release: Release, pool: Pool, ids: list[str]) -> None:
        positions = {name: k for k, name in enumerate(ids)}
        self.release, self.pool, self.positions = release, pool, positions
        names = ["general", *(x for x in release.x if x in pool.x)]
        self.flats: dict[str, FlatTable] = {n: flatten(release.tables[n], positions) for n in names}
        self.vocabulary = [(n, f) for n in names for f in release.tables[n].features]

    def score(self, x: Array) -> ScoredBatch:
        """Score a feature matrix (features by enterprises)."""
        matrices = {name: points_matrix(x, flat) for name, flat in self.flats.items()}
        scores = {n: sum_points(self.release.tables[n], m) for n, m in matrices.items()}
        weights = {"general": np.full(x.shape[1], self.pool.general)}
        for name, weighting in self._x_weightings():
            is_applicable = x[self.positions[weighting.feature]] >= weighting.at_least
            # NaN in the scope's feature is no scope: an X applies only to whom it is known to
            # concern.
            weights[name] = np.where(is_applicable, weighting.weight, 0.0)
            scores[name] = np.where(is_applicable, scores[name], np.nan)
        total = sum(weights.values(), np.zeros(x.shape[1]))
        composite = np.zeros(x.shape[1])
        for name, score in scores.items():
            # Zero times NaN is NaN: the score of an X that does not apply must be gone before
            # it is weighted.
            composite += weights[name] * np.where(weights[name] > 0, score, 0.0)
        composite /= total
        reason, lost = self._reasons(matrices, weights, total)
        return ScoredBatch(
            scores.pop("general"), scores, composite, reason, lost, self._values(x, reason)
        )

    def _x_weightings(self) -> list[tuple[str, XWeighting]]:
        return [(name, self.pool.x[name]) for name in self.flats if name != "general"]

    def _reasons(
        self, matrices: Mapping[str, Array], weights: Mapping[str, Array], total: Array
    ) -> tuple[Array, Array]:
        """Points lost in the composite by indicator, the largest first."""
        rows = []
        for name, points in matrices.items():
            best = self.flats[name].best[:, None]
            # Losses are weighted like their scores, so that the reasons add up to what the
            # composite lacks.
            rows.append((best - points) * (weights[name] / total))
        return largest_losses(np.concatenate(rows))

    def _values(self, x: Array, reason: Array) -> Array:
        """Values of the indicators named as reasons."""
        rows = np.array([self.positions[f] for _, f in self.vocabulary], np.int64)
        # No reason (-1) takes the last row: a value that belongs to none is read by nobody.
        return np.take_along_axis(x, rows[reason], axis=0)
