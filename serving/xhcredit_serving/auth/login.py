"""Login by password and optional one-time code (TOTP), with lockout.

Whatever is wrong (no such login, wrong password, wrong code, locked, shut), the answer is the same,
after the same time.
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyotp

from xhcredit.errors import BadInput, LoginRefused, UnknownRecord
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.access import Lockout, PasswordRules, SessionLimits
from xhcredit.store.access.accounts_and_keys import actor_of
from xhcredit.store.access.sessions import Opened
from xhcredit.store.core.hash_chain import moment_of
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store
from xhcredit_serving.auth.passwords import Passwords, refuse_weak
from xhcredit_serving.http.problems import Refusal

_STEP = 30  #: seconds of a one-time code (RFC 6238)


def step_of(secret: str, code: str, now: datetime, after: int) -> int | None:
    """The time step of a right one-time code: this one, the one before or the next.

    Returns:
        None if the code is wrong, or of a step that is not after ``after``.
    """
    current = int(now.timestamp()) // _STEP
    made = pyotp.TOTP(secret)
    for step in (current, current - 1, current + 1):
        if step > after and hmac.compare_digest(made.generate_otp(step).encode(), code.encode()):
            return step
    return None


@dataclass(frozen=True)
class Logins:
    """Password login by the rules of the day."""

    store: Store
    book: Rulebook
    passwords: Passwords

    async def log_in(
        self, login: str, password: str, code: str | None, address: str, day: date
    ) -> Opened:
        """Log in: open a session.

        Raises:
            LoginRefused: something is wrong; what, is not told.
            Refusal: too many failed from this address, or a one-time code is needed besides.
        """
        limits = self.book.value("access.sessions", SessionLimits, as_of=day)
        user, step = await self._known(login, password, code, address, day)
        act = Act(actor_of(user["login"]), "session.open", "login")
        how = "password" if step is None else "totp"
        return await asyncio.to_thread(
            self.store.sessions.open, act, user, address, how, at_once=limits.at_once, step=step
        )

    async def change_password(
        self, login: str, old: str, new: str, address: str, day: date
    ) -> None:
        """Change an account's own password; all its sessions end.

        Raises:
            LoginRefused: the old one is wrong.
            BadInput: the new one is not good enough.
            Refusal: too many failed from this address.
        """
        rules = self.book.value("access.passwords", PasswordRules, as_of=day)
        if old == new:
            raise BadInput("the new password is the old one; choose another one")
        refuse_weak(new, login, rules)
        if await self._right(login, old, address, day) is None:
            raise await self._failed(login, address, day)
        changed = {"password_hash": await self.passwords.hashed(new), "must_change": 0}
        act = Act(actor_of(login), "account.password", "own password")
        await asyncio.to_thread(self.store.access.change_user, act, login, **changed)

    async def check_code(self, login: str, secret: str, code: str, address: str, day: date) -> int:
        """Time step of a right one-time code (TOTP); a wrong one counts as a failed try.

        Raises:
            LoginRefused: it is wrong, or there were too many tries.
        """
        free = await asyncio.to_thread(self._try, login, day)
        step = step_of(secret, code, self.store.writer.clock(), 0) if free else None
        if step is None:
            raise await self._failed(login, address, day)
        return step

    async def _known(
        self, login: str, password: str, code: str | None, address: str, day: date
    ) -> tuple[dict[str, Any], int | None]:
        """Account with this login and password, and the time step of its one-time code, if any."""
        user = await self._right(login, password, address, day)
        if user is None:
            raise await self._failed(login, address, day)
        if user["totp_secret"] is None:
            return user, None
        if not code:
            raise Refusal("code_needed", "send the code that your device shows, as code")
        now = self.store.writer.clock()
        step = step_of(user["totp_secret"], code, now, user["totp_step"])
        if step is None:
            raise await self._failed(login, address, day)
        return user, step

    async def _right(
        self, login: str, password: str, address: str, day: date
    ) -> dict[str, Any] | None:
        """Account with this login, if a try was left and the password is right."""
        user = await asyncio.to_thread(self._person, login, address, day)
        kept = user["password_hash"] if user else None
        right = await self.passwords.are_right(password, kept)
        return user if right else None

    def _person(self, login: str, address: str, day: date) -> dict[str, Any] | None:
        """Account whose password is to be compared; None if no password would be right."""
        lockout = self._lockout(day)
        now = self.store.writer.clock()
        since = now - timedelta(minutes=lockout.minutes)
        if self.store.sessions.failures_at(address, since) >= lockout.address_failures:
            wait = str(lockout.minutes * 60)
            raise Refusal(
                "too_many_logins", "too many logins failed from here; wait", Retry_After=wait
            )
        free = self._try(login, day)
        try:
            user = self.store.access.user(login)
        except UnknownRecord:
            return None
        return user if free and not user["disabled_at"] and self._is_fresh(user, day) else None

    def _try(self, login: str, day: date) -> bool:
        """Use up one try of an account."""
        lockout, now = self._lockout(day), self.store.writer.clock()
        until = now + timedelta(minutes=lockout.minutes)
        return self.store.sessions.try_once(login, lockout.failures, now, until)

    def _is_fresh(self, user: dict[str, Any], day: date) -> bool:
        """Whether a first password is still valid; others do not expire here."""
        if not user["must_change"] or user["password_at"] is None:
            return True
        rules = self.book.value("access.passwords", PasswordRules, as_of=day)
        age = self.store.writer.clock() - moment_of(user["password_at"])
        return age < timedelta(hours=rules.first_hours)

    def _knows(self, login: str) -> bool:
        try:
            return bool(self.store.access.user(login))
        except UnknownRecord:
            return False

    def _lockout(self, day: date) -> Lockout:
        return self.book.value("access.lockout", Lockout, as_of=day)

    async def _failed(self, login: str, address: str, day: date) -> LoginRefused:
        """Count a failed login, audit it, and return the refusal."""
        lockout = self._lockout(day)
        await asyncio.to_thread(self._count, login, address, lockout)
        return LoginRefused(
            f"the login, password or code is wrong, or the account is locked; {lockout.failures} "
            f"wrong tries lock it for {lockout.minutes} minutes, after which you may try again"
        )

    def _count(self, login: str, address: str, lockout: Lockout) -> None:
        now = self.store.writer.clock()
        self.store.sessions.failed_at(address, now, now - timedelta(minutes=lockout.minutes))
        # what is no login may be a password in the wrong field, so it is not kept
        told = {"login": login if self._knows(login) else "", "address": address}
        self.store.record([Act("nobody", "session.refused", "login", payload=told)])
