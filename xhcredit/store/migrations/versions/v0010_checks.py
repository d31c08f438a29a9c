"""Joint draws, and checks that are triggered instead of drawn."""

import sqlalchemy as sa
from alembic import op

from xhcredit.store.migrations.columns import Plain, because

revision = "0010"
down_revision = "0009"


def _plain(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, Plain, nullable=False) for name in names]


def upgrade() -> None:
    """Add the tables of joint draws and of triggered checks."""
    _joint()
    op.create_table(
        "triggered_checks",
        *_plain("id", "bureau", "code"),
        sa.Column("body", sa.Text, nullable=False),
        *because("triggered_checks"),
        sa.PrimaryKeyConstraint("id", name="pk_triggered_checks"),
    )
    op.create_index("ix_triggered_checks_code", "triggered_checks", ["code"])
    op.create_table(
        "triggered_steps",
        *_plain("id"),
        sa.Column("step", sa.Integer, nullable=False, autoincrement=False),
        *_plain("state", "at", "actor"),
        sa.Column("details", sa.Text, nullable=False),
        *because("triggered_steps"),
        sa.PrimaryKeyConstraint("id", "step", name="pk_triggered_steps"),
        sa.ForeignKeyConstraint(["id"], ["triggered_checks.id"], name="fk_triggered_steps_id"),
    )


def _joint() -> None:
    op.create_table(
        "joint_draws",
        *_plain("id", "first", "last", "digest"),
        sa.Column("body", sa.Text, nullable=False),
        *because("joint_draws"),
        sa.PrimaryKeyConstraint("id", name="pk_joint_draws"),
    )
    op.create_table(
        "joint_members",
        *_plain("draw", "joint"),
        *because("joint_members"),
        sa.PrimaryKeyConstraint("draw", name="pk_joint_members"),
        sa.ForeignKeyConstraint(["draw"], ["draws.id"], name="fk_joint_members_draw"),
        sa.ForeignKeyConstraint(["joint"], ["joint_draws.id"], name="fk_joint_members_joint"),
    )
    op.create_index("ix_joint_members_joint", "joint_members", ["joint"])
