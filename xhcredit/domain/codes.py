"""Unified social credit codes: validation, check digits, normalisation.

Source: GB 32100-2015 (18 characters, check digit mod 31) and GB 11714-1997 (organisation code in
characters 9 to 17, check digit mod 11).
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import mul

from xhcredit.errors import BadCode

#: characters of a code in the order of their values; I, O, S, V and Z are never used
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

_CHARACTERS = frozenset(ALPHABET)
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # GB 11714: A = 10 ... Z = 35
ORGANISATION_VALUES = {c: value for value, c in enumerate(ORGANISATION_ALPHABET)}
ORGANISATION_CHECKS = "0X987654321"  # by sum mod 11: 11 - 0 -> 0, 11 - 1 = 10 -> X, ...
#: what Chinese input methods type while their full-width mode is on
_FULL_WIDTH = {ord("０") + i: ord("0") + i for i in range(10)} | {
    ord(first) + i: ord("A") + i for first in "Ａａ" for i in range(26)
}


@dataclass(frozen=True)
class UnifiedCode:
    """A unified social credit code whose both check digits are right.

    Raises:
        BadCode: the text is not such a code; the message says what is wrong.

    >>> UnifiedCode("91310115MA1K3CUM7M").area
    '310115'
    """

    text: str

    def __post_init__(self) -> None:
        problem = problem_with(self.text)
        if problem is not None:
            raise BadCode(f'code "{self.text}": {problem}; compare it with the business licence')

    @property
    def area(self) -> str:
        """Area code of the registering organ (characters 3 to 8)."""
        return self.text[2:8]

    def __str__(self) -> str:
        return self.text


def normalised(text: str) -> str:
    """Turn full-width characters to plain ones, lower case to upper, and strip blanks.

    >>> normalised(" ９１310115ma1k3cum7m　")
    '91310115MA1K3CUM7M'
    """
    # Ideographic and no-break blanks and a BOM come along when a code is copied from elsewhere.
    return text.translate(_FULL_WIDTH).strip(" \t\r\n\u3000\u00a0\ufeff").upper()


def check_digit(code: str) -> str:
    """Character 18 that belongs to the first 17 (GB 32100).

    >>> check_digit("91320100250571846")
    'L'
    """
    total = sum(map(mul, map(_VALUES.__getitem__, code[:17]), WEIGHTS))
    # GB 32100: (31 - sum mod 31) mod 31; the outer mod turns 31 into 0.
    return ALPHABET[-total % 31]


def organisation_check_digit(code: str) -> str:
    """Character 17 that belongs to characters 9 to 16 (GB 11714).

    >>> organisation_check_digit("91310115MA1K3CUM7M")
    '7'
    """
    digits = map(ORGANISATION_VALUES.__getitem__, code[8:16])
    total = sum(map(mul, digits, ORGANISATION_WEIGHTS))
    return ORGANISATION_CHECKS[total % 11]


def problem_with(code: str) -> str | None:
    """Problem of a code, or ``None``; nothing is normalised first.

    >>> problem_with("91310115MA1K3CUM7M") is None
    True
    >>> problem_with("91320100250571846X")
    "check digit is 'X' but should be 'L'"
    >>> problem_with("9131I115MA1K3CUM7M")
    "character 'I' at position 5 is never used in a code"
    >>> problem_with("91310115MA1K3CUM7MX")
    'length 19 instead of 18'
    """
    if len(code) != 18:
        return f"length {len(code)} instead of 18"
    if not _CHARACTERS.issuperset(code):
        position, wrong = next((i, c) for i, c in enumerate(code, start=1) if c not in ALPHABET)
        return f"character '{wrong}' at position {position} is never used in a code"
    if code[17] != check_digit(code):
        return f"check digit is '{code[17]}' but should be '{check_digit(code)}'"
    # Eighteen zeros satisfy both check digits, and are what people type where no code is known.
    if set(code[2:17]) == {"0"}:
        return "a placeholder of zeros"
    if code[16] != organisation_check_digit(code):
        expected = organisation_check_digit(code)
        return f"organisation code ends in '{code[16]}' at position 17 but should be '{expected}'"
    return None


def _position_sum(column: str, alphabet: str, first: int, weights: tuple[int, ...]) -> str:
    """SQL of the weighted sum of the values of characters from position ``first`` on."""
    return " + ".join(
        f"(strpos('{alphabet}', substr({column}, {first + i}, 1)) - 1) * {weight}"
        for i, weight in enumerate(weights)
    )


def problem_sql(column: str) -> str:
    """SQL of ``problem_with`` for a whole DuckDB column.

    NULL in gives NULL out, as does a code without a problem.
    """
    total = _position_sum(column, ALPHABET, 1, WEIGHTS)
    check = f"substr('{ALPHABET}', 1 + (31 - ({total}) % 31) % 31, 1)"
    organisation = _position_sum(column, ORGANISATION_ALPHABET, 9, ORGANISATION_WEIGHTS)
    organisation_check = f"substr('{ORGANISATION_CHECKS}', 1 + ({organisation}) % 11, 1)"
    allowed_class = f"[{ALPHABET}]"
    bad_index = f"length(regexp_extract({column}, '^{allowed_class}*')) + 1"
    return f"""CASE
WHEN length({column}) <> 18 THEN 'length ' || length({column}) || ' instead of 18'
WHEN NOT regexp_full_match({column}, '{allowed_class}*') THEN
  'character ''' || substr({column}, {bad_index}, 1) || ''' at position ' || ({bad_index})
  || ' is never used in a code'
WHEN substr({column}, 18, 1) <> {check} THEN
  'check digit is ''' || substr({column}, 18, 1) || ''' but should be ''' || {check} || ''''
WHEN substr({column}, 3, 15) = '000000000000000' THEN 'a placeholder of zeros'
WHEN substr({column}, 17, 1) <> {organisation_check} THEN
  'organisation code ends in ''' || substr({column}, 17, 1)
  || ''' at position 17 but should be ''' || {organisation_check} || ''''
END"""


def normalised_sql(column: str) -> str:
    """SQL of ``normalised`` for a whole DuckDB column."""
    full_width = "".join(chr(c) for c in _FULL_WIDTH)
    plain_characters = "".join(chr(c) for c in _FULL_WIDTH.values())
    blanks = "' ' || chr(9) || chr(13) || chr(10) || chr(12288) || chr(160) || chr(65279)"
    converted = f"upper(trim(translate({column}, '{full_width}', '{plain_characters}'), {blanks}))"
    return f"CASE WHEN regexp_full_match({column}, '[0-9A-Z]*') THEN {column} ELSE {converted} END"
