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

OPEN, CLOSED, CALLED_OFF = "open", "closed", "called_off"
LATER = "9999-12-31"  #: the end of a check that has none yet


@dataclass(frozen=True)
class Triggered:
    """Reads and writes triggered checks; nothing is ever changed, steps are added."""

    database: Database
    writer: Writer

    def open(self, act: Act, check: Json) -> Json:
        """Store a check: ``id``, ``bureau``, ``code`` and its further fields.

        Raises:
            WrongState: the id is taken.
        """

        def work(tx: Tx) -> Json:
            known = select(triggered_checks.c.id).where(triggered_checks.c.id == check["id"])
            if tx.con.scalar(known) is not None:
                raise WrongState(f'check "{check["id"]}" is there; open another one by a new id')
            row = {k: check[k] for k in ("id", "bureau", "code")}
            tx.con.execute(
                insert(triggered_checks), {**row, "body": canonical(check), "activity": tx.seq}
            )
            _step(tx, act, check["id"], 1, OPEN, {})
            tx.tell(check=check["id"], code=check["code"])
            return {"check": check["id"], "state": OPEN, "counts": check["counts"]}

        return dict(self.writer.act(act, work))

    def end(self, act: Act, check: str, state: str, details: Json) -> Json:
        """Close a check with its result, or call it off; a second result corrects the first.

        Raises:
            UnknownRecord: there is no such check.
            WrongState: it was called off, or is to be called off after it was closed.
        """

        def work(tx: Tx) -> Json:
            steps = _one(tx.con, check)["steps"]
            now = steps[-1]["state"]
            if now == CALLED_OFF or (now == CLOSED and state != CLOSED):
                raise WrongState(f'check "{check}" is {now}; see: xhcredit draw triggered')
            _step(tx, act, check, len(steps) + 1, state, details)
            tx.tell(check=check, state=state)
            return {"check": check, "state": state}

        return dict(self.writer.act(act, work))

    def one(self, check: str) -> Json:
        """A check with its ``steps``, ``state`` and ``result`` (None before it is closed).

        Raises:
            UnknownRecord: there is none.
        """
        with self.database.reading() as con:
            return _one(con, check)

    def pending(self, fields: Collection[str], day: date) -> set[str]:
        """Codes of enterprises with an open check in one of the fields on a day.

        A check is open from the day it was opened until the day before it was closed or called
        off.
        """
        return {
            check["code"]
            for check in self.listed()
            if check["field"] in fields
            and check["opened_on"] <= day.isoformat() < check["steps"][-1].get("on", LATER)
        }

    def listed(self, bureaus: frozenset[str] | None = None) -> list[Json]:
        """All checks, the latest first; ``bureaus`` None is the whole district."""
        wanted = select(triggered_checks.c.id, triggered_checks.c.body)
        wanted = wanted.order_by(triggered_checks.c.activity.desc())
        if bureaus is not None:
            wanted = wanted.where(triggered_checks.c.bureau.in_(sorted(bureaus)))
        with self.database.reading() as con:
            rows = con.execute(wanted).all()
            steps = _steps(
                con,
                triggered_steps.c.id.in_(
                    wanted.with_only_columns(triggered_checks.c.id).order_by(None)
                ),
            )
        return [_whole(row.body, steps[row.id]) for row in rows]


def _one(con: Connection, check: str) -> Json:
    body = con.scalar(select(triggered_checks.c.body).where(triggered_checks.c.id == check))
    if body is None:
        raise UnknownRecord(f'there is no check "{check}"; list them: xhcredit draw triggered')
    return _whole(body, _steps(con, triggered_steps.c.id == check)[check])


def _steps(con: Connection, which: ColumnElement[bool]) -> dict[str, list[Json]]:
    """Steps in order, by check."""
    wanted = select(triggered_steps).where(which).order_by(triggered_steps.c.step)
    found: dict[str, list[Json]] = {}
    for s in con.execute(wanted).mappings():
        told = {k: s[k] for k in ("step", "state", "at", "actor")}
        found.setdefault(s["id"], []).append({**told, **json.loads(s["details"])})
    return found


def _whole(body: str, steps: list[Json]) -> Json:
    last = steps[-1]
    return {
        **json.loads(body),
        "state": last["state"],
        "result": last.get("result"),
        "steps": steps,
    }


def _step(tx: Tx, act: Act, check: str, number: int, state: str, details: Json) -> None:
    row = {"id": check, "step": number, "state": state, "at": tx.at, "actor": act.actor}
    row |= {"details": canonical(details), "activity": tx.seq}
    tx.con.execute(insert(triggered_steps), row)
