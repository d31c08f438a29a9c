"""Bulk validation of unified social credit codes, as a table of characters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from xhcredit.domain import codes

Characters = npt.NDArray[np.uint8]
LENGTH = 18  #: characters of a code
_NONE = np.iinfo(np.int16).max  #: the value of a character that no code holds
_BODY, _ORGANISATION = slice(2, 17), slice(8, 16)


def _values(of: Mapping[str, int]) -> npt.NDArray[np.int16]:
    table = np.full(256, _NONE, np.int16)
    for character, value in of.items():
        table[ord(character)] = value
    return table


_VALUES = _values({c: value for value, c in enumerate(codes.ALPHABET)})
_ORGANISATION_VALUES = _values(codes.ORGANISATION_VALUES)
_ALPHABET = np.frombuffer(codes.ALPHABET.encode(), np.uint8)
_CHECKS = np.frombuffer(codes.ORGANISATION_CHECKS.encode(), np.uint8)


def all_sound(table: Characters) -> bool:
    """Whether every row (18 characters each) is a code in which ``problem_with`` finds nothing."""
    values = _VALUES[table]
    if (values == _NONE).any():
        return False
    total = values[:, :-1].astype(np.int32) @ np.array(codes.WEIGHTS, np.int32)
    organisation = _ORGANISATION_VALUES[table[:, _ORGANISATION]].astype(np.int32)
    own = organisation @ np.array(codes.ORGANISATION_WEIGHTS, np.int32)
    return bool(
        (table[:, -1] == _ALPHABET[-total % len(_ALPHABET)]).all()
        and (table[:, -2] == _CHECKS[own % len(_CHECKS)]).all()
        and (table[:, _BODY] != ord("0")).any(axis=1).all()
    )
