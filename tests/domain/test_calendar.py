"""Working days by the State Council's notices, and months by the Civil Code."""

from datetime import date

import pytest

from xhcredit.domain.calendar import add_months, add_years, calendar_of, shipped_calendar
from xhcredit.errors import BeyondCalendar

DAYS = shipped_calendar()


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-02-13", True),  # Friday before the Spring Festival
        ("2026-02-14", True),  # Saturday, swapped
        ("2026-02-15", False),
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2026-02-28", True),  # Saturday, swapped
        ("2026-03-01", False),
        ("2026-10-07", False),
        ("2026-10-08", True),
        ("2020-01-31", False),  # the holiday was lengthened
        ("2019-05-05", True),
        ("2025-01-26", True),
        ("2023-04-05", False),
    ],
)
def test_holidays_and_swapped_days(day, works):
    assert DAYS.is_working_day(date.fromisoformat(day)) is works


#: working days of each year: days without weekends, less holidays on weekdays, plus swapped days
@pytest.mark.parametrize(
    ("year", "count"),
    [(2019, 250), (2020, 249), (2021, 250), (2022, 249), (2023, 249), (2024, 251), (2025, 248),
     (2026, 248)],
)  # fmt: skip
def test_a_year_has_its_working_days(year, count):
    first, last = date(year, 1, 1), date(year, 12, 31)

    counted = DAYS.working_days_between(first, last) + DAYS.is_working_day(first)
    assert counted == count


def test_a_term_of_working_days_begins_after_its_first_day():
    assert DAYS.add_working_days(date(2026, 2, 12), 10) == date(2026, 3, 4)
    assert DAYS.add_working_days(date(2026, 2, 18), 1) == date(2026, 2, 24)
    assert DAYS.add_working_days(date(2026, 2, 18), 0) == date(2026, 2, 18)
    assert DAYS.working_days_between(date(2026, 2, 12), date(2026, 3, 4)) == 10
    assert DAYS.working_days_between(date(2026, 3, 4), date(2026, 2, 12)) == -10


def test_a_last_day_on_a_holiday_moves_to_the_next_working_day():
    assert DAYS.next_working_day(date(2026, 2, 15)) == date(2026, 2, 24)
    assert DAYS.next_working_day(date(2026, 2, 14)) == date(2026, 2, 14)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: DAYS.is_working_day(date(2027, 1, 4)), "2027-01-04 is beyond it: the calendar"),
        (lambda: DAYS.is_working_day(date(2018, 12, 31)), "reaches from 2019-01-01 to 2026-12-31"),
        (lambda: DAYS.add_working_days(date(2026, 12, 28), 10), "10 working days after 2026-12-28"),
        (lambda: DAYS.add_working_days(date(2026, 5, 1), -1), "-1 working days after"),
        (lambda: calendar_of([{"year": 2024}, {"year": 2026}]), "have a gap; add the missing year"),
    ],
)
def test_beyond_the_table_nothing_is_guessed(ask, said):
    with pytest.raises(BeyondCalendar, match=said):
        ask()


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-05-10", 3, "2026-08-10"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2027-11-30", 3, "2028-02-29"),
        ("2026-08-31", 3, "2026-11-30"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2026-02-28", 1, "2026-03-28"),  # not the last day of March: the number counts
        ("2026-12-10", 1, "2027-01-10"),
        ("2026-05-10", 0, "2026-05-10"),
    ],
)
def test_months_end_on_the_same_number_or_on_the_last_day(start, months, end):
    assert add_months(date.fromisoformat(start), months) == date.fromisoformat(end)


def test_years_are_twelve_months():
    assert add_years(date(2024, 2, 29), 5) == date(2029, 2, 28)
