"""Alerts: raised by a night all at once, then followed up step by step; nothing is ever changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import cast

from sqlalchemy import Connection, RowMapping, and_, func, insert, select

from xhcredit.alerts.budget import AlertCandidate, EarlierAlert
from xhcredit.alerts.rows import BackTestReport, BackTestRow
from xhcredit.alerts.workflow import CLOSED_STATES, AlertAction, AlertTerm, Standing, is_due_unknown
from xhcredit.errors import BadInput, UnknownRecord, WrongState
from xhcredit.store.alerts.alert_messages import add_issued_message, append_alert_changes
from xhcredit.store.alerts.alert_queries import (
    AlertQuery,
    alerts_with_standing,
    read_page,
    with_steps,
)
from xhcredit.store.alerts.rows import (
    AlertNight,
    AlertRow,
    AlertStepTaken,
    AlertWithSteps,
    ExpiryTerms,
    NightFindings,
    StoredNight,
)
from xhcredit.store.alerts.tables import alert_nights, alert_proofs, alert_steps, alerts
from xhcredit.store.core.bureau_scope import BureauScope, bureaus_text, is_within
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.transactions import Act, Tx, Writer

#: finds where an alert stands after what is done, from the alert as it is in the transaction
ActionBuilder = Callable[[AlertWithSteps], tuple[AlertAction, Standing]]
#: where an alert, as read with its steps, stands once its due day is counted anew; None if as it is
DueDayUpdate = Callable[[AlertWithSteps], Standing | None]
NIGHT_ACTOR = "night"


def _keep_due_day(alert: AlertWithSteps) -> None:
    """Keep the due day (no update)."""


@dataclass(frozen=True)
class Alerts:
    """Reads and writes alerts."""

    database: Database
    writer: Writer

    def record_night(
        self,
        act: Act,
        as_of: date,
        inputs: str,
        new_candidates: Sequence[tuple[AlertCandidate, int | None]],
        expired: ExpiryTerms,
        report: NightFindings,
        redate_alert: DueDayUpdate = _keep_due_day,
    ) -> AlertNight:
        """Record a night: raise alerts, expire old ones, update due days; return the report.

        All or nothing.  The same inputs on the same day again do nothing and return the first
        report.

        Args:
            act: who runs the night.
            as_of: its day.
            inputs: digest of data and rules.
            new_candidates: what was chosen, each with the earlier alert about its subject.
            expired: ``before``, the day before which unissued alerts expire, and ``reason``.
            report: what else is kept with the night.
            redate_alert: counts the due day of an alert that is under way; by default all stay.
        """

        def work(tx: Tx) -> AlertNight:
            earlier_report = report_of_night(tx.con, as_of, inputs)
            if earlier_report is not None:
                return {**earlier_report, "repeated": True}
            alert_ids = _insert_alerts(tx, as_of, new_candidates)
            expired_ids = _expire_alerts(tx, as_of, expired["before"], expired["reason"])
            redated_ids = _redate_alerts(tx, as_of, redate_alert)
            append_alert_changes(tx)
            under_way = cast(Sequence[AlertTerm], _alerts_under_way(tx))
            night_report: StoredNight = {
                **report,
                "raised": len(alert_ids),
                "expired": len(expired_ids),
                "redated": len(redated_ids),
                "due_unknown": sum(map(is_due_unknown, under_way)),
            }
            night_row = {"as_of": as_of.isoformat(), "inputs": inputs, "activity": tx.seq}
            tx.con.execute(insert(alert_nights), {**night_row, "report": canonical(night_report)})
            tx.audit(raised=len(alert_ids), expired=len(expired_ids), redated=len(redated_ids))
            return {**night_report, "repeated": False}

        return self.writer.act(act, work)

    def night_report(self, as_of: date, inputs: str) -> StoredNight | None:
        """The report of a night, if its alerts were raised from these inputs."""
        with self.database.reading() as con:
            return report_of_night(con, as_of, inputs)

    def add_step(
        self, act: Act, number: int, build_action: ActionBuilder, within: BureauScope = None
    ) -> AlertStepTaken:
        """Do the next step; of two at once one is done, the other no longer fits.

        Raises:
            UnknownRecord: there is no such alert within these bureaus.
            WrongState: the step does not fit.
            TwoPersons: somebody else must do it.
        """

        def work(tx: Tx) -> AlertStepTaken:
            outcome = _add_step(tx, number, build_action, within)
            append_alert_changes(tx)
            tx.audit(**outcome)
            return outcome

        return self.writer.act(act, work)

    def add_steps(
        self,
        act: Act,
        numbers: Sequence[int],
        build_action: ActionBuilder,
        within: BureauScope = None,
    ) -> list[AlertStepTaken]:
        """Do the same with several alerts: all of them, or none and the error of the first."""

        def work(tx: Tx) -> list[AlertStepTaken]:
            outcomes = [_add_step(tx, number, build_action, within) for number in numbers]
            append_alert_changes(tx)
            tx.audit(alerts=list(numbers))
            return outcomes

        return self.writer.act(act, work)

    def get(self, number: int, within: BureauScope = None) -> AlertWithSteps:
        """An alert with its evidence and steps.

        Raises:
            UnknownRecord: there is none within these bureaus.
        """
        with self.database.reading() as con:
            return _get_alert(con, number, within)

    def read_page(self, query: AlertQuery) -> list[AlertRow]:
        """Alerts with their current state, the latest first; see ``AlertQuery``."""
        with self.database.reading() as con:
            return read_page(con, query)

    def earlier_alerts(self) -> list[EarlierAlert]:
        """All alerts ever raised, the oldest first, with the fields that the next night needs."""
        c = alerts.c
        statement = select(
            c.id, c.trigger, c.subject, c.fact, c.first_colour, c.detected_on, c.bureau
        )
        with self.database.reading() as con:
            return [EarlierAlert(*row) for row in con.execute(statement.order_by(c.id))]

    def save_backtests(
        self, act: Act, as_of: date, digest: str, proofs: Sequence[BackTestReport]
    ) -> int:
        """Store back-tests of triggers; return how many."""

        def work(tx: Tx) -> int:
            last_id = tx.con.scalar(select(func.max(alert_proofs.c.id))) or 0
            shared = {"as_of": as_of.isoformat(), "data_digest": digest, "activity": tx.seq}
            rows = [
                {
                    **shared,
                    "id": last_id + k,
                    "trigger": proof["trigger"],
                    "numbers": proof["numbers"],
                    "report": canonical(proof),
                }
                for k, proof in enumerate(proofs, 1)
            ]
            if rows:
                tx.con.execute(insert(alert_proofs), rows)
            tx.audit(proofs=len(rows))
            return len(rows)

        return self.writer.act(act, work)

    def latest_backtests(self) -> dict[tuple[str, str], BackTestRow]:
        """The latest back-test of each trigger's numbers, with its ``as_of``."""
        statement = select(alert_proofs).order_by(alert_proofs.c.id)
        with self.database.reading() as con:
            return {
                (r["trigger"], r["numbers"]): json.loads(r["report"]) | {"as_of": r["as_of"]}
                for r in con.execute(statement).mappings()
            }

    def verdict_counts(self, within: BureauScope = None) -> dict[str, dict[str, int]]:
        """Of each trigger: ``alerts`` raised, and the latest verdicts on them, counted."""
        counts_by_trigger: dict[str, dict[str, int]] = {}
        with self.database.reading() as con:
            for row in con.execute(select(alerts.c.id, alerts.c.trigger, alerts.c.bureaus)):
                if is_within(row.bureaus, within):
                    trigger_counts = counts_by_trigger.setdefault(row.trigger, {"alerts": 0})
                    trigger_counts["alerts"] += 1
            for trigger, verdict in _last_verdicts(con, within):
                counts_by_trigger[trigger][verdict] = counts_by_trigger[trigger].get(verdict, 0) + 1
        return counts_by_trigger


def report_of_night(con: Connection, as_of: date, inputs: str) -> StoredNight | None:
    """The report of a night that was done before."""
    same_night = and_(alert_nights.c.as_of == as_of.isoformat(), alert_nights.c.inputs == inputs)
    report_json = con.scalar(select(alert_nights.c.report).where(same_night))
    return None if report_json is None else cast("StoredNight", json.loads(report_json))


def _last_verdicts(con: Connection, within: BureauScope) -> list[tuple[str, str]]:
    s = alert_steps.c
    statement = (
        select(s.alert, s.details, alerts.c.trigger, alerts.c.bureaus)
        .join(alerts, alerts.c.id == s.alert)
        .where(s.act == "verify")
        .order_by(s.alert, s.step)
    )
    verdict_by_alert = {
        r.alert: (r.trigger, json.loads(r.details)["verdict"])
        for r in con.execute(statement)
        if is_within(r.bureaus, within)
    }
    return list(verdict_by_alert.values())


def _insert_alerts(
    tx: Tx, as_of: date, new_candidates: Sequence[tuple[AlertCandidate, int | None]]
) -> list[int]:
    """Insert alerts that are not there yet, each with its first step."""
    c = alerts.c
    # The same fact about the same subject alerts once for good, whatever inputs a night has.
    existing_keys = {tuple(row) for row in tx.con.execute(select(c.trigger, c.subject, c.fact))}
    # Numbered here under the writer's lock: the first steps need the ids before the rows.
    last_id = tx.con.scalar(select(func.max(c.id))) or 0
    rows, steps = [], []
    for candidate, earlier in new_candidates:
        key = (candidate.trigger, candidate.subject, candidate.fact)
        if key in existing_keys:
            continue
        existing_keys.add(key)
        last_id += 1
        alert_row = asdict(candidate)
        alert_row.pop("quiet_days")
        alert_row |= {
            "first_colour": alert_row.pop("colour"),
            "evidence": canonical(alert_row["evidence"]),
            "bureaus": bureaus_text([candidate.bureau, *candidate.bureaus]),
        }
        alert_row |= {"id": last_id, "detected_on": as_of.isoformat(), "earlier": earlier}
        rows.append(alert_row | {"activity": tx.seq})
        action = AlertAction("detect", as_of, NIGHT_ACTOR, candidate.trigger)
        steps.append(_step_row(tx, last_id, 1, action, Standing("detected", candidate.colour)))
    if rows:
        tx.con.execute(insert(alerts), rows)
        tx.con.execute(insert(alert_steps), steps)
    return [row["id"] for row in rows]


def _expire_alerts(tx: Tx, as_of: date, detected_before: str, reason: str) -> list[int]:
    """Expire alerts that were not issued in time; a snooze keeps them."""
    # Empty (not snoozed) sorts before every day, so only a snooze that still lasts keeps an
    # alert.
    statement = alerts_with_standing().where(
        alert_steps.c.state.in_(("detected", "screened")),
        alerts.c.detected_on < detected_before,
        alert_steps.c.snoozed_until < as_of.isoformat(),
    )
    expired_rows = tx.con.execute(statement).mappings().all()
    action = AlertAction("expire", as_of, NIGHT_ACTOR, reason)
    rows = [
        _step_row(tx, r["id"], r["step"] + 1, action, Standing("expired", r["colour"]))
        for r in expired_rows
    ]
    if rows:
        tx.con.execute(insert(alert_steps), rows)
    return [r["id"] for r in expired_rows]


def _alerts_under_way(tx: Tx) -> Sequence[RowMapping]:
    """Alerts under way, with their current state."""
    statement = (
        alerts_with_standing()
        .add_columns(alert_steps.c.done_on)
        .where(alert_steps.c.state.not_in(CLOSED_STATES))
    )
    return tx.con.execute(statement).mappings().all()


def _redate_alerts(tx: Tx, as_of: date, redate_alert: DueDayUpdate) -> list[int]:
    """Update due days of alerts under way by today's calendar of working days."""
    # A step dated after this night, which was run for an earlier day, is left alone: steps only
    # go forward.
    open_alerts = with_steps(
        tx.con, [r for r in _alerts_under_way(tx) if r["done_on"] <= as_of.isoformat()]
    )
    action = AlertAction(
        "redate", as_of, NIGHT_ACTOR, "due day counted anew by the calendar of working days"
    )
    redated = {
        alert["id"]: _step_row(tx, alert["id"], alert["step"] + 1, action, standing)
        for alert in open_alerts
        if (standing := redate_alert(alert)) is not None
    }
    if redated:
        tx.con.execute(insert(alert_steps), list(redated.values()))
    return list(redated)


def _step_row(
    tx: Tx, number: int, step: int, action: AlertAction, standing: Standing
) -> dict[str, object]:
    return {
        "alert": number,
        "step": step,
        "act": action.act,
        "actor": action.actor,
        "done_on": action.on.isoformat(),
        "reason": action.reason,
        "details": canonical(action.details),
        **asdict(standing),
        "activity": tx.seq,
    }


def _get_alert(con: Connection, number: int, within: BureauScope) -> AlertWithSteps:
    row = con.execute(alerts_with_standing().where(alerts.c.id == number)).mappings().first()
    if row is None or not is_within(row["bureaus"], within):
        raise UnknownRecord(f"there is no alert {number}; list them to find its number")
    return with_steps(con, [row])[0]


def _add_step(
    tx: Tx, number: int, build_action: ActionBuilder, within: BureauScope
) -> AlertStepTaken:
    """Apply one workflow step within a transaction; an issued alert goes into the outbox."""
    alert = _get_alert(tx.con, number, within)
    action, standing = build_action(alert)
    if action.on.isoformat() < alert["steps"][-1]["done_on"]:
        raise BadInput(f"{action.on} is before the last step; correct the day")
    if action.act == "merge":
        _refuse_merge(tx.con, alert, int(action.details["into"]), within)
    step_number = len(alert["steps"]) + 1
    tx.con.execute(insert(alert_steps), _step_row(tx, number, step_number, action, standing))
    # In the step's own transaction: other departments are told if and only if the alert was
    # issued (防范联动).
    if action.act == "issue":
        add_issued_message(tx, alert, action, standing)
    return cast("AlertStepTaken", {"alert": number, "step": step_number, **asdict(standing)})


def _refuse_merge(
    con: Connection, alert: AlertWithSteps, target_id: int, within: BureauScope
) -> None:
    """An alert goes on in another one that is under way and about the same subject."""
    target_alert = _get_alert(con, target_id, within)
    if target_id == alert["id"] or target_alert["subject"] != alert["subject"]:
        raise BadInput(
            f"alert {target_id} is no other one about the same subject; choose such a one"
        )
    if target_alert["state"] in CLOSED_STATES:
        raise WrongState(
            f"alert {target_id} is {target_alert['state']}; merge into one that is under way"
        )
