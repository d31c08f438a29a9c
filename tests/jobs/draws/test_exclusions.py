"""Coverage and caps: which inspections postpone a statutory duty, and which use up a yearly cap."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pandas as pd
import pytest

from tests.engine import world
from tests.jobs.draws.test_draw import PLAN
from tests.serving.district import CODES
from xhcredit.draws.inspection_load import InspectionVisit, inspection_load
from xhcredit.draws.plan import Period, read_plan
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Entry, Warehouse
from xhcredit.jobs.draws.exclusions import _capped, _inspected_by_higher, with_duty
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import Exclusions, InspectionCaps, Items

BOOK = Rulebook.load()
DAY = date(2026, 6, 30)
DISTRICT_BUREAU, SIBLING, CITY = (
    "示例区市场监督管理局",
    "示例区消防救援支队",
    "上海市市场监督管理局",
)
CAPS = BOOK.serving("draws.caps", InspectionCaps, as_of=DAY)
LAW = BOOK.serving("draws.exclusions", Exclusions, as_of=DAY)
FORMS = [name for name, _ in directory()["inspection"].column("form").values]


def inspected(number, code, **changes):
    """One inspection, planned and complete unless told otherwise."""
    row = {
        "code": code,
        "occurred_on": date(2026, 3, 2),
        "known_on": date(2026, 3, 9),
        "inspection_no": f"JC{number}",
        "form": "daily",
        "field": "food",
        "result": "no_problem",
        "failed": False,
        "completeness": "all_points",
        "agency": DISTRICT_BUREAU,
        "level": "district",
    } | changes
    return row | {"event_id": world.event_id(directory()["inspection"], row)}


def warehouse_of(folder, inspections):
    """A warehouse in which the enterprises of these inspections are known."""
    codes = sorted({row["code"] for row in inspections})
    tables = {
        "enterprise": [{"code": code, "known_on": date(2019, 1, 1)} for code in codes],
        "inspection": inspections,
    }
    con = world.connect(tables)
    extra = "'test.csv' AS source_file, 2 AS source_row"
    selects = {
        name: f"SELECT *, {'0 AS event_id, ' if t.kind == 'register' else ''}{extra} FROM {name}"
        for name, t in directory().items()
    }
    Warehouse(folder).commit(con, selects, Entry("", "test.csv", "t", "test", "test", {}))
    return folder


def plan_of(field, bureau=DISTRICT_BUREAU):
    items = {"food": "food_operation", "elderly_care": "elderly_institution"}
    item = items.get(field, "disclosure")
    qualification = field if field in items else "general"
    filed = {"period": {"first": "2026-01-01", "last": "2026-12-31"}, "published_on": "2026-03-01"}
    plan_fields = (
        PLAN
        | filed
        | {
            "fields": [field],
            "items": [item],
            "qualification": qualification,
            "bureau": bureau,
        }
    )
    return read_plan(plan_fields, BOOK, date(2026, 3, 1))


def owed(folder, field, as_of=DAY):
    """Codes for which coverage falls due within the plan's year, of all in the warehouse."""
    scope = pd.DataFrame({"code": sorted(CODES), "fields": f";x_{field};"})
    marked = with_duty(scope, plan_of(field), folder, BOOK, as_of)
    return set(marked.loc[marked["duty"], "code"])


# Order 49 art 22(1): "每两年…至少进行一次覆盖全部检查要点的监督检查"; art 27: flying checks and
# checks of single items do not count.  The plan ends on 2026-12-31, so an inspection counts if it
# took place after 2024-12-31.
FOOD = {
    "a daily inspection of all points": ({}, True),
    "a random one of all points": ({"form": "random"}, True),
    "a special one of all points": ({"form": "special"}, True),
    "one deployed from above, of all points": ({"form": "superior"}, True),
    "one of some points": ({"completeness": "some_points"}, False),
    "one of a single item": ({"completeness": "single_item"}, False),
    "one that does not say": ({"completeness": None}, False),
    "a flying one": ({"form": "flying"}, False),
    "a complaint": ({"form": "case"}, False),
    "one that the enterprise asked for": ({"form": "requested"}, False),
    "a licence's site check": ({"form": "licence"}, False),
    "one of another field": ({"field": "general"}, False),
    "one on the first day that counts": ({"occurred_on": date(2025, 1, 1)}, True),
    "one a day too early": ({"occurred_on": date(2024, 12, 31)}, False),
    "one that became known too late": ({"known_on": date(2026, 7, 1)}, False),
}


@pytest.fixture(scope="module")
def food(tmp_path_factory):
    cases = list(FOOD.values())
    rows = [inspected(n, CODES[n], **changes) for n, (changes, _) in enumerate(cases)]
    return warehouse_of(tmp_path_factory.mktemp("food"), rows)


@pytest.mark.parametrize("case", FOOD)
def test_two_years_coverage_of_food_is_met_only_by_what_the_text_accepts(food, case):
    code, (_, met) = CODES[list(FOOD).index(case)], FOOD[case]

    assert (code not in owed(food, "food")) == met


def test_elderly_care_is_covered_by_any_planned_visit_of_the_year(tmp_path):
    changes = [
        {"completeness": None},
        {"form": "case"},
        {"occurred_on": date(2025, 12, 31)},
        {"occurred_on": date(2026, 1, 1), "completeness": "single_item"},
    ]
    rows = [inspected(n, CODES[n], field="elderly_care", **c) for n, c in enumerate(changes)]
    due = owed(warehouse_of(tmp_path, rows), "elderly_care")

    assert {CODES[1], CODES[2]} <= due
    assert not {CODES[0], CODES[3]} & due


def test_before_the_law_was_in_force_nothing_was_owed(food):
    assert owed(food, "food", as_of=date(2022, 3, 14)) == set()
    assert owed(food, "food", as_of=date(2022, 3, 15)) == set(CODES)


def times(code, count, start, **changes):
    return [inspected(start + n, code, field="general", **changes) for n in range(count)]


# cap of the field "general": 2 of one department at one level, 4 in all
LOADS = {
    "one below the department's cap": (times(CODES[0], 1, 0), False),
    "at the department's cap": (times(CODES[1], 2, 10), True),
    "another department's two": (times(CODES[2], 2, 20, agency=SIBLING), False),
    "two at another level": (times(CODES[3], 2, 30, level="city"), False),
    "two of a higher organ by its name": (times(CODES[4], 2, 40, agency=CITY, level=None), False),
    "two that name no organ": (times(CODES[5], 2, 50, agency=None, level=None), True),
    "four in all": (
        times(CODES[6], 1, 60) + times(CODES[6], 3, 65, agency=SIBLING),
        True,
    ),
    "three in all": (times(CODES[7], 1, 70) + times(CODES[7], 2, 75, agency=SIBLING), False),
    "ten that are exempt": (
        [
            inspected(80 + n, CODES[8], field="general", form=form)
            for n, form in enumerate(["superior", "case", "requested", "licence", "media"] * 2)
        ],
        False,
    ),
    "two of last year": (times(CODES[9], 2, 100, occurred_on=date(2025, 12, 31)), False),
    "two on New Year's Day": (times(CODES[10], 2, 110, occurred_on=date(2026, 1, 1)), True),
    "two of another field": (
        [row | {"field": "food"} for row in times(CODES[11], 2, 120)],
        False,
    ),
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    rows = [row for part, _ in LOADS.values() for row in part]
    return warehouse_of(tmp_path_factory.mktemp("load"), rows)


@pytest.mark.parametrize("case", LOADS)
def test_a_cap_counts_per_department_and_level_and_in_all(loaded, case):
    rows, barred = LOADS[case]

    assert (rows[0]["code"] in _capped(plan_of("general"), loaded, BOOK, LAW, DAY)) == barred


def visit(row):
    return InspectionVisit(*(row[k] for k in ("occurred_on", "field", "form", "agency", "level")))


@pytest.mark.parametrize("case", LOADS)
def test_the_file_shows_the_load_that_the_frame_goes_by(case):
    """One enterprise's load: counted and exempt add up, and the cap is reached when it bars."""
    rows, barred = LOADS[case]
    loads = inspection_load(map(visit, rows), CAPS, LAW.higher_agencies, DAY)
    this_year = [r for r in rows if r["occurred_on"].year == DAY.year]
    general = next((load for load in loads if load.field == "general"), None)

    assert sum(load.total for load in loads) == len(this_year)
    if general is None:
        assert not barred
        return
    counting = [r for r in this_year if r["form"] in CAPS.fields["general"].forms]
    assert general.counting == len(counting)
    departments = Counter(r["agency"] for r in this_year)
    assert {d.agency: d.counting + d.exempt for d in general.departments} == departments
    # the file tells that some department has reached its cap; the frame asks for its own one
    another = case in ("another department's two", "three in all")
    assert general.reached == (barred or another)


def test_many_exempt_inspections_bar_nobody_but_are_worth_a_warning():
    rows = LOADS["ten that are exempt"][0]
    few, many = (
        inspection_load(map(visit, part), CAPS, LAW.higher_agencies, DAY)
        for part in (rows[:5], rows[:6])
    )

    assert [(load.counting, load.total, load.reached) for load in many] == [(0, 6, False)]
    assert [load.unusual for load in (*few, *many)] == [False, True]


def test_every_form_of_the_rules_is_one_that_inspections_can_have():
    duties = BOOK.rules["draws.coverage.food"], BOOK.rules["draws.coverage.elderly_care"]
    named = {f for rule in duties for entry in rule.entries for f in entry.value.forms}
    named |= {f for cap in CAPS.fields.values() for f in cap.forms}
    sources = BOOK.rule("draws.triggered").on(DAY).value.root.values()

    assert named | {source.form for source in sources} <= set(FORMS)


def test_checks_deployed_from_above_requested_or_for_a_licence_use_up_no_cap():
    sources = BOOK.rule("draws.triggered").on(DAY).value.root
    counting = {f for cap in CAPS.fields.values() for f in cap.forms}

    exempt = {"complaint", "transfer", "assigned", "requested", "licensing", "media"}
    assert {name for name in exempt if sources[name].form in counting} == set()


def test_a_leap_days_full_inspection_is_two_years_old_on_28_february(tmp_path):
    """Order 49 art 22(1): "每两年…至少进行一次"; 2024-02-29 + 24 months = 2026-02-28."""
    rows = [
        inspected(0, CODES[0], occurred_on=date(2024, 2, 29), known_on=date(2024, 3, 4)),
        inspected(1, CODES[1], occurred_on=date(2024, 3, 1), known_on=date(2024, 3, 4)),
    ]
    folder = warehouse_of(tmp_path, rows)
    plan = plan_of("food").model_copy(
        update={"period": Period(first=date(2026, 1, 1), last=date(2026, 2, 28))}
    )
    scope = pd.DataFrame({"code": CODES[:2], "fields": ";x_food;"})

    marked = with_duty(scope, plan, folder, BOOK, date(2026, 1, 5))

    assert list(marked["duty"]) == [True, False]


#: Order 49 art 42: "原则上三个月内不再重复检查已检查的项目": a term of months ends on the day of
#: the same number, and on that day it still runs (民法典第201、202条)
HIGHER = [
    (date(2026, 3, 10), date(2026, 6, 9), True),
    (date(2026, 3, 10), date(2026, 6, 10), True),
    (date(2026, 3, 10), date(2026, 6, 11), False),
    (date(2026, 2, 28), date(2026, 5, 28), True),
    (date(2026, 2, 28), date(2026, 5, 29), False),
    (date(2025, 11, 30), date(2026, 2, 28), True),
    (date(2025, 11, 30), date(2026, 3, 1), False),
]


@pytest.mark.parametrize(("occurred_on", "day", "barred"), HIGHER)
def test_what_a_higher_bureau_inspected_is_not_repeated_for_three_months(
    tmp_path, occurred_on, day, barred
):
    item = BOOK.serving("draws.items", Items, as_of=day).root["food_operation"].zh
    row = inspected(
        0,
        CODES[0],
        occurred_on=occurred_on,
        known_on=occurred_on,
        agency=CITY,
        level="city",
        item=item,
    )
    folder = warehouse_of(tmp_path, [row])

    assert (CODES[0] in _inspected_by_higher(plan_of("food"), folder, BOOK, LAW, day)) == barred
