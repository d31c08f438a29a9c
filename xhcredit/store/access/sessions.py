"""Sessions, password attempts (lockout), and pending OIDC logins.

Of cookies only digests are kept, so a copy of the store opens nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import case, delete, func, insert, select, update

from xhcredit.errors import LoginRefused
from xhcredit.store.access.accounts_and_keys import digest_of
from xhcredit.store.access.login_tables import login_failures, login_states
from xhcredit.store.access.rows import LoginState, SessionRow, StoredAccount
from xhcredit.store.core.database import Database
from xhcredit.store.core.hash_chain import format_moment
from xhcredit.store.core.tables import grants, sessions, users
from xhcredit.store.core.transactions import Act, Tx, Writer


class NewSession(NamedTuple):
    """New session: cookie value and CSRF token."""

    cookie: str
    csrf: str


@dataclass(frozen=True)
class Sessions:
    """Opens, finds and closes login sessions."""

    database: Database
    writer: Writer

    def use_up_try(self, login: str, limit: int, moment: datetime, lock_end: datetime) -> bool:
        """Use up one try of a password, before it is looked at, so that no two share one.

        The try that reaches ``limit`` locks the account up to ``lock_end``; a right password lifts
        the lock again.  A lock that is over starts the count anew.

        Returns:
            Whether there was a try left; False also if nobody has this login.
        """
        moment_text = format_moment(moment)
        is_lock_over = users.c.locked_until <= moment_text
        failure_count = case((is_lock_over, 1), else_=users.c.failures + 1)
        new_lock = case((failure_count >= limit, format_moment(lock_end)), else_=None)
        # Tested and counted by one UPDATE: guesses that come at once cannot all read the same
        # count.
        is_unlocked = (users.c.login == login) & (users.c.locked_until.is_(None) | is_lock_over)
        with self.database.writing() as con:
            statement = (
                update(users)
                .where(is_unlocked)
                .values(failures=failure_count, locked_until=new_lock)
            )
            return con.execute(statement).rowcount == 1

    def open(
        self,
        act: Act,
        user: StoredAccount,
        address: str,
        login_method: str,
        *,
        max_sessions: int = 1,
        step: int | None = None,
    ) -> NewSession:
        """Open a session for an account whose password (or OIDC identity) was verified.

        Args:
            act: the activity entry.
            user: the person as read before looking at the password.
            address: where they are.
            login_method: ``password``, ``totp`` (both), ``oidc``, or ``demo``.
            max_sessions: how many sessions one person may have; the oldest end.
            step: time step of the one-time code, which opens nothing a second time.

        Raises:
            LoginRefused: meanwhile the password changed, the account was shut, or the code was
                used.
        """
        cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        login = user["login"]

        def work(tx: Tx) -> None:
            account_filter = (users.c.login == login) & users.c.disabled_at.is_(None)
            account_filter &= users.c.password_hash == user["password_hash"]
            account_columns: dict[str, int | None] = {"failures": 0, "locked_until": None}
            if step is not None:
                account_filter &= users.c.totp_step < step
                account_columns["totp_step"] = step
            if (
                tx.con.execute(
                    update(users).where(account_filter).values(**account_columns)
                ).rowcount
                == 0
            ):
                raise LoginRefused("the account changed meanwhile, or the code was used; try again")
            _end_oldest(tx, login, max_sessions - 1)
            row = {"digest": digest_of(cookie), "login": login, "csrf": csrf, "address": address}
            row |= {"opened_at": tx.recorded_at, "seen_at": tx.recorded_at, "how": login_method}
            tx.con.execute(insert(sessions), row)
            tx.audit(login=login, address=address, how=login_method)

        self.writer.act(act, work)
        return NewSession(cookie, csrf)

    def find(self, cookie: str) -> SessionRow | None:
        """Session of a cookie with its account and ``grants``; None if there is none.

        Its age is judged by who serves.
        """
        account_columns = (
            users.c.name,
            users.c.must_change,
            users.c.password_at,
            users.c.disabled_at,
        )
        statement = (
            select(sessions, *account_columns, users.c.totp_secret.is_not(None).label("has_totp"))
            .join(users, users.c.login == sessions.c.login)
            .where(sessions.c.digest == digest_of(cookie))
        )
        with self.database.reading() as con:
            row = con.execute(statement).mappings().first()
            if row is None or row["disabled_at"] is not None:
                return None
            grant_statement = select(grants.c.role, grants.c.bureau).where(
                grants.c.login == row["login"]
            )
            session_grants = frozenset((g.role, g.bureau) for g in con.execute(grant_statement))
            return cast(SessionRow, {**row, "grants": session_grants})

    def mark_seen(self, digest: str, moment: datetime) -> None:
        """Note that a session is in use (call it seldom: a commit; no act, hence no entry)."""
        statement = update(sessions).where(sessions.c.digest == digest)
        with self.database.writing() as con:
            con.execute(statement.values(seen_at=format_moment(moment)))

    def close(self, act: Act, digest: str) -> None:
        """Log out of one session; if it is over already, nothing happens but the entry."""

        def work(tx: Tx) -> None:
            tx.con.execute(delete(sessions).where(sessions.c.digest == digest))

        self.writer.act(act, work)

    def record_failure(self, address: str, moment: datetime, since: datetime) -> None:
        """Count a failed login against an address; older ones of all addresses are forgotten."""
        with self.database.writing() as con:
            # Old failures go with each new one, so the table stays as small as what still
            # counts.
            con.execute(
                delete(login_failures).where(login_failures.c.failed_at < format_moment(since))
            )
            con.execute(
                insert(login_failures), {"address": address, "failed_at": format_moment(moment)}
            )

    def count_failures(self, address: str, since: datetime) -> int:
        """How often logins failed from an address since a moment."""
        failure_filter = (login_failures.c.address == address) & (
            login_failures.c.failed_at >= format_moment(since)
        )
        with self.database.reading() as con:
            return (
                con.scalar(select(func.count()).select_from(login_failures).where(failure_filter))
                or 0
            )

    def save_login_state(
        self, state: str, nonce: str, verifier: str, moment: datetime, since: datetime
    ) -> None:
        """Store the pending OIDC login (state, nonce, PKCE); delete those from before ``since``."""
        row = {"digest": digest_of(state), "nonce": nonce, "verifier": verifier}
        with self.database.writing() as con:
            con.execute(delete(login_states).where(login_states.c.begun_at < format_moment(since)))
            con.execute(insert(login_states), {**row, "begun_at": format_moment(moment)})

    def consume_login_state(self, state: str, since: datetime) -> LoginState | None:
        """Consume the pending OIDC login of a state, once; None if there is none."""
        state_filter = login_states.c.digest == digest_of(state)
        with self.database.writing() as con:
            # Read and deleted under the writer's lock: a state that comes back twice is
            # answered once.
            row = con.execute(select(login_states).where(state_filter)).mappings().first()
            con.execute(delete(login_states).where(state_filter))
        if row is None or row["begun_at"] < format_moment(since):
            return None
        return cast(LoginState, dict(row))


def _end_oldest(tx: Tx, login: str, keep_count: int) -> None:
    """End all but the newest sessions of an account."""
    statement = select(sessions.c.digest).where(sessions.c.login == login)
    newest_first = statement.order_by(sessions.c.opened_at.desc(), sessions.c.digest)
    ended_digests = list(tx.con.scalars(newest_first))[max(keep_count, 0) :]
    tx.con.execute(delete(sessions).where(sessions.c.digest.in_(ended_digests)))
