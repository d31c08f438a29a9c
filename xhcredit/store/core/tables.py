"""Core database tables, as of the newest version; ``migrations`` creates them.

Days and moments are text (ISO, UTC), JSON is text in canonical form, so that both databases keep
and compare the very same bytes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

#: text that both databases sort by its bytes
Plain = Text().with_variant(Text(collation="C"), "postgresql")
#: a counting number; SQLite numbers rows by itself only if the type is INTEGER
Number = BigInteger().with_variant(Integer(), "sqlite")


def activity_reference() -> Column[int]:
    """The activity entry under which a row was written; it is inserted last, hence deferred."""
    to = ForeignKey("activity.seq", deferrable=True, initially="DEFERRED")
    return Column("activity", Number, to, nullable=False)


#: who did what, when, why: the hash chain (append-only)
activity = Table(
    "activity",
    METADATA,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("recorded_at", Plain, nullable=False),
    Column("clock_back_ms", BigInteger, nullable=False),
    Column("actor", Plain, nullable=False),
    Column("bureau", Plain, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("action", Plain, nullable=False),
    Column("payload", Text, nullable=False),
    Column("algorithm", Plain, nullable=False),
    Column("previous", Plain, nullable=False),
    Column("digest", Plain, nullable=False, unique=True),
    Index("ix_activity_actor_recorded_at", "actor", "recorded_at"),
    Index("ix_activity_recorded_at", "recorded_at"),
)

#: answers to requests that carried an idempotency key (removed after their time)
idempotency = Table(
    "idempotency",
    METADATA,
    Column("actor", Plain, primary_key=True),
    Column("key", Plain, primary_key=True),
    Column("request_digest", Plain, nullable=False),
    Column("response", Text, nullable=False),
    activity_reference(),
)

#: points tables that scored or may score (append-only)
releases = Table(
    "releases",
    METADATA,
    Column("digest", Plain, primary_key=True),
    Column("name", Plain, nullable=False),
    Column("body", Text, nullable=False),
    activity_reference(),
)

#: published nights (append-only)
runs = Table(
    "runs",
    METADATA,
    Column("run", Number, primary_key=True, autoincrement=False),
    Column("as_of", Plain, nullable=False),
    Column("provenance_digest", Plain, nullable=False, unique=True),
    Column("provenance", Text, nullable=False),
    Column("enterprises", BigInteger, nullable=False),
    Column("tiers", Text, nullable=False),
    Column("snapshot_digest", Plain, nullable=False),
    Column("published_at", Plain, nullable=False),
    activity_reference(),
)

#: which run answers; one row
current = Table(
    "current_run",
    METADATA,
    Column(
        "singleton", Integer, CheckConstraint("singleton = 1", name="singleton"), primary_key=True
    ),
    Column("run", Number, ForeignKey("runs.run"), nullable=False),
    activity_reference(),
)

#: one row per enterprise and run; rows of a run that is not in ``runs`` are not yet published and
#: nobody sees them.  ``body`` comes last, so that reading the rest does not touch its pages.
snapshots = Table(
    "snapshots",
    METADATA,
    Column("run", Number, primary_key=True, autoincrement=False),
    Column("code", Plain, primary_key=True),
    Column("tier", Plain, nullable=False),
    Column("composite", Double, nullable=False),
    Column("general", Double),
    Column("x", Text, nullable=False),
    Column("etag", Plain, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # who it is, for lists: as the register told it when the night was scored
    Column("bureau", Plain, nullable=False, server_default=""),
    Column("street", Plain, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("kind", Plain, nullable=False, server_default=""),
    Column("size", Plain, nullable=False, server_default=""),
    Column("fields", Plain, nullable=False, server_default=""),  # X that apply: ";x_food;x_fire;"
    # against the run that answered when this one was published; empty and 0 for who is new
    Column("previous_tier", Plain, nullable=False, server_default=""),
    Column("moved", Double, nullable=False, server_default="0"),
    # holds all that a list filters by, so that no page of the answers themselves is read for it
    Index(
        "ix_snapshots_list",
        "run",
        "composite",
        "code",
        "tier",
        "previous_tier",
        "moved",
        "bureau",
        "street",
        "kind",
        "size",
        "fields",
        "name",
    ),
    Index(
        "ix_snapshots_moved",
        "run",
        "moved",
        "code",
        "tier",
        "previous_tier",
        "composite",
        "bureau",
        "street",
        "kind",
        "size",
        "fields",
        "name",
    ),
    # lists are counted in the order of this one; it begins with what nobody filters by, so that
    # no page is read by it
    Index(
        "ix_snapshots_cells",
        "run",
        "previous_tier",
        "tier",
        "bureau",
        "street",
        "kind",
        "size",
        "fields",
        "name",
        "composite",
        "code",
    ),
)

#: what other systems are to be told, at least once; ``payload`` is what a kind tells besides these
#: columns, ``delivered_at`` since when nobody waits for it any more
outbox = Table(
    "outbox",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("kind", Plain, nullable=False),
    Column("code", Plain, nullable=False),  # empty: it is about no one enterprise
    Column("bureau", Plain, nullable=False, server_default=""),  # empty: no known bureau
    Column("run", Number, nullable=False),
    Column("previous_run", Number, nullable=False),
    Column("tier", Plain),  # none: it left the register
    Column("previous_tier", Plain),  # none: it is new
    Column("payload", Text, nullable=False, server_default="{}"),
    Column("delivered_at", Plain),
    activity_reference(),
    Index("ix_outbox_waiting", "delivered_at", "id"),
    # Without it SQLite may give the number of a deleted row again, and receivers would take the
    # message for an old one.
    sqlite_autoincrement=True,
)

#: people; whose password is hashed by who serves them.  ``totp_step`` is the time step of the last
#: one-time code that was taken, ``external`` who they are at the identity provider
users = Table(
    "users",
    METADATA,
    Column("login", Plain, primary_key=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("must_change", Integer, nullable=False),
    Column("totp_secret", Text),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("locked_until", Plain),
    Column("disabled_at", Plain),
    Column("password_at", Plain),
    Column("totp_pending", Text),
    Column("totp_step", BigInteger, nullable=False, server_default="0"),
    Column("external", Plain),
    activity_reference(),
    Index("ix_users_external", "external", unique=True),
)

#: which role a person has for which bureau
grants = Table(
    "grants",
    METADATA,
    Column("login", Plain, ForeignKey("users.login"), primary_key=True),
    Column("role", Plain, primary_key=True),
    Column("bureau", Plain, primary_key=True),
    activity_reference(),
)

#: keys of other systems: prefix to find them, digest to check them; the key itself is not kept
keys = Table(
    "api_keys",
    METADATA,
    Column("prefix", Plain, primary_key=True),
    Column("digest", Plain, nullable=False),
    Column("name", Text, nullable=False),
    Column("bureau", Plain, nullable=False),
    Column("roles", Text, nullable=False),
    Column("expires_at", Plain, nullable=False),
    Column("revoked_at", Plain),
    activity_reference(),
    UniqueConstraint("digest"),
)

#: who is logged in; the cookie's value is not kept, only its digest
sessions = Table(
    "sessions",
    METADATA,
    Column("digest", Plain, primary_key=True),
    Column("login", Plain, ForeignKey("users.login"), nullable=False),
    Column("csrf", Plain, nullable=False),
    Column("address", Plain, nullable=False),
    Column("opened_at", Plain, nullable=False),
    Column("seen_at", Plain, nullable=False),
    Column("how", Plain, nullable=False, server_default="password"),
    Index("ix_sessions_login", "login"),
)
