"""Small nights as ``run_night`` writes them, without scoring anybody."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.jobs.scoring.result_table import write_atomic
from xhcredit.scores.release import Release

TIERS = "ABCD"


def code(number: int) -> str:
    """An 18-character code (its check digit does not matter here)."""
    return f"91310000{number:010d}"


def night(
    folder: Path,
    as_of: str,
    tiers: str,
    *,
    release: Release | None = None,
    columns: dict[int, dict[str, object]] | None = None,
) -> Path:
    """Write a night: enterprise ``n`` has the n-th letter of ``tiers``; a dot leaves it out.

    ``columns`` are further or other values of an enterprise: bureaus, listings, scores.
    """
    extra = columns or {}
    rows = [
        _row(n, tier, as_of) | extra.get(n, {}) for n, tier in enumerate(tiers) if tier in TIERS
    ]
    provenance = {
        "as_of": as_of,
        "release": release.name if release else "test",
        "release_digest": release.digest if release else "r",
        "rulebook_digest": "b",
        "feature_digest": "f",
        "data_digest": f"{tiers} {extra}" if extra else tiers,
        "code_version": "0",
    }
    write_atomic(pa.Table.from_pylist(rows, _SCHEMA), folder / "scores.parquet", provenance)
    report = {
        "provenance": provenance,
        "enterprises": len(rows),
        "tiers": {t: tiers.count(t) for t in TIERS},
        "scored_x": {},
        "not_delivered": [],
    }
    (folder / "run.json").write_text(json.dumps(report), encoding="utf-8")
    return folder


def _row(number: int, tier: str, as_of: str) -> dict[str, object]:
    score = 900.0 - 200 * TIERS.index(tier) + number / 7
    reason = {
        "score": "general", "indicator": "penalties_24m", "zh": "近24个月行政处罚次数",
        "en": "penalties", "value": 1.0, "since": None, "bin": None, "points_lost": 12.5,
    }  # fmt: skip
    return {
        "code": code(number),
        "general": score,
        "composite": score,
        "tier": tier,
        "x_food": 600.5 if number % 2 else None,
        "x_food_grade": "B" if number % 2 else None,
        "reasons": [reason] if number % 3 else [],
        "decided_by": "tiers.cutoffs",
        "national_evaluation": None,
    }


_REASON = pa.struct(
    [
        ("score", pa.string()),
        ("indicator", pa.string()),
        ("zh", pa.string()),
        ("en", pa.string()),
        ("value", pa.float64()),
        ("since", pa.date32()),
        ("bin", pa.struct([("at_least", pa.float64()), ("below", pa.float64())])),
        ("points_lost", pa.float64()),
    ]
)
_SCHEMA = pa.schema(
    [
        ("code", pa.string()),
        ("general", pa.float64()),
        ("x_food", pa.float64()),
        ("composite", pa.float64()),
        ("tier", pa.string()),
        ("reasons", pa.list_(_REASON)),
        ("decided_by", pa.string()),
        ("x_food_grade", pa.string()),
        ("national_evaluation", pa.string()),
        ("bureaus", pa.string()),
        ("listings", pa.string()),
    ]
)


def metadata(folder: Path) -> dict[bytes, bytes]:
    """What the scores file says of itself."""
    return pq.read_schema(folder / "scores.parquet").metadata
