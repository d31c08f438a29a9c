"""Nightly alert update: detect, choose within the alert budget, store; runs after publication."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select

from xhcredit.alerts.budget import AlertChoice, choose_alerts
from xhcredit.alerts.detect import ActiveTrigger, Finding, active_triggers, detect
from xhcredit.alerts.rows import BackTestRow
from xhcredit.alerts.workflow import Standing, redated
from xhcredit.domain.log import log_call
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import UnknownRecord
from xhcredit.jobs.alerts.context import DistrictContext
from xhcredit.jobs.alerts.follow_up import standing_of
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import Budget, Discovery, Flow, Proving, TierFalls
from xhcredit.store.alerts.alerts import DueDayUpdate
from xhcredit.store.alerts.rows import AlertWithSteps, ExpiryTerms, NightFindings
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import snapshots
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store


@dataclass(frozen=True)
class AlertUpdate:
    """What a night's alerts came to; ``waiting`` are triggers that nobody back-tested yet,
    ``redated`` alerts whose due day was counted anew, ``due_unknown`` those of which nobody can say
    until when they must be dealt with.
    """

    as_of: str
    raised: int
    expired: int
    redated: int
    due_unknown: int
    detections: int
    told_before: int
    quiet: int
    held_back: int
    waiting: list[str]
    by_trigger: dict[str, int]
    tiers_of_run: int
    repeated: bool


@log_call(
    "alert.raised",
    lambda update_report: {**asdict(update_report), "waiting": len(update_report.waiting)},
)
def update_alerts(
    warehouse: Path,
    store: Store,
    rules: Rulebook,
    as_of: date,
    act: Act,
    progress: Progress = ignore_progress,
) -> AlertUpdate:
    """Raise the alerts of a night.  The same day, data and rules again do nothing.

    Only triggers whose present numbers were back-tested speak (``alert_proof.prove``).  Everything
    is kept in one transaction: a night killed in the middle leaves nothing.

    Raises:
        NothingKnown: nothing was ever ingested.
    """
    district = DistrictContext.open(warehouse, rules, as_of, progress)
    run, tier_falls = tier_falls_of_run(store, district, as_of)
    ready_triggers, untested_ids = split_by_back_test(store, rules, as_of)
    inputs = _input_digest(district, rules, run, ready_triggers)
    update_report = store.alerts.night_report(as_of, inputs)
    if update_report is not None:
        return AlertUpdate(**update_report, repeated=True)
    district.world.tier_changes = tier_falls
    progress("alerts", 0, 1)
    rate = rules.value("alerts.discovery", Discovery, as_of=as_of)
    detections = detect(district.world, ready_triggers, rate, day_number(as_of))
    choice, finding_by_key = _choose_alerts(district, store, rules, as_of, detections)
    new_alerts = [
        (replace(c, evidence=district.evidence(finding_by_key[c.trigger, c.subject, c.fact])), e)
        for c, e in choice.new
    ]
    report = _report(as_of, detections, choice, untested_ids, run)
    flow = rules.value("alerts.flow", Flow, as_of=as_of)
    stored_report = store.alerts.record_night(
        act, as_of, inputs, new_alerts, expiry_terms(flow, as_of), report, redating(rules)
    )
    return AlertUpdate(**stored_report)


def redating(rules: Rulebook) -> DueDayUpdate:
    """Function that recomputes the due day of an alert from its last step and today's calendar."""

    def redate(alert: AlertWithSteps) -> Standing | None:
        return redated(
            standing_of(alert),
            alert["steps"],
            lambda on: rules.value("alerts.flow", Flow, as_of=on),
            rules.calendar,
        )

    return redate


_FindingByKey = dict[tuple[str, str, str], Finding]


def _choose_alerts(
    district: DistrictContext, store: Store, rules: Rulebook, as_of: date, detections: list[Finding]
) -> tuple[AlertChoice, _FindingByKey]:
    candidates = [(district.candidate(f), f) for f in detections]
    budget = rules.value("alerts.budget", Budget, as_of=as_of)
    choice = choose_alerts([c for c, _ in candidates], store.alerts.earlier_alerts(), budget, as_of)
    return choice, {(c.trigger, c.subject, c.fact): f for c, f in candidates}


def expiry_terms(flow: Flow, as_of: date) -> ExpiryTerms:
    """Expiry terms of alerts that were not issued: latest day of detection, and the reason."""
    detected_before = (as_of - timedelta(days=flow.expires_days)).isoformat()
    return {"before": detected_before, "reason": f"not issued within {flow.expires_days} days"}


def _input_digest(
    district: DistrictContext, rules: Rulebook, run: int, ready_triggers: list[ActiveTrigger]
) -> str:
    """Digest of the inputs of a night's alerts."""
    parts = [
        district.event_columns.digest,
        rules.digest,
        run,
        sorted(t.digest for t in ready_triggers),
    ]
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


def _report(
    as_of: date, detections: list[Finding], choice: AlertChoice, untested_ids: list[str], run: int
) -> NightFindings:
    by_trigger: dict[str, int] = {}
    for c, _ in choice.new:
        by_trigger[c.trigger] = by_trigger.get(c.trigger, 0) + 1
    return {
        "as_of": as_of.isoformat(),
        "detections": len(detections),
        "told_before": choice.known_count,
        "quiet": choice.quiet_count,
        "held_back": len(choice.held_back),
        "waiting": untested_ids,
        "by_trigger": dict(sorted(by_trigger.items())),
        "tiers_of_run": run,
    }


def split_by_back_test(
    store: Store, rules: Rulebook, as_of: date
) -> tuple[list[ActiveTrigger], list[str]]:
    """Triggers with a valid back-test on a day, and ids of those without one."""
    return split_by_proofs(store.alerts.latest_backtests(), rules, as_of)


def split_by_proofs(
    proofs: Mapping[tuple[str, str], BackTestRow], rules: Rulebook, as_of: date
) -> tuple[list[ActiveTrigger], list[str]]:
    """As ``split_by_back_test``, by the last back-test of each trigger and digest of its
    numbers."""
    rule = rules.value("alerts.proving", Proving, as_of=as_of)
    oldest = (as_of - timedelta(days=rule.valid_days)).isoformat()
    ready_triggers, untested_ids = [], []
    for trigger in active_triggers(rules, as_of):
        # Other numbers are another trigger: they have to be back-tested first.
        proof = proofs.get((trigger.id, trigger.digest))
        if proof is not None and proof["as_of"] >= oldest:
            ready_triggers.append(trigger)
        else:
            untested_ids.append(trigger.id)
    return ready_triggers, untested_ids


def tier_falls_of_run(
    store: Store, district: DistrictContext, as_of: date
) -> tuple[int, Mapping[int, tuple[str, str]]]:
    """Number of the run of this very day and tier falls in it, by position; 0 without a run."""
    try:
        run = store.reader.current_run()
    except UnknownRecord:
        return 0, {}
    # A fall is news on the day of its own run; that of another day was told then.
    if run["as_of"] != as_of.isoformat():
        return 0, {}
    s = snapshots.c
    falls_query = select(s.code, s.previous_tier, s.tier).where(
        s.run == run["run"], s.previous_tier != "", s.tier > s.previous_tier
    )
    with store.database.reading() as con:
        fall_rows = con.execute(falls_query).all()
    codes = set(district.event_columns.codes.tolist()) if fall_rows else set()
    return int(run["run"]), {
        district.event_columns.row(code): (previous_tier, tier)
        for code, previous_tier, tier in fall_rows
        if code.encode() in codes
    }


def reads_tiers(trigger: ActiveTrigger) -> bool:
    """Whether a trigger reads tier changes, which need a published run."""
    return isinstance(trigger.numbers, TierFalls)
