"""Lunar days and the solar term 清明 as Gregorian days, by lunar-python.

The library is loaded by the first question only: most calls of the shell ask none.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

#: The last year that is computed.  Tables differ where a new moon falls within two minutes of
#: midnight, which no festival meets before 2089, and the law will have changed long before.
LAST_YEAR = 2100

_APRIL = 4
_MIDDLE = 15


@cache
def lunar_day(year: int, month: int, day: int) -> date:
    """The day of the Gregorian calendar of a lunar month and day; never of a leap month.

    >>> lunar_day(2027, 1, 1)
    datetime.date(2027, 2, 6)
    """
    from lunar_python import Lunar  # takes a tenth of a second

    return _date_of(Lunar.fromYmd(year, month, day).getSolar())


@cache
def qingming(year: int) -> date:
    """The day on which the solar term 清明 begins, in China's time.

    >>> qingming(2028)
    datetime.date(2028, 4, 4)
    """
    from lunar_python import Solar  # takes a tenth of a second

    # 清明 falls on 4 to 6 April, so the table around mid-April surely holds this year's.
    terms = Solar.fromYmd(year, _APRIL, _MIDDLE).getLunar().getJieQiTable()
    return _date_of(terms["清明"])


def _date_of(solar: Any) -> date:
    return date(solar.getYear(), solar.getMonth(), solar.getDay())
