"""Logging in: after which failures, for how long, how often at once, and with what password."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from xhcredit_serving.auth.login import Logins
from xhcredit_serving.auth.passwords import Passwords, refuse_weak
from xhcredit_serving.auth.sessions import find_session, login_rules, must_change
from xhcredit_serving.http.problems import Refusal

from tests.serving.district import ACT, CLOCK_TIME, Clock
from xhcredit.domain.clock import china_day
from xhcredit.errors import BadInput, LoginRefused
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.hash_chain import format_moment
from xhcredit.store.store import Store

RIGHT, WRONG = "fort-linde-9-Ufer", "another-one-7-Wort"
DAY = china_day(format_moment(CLOCK_TIME))
MADE_UP = (
    "Zq4",
    "Zq4-Tw",
    "Zq4-Twu8x",
    "Zq4-Twu8xk",
    "Zq4-Twu8xkv",
    "zqttwukxkvmm",
    "zqttw4kxkvmm",
)


@cache
def passwords() -> Passwords:
    """Quick hashes: what is tried here is the rules, not the hash."""
    return Passwords(_hasher=PasswordHash((Argon2Hasher(1, 8, 1),)))


def lockout(book: Rulebook) -> Iterator[Any]:
    """Whether the right password opens after failures of an account or an address, and later."""
    with TemporaryDirectory() as folder:
        clock = Clock()
        with Store.open(str(Path(folder) / "store.db"), clock=clock) as store:
            logins = Logins(store, book, passwords())
            for failures in range(1, 8):
                _person(store, f"u{failures}")
                openings = [_opens(logins, f"u{failures}", WRONG) for _ in range(failures)]
                yield failures, openings, bool(_opens(logins, f"u{failures}", RIGHT))
            for minutes in (14.5, 1.0, 1.0, 15.0, 60.0):
                clock.forward(minutes=minutes)
                yield minutes, bool(_opens(logins, "u7", RIGHT))
            yield [_opens(logins, "nobody", WRONG, busy="too many") for _ in range(110)]


def sessions(book: Rulebook) -> Iterator[Any]:
    """Which sessions still hold, after so long and beside others."""
    limits = login_rules(book, DAY)
    with TemporaryDirectory() as folder:
        clock = Clock()
        with Store.open(str(Path(folder) / "store.db"), clock=clock) as store:
            logins = Logins(store, book, passwords())
            _person(store, "zhang")
            opened = [_opens(logins, "zhang", RIGHT) for _ in range(4)]
            yield [bool(store.sessions.find(cookie)) for cookie in opened]
            for minutes in (14.0, 14.5, 15.5):
                yield minutes, _holds(store, opened[-1], clock, limits, minutes)
            busy = _opens(logins, "zhang", RIGHT)
            yield [_holds(store, busy, clock, limits, 10.0) for _ in range(80)]


def passwords_by_rule(book: Rulebook) -> Iterator[Any]:
    """Which passwords are good enough, and for how long."""
    rules = login_rules(book, DAY).passwords
    for password in MADE_UP:
        yield password, _is_strong(password, rules)
    row = {"how": "password", "must_change": 0, "password_at": format_moment(CLOCK_TIME)}
    for days in range(200):
        yield must_change(row, CLOCK_TIME + timedelta(days=days, hours=1), rules)
    with TemporaryDirectory() as folder:
        clock = Clock()
        with Store.open(str(Path(folder) / "store.db"), clock=clock) as store:
            logins = Logins(store, book, passwords())
            _person(store, "zhang", must_change=True)
            for hours in (0.5, 23.0, 24.0, 24.0, 1.0, 200.0):
                clock.forward(hours=hours)
                yield hours, bool(_opens(logins, "zhang", RIGHT))


def _person(store: Store, login: str, *, must_change: bool = False) -> None:
    hashed = asyncio.run(passwords().hash_password(RIGHT))
    store.access.add_user(ACT, login, login, hashed, must_change=must_change)


def _opens(logins: Logins, login: str, password: str, busy: str = "") -> str:
    """The cookie of a new session; empty if the login is refused, ``busy`` if the address is."""
    try:
        opened = asyncio.run(logins.log_in(login, password, None, "10.0.0.1", DAY))
    except LoginRefused:
        return ""
    except Refusal:
        return busy
    return str(opened.cookie)


def _holds(store: Store, cookie: str, clock: Clock, limits: Any, minutes: float) -> bool:
    """Whether a session still holds some minutes later."""
    clock.forward(minutes=minutes)
    try:
        find_session(store.sessions, cookie, clock(), limits)
    except Refusal:
        return False
    return True


def _is_strong(password: str, rules: Any) -> bool:
    try:
        refuse_weak(password, "nobody", rules)
    except BadInput:
        return False
    return True
