"""Rounding of numbers for every output, by field name.

Inside, numbers are doubles and stay as they are computed: 0.6 x 634.3 + 0.4 x 618.7 is
628.0599999999999.  Whatever is answered, exported, printed or kept as an answer goes through
``rounded``.  Exact values stay where digests are made of them: points tables, rules, draws.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

POINTS = 2  #: scores and points, and what they differ by
MONEY = 2  #: yuan
OTHER = 4  #: shares, probabilities, values of indicators
FEW = 3  #: digits that count, of a number too small for ``OTHER`` decimals

_POINTS = re.compile(
    r"(composite|costs_composite|general|x_\w+)(_before|_after)?|score|points|points_lost|best|base"
    r"|missing|moved|unexplained|lowest|highest"
)
_MONEY = re.compile(r"\w*yuan\w*")


def digits_of(name: str) -> int:
    """Decimals of a number by the name of its field.

    >>> digits_of("composite_before"), digits_of("amount_yuan"), digits_of("weight")
    (2, 2, 4)
    """
    if _POINTS.fullmatch(name):
        return POINTS
    return MONEY if _MONEY.fullmatch(name) else OTHER


def written(value: float, digits: int = OTHER) -> float:
    """A number rounded half away from zero, as SQL rounds it; a tiny one keeps ``FEW`` digits.

    >>> written(523.9000000000002, POINTS), written(18.179999999999996, POINTS), written(-0.125, 2)
    (523.9, 18.18, -0.13)
    >>> written(0.00000123456), written(1 / 3), written(float("inf"))
    (1.23e-06, 0.3333, inf)
    """
    if not math.isfinite(value) or value == 0:
        return value
    if digits == OTHER and abs(value) < 10.0 ** (FEW - 1 - OTHER):
        return float(f"{value:.{FEW}g}")
    scaled = abs(value) * 10**digits
    whole = math.floor(scaled)
    # Half away from zero, as DuckDB's round does; Python's rounds half to even, and answer and
    # export would differ.
    whole += scaled - whole >= 1 / 2
    # Never -0.0, which would be written with a sign.
    return math.copysign(whole / 10**digits, value) if whole else 0.0


def written_sql(value: str, digits: int = OTHER) -> str:
    """SQL of ``written``, to the last bit.

    >>> written_sql("composite", POINTS)
    'round(composite, 2)'
    """
    if digits != OTHER:
        return f"round({value}, {digits})"
    tiny = f"abs({value}) < {10.0 ** (FEW - 1 - OTHER)}"
    few = f"printf('%.{FEW}g', {value})::DOUBLE"
    return f"CASE WHEN {tiny} THEN {few} ELSE round({value}, {digits}) END"


def rounded(content: object, name: str = "") -> object:
    """Answers as plain JSON values with every number as it leaves, by the names of their fields.

    >>> rounded({"composite": 523.9000000000002, "scores": [{"weight": 0.6000000000000001}]})
    {'composite': 523.9, 'scores': [{'weight': 0.6}]}
    """
    if isinstance(content, float):
        return written(content, digits_of(name))
    if isinstance(content, Mapping):
        return {key: rounded(value, str(key)) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [rounded(value, name) for value in content]
    return content
