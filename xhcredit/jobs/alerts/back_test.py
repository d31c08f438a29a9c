"""Back-tests of alert triggers over past years, stored; a trigger without one raises no alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from xhcredit.alerts.back_test import Outcomes, Replay, TierChanges, proof_json, proposed_threshold
from xhcredit.alerts.budget import weekly_capacity
from xhcredit.alerts.detect import ActiveTrigger, active_triggers
from xhcredit.alerts.rows import BackTestReport
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.columns import EventColumns
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import BadInput
from xhcredit.jobs.alerts.context import DistrictContext
from xhcredit.jobs.alerts.nightly_update import reads_tiers
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.scoring.score_columns import score_rows
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import Budget, Discovery, Proving
from xhcredit.scores.release import Release
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store
from xhcredit.tiers.assign import TIERS

_SEARCH_FACTOR = 10  #: how far above its own a threshold is looked for
_TIER_STEP = 4  #: a past tier is computed every so many steps: scoring everybody takes its time


def back_test(
    warehouse: Path,
    rules: Rulebook,
    as_of: date,
    *,
    only: Sequence[str] = (),
    release: Release | None = None,
    propose: bool = False,
    progress: Progress = ignore_progress,
) -> tuple[str, list[BackTestReport]]:
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
    triggers = _triggers_in_force(rules, as_of, only)
    district = DistrictContext.open(warehouse, rules, as_of, progress)
    rule = rules.value("alerts.proving", Proving, as_of=as_of)
    rate = rules.value("alerts.discovery", Discovery, as_of=as_of)
    replay = Replay(district.world, rule, rate, day_number(as_of))
    if release is not None and any(reads_tiers(t) for t in triggers):
        replay.moves = past_tier_falls(district, rules, release, replay.days(), progress)
    outcomes = Outcomes.of(district.world, rule.outcomes, day_number(as_of))
    share = _weekly_alerts_per_trigger(district, rules, as_of)
    reports = []
    for k, trigger in enumerate(t for t in triggers if release is not None or not reads_tiers(t)):
        progress(trigger.id, k, len(triggers))
        proof = replay.prove(trigger, outcomes)
        proposed = proposed_threshold(replay, trigger, share, _SEARCH_FACTOR) if propose else None
        reports.append(proof_json(proof, proposed))
    return district.event_columns.digest, reports


def _triggers_in_force(rules: Rulebook, as_of: date, only: Sequence[str]) -> list[ActiveTrigger]:
    triggers_by_id = {t.id: t for t in active_triggers(rules, as_of)}
    unknown_ids = [name for name in only if name not in triggers_by_id]
    if unknown_ids:
        raise BadInput(
            f'no trigger "{unknown_ids[0]}" in force on {as_of}; one of: '
            f"{', '.join(triggers_by_id)}"
        )
    return [triggers_by_id[name] for name in only] if only else list(triggers_by_id.values())


def _weekly_alerts_per_trigger(district: DistrictContext, rules: Rulebook, as_of: date) -> float:
    """Weekly alerts that one of all triggers may raise within the alert budget of all bureaus."""
    budget = rules.value("alerts.budget", Budget, as_of=as_of)
    bureaus = set(district.names["bureau"].tolist())
    return sum(weekly_capacity(budget, b) for b in bureaus) / max(
        len(active_triggers(rules, as_of)), 1
    )


def store_back_tests(
    store: Store, act: Act, as_of: date, data_digest: str, proofs: Sequence[BackTestReport]
) -> int:
    """Store back-tests, so that their triggers may raise alerts."""
    return store.alerts.save_backtests(act, as_of, data_digest, proofs)


def past_tier_falls(
    district: DistrictContext,
    rules: Rulebook,
    release: Release,
    days: Sequence[int],
    progress: Progress,
) -> dict[int, TierChanges]:
    """Enterprises whose tier fell on past days, all scored as known then.

    A tier of every fourth step is compared with the one before: changes within are one change.
    """
    falls_by_day: dict[int, TierChanges] = {}
    earlier_tiers: np.ndarray | None = None
    for k, day in enumerate(days[::_TIER_STEP]):
        progress("tiers", k * _TIER_STEP, len(days))
        tiers = tiers_on(district.event_columns, rules, release, day)
        if earlier_tiers is not None:
            falls_by_day[day] = tier_falls(earlier_tiers, tiers)
        earlier_tiers = tiers
    return falls_by_day


def tiers_on(
    event_columns: EventColumns, rules: Rulebook, release: Release, day: int
) -> np.ndarray:
    """Tier of each enterprise of a store on a day, as known then; empty before it was known."""
    # By the rules of that very day: a past tier is what the law made of the facts then.
    model = model_on(rules, release, date(1970, 1, 1) + timedelta(days=day))
    rows = event_columns.present(day)
    tiers = np.full(len(event_columns), "", "U1")
    if rows.size:
        tiers[rows] = np.array(TIERS)[score_rows(event_columns, model, rows).columns["tier"]]
    return tiers


def tier_falls(earlier_tiers: np.ndarray, tiers: np.ndarray) -> TierChanges:
    """Enterprises whose tier fell between two days, by position: both tiers."""
    fallen_rows = np.flatnonzero((earlier_tiers != "") & (tiers > earlier_tiers))
    return {int(r): (str(earlier_tiers[r]), str(tiers[r])) for r in fallen_rows}
