"""One clock: the day is China's, read from a moment in any zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xhcredit.domain.clock import CHINA, Clock, beijing_time, china_day, china_moment

#: any second from 1993 to 2199, written in any zone
MOMENTS = st.builds(
    lambda second, minutes: datetime.fromtimestamp(second, timezone(timedelta(minutes=minutes))),
    st.integers(725_846_400, 7_226_582_400),
    st.integers(-14 * 60, 14 * 60),
)


@given(MOMENTS)
def test_the_day_is_that_of_eight_hours_after_utc(moment):
    expected = (moment.astimezone(UTC).replace(tzinfo=None) + timedelta(hours=8)).date()

    assert Clock(lambda: moment).today() == china_day(moment) == expected


@given(MOMENTS)
def test_the_moment_is_the_same_and_bears_the_offset_of_china(moment):
    moment_in_china = Clock(lambda: moment).moment()

    assert moment_in_china == moment
    assert moment_in_china.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize(
    ("second", "day"),
    [("2026-11-29T15:59:59Z", date(2026, 11, 29)), ("2026-11-29T16:00:00Z", date(2026, 11, 30))],
)
def test_the_day_changes_at_midnight_in_china(second, day):
    assert china_day(second) == day


def test_text_without_offset_is_read_as_utc():
    assert china_moment("2026-11-29T23:30:00") == datetime(2026, 11, 30, 7, 30, tzinfo=CHINA)


def test_people_read_beijing_time():
    assert beijing_time("2026-11-29T23:29:59.9Z") == "2026-11-30 07:29"
    assert beijing_time("2026-11-29T23:29:59.9Z", seconds=True) == "2026-11-30 07:29:59"
