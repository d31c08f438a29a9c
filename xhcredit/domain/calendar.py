"""Calendar of working days (工作日), and ends of terms in months or working days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, date, timedelta

from typing_extensions import TypedDict

from xhcredit.domain.rows import BilingualText, closed_row
from xhcredit.errors import BeyondCalendar

FORESEEN = 10  #: years beyond the last notice that a question may name; no rule says so
_DAY = timedelta(days=1)
YEAR = 12  #: months of a year
_SATURDAY = 5

#: what is told with every day that is provisional
PROVISIONAL: BilingualText = {
    "zh": "暂定：该年节假日安排尚未公布，按法定节假日和周末推算，"
    "适逢周末的节假日的补假和调休未计入，实际可能较晚",
    "en": "provisional: that year's notice on holidays is not known; counted by statutory holidays "
    "and weekends, without the days off made up for holidays on a weekend and without swapped "
    "days; it may be later",
}

#: days off, and Saturdays and Sundays on which people work, as one year's notice says
Notice = tuple[Collection[date], Collection[date]]


@dataclass(frozen=True)
class LastDay:
    """The last day of a term; ``provisional`` if a day of the term lies in a year without notice.

    Then swapped days (调休) are unknown, and the day may move once the notice is there.
    """

    day: date
    provisional: bool


@closed_row
class ProvisionalNote(TypedDict):
    """Whether a due day is provisional, and the note for readers if it is."""

    provisional: bool
    provisional_note: BilingualText | None


def provisional_data(provisional: bool) -> ProvisionalNote:
    """JSON fields for a provisional day, with their note."""
    return {"provisional": provisional, "provisional_note": PROVISIONAL if provisional else None}


@dataclass(frozen=True)
class Calendar:
    """Working days (工作日) from ``first`` to ``last``; nothing is known beyond.

    Up to ``published_until`` they are those of the State Council's notices: weekdays, without the
    days ``off``, and the days of ``works``.  After it they follow from the weekends and the
    ``statutory`` holidays of a year alone, and are provisional.
    """

    first: date
    published_until: date
    last: date
    off: frozenset[date]
    works: frozenset[date]
    statutory: Callable[[int], Collection[date]] = field(compare=False)
    _years: dict[int, tuple[date, ...]] = field(default_factory=dict, compare=False, repr=False)

    def is_working_day(self, day: date) -> bool:
        """Whether people work on a day.

        Raises:
            BeyondCalendar: the calendar does not reach that day.
        """
        self._refuse_beyond(day)
        days = self._working_days_of(day.year)
        position = bisect_left(days, day)
        return position < len(days) and days[position] == day

    def is_provisional(self, day: date) -> bool:
        """Whether a day lies beyond the last notice, so that only law and weekends speak of it."""
        return day > self.published_until

    def add_working_days(self, day: date, count: int) -> date:
        """The last day of a term of ``count`` working days that begins after ``day``.

        The day on which a term begins is not counted (民法典第201条); 0 is the day itself.

        Raises:
            BeyondCalendar: the term ends beyond the calendar, or ``count`` is negative.
        """
        self._refuse_beyond(day)
        if count < 0:
            raise self._beyond_error(f"{count} working days after {day}")
        if count == 0:
            return day
        remaining = count + self._working_days_until(day)
        for year in range(day.year, self.last.year + 1):
            days = self._working_days_of(year)
            if 0 < remaining <= len(days):
                return days[remaining - 1]
            remaining -= len(days)
        raise self._beyond_error(f"{count} working days after {day}")

    def term(self, day: date, count: int) -> LastDay:
        """As ``add_working_days``, and whether the day is provisional.

        Raises:
            BeyondCalendar: the term ends beyond the calendar.
        """
        last = self.add_working_days(day, count)
        # A term of no days ends where it begins and counts no day that a notice could move.
        return LastDay(last, count > 0 and self.is_provisional(last))

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after ``start`` up to and with ``end``; negative if ``end`` is before.

        Raises:
            BeyondCalendar: the calendar does not reach one of the two.
        """
        self._refuse_beyond(start)
        self._refuse_beyond(end)
        if end < start:
            return -self.working_days_between(end, start)
        days_of_full_years = sum(
            len(self._working_days_of(year)) for year in range(start.year, end.year)
        )
        return days_of_full_years + self._working_days_until(end) - self._working_days_until(start)

    def _working_days_until(self, day: date) -> int:
        """Working days of a year up to and with a day of it."""
        return bisect_right(self._working_days_of(day.year), day)

    def _working_days_of(self, year: int) -> tuple[date, ...]:
        """All working days of a year, oldest first."""
        if year not in self._years:
            days_off = self.off
            # Statutory holidays are added only where no notice speaks: a notice already holds
            # them, and moves some.
            if date(year, 1, 1) > self.published_until:
                days_off = days_off.union(self.statutory(year))
            days = days_from(date(year, 1, 1), date(year, YEAR, 31))
            self._years[year] = tuple(d for d in days if _is_worked(d, days_off, self.works))
        return self._years[year]

    def next_working_day(self, day: date) -> date:
        """The day itself if people work on it, else the next working day (民法典第203条).

        Raises:
            BeyondCalendar: the calendar does not reach that day.
        """
        return day if self.is_working_day(day) else self.add_working_days(day, 1)

    def refuse_unforeseen(self, name: str, day: date) -> None:
        """Refuse a day too far beyond the last notice on holidays.

        Raises:
            BeyondCalendar: it is; ``name`` says which day.
        """
        last_year = self.published_until.year + FORESEEN
        if day.year > last_year:
            notices = f"notices on holidays end on {self.published_until}; days up to {last_year}"
            raise BeyondCalendar(
                f"{name} {day} is beyond it: {notices} can be asked, correct the day"
            )

    def _refuse_beyond(self, day: date) -> None:
        if not self.first <= day <= self.last:
            raise self._beyond_error(str(day))

    def _beyond_error(self, subject: str) -> BeyondCalendar:
        range_text = f"the calendar of working days reaches from {self.first} to {self.last}"
        return BeyondCalendar(f"{subject} is beyond it: {range_text}; correct the day")


def calendar_of(
    notices: Mapping[int, Notice], statutory: Callable[[int], Collection[date]], last_year: int
) -> Calendar:
    """Build a calendar from the notices of years that follow one another, and the law beyond.

    Args:
        notices: by year; one may change days of the December before it.
        statutory: the statutory holidays of a year.
        last_year: up to which year the law alone is followed.

    Raises:
        BeyondCalendar: there is no notice, or one is missing between the first and the last.
    """
    years = sorted(notices)
    if not years or years != list(range(years[0], years[-1] + 1)):
        raise BeyondCalendar(f"notices of {years} have a gap; add the missing year to the calendar")
    first, published = date(years[0], 1, 1), date(years[-1], YEAR, 31)
    last = date(max(years[-1], last_year), YEAR, 31)
    off = frozenset(day for days, _ in notices.values() for day in days)
    works = frozenset(day for _, days in notices.values() for day in days)
    return Calendar(first, published, last, off, works, statutory)


def _is_worked(day: date, off: frozenset[date], works: frozenset[date]) -> bool:
    return day in works or (day.weekday() < _SATURDAY and day not in off)


def days_from(start: date, end: date) -> Iterable[date]:
    """Every day from one to another, both included."""
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
        # 民法典 art 202: where the month has no such day, the term ends on its last one.
        return date(year, month + 1, monthrange(year, month + 1)[1])


def add_years(day: date, years: int) -> date:
    """The last day of a term of years that begins on ``day``; 29 February falls back to the 28th.

    >>> add_years(date(2024, 2, 29), 5)
    datetime.date(2029, 2, 28)
    """
    return add_months(day, years * YEAR)
