"""Lunar days and the solar term 清明, against a second library."""

from datetime import date

import pytest
import sxtwl

from xhcredit.domain.lunar import LAST_YEAR, lunar_day, qingming

#: new moons within two minutes of midnight in Beijing: the libraries differ, no notice can
DIFFERENT = {(2089, 8, 15)}
QINGMING = 7  #: its number among the terms of a year in sxtwl


@pytest.mark.parametrize(("month", "day"), [(1, 1), (5, 5), (8, 15)])
def test_festivals_fall_on_the_days_of_the_other_library(month, day):
    for year in range(2014, LAST_YEAR + 1):
        if (year, month, day) not in DIFFERENT:
            other = sxtwl.fromLunar(year, month, day)
            other_day = date(other.getSolarYear(), other.getSolarMonth(), other.getSolarDay())
            assert lunar_day(year, month, day) == other_day


def test_qingming_falls_on_the_day_of_the_other_library():
    for year in range(2014, LAST_YEAR + 1):
        april = [sxtwl.fromSolar(year, 4, day) for day in range(3, 8)]
        [other] = [d for d in april if d.hasJieQi() and d.getJieQi() == QINGMING]
        assert qingming(year) == date(year, 4, other.getSolarDay())


def test_festivals_of_coming_years_are_those_of_the_printed_almanac():
    """Spring Festival, Dragon Boat and Mid-Autumn; the last of 2028 is the third National Day."""
    days = {
        year: [lunar_day(year, m, d) for m, d in ((1, 1), (5, 5), (8, 15))]
        for year in range(2027, 2031)
    }

    assert {year: [f"{d:%m-%d}" for d in festivals] for year, festivals in days.items()} == {
        2027: ["02-06", "06-09", "09-15"],
        2028: ["01-26", "05-28", "10-03"],
        2029: ["02-13", "06-16", "09-22"],
        2030: ["02-03", "06-05", "09-12"],
    }
