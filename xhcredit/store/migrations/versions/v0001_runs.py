"""Activity chain, idempotency, releases, runs, snapshots, the current run, outbox."""

import sqlalchemy as sa
from alembic import op

from xhcredit.store.migrations.columns import Number, Plain, because

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of the first version."""
    _activity()
    _runs()
    _snapshots()
    _outbox()


def _activity() -> None:
    op.create_table(
        "activity",
        sa.Column("seq", Number, autoincrement=False),
        sa.Column("at", Plain, nullable=False),
        sa.Column("clock_back_ms", sa.BigInteger, nullable=False),
        sa.Column("actor", Plain, nullable=False),
        sa.Column("bureau", Plain, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("action", Plain, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("algorithm", Plain, nullable=False),
        sa.Column("previous", Plain, nullable=False),
        sa.Column("digest", Plain, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_activity"),
        sa.UniqueConstraint("digest", name="uq_activity_digest"),
    )
    op.create_index("ix_activity_actor_at", "activity", ["actor", "at"])
    op.create_index("ix_activity_at", "activity", ["at"])
    op.create_table(
        "idempotency",
        sa.Column("actor", Plain),
        sa.Column("key", Plain),
        sa.Column("request_digest", Plain, nullable=False),
        sa.Column("response", sa.Text, nullable=False),
        *because("idempotency"),
        sa.PrimaryKeyConstraint("actor", "key", name="pk_idempotency"),
    )


def _runs() -> None:
    op.create_table(
        "releases",
        sa.Column("digest", Plain),
        sa.Column("name", Plain, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        *because("releases"),
        sa.PrimaryKeyConstraint("digest", name="pk_releases"),
    )
    op.create_table(
        "runs",
        sa.Column("run", Number, autoincrement=False),
        sa.Column("as_of", Plain, nullable=False),
        sa.Column("provenance_digest", Plain, nullable=False),
        sa.Column("provenance", sa.Text, nullable=False),
        sa.Column("enterprises", sa.BigInteger, nullable=False),
        sa.Column("tiers", sa.Text, nullable=False),
        sa.Column("snapshot_digest", Plain, nullable=False),
        sa.Column("published_at", Plain, nullable=False),
        *because("runs"),
        sa.PrimaryKeyConstraint("run", name="pk_runs"),
        sa.UniqueConstraint("provenance_digest", name="uq_runs_provenance_digest"),
    )
    op.create_table(
        "current_run",
        sa.Column("one", sa.Integer),
        sa.Column("run", Number, nullable=False),
        *because("current_run"),
        sa.PrimaryKeyConstraint("one", name="pk_current_run"),
        sa.CheckConstraint("one = 1", name="ck_current_run_one"),
        sa.ForeignKeyConstraint(["run"], ["runs.run"], name="fk_current_run_run"),
    )


def _snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("run", Number, autoincrement=False),
        sa.Column("code", Plain),
        sa.Column("tier", Plain, nullable=False),
        sa.Column("composite", sa.Double, nullable=False),
        sa.Column("general", sa.Double),
        sa.Column("x", sa.Text, nullable=False),
        sa.Column("etag", Plain, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("run", "code", name="pk_snapshots"),
    )
    op.create_index("ix_snapshots_watch", "snapshots", ["run", "composite", "code", "tier"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", Number, primary_key=True, autoincrement=True),
        sa.Column("kind", Plain, nullable=False),
        sa.Column("code", Plain, nullable=False),
        sa.Column("run", Number, nullable=False),
        sa.Column("previous_run", Number, nullable=False),
        sa.Column("tier", Plain, nullable=False),
        sa.Column("previous_tier", Plain, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("delivered_at", Plain),
        *because("outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_waiting", "outbox", ["delivered_at", "id"])
