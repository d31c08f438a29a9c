"""Nightly alert update: detect, choose within the alert budget, store; runs after publication."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from xhcredit.alerts.budget import Choice, choose
from xhcredit.alerts.detect import Armed, Found, armed, detect
from xhcredit.alerts.workflow import Standing, redated
from xhcredit.domain.log import logged
from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import UnknownRecord
from xhcredit.jobs.alerts.context import Scene
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import Budget, Discovery, Flow, Proving, TierFalls
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import snapshots
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store


@dataclass(frozen=True)
class Updated:
    """What a night's alerts came to; ``waiting`` are triggers that nobody back-tested yet,
    ``redated`` alerts whose due day was counted anew, ``due_unknown`` those of which nobody can say
    until when they must be dealt with.
    """

    as_of: str
    raised: int
    expired: int
    redated: int
    due_unknown: int
    found: int
    told_before: int
    quiet: int
    held: int
    waiting: list[str]
    by_trigger: dict[str, int]
    tiers_of_run: int
    repeated: bool


@logged("alert.raised", lambda done: {**asdict(done), "waiting": len(done.waiting)})
def update(
    warehouse: Path,
    store: Store,
    rules: Rulebook,
    as_of: date,
    act: Act,
    progress: Progress = ignore_progress,
) -> Updated:
    """Raise the alerts of a night.  The same day, data and rules again do nothing.

    Only triggers whose present numbers were back-tested speak (``alert_proof.prove``).  Everything
    is kept in one transaction: a night killed in the middle leaves nothing.

    Raises:
        NothingKnown: nothing was ever ingested.
    """
    scene = Scene.open(warehouse, rules, as_of, progress)
    run, moves = tier_moves(store, scene, as_of)
    ready, waiting = proven(store, rules, as_of)
    inputs = _inputs(scene, rules, run, ready)
    done = store.alerts.done(as_of, inputs)
    if done is not None:
        return Updated(**done, repeated=True)
    scene.world.moves = moves
    progress("alerts", 0, 1)
    rate = rules.value("alerts.discovery", Discovery, as_of=as_of)
    found = detect(scene.world, ready, rate, day_number(as_of))
    choice, findings = _chosen(scene, store, rules, as_of, found)
    new = [
        (replace(c, evidence=scene.evidence(findings[c.trigger, c.subject, c.fact])), e)
        for c, e in choice.new
    ]
    told = _report(as_of, found, choice, waiting, run)
    flow = rules.value("alerts.flow", Flow, as_of=as_of)
    kept = store.alerts.night(act, as_of, inputs, new, expiring(flow, as_of), told, redating(rules))
    return Updated(**kept)


def redating(rules: Rulebook) -> Callable[[dict[str, Any]], Standing | None]:
    """Function that recomputes the due day of an alert from its last step and today's calendar."""

    def of(alert: dict[str, Any]) -> Standing | None:
        standing = Standing(**{f.name: alert[f.name] for f in fields(Standing)})
        return redated(
            standing,
            alert["steps"],
            lambda on: rules.value("alerts.flow", Flow, as_of=on),
            rules.calendar,
        )

    return of


_Findings = dict[tuple[str, str, str], Found]


def _chosen(
    scene: Scene, store: Store, rules: Rulebook, as_of: date, found: list[Found]
) -> tuple[Choice, _Findings]:
    candidates = [(scene.candidate(f), f) for f in found]
    budget = rules.value("alerts.budget", Budget, as_of=as_of)
    choice = choose([c for c, _ in candidates], store.alerts.earlier(), budget, as_of)
    return choice, {(c.trigger, c.subject, c.fact): f for c, f in candidates}


def expiring(flow: Flow, as_of: date) -> Mapping[str, Any]:
    """Expiry terms of alerts that were not issued: latest day of detection, and the reason."""
    before = (as_of - timedelta(days=flow.expires_days)).isoformat()
    return {"before": before, "reason": f"not issued within {flow.expires_days} days"}


def _inputs(scene: Scene, rules: Rulebook, run: int, ready: list[Armed]) -> str:
    """Digest of the inputs of a night's alerts."""
    parts = [scene.store.digest, rules.digest, run, sorted(t.digest for t in ready)]
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


def _report(
    as_of: date, found: list[Found], choice: Choice, waiting: list[str], run: int
) -> dict[str, Any]:
    by_trigger: dict[str, int] = {}
    for c, _ in choice.new:
        by_trigger[c.trigger] = by_trigger.get(c.trigger, 0) + 1
    return {
        "as_of": as_of.isoformat(),
        "found": len(found),
        "told_before": choice.told,
        "quiet": choice.quiet,
        "held": len(choice.held),
        "waiting": waiting,
        "by_trigger": dict(sorted(by_trigger.items())),
        "tiers_of_run": run,
    }


def proven(store: Store, rules: Rulebook, as_of: date) -> tuple[list[Armed], list[str]]:
    """Triggers with a valid back-test on a day, and ids of those without one."""
    return proven_by(store.alerts.proofs(), rules, as_of)


def proven_by(
    proofs: Mapping[tuple[str, str], Mapping[str, Any]], rules: Rulebook, as_of: date
) -> tuple[list[Armed], list[str]]:
    """As ``proven``, by the last back-test of each trigger and digest of its numbers."""
    rule = rules.value("alerts.proving", Proving, as_of=as_of)
    oldest = (as_of - timedelta(days=rule.valid_days)).isoformat()
    ready, waiting = [], []
    for trigger in armed(rules, as_of):
        proof = proofs.get((trigger.id, trigger.digest))
        if proof is not None and proof["as_of"] >= oldest:
            ready.append(trigger)
        else:
            waiting.append(trigger.id)
    return ready, waiting


def tier_moves(
    store: Store, scene: Scene, as_of: date
) -> tuple[int, Mapping[int, tuple[str, str]]]:
    """Number of the run of this very day and tier falls in it, by position; 0 without a run."""
    try:
        run = store.reader.current_run()
    except UnknownRecord:
        return 0, {}
    if run["as_of"] != as_of.isoformat():
        return 0, {}
    s = snapshots.c
    wanted = select(s.code, s.previous_tier, s.tier).where(
        s.run == run["run"], s.previous_tier != "", s.tier > s.previous_tier
    )
    with store.database.reading() as con:
        moved = con.execute(wanted).all()
    codes = set(scene.store.codes.tolist()) if moved else set()
    return int(run["run"]), {
        scene.store.row(code): (before, now)
        for code, before, now in moved
        if code.encode() in codes
    }


def reads_tiers(trigger: Armed) -> bool:
    """Whether a trigger reads tier changes, which need a published run."""
    return isinstance(trigger.numbers, TierFalls)
