"""Login by password and optional one-time code (TOTP), with lockout.

Whatever is wrong (no such login, wrong password, wrong code, locked, shut), the answer is the same,
after the same time.
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyotp

from xhcredit.errors import BadInput, LoginRefused, UnknownRecord
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.access import Lockout, PasswordRules, SessionLimits
from xhcredit.store.access.accounts_and_keys import actor_of
from xhcredit.store.access.rows import StoredAccount
from xhcredit.store.access.sessions import NewSession
from xhcredit.store.core.hash_chain import parse_moment
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store
from xhcredit_serving.auth.passwords import Passwords, refuse_weak
from xhcredit_serving.http.problems import Refusal

_STEP = 30  #: seconds of a one-time code (RFC 6238)


def matching_time_step(secret: str, code: str, moment: datetime, after_step: int) -> int | None:
    """The time step of a right one-time code: this one, the one before or the next.

    Returns:
        None if the code is wrong, or of a step that is not after ``after_step``.
    """
    current_step = int(moment.timestamp()) // _STEP
    totp = pyotp.TOTP(secret)
    for step in (current_step, current_step - 1, current_step + 1):
        if step > after_step and hmac.compare_digest(
            totp.generate_otp(step).encode(), code.encode()
        ):
            return step
    return None


@dataclass(frozen=True)
class Logins:
    """Password login by the rules of the day."""

    store: Store
    rulebook: Rulebook
    passwords: Passwords

    async def log_in(
        self, login: str, password: str, code: str | None, address: str, day: date
    ) -> NewSession:
        """Log in: open a session.

        Raises:
            LoginRefused: something is wrong; what, is not told.
            Refusal: too many failed from this address, or a one-time code is needed besides.
        """
        limits = self.rulebook.value("access.sessions", SessionLimits, as_of=day)
        user, step = await self._authenticate(login, password, code, address, day)
        act = Act(actor_of(user["login"]), "session.open", "login")
        how = "password" if step is None else "totp"
        return await asyncio.to_thread(
            self.store.sessions.open,
            act,
            user,
            address,
            how,
            max_sessions=limits.at_once,
            step=step,
        )

    async def change_password(
        self, login: str, old_password: str, new_password: str, address: str, day: date
    ) -> None:
        """Change an account's own password; all its sessions end.

        Raises:
            LoginRefused: the old one is wrong.
            BadInput: the new one is not good enough.
            Refusal: too many failed from this address.
        """
        rules = self.rulebook.value("access.passwords", PasswordRules, as_of=day)
        if old_password == new_password:
            raise BadInput("the new password is the old one; choose another one")
        refuse_weak(new_password, login, rules)
        if await self._user_with_password(login, old_password, address, day) is None:
            raise await self._failed_login(login, address, day)
        password_columns: dict[str, str | int | None] = {
            "password_hash": await self.passwords.hash_password(new_password),
            "must_change": 0,
        }
        act = Act(actor_of(login), "account.password", "own password")
        await asyncio.to_thread(self.store.access.change_user, act, login, **password_columns)

    async def check_code(self, login: str, secret: str, code: str, address: str, day: date) -> int:
        """Time step of a right one-time code (TOTP); a wrong one counts as a failed try.

        Raises:
            LoginRefused: it is wrong, or there were too many tries.
        """
        has_try = await asyncio.to_thread(self._use_up_try, login, day)
        step = matching_time_step(secret, code, self.store.writer.clock(), 0) if has_try else None
        if step is None:
            raise await self._failed_login(login, address, day)
        return step

    async def _authenticate(
        self, login: str, password: str, code: str | None, address: str, day: date
    ) -> tuple[StoredAccount, int | None]:
        """Account with this login and password, and the time step of its one-time code, if any."""
        user = await self._user_with_password(login, password, address, day)
        if user is None:
            raise await self._failed_login(login, address, day)
        if user["totp_secret"] is None:
            return user, None
        if not code:
            raise Refusal("code_needed", "send the code that your device shows, as code")
        moment = self.store.writer.clock()
        step = matching_time_step(user["totp_secret"], code, moment, user["totp_step"])
        if step is None:
            raise await self._failed_login(login, address, day)
        return user, step

    async def _user_with_password(
        self, login: str, password: str, address: str, day: date
    ) -> StoredAccount | None:
        """Account with this login, if a try was left and the password is right."""
        user = await asyncio.to_thread(self._user_to_check, login, address, day)
        password_hash = user["password_hash"] if user else None
        # Compared also where nobody has this login, so that both take the same third of a
        # second.
        is_right = await self.passwords.matches(password, password_hash)
        return user if is_right else None

    def _user_to_check(self, login: str, address: str, day: date) -> StoredAccount | None:
        """Account whose password is to be compared; None if no password would be right."""
        lockout = self._lockout(day)
        moment = self.store.writer.clock()
        since = moment - timedelta(minutes=lockout.minutes)
        if self.store.sessions.count_failures(address, since) >= lockout.address_failures:
            wait_seconds = str(lockout.minutes * 60)
            raise Refusal(
                "too_many_logins",
                "too many logins failed from here; wait",
                Retry_After=wait_seconds,
            )
        has_try = self._use_up_try(login, day)
        try:
            user = self.store.access.get_user(login)
        except UnknownRecord:
            return None
        return user if has_try and not user["disabled_at"] and self._is_fresh(user, day) else None

    def _use_up_try(self, login: str, day: date) -> bool:
        """Use up one try of an account."""
        lockout, moment = self._lockout(day), self.store.writer.clock()
        locked_until = moment + timedelta(minutes=lockout.minutes)
        return self.store.sessions.use_up_try(login, lockout.failures, moment, locked_until)

    def _is_fresh(self, user: StoredAccount, day: date) -> bool:
        """Whether a first password is still valid; others do not expire here."""
        # Somebody else handed out a first password: it must not lie about for long. One chosen
        # by its owner may.
        if not user["must_change"] or user["password_at"] is None:
            return True
        rules = self.rulebook.value("access.passwords", PasswordRules, as_of=day)
        age = self.store.writer.clock() - parse_moment(user["password_at"])
        return age < timedelta(hours=rules.first_hours)

    def _is_known_login(self, login: str) -> bool:
        try:
            return bool(self.store.access.get_user(login))
        except UnknownRecord:
            return False

    def _lockout(self, day: date) -> Lockout:
        return self.rulebook.value("access.lockout", Lockout, as_of=day)

    async def _failed_login(self, login: str, address: str, day: date) -> LoginRefused:
        """Count a failed login, audit it, and return the refusal."""
        lockout = self._lockout(day)
        await asyncio.to_thread(self._record_failure, login, address, lockout)
        return LoginRefused(
            f"the login, password or code is wrong, or the account is locked; {lockout.failures} "
            f"wrong tries lock it for {lockout.minutes} minutes, after which you may try again"
        )

    def _record_failure(self, login: str, address: str, lockout: Lockout) -> None:
        moment = self.store.writer.clock()
        self.store.sessions.record_failure(
            address, moment, moment - timedelta(minutes=lockout.minutes)
        )
        # what is no login may be a password in the wrong field, so it is not kept
        audit_payload = {"login": login if self._is_known_login(login) else "", "address": address}
        self.store.record([Act("nobody", "session.refused", "login", payload=audit_payload)])
