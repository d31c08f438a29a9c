"""Tickets (抽签号): SHA-256 of seed, round and code; deterministic, no random number generator.

Source: the draw protocol ``xhcredit-draw/1``, section 4.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from xhcredit.draws.numerics import HEX_BASE, HEX_DIGITS, LONGEST_SEED
from xhcredit.errors import BadPlan

_PARTS = HEX_BASE**HEX_DIGITS
_START = np.dtype(">u8")


def ticket(seed: str, round_id: str, x: str) -> str:
    """The ticket of ``x`` (a code, or ``#…`` for the draw itself): 64 lower-case hex characters.

    >>> ticket("seed", "r1", "#rounding")[:16]
    '1c3e26d772b894bc'
    """
    return hashlib.sha256(f"{seed}|{round_id}|{x}".encode()).hexdigest()


class BoundTicket:
    """``ticket(x)`` of one draw."""

    def __init__(self, seed: str, round_id: str) -> None:
        # Seed and round are hashed once and the state is copied per code: millions of tickets
        # share this beginning.
        self._hash_prefix = hashlib.sha256(f"{seed}|{round_id}|".encode())

    def __call__(self, x: str) -> str:
        """The whole ticket of ``x``."""
        hasher = self._hash_prefix.copy()
        hasher.update(x.encode())
        return hasher.hexdigest()

    def starts(self, texts: Iterable[bytes]) -> npt.NDArray[np.uint64]:
        """The first 16 digits of many tickets, as numbers: they decide all but ties."""
        prefix, leading_bytes = self._hash_prefix, bytearray()
        for x in texts:
            hasher = prefix.copy()
            hasher.update(x)
            leading_bytes += hasher.digest()[: _START.itemsize]
        return np.frombuffer(bytes(leading_bytes), _START).astype(np.uint64)


def bound_ticket(seed: str, round_id: str) -> BoundTicket:
    """``ticket(x)`` of one draw."""
    return BoundTicket(seed, round_id)


def unit(digest: str) -> Fraction:
    """A ticket as a number strictly between 0 and 1, exact in a double as well.

    >>> unit(64 * "0") > 0, float(unit(64 * "f")) < 1
    (True, True)
    """
    # Thirteen digits are 52 bits and the half makes 53: the number is exact in a double and
    # never 0 or 1.
    return Fraction(2 * int(digest[:HEX_DIGITS], HEX_BASE) + 1, 2 * _PARTS)


def units(starts: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """``unit`` of many tickets, from their first 16 digits; exact.

    >>> float(units(np.array([2**64 - 1], np.uint64))[0]) == float(unit(64 * "f"))
    True
    """
    digits = starts // np.uint64(HEX_BASE ** (2 * _START.itemsize - HEX_DIGITS))
    return (2 * digits + 1).astype(np.float64) / (2 * _PARTS)


def seed_text(text: str) -> str:
    """A seed as it counts: NFC-normalised and stripped.

    Raises:
        BadPlan: nothing is left, it is too long, or it holds control characters.
    """
    # The same characters can be typed in several codings and would give several draws.
    seed = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(seed) <= LONGEST_SEED or not seed.isprintable():
        raise BadPlan(
            f"the seed has {len(seed)} characters; enter 1 to {LONGEST_SEED} printable characters "
            "from the announced source"
        )
    return seed
