"""Score changes between two runs, explained by the published reasons."""

from __future__ import annotations

import json
from collections.abc import Sequence

from xhcredit.domain.number_format import POINTS, written
from xhcredit.jobs.enterprise.rows import ReasonChange, ScoredRun
from xhcredit.store.night.rows import HistoryRow, PublishedScore, ReasonFact, ScoreReason

Reasons = dict[tuple[str, str], ScoreReason]


def with_score_changes(runs: Sequence[HistoryRow]) -> list[ScoredRun]:
    """Runs of one enterprise, latest first, each with its score change since the one before.

    The points that the main reasons cost the composite are compared, not their values, of which
    some move every day; ``unexplained`` is what they do not tell: smaller reasons, another release,
    another weight.  The oldest run has nothing before it.
    """
    reasons = [_reasons_by_indicator(run) for run in runs]
    rows: list[ScoredRun] = []
    for index, run in enumerate(runs):
        changes: list[ReasonChange] = []
        moved = unexplained = None
        if index + 1 < len(runs):
            changes = _reason_changes(reasons[index + 1], reasons[index])
            change = run["composite"] - runs[index + 1]["composite"]
            moved = written(change, POINTS)
            unexplained = written(change - sum(m["composite"] for m in changes), POINTS)
        rows.append(
            {
                "run": run["run"],
                "as_of": run["as_of"],
                "published_at": run["published_at"],
                "tier": run["tier"],
                "composite": run["composite"],
                "general": run["general"],
                "x": run["x"],
                "etag": run["etag"],
                "moved": moved,
                "moved_by": changes,
                "unexplained": unexplained,
            }
        )
    return rows


def _reasons_by_indicator(run: HistoryRow) -> Reasons:
    answer: PublishedScore = json.loads(bytes(run["body"]))
    return {(r["score"], r["indicator"]): r for r in answer["reasons"]}


def _reason_changes(before: Reasons, after: Reasons) -> list[ReasonChange]:
    changes: list[ReasonChange] = []
    for key in dict.fromkeys([*before, *after]):
        old_reason, new_reason = before.get(key), after.get(key)
        points_lost = [r["points_lost"] if r else 0.0 for r in (old_reason, new_reason)]
        reason = new_reason or old_reason
        if reason is not None and points_lost[0] != points_lost[1]:
            changes.append(
                {
                    "score": reason["score"],
                    "indicator": reason["indicator"],
                    "zh": reason["zh"],
                    "en": reason["en"],
                    "before": _fact_of(old_reason),
                    "after": _fact_of(new_reason),
                    "composite": written(points_lost[0] - points_lost[1], POINTS),
                }
            )
    return sorted(changes, key=lambda m: -abs(m["composite"]))


def _fact_of(reason: ScoreReason | None) -> ReasonFact | None:
    if reason is None:
        return None
    return {"value": reason["value"], "since": reason["since"], "bin": reason["bin"]}
