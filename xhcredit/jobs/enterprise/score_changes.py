"""Score changes between two runs, explained by the published reasons."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from xhcredit.domain.number_format import POINTS, written

Reasons = dict[tuple[str, str], Mapping[str, Any]]


def with_moves(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Runs of one enterprise, latest first, each with its score change since the one before.

    The points that the main reasons cost the composite are compared; ``rest`` is what they do not
    tell: smaller reasons, another release, another weight.  The oldest run has nothing before it.
    """
    reasons = [_reasons(run) for run in runs]
    told = []
    for at, run in enumerate(runs):
        plain = {k: v for k, v in run.items() if k not in ("body", "bureau")}
        moved: dict[str, Any] = {"moved": None, "moved_by": [], "rest": None}
        if at + 1 < len(runs):
            by = _compared(reasons[at + 1], reasons[at])
            change = run["composite"] - runs[at + 1]["composite"]
            rest = change - sum(m["composite"] for m in by)
            moved = {
                "moved": written(change, POINTS),
                "moved_by": by,
                "rest": written(rest, POINTS),
            }
        told.append(plain | moved)
    return told


def _reasons(run: Mapping[str, Any]) -> Reasons:
    body = run["body"]
    said = json.loads(body if isinstance(body, str) else bytes(body))
    return {(r["score"], r["indicator"]): r for r in said["reasons"]}


def _compared(before: Reasons, after: Reasons) -> list[dict[str, Any]]:
    found = []
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        lost = [r["points_lost"] if r else 0.0 for r in (old, new)]
        named = new or old or {}
        if lost[0] != lost[1]:
            shown = {k: named[k] for k in ("score", "indicator", "zh", "en")}
            values = {"before": old and old["value"], "after": new and new["value"]}
            found.append({**shown, **values, "composite": written(lost[0] - lost[1], POINTS)})
    return sorted(found, key=lambda m: -abs(m["composite"]))
