"""Working days of published and of coming years, and the notice that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from xhcredit.rules.rulebook import Rulebook


def working(book: Rulebook) -> Iterator[Any]:
    """Whether people work on each day, and whether that is provisional."""
    day = date(2019, 1, 1)
    while day.year < 2031:
        yield book.calendar.is_working_day(day), book.calendar.is_provisional(day)
        day += timedelta(days=1)


def statutory(book: Rulebook) -> Iterator[Any]:
    """The statutory holidays of a year under each law of them."""
    for entry in book.rule("calendar.statutory_days").entries:
        yield sorted(entry.value.in_year(2027))


def missing(book: Rulebook) -> Iterator[Any]:
    """Whether next year's notice is missed, on each day of an autumn."""
    for days in range(400):
        yield book.missing_notice(date(2026, 1, 1) + timedelta(days=days))
