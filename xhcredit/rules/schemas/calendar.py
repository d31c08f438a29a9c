"""Schemas of calendar rules: statutory holidays, days off of a year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, RootModel, model_validator

from xhcredit.domain.calendar import days_from
from xhcredit.domain.lunar import lunar_day, qingming
from xhcredit.rules.schemas.common import Name, Shape, Text

_SATURDAY = 5
_DECEMBER = 12


class Holiday(Shape):
    """A statutory holiday of everybody: ``days`` days from its day on, or from ``begins`` before.

    Its day is that ``month`` and ``day`` of the ``solar`` or the ``lunar`` year, or the beginning
    of the solar term 清明 (``qingming``), which has neither.
    """

    zh: Text
    en: Text
    by: Literal["solar", "lunar", "qingming"]
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    day: Annotated[int, Field(ge=1, le=30)] | None = None
    begins: Annotated[int, Field(ge=-7, le=0)] = 0
    days: Annotated[int, Field(ge=1, le=10)]

    @model_validator(mode="after")
    def _has_its_day(self) -> Holiday:
        has_month_and_day = self.month is not None and self.day is not None
        if (self.by == "qingming") == has_month_and_day or (self.month is None) != (
            self.day is None
        ):
            problem = f"by {self.by} with month {self.month} and day {self.day}"
            raise ValueError(f"{problem}; name month and day, except of qingming")
        return self

    def in_year(self, year: int) -> tuple[date, ...]:
        """The days of the holiday in a year, oldest first."""
        start = self._day_of(year) + timedelta(days=self.begins)
        return tuple(start + timedelta(days=n) for n in range(self.days))

    def _day_of(self, year: int) -> date:
        if self.month is None or self.day is None:
            return qingming(year)
        if self.by == "lunar":
            return lunar_day(year, self.month, self.day)
        return date(year, self.month, self.day)


class Holidays(RootModel[dict[Name, Holiday]]):
    """All statutory holidays of everybody, by name."""

    def in_year(self, year: int) -> dict[date, Holiday]:
        """Every statutory day of a year with its holiday; a day of two holidays counts once."""
        return {day: h for h in self.root.values() for day in h.in_year(year)}


class YearOff(Shape):
    """Days off (first and last day, both included) and Saturdays and Sundays on which people work.

    Days lie in ``year``, or in the December before it, which a notice may change as well.
    """

    year: Annotated[int, Field(ge=2000, le=2100)]
    days_off: Annotated[tuple[tuple[date, date], ...], Field(min_length=1)]
    works: tuple[date, ...]

    @model_validator(mode="after")
    def _consistent(self) -> YearOff:
        for contradiction in self._contradictions():
            raise ValueError(f"{contradiction}; correct the day by the notice")
        return self

    @property
    def off(self) -> tuple[date, ...]:
        """Every day off, weekends within a holiday too."""
        return tuple(day for first, last in self.days_off for day in days_from(first, last))

    def _contradictions(self) -> Iterator[str]:
        for first, last in self.days_off:
            if last < first:
                yield f"{first} to {last} ends before it begins"
        off, works = self.off, self.works
        for days, meaning in ((off, "is a day off"), (works, "is a day of work")):
            repeated = [day for day in days if days.count(day) > 1]
            if repeated:
                yield f"{repeated[0]} {meaning} twice"
        both_days = sorted(set(off) & set(works))
        if both_days:
            yield f"{both_days[0]} is a day off and a day of work"
        # A swapped working day (调休) is always a Saturday or Sunday: a weekday here is a
        # typing error in the date.
        weekdays = [day for day in works if day.weekday() < _SATURDAY]
        if weekdays:
            yield f"{weekdays[0]} is no Saturday or Sunday, so people work anyhow"
        begins = date(self.year - 1, _DECEMBER, 1)
        outside = [d for d in (*off, *works) if not begins <= d <= date(self.year, _DECEMBER, 31)]
        if outside:
            yield f"{outside[0]} is not of {self.year}"


class YearlyDay(Shape):
    """A day of every year."""

    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=28)]

    def in_year(self, year: int) -> date:
        """That day of a year."""
        return date(year, self.month, self.day)
