"""Changes for systems that follow the service: read in one order from a cursor, and removed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, delete, func, or_, select

from xhcredit.alerts.workflow import CLOSED_STATES
from xhcredit.errors import BadInput, CursorGone
from xhcredit.store.alerts.tables import alert_steps, alerts
from xhcredit.store.core.bureau_scope import BureauScope, bureau_names, has_bureau
from xhcredit.store.core.changes import newest_change
from xhcredit.store.core.database import Database
from xhcredit.store.core.tables import activity, changes, snapshots
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.delivery.change_rows import Change, ScoreMove

_CURSOR = re.compile("([0-9]{1,15})[.]([0-9a-f]{0,12})")
_DIGEST_LENGTH = 12  #: digits of the audit log entry's digest that a cursor holds
_LATER, _EARLIER = snapshots.alias("later"), snapshots.alias("earlier")
_RUN_COLUMNS = ("tier", "composite", "general", "x", "bureaus", "listings")
_STEP_COLUMNS = ("act", "state", "colour", "owner", "due_on")


class ChangePage(NamedTuple):
    """Changes after a cursor, the cursor to come back with, and whether more wait already."""

    changes: list[Change]
    next: str
    has_more: bool


@dataclass(frozen=True)
class ChangeFeed:
    """Reads changes from a cursor on, and removes those past their time.

    A cursor is ``number.digest``: of the last change that was read, and of the audit log entry
    under which it was made.  So a cursor of another store, or of what a restored backup no longer
    holds, is refused instead of leaving changes out.
    """

    database: Database
    writer: Writer

    def page(self, cursor: str, limit: int, scope_by_kind: Mapping[str, BureauScope]) -> ChangePage:
        """The changes after a cursor, the oldest first.

        Args:
            cursor: of an earlier page; empty: from the oldest that is there.
            limit: how many at most.
            scope_by_kind: kinds that are read, each with the bureaus whose enterprises may be told.

        Raises:
            BadInput: the cursor is none, or of another store.
            CursorGone: changes after it were removed.
        """
        with self.database.reading() as con:
            # First: whatever is committed meanwhile has a higher number, and comes with the next
            # page.
            newest = newest_change(con)
            after = _checked_number(con, cursor, newest) if cursor else 0
            statement = _changes_statement(after, newest, scope_by_kind).limit(limit + 1)
            rows = con.execute(statement).mappings().all()
            has_more = len(rows) > limit
            page_rows = rows[:limit]
            # What was passed over is not looked at again.
            last_number = page_rows[-1]["id"] if has_more else newest
            next_cursor = cursor if last_number == after and cursor else _cursor(con, last_number)
            return ChangePage([_change(row) for row in page_rows], next_cursor, has_more)

    def newest_cursor(self) -> str:
        """The cursor after the last change; what comes about from now on follows it."""
        with self.database.reading() as con:
            return _cursor(con, newest_change(con))

    def prune(self, act: Act, before: str) -> int:
        """Remove changes that were made before a moment; the last of all stays.

        Returns:
            How many.
        """

        def work(tx: Tx) -> int:
            newest = newest_change(tx.con)
            first_number = tx.con.scalar(
                select(changes.c.id)
                .join(activity, activity.c.seq == changes.c.activity)
                .where(activity.c.recorded_at >= before)
                .order_by(changes.c.id)
                .limit(1)
            )
            is_past = changes.c.id < (newest if first_number is None else first_number)
            count = tx.con.execute(delete(changes).where(is_past)).rowcount
            tx.audit(changes=count, before=before)
            return count

        return self.writer.act(act, work)


def _checked_number(con: Connection, cursor: str, newest: int) -> int:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise BadInput("this is no cursor of changes; begin without after, or with after=now")
    number, digest = int(match[1]), match[2]
    oldest = con.scalar(select(func.min(changes.c.id))) or 1
    if number < oldest - 1:
        raise CursorGone(
            f"changes up to number {oldest - 1} were removed and the cursor is of {number}; begin "
            "with after=now and download the watchlist whole"
        )
    if number > newest or (number >= oldest and digest != _digest(con, number)):
        raise BadInput("the cursor is of another store; begin with after=now")
    return number


def _digest(con: Connection, number: int) -> str:
    statement = select(activity.c.digest).join(changes, changes.c.activity == activity.c.seq)
    digest = con.scalar(statement.where(changes.c.id == number))
    return (digest or "")[:_DIGEST_LENGTH]


def _cursor(con: Connection, number: int) -> str:
    return f"{number}.{_digest(con, number)}"


def _changes_statement(
    after: int, newest: int, scope_by_kind: Mapping[str, BureauScope]
) -> Select[Any]:
    """Changes with the rows of the runs or of the alert that say them."""
    c = changes.c
    later = [_LATER.c[n].label(f"later_{n}") for n in _RUN_COLUMNS]
    earlier = [_EARLIER.c[n].label(f"earlier_{n}") for n in _RUN_COLUMNS]
    step = [alert_steps.c[n] for n in _STEP_COLUMNS]
    return (
        select(changes, activity.c.recorded_at, *later, *earlier, *step)
        .add_columns(alerts.c.trigger, alerts.c.subject)
        .join(activity, activity.c.seq == c.activity)
        .outerjoin(_LATER, (_LATER.c.run == c.run) & (_LATER.c.code == c.code))
        .outerjoin(_EARLIER, (_EARLIER.c.run == c.previous_run) & (_EARLIER.c.code == c.code))
        .outerjoin(alerts, alerts.c.id == c.alert)
        .outerjoin(alert_steps, (alert_steps.c.alert == c.alert) & (alert_steps.c.step == c.step))
        .where(c.id > after, c.id <= newest, _is_readable(scope_by_kind))
        .order_by(c.id)
    )


def _is_readable(scope_by_kind: Mapping[str, BureauScope]) -> ColumnElement[bool]:
    c = changes.c
    conditions = [
        c.kind == kind if scope is None else (c.kind == kind) & has_bureau(c.bureaus, scope)
        for kind, scope in scope_by_kind.items()
    ]
    return or_(*conditions) if conditions else c.id < 0


def _change(row: RowMapping) -> Change:
    """A change as it is told: what all have, and what its kind has."""
    shared = {
        "number": row["id"],
        "kind": row["kind"],
        "code": row["code"] or None,
        "recorded_at": row["recorded_at"],
    }
    return cast(Change, {**shared, **_DETAILS[row["kind"]](row)})


def _tier_details(row: RowMapping) -> dict[str, object]:
    return {**_runs(row), "tier": row["later_tier"], "previous_tier": row["earlier_tier"]}


def _runs(row: RowMapping) -> dict[str, object]:
    return {"run": row["run"], "previous_run": row["previous_run"]}


def _score_details(row: RowMapping) -> dict[str, object]:
    later, earlier = _scores(row, "later"), _scores(row, "earlier")
    none = (None, None)
    names = [*later, *(name for name in earlier if name not in later)]
    moves: list[ScoreMove] = [
        {
            "name": name,
            "score": later.get(name, none)[0],
            "previous_score": earlier.get(name, none)[0],
            "grade": later.get(name, none)[1],
            "previous_grade": earlier.get(name, none)[1],
        }
        for name in names
        if later.get(name, none) != earlier.get(name, none)
    ]
    return {**_runs(row), "scores": moves}


def _scores(row: RowMapping, side: str) -> dict[str, tuple[float | None, str | None]]:
    """Scores of one of the two runs by name, each with its grade; empty for who was not in it."""
    if row[f"{side}_x"] is None:
        return {}
    plain = {name: (row[f"{side}_{name}"], None) for name in ("composite", "general")}
    x = {name: (s["score"], s["grade"]) for name, s in json.loads(row[f"{side}_x"]).items()}
    return {**plain, **x}


def _listing_details(row: RowMapping) -> dict[str, object]:
    later, earlier = _names(row["later_listings"]), _names(row["earlier_listings"])
    return {
        **_runs(row),
        "listings": later,
        "listed": [name for name in later if name not in earlier],
        "delisted": [name for name in earlier if name not in later],
    }


def _names(column: str | None) -> Sequence[str]:
    return list(bureau_names(column or ""))


def _supervision_details(row: RowMapping) -> dict[str, object]:
    bureaus, previous = _names(row["later_bureaus"]), _names(row["earlier_bureaus"])
    return {**_runs(row), "bureaus": bureaus, "previous_bureaus": previous}


def _alert_details(row: RowMapping) -> dict[str, object]:
    is_closed = row["state"] in CLOSED_STATES
    move = "closed" if is_closed else "opened" if row["step"] == 1 else "moved"
    named = {name: row[name] for name in ("alert", "trigger", "subject", *_STEP_COLUMNS)}
    return {**named, "move": move, "due_on": row["due_on"] or None}


_DETAILS: dict[str, Callable[[RowMapping], dict[str, object]]] = {
    "tier": _tier_details,
    "score": _score_details,
    "listing": _listing_details,
    "supervision": _supervision_details,
    "alert": _alert_details,
}
