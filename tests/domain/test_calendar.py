"""Working days by the State Council's notices and beyond them, and months by the Civil Code."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xhcredit.domain.calendar import add_months, add_years, calendar_of, provisional_data
from xhcredit.errors import BeyondCalendar
from xhcredit.rules.rulebook import Rulebook

DAYS = Rulebook.load().calendar
LAST = date(2026, 12, 31)  #: the last day for which the shipped rules hold a notice


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
    [
        (2019, 250),
        (2020, 249),
        (2021, 250),
        (2022, 249),
        (2023, 249),
        (2024, 251),
        (2025, 248),
        (2026, 248),
    ],
)
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
    ("ask", "message"),
    [
        (lambda: DAYS.is_working_day(date(2101, 1, 3)), "2101-01-03 is beyond it: the calendar"),
        (lambda: DAYS.is_working_day(date(2018, 12, 31)), "reaches from 2019-01-01 to 2100-12-31"),
        (lambda: DAYS.add_working_days(date(2100, 12, 28), 10), "10 working days after 2100-12-28"),
        (lambda: DAYS.add_working_days(date(2026, 5, 1), -1), "-1 working days after"),
        (lambda: calendar_of({2024: ((), ()), 2026: ((), ())}, nothing, 2100), "have a gap; add"),
        (lambda: calendar_of({}, nothing, 2100), "have a gap; add the missing year"),
    ],
)
def test_beyond_the_calendar_nothing_is_guessed(ask, message):
    with pytest.raises(BeyondCalendar, match=message):
        ask()


def nothing(year):
    """No statutory holiday."""
    return ()


#: weekdays that are statutory holidays, counted by hand on a wall calendar; all other weekdays work
COMPUTED = {
    2027: ["01-01", "02-05", "02-08", "04-05", "06-09", "09-15", "10-01"],
    2028: ["01-25", "01-26", "01-27", "01-28", "04-04", "05-01", "05-02", "10-02", "10-03"],
    2029: ["01-01", "02-12", "02-13", "02-14", "02-15", "04-04", "05-01", "05-02", "10-01",
           "10-02", "10-03"],
    2030: ["01-01", "02-04", "02-05", "04-05", "05-01", "05-02", "06-05", "09-12", "10-01",
           "10-02", "10-03"],
}  # fmt: skip


@pytest.mark.parametrize("year", COMPUTED)
def test_without_a_notice_weekdays_are_worked_but_for_statutory_holidays(year):
    """Weekends are days off, since swapped days are unknown; 3 October 2028 is two holidays."""
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]

    off = [f"{d:%m-%d}" for d in days if d.weekday() < 5 and not DAYS.is_working_day(d)]

    assert off == COMPUTED[year]
    assert not any(DAYS.is_working_day(d) for d in days if d.weekday() >= 5)
    assert all(DAYS.is_provisional(d) for d in days)


def test_a_provisional_day_says_that_days_made_up_for_a_weekend_are_not_counted():
    """Art 6 of the law of 2024: "全体公民放假的假日，如果适逢周六、周日，应当在工作日补假"; on
    which working day only the year's notice says (1 and 2 May 2027 are a weekend)."""
    assert DAYS.is_working_day(date(2027, 5, 3))
    assert DAYS.is_provisional(date(2027, 5, 3))
    note = provisional_data(provisional=True)["provisional_note"]

    assert "适逢周末的节假日的补假和调休未计入" in note["zh"]
    assert "made up for holidays on a weekend" in note["en"]


#: last days of terms, counted by hand: begun, working days, end, whether 2027 is touched
TERMS = [
    ("2026-12-03", 20, "2026-12-31", False),
    ("2026-12-04", 20, "2027-01-04", True),
    ("2026-12-17", 10, "2026-12-31", False),
    ("2026-12-18", 10, "2027-01-04", True),
    ("2026-12-28", 3, "2026-12-31", False),
    ("2026-12-29", 3, "2027-01-04", True),
    ("2026-12-31", 0, "2026-12-31", False),
    ("2026-12-31", 1, "2027-01-04", True),
    ("2026-12-22", 7, "2026-12-31", False),
    ("2026-12-23", 7, "2027-01-04", True),
    ("2026-12-10", 15, "2026-12-31", False),
    ("2026-12-11", 15, "2027-01-04", True),
    ("2026-12-31", 20, "2027-01-29", True),
    ("2027-01-04", 3, "2027-01-07", True),
    ("2027-01-15", 15, "2027-02-09", True),  # 5 and 8 February are off
    ("2027-01-29", 10, "2027-02-16", True),
    ("2027-02-04", 1, "2027-02-09", True),
    ("2027-09-14", 3, "2027-09-20", True),  # Mid-Autumn is a Wednesday
    ("2027-09-30", 7, "2027-10-12", True),
    ("2028-01-24", 3, "2028-02-02", True),  # 25 to 28 January, then a weekend
    ("2028-09-29", 3, "2028-10-06", True),  # 2 and 3 October, the latter Mid-Autumn as well
    ("2028-09-29", 20, "2028-10-31", True),
    ("2029-04-27", 3, "2029-05-04", True),
    ("2030-04-30", 1, "2030-05-03", True),
]


@pytest.mark.parametrize(("begun", "count", "end", "provisional"), TERMS)
def test_a_term_ends_on_the_day_counted_by_hand(begun, count, end, provisional):
    term = DAYS.term(date.fromisoformat(begun), count)

    assert (str(term.day), term.provisional) == (end, provisional)


@given(
    begun=st.dates(date(2019, 1, 1), date(2040, 12, 31)),
    count=st.integers(min_value=0, max_value=90),
)
@example(begun=LAST, count=0)
@example(begun=LAST, count=1)
@example(begun=date(2027, 3, 1), count=0)
def test_counting_a_term_gives_its_days_and_it_is_provisional_if_a_day_of_it_is(begun, count):
    term = DAYS.term(begun, count)
    days = [begun + timedelta(days=n + 1) for n in range((term.day - begun).days)]

    assert sum(map(DAYS.is_working_day, days)) == count
    assert DAYS.working_days_between(begun, term.day) == count
    assert DAYS.working_days_between(term.day, begun) == -count
    assert term.provisional is any(day > LAST for day in days)
    assert count == 0 or DAYS.is_working_day(term.day)


def test_a_question_may_look_ten_years_beyond_the_last_notice():
    DAYS.refuse_unforeseen("applied_on", date(2036, 12, 31))

    with pytest.raises(BeyondCalendar, match=r"end on 2026-12-31; days up to 2036 can be asked"):
        DAYS.refuse_unforeseen("applied_on", date(2037, 1, 1))


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
