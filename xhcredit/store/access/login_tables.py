"""Tables of failed logins by address and of pending OIDC logins."""

from __future__ import annotations

from sqlalchemy import Column, Index

from xhcredit.store.core.columns import Number, plain, store_table

#: failed logins by address, whoever was named; kept as long as they count
login_failures = store_table(
    "login_failures",
    Column("id", Number, primary_key=True, autoincrement=True),
    *plain("address", "failed_at"),
    Index("ix_login_failures_address_failed_at", "address", "failed_at"),
    sqlite_autoincrement=True,
    linked=False,
)

#: logins begun at the identity provider: digest of the browser's cookie, and what must come back
login_states = store_table(
    "login_states",
    *plain("digest", key=True),
    *plain("nonce", "verifier", "begun_at"),
    linked=False,
)
