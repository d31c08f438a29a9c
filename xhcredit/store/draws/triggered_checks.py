"""Store of triggered checks (触发式检查): opened for a reason, closed with a result."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Connection, insert, select

from xhcredit.errors import UnknownRecord, WrongState
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.draws.draw_state import Json
from xhcredit.store.draws.joint_and_triggered_tables import triggered_checks, triggered_steps

OPEN, CLOSED, CANCELLED = "open", "closed", "called_off"
FAR_FUTURE = "9999-12-31"  #: the end of a check that has none yet


@dataclass(frozen=True)
class TriggeredChecks:
    """Reads and writes triggered checks; nothing is ever changed, steps are added."""

    database: Database
    writer: Writer

    def open(self, act: Act, check: Json) -> Json:
        """Store a check: ``id``, ``bureau``, ``code`` and its further fields.

        Raises:
            WrongState: the id is taken.
        """

        def work(tx: Tx) -> Json:
            same_id = select(triggered_checks.c.id).where(triggered_checks.c.id == check["id"])
            if tx.con.scalar(same_id) is not None:
                raise WrongState(f'check "{check["id"]}" is there; open another one by a new id')
            row = {k: check[k] for k in ("id", "bureau", "code")}
            tx.con.execute(
                insert(triggered_checks), {**row, "body": canonical(check), "activity": tx.seq}
            )
            _add_step(tx, act, check["id"], 1, OPEN, {})
            tx.audit(check=check["id"], code=check["code"])
            return {"check": check["id"], "state": OPEN, "counts": check["counts"]}

        return dict(self.writer.act(act, work))

    def end(self, act: Act, check: str, state: str, details: Json) -> Json:
        """Close a check with its result, or call it off; a second result corrects the first.

        Raises:
            UnknownRecord: there is no such check.
            WrongState: it was called off, or is to be called off after it was closed.
        """

        def work(tx: Tx) -> Json:
            steps = _get_check(tx.con, check)["steps"]
            current_state = steps[-1]["state"]
            if current_state == CANCELLED or (current_state == CLOSED and state != CLOSED):
                raise WrongState(
                    f'check "{check}" is {current_state}; see: xhcredit draw triggered'
                )
            _add_step(tx, act, check, len(steps) + 1, state, details)
            tx.audit(check=check, state=state)
            return {"check": check, "state": state}

        return dict(self.writer.act(act, work))

    def get(self, check: str) -> Json:
        """A check with its ``steps``, ``state`` and ``result`` (None before it is closed).

        Raises:
            UnknownRecord: there is none.
        """
        with self.database.reading() as con:
            return _get_check(con, check)

    def pending_codes(self, fields: Collection[str], day: date) -> set[str]:
        """Codes of enterprises with an open check in one of the fields on a day.

        A check is open from the day it was opened until the day before it was closed or called
        off.
        """
        return {
            check["code"]
            for check in self.list_checks()
            if check["field"] in fields
            and check["opened_on"] <= day.isoformat() < check["steps"][-1].get("on", FAR_FUTURE)
        }

    def list_checks(self, bureaus: frozenset[str] | None = None) -> list[Json]:
        """All checks, the latest first; ``bureaus`` None is the whole district."""
        statement = select(triggered_checks.c.id, triggered_checks.c.body)
        statement = statement.order_by(triggered_checks.c.activity.desc())
        if bureaus is not None:
            statement = statement.where(triggered_checks.c.bureau.in_(sorted(bureaus)))
        with self.database.reading() as con:
            rows = con.execute(statement).all()
            steps = _steps_by_check(
                con,
                triggered_steps.c.id.in_(
                    statement.with_only_columns(triggered_checks.c.id).order_by(None)
                ),
            )
        return [_check_with_steps(row.body, steps[row.id]) for row in rows]


def _get_check(con: Connection, check: str) -> Json:
    body = con.scalar(select(triggered_checks.c.body).where(triggered_checks.c.id == check))
    if body is None:
        raise UnknownRecord(f'there is no check "{check}"; list them: xhcredit draw triggered')
    return _check_with_steps(body, _steps_by_check(con, triggered_steps.c.id == check)[check])


def _steps_by_check(con: Connection, condition: ColumnElement[bool]) -> dict[str, list[Json]]:
    """Steps in order, by check."""
    statement = select(triggered_steps).where(condition).order_by(triggered_steps.c.step)
    steps_by_check: dict[str, list[Json]] = {}
    for s in con.execute(statement).mappings():
        step_columns = {k: s[k] for k in ("step", "state", "recorded_at", "actor")}
        steps_by_check.setdefault(s["id"], []).append({**step_columns, **json.loads(s["details"])})
    return steps_by_check


def _check_with_steps(body: str, steps: list[Json]) -> Json:
    last = steps[-1]
    return {
        **json.loads(body),
        "state": last["state"],
        "result": last.get("result"),
        "steps": steps,
    }


def _add_step(tx: Tx, act: Act, check: str, number: int, state: str, details: Json) -> None:
    row = {
        "id": check,
        "step": number,
        "state": state,
        "recorded_at": tx.recorded_at,
        "actor": act.actor,
    }
    row |= {"details": canonical(details), "activity": tx.seq}
    tx.con.execute(insert(triggered_steps), row)
