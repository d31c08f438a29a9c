"""Filters of a list that an officer saved under a name."""

import sqlalchemy as sa
from alembic import op

from xhcredit.store.migrations.columns import Plain, because

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the table of saved views."""
    op.create_table(
        "saved_views",
        sa.Column("owner", Plain, nullable=False),
        sa.Column("name", Plain, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("bureau", Plain, nullable=False),
        sa.Column("gone", sa.Integer, nullable=False),
        *because("saved_views"),
        sa.PrimaryKeyConstraint("owner", "name", "version", name="pk_saved_views"),
    )
    op.create_index("ix_saved_views_bureau", "saved_views", ["bureau"])
