"""Inspections of a year against the caps: by department and level, and in all."""

from datetime import date

import pytest

from xhcredit.draws.inspection_load import (
    DepartmentLoad,
    FieldLoad,
    InspectionVisit,
    inspection_load,
    level_of,
)
from xhcredit.rules.schemas.draws import InspectionCap, InspectionCaps

DAY = date(2026, 6, 30)
CAP = InspectionCap(most=2, most_in_all=4, forms=("random", "daily"), warn_in_all=6)
CAPS = InspectionCaps(own_level="district", fields={"food": CAP})
HIGHER = ("上海市",)


def visit(on=DAY, field="food", form="daily", agency="徐汇区市场监管局", level="district"):
    return InspectionVisit(on, field, form, agency, level)


def load(*visits):
    return inspection_load(visits, CAPS, HIGHER, DAY)


def field_load(*departments, cap=CAP):
    return FieldLoad("food", tuple(DepartmentLoad(*d) for d in departments), cap, "district")


@pytest.mark.parametrize(
    ("on", "counted"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (DAY, True),
        (date(2026, 7, 1), False),
        (date(2027, 1, 1), False),
    ],
)
def test_the_calendar_year_counts_up_to_the_day_itself(on, counted):
    assert bool(load(visit(on))) is counted


def test_a_visit_without_a_field_ends_nobodys_list():
    field_loads = load(visit(field=None), visit(date(2025, 1, 1)), visit())

    assert [(f.field, f.total) for f in field_loads] == [("food", 1)]


def test_fields_come_in_order_each_with_its_departments_and_its_cap():
    field_loads = load(
        visit(field="general", form="daily"),
        visit(form="case"),
        visit(),
        visit(),
        visit(agency="上海市市场监管局", level="city"),
        visit(agency=None, level=None),
        visit(agency="上海市药监局", level=None),
    )

    assert field_loads == [
        field_load(
            (None, "district", 1, 0),
            ("上海市市场监管局", "city", 1, 0),
            ("上海市药监局", "", 1, 0),
            ("徐汇区市场监管局", "district", 2, 1),
        ),
        # a field without a cap: nothing counts toward it
        FieldLoad(
            "general", (DepartmentLoad("徐汇区市场监管局", "district", 0, 1),), None, "district"
        ),
    ]
    assert (field_loads[0].counting, field_loads[0].total) == (5, 6)


@pytest.mark.parametrize(
    ("agency", "level", "expected"),
    [
        ("上海市药监局", "district", "district"),  # what is reported counts
        ("上海市药监局", None, None),
        ("徐汇区上海市场", None, "district"),  # only the beginning of a name says it
        (None, None, "district"),
        (None, "city", "city"),
    ],
)
def test_a_level_that_is_not_reported_is_that_of_the_name_or_the_districts_own(
    agency, level, expected
):
    assert level_of(visit(agency=agency, level=level), "district", HIGHER) == expected


@pytest.mark.parametrize(
    ("departments", "cap", "reached"),
    [
        ([], CAP, False),
        ([("甲", "district", 1, 9)], CAP, False),
        ([("甲", "district", 2, 0)], CAP, True),
        ([("甲", "district", 1, 0), ("乙", "district", 2, 0)], CAP, True),
        ([("甲", "city", 3, 0)], CAP, False),  # another level's own cap
        ([("甲", "city", 3, 0), ("乙", "district", 1, 0)], CAP, True),  # four in all
        ([("甲", "city", 4, 0)], CAP, True),
        ([("甲", "district", 9, 0)], None, False),
    ],
)
def test_a_department_at_the_districts_level_or_all_together_reach_the_cap(
    departments, cap, reached
):
    assert field_load(*departments, cap=cap).reached is reached


@pytest.mark.parametrize(
    ("departments", "cap", "unusual"),
    [
        ([("甲", "city", 1, 4)], CAP, False),
        ([("甲", "city", 1, 5)], CAP, True),
        ([("甲", "city", 0, 3), ("乙", "district", 1, 2)], CAP, True),
        ([("甲", "city", 1, 5)], None, False),
    ],
)
def test_visits_of_any_form_are_worth_a_warning_from_a_number_on(departments, cap, unusual):
    assert field_load(*departments, cap=cap).unusual is unusual
