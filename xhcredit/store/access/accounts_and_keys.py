"""Accounts with roles per bureau, and API keys.

Passwords are hashed by who serves them (it takes a third of a second on purpose); here a hash is
only kept.  Of keys only digests are kept, so a copy of the store opens nothing.  What changes who
somebody is, or what they may do, ends their sessions in the same transaction.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import RowMapping, Update, delete, insert, select, update

from xhcredit.errors import BadInput, TwoPersons, UnknownRecord
from xhcredit.store.access.rows import ApiKey, ListedAccount, StoredAccount
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import canonical, format_moment
from xhcredit.store.core.tables import grants, keys, sessions, users
from xhcredit.store.core.transactions import Act, Tx, Writer

#: three administrators apart (三权分立): who runs it, who grants, who looks after both
ADMINISTRATORS = frozenset({"system_admin", "security_admin", "auditor"})


def actor_of(login: str) -> str:
    """Actor name of an account in the audit log."""
    return f"user:{login}"


def refuse_mixed_roles(roles: Iterable[str]) -> None:
    """Separation of duties: refuse to mix administrator roles with each other or with other roles.

    Raises:
        TwoPersons: one of them would hold another role as well.
    """
    role_set = set(roles)
    admin_roles = sorted(role_set & ADMINISTRATORS)
    # System, security and audit administration are three people (三权分立), and none of them also
    # does what they administer.
    if admin_roles and len(role_set) > 1:
        other_roles = ", ".join(sorted(role_set - {admin_roles[0]}))
        raise TwoPersons(
            f"{admin_roles[0]} does not go together with {other_roles}; choose another person"
        )


def digest_of(secret: str) -> str:
    """SHA-256 of an API key or cookie; both are long and random, so it needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


#: columns that open an account, or help to
_SECRET_COLUMNS = frozenset({"password_hash", "totp_secret", "totp_pending", "totp_step"})


@dataclass(frozen=True)
class Access:
    """Reads and writes accounts, grants and API keys."""

    database: Database
    writer: Writer

    def add_user(
        self, act: Act, login: str, name: str, password_hash: str, *, must_change: bool = True
    ) -> None:
        """Add an account.

        Raises:
            BadInput: the login is taken.
        """

        def work(tx: Tx) -> None:
            # Asked under the writer's lock: two requests for one login cannot both find it
            # free.
            if tx.con.scalar(select(users.c.login).where(users.c.login == login)) is not None:
                raise BadInput(f'the login "{login}" is taken; choose another')
            row: dict[str, str | int] = {"login": login, "name": name}
            row["password_hash"] = password_hash
            row |= {
                "must_change": int(must_change),
                "password_at": tx.recorded_at,
                "activity": tx.seq,
            }
            tx.con.execute(insert(users), row)
            tx.audit(login=login)

        self.writer.act(act, work)

    def change_user(self, act: Act, login: str, **columns: str | int | None) -> None:
        """Change columns of an account (``password_hash`` ...) and end its sessions.

        The activity entry names the columns, never their values.  A new password lifts a lock.

        Raises:
            UnknownRecord: nobody has this login.
            BadInput: ``external`` belongs to another person already.
        """

        def work(tx: Tx) -> None:
            column_names = sorted(columns)
            same_identity = users.c.external == columns.get("external")
            # A unique index stands behind this; it is asked first so that the refusal can say
            # what to do.
            if columns.get("external") and tx.con.scalar(
                select(users.c.login).where(same_identity)
            ):
                raise BadInput("another account has this identity already; take it away there")
            new_columns = dict(columns)
            if "password_hash" in columns:
                new_columns |= {"password_at": tx.recorded_at, "failures": 0, "locked_until": None}
            _update_one_row(
                tx, update(users).where(users.c.login == login).values(**new_columns), login
            )
            tx.con.execute(delete(sessions).where(sessions.c.login == login))
            tx.audit(login=login, columns=column_names)

        self.writer.act(act, work)

    def save_pending_totp(self, login: str, secret: str) -> None:
        """Store a pending TOTP secret until a first code confirms it (not audited yet)."""
        statement = update(users).where(users.c.login == login)
        with self.database.writing() as con:
            con.execute(statement.values(totp_pending=secret))

    def reset_user(self, act: Act, login: str, password_hash: str) -> None:
        """Reset another account to a one-time password; TOTP must be set up again.

        Raises:
            TwoPersons: it is oneself.
            UnknownRecord: nobody has this login.
        """
        _refuse_oneself(act, login)
        new_columns: dict[str, str | int | None] = {
            "password_hash": password_hash,
            "must_change": 1,
        }
        self.change_user(act, login, **new_columns, totp_secret=None, totp_pending=None)

    def disable_user(self, act: Act, login: str, disabled_at: str | None) -> None:
        """Disable another account from a moment on, or (None) enable it again.

        Raises:
            TwoPersons: it is oneself.
            UnknownRecord: nobody has this login.
        """
        _refuse_oneself(act, login)
        self.change_user(act, login, disabled_at=disabled_at)

    def user_by_identity(self, external: str) -> StoredAccount | None:
        """Account bound to an OIDC identity; None if there is none."""
        statement = select(users.c.login).where(users.c.external == external)
        with self.database.reading() as con:
            login = con.scalar(statement)
        return None if login is None else self.get_user(login)

    def bind_user(self, act: Act, login: str, external: str | None) -> None:
        """Bind another account to an OIDC identity, or (None) unbind it.

        Raises:
            TwoPersons: it is oneself.
            UnknownRecord: nobody has this login.
            BadInput: another person has this identity.
        """
        _refuse_oneself(act, login)
        self.change_user(act, login, external=external)

    def list_users(self) -> list[ListedAccount]:
        """All accounts with their ``grants``, by login; without secrets."""
        with self.database.reading() as con:
            rows = con.execute(select(users).order_by(users.c.login)).mappings().all()
            grant_rows = con.execute(select(grants.c.login, grants.c.role, grants.c.bureau)).all()
        return [
            without_secrets(
                _account(row, [(g.role, g.bureau) for g in grant_rows if g.login == row["login"]])
            )
            for row in rows
        ]

    def get_user(self, login: str) -> StoredAccount:
        """Account with its ``grants`` as (role, bureau).

        Raises:
            UnknownRecord: nobody has this login.
        """
        with self.database.reading() as con:
            row = con.execute(select(users).where(users.c.login == login)).mappings().first()
            grant_rows = con.execute(
                select(grants.c.role, grants.c.bureau).where(grants.c.login == login)
            ).all()
        if row is None:
            raise UnknownRecord(f'nobody has the login "{login}"; check it')
        return _account(row, [(g.role, g.bureau) for g in grant_rows])

    def grant(self, act: Act, login: str, role: str, bureau: str, *, take: bool = False) -> None:
        """Grant an account a role for a bureau, or revoke it; its sessions end.

        Raises:
            UnknownRecord: nobody has this login, or a role to take was not held.
            TwoPersons: one grants to oneself, or an administrator would get another role.
        """
        _refuse_oneself(act, login)

        def work(tx: Tx) -> None:
            if tx.con.scalar(select(users.c.login).where(users.c.login == login)) is None:
                raise UnknownRecord(f'nobody has the login "{login}"; check it')
            row = {"login": login, "role": role, "bureau": bureau}
            grant_filter = (
                (grants.c.login == login) & (grants.c.role == role) & (grants.c.bureau == bureau)
            )
            # Deleted before granting too: granting twice is no error, and the row names the
            # entry of the latest grant.
            removed_count = tx.con.execute(delete(grants).where(grant_filter)).rowcount
            if take and not removed_count:
                raise UnknownRecord(f'"{login}" is not {role} of "{bureau}"; see who is')
            if not take:
                # Read after the delete and under the writer's lock: two grants at once cannot
                # mix roles that neither would mix alone.
                other_roles = select(grants.c.role).where(grants.c.login == login)
                refuse_mixed_roles([role, *tx.con.scalars(other_roles)])
                tx.con.execute(insert(grants), {**row, "activity": tx.seq})
            tx.con.execute(delete(sessions).where(sessions.c.login == login))
            tx.audit(**row, take=take)

        self.writer.act(act, work)

    def new_key(
        self, act: Act, name: str, bureau: str, roles: Sequence[str], expires_at: datetime
    ) -> str:
        """Make a key for another system and return it; it cannot be read again later.

        Raises:
            BadInput: the act has an idempotency key, under which the secret would be kept.
            TwoPersons: the key would be of an administrator and of another role.
        """
        refuse_mixed_roles(roles)
        if act.key is not None:
            raise BadInput("a new key is shown once and kept nowhere; ask without idempotency key")
        # The prefix finds the row by its key; only the 256 random bits behind it are the
        # secret.
        prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        key_text = f"xhc_{prefix}_{secret}"
        row = {"prefix": prefix, "digest": digest_of(key_text), "name": name, "bureau": bureau}
        row |= {"roles": canonical(sorted(roles)), "expires_at": format_moment(expires_at)}

        def work(tx: Tx) -> None:
            tx.con.execute(insert(keys), {**row, "activity": tx.seq})
            # Column by column, never the whole row: the chain is exported, and the digest must
            # not leave with it.
            tx.audit(**{k: row[k] for k in ("prefix", "name", "bureau", "roles", "expires_at")})

        self.writer.act(act, work)
        return key_text

    def find_key(self, key_text: str, moment: datetime) -> ApiKey | None:
        """API key with its roles; None if it is unknown, wrong, expired or revoked."""
        parts = key_text.split("_", 2)
        prefix = parts[1] if len(parts) == 3 and parts[0] == "xhc" else ""
        with self.database.reading() as con:
            row = con.execute(select(keys).where(keys.c.prefix == prefix)).mappings().first()
        # An unknown prefix is compared as well, in constant time, so that the time taken tells
        # no prefix that exists.
        is_right = hmac.compare_digest(row["digest"] if row else "", digest_of(key_text))
        if (
            row is None
            or not is_right
            or row["revoked_at"]
            or row["expires_at"] <= format_moment(moment)
        ):
            return None
        return _api_key(row)

    def list_keys(self) -> list[ApiKey]:
        """All API keys, the latest first."""
        with self.database.reading() as con:
            rows = con.execute(select(keys).order_by(keys.c.activity.desc())).mappings()
            return [_api_key(row) for row in rows]

    def revoke_key(self, act: Act, prefix: str) -> None:
        """Revoke an API key.

        Raises:
            UnknownRecord: no key has this prefix, or it was revoked before.
        """

        def work(tx: Tx) -> None:
            active_key = (keys.c.prefix == prefix) & keys.c.revoked_at.is_(None)
            _update_one_row(
                tx, update(keys).where(active_key).values(revoked_at=tx.recorded_at), prefix
            )
            tx.audit(prefix=prefix)

        self.writer.act(act, work)


def without_secrets(account: StoredAccount) -> ListedAccount:
    """An account without the columns that open it, or help to."""
    plain_columns = {k: v for k, v in account.items() if k not in _SECRET_COLUMNS}
    return cast(ListedAccount, {**plain_columns, "has_totp": account["totp_secret"] is not None})


def _account(row: RowMapping, account_grants: list[tuple[str, str]]) -> StoredAccount:
    return cast(StoredAccount, {**row, "grants": sorted(account_grants)})


def _api_key(row: RowMapping) -> ApiKey:
    columns = {name: row[name] for name in ApiKey.__annotations__}
    return cast(ApiKey, {**columns, "roles": json.loads(row["roles"])})


def _refuse_oneself(act: Act, login: str) -> None:
    if act.actor == actor_of(login):
        raise TwoPersons(
            "nobody does this to their own account; ask another security administrator"
        )


def _update_one_row(tx: Tx, statement: Update, name: str) -> None:
    """Run an update that must find its row."""
    if tx.con.execute(statement).rowcount == 0:
        raise UnknownRecord(f'there is no "{name}" to change; check the name')
