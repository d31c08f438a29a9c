"""What other systems learn of alerts: a message when one is issued, a change with every step."""

from __future__ import annotations

from sqlalchemy import insert, select

from xhcredit.alerts.workflow import AlertAction, Standing
from xhcredit.store.alerts.rows import AlertWithSteps
from xhcredit.store.alerts.tables import alert_steps, alerts
from xhcredit.store.core.bureau_scope import bureaus_text
from xhcredit.store.core.changes import ChangeRow, append_changes
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.core.tables import outbox
from xhcredit.store.core.transactions import Tx


def append_alert_changes(tx: Tx) -> None:
    """Append every step of this act to the changes; called once, when all steps are there."""
    columns = (alerts.c.code, alerts.c.bureaus, alert_steps.c.alert, alert_steps.c.step)
    statement = select(*columns).join(alerts, alerts.c.id == alert_steps.c.alert)
    statement = statement.where(alert_steps.c.activity == tx.seq)
    rows = tx.con.execute(statement.order_by(alert_steps.c.alert, alert_steps.c.step)).mappings()
    append_changes(tx, [ChangeRow("alert", **row) for row in rows])


def add_issued_message(
    tx: Tx, alert: AlertWithSteps, action: AlertAction, standing: Standing
) -> None:
    """Put a message about an issued alert into the outbox (防范联动)."""
    row = {
        "kind": "alert.issued",
        "code": alert["code"],
        "bureau": alert["bureau"],
        "bureaus": bureaus_text(alert["bureaus"]),
        # An alert is about no published run; the outbox's columns are not null, so 0 says so.
        "run": 0,
        "previous_run": 0,
        "activity": tx.seq,
    }
    payload = {
        "alert": alert["id"],
        "trigger": alert["trigger"],
        "subject": alert["subject"],
        "colour": standing.colour,
        "owner": standing.owner,
        "due_on": standing.due_on,
        "provisional": action.details.get("provisional", False),
        "departments": action.details.get("departments", []),
    }
    tx.con.execute(insert(outbox), {**row, "payload": canonical(payload)})
