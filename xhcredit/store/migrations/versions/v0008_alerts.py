"""Alerts with their steps, nights and back-tests."""

import sqlalchemy as sa
from alembic import op

from xhcredit.store.migrations.columns import Number, Plain, because

revision = "0008"
down_revision = "0007"

_ALERTS = "alerts"


def _plain(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, Plain, nullable=False) for name in names]


def upgrade() -> None:
    """Add the tables of early warning."""
    _alerts()
    _steps()
    op.create_table(
        "alert_nights",
        sa.Column("as_of", Plain),
        sa.Column("inputs", Plain),
        sa.Column("report", sa.Text, nullable=False),
        *because("alert_nights"),
        sa.PrimaryKeyConstraint("as_of", "inputs", name="pk_alert_nights"),
    )
    op.create_table(
        "alert_proofs",
        sa.Column("id", Number, autoincrement=False),
        *_plain("trigger", "numbers", "as_of", "data"),
        sa.Column("report", sa.Text, nullable=False),
        *because("alert_proofs"),
        sa.PrimaryKeyConstraint("id", name="pk_alert_proofs"),
    )
    op.create_index("ix_alert_proofs_of", "alert_proofs", ["trigger", "numbers", "as_of"])


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", Number, autoincrement=False),
        *_plain("trigger", "numbers", "family", "kind", "subject", "fact", "code"),
        sa.Column("name", sa.Text, nullable=False),
        *_plain("bureau", "street", "first_colour"),
        sa.Column("strength", sa.Double, nullable=False),
        sa.Column("p", sa.Double),
        *_plain("detected_on"),
        sa.Column("earlier", Number),
        sa.Column("evidence", sa.Text, nullable=False),
        *because("alerts"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("trigger", "subject", "fact", name="uq_alerts_trigger_subject_fact"),
    )
    op.create_index("ix_alerts_code", "alerts", ["code", "id"])
    op.create_index("ix_alerts_bureau", "alerts", ["bureau", "id"])


def _steps() -> None:
    op.create_table(
        "alert_steps",
        sa.Column("alert", Number, autoincrement=False),
        sa.Column("step", sa.Integer, autoincrement=False),
        *_plain("act", "actor", "done_on"),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        *_plain("state", "colour", "owner", "due_on", "snoozed_until"),
        *because("alert_steps"),
        sa.PrimaryKeyConstraint("alert", "step", name="pk_alert_steps"),
        sa.ForeignKeyConstraint(["alert"], [f"{_ALERTS}.id"], name="fk_alert_steps_alert"),
    )
    op.create_index("ix_alert_steps_state", "alert_steps", ["state", "alert"])
