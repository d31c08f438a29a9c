"""Half-year report counts: tiers, draws, restorations, alerts between two days."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from xhcredit.domain.clock import day_begins
from xhcredit.store.alerts.tables import alert_steps, alerts
from xhcredit.store.core.bureau_scope import Within
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import written
from xhcredit.store.core.tables import runs, snapshots
from xhcredit.store.draws.tables import draw_results, draw_steps, draws
from xhcredit.store.restoration.tables import application_steps, applications


@dataclass(frozen=True)
class Counted:
    """Counts from ``first`` to ``last``, both included, within some bureaus.

    ``runs`` are the run before the period (or its first one) and the last one in it, each with its
    day; None if there is none.  ``moves`` counts enterprises by tier before and after, empty where
    one was not there.  ``results`` are the latest results of visits, by draw; ``verdicts`` counts
    what was found in the period.
    """

    runs: tuple[tuple[int, str], tuple[int, str]] | None
    moves: Counter[tuple[str, str]]
    drawn: list[str]
    results: dict[str, list[str]]
    applications: Counter[tuple[str, str]]
    raised: Counter[str]
    acts: Counter[str]
    verdicts: Counter[str]
    open: int


def counted(
    database: Database, first: date, last: date, over: frozenset[str], within: Within = None
) -> Counted:
    """Count a period; ``over`` are the states in which an alert needs nothing more."""
    span = (first.isoformat(), last.isoformat())
    with database.reading() as con:
        two = _runs(con, *span)
        drawn = _drawn(con, first, last, within)
        return Counted(
            runs=two,
            moves=_moves(con, two[0][0], two[1][0], within) if two else Counter(),
            drawn=drawn,
            results=_results(con, drawn),
            applications=_applications(con, span, within),
            raised=_raised(con, span, within),
            acts=_acts(con, span, within),
            verdicts=_verdicts(con, span, within),
            open=_open(con, last.isoformat(), over, within),
        )


def _within(column: ColumnElement[str], within: Within) -> ColumnElement[bool]:
    return column == column if within is None else and_(column.in_(within), column != "")


def _runs(con: Connection, first: str, last: str) -> tuple[tuple[int, str], tuple[int, str]] | None:
    c = runs.c
    until = select(c.run, c.as_of).where(c.as_of <= last).order_by(c.as_of, c.run)
    there = [(int(run), str(day)) for run, day in con.execute(until)]
    if not there or there[-1][1] < first:
        return None
    before = [r for r in there if r[1] < first]
    return (before[-1] if before else there[0]), there[-1]


def _moves(con: Connection, before: int, after: int, within: Within) -> Counter[tuple[str, str]]:
    """Tier changes between two runs; an enterprise new in the later run has no earlier tier."""
    old, new = snapshots.alias("old"), snapshots.alias("new")
    same = and_(old.c.code == new.c.code, old.c.run == before)
    joined = new.outerjoin(old, same)
    wanted = (
        select(func.coalesce(old.c.tier, ""), new.c.tier, func.count())
        .select_from(joined)
        .where(new.c.run == after, _within(new.c.bureau, within))
        .group_by(func.coalesce(old.c.tier, ""), new.c.tier)
    )
    return Counter({(a, b): n for a, b, n in con.execute(wanted)})


def _drawn(con: Connection, first: date, last: date, within: Within) -> list[str]:
    at = draw_steps.c.at
    after = written(day_begins(last + timedelta(days=1)))
    wanted = (
        select(draws.c.id)
        .join(draw_steps, draw_steps.c.draw == draws.c.id)
        .where(
            draw_steps.c.state == "drawn",
            at >= written(day_begins(first)),
            at < after,
            _within(draws.c.bureau, within),
        )
        .order_by(draws.c.id)
    )
    return list(con.scalars(wanted))


def _results(con: Connection, drawn: list[str]) -> dict[str, list[str]]:
    c = draw_results.c
    last: dict[tuple[str, str], str] = {}
    wanted = select(c.draw, c.code, c.body).where(c.draw.in_(drawn)).order_by(c.entry)
    for draw, code, body in con.execute(wanted):
        last[draw, code] = str(json.loads(body)["result"])
    told: dict[str, list[str]] = {draw: [] for draw in drawn}
    for (draw, _), result in sorted(last.items()):
        told[draw].append(result)
    return told


def _applications(
    con: Connection, span: tuple[str, str], within: Within
) -> Counter[tuple[str, str]]:
    s = application_steps.c
    wanted = (
        select(applications.c.kind, s.act, func.count())
        .join(application_steps, s.application == applications.c.id)
        .where(s.done_on.between(*span), _within(applications.c.bureau, within))
        .group_by(applications.c.kind, s.act)
    )
    return Counter({(kind, act): n for kind, act, n in con.execute(wanted)})


def _raised(con: Connection, span: tuple[str, str], within: Within) -> Counter[str]:
    c = alerts.c
    wanted = (
        select(c.first_colour, func.count())
        .where(c.detected_on.between(*span), _within(c.bureau, within))
        .group_by(c.first_colour)
    )
    return Counter({colour: n for colour, n in con.execute(wanted)})


def _acts(con: Connection, span: tuple[str, str], within: Within) -> Counter[str]:
    s = alert_steps.c
    wanted = (
        select(s.act, func.count())
        .join(alerts, alerts.c.id == s.alert)
        .where(s.done_on.between(*span), _within(alerts.c.bureau, within))
        .group_by(s.act)
    )
    return Counter({act: n for act, n in con.execute(wanted)})


def _verdicts(con: Connection, span: tuple[str, str], within: Within) -> Counter[str]:
    s = alert_steps.c
    wanted = (
        select(s.details)
        .join(alerts, alerts.c.id == s.alert)
        .where(s.act == "verify", s.done_on.between(*span), _within(alerts.c.bureau, within))
    )
    return Counter(str(json.loads(d)["verdict"]) for d in con.scalars(wanted))


def _open(con: Connection, last: str, over: frozenset[str], within: Within) -> int:
    """Alerts under way at the end of a day, by their last step until then."""
    s: Any = alert_steps.c
    newest = (
        select(s.alert, func.max(s.step).label("step"))
        .where(s.done_on <= last)
        .group_by(s.alert)
        .subquery()
    )
    wanted = (
        select(func.count())
        .select_from(alert_steps)
        .join(newest, and_(newest.c.alert == s.alert, newest.c.step == s.step))
        .join(alerts, alerts.c.id == s.alert)
        .where(s.state.not_in(over), _within(alerts.c.bureau, within))
    )
    return int(con.scalar(wanted) or 0)
