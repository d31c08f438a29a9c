"""Working-day calendar of a rulebook: yearly notices, beyond them statutory holidays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from xhcredit.domain.calendar import Calendar, Notice, calendar_of
from xhcredit.domain.lunar import LAST_YEAR
from xhcredit.errors import BadRule, BeyondCalendar, RuleNotInForce
from xhcredit.rules.rule import Rule
from xhcredit.rules.schemas.calendar import Holiday, Holidays, YearlyDay, YearOff

STATUTORY = "calendar.statutory_days"
NOTICE_DUE = "calendar.notice_due"
YEARS = "calendar.years."


def notice_id(year: int) -> str:
    """The id of the rule that holds a year's notice.

    >>> notice_id(2027)
    'calendar.years.y2027'
    """
    return f"{YEARS}y{year}"


def calendar_from(rules: Mapping[str, Rule]) -> Calendar:
    """The calendar of working days that rules give, from the first year with a notice to 2100.

    Raises:
        BadRule: there is no notice at all, or a year is missing between two.
    """
    notices: dict[int, Notice] = {
        value.year: (value.off, value.works) for value in _notices(rules).values()
    }
    try:
        return calendar_of(notices, lambda year: _statutory(rules, year), LAST_YEAR)
    except BeyondCalendar as error:
        raise BadRule(f'rules "{YEARS}*": {error}') from None


def missing_notice(rules: Mapping[str, Rule], day: date) -> int | None:
    """Year whose holiday notice is overdue by ``day``; None if none is.

    The first year without one: at once if ``day`` is in it or later, and from the day of
    ``calendar.notice_due`` on if it is the next year.
    """
    years = {value.year for value in _notices(rules).values()}
    if not years or NOTICE_DUE not in rules:
        return None
    # Only the next year can be missing: a gap between two notices is refused at loading.
    year = max(years) + 1
    try:
        due: YearlyDay = rules[NOTICE_DUE].on(day).value
    except RuleNotInForce:
        return None
    return year if day >= due.in_year(year - 1) else None


def refuse_contradictions(rules: Mapping[str, Rule]) -> None:
    """Refuse notices that contradict their file's name or each other, or leave a gap.

    Raises:
        BadRule: one does; the message names the day.
    """
    notices = _notices(rules)
    for rule_id, value in notices.items():
        if rule_id != notice_id(value.year):
            raise BadRule(
                f'rule "{rule_id}": it is about {value.year}; call it "{notice_id(value.year)}", '
                "or correct the year"
            )
        previous_notice = notices.get(notice_id(value.year - 1))
        # A notice may change days of the December before it, where the year before has already
        # spoken.
        for day in sorted({*value.off} & {*(previous_notice.works if previous_notice else ())}):
            raise BadRule(
                f'rule "{rule_id}": {day} is a day off, and a day of work in '
                f'"{notice_id(value.year - 1)}"; correct one of the two by its notice'
            )
    if notices:
        calendar_from(rules)


def refuse_against_law(rules: Mapping[str, Rule], rule_id: str, place: str) -> None:
    """Refuse a notice in which people work on a statutory holiday.

    Args:
        rules: the rulebook, with the law of statutory holidays.
        rule_id: the notice of a year.
        place: how its file is named in the message.

    Raises:
        BadRule: they do; the message names the day and the holiday.
    """
    value = _notices(rules)[rule_id]
    for day, holiday in sorted(_holidays(rules, value.year).items()):
        if day not in value.off:
            raise BadRule(
                f"{place}: entries: {day} is a statutory holiday ({holiday.zh}, {holiday.en}) and "
                f"no day off here; correct it by the notice, or see {STATUTORY}"
            )


def refuse_other_days(shipped: Rule, district_rule: Rule, place: str) -> None:
    """Refuse a district's notice of a year that differs from the official table.

    Args:
        shipped: the official one.
        district_rule: the district's.
        place: how the district's file is named in the message.

    Raises:
        BadRule: a day differs; the message names the first.
    """
    official, district = shipped.entries[-1].value, district_rule.entries[-1].value
    for meaning, days, district_days in (
        ("a day off", official.off, district.off),
        ("a day of work", official.works, district.works),
    ):
        for day in sorted({*days} ^ {*district_days}):
            says = (
                f"is {meaning} in the official table and not here"
                if day in days
                else (f"is {meaning} here and not in the official table")
            )
            raise BadRule(f"{place}: entries: {day} {says}; correct the day, or delete the file")


def _notices(rules: Mapping[str, Rule]) -> dict[str, YearOff]:
    """The latest entry of every year's notice, by rule."""
    return {
        rule.id: rule.entries[-1].value
        for rule in rules.values()
        if rule.id.startswith(YEARS) and isinstance(rule.entries[-1].value, YearOff)
    }


def _holidays(rules: Mapping[str, Rule], year: int) -> dict[date, Holiday]:
    """Statutory days of a year by the law in force on its first day; none without such a law."""
    if STATUTORY not in rules:
        return {}
    try:
        # By the year's first day: 全国年节及纪念日放假办法 as revised in 2024 is in force from
        # 2025-01-01, so no year has two laws.
        value = rules[STATUTORY].on(date(year, 1, 1)).value
    except RuleNotInForce:
        return {}
    return value.in_year(year) if isinstance(value, Holidays) else {}


def _statutory(rules: Mapping[str, Rule], year: int) -> tuple[date, ...]:
    return tuple(_holidays(rules, year))
