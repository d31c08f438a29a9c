"""Half-year report counts: tiers, draws, restorations, alerts between two days."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, select

from xhcredit.domain.clock import day_begins
from xhcredit.store.alerts.tables import alert_steps, alerts
from xhcredit.store.core.bureau_scope import BureauScope, has_bureau
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import format_moment
from xhcredit.store.core.tables import runs, snapshots
from xhcredit.store.draws.tables import draw_results, draw_steps, draws
from xhcredit.store.restoration.tables import application_steps, applications


@dataclass(frozen=True)
class HalfYearCounts:
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


def count_half_year(
    database: Database,
    first_day: date,
    last_day: date,
    final_states: frozenset[str],
    within: BureauScope = None,
) -> HalfYearCounts:
    """Count a period; ``final_states`` are the states in which an alert needs nothing more."""
    span = (first_day.isoformat(), last_day.isoformat())
    with database.reading() as con:
        boundary_runs = _boundary_runs(con, *span)
        draw_ids = _drawn_ids(con, first_day, last_day, within)
        return HalfYearCounts(
            runs=boundary_runs,
            moves=_tier_changes(con, boundary_runs[0][0], boundary_runs[1][0], within)
            if boundary_runs
            else Counter(),
            drawn=draw_ids,
            results=_results_by_draw(con, draw_ids),
            applications=_applications(con, span, within),
            raised=_alerts_by_colour(con, span, within),
            acts=_alert_acts(con, span, within),
            verdicts=_alert_verdicts(con, span, within),
            open=_open_count(con, last_day.isoformat(), final_states, within),
        )


def _scope_condition(column: ColumnElement[str], within: BureauScope) -> ColumnElement[bool]:
    # True of every row: none of these columns may be NULL.
    return column == column if within is None else and_(column.in_(within), column != "")


def _supervision_condition(column: ColumnElement[str], within: BureauScope) -> ColumnElement[bool]:
    """The same for a column of bureaus."""
    return column == column if within is None else has_bureau(column, within)


def _boundary_runs(
    con: Connection, first_day: str, last_day: str
) -> tuple[tuple[int, str], tuple[int, str]] | None:
    c = runs.c
    statement = select(c.run, c.as_of).where(c.as_of <= last_day).order_by(c.as_of, c.run)
    run_rows = [(int(run), str(day)) for run, day in con.execute(statement)]
    if not run_rows or run_rows[-1][1] < first_day:
        return None
    earlier_runs = [r for r in run_rows if r[1] < first_day]
    return (earlier_runs[-1] if earlier_runs else run_rows[0]), run_rows[-1]


def _tier_changes(
    con: Connection, run_before: int, run_after: int, within: BureauScope
) -> Counter[tuple[str, str]]:
    """Tier changes between two runs; an enterprise new in the later run has no earlier tier."""
    old_snapshots, new_snapshots = snapshots.alias("old"), snapshots.alias("new")
    same_enterprise = and_(
        old_snapshots.c.code == new_snapshots.c.code, old_snapshots.c.run == run_before
    )
    joined_tables = new_snapshots.outerjoin(old_snapshots, same_enterprise)
    statement = (
        select(func.coalesce(old_snapshots.c.tier, ""), new_snapshots.c.tier, func.count())
        .select_from(joined_tables)
        .where(
            new_snapshots.c.run == run_after,
            _supervision_condition(new_snapshots.c.bureaus, within),
        )
        .group_by(func.coalesce(old_snapshots.c.tier, ""), new_snapshots.c.tier)
    )
    return Counter({(old_tier, new_tier): n for old_tier, new_tier, n in con.execute(statement)})


def _drawn_ids(con: Connection, first_day: date, last_day: date, within: BureauScope) -> list[str]:
    moment_column = draw_steps.c.recorded_at
    # Days are those of Shanghai, stored moments are UTC.
    end_moment = format_moment(day_begins(last_day + timedelta(days=1)))
    statement = (
        select(draws.c.id)
        .join(draw_steps, draw_steps.c.draw == draws.c.id)
        .where(
            draw_steps.c.state == "drawn",
            moment_column >= format_moment(day_begins(first_day)),
            moment_column < end_moment,
            _scope_condition(draws.c.bureau, within),
        )
        .order_by(draws.c.id)
    )
    return list(con.scalars(statement))


def _results_by_draw(con: Connection, draw_ids: list[str]) -> dict[str, list[str]]:
    c = draw_results.c
    last_result: dict[tuple[str, str], str] = {}
    statement = select(c.draw, c.code, c.body).where(c.draw.in_(draw_ids)).order_by(c.entry)
    for draw, code, body in con.execute(statement):
        last_result[draw, code] = str(json.loads(body)["result"])
    results_by_draw: dict[str, list[str]] = {draw: [] for draw in draw_ids}
    for (draw, _), result in sorted(last_result.items()):
        results_by_draw[draw].append(result)
    return results_by_draw


def _applications(
    con: Connection, span: tuple[str, str], within: BureauScope
) -> Counter[tuple[str, str]]:
    s = application_steps.c
    statement = (
        select(applications.c.kind, s.act, func.count())
        .join(application_steps, s.application == applications.c.id)
        .where(s.done_on.between(*span), _scope_condition(applications.c.bureau, within))
        .group_by(applications.c.kind, s.act)
    )
    return Counter({(kind, act): n for kind, act, n in con.execute(statement)})


def _alerts_by_colour(con: Connection, span: tuple[str, str], within: BureauScope) -> Counter[str]:
    c = alerts.c
    statement = (
        select(c.first_colour, func.count())
        .where(c.detected_on.between(*span), _supervision_condition(c.bureaus, within))
        .group_by(c.first_colour)
    )
    return Counter({colour: n for colour, n in con.execute(statement)})


def _alert_acts(con: Connection, span: tuple[str, str], within: BureauScope) -> Counter[str]:
    s = alert_steps.c
    statement = (
        select(s.act, func.count())
        .join(alerts, alerts.c.id == s.alert)
        .where(s.done_on.between(*span), _supervision_condition(alerts.c.bureaus, within))
        .group_by(s.act)
    )
    return Counter({act: n for act, n in con.execute(statement)})


def _alert_verdicts(con: Connection, span: tuple[str, str], within: BureauScope) -> Counter[str]:
    s = alert_steps.c
    statement = (
        select(s.details)
        .join(alerts, alerts.c.id == s.alert)
        .where(
            s.act == "verify",
            s.done_on.between(*span),
            _supervision_condition(alerts.c.bureaus, within),
        )
    )
    return Counter(
        str(json.loads(details_json)["verdict"]) for details_json in con.scalars(statement)
    )


def _open_count(
    con: Connection, last_day: str, final_states: frozenset[str], within: BureauScope
) -> int:
    """Alerts under way at the end of a day, by their last step until then."""
    s = alert_steps.c
    newest_steps = (
        select(s.alert, func.max(s.step).label("step"))
        .where(s.done_on <= last_day)
        .group_by(s.alert)
        .subquery()
    )
    statement = (
        select(func.count())
        .select_from(alert_steps)
        .join(newest_steps, and_(newest_steps.c.alert == s.alert, newest_steps.c.step == s.step))
        .join(alerts, alerts.c.id == s.alert)
        .where(s.state.not_in(final_states), _supervision_condition(alerts.c.bureaus, within))
    )
    return int(con.scalar(statement) or 0)
