"""Points tables alone: a million enterprises by 60 indicators, and one enterprise at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.stopwatch import Stopwatch
from benchmarks.values import digests
from xhcredit.engine.compile import CHUNK
from xhcredit.scores.composite import Pool, Scorer
from xhcredit.scores.points import Indicator, PointsTable, Scale
from xhcredit.scores.release import Release

INDICATORS, BINS, MISSING = 60, 8, 0.1


def points_table() -> PointsTable:
    """A general table of 60 indicators with eight bins each."""
    rng = np.random.default_rng(7)
    rows = []
    for k in range(INDICATORS):
        cuts = np.quantile(rng.exponential(size=1000), np.linspace(0, 1, BINS + 1)[1:-1])
        points = np.sort(rng.uniform(-20, 10, BINS))[::-1]
        rows.append(
            Indicator(
                feature=f"f{k}",
                cuts=tuple(np.unique(cuts).tolist()),
                points=tuple(points.tolist()),
                missing=0,
            )
        )
    return PointsTable(
        score="general",
        name_zh="测",
        name_en="measured",
        made_by="benchmark",
        base=600,
        scale=Scale(anchor_points=600, anchor_odds=20, points_to_double_odds=50),
        indicators=tuple(rows),
    )


def matrix(size: int) -> Any:
    """Random values, features by enterprises, a tenth of them missing."""
    rng = np.random.default_rng(11)
    x = rng.exponential(size=(INDICATORS, size))
    x[rng.random(x.shape) < MISSING] = np.nan
    return x


def _scorer() -> Scorer:
    table = points_table()
    return Scorer(Release("measured", {"general": table}), Pool(1.0, {}), table.features)


def ours(size: int = 1_000_000, check: bool = False) -> Callable[[], Any]:
    """Scores with four reasons each, in the chunks of the night, one thread."""
    scorer, x = _scorer(), matrix(size)
    scorer.score(x[:, :8].copy())

    def work() -> Any:
        score, reason = np.empty(size), np.empty((4, size), np.int16)
        for start in range(0, size, CHUNK):
            part = np.ascontiguousarray(x[:, start : start + CHUNK])
            scored = scorer.score(part)
            score[start : start + CHUNK] = scored.general
            reason[:, start : start + CHUNK] = scored.reason
        return (lambda: digests({"score": score})) if check else None

    return work


def floor(size: int = 1_000_000, check: bool = False) -> Callable[[], Any]:
    """What numpy cannot do with less: searchsorted, take, add; no reasons, one thread."""
    table, x = points_table(), matrix(size)
    arrays = [
        (np.array(i.cuts), np.array([*i.points, i.missing]), len(i.cuts) + 1)
        for i in table.indicators
    ]

    def work() -> Any:
        total = np.full(size, table.base)
        for v, (cuts, points, missing) in zip(x, arrays, strict=True):
            bins = np.searchsorted(cuts, v, side="right")
            bins[np.isnan(v)] = missing
            total += points.take(bins)
        score = np.clip(total, table.scale.lowest, table.scale.highest)
        return (lambda: digests({"score": score})) if check else None

    return work


def floor_with_reasons(size: int = 1_000_000, check: bool = False) -> Callable[[], Any]:
    """The same, and the four largest losses as numpy finds them (argpartition)."""
    table, x = points_table(), matrix(size)

    def work() -> Any:
        total, lost = np.full(size, table.base), np.empty((size, INDICATORS))
        for k, i in enumerate(table.indicators):
            bins = np.searchsorted(np.array(i.cuts), x[k], side="right")
            bins[np.isnan(x[k])] = len(i.points)
            points = np.array([*i.points, i.missing]).take(bins)
            total += points
            lost[:, k] = i.best - points
        np.argpartition(-lost, 4, axis=1)[:, :4].copy()
        score = np.clip(total, table.scale.lowest, table.scale.highest)
        return (lambda: digests({"score": score})) if check else None

    return work


def score_one_at_a_time(probes: int = 20_000) -> Callable[[], dict[str, Any]]:
    """One enterprise at a time in process, from a dictionary of features: score, four reasons."""
    table, x = points_table(), matrix(probes)
    rows = [dict(zip(table.features, column.tolist(), strict=True)) for column in x.T]

    def work() -> dict[str, Any]:
        clock = Stopwatch()
        for values in rows:
            with clock:
                table.score_of(values)
                lost = table.lost(values)
                sorted(lost, key=lost.__getitem__, reverse=True)[:4]
        return clock.percentiles()

    return work
