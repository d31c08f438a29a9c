"""Who may do what?  People with roles per bureau, keys of other systems, sessions.

Passwords are hashed by who serves them (it takes a third of a second on purpose); here a hash is
only kept.  Of keys and sessions only digests are kept, so a copy of the store opens nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Update, delete, insert, select, update

from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.store.acts import Act, Tx, Writer
from xhcredit.store.chain import canonical, written
from xhcredit.store.engines import Database
from xhcredit.store.tables import grants, keys, sessions, users


def digest_of(secret: str) -> str:
    """What is kept of a key or a cookie; both are long and random, so plain SHA-256 will do."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True)
class Access:
    """Reads and writes people, grants, keys and sessions."""

    database: Database
    writer: Writer

    def add_user(
        self, act: Act, login: str, name: str, password_hash: str, *, must_change: bool = True
    ) -> None:
        """Add a person.

        Raises:
            BadInput: the login is taken.
        """

        def work(tx: Tx) -> None:
            if tx.con.scalar(select(users.c.login).where(users.c.login == login)) is not None:
                raise BadInput(f'the login "{login}" is taken; choose another')
            row: dict[str, Any] = {"login": login, "name": name, "password_hash": password_hash}
            row |= {"must_change": int(must_change), "failures": 0, "activity": tx.seq}
            tx.con.execute(insert(users), row)
            tx.tell(login=login)

        self.writer.act(act, work)

    def change_user(self, act: Act, login: str, **values: Any) -> None:
        """Set columns of a person (``password_hash``, ``failures``, ``locked_until`` ...).

        The activity entry names the columns, never their values.

        Raises:
            UnknownRecord: nobody has this login.
        """

        def work(tx: Tx) -> None:
            _touch(tx, update(users).where(users.c.login == login).values(**values), login)
            tx.tell(login=login, columns=sorted(values))

        self.writer.act(act, work)

    def user(self, login: str) -> dict[str, Any]:
        """A person with their ``grants`` as (role, bureau).

        Raises:
            UnknownRecord: nobody has this login.
        """
        with self.database.reading() as con:
            row = con.execute(select(users).where(users.c.login == login)).mappings().first()
            held = con.execute(
                select(grants.c.role, grants.c.bureau).where(grants.c.login == login)
            ).all()
        if row is None:
            raise UnknownRecord(f'nobody has the login "{login}"; check it')
        return {**row, "grants": sorted((g.role, g.bureau) for g in held)}

    def grant(self, act: Act, login: str, role: str, bureau: str, *, take: bool = False) -> None:
        """Give a person a role for a bureau, or take it away.

        Raises:
            UnknownRecord: nobody has this login, or a role to take was not held.
        """

        def work(tx: Tx) -> None:
            if tx.con.scalar(select(users.c.login).where(users.c.login == login)) is None:
                raise UnknownRecord(f'nobody has the login "{login}"; check it')
            row = {"login": login, "role": role, "bureau": bureau}
            held = (grants.c.login == login) & (grants.c.role == role) & (grants.c.bureau == bureau)
            gone = tx.con.execute(delete(grants).where(held)).rowcount
            if take and not gone:
                raise UnknownRecord(f'"{login}" is not {role} of "{bureau}"; see who is')
            if not take:
                tx.con.execute(insert(grants), {**row, "activity": tx.seq})
            tx.tell(**row, take=take)

        self.writer.act(act, work)

    def new_key(
        self, act: Act, name: str, bureau: str, roles: Sequence[str], expires_at: datetime
    ) -> str:
        """Make a key for another system and return it; it cannot be read again later.

        Raises:
            BadInput: the act has an idempotency key, under which the secret would be kept.
        """
        if act.key is not None:
            raise BadInput("a new key is shown once and kept nowhere; ask without idempotency key")
        prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        whole = f"xhc_{prefix}_{secret}"
        row = {"prefix": prefix, "digest": digest_of(whole), "name": name, "bureau": bureau}
        row |= {"roles": canonical(sorted(roles)), "expires_at": written(expires_at)}

        def work(tx: Tx) -> None:
            tx.con.execute(insert(keys), {**row, "activity": tx.seq})
            tx.tell(**{k: row[k] for k in ("prefix", "name", "bureau", "roles", "expires_at")})

        self.writer.act(act, work)
        return whole

    def key(self, whole: str, now: datetime) -> dict[str, Any] | None:
        """What a key opens; None if it is unknown, wrong, expired or revoked."""
        parts = whole.split("_", 2)
        prefix = parts[1] if len(parts) == 3 and parts[0] == "xhc" else ""
        with self.database.reading() as con:
            row = con.execute(select(keys).where(keys.c.prefix == prefix)).mappings().first()
        right = hmac.compare_digest(row["digest"] if row else "", digest_of(whole))
        if row is None or not right or row["revoked_at"] or row["expires_at"] <= written(now):
            return None
        return {**row, "roles": json.loads(row["roles"])}

    def revoke_key(self, act: Act, prefix: str) -> None:
        """Make a key open nothing any more.

        Raises:
            UnknownRecord: no key has this prefix, or it was revoked before.
        """

        def work(tx: Tx) -> None:
            alive = (keys.c.prefix == prefix) & keys.c.revoked_at.is_(None)
            _touch(tx, update(keys).where(alive).values(revoked_at=tx.at), prefix)
            tx.tell(prefix=prefix)

        self.writer.act(act, work)

    def open_session(self, act: Act, login: str, address: str) -> tuple[str, str]:
        """Log a person in: the cookie's value and the CSRF token; earlier sessions end."""
        cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)

        def work(tx: Tx) -> None:
            tx.con.execute(delete(sessions).where(sessions.c.login == login))
            row = {"digest": digest_of(cookie), "login": login, "csrf": csrf, "address": address}
            tx.con.execute(insert(sessions), {**row, "opened_at": tx.at, "seen_at": tx.at})
            tx.tell(login=login, address=address)

        self.writer.act(act, work)
        return cookie, csrf

    def session(self, cookie: str) -> dict[str, Any] | None:
        """The session behind a cookie; None if there is none.  Its age is judged by who serves."""
        wanted = select(sessions).where(sessions.c.digest == digest_of(cookie))
        with self.database.reading() as con:
            row = con.execute(wanted).mappings().first()
        return None if row is None else dict(row)

    def seen(self, cookie: str, now: datetime) -> None:
        """Note that a session is in use (call it seldom: a commit; no act, hence no entry)."""
        own = update(sessions).where(sessions.c.digest == digest_of(cookie))
        with self.database.writing() as con:
            con.execute(own.values(seen_at=written(now)))

    def close_sessions(self, act: Act, login: str) -> None:
        """Log a person out everywhere."""

        def work(tx: Tx) -> None:
            gone = tx.con.execute(delete(sessions).where(sessions.c.login == login)).rowcount
            tx.tell(login=login, sessions=gone)

        self.writer.act(act, work)


def _touch(tx: Tx, change: Update, name: str) -> None:
    """Run an update that must find its row."""
    if tx.con.execute(change).rowcount == 0:
        raise UnknownRecord(f'there is no "{name}" to change; check the name')
