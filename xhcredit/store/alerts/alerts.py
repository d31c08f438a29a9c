"""Alerts: raised by a night all at once, then followed up step by step; nothing is ever changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select

from xhcredit.alerts.budget import Candidate, Earlier
from xhcredit.alerts.workflow import OVER, Doing, Standing, is_due_unknown
from xhcredit.errors import BadInput, UnknownRecord, WrongState
from xhcredit.store.alerts.alert_queries import Asked, latest, page, with_steps
from xhcredit.store.alerts.tables import alert_nights, alert_proofs, alert_steps, alerts
from xhcredit.store.core.bureau_scope import Within, is_within
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import outbox
from xhcredit.store.core.transactions import Act, Tx, Writer

#: finds where an alert stands after what is done, from the alert as it is in the transaction
Making = Callable[[dict[str, Any]], tuple[Doing, Standing]]
#: where an alert, as read with its steps, stands once its due day is counted anew; None if as it is
Redating = Callable[[dict[str, Any]], Standing | None]
NIGHT = "night"


def _stays(alert: Mapping[str, Any]) -> None:
    """Keep the due day (no update)."""


@dataclass(frozen=True)
class Alerts:
    """Reads and writes alerts."""

    database: Database
    writer: Writer

    def night(
        self,
        act: Act,
        as_of: date,
        inputs: str,
        new: Sequence[tuple[Candidate, int | None]],
        expired: Mapping[str, Any],
        report: Mapping[str, Any],
        redating: Redating = _stays,
    ) -> dict[str, Any]:
        """Record a night: raise alerts, expire old ones, update due days; return the report.

        All or nothing.

        The same inputs on the same day again return the report of the first time and do nothing.

        Args:
            act: who runs the night.
            as_of: its day.
            inputs: digest of data and rules.
            new: what was chosen, each with the earlier alert about its subject.
            expired: ``before``, the day before which unissued alerts expire, and ``reason``.
            report: what else is kept with the night.
            redating: counts the due day of an alert that is under way; by default all stay.
        """

        def work(tx: Tx) -> dict[str, Any]:
            kept = night_of(tx.con, as_of, inputs)
            if kept is not None:
                return kept | {"repeated": True}
            numbers = _raise(tx, as_of, new)
            gone = _expire(tx, as_of, str(expired["before"]), str(expired["reason"]))
            moved = _redate(tx, as_of, redating)
            told = {**report, "raised": len(numbers), "expired": len(gone), "redated": len(moved)}
            told["due_unknown"] = sum(map(is_due_unknown, _open(tx)))
            row = {"as_of": as_of.isoformat(), "inputs": inputs, "report": canonical(told)}
            tx.con.execute(insert(alert_nights), row | {"activity": tx.seq})
            tx.tell(raised=len(numbers), expired=len(gone), redated=len(moved))
            return told | {"repeated": False}

        return dict(self.writer.act(act, work))

    def done(self, as_of: date, inputs: str) -> dict[str, Any] | None:
        """The report of a night, if its alerts were raised from these inputs."""
        with self.database.reading() as con:
            return night_of(con, as_of, inputs)

    def step(self, act: Act, number: int, making: Making, within: Within = None) -> dict[str, Any]:
        """Do the next step; of two at once one is done, the other no longer fits.

        Raises:
            UnknownRecord: there is no such alert within these bureaus.
            WrongState: the step does not fit.
            TwoPersons: somebody else must do it.
        """

        def work(tx: Tx) -> dict[str, Any]:
            told = take(tx, number, making, within)
            tx.tell(**told)
            return told

        return dict(self.writer.act(act, work))

    def many(
        self, act: Act, numbers: Sequence[int], making: Making, within: Within = None
    ) -> list[dict[str, Any]]:
        """Do the same with several alerts: all of them, or none and the error of the first."""

        def work(tx: Tx) -> list[dict[str, Any]]:
            told = [take(tx, number, making, within) for number in numbers]
            tx.tell(alerts=list(numbers))
            return told

        return list(self.writer.act(act, work))

    def one(self, number: int, within: Within = None) -> dict[str, Any]:
        """An alert with its evidence and steps.

        Raises:
            UnknownRecord: there is none within these bureaus.
        """
        with self.database.reading() as con:
            return _one(con, number, within)

    def page(self, asked: Asked) -> list[dict[str, Any]]:
        """Alerts with their current state, the latest first; see ``AlertQuery``."""
        with self.database.reading() as con:
            return page(con, asked)

    def earlier(self) -> list[Earlier]:
        """All alerts ever raised, the oldest first, with the fields that the next night needs."""
        c = alerts.c
        wanted = select(c.id, c.trigger, c.subject, c.fact, c.first_colour, c.detected_on, c.bureau)
        with self.database.reading() as con:
            return [Earlier(*row) for row in con.execute(wanted.order_by(c.id))]

    def prove(self, act: Act, as_of: date, data: str, proofs: Sequence[Mapping[str, Any]]) -> int:
        """Store back-tests of triggers; return how many."""

        def work(tx: Tx) -> int:
            number = tx.con.scalar(select(func.max(alert_proofs.c.id))) or 0
            rows = [
                {
                    "id": number + k,
                    "trigger": p["trigger"],
                    "numbers": p["numbers"],
                    "as_of": as_of.isoformat(),
                    "data": data,
                    "report": canonical(dict(p)),
                    "activity": tx.seq,
                }
                for k, p in enumerate(proofs, 1)
            ]
            if rows:
                tx.con.execute(insert(alert_proofs), rows)
            tx.tell(proofs=len(rows))
            return len(rows)

        return int(self.writer.act(act, work))

    def proofs(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The latest back-test of each trigger's numbers, with its ``as_of``."""
        wanted = select(alert_proofs).order_by(alert_proofs.c.id)
        with self.database.reading() as con:
            return {
                (r["trigger"], r["numbers"]): {**json.loads(r["report"]), "as_of": r["as_of"]}
                for r in con.execute(wanted).mappings()
            }

    def verdicts(self, within: Within = None) -> dict[str, dict[str, int]]:
        """Of each trigger: ``alerts`` raised, and the latest verdicts on them, counted."""
        counted: dict[str, dict[str, int]] = {}
        with self.database.reading() as con:
            for row in con.execute(select(alerts.c.id, alerts.c.trigger, alerts.c.bureau)):
                if is_within(row.bureau, within):
                    of = counted.setdefault(row.trigger, {"alerts": 0})
                    of["alerts"] += 1
            for trigger, verdict in _last_verdicts(con, within):
                counted[trigger][verdict] = counted[trigger].get(verdict, 0) + 1
        return counted


def night_of(con: Connection, as_of: date, inputs: str) -> dict[str, Any] | None:
    """The report of a night that was done before."""
    c = alert_nights.c
    same = and_(c.as_of == as_of.isoformat(), c.inputs == inputs)
    kept = con.scalar(select(c.report).where(same))
    return None if kept is None else dict(json.loads(kept))


def _last_verdicts(con: Connection, within: Within) -> list[tuple[str, str]]:
    s = alert_steps.c
    wanted = (
        select(s.alert, s.details, alerts.c.trigger, alerts.c.bureau)
        .join(alerts, alerts.c.id == s.alert)
        .where(s.act == "verify")
        .order_by(s.alert, s.step)
    )
    last = {
        r.alert: (r.trigger, json.loads(r.details)["verdict"])
        for r in con.execute(wanted)
        if is_within(r.bureau, within)
    }
    return list(last.values())


def _raise(tx: Tx, as_of: date, new: Sequence[tuple[Candidate, int | None]]) -> list[int]:
    """Insert alerts that are not there yet, each with its first step."""
    c = alerts.c
    there = {tuple(row) for row in tx.con.execute(select(c.trigger, c.subject, c.fact))}
    last = tx.con.scalar(select(func.max(c.id))) or 0
    rows, steps = [], []
    for candidate, earlier in new:
        key = (candidate.trigger, candidate.subject, candidate.fact)
        if key in there:
            continue
        there.add(key)
        last += 1
        kept = asdict(candidate)
        kept.pop("quiet_days")
        kept |= {"first_colour": kept.pop("colour"), "evidence": canonical(kept["evidence"])}
        kept |= {"id": last, "detected_on": as_of.isoformat(), "earlier": earlier}
        rows.append(kept | {"activity": tx.seq})
        doing = Doing("detect", as_of, NIGHT, candidate.trigger)
        steps.append(_row(tx, last, 1, doing, Standing("detected", candidate.colour)))
    if rows:
        tx.con.execute(insert(alerts), rows)
        tx.con.execute(insert(alert_steps), steps)
    return [row["id"] for row in rows]


def _expire(tx: Tx, as_of: date, before: str, reason: str) -> list[int]:
    """Expire alerts that were not issued in time; a snooze keeps them."""
    wanted = latest().where(
        alert_steps.c.state.in_(("detected", "screened")),
        alerts.c.detected_on < before,
        alert_steps.c.snoozed_until < as_of.isoformat(),
    )
    found = [dict(r) for r in tx.con.execute(wanted).mappings()]
    doing = Doing("expire", as_of, NIGHT, reason)
    rows = [
        _row(tx, r["id"], r["step"] + 1, doing, Standing("expired", r["colour"])) for r in found
    ]
    if rows:
        tx.con.execute(insert(alert_steps), rows)
    return [r["id"] for r in found]


def _open(tx: Tx) -> list[dict[str, Any]]:
    """Alerts under way, with their current state."""
    wanted = latest().add_columns(alert_steps.c.done_on).where(alert_steps.c.state.not_in(OVER))
    return [dict(row) for row in tx.con.execute(wanted).mappings()]


def _redate(tx: Tx, as_of: date, redating: Redating) -> list[int]:
    """Update due days of alerts under way by today's calendar of working days."""
    found = with_steps(tx.con, [r for r in _open(tx) if r["done_on"] <= as_of.isoformat()])
    doing = Doing("redate", as_of, NIGHT, "due day counted anew by the calendar of working days")
    rows = [
        _row(tx, alert["id"], alert["step"] + 1, doing, standing)
        for alert in found
        if (standing := redating(alert)) is not None
    ]
    if rows:
        tx.con.execute(insert(alert_steps), rows)
    return [row["alert"] for row in rows]


def _row(tx: Tx, number: int, step: int, doing: Doing, standing: Standing) -> dict[str, Any]:
    return {
        "alert": number,
        "step": step,
        "act": doing.act,
        "actor": doing.actor,
        "done_on": doing.on.isoformat(),
        "reason": doing.reason,
        "details": canonical(dict(doing.details)),
        **asdict(standing),
        "activity": tx.seq,
    }


def _one(con: Connection, number: int, within: Within) -> dict[str, Any]:
    row = con.execute(latest().where(alerts.c.id == number)).mappings().first()
    if row is None or not is_within(row["bureau"], within):
        raise UnknownRecord(f"there is no alert {number}; list them to find its number")
    return with_steps(con, [dict(row)])[0]


def take(tx: Tx, number: int, making: Making, within: Within) -> dict[str, Any]:
    """Apply one workflow step within a transaction; an issued alert goes into the outbox."""
    found = _one(tx.con, number, within)
    doing, standing = making(found)
    if doing.on.isoformat() < found["steps"][-1]["done_on"]:
        raise BadInput(f"{doing.on} is before the last step; correct the day")
    if doing.act == "merge":
        _refuse_merge(tx.con, found, int(doing.details["into"]), within)
    step = len(found["steps"]) + 1
    tx.con.execute(insert(alert_steps), _row(tx, number, step, doing, standing))
    if doing.act == "issue":
        _tell(tx, found, doing, standing)
    return {"alert": number, "step": step, **asdict(standing)}


def _refuse_merge(con: Connection, found: Mapping[str, Any], into: int, within: Within) -> None:
    """An alert goes on in another one that is under way and about the same subject."""
    other = _one(con, into, within)
    if into == found["id"] or other["subject"] != found["subject"]:
        raise BadInput(f"alert {into} is no other one about the same subject; choose such a one")
    if other["state"] in OVER:
        raise WrongState(f"alert {into} is {other['state']}; merge into one that is under way")


def _tell(tx: Tx, found: Mapping[str, Any], doing: Doing, standing: Standing) -> None:
    """Put a message about an issued alert into the outbox (防范联动)."""
    row: dict[str, Any] = {
        "kind": "alert.issued",
        "code": found["code"],
        "bureau": found["bureau"],
        "run": 0,
        "previous_run": 0,
        "activity": tx.seq,
    }
    payload = {
        "alert": found["id"],
        "trigger": found["trigger"],
        "subject": found["subject"],
        "colour": standing.colour,
        "owner": standing.owner,
        "due_on": standing.due_on,
        "provisional": doing.details.get("provisional", False),
        "departments": doing.details.get("departments", []),
    }
    tx.con.execute(insert(outbox), {**row, "payload": canonical(payload)})
