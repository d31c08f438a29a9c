"""Scoring as a careful numpy user writes it: searchsorted per indicator, argmax for the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.jobs.scoring.model import Model
from xhcredit.tiers.assign import TIERS, assign_tiers

SLICE = 100_000


def _slice(m: Model, x: Mapping[str, Any]) -> dict[str, Any]:
    """Score, tier and reasons of some enterprises; ``x`` has one float64 column per feature."""
    table = m.release.general
    size = len(x[table.indicators[0].feature])
    total, lost = np.full(size, table.base), np.empty((size, len(table.indicators)))
    for k, indicator in enumerate(table.indicators):
        v = x[indicator.feature]
        row = np.array(indicator.points)[
            np.searchsorted(np.array(indicator.cuts), v, "right") % len(indicator.points)
        ]
        row[np.isnan(v)] = indicator.missing
        total += row
        lost[:, k] = indicator.best - row
    score = np.clip(total, table.scale.lowest, table.scale.highest)
    matrix = np.array([x[name] for name in m.compiled.ids])
    columns: dict[str, Any] = {
        "general": score,
        "tier": assign_tiers(matrix, m.compiled.ids, score, m.policy).tier,
    }
    for k in range(1, 5):
        worst = lost.argmax(axis=1)
        points = lost[np.arange(size), worst]
        columns[f"indicator{k}"] = np.where(points > 0, worst, -1)
        columns[f"points_lost{k}"] = np.where(points > 0, points, np.nan)
        lost[np.arange(size), worst] = 0
    return columns


def score(m: Model, x: Mapping[str, Any]) -> dict[str, Any]:
    """Score everybody, a slice at a time."""
    size = len(x[m.compiled.ids[0]])
    parts = []
    for start in range(0, size, SLICE):
        parts.append(_slice(m, {k: v[start : start + SLICE] for k, v in x.items()}))
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def write(m: Model, codes: Any, scored: Mapping[str, Any], target: str) -> None:
    """Write codes, scores, tiers and reasons to Parquet."""
    words = pa.array(m.release.general.features)
    columns = {"code": codes, "general": pa.array(scored["general"])}
    columns["tier"] = pa.DictionaryArray.from_arrays(pa.array(scored["tier"]), pa.array(TIERS))
    for k in range(1, 5):
        reason, lost = scored[f"indicator{k}"], scored[f"points_lost{k}"]
        index = pa.array(reason.astype(np.int16), mask=reason < 0)
        columns[f"reason_{k}"] = pa.DictionaryArray.from_arrays(index, words)
        columns[f"points_lost_{k}"] = pa.array(lost, mask=np.isnan(lost))
    pq.write_table(pa.table(columns), target, compression="zstd")


def comparable(m: Model, scored: Mapping[str, Any]) -> dict[str, Any]:
    """The same columns that our side's digests are made of."""
    ids = np.array([m.compiled.ids.index(f) for f in m.release.general.features] + [-1])
    out = dict(scored)
    out["tier"] = scored["tier"] + ord("A")
    for k in range(1, 5):
        out[f"indicator{k}"] = ids[scored[f"indicator{k}"]]
    return out
