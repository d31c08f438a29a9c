"""People, what they may do, keys of other systems, sessions."""

import sqlalchemy as sa
from alembic import op

from xhcredit.store.migrations.columns import Plain, because

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables of access."""
    _people()
    op.create_table(
        "api_keys",
        sa.Column("prefix", Plain),
        sa.Column("digest", Plain, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("bureau", Plain, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("expires_at", Plain, nullable=False),
        sa.Column("revoked_at", Plain),
        *because("api_keys"),
        sa.PrimaryKeyConstraint("prefix", name="pk_api_keys"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", Plain),
        sa.Column("login", Plain, nullable=False),
        sa.Column("csrf", Plain, nullable=False),
        sa.Column("address", Plain, nullable=False),
        sa.Column("opened_at", Plain, nullable=False),
        sa.Column("seen_at", Plain, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
        sa.ForeignKeyConstraint(["login"], ["users.login"], name="fk_sessions_login"),
    )
    op.create_index("ix_sessions_login", "sessions", ["login"])


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("login", Plain),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("must_change", sa.Integer, nullable=False),
        sa.Column("totp_secret", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("locked_until", Plain),
        sa.Column("disabled_at", Plain),
        *because("users"),
        sa.PrimaryKeyConstraint("login", name="pk_users"),
    )
    op.create_table(
        "grants",
        sa.Column("login", Plain),
        sa.Column("role", Plain),
        sa.Column("bureau", Plain),
        *because("grants"),
        sa.PrimaryKeyConstraint("login", "role", "bureau", name="pk_grants"),
        sa.ForeignKeyConstraint(["login"], ["users.login"], name="fk_grants_login"),
    )
