"""Bulk validation of unified social credit codes, as a table of characters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from xhcredit.domain import codes

Characters = npt.NDArray[np.uint8]
LENGTH = 18  #: characters of a code
_NO_VALUE = np.iinfo(np.int16).max  #: the value of a character that no code holds
_BODY, _ORGANISATION = slice(2, 17), slice(8, 16)


def _value_table(value_by_character: Mapping[str, int]) -> npt.NDArray[np.int16]:
    table = np.full(256, _NO_VALUE, np.int16)
    for character, value in value_by_character.items():
        table[ord(character)] = value
    return table


_VALUES = _value_table({c: value for value, c in enumerate(codes.ALPHABET)})
_ORGANISATION_VALUES = _value_table(codes.ORGANISATION_VALUES)
_ALPHABET = np.frombuffer(codes.ALPHABET.encode(), np.uint8)
_CHECKS = np.frombuffer(codes.ORGANISATION_CHECKS.encode(), np.uint8)


def are_all_valid(characters: Characters) -> bool:
    """Whether every row (18 characters each) is a code in which ``problem_with`` finds nothing."""
    values = _VALUES[characters]
    if (values == _NO_VALUE).any():
        return False
    total = values[:, :-1].astype(np.int32) @ np.array(codes.WEIGHTS, np.int32)
    organisation_values = _ORGANISATION_VALUES[characters[:, _ORGANISATION]].astype(np.int32)
    organisation_sum = organisation_values @ np.array(codes.ORGANISATION_WEIGHTS, np.int32)
    return bool(
        (characters[:, -1] == _ALPHABET[-total % len(_ALPHABET)]).all()
        and (characters[:, -2] == _CHECKS[organisation_sum % len(_CHECKS)]).all()
        and (characters[:, _BODY] != ord("0")).any(axis=1).all()
    )
