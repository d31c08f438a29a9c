"""Alert queries: alerts with their current state, filtered, the latest first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, RowMapping, and_, func, not_, or_, select

from xhcredit.alerts.workflow import CLOSED_STATES, UNDER_WAY
from xhcredit.store.alerts.rows import AlertRow, AlertStepRow, AlertWithSteps
from xhcredit.store.alerts.tables import alert_steps, alerts
from xhcredit.store.core.bureau_scope import BureauScope, bureau_names, has_bureau
from xhcredit.store.core.columns import RowSelect

_STANDING = ("step", "state", "colour", "owner", "due_on", "snoozed_until")


@dataclass(frozen=True)
class AlertQuery:
    """Alert query; empty fields do not filter.

    ``within`` are the bureaus whose alerts may be told at all; None is everybody's.  ``overdue_on``
    keeps those overdue on that day, ``due_unknown`` those whose term ends where no calendar of
    working days reaches, ``awake_on`` leaves out those that sleep then; ``before`` is the number of
    the last one of the page before.
    """

    within: BureauScope = None
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


def alerts_with_standing() -> RowSelect:
    """Every alert with its state after the last step."""
    s = alert_steps
    last_steps = select(s.c.alert, func.max(s.c.step).label("step")).group_by(s.c.alert).subquery()
    return (
        select(alerts, *(s.c[name] for name in _STANDING))
        .join(last_steps, last_steps.c.alert == alerts.c.id)
        .join(s, and_(s.c.alert == last_steps.c.alert, s.c.step == last_steps.c.step))
    )


def filter_alerts(query: AlertQuery) -> RowSelect:
    """Alerts that match a query, unordered."""
    a, s = alerts.c, alert_steps.c
    statement = alerts_with_standing()
    if query.within is not None:
        statement = statement.where(has_bureau(a.bureaus, query.within))
    for column, values in (
        (s.state, query.states),
        (s.colour, query.colours),
        (a.trigger, query.triggers),
        (a.street, query.streets),
    ):
        if values:
            statement = statement.where(column.in_(values))
    for column, value in ((s.owner, query.owner), (a.code, query.code)):
        if value:
            statement = statement.where(column == value)
    statement = _by_due_day(statement, query)
    return statement if query.before is None else statement.where(a.id < query.before)


def _by_due_day(statement: RowSelect, query: AlertQuery) -> RowSelect:
    """Filter by due day: overdue, without a due day, not snoozed."""
    s = alert_steps.c
    if query.overdue_on:
        # Days are compared as text; empty (not snoozed) sorts before every day.
        is_asleep = s.snoozed_until >= query.overdue_on
        # An empty due day would sort before every day and count as overdue.
        is_overdue = and_(s.due_on != "", s.due_on < query.overdue_on)
        statement = statement.where(not_(s.state.in_(CLOSED_STATES)), is_overdue, not_(is_asleep))
    if query.due_unknown:
        statement = statement.where(s.state.in_(UNDER_WAY), s.due_on == "")
    if query.awake_on:
        statement = statement.where(or_(s.snoozed_until == "", s.snoozed_until < query.awake_on))
    return statement


def read_page(con: Connection, query: AlertQuery) -> list[AlertRow]:
    """One page of the alerts that match a query, the latest first, without steps."""
    statement = filter_alerts(query).order_by(alerts.c.id.desc()).limit(query.limit)
    return [cast("AlertRow", _parsed_row(row)) for row in con.execute(statement).mappings()]


def with_steps(con: Connection, rows: Sequence[RowMapping]) -> list[AlertWithSteps]:
    """Alerts with their steps, JSON read."""
    s = alert_steps.c
    statement = select(alert_steps).where(s.alert.in_([r["id"] for r in rows])).order_by(s.step)
    steps: dict[int, list[AlertStepRow]] = {}
    for row in con.execute(statement).mappings():
        step_row = {**row, "details": json.loads(row["details"])}
        steps.setdefault(row["alert"], []).append(cast("AlertStepRow", step_row))
    return [cast("AlertWithSteps", {**_parsed_row(row), "steps": steps[row["id"]]}) for row in rows]


def _parsed_row(row: RowMapping) -> dict[str, object]:
    bureaus = list(bureau_names(row["bureaus"]))
    return {**row, "evidence": json.loads(row["evidence"]), "bureaus": bureaus}
