"""What accounts need beyond version 2: age of passwords, one-time codes, identity provider."""

import sqlalchemy as sa
from alembic import op

from xhcredit.store.migrations.columns import Number, Plain

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add columns of people and sessions, and the tables of logging in."""
    op.add_column("users", sa.Column("password_at", Plain))
    op.add_column("users", sa.Column("totp_pending", sa.Text))
    op.add_column(
        "users", sa.Column("totp_step", sa.BigInteger, nullable=False, server_default="0")
    )
    op.add_column("users", sa.Column("external", Plain))
    op.create_index("ix_users_external", "users", ["external"], unique=True)
    op.add_column("sessions", sa.Column("how", Plain, nullable=False, server_default="password"))
    _logging_in()


def _logging_in() -> None:
    op.create_table(
        "login_failures",
        sa.Column("id", Number, primary_key=True, autoincrement=True),
        sa.Column("address", Plain, nullable=False),
        sa.Column("at", Plain, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_login_failures_address_at", "login_failures", ["address", "at"])
    op.create_table(
        "login_states",
        sa.Column("digest", Plain),
        sa.Column("nonce", Plain, nullable=False),
        sa.Column("verifier", Plain, nullable=False),
        sa.Column("at", Plain, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_login_states"),
    )
