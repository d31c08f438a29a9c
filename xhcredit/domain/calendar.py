"""Which days are working days, and when does a term of months or working days end?"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from xhcredit.errors import BeyondCalendar

SHIPPED = Path(__file__).parent / "calendar_days.yaml"

FORESEEN = 10  #: years beyond the table that a question may name; no rule says so
_DAY = timedelta(days=1)
YEAR = 12  #: months of a year
_SATURDAY = 5


@dataclass(frozen=True)
class Calendar:
    """Working days (工作日) from ``first`` to ``last``, oldest first; nothing is known beyond."""

    first: date
    last: date
    working: tuple[date, ...]

    def is_working_day(self, day: date) -> bool:
        """Whether people work on a day.

        Raises:
            BeyondCalendar: the table does not reach that day.
        """
        self._refuse_beyond(day)
        at = bisect_left(self.working, day)
        return at < len(self.working) and self.working[at] == day

    def add_working_days(self, day: date, count: int) -> date:
        """The last day of a term of ``count`` working days that begins after ``day``.

        The day on which a term begins is not counted (民法典第201条); 0 is the day itself.

        Raises:
            BeyondCalendar: the term ends beyond the table.
        """
        self._refuse_beyond(day)
        if count == 0:
            return day
        at = bisect_right(self.working, day) + count - 1
        if count < 0 or at >= len(self.working):
            raise self._beyond(f"{count} working days after {day}")
        return self.working[at]

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after ``start`` up to and with ``end``; negative if ``end`` is before.

        Raises:
            BeyondCalendar: the table does not reach one of the two.
        """
        self._refuse_beyond(start)
        self._refuse_beyond(end)
        return bisect_right(self.working, end) - bisect_right(self.working, start)

    def next_working_day(self, day: date) -> date:
        """The day itself if people work on it, else the next working day (民法典第203条).

        Raises:
            BeyondCalendar: the table does not reach that day.
        """
        return day if self.is_working_day(day) else self.add_working_days(day, 1)

    def refuse_unforeseen(self, name: str, day: date) -> None:
        """Refuse a day so far beyond the table that nobody asks about it in earnest.

        Raises:
            BeyondCalendar: it is; ``name`` says which day.
        """
        if day.year > self.last.year + FORESEEN:
            until = f"the calendar ends on {self.last}; days up to {self.last.year + FORESEEN}"
            raise BeyondCalendar(
                f"{name} {day} is beyond it: {until} can be asked, correct the day"
            )

    def _refuse_beyond(self, day: date) -> None:
        if not self.first <= day <= self.last:
            raise self._beyond(str(day))

    def _beyond(self, what: str) -> BeyondCalendar:
        known = f"the calendar of working days reaches from {self.first} to {self.last}"
        remedy = "add the year's notice on holidays to xhcredit/domain/calendar_days.yaml"
        return BeyondCalendar(f"{what} is beyond it: {known}; {remedy}")


@cache
def shipped_calendar() -> Calendar:
    """The calendar that the State Council's notices give, 2019 to 2026."""
    return calendar_of(yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))["years"])


def calendar_of(years: Iterable[dict[str, Any]]) -> Calendar:
    """Build a calendar from whole years that follow one another.

    Raises:
        BeyondCalendar: a year is missing between the first and the last.
    """
    rows = list(years)
    named = [row["year"] for row in rows]
    first, last = date(named[0], 1, 1), date(named[-1], YEAR, 31)
    if named != list(range(first.year, last.year + 1)):
        raise BeyondCalendar(f"years {named} have a gap; add the missing year to the calendar")
    off = {day for row in rows for start, end in row["days_off"] for day in _days(start, end)}
    works = {day for row in rows for day in row["works"]}
    return Calendar(first, last, tuple(d for d in _days(first, last) if _works(d, off, works)))


def _works(day: date, off: set[date], works: set[date]) -> bool:
    return day in works or (day.weekday() < _SATURDAY and day not in off)


def _days(start: date, end: date) -> Iterable[date]:
    return (start + _DAY * n for n in range((end - start).days + 1))


def add_months(day: date, months: int) -> date:
    """The last day of a term of months (or years, as 12) that begins on ``day``.

    As the Civil Code counts (民法典第200-202条): by the calendar, the first day not counted, ending
    on the day of the same number; where the month has no such day, on its last day.  A publication
    period is no act that somebody must perform, so it is not moved off a holiday (第203条).  A term
    that ends beyond the year 9999 ends on its last day.

    >>> add_months(date(2026, 5, 10), 3)
    datetime.date(2026, 8, 10)
    >>> add_months(date(2024, 2, 29), 12)
    datetime.date(2025, 2, 28)
    """
    years, month = divmod(day.month - 1 + months, YEAR)
    year = day.year + years
    if year > MAXYEAR:
        return date.max
    try:
        return date(year, month + 1, day.day)
    except ValueError:
        return date(year, month + 1, monthrange(year, month + 1)[1])


def add_years(day: date, years: int) -> date:
    """The last day of a term of years that begins on ``day``; 29 February falls back to the 28th.

    >>> add_years(date(2024, 2, 29), 5)
    datetime.date(2029, 2, 28)
    """
    return add_months(day, years * YEAR)
