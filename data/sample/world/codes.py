"""Unified social credit codes that no real enterprise can have, by the thousand.

Written from GB 32100-2015 and GB 11714-1997 and not from the library, so that each is a witness of
the other.  Characters 3 to 8 are 000000, which is no administrative division.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

AREA = "000000"
SYMBOLS = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", dtype="S1")
MOST = 90_000_000

_WEIGHTS_18 = np.array([pow(3, i, 31) for i in range(17)])
_WEIGHTS_9 = np.array([3, 7, 9, 10, 5, 8, 4, 2])
_ORGANISATION = np.frombuffer(b"0123456789X", dtype="S1")

_VALUE_31 = np.full(256, -1)
_VALUE_31[SYMBOLS.view(np.uint8)] = np.arange(31)
_VALUE_36 = np.full(256, -1)
_VALUE_36[np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", np.uint8)] = np.arange(36)

Bytes = npt.NDArray[np.uint8]


def organisation_check(bodies: Bytes) -> Bytes:
    """Ninth character for rows of eight (GB 11714)."""
    total = _VALUE_36[bodies] @ _WEIGHTS_9
    return _ORGANISATION[(11 - total % 11) % 11].view(np.uint8)


def unified_check(first17: Bytes) -> Bytes:
    """Eighteenth character for rows of seventeen (GB 32100)."""
    total = _VALUE_31[first17] @ _WEIGHTS_18
    return SYMBOLS[(31 - total % 31) % 31].view(np.uint8)


def make(
    numbers: npt.NDArray[np.int64], prefix: npt.NDArray[np.bytes_], lettered: npt.NDArray[np.bool_]
) -> pa.Array:
    """One code per enterprise number.

    Args:
        numbers: distinct numbers below ``MOST``.
        prefix: characters 1 and 2, ``b"91"`` for companies and so on.
        lettered: whether the organisation code begins with MA, as since 2015.
    """
    rows = np.empty((len(numbers), 18), np.uint8)
    rows[:, :2] = prefix.astype("S2").view(np.uint8).reshape(-1, 2)
    rows[:, 2:8] = np.frombuffer(AREA.encode(), np.uint8)
    mixed = numbers * 48_271 % 99_999_989  # a prime, so distinct numbers stay distinct
    rows[:, 8:16] = np.where(lettered[:, None], _with_letters(mixed), _digits(mixed))
    rows[:, 16] = organisation_check(rows[:, 8:16])
    rows[:, 17] = unified_check(rows[:, :17])
    return as_text(rows)


def as_text(rows: Bytes) -> pa.Array:
    """Rows of equally many ASCII bytes as an Arrow array of texts."""
    count, width = rows.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(
        count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(rows))
    )


def valid(texts: list[str]) -> npt.NDArray[np.bool_]:
    """Which of the texts are codes whose two check digits are right."""
    result = np.array([len(t) == 18 and t.isascii() for t in texts], bool)
    good = [t for t, fits in zip(texts, result, strict=True) if fits]
    if good:
        rows = np.frombuffer("".join(good).encode(), np.uint8).reshape(-1, 18)
        known = (_VALUE_31[rows] >= 0).all(axis=1)
        right = known & (rows[:, 16] == organisation_check(rows[:, 8:16]))
        result[result] = right & (rows[:, 17] == unified_check(rows[:, :17]))
    return result


def _digits(numbers: npt.NDArray[np.int64]) -> Bytes:
    powers = 10 ** np.arange(7, -1, -1)
    return (numbers[:, None] // powers % 10 + ord("0")).astype(np.uint8)


def _with_letters(numbers: npt.NDArray[np.int64]) -> Bytes:
    powers = 31 ** np.arange(5, -1, -1)
    tail = SYMBOLS[numbers[:, None] // powers % 31].view(np.uint8)
    head = np.broadcast_to(np.frombuffer(b"MA", np.uint8), (len(numbers), 2))
    return np.hstack([head, tail])
