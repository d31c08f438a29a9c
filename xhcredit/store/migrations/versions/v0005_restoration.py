"""Restoration applications, objections, and their steps."""

import sqlalchemy as sa
from alembic import op

from xhcredit.store.migrations.columns import Number, Plain, because

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the tables of applications."""
    op.create_table(
        "applications",
        sa.Column("id", Number, autoincrement=False),
        sa.Column("kind", Plain, nullable=False),
        sa.Column("code", Plain, nullable=False),
        sa.Column("record", Plain, nullable=False),
        sa.Column("key", Plain, nullable=False),
        sa.Column("authority", Plain, nullable=False),
        sa.Column("bureau", Plain, nullable=False),
        sa.Column("filed_on", Plain, nullable=False),
        *because("applications"),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
    )
    op.create_index("ix_applications_of", "applications", ["code", "record", "key"])
    op.create_index("ix_applications_bureau", "applications", ["bureau", "id"])
    op.create_table(
        "application_steps",
        sa.Column("application", Number, autoincrement=False),
        sa.Column("step", sa.Integer, autoincrement=False),
        sa.Column("act", Plain, nullable=False),
        sa.Column("state", Plain, nullable=False),
        sa.Column("done_on", Plain, nullable=False),
        sa.Column("official", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        *because("application_steps"),
        sa.PrimaryKeyConstraint("application", "step", name="pk_application_steps"),
        sa.ForeignKeyConstraint(
            ["application"], ["applications.id"], name="fk_application_steps_application"
        ),
    )
    op.create_index("ix_application_steps_state", "application_steps", ["state", "application"])
