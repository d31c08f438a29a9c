"""Store of restoration applications and objections: filings and their append-only steps."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import cast

from sqlalchemy import Connection, RowMapping, and_, func, insert, select

from xhcredit.errors import BadInput, UnknownRecord, WrongState
from xhcredit.restoration.workflow import (
    CLOSED_STATES,
    REVOKED_FOR,
    TRANSITIONS,
    WITHDRAWING,
    CaseState,
    Kind,
    next_state,
)
from xhcredit.store.core.columns import RowSelect
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.restoration.rows import (
    CaseRow,
    CaseStepDetails,
    CaseStepRow,
    CaseStepTaken,
    RecordApplication,
)
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
    details: CaseStepDetails = field(default_factory=CaseStepDetails)


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
class Revocation:
    """A record that counts again since ``revoked_on``, for its restoration was revoked."""

    application: int
    code: str
    record: str
    key: Mapping[str, str]
    revoked_on: date


#: what is found of an application when a step is made: the application with its steps
StepBuilder = Callable[[CaseRow], Step]


@dataclass(frozen=True)
class Applications:
    """Reads and writes applications; steps are only ever added."""

    database: Database
    writer: Writer

    def submit(self, act: Act, filing: Filing, step: Step) -> CaseStepTaken:
        """File an application or objection; return its number and state.

        Raises:
            WrongState: one about the same record is under way, or was granted.
        """

        def work(tx: Tx) -> CaseStepTaken:
            # Canonical, because a record is found again by comparing this very text.
            key = canonical(dict(filing.key))
            _refuse_duplicate(tx.con, filing, key)
            number = (tx.con.scalar(select(func.max(applications.c.id))) or 0) + 1
            row = {**asdict(filing), "key": key, "id": number, "activity": tx.seq}
            tx.con.execute(insert(applications), {**row, "filed_on": step.done_on.isoformat()})
            _add_step(tx, number, 1, "filed", step)
            tx.audit(application=number, state="filed")
            return {"application": number, "step": 1, "state": "filed"}

        return self.writer.act(act, work)

    def add_step(self, act: Act, number: int, build_step: StepBuilder) -> CaseStepTaken:
        """Do the next step; of two at once one is done, the other no longer fits.

        Args:
            act: who does it and why.
            number: of the application.
            build_step: makes the step from the application as it stands within the transaction.

        Raises:
            UnknownRecord: there is no such application.
            WrongState: the step does not fit its state.
            BadInput: an official's step without name, office or reason, or a day before the last.
        """

        def work(tx: Tx) -> CaseStepTaken:
            application = _get_application(tx.con, number)
            step = build_step(application)
            state = next_state(application["kind"], application["state"], step.act)
            _refuse_unsigned(application["kind"], step)
            _refuse_earlier_day(application, step)
            step_number = len(application["steps"]) + 1
            _add_step(tx, number, step_number, state, step)
            outcome: CaseStepTaken = {"application": number, "step": step_number, "state": state}
            tx.audit(**outcome)
            return outcome

        return self.writer.act(act, work)

    def get(self, number: int) -> CaseRow:
        """An application with its ``steps``; ``state`` is that of the last one.

        Raises:
            UnknownRecord: there is no such application.
        """
        with self.database.reading() as con:
            return _get_application(con, number)

    def list_page(
        self,
        kind: Kind,
        *,
        states: frozenset[str] = frozenset(),
        bureaus: frozenset[str] | None = None,
        code: str = "",
        before_id: int | None = None,
        limit: int = 100,
    ) -> list[CaseRow]:
        """Applications with their steps, the latest first; ``bureaus`` None is the whole district.

        ``before_id`` is the number of the last one of the page before.
        """
        statement = _with_last_state().where(applications.c.kind == kind)
        if states:
            statement = statement.where(application_steps.c.state.in_(states))
        if bureaus is not None:
            statement = statement.where(applications.c.bureau.in_(bureaus))
        if code:
            statement = statement.where(applications.c.code == code)
        if before_id is not None:
            statement = statement.where(applications.c.id < before_id)
        with self.database.reading() as con:
            rows = con.execute(statement.order_by(applications.c.id.desc()).limit(limit)).mappings()
            return _with_steps(con, rows.all())

    def grants(self) -> list[Grant]:
        """Every record that was restored, or whose objection was upheld, the earliest first.

        What was revoked since is no grant any more; see ``revoked``.
        """
        # False materials or a broken pledge undo a restoration, and the record counts again.
        revoked_ids = select(application_steps.c.application).where(
            application_steps.c.act == "revoke"
        )
        statement = _with_act(WITHDRAWING).where(applications.c.id.not_in(revoked_ids))
        with self.database.reading() as con:
            rows = con.execute(statement).mappings()
            return [Grant(*_record_fields(row), WITHDRAWING[row["act"]]) for row in rows]

    def revocations(self) -> list[Revocation]:
        """Every restoration that was revoked, the earliest application first."""
        with self.database.reading() as con:
            return [
                Revocation(*_record_fields(row))
                for row in con.execute(_with_act(("revoke",))).mappings()
            ]

    def latest_by_record(self) -> dict[tuple[str, str, str], RecordApplication]:
        """The latest application for restoration of each record, by code, table and key."""
        statement = (
            _with_last_state()
            .where(applications.c.kind == "restoration")
            .order_by(applications.c.id)
        )
        with self.database.reading() as con:
            rows = con.execute(statement).mappings()
            return {
                (r["code"], r["record"], r["key"]): {"application": r["id"], "state": r["state"]}
                for r in rows
            }

    def false_materials_on(self, code: str) -> date | None:
        """The latest day on which such were found of an enterprise; None if never."""
        return self.breach_day_by_code(code).get(code)

    def breach_day_by_code(self, code: str = "") -> dict[str, date]:
        """By enterprise (or of one) the latest day of false materials or of a broken pledge."""
        statement = _with_act(("refuse", "revoke")).add_columns(application_steps.c.details)
        statement = statement.order_by(None).order_by(application_steps.c.done_on)
        statement = statement.where(applications.c.code == code) if code else statement
        with self.database.reading() as con:
            rows = con.execute(statement).all()
        breach_rows = [r for r in rows if any(json.loads(r.details).get(n) for n in REVOKED_FOR)]
        return {r.code: date.fromisoformat(r.done_on) for r in breach_rows}


def _with_act(names: Collection[str]) -> RowSelect:
    """Applications with the step of such an act, the earliest application first."""
    return (
        select(applications, application_steps.c.act, application_steps.c.done_on)
        .join(application_steps, application_steps.c.application == applications.c.id)
        .where(application_steps.c.act.in_(list(names)))
        .order_by(applications.c.id)
    )


def _with_last_state() -> RowSelect:
    """Every application with its last step's state."""
    last_steps = (
        select(application_steps.c.application, func.max(application_steps.c.step).label("step"))
        .group_by(application_steps.c.application)
        .subquery()
    )
    return (
        select(applications, application_steps.c.state)
        .join(last_steps, last_steps.c.application == applications.c.id)
        .join(
            application_steps,
            and_(
                application_steps.c.application == last_steps.c.application,
                application_steps.c.step == last_steps.c.step,
            ),
        )
    )


def _get_application(con: Connection, number: int) -> CaseRow:
    row = con.execute(_with_last_state().where(applications.c.id == number)).mappings().first()
    if row is None:
        raise UnknownRecord(f"there is no application {number}; list them to find its number")
    return _with_steps(con, [row])[0]


def _with_steps(con: Connection, rows: Sequence[RowMapping]) -> list[CaseRow]:
    """Applications with their steps, JSON read."""
    statement = select(application_steps).where(
        application_steps.c.application.in_([row["id"] for row in rows])
    )
    steps: dict[int, list[CaseStepRow]] = {}
    for step in con.execute(statement.order_by(application_steps.c.step)).mappings():
        step_row = {**step, "details": json.loads(step["details"])}
        steps.setdefault(step["application"], []).append(cast("CaseStepRow", step_row))
    case_rows = ({**row, "key": json.loads(row["key"]), "steps": steps[row["id"]]} for row in rows)
    return [cast("CaseRow", row) for row in case_rows]


def _refuse_duplicate(con: Connection, filing: Filing, key: str) -> None:
    """Refuse a second application about a record while one is under way or was granted."""
    c = applications.c
    same_record = and_(
        c.kind == filing.kind, c.code == filing.code, c.record == filing.record, c.key == key
    )
    rows = con.execute(_with_last_state().where(same_record).order_by(c.id.desc())).mappings()
    for row in rows:
        if row["state"] not in CLOSED_STATES:
            raise WrongState(
                f"application {row['id']} about the same record is {row['state']}; go on with it"
            )


def _refuse_unsigned(kind: Kind, step: Step) -> None:
    """Refuse an official's step without name, office or reason."""
    if TRANSITIONS[kind][step.act].by_official:
        missing_fields = [n for n in ("official", "role", "reason") if not getattr(step, n).strip()]
        if missing_fields:
            raise BadInput(
                f'"{step.act}" without {", ".join(missing_fields)}; say who decides and why'
            )


def _refuse_earlier_day(application: CaseRow, step: Step) -> None:
    last_day = application["steps"][-1]["done_on"]
    if step.done_on.isoformat() < last_day:
        raise BadInput(f"{step.done_on} is before the last step of {last_day}; correct the day")


def _add_step(tx: Tx, number: int, step_number: int, state: CaseState, step: Step) -> None:
    row = {
        **asdict(step),
        "done_on": step.done_on.isoformat(),
        "details": canonical(dict(step.details)),
    }
    row |= {"application": number, "step": step_number, "state": state, "activity": tx.seq}
    tx.con.execute(insert(application_steps), row)


def _record_fields(row: RowMapping) -> tuple[int, str, str, dict[str, str], date]:
    """Application, code, table and key of its record, and the day of the act."""
    day = date.fromisoformat(row["done_on"])
    return row["id"], row["code"], row["record"], json.loads(row["key"]), day


def act_days(application: CaseRow) -> Iterator[tuple[str, date]]:
    """Acts of an application with their days, in order."""
    for step in application["steps"]:
        yield step["act"], date.fromisoformat(step["done_on"])
