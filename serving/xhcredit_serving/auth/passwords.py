"""Password hashing (argon2id, in threads) and password rules.

A hash takes a fifth of a second of a processor: whoever could ask for as many as they like would
stop the service.  So few are worked on at once, few wait, and the rest is told to come back.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TypeVar

from pwdlib import PasswordHash

from xhcredit.errors import BadInput
from xhcredit.rules.schemas.access import PasswordRules
from xhcredit_serving.http.problems import Refusal

HASHING_THREADS = 2  #: hashes being worked on
MAX_WAITING = 16  #: hashes that may wait or be worked on; beyond it, nobody new is let in
#: no 0, o, 1, l, i: a first password is read from paper
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 5
_KEYBOARD_RUNS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm",
         "1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm")  # fmt: skip
_KINDS = ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]")

_Result = TypeVar("_Result")


@dataclass
class Passwords:
    """Hashes and compares passwords in threads of its own."""

    waiting: int = MAX_WAITING
    _busy: int = 0
    # argon2id as the library recommends it: the parameters rise with the library, old hashes
    # still verify.
    _hasher: PasswordHash = field(default_factory=PasswordHash.recommended)
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(HASHING_THREADS, thread_name_prefix="passwords")
    )

    def __post_init__(self) -> None:
        """Make the hash that is compared with where there is none, so that both take as long."""
        self._dummy_hash = self._threads.submit(self._hasher.hash, secrets.token_urlsafe())

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether a password is the one of a hash; without a hash it is not, after the same time.

        Raises:
            Refusal: too many wait already.
        """
        return await self._run_in_thread(self._compare, password, password_hash)

    async def hash_password(self, password: str) -> str:
        """Hash of a password.

        Raises:
            Refusal: too many wait already.
        """
        return await self._run_in_thread(self._hasher.hash, password)

    def _compare(self, password: str, password_hash: str | None) -> bool:
        is_right = self._hasher.verify(password, password_hash or self._dummy_hash.result())
        # Hashed also where nobody has the login, and refused whatever the dummy says.
        return is_right and bool(password_hash)

    async def _run_in_thread(self, work: Callable[..., _Result], *arguments: str | None) -> _Result:
        # Counted before a thread is taken: a hash costs a third of a second, and many at once
        # would stop the service.
        if self._busy >= self.waiting:
            raise Refusal("overloaded", "too many logins at once; try again in a moment")
        self._busy += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *arguments)
        finally:
            self._busy -= 1

    def close(self) -> None:
        """Wait for hashes under way."""
        self._threads.shutdown(cancel_futures=True)


def hash_blocking(password: str) -> str:
    """Hash of a password, blocking; for the shell."""
    return PasswordHash.recommended().hash(password)


def first_password() -> str:
    """A random password to be used once: about 99 bits, easy to read out."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def refuse_weak(password: str, login: str, rules: PasswordRules) -> None:
    """Refuse a password that is short, plain, common or the login.

    Raises:
        BadInput: with what is wrong, never with the password.
    """
    kinds = sum(bool(re.search(kind, password)) for kind in _KINDS)
    checks = [
        (len(password) < rules.length, f"has fewer than {rules.length} characters"),
        (kinds < rules.kinds, f"has fewer than {rules.kinds} of: a–z, A–Z, 0–9, others"),
        (login in password.casefold(), "contains the login"),
        (is_common(password), "is one of those that everybody tries first"),
    ]
    weaknesses = [weakness for is_weak, weakness in checks if is_weak]
    if weaknesses:
        raise BadInput(f"the new password {' and '.join(weaknesses)}; choose another one")


def is_common(password: str) -> bool:
    """Whether a password is a common one, dressed up or not.

    Dressing up is: capitals, digits and signs at the ends, signs for letters, repetition.

    >>> is_common("P@ssw0rd2026!"), is_common("Abcd1234!!"), is_common("aA1!aA1!aA1!")
    (True, True, True)
    >>> is_common("fort-linde-9-Ufer")
    False
    """
    plain = password.casefold()
    stem = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    forms = {plain, re.sub(r"[\W_]", "", plain), stem, stem.translate(_DRESS)}
    return bool(forms & _common_passwords()) or _is_regular(plain)


_DRESS = str.maketrans("@4301!5$7", "aaeoiisst")


def _is_regular(plain: str) -> bool:
    """Whether it is few characters over and over, or little besides runs of the keyboard."""
    if len(set(plain)) <= 4:
        return True
    remaining = re.sub(r"[\W_]", "", plain)
    for run in (*_KEYBOARD_RUNS, *(r[::-1] for r in _KEYBOARD_RUNS)):
        for length in range(len(run), 3, -1):
            for start in range(len(run) - length + 1):
                remaining = remaining.replace(run[start : start + length], "")
    return len(remaining) <= 3


@cache
def _common_passwords() -> frozenset[str]:
    text = files(__package__).joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line.strip() for line in text.splitlines() if line and line[0] != "#")
