"""Tour of a demo with its real codes and numbers, read from the store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from xhcredit.alerts.workflow import CLOSED_STATES
from xhcredit.restoration.workflow import Kind
from xhcredit.store.alerts.alert_queries import AlertQuery
from xhcredit.store.core.tables import runs, snapshots
from xhcredit.store.store import Store

_NO_LIMIT = 10_000
_MAX_FALLS = 60  #: enterprises that fell, the latest first


@dataclass(frozen=True)
class LargestFall:
    """Enterprise with the largest score fall in the latest run where one with open alerts fell.

    Without any such run: in the latest one in which any tier got worse.
    """

    code: str
    name: str
    as_of: str
    previous_tier: str
    tier: str
    moved: float
    alerts: tuple[int, ...]


@dataclass(frozen=True)
class Tour:
    """The sights: nights (day, tiers, moves), who fell, and counts by state of what is under way.

    ``clock`` is the moment of the demo's clock, as people read it.
    """

    clock: str
    nights: list[dict[str, Any]]
    fallen: LargestFall | None
    alerts: dict[str, int]
    overdue: int
    draws: list[dict[str, Any]]
    joint_draws: list[str]
    checks: dict[str, int]
    applications: dict[str, int]
    objections: dict[str, int]
    candidates: list[dict[str, Any]]
    bureaus: list[str]


def tour_of(store: Store) -> Tour:
    """Read the tour of a demo from its store."""
    today = store.clock.today().isoformat()
    alerts = store.alerts.read_page(AlertQuery(limit=_NO_LIMIT))
    nights = _nights(store)
    return Tour(
        clock=f"{store.clock.moment():%Y-%m-%d %H:%M}",
        nights=nights,
        fallen=_largest_fall(store),
        alerts=dict(Counter(a["state"] for a in alerts)),
        overdue=len(store.alerts.read_page(AlertQuery(overdue_on=today, limit=_NO_LIMIT))),
        draws=[
            {"draw": d["id"], "state": d["state"], "bureau": d["bureau"], "replaces": d["replaces"]}
            for d in store.draws.list_draws()
        ],
        joint_draws=[j["joint_id"] for j in store.joint_draws.list_joint_draws()],
        checks=dict(Counter(c["state"] for c in store.triggered_checks.list_checks())),
        applications=_states(store, "restoration"),
        objections=_states(store, "objection"),
        candidates=[
            {"candidate": c["id"], "state": c["state"], "model": c["model"]}
            for c in store.models.list_candidates()
        ],
        bureaus=_bureaus(store),
    )


def _states(store: Store, kind: Kind) -> dict[str, int]:
    return dict(Counter(a["state"] for a in store.applications.list_page(kind, limit=_NO_LIMIT)))


def _nights(store: Store) -> list[dict[str, Any]]:
    """Every run with how many tiers got worse and better in it."""
    s = snapshots.c
    has_previous_tier = s.previous_tier != ""
    move_counts = (
        select(
            s.run,
            func.count().filter(has_previous_tier & (s.tier > s.previous_tier)).label("worse"),
            func.count().filter(has_previous_tier & (s.tier < s.previous_tier)).label("better"),
        )
        .group_by(s.run)
        .subquery()
    )
    runs_query = (
        select(runs.c.as_of, runs.c.enterprises, move_counts.c.worse, move_counts.c.better)
        .join(move_counts, move_counts.c.run == runs.c.run)
        .order_by(runs.c.run)
    )
    with store.database.reading() as con:
        return [dict(row) for row in con.execute(runs_query).mappings()]


def _largest_fall(store: Store) -> LargestFall | None:
    s = snapshots.c
    falls_query = (
        select(s.code, s.name, runs.c.as_of, s.previous_tier, s.tier, s.moved)
        .join(runs, runs.c.run == s.run)
        .where(s.previous_tier != "", s.tier > s.previous_tier)
        .order_by(s.run.desc(), s.moved, s.code)
        .limit(_MAX_FALLS)
    )
    with store.database.reading() as con:
        rows = con.execute(falls_query).mappings().all()
    falls = [LargestFall(**row, alerts=_alerts_about(store, row["code"])) for row in rows]
    return next((f for f in falls if f.alerts), falls[0] if falls else None)


def _alerts_about(store: Store, code: str) -> tuple[int, ...]:
    """Alerts about an enterprise that are still dealt with."""
    alerts = store.alerts.read_page(AlertQuery(code=code, limit=_NO_LIMIT))
    return tuple(sorted(a["id"] for a in alerts if a["state"] not in CLOSED_STATES))


def _bureaus(store: Store) -> list[str]:
    """The bureaus of the current run."""
    s = snapshots.c
    run = store.reader.current_run()["run"]
    bureaus_query = (
        select(s.bureau).where(s.run == run, s.bureau != "").distinct().order_by(s.bureau)
    )
    with store.database.reading() as con:
        return list(con.scalars(bureaus_query))
