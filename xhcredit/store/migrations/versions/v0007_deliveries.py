"""Messages to other systems: any kind of them, subscriptions, deliveries.

Messages that wait already are told whose they are; how often each was tried is counted per
subscription from now on.
"""

import sqlalchemy as sa
from alembic import op

from xhcredit.store.migrations.columns import Number, Plain, because

revision = "0007"
down_revision = "0006"

_WHOSE = """
UPDATE outbox SET bureau = coalesce(
  (SELECT s.bureau FROM snapshots s WHERE s.run = outbox.run AND s.code = outbox.code),
  (SELECT s.bureau FROM snapshots s WHERE s.run = outbox.previous_run AND s.code = outbox.code),
  '')
"""


def upgrade() -> None:
    """Widen the outbox; add the tables of deliveries."""
    op.add_column("outbox", sa.Column("bureau", Plain, nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("payload", sa.Text, nullable=False, server_default="{}"))
    op.drop_column("outbox", "attempts")
    op.execute(_WHOSE)
    _subscriptions()
    _deliveries()


def _subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", Number, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("kinds", sa.Text, nullable=False),
        sa.Column("bureau", Plain, nullable=False),
        sa.Column("secret", Plain, nullable=False),
        sa.Column("earlier_secret", Plain, nullable=False, server_default=""),
        sa.Column("earlier_until", Plain, nullable=False, server_default=""),
        sa.Column("spread_to", Number, nullable=False),
        sa.Column("ended_at", Plain),
        *because("subscriptions"),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("subscription", Number, autoincrement=False),
        sa.Column("message", Number, autoincrement=False),
        sa.Column("code", Plain, nullable=False),
        sa.Column("state", Plain, nullable=False, server_default="waiting"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", Plain, nullable=False),
        sa.Column("answer", sa.Text, nullable=False, server_default=""),
        sa.Column("done_at", Plain),
        *because("deliveries"),
        sa.PrimaryKeyConstraint("subscription", "message", name="pk_deliveries"),
        sa.ForeignKeyConstraint(
            ["subscription"], ["subscriptions.id"], name="fk_deliveries_subscription"
        ),
        sa.ForeignKeyConstraint(["message"], ["outbox.id"], name="fk_deliveries_message"),
    )
    op.create_index("ix_deliveries_state", "deliveries", ["subscription", "state", "message"])
    op.create_index("ix_deliveries_of", "deliveries", ["subscription", "code", "state", "message"])
    op.create_index("ix_deliveries_message", "deliveries", ["message", "state"])
