"""Store of triggered checks (触发式检查): opened for a reason, closed with a result."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, cast

from sqlalchemy import ColumnElement, Connection, insert, select

from xhcredit.errors import UnknownRecord, WrongState
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.draws.check_rows import (
    CheckCancellation,
    CheckEnded,
    CheckOpened,
    CheckOutcome,
    CheckState,
    CheckStep,
    StoredCheck,
    TriggeredCheckRow,
)
from xhcredit.store.draws.joint_and_triggered_tables import triggered_checks, triggered_steps

OPEN: Final = "open"
CLOSED: Final = "closed"
CANCELLED: Final = "called_off"
FAR_FUTURE = "9999-12-31"  #: the end of a check that has none yet


@dataclass(frozen=True)
class TriggeredChecks:
    """Reads and writes triggered checks; nothing is ever changed, steps are added."""

    database: Database
    writer: Writer

    def open(self, act: Act, check: StoredCheck) -> CheckOpened:
        """Store a check that is opened.

        Raises:
            WrongState: the id is taken.
        """

        def work(tx: Tx) -> CheckOpened:
            same_id = select(triggered_checks.c.id).where(triggered_checks.c.id == check["id"])
            if tx.con.scalar(same_id) is not None:
                raise WrongState(f'check "{check["id"]}" is there; open another one by a new id')
            row = {"id": check["id"], "bureau": check["bureau"], "code": check["code"]}
            tx.con.execute(
                insert(triggered_checks), {**row, "body": canonical(check), "activity": tx.seq}
            )
            _add_step(tx, act, check["id"], 1, OPEN, {})
            tx.audit(check=check["id"], code=check["code"])
            return {"check": check["id"], "state": OPEN, "counts": check["counts"]}

        return self.writer.act(act, work)

    def end(
        self, act: Act, check: str, state: CheckState, details: CheckOutcome | CheckCancellation
    ) -> CheckEnded:
        """Close a check with its result, or call it off; a second result corrects the first.

        Raises:
            UnknownRecord: there is no such check.
            WrongState: it was called off, or is to be called off after it was closed.
        """

        def work(tx: Tx) -> CheckEnded:
            steps = _get_check(tx.con, check)["steps"]
            current_state = steps[-1]["state"]
            if current_state == CANCELLED or (current_state == CLOSED and state != CLOSED):
                raise WrongState(
                    f'check "{check}" is {current_state}; see: xhcredit draw triggered'
                )
            _add_step(tx, act, check, len(steps) + 1, state, details)
            tx.audit(check=check, state=state)
            return {"check": check, "state": state}

        return self.writer.act(act, work)

    def get(self, check: str) -> TriggeredCheckRow:
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
            and check["opened_on"] <= day.isoformat() < _ended_on(check["steps"][-1])
        }

    def list_checks(self, bureaus: frozenset[str] | None = None) -> list[TriggeredCheckRow]:
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


def _get_check(con: Connection, check: str) -> TriggeredCheckRow:
    body = con.scalar(select(triggered_checks.c.body).where(triggered_checks.c.id == check))
    if body is None:
        raise UnknownRecord(f'there is no check "{check}"; list them: xhcredit draw triggered')
    return _check_with_steps(body, _steps_by_check(con, triggered_steps.c.id == check)[check])


def _steps_by_check(con: Connection, condition: ColumnElement[bool]) -> dict[str, list[CheckStep]]:
    """Steps in order, by check."""
    statement = select(triggered_steps).where(condition).order_by(triggered_steps.c.step)
    steps_by_check: dict[str, list[CheckStep]] = {}
    for s in con.execute(statement).mappings():
        step_columns = {k: s[k] for k in ("step", "state", "recorded_at", "actor")}
        step = cast(CheckStep, {**step_columns, **json.loads(s["details"])})
        steps_by_check.setdefault(s["id"], []).append(step)
    return steps_by_check


def _ended_on(last_step: CheckStep) -> str:
    return FAR_FUTURE if last_step["state"] == "open" else last_step["on"]


def _check_with_steps(body: str, steps: list[CheckStep]) -> TriggeredCheckRow:
    last, check = steps[-1], cast(StoredCheck, json.loads(body))
    return {
        **check,
        "state": last["state"],
        "result": last["result"] if last["state"] == "closed" else None,
        "steps": steps,
    }


def _add_step(
    tx: Tx, act: Act, check: str, number: int, state: CheckState, details: Mapping[str, object]
) -> None:
    row = {
        "id": check,
        "step": number,
        "state": state,
        "recorded_at": tx.recorded_at,
        "actor": act.actor,
    }
    row |= {"details": canonical(details), "activity": tx.seq}
    tx.con.execute(insert(triggered_steps), row)
