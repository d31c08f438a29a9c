"""Tables of failed logins by address and of pending OIDC logins."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from xhcredit.store.core.tables import METADATA, Number, Plain

#: failed logins by address, whoever was named; kept as long as they count
login_failures = Table(
    "login_failures",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("address", Plain, nullable=False),
    Column("failed_at", Plain, nullable=False),
    Index("ix_login_failures_address_failed_at", "address", "failed_at"),
    sqlite_autoincrement=True,
)

#: logins begun at the identity provider: digest of the browser's cookie, and what must come back
login_states = Table(
    "login_states",
    METADATA,
    Column("digest", Plain, primary_key=True),
    Column("nonce", Plain, nullable=False),
    Column("verifier", Plain, nullable=False),
    Column("begun_at", Plain, nullable=False),
)
