"""Core database tables, as of the newest version; ``migrations`` creates them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
)

from xhcredit.store.core.columns import (
    Number,
    Plain,
    empty,
    integer,
    number,
    optional,
    plain,
    reference,
    store_table,
    words,
)

#: who did what, when, why: the hash chain (append-only)
activity = store_table(
    "activity",
    *number("seq", key=True),
    *plain("recorded_at"),
    Column("clock_back_ms", BigInteger, nullable=False),
    *plain("actor", "bureau"),
    *words("purpose"),
    *plain("action"),
    *words("payload"),
    *plain("algorithm", "previous"),
    Column("digest", Plain, nullable=False, unique=True),
    Index("ix_activity_actor_recorded_at", "actor", "recorded_at"),
    Index("ix_activity_recorded_at", "recorded_at"),
    linked=False,
)

#: answers to requests that carried an idempotency key (removed after their time)
idempotency = store_table(
    "idempotency",
    *plain("actor", "key", key=True),
    *plain("request_digest"),
    *words("response"),
)

#: points tables that scored or may score (append-only)
releases = store_table("releases", *plain("digest", key=True), *plain("name"), *words("body"))

#: published nights (append-only)
runs = store_table(
    "runs",
    *number("run", key=True),
    *plain("as_of"),
    Column("provenance_digest", Plain, nullable=False, unique=True),
    *words("provenance"),
    Column("enterprises", BigInteger, nullable=False),
    *words("tiers"),
    *plain("snapshot_digest", "published_at"),
)

#: which run answers; one row
current = store_table(
    "current_run",
    Column(
        "singleton", Integer, CheckConstraint("singleton = 1", name="singleton"), primary_key=True
    ),
    reference("run", "runs.run", Number),
)

#: what a list filters by beside tier and moves
_FILTERED_COLUMNS = ("bureaus", "street", "kind", "size", "fields", "name")

#: one row per enterprise and run; rows of a run that is not in ``runs`` are not yet published and
#: nobody sees them.  ``body`` comes last, so that reading the rest does not touch its pages.
snapshots = store_table(
    "snapshots",
    *number("run", key=True),
    *plain("code", key=True),
    *plain("tier"),
    Column("composite", Double, nullable=False),
    Column("general", Double),
    *words("x"),
    *plain("etag"),
    Column("body", LargeBinary, nullable=False),
    # who it is, for lists: as the register told it when the night was scored
    *empty("bureau", "street"),
    Column("name", Text, nullable=False, server_default=""),
    *empty("kind", "size"),
    *empty("fields"),  # X that apply: ";x_food;x_fire;"
    # all bureaus that supervise it on the run's day, ";a;b;"; ``bureau`` is the leading one
    *empty("bureaus"),
    # against the run that answered when this one was published; empty and 0 for who is new
    *empty("previous_tier"),
    Column("moved", Double, nullable=False, server_default="0"),
    *empty("listings"),  # lists that it is on: ";abnormal_listing;serious_listing.tax;"
    # holds all that a list filters by, so that no page of the answers themselves is read for it
    Index(
        "ix_snapshots_list",
        "run",
        "composite",
        "code",
        "tier",
        "previous_tier",
        "moved",
        *_FILTERED_COLUMNS,
    ),
    Index(
        "ix_snapshots_moved",
        "run",
        "moved",
        "code",
        "tier",
        "previous_tier",
        "composite",
        *_FILTERED_COLUMNS,
    ),
    # lists are counted in the order of this one; it begins with what nobody filters by, so that
    # no page is read by it
    Index(
        "ix_snapshots_cells",
        "run",
        "previous_tier",
        "tier",
        *_FILTERED_COLUMNS,
        "composite",
        "code",
    ),
    linked=False,
)

#: what other systems are to be told, at least once; ``payload`` is what a kind tells besides these
#: columns, ``delivered_at`` since when nobody waits for it any more
outbox = store_table(
    "outbox",
    Column("id", Number, primary_key=True, autoincrement=True),
    *plain("kind"),
    *plain("code"),  # empty: it is about no one enterprise
    *empty("bureau"),  # empty: no known bureau
    # of an enterprise all that supervise it, ";a;b;"; empty: ``bureau`` alone
    *empty("bureaus"),
    *number("run", "previous_run"),
    *optional("tier"),  # none: it left the register
    *optional("previous_tier"),  # none: it is new
    Column("payload", Text, nullable=False, server_default="{}"),
    *optional("delivered_at"),
    Index("ix_outbox_waiting", "delivered_at", "id"),
    # Without it SQLite may give the number of a deleted row again, and receivers would take the
    # message for an old one.
    sqlite_autoincrement=True,
)

#: what changed, for systems that follow it: numbered without gaps in the order of commits; a row
#: names the rows that say it, of two runs or of an alert (the others are 0).  Retention takes away
#: the oldest, never the last one, from which numbers go on
changes = store_table(
    "changes",
    *number("id", key=True),
    *plain("kind"),
    *plain("code"),  # empty: it is about no one enterprise
    *plain("bureaus"),  # that may be told, ";a;b;"
    *number("run", "previous_run"),
    *number("alert", "step"),
)

#: people; whose password is hashed by who serves them.  ``totp_step`` is the time step of the last
#: one-time code that was taken, ``external`` who they are at the identity provider
users = store_table(
    "users",
    *plain("login", key=True),
    *words("name", "password_hash"),
    *integer("must_change"),
    Column("totp_secret", Text),
    Column("failures", Integer, nullable=False, server_default="0"),
    *optional("locked_until", "disabled_at", "password_at"),
    Column("totp_pending", Text),
    Column("totp_step", BigInteger, nullable=False, server_default="0"),
    *optional("external"),
    Index("ix_users_external", "external", unique=True),
)

#: which role a person has for which bureau
grants = store_table(
    "grants",
    reference("login", "users.login", key=True),
    *plain("role", "bureau", key=True),
)

#: keys of other systems: prefix to find them, digest to check them; the key itself is not kept
keys = store_table(
    "api_keys",
    *plain("prefix", key=True),
    *plain("digest"),
    *words("name"),
    *plain("bureau"),
    *words("roles"),
    *plain("expires_at"),
    *optional("revoked_at"),
    UniqueConstraint("digest"),
)

#: who is logged in; the cookie's value is not kept, only its digest
sessions = store_table(
    "sessions",
    *plain("digest", key=True),
    reference("login", "users.login"),
    *plain("csrf", "address", "opened_at", "seen_at"),
    Column("how", Plain, nullable=False, server_default="password"),
    Index("ix_sessions_login", "login"),
    linked=False,
)
