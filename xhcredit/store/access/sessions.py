"""Sessions, password attempts (lockout), and pending OIDC logins.

Of cookies only digests are kept, so a copy of the store opens nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import case, delete, func, insert, select, update

from xhcredit.errors import LoginRefused
from xhcredit.store.access.accounts_and_keys import digest_of
from xhcredit.store.access.login_tables import login_failures, login_states
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import written
from xhcredit.store.core.tables import grants, sessions, users
from xhcredit.store.core.transactions import Act, Tx, Writer


class Opened(NamedTuple):
    """New session: cookie value and CSRF token."""

    cookie: str
    csrf: str


@dataclass(frozen=True)
class Sessions:
    """Opens, finds and closes login sessions."""

    database: Database
    writer: Writer

    def try_once(self, login: str, limit: int, now: datetime, until: datetime) -> bool:
        """Use up one try of a password, before it is looked at, so that no two share one.

        The try that reaches ``limit`` locks the account up to ``until``; a right password lifts
        the lock again.  A lock that is over starts the count anew.

        Returns:
            Whether there was a try left; False also if nobody has this login.
        """
        at = written(now)
        over = users.c.locked_until <= at
        count = case((over, 1), else_=users.c.failures + 1)
        lock = case((count >= limit, written(until)), else_=None)
        free = (users.c.login == login) & (users.c.locked_until.is_(None) | over)
        with self.database.writing() as con:
            own = update(users).where(free).values(failures=count, locked_until=lock)
            return con.execute(own).rowcount == 1

    def open(
        self,
        act: Act,
        user: dict[str, Any],
        address: str,
        how: str,
        *,
        at_once: int = 1,
        step: int | None = None,
    ) -> Opened:
        """Open a session for an account whose password (or OIDC identity) was verified.

        Args:
            act: the activity entry.
            user: the person as read before looking at the password.
            address: where they are.
            how: ``password``, ``totp`` (both), ``oidc``, or ``demo``.
            at_once: how many sessions one person may have; the oldest end.
            step: time step of the one-time code, which opens nothing a second time.

        Raises:
            LoginRefused: meanwhile the password changed, the account was shut, or the code was
                used.
        """
        cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        login = user["login"]

        def work(tx: Tx) -> None:
            own = (users.c.login == login) & users.c.disabled_at.is_(None)
            own &= users.c.password_hash == user["password_hash"]
            new: dict[str, Any] = {"failures": 0, "locked_until": None}
            if step is not None:
                own &= users.c.totp_step < step
                new["totp_step"] = step
            if tx.con.execute(update(users).where(own).values(**new)).rowcount == 0:
                raise LoginRefused("the account changed meanwhile, or the code was used; try again")
            _end_oldest(tx, login, at_once - 1)
            row = {"digest": digest_of(cookie), "login": login, "csrf": csrf, "address": address}
            row |= {"opened_at": tx.at, "seen_at": tx.at, "how": how}
            tx.con.execute(insert(sessions), row)
            tx.tell(login=login, address=address, how=how)

        self.writer.act(act, work)
        return Opened(cookie, csrf)

    def find(self, cookie: str) -> dict[str, Any] | None:
        """Session of a cookie with its account and ``grants``; None if there is none.

        Its age is judged by who serves.
        """
        shown = (users.c.name, users.c.must_change, users.c.password_at, users.c.disabled_at)
        wanted = (
            select(sessions, *shown, users.c.totp_secret.is_not(None).label("has_totp"))
            .join(users, users.c.login == sessions.c.login)
            .where(sessions.c.digest == digest_of(cookie))
        )
        with self.database.reading() as con:
            row = con.execute(wanted).mappings().first()
            if row is None or row["disabled_at"] is not None:
                return None
            held = select(grants.c.role, grants.c.bureau).where(grants.c.login == row["login"])
            return {**row, "grants": frozenset((g.role, g.bureau) for g in con.execute(held))}

    def seen(self, digest: str, now: datetime) -> None:
        """Note that a session is in use (call it seldom: a commit; no act, hence no entry)."""
        own = update(sessions).where(sessions.c.digest == digest)
        with self.database.writing() as con:
            con.execute(own.values(seen_at=written(now)))

    def close(self, act: Act, digest: str) -> None:
        """Log out of one session; if it is over already, nothing happens but the entry."""

        def work(tx: Tx) -> None:
            tx.con.execute(delete(sessions).where(sessions.c.digest == digest))

        self.writer.act(act, work)

    def failed_at(self, address: str, now: datetime, since: datetime) -> None:
        """Count a failed login against an address; older ones of all addresses are forgotten."""
        with self.database.writing() as con:
            con.execute(delete(login_failures).where(login_failures.c.at < written(since)))
            con.execute(insert(login_failures), {"address": address, "at": written(now)})

    def failures_at(self, address: str, since: datetime) -> int:
        """How often logins failed from an address since a moment."""
        own = (login_failures.c.address == address) & (login_failures.c.at >= written(since))
        with self.database.reading() as con:
            return con.scalar(select(func.count()).select_from(login_failures).where(own)) or 0

    def begin(self, state: str, nonce: str, verifier: str, now: datetime, since: datetime) -> None:
        """Store the pending OIDC login (state, nonce, PKCE); delete those from before ``since``."""
        row = {"digest": digest_of(state), "nonce": nonce, "verifier": verifier}
        with self.database.writing() as con:
            con.execute(delete(login_states).where(login_states.c.at < written(since)))
            con.execute(insert(login_states), {**row, "at": written(now)})

    def take(self, state: str, since: datetime) -> dict[str, Any] | None:
        """Consume the pending OIDC login of a state, once; None if there is none."""
        own = login_states.c.digest == digest_of(state)
        with self.database.writing() as con:
            row = con.execute(select(login_states).where(own)).mappings().first()
            con.execute(delete(login_states).where(own))
        return None if row is None or row["at"] < written(since) else dict(row)


def _end_oldest(tx: Tx, login: str, keep: int) -> None:
    """End all but the newest sessions of an account."""
    own = select(sessions.c.digest).where(sessions.c.login == login)
    newest = own.order_by(sessions.c.opened_at.desc(), sessions.c.digest)
    ended = list(tx.con.scalars(newest))[max(keep, 0) :]
    tx.con.execute(delete(sessions).where(sessions.c.digest.in_(ended)))
