"""The notices on holidays: the shipped ones, a district's own, and the one that is missing."""

import re
from datetime import date

import pytest

from tests.rules.files import entry, text, write
from xhcredit.errors import BadRule
from xhcredit.rules.check import check, missing_notice
from xhcredit.rules.loader import SHIPPED
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.calendar import Holiday, Holidays, YearOff

BOOK = Rulebook.load()
YEARS = range(2019, 2027)

#: what a notice of 2027 might say; the real one was not known when this was written
OFF = (
    "[[2027-01-01, 2027-01-03], [2027-02-05, 2027-02-11], [2027-04-03, 2027-04-05], "
    "[2027-05-01, 2027-05-05], [2027-06-09, 2027-06-09], [2027-09-15, 2027-09-15], "
    "[2027-10-01, 2027-10-07]]"
)
WORKS = "[2027-02-14, 2027-02-20, 2027-04-25, 2027-05-08, 2027-09-26, 2027-10-09]"


def notice(year=2027, off=OFF, works=WORKS, about=None):
    """A notice as a district writes it."""
    value = f"{{year: {about or year}, days_off: {off}, works: {works}}}"
    return text(entry(f"{year - 1}-11-10", value), rule_id=f"calendar.years.y{year}")


def district(folder, year=2027, **parts):
    return write(folder, notice(year, **parts), f"calendar/years/y{year}.yaml")


@pytest.mark.parametrize("year", YEARS)
def test_every_statutory_holiday_is_off_in_the_notice_of_its_year(year):
    statutory = BOOK.value("calendar.statutory_days", Holidays, as_of=date(year, 1, 1))
    value = BOOK.rule(f"calendar.years.y{year}").entries[-1].value

    assert isinstance(value, YearOff)
    assert set(statutory.in_year(year)) <= set(value.off)


def test_the_law_of_2024_adds_the_eve_and_the_second_of_may():
    before, since = (
        BOOK.value("calendar.statutory_days", Holidays, as_of=date(year, 1, 1)).in_year(2027)
        for year in (2024, 2025)
    )

    assert sorted(set(since) - set(before)) == [date(2027, 2, 5), date(2027, 5, 2)]
    assert len(since) == 13


def test_days_of_a_year_with_a_notice_of_the_district_are_no_longer_provisional(tmp_path):
    calendar = Rulebook.load(district(tmp_path / "own")).calendar

    assert str(calendar.published_until) == "2027-12-31"
    assert calendar.is_working_day(date(2027, 2, 14))  # a Sunday, swapped
    assert not calendar.is_working_day(date(2027, 2, 9))
    term = calendar.term(date(2026, 12, 31), 3)
    assert (str(term.day), term.provisional) == ("2027-01-06", False)
    assert calendar.term(date(2027, 12, 31), 1).provisional


CONTRADICTIONS = {
    "off and worked": (
        {"works": "[2027-02-06]"},
        "2027-02-06 is a day off and a day of work; correct the day by the notice",
    ),
    "off twice": (
        {"off": "[[2027-01-01, 2027-01-03], [2027-01-03, 2027-01-04]]"},
        "2027-01-03 is a day off twice",
    ),
    "worked twice": (
        {"works": "[2027-02-14, 2027-02-14]"},
        "2027-02-14 is a day of work twice; correct the day by the notice",
    ),
    "ends before it begins": (
        {"off": "[[2027-01-03, 2027-01-01]]"},
        "2027-01-03 to 2027-01-01 ends before it begins",
    ),
    "a weekday that works": (
        {"works": "[2027-03-01]"},
        "2027-03-01 is no Saturday or Sunday, so people work anyhow",
    ),
    "another year": (
        {"off": "[[2028-01-01, 2028-01-01]]"},
        "2028-01-01 is not of 2027",
    ),
    "worked on a holiday": (
        {"off": OFF.replace("[2027-10-01, ", "[2027-10-02, ")},
        "2027-10-01 is a statutory holiday (国庆节, National Day) and no day off here",
    ),
    "a file of another year": ({"about": 2026}, "2027-01-01 is not of 2026"),
}


@pytest.mark.parametrize(("parts", "message"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_notice_that_contradicts_itself_or_the_law_is_refused_with_the_day(
    tmp_path, parts, message
):
    with pytest.raises(BadRule, match=re.escape(message)):
        Rulebook.load(district(tmp_path / "own", **parts))


def test_a_notice_under_another_years_name_is_refused(tmp_path):
    district_rules = write(
        tmp_path / "own", notice(2027).replace("y2027", "y2028"), "calendar/years/y2028.yaml"
    )

    with pytest.raises(BadRule, match=r'it is about 2027; call it "calendar\.years\.y2027"'):
        Rulebook.load(district_rules)


def test_a_year_left_out_between_two_notices_is_refused(tmp_path):
    with pytest.raises(BadRule, match="have a gap; add the missing year"):
        Rulebook.load(
            district(
                tmp_path / "own",
                2028,
                off=OFF.replace("2027", "2028")
                .replace("02-05, 2028-02-11", "01-25, 2028-01-31")
                .replace("04-03", "04-04")
                .replace("06-09", "05-28"),
                works="[]",
            )
        )


def test_the_official_table_is_not_contradicted_and_may_be_repeated(tmp_path):
    shipped = (SHIPPED / "calendar/years/y2026.yaml").read_text(encoding="utf-8")
    same = write(tmp_path / "same", shipped.replace("V2", "V1"), "calendar/years/y2026.yaml")
    other = write(
        tmp_path / "other",
        shipped.replace("[2026-10-01, 2026-10-07]", "[2026-10-01, 2026-10-06]"),
        "calendar/years/y2026.yaml",
    )

    assert Rulebook.load(same).digest == BOOK.digest
    with pytest.raises(
        BadRule, match="2026-10-07 is a day off in the official table and not here; correct the day"
    ):
        Rulebook.load(other)


def test_a_day_of_work_of_the_year_before_cannot_be_taken_back_silently(tmp_path):
    district_rules = district(
        tmp_path / "own", off=OFF.replace("[[", "[[2026-12-26, 2026-12-26], [", 1)
    )
    assert not Rulebook.load(district_rules).calendar.is_working_day(date(2026, 12, 26))
    district(tmp_path / "own", 2028, off="[[2027-12-25, 2027-12-25]]", works="[]")

    with pytest.raises(BadRule, match="2028-01-01 is a statutory holiday"):
        Rulebook.load(district_rules)


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2016, 1, 1), None),
        (date(2026, 10, 31), None),
        (date(2026, 11, 1), 2027),
        (date(2026, 12, 31), 2027),
        (date(2027, 1, 1), 2027),
        (date(2028, 6, 1), 2027),
    ],
)
def test_from_november_on_next_years_notice_is_missed(day, year):
    assert BOOK.missing_notice(day) == year
    missing_notices = [f.rule_id for f in check(BOOK, day) if f.kind == "notice_missing"]
    assert missing_notices == ([f"calendar.years.y{year}"] if year else [])


def test_who_added_the_notice_is_told_no_more_until_the_next_november(tmp_path):
    book = Rulebook.load(district(tmp_path / "own"))

    assert missing_notice(book, date(2027, 10, 31)) == []
    [finding] = missing_notice(book, date(2027, 11, 1))
    assert finding.zh == (
        "2028年节假日安排尚未录入：该年的期限为暂定（补假和调休未计入）；请将国务院办公厅通知录入"
        "规则目录的 calendar/years/y2028.yaml，格式同上一年的文件"
    )
    assert finding.en == (
        "the notice on holidays of 2028 is missing: days of that year are provisional, without "
        "made-up and swapped days; add it to the district's rules as calendar/years/y2028.yaml, "
        "written as the year before"
    )


@pytest.mark.parametrize(
    ("by", "month", "day"),
    [
        ("solar", None, None),
        ("lunar", 5, None),
        ("solar", None, 5),
        ("qingming", 4, 5),
        ("qingming", 4, None),
    ],
)
def test_a_holiday_has_its_day_unless_the_sun_says_it(by, month, day):
    holiday_fields = {"zh": "节", "en": "day", "by": by, "month": month, "day": day, "days": 1}

    with pytest.raises(
        ValueError,
        match=re.escape(
            f"by {by} with month {month} and day {day}; name month and day, except of qingming"
        ),
    ):
        Holiday.model_validate(holiday_fields)
