"""Store of restoration applications and objections: filings and their append-only steps."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, and_, func, insert, select

from xhcredit.errors import BadInput, UnknownRecord, WrongState
from xhcredit.restoration.workflow import MOVES, OVER, REVOKED_FOR, WITHDRAWING, Kind, after
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.restoration.tables import application_steps, applications


@dataclass(frozen=True)
class Filing:
    """Filing of an application: the record by table and key, and the bureau that handles it."""

    kind: Kind
    code: str
    record: str
    key: Mapping[str, str]
    authority: str
    bureau: str


@dataclass(frozen=True)
class Step:
    """One workflow step: act, day, reason and official; ``details`` must be plain JSON."""

    act: str
    done_on: date
    reason: str = ""
    official: str = ""
    role: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Grant:
    """A record that is to be used no more since ``granted_on``, and why."""

    application: int
    code: str
    record: str
    key: Mapping[str, str]
    granted_on: date
    why: str


@dataclass(frozen=True)
class Revoked:
    """A record that counts again since ``revoked_on``, for its restoration was revoked."""

    application: int
    code: str
    record: str
    key: Mapping[str, str]
    revoked_on: date


#: what is found of an application when a step is made: the application with its steps
Making = Callable[[dict[str, Any]], Step]


@dataclass(frozen=True)
class Applications:
    """Reads and writes applications; steps are only ever added."""

    database: Database
    writer: Writer

    def file(self, act: Act, filing: Filing, step: Step) -> dict[str, Any]:
        """File an application or objection; return its number and state.

        Raises:
            WrongState: one about the same record is under way, or was granted.
        """

        def work(tx: Tx) -> dict[str, Any]:
            key = canonical(dict(filing.key))
            _refuse_second(tx.con, filing, key)
            number = (tx.con.scalar(select(func.max(applications.c.id))) or 0) + 1
            row = {**asdict(filing), "key": key, "id": number, "activity": tx.seq}
            tx.con.execute(insert(applications), {**row, "filed_on": step.done_on.isoformat()})
            _add(tx, number, 1, "filed", step)
            tx.tell(application=number, state="filed")
            return {"application": number, "step": 1, "state": "filed"}

        return dict(self.writer.act(act, work))

    def step(self, act: Act, number: int, making: Making) -> dict[str, Any]:
        """Do the next step; of two at once one is done, the other no longer fits.

        Args:
            act: who does it and why.
            number: of the application.
            making: makes the step from the application as it stands within the transaction.

        Raises:
            UnknownRecord: there is no such application.
            WrongState: the step does not fit its state.
            BadInput: an official's step without name, office or reason, or a day before the last.
        """

        def work(tx: Tx) -> dict[str, Any]:
            found = _one(tx.con, number)
            step = making(found)
            state = after(found["kind"], found["state"], step.act)
            _refuse_nameless(found["kind"], step)
            _refuse_backwards(found, step)
            last = len(found["steps"]) + 1
            _add(tx, number, last, state, step)
            told = {"application": number, "step": last, "state": state}
            tx.tell(**told)
            return told

        return dict(self.writer.act(act, work))

    def one(self, number: int) -> dict[str, Any]:
        """An application with its ``steps``; ``state`` is that of the last one.

        Raises:
            UnknownRecord: there is no such application.
        """
        with self.database.reading() as con:
            return _one(con, number)

    def page(
        self,
        kind: Kind,
        *,
        states: frozenset[str] = frozenset(),
        bureaus: frozenset[str] | None = None,
        code: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> list[dict[str, Any]]:
        """Applications with their steps, the latest first; ``bureaus`` None is the whole district.

        ``before`` is the number of the last one of the page before.
        """
        wanted = _latest().where(applications.c.kind == kind)
        if states:
            wanted = wanted.where(application_steps.c.state.in_(states))
        if bureaus is not None:
            wanted = wanted.where(applications.c.bureau.in_(bureaus))
        if code:
            wanted = wanted.where(applications.c.code == code)
        if before is not None:
            wanted = wanted.where(applications.c.id < before)
        with self.database.reading() as con:
            rows = con.execute(wanted.order_by(applications.c.id.desc()).limit(limit)).mappings()
            return _with_steps(con, [dict(row) for row in rows])

    def grants(self) -> list[Grant]:
        """Every record that was restored, or whose objection was upheld, the earliest first.

        What was revoked since is no grant any more; see ``revoked``.
        """
        gone = select(application_steps.c.application).where(application_steps.c.act == "revoke")
        wanted = _acts(WITHDRAWING).where(applications.c.id.not_in(gone))
        with self.database.reading() as con:
            rows = con.execute(wanted).mappings()
            return [Grant(*_told(row), WITHDRAWING[row["act"]]) for row in rows]

    def revoked(self) -> list[Revoked]:
        """Every restoration that was revoked, the earliest application first."""
        with self.database.reading() as con:
            return [Revoked(*_told(row)) for row in con.execute(_acts(("revoke",))).mappings()]

    def of_records(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """The latest application for restoration of each record, by code, table and key."""
        wanted = _latest().where(applications.c.kind == "restoration").order_by(applications.c.id)
        with self.database.reading() as con:
            rows = con.execute(wanted).mappings()
            return {
                (r["code"], r["record"], r["key"]): {"application": r["id"], "state": r["state"]}
                for r in rows
            }

    def false_materials_on(self, code: str) -> date | None:
        """The latest day on which such were found of an enterprise; None if never."""
        return self.barred(code).get(code)

    def barred(self, code: str = "") -> dict[str, date]:
        """By enterprise (or of one) the latest day of false materials or of a broken pledge."""
        wanted = _acts(("refuse", "revoke")).add_columns(application_steps.c.details)
        wanted = wanted.order_by(None).order_by(application_steps.c.done_on)
        wanted = wanted.where(applications.c.code == code) if code else wanted
        with self.database.reading() as con:
            rows = con.execute(wanted).all()
        found = [r for r in rows if any(json.loads(r.details).get(n) for n in REVOKED_FOR)]
        return {r.code: date.fromisoformat(r.done_on) for r in found}


def _acts(names: Collection[str]) -> Select[Any]:
    """Applications with the step of such an act, the earliest application first."""
    return (
        select(applications, application_steps.c.act, application_steps.c.done_on)
        .join(application_steps, application_steps.c.application == applications.c.id)
        .where(application_steps.c.act.in_(list(names)))
        .order_by(applications.c.id)
    )


def _latest() -> Select[Any]:
    """Every application with its last step's state."""
    last = (
        select(application_steps.c.application, func.max(application_steps.c.step).label("step"))
        .group_by(application_steps.c.application)
        .subquery()
    )
    return (
        select(applications, application_steps.c.state)
        .join(last, last.c.application == applications.c.id)
        .join(
            application_steps,
            and_(
                application_steps.c.application == last.c.application,
                application_steps.c.step == last.c.step,
            ),
        )
    )


def _one(con: Connection, number: int) -> dict[str, Any]:
    row = con.execute(_latest().where(applications.c.id == number)).mappings().first()
    if row is None:
        raise UnknownRecord(f"there is no application {number}; list them to find its number")
    return _with_steps(con, [dict(row)])[0]


def _with_steps(con: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Applications with their steps, JSON read."""
    wanted = select(application_steps).where(
        application_steps.c.application.in_([row["id"] for row in rows])
    )
    steps: dict[int, list[dict[str, Any]]] = {}
    for step in con.execute(wanted.order_by(application_steps.c.step)).mappings():
        steps.setdefault(step["application"], []).append(
            {**step, "details": json.loads(step["details"])}
        )
    return [{**row, "key": json.loads(row["key"]), "steps": steps[row["id"]]} for row in rows]


def _refuse_second(con: Connection, filing: Filing, key: str) -> None:
    """Refuse a second application about a record while one is under way or was granted."""
    c = applications.c
    same = and_(
        c.kind == filing.kind, c.code == filing.code, c.record == filing.record, c.key == key
    )
    rows = con.execute(_latest().where(same).order_by(c.id.desc())).mappings()
    for row in rows:
        if row["state"] not in OVER:
            raise WrongState(
                f"application {row['id']} about the same record is {row['state']}; go on with it"
            )


def _refuse_nameless(kind: Kind, step: Step) -> None:
    """Refuse an official's step without name, office or reason."""
    if MOVES[kind][step.act].by_official:
        lacking = [n for n in ("official", "role", "reason") if not getattr(step, n).strip()]
        if lacking:
            raise BadInput(f'"{step.act}" without {", ".join(lacking)}; say who decides and why')


def _refuse_backwards(found: Mapping[str, Any], step: Step) -> None:
    last = found["steps"][-1]["done_on"]
    if step.done_on.isoformat() < last:
        raise BadInput(f"{step.done_on} is before the last step of {last}; correct the day")


def _add(tx: Tx, number: int, at: int, state: str, step: Step) -> None:
    row = {
        **asdict(step),
        "done_on": step.done_on.isoformat(),
        "details": canonical(dict(step.details)),
    }
    row |= {"application": number, "step": at, "state": state, "activity": tx.seq}
    tx.con.execute(insert(application_steps), row)


def _told(row: Mapping[Any, Any]) -> tuple[int, str, str, dict[str, str], date]:
    """Application, code, table and key of its record, and the day of the act."""
    day = date.fromisoformat(row["done_on"])
    return row["id"], row["code"], row["record"], json.loads(row["key"]), day


def days_of(found: Mapping[str, Any]) -> Iterator[tuple[str, date]]:
    """Acts of an application with their days, in order."""
    for step in found["steps"]:
        yield step["act"], date.fromisoformat(step["done_on"])
