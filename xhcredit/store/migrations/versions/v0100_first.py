"""All tables of version 0.1.0.

The first version that programs upgrade: stores of the trial versions before it (0001 to 0012) are
refused.  It never changes; what comes after 0.1.0 is a version of its own.
"""

import sqlalchemy as sa

from xhcredit.store.migrations.columns import (
    Number,
    Plain,
    empty,
    index,
    integer,
    number,
    optional,
    plain,
    refers,
    table,
    words,
)
from xhcredit.store.migrations.v0100_work import make_work_tables

revision = "0100"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _chain()
    _demo_clock()
    _runs()
    _snapshots()
    _messages()
    _changes()
    _people()
    _logins()
    make_work_tables()


def _chain() -> None:
    table(
        "activity",
        "seq",
        *number("seq"),
        *plain("recorded_at"),
        sa.Column("clock_back_ms", sa.BigInteger, nullable=False),
        *plain("actor", "bureau"),
        *words("purpose"),
        *plain("action"),
        *words("payload"),
        *plain("algorithm", "previous", "digest"),
        sa.UniqueConstraint("digest", name="uq_activity_digest"),
        linked=False,
    )
    index("ix_activity_actor_recorded_at", "activity", "actor recorded_at")
    index("ix_activity_recorded_at", "activity", "recorded_at")
    table("idempotency", "actor key", *plain("actor", "key", "request_digest"), *words("response"))


def _demo_clock() -> None:
    """Empty in every store but those made as demo stores."""
    table("demo_clock", "step", *integer("step"), *plain("moment", "set_at"))


def _runs() -> None:
    table("releases", "digest", *plain("digest", "name"), *words("body"))
    table(
        "runs",
        "run",
        *number("run"),
        *plain("as_of", "provenance_digest"),
        *words("provenance"),
        sa.Column("enterprises", sa.BigInteger, nullable=False),
        *words("tiers"),
        *plain("snapshot_digest", "published_at"),
        sa.UniqueConstraint("provenance_digest", name="uq_runs_provenance_digest"),
    )
    table(
        "current_run",
        "singleton",
        sa.Column("singleton", sa.Integer),
        *number("run"),
        sa.CheckConstraint("singleton = 1", name="ck_current_run_singleton"),
        refers("current_run", "run", "runs.run"),
    )


def _snapshots() -> None:
    table(
        "snapshots",
        "run code",
        *number("run"),
        *plain("code", "tier"),
        sa.Column("composite", sa.Double, nullable=False),
        sa.Column("general", sa.Double),
        *words("x"),
        *plain("etag"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        *empty("bureau", "street"),
        sa.Column("name", sa.Text, nullable=False, server_default=""),
        *empty("kind", "size", "fields", "bureaus", "previous_tier"),
        sa.Column("moved", sa.Double, nullable=False, server_default="0"),
        *empty("listings"),
        linked=False,
    )
    index(
        "ix_snapshots_cells",
        "snapshots",
        "run previous_tier tier bureaus street kind size fields name composite code",
    )
    index(
        "ix_snapshots_list",
        "snapshots",
        "run composite code tier previous_tier moved bureaus street kind size fields name",
    )
    index(
        "ix_snapshots_moved",
        "snapshots",
        "run moved code tier previous_tier composite bureaus street kind size fields name",
    )


def _messages() -> None:
    table(
        "outbox",
        "id",
        sa.Column("id", Number, autoincrement=True),
        *plain("kind", "code"),
        *empty("bureau", "bureaus"),
        *number("run", "previous_run"),
        *optional("tier", "previous_tier"),
        sa.Column("payload", sa.Text, nullable=False, server_default="{}"),
        *optional("delivered_at"),
        sqlite_autoincrement=True,
    )
    index("ix_outbox_waiting", "outbox", "delivered_at id")
    table(
        "subscriptions",
        "id",
        *number("id"),
        *words("name", "url", "kinds"),
        *plain("bureau", "secret"),
        *empty("earlier_secret", "earlier_until"),
        *number("spread_to"),
        *optional("ended_at"),
    )
    table(
        "deliveries",
        "subscription message",
        *number("subscription", "message"),
        *plain("code"),
        sa.Column("state", Plain, nullable=False, server_default="waiting"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        *plain("due_at"),
        sa.Column("answer", sa.Text, nullable=False, server_default=""),
        *optional("done_at"),
        refers("deliveries", "message", "outbox.id"),
        refers("deliveries", "subscription", "subscriptions.id"),
    )
    index("ix_deliveries_message", "deliveries", "message state")
    index("ix_deliveries_of", "deliveries", "subscription code state message")
    index("ix_deliveries_state", "deliveries", "subscription state message")


def _changes() -> None:
    table(
        "changes",
        "id",
        *number("id"),
        *plain("kind", "code", "bureaus"),
        *number("run", "previous_run", "alert", "step"),
    )


def _people() -> None:
    table(
        "users",
        "login",
        *plain("login"),
        *words("name", "password_hash"),
        *integer("must_change"),
        sa.Column("totp_secret", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        *optional("locked_until", "disabled_at", "password_at"),
        sa.Column("totp_pending", sa.Text),
        sa.Column("totp_step", sa.BigInteger, nullable=False, server_default="0"),
        *optional("external"),
    )
    index("ix_users_external", "users", "external", unique=True)
    table(
        "grants",
        "login role bureau",
        *plain("login", "role", "bureau"),
        refers("grants", "login", "users.login"),
    )
    table(
        "api_keys",
        "prefix",
        *plain("prefix", "digest"),
        *words("name"),
        *plain("bureau"),
        *words("roles"),
        *plain("expires_at"),
        *optional("revoked_at"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
    )


def _logins() -> None:
    table(
        "sessions",
        "digest",
        *plain("digest", "login", "csrf", "address", "opened_at", "seen_at"),
        sa.Column("how", Plain, nullable=False, server_default="password"),
        refers("sessions", "login", "users.login"),
        linked=False,
    )
    index("ix_sessions_login", "sessions", "login")
    table(
        "login_failures",
        "id",
        sa.Column("id", Number, autoincrement=True),
        *plain("address", "failed_at"),
        sqlite_autoincrement=True,
        linked=False,
    )
    index("ix_login_failures_address_failed_at", "login_failures", "address failed_at")
    table("login_states", "digest", *plain("digest", "nonce", "verifier", "begun_at"), linked=False)
