"""Back-tests of alert triggers over past years, stored; a trigger without one raises no alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from xhcredit.alerts.back_test import Moves, Outcomes, Replay, as_data, proposed
from xhcredit.alerts.budget import weekly
from xhcredit.alerts.detect import Armed, armed
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import BadInput
from xhcredit.jobs.alerts.context import Scene
from xhcredit.jobs.alerts.nightly_update import reads_tiers
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.scoring.score_columns import score_store
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import Budget, Discovery, Proving
from xhcredit.scores.release import Release
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store
from xhcredit.tiers.assign import TIERS

_TIMES = 10  #: how far above its own a threshold is looked for
_NIGHTS = 4  #: a past tier is computed every so many steps: scoring everybody takes its time


def back_test(
    warehouse: Path,
    rules: Rulebook,
    as_of: date,
    *,
    only: Sequence[str] = (),
    release: Release | None = None,
    propose: bool = False,
    progress: Progress = ignore_progress,
) -> tuple[str, list[dict[str, Any]]]:
    """Back-test triggers over the past two years as known on each day; stores nothing.

    Args:
        warehouse: folder of the data.
        rules: the rulebook.
        as_of: the last day.
        only: ids of triggers; all by default.
        release: points tables by which past tiers are computed; without it, triggers on tiers
            are left out.
        propose: also look for thresholds that keep within the alert budget.
        progress: told how far it is.

    Returns:
        The digest of the data, and one report per trigger.

    Raises:
        BadInput: a trigger that is not in force.
    """
    chosen = _triggers(rules, as_of, only)
    scene = Scene.open(warehouse, rules, as_of, progress)
    rule = rules.value("alerts.proving", Proving, as_of=as_of)
    rate = rules.value("alerts.discovery", Discovery, as_of=as_of)
    replay = Replay(scene.world, rule, rate, day_number(as_of))
    if release is not None and any(reads_tiers(t) for t in chosen):
        replay.moves = past_moves(scene, rules, release, replay.days(), progress)
    outcomes = Outcomes.of(scene.world, rule.outcomes, day_number(as_of))
    share = _share(scene, rules, as_of)
    told = []
    for k, trigger in enumerate(t for t in chosen if release is not None or not reads_tiers(t)):
        progress(trigger.id, k, len(chosen))
        report = as_data(replay.prove(trigger, outcomes))
        if propose:
            report["proposed_at_least"] = proposed(replay, trigger, share, _TIMES)
        told.append(report)
    return scene.store.digest, told


def _triggers(rules: Rulebook, as_of: date, only: Sequence[str]) -> list[Armed]:
    every = {t.id: t for t in armed(rules, as_of)}
    unknown = [name for name in only if name not in every]
    if unknown:
        raise BadInput(f'no trigger "{unknown[0]}" in force on {as_of}; one of: {", ".join(every)}')
    return [every[name] for name in only] if only else list(every.values())


def _share(scene: Scene, rules: Rulebook, as_of: date) -> float:
    """Weekly alerts that one of all triggers may raise within the alert budget of all bureaus."""
    budget = rules.value("alerts.budget", Budget, as_of=as_of)
    bureaus = set(scene.names["bureau"].tolist())
    return sum(weekly(budget, b) for b in bureaus) / max(len(armed(rules, as_of)), 1)


def prove(store: Store, act: Act, as_of: date, data: str, proofs: list[dict[str, Any]]) -> int:
    """Store back-tests, so that their triggers may raise alerts."""
    return store.alerts.prove(act, as_of, data, proofs)


def past_moves(
    scene: Scene, rules: Rulebook, release: Release, days: Sequence[int], progress: Progress
) -> dict[int, Moves]:
    """Enterprises whose tier fell on past days, all scored as known then.

    A tier of every fourth step is compared with the one before: changes within are one change.
    """
    moves: dict[int, Moves] = {}
    before: np.ndarray | None = None
    for k, day in enumerate(days[::_NIGHTS]):
        progress("tiers", k * _NIGHTS, len(days))
        model = model_on(rules, release, date(1970, 1, 1) + timedelta(days=day))
        rows = scene.store.present(day)
        now = np.full(len(scene.store), "", "U1")
        if rows.size:
            now[rows] = np.array(TIERS)[score_store(scene.store, model, rows).columns["tier"]]
        if before is not None:
            fell = np.flatnonzero((before != "") & (now > before))
            moves[day] = {int(r): (str(before[r]), str(now[r])) for r in fell}
        before = now
    return moves
