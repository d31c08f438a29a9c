"""Alert queries: alerts with their current state, filtered, the latest first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, func, not_, or_, select

from xhcredit.alerts.workflow import OVER, UNDER_WAY
from xhcredit.store.alerts.tables import alert_steps, alerts
from xhcredit.store.core.bureau_scope import Within

_STANDING = ("step", "state", "colour", "owner", "due_on", "snoozed_until")


@dataclass(frozen=True)
class Asked:
    """Alert query; empty fields do not filter.

    ``within`` are the bureaus whose alerts may be told at all; None is everybody's.  ``overdue_on``
    keeps those overdue on that day, ``due_unknown`` those whose term ends where no calendar of
    working days reaches, ``awake_on`` leaves out those that sleep then; ``before`` is the number of
    the last one of the page before.
    """

    within: Within = None
    states: frozenset[str] = frozenset()
    colours: frozenset[str] = frozenset()
    triggers: frozenset[str] = frozenset()
    owner: str = ""
    streets: frozenset[str] = frozenset()
    code: str = ""
    overdue_on: str = ""
    due_unknown: bool = False
    awake_on: str = ""
    before: int | None = None
    limit: int = 100


def latest() -> Select[Any]:
    """Every alert with its state after the last step."""
    s = alert_steps
    last = select(s.c.alert, func.max(s.c.step).label("step")).group_by(s.c.alert).subquery()
    return (
        select(alerts, *(s.c[name] for name in _STANDING))
        .join(last, last.c.alert == alerts.c.id)
        .join(s, and_(s.c.alert == last.c.alert, s.c.step == last.c.step))
    )


def filtered(asked: Asked) -> Select[Any]:
    """Alerts that match a query, unordered."""
    a, s = alerts.c, alert_steps.c
    wanted = latest()
    if asked.within is not None:
        wanted = wanted.where(a.bureau.in_(asked.within), a.bureau != "")
    for column, values in (
        (s.state, asked.states),
        (s.colour, asked.colours),
        (a.trigger, asked.triggers),
        (a.street, asked.streets),
    ):
        if values:
            wanted = wanted.where(column.in_(values))
    for column, value in ((s.owner, asked.owner), (a.code, asked.code)):
        if value:
            wanted = wanted.where(column == value)
    wanted = _by_due_day(wanted, asked)
    return wanted if asked.before is None else wanted.where(a.id < asked.before)


def _by_due_day(wanted: Select[Any], asked: Asked) -> Select[Any]:
    """Filter by due day: overdue, without a due day, not snoozed."""
    s = alert_steps.c
    if asked.overdue_on:
        asleep = s.snoozed_until >= asked.overdue_on
        due = and_(s.due_on != "", s.due_on < asked.overdue_on)
        wanted = wanted.where(not_(s.state.in_(OVER)), due, not_(asleep))
    if asked.due_unknown:
        wanted = wanted.where(s.state.in_(UNDER_WAY), s.due_on == "")
    if asked.awake_on:
        wanted = wanted.where(or_(s.snoozed_until == "", s.snoozed_until < asked.awake_on))
    return wanted


def page(con: Connection, asked: Asked) -> list[dict[str, Any]]:
    """One page of the alerts that match a query, the latest first, without steps."""
    wanted = filtered(asked).order_by(alerts.c.id.desc()).limit(asked.limit)
    return [_read(dict(row)) for row in con.execute(wanted).mappings()]


def with_steps(con: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Alerts with their steps, JSON read."""
    s = alert_steps.c
    wanted = select(alert_steps).where(s.alert.in_([r["id"] for r in rows])).order_by(s.step)
    steps: dict[int, list[dict[str, Any]]] = {}
    for row in con.execute(wanted).mappings():
        steps.setdefault(row["alert"], []).append({**row, "details": json.loads(row["details"])})
    return [{**_read(row), "steps": steps[row["id"]]} for row in rows]


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "evidence": json.loads(row["evidence"])}
