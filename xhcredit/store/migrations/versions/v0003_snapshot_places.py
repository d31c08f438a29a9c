"""Who an enterprise is, in its snapshot row: bureau, street, name, kind, size, X, and what moved.

Columns are added as they are, which keeps the table and its triggers.  The outbox is made anew:
newcomers have no earlier tier, and who left has no tier.
"""

import sqlalchemy as sa
from alembic import op

from xhcredit.store.migrations.columns import Plain

revision = "0003"
down_revision = "0002"

_LISTED = ("bureau", "street", "kind", "size", "fields", "name")
_BY_SCORE = ("run", "composite", "code", "tier", "previous_tier", "moved", *_LISTED)
_BY_MOVE = ("run", "moved", "code", "tier", "previous_tier", "composite", *_LISTED)


def upgrade() -> None:
    """Add the columns, and the indexes by which lists are read."""
    op.drop_index("ix_snapshots_watch", "snapshots")
    for name in ("bureau", "street", "name", "kind", "size", "fields", "previous_tier"):
        kind = sa.Text if name == "name" else Plain
        op.add_column("snapshots", sa.Column(name, kind, nullable=False, server_default=""))
    op.add_column("snapshots", sa.Column("moved", sa.Double, nullable=False, server_default="0"))
    op.create_index("ix_snapshots_list", "snapshots", list(_BY_SCORE))
    op.create_index("ix_snapshots_moved", "snapshots", list(_BY_MOVE))
    counted = {"sqlite_autoincrement": True}
    with op.batch_alter_table("outbox", table_kwargs=counted) as outbox:
        outbox.alter_column("tier", existing_type=Plain, nullable=True)
        outbox.alter_column("previous_tier", existing_type=Plain, nullable=True)
