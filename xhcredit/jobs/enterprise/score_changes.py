"""Score changes between two runs, explained by the published reasons."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from xhcredit.domain.number_format import POINTS, written

Reasons = dict[tuple[str, str], Mapping[str, Any]]


def with_score_changes(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Runs of one enterprise, latest first, each with its score change since the one before.

    The points that the main reasons cost the composite are compared; ``unexplained`` is what they
    do not
    tell: smaller reasons, another release, another weight.  The oldest run has nothing before it.
    """
    reasons = [_reasons_by_indicator(run) for run in runs]
    rows = []
    for index, run in enumerate(runs):
        run_fields = {k: v for k, v in run.items() if k not in ("body", "bureau")}
        change_fields: dict[str, Any] = {"moved": None, "moved_by": [], "rest": None}
        if index + 1 < len(runs):
            changes = _reason_changes(reasons[index + 1], reasons[index])
            change = run["composite"] - runs[index + 1]["composite"]
            unexplained = change - sum(m["composite"] for m in changes)
            change_fields = {
                "moved": written(change, POINTS),
                "moved_by": changes,
                "rest": written(unexplained, POINTS),
            }
        rows.append(run_fields | change_fields)
    return rows


def _reasons_by_indicator(run: Mapping[str, Any]) -> Reasons:
    body = run["body"]
    answer = json.loads(body if isinstance(body, str) else bytes(body))
    return {(r["score"], r["indicator"]): r for r in answer["reasons"]}


def _reason_changes(before: Reasons, after: Reasons) -> list[dict[str, Any]]:
    changes = []
    for key in dict.fromkeys([*before, *after]):
        old_reason, new_reason = before.get(key), after.get(key)
        points_lost = [r["points_lost"] if r else 0.0 for r in (old_reason, new_reason)]
        reason = new_reason or old_reason or {}
        if points_lost[0] != points_lost[1]:
            indicator_fields = {k: reason[k] for k in ("score", "indicator", "zh", "en")}
            values = {
                "before": old_reason and old_reason["value"],
                "after": new_reason and new_reason["value"],
            }
            changes.append(
                {
                    **indicator_fields,
                    **values,
                    "composite": written(points_lost[0] - points_lost[1], POINTS),
                }
            )
    return sorted(changes, key=lambda m: -abs(m["composite"]))
