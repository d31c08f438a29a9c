"""Values of rules: numbers within their bounds, lists with an item, and no contradictions."""

import re
from datetime import date
from typing import get_type_hints

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from xhcredit.rules.schemas import access, alerts, calendar, common, draws, restoration, training

#: kinds of numbers that several keys share: least refused, least, greatest, greatest refused
SHARED = {
    "access.PositiveCount": (access.PositiveCount, 0, 1, 10**6, 10**6 + 1),
    "alerts.Days": (alerts.Days, -1, 0, 3660, 3661),
    "alerts.Window": (alerts.Window, 0, 1, 3660, 3661),
    "alerts.PositiveCount": (alerts.PositiveCount, 0, 1, 10**6, 10**6 + 1),
    "alerts.Part": (alerts.Part, 0, 1e-9, 1 - 1e-9, 1),
    "common.Score": (common.Score, -1, 0, 1000, 1001),
    "common.Share": (common.Share, 0, 1e-9, 1, 1 + 1e-9),
    "common.AtLeast": (common.AtLeast, -1e12 - 1, -1e12, 1e12, 1e12 + 1),
    "common.Count": (common.Count, -1, 0, 10**12, 10**12 + 1),
    "draws.PositiveCount": (draws.PositiveCount, 0, 1, 10**6, 10**6 + 1),
    "restoration.Months": (restoration.Months, -1, 0, 600, 601),
    "restoration.Days": (restoration.Days, -1, 0, 400, 401),
    "restoration.Yuan": (restoration.Yuan, -1, 0, 10**12, 10**12 + 1),
    "training.Months": (training.Months, 0, 1, 60, 61),
    "training.Part": (training.Part, -1e-9, 0, 1, 1 + 1e-9),
}


def key_type(shape: type[BaseModel], key: str):
    return get_type_hints(shape, include_extras=True)[key]


#: keys with bounds of their own
KEYS = {
    f"{shape.__name__}.{key}": (key_type(shape, key), *numbers)
    for shape, key, *numbers in (
        (access.PasswordRules, "length", 7, 8, 64, 65),
        (access.PasswordRules, "kinds", 0, 1, 4, 5),
        (alerts.Spike, "ratio", 1 - 1e-9, 1, 100, 100 + 1e-9),
        (alerts.NotFiled, "month", 0, 1, 12, 13),
        (alerts.NotFiled, "day", 0, 1, 31, 32),
        (calendar.Holiday, "month", 0, 1, 12, 13),
        (calendar.Holiday, "day", 0, 1, 30, 31),
        (calendar.Holiday, "begins", -8, -7, 0, 1),
        (calendar.Holiday, "days", 0, 1, 10, 11),
        (calendar.YearOff, "year", 1999, 2000, 2100, 2101),
        (calendar.YearlyDay, "month", 0, 1, 12, 13),
        (calendar.YearlyDay, "day", 0, 1, 28, 29),
        (common.Scale, "anchor_odds", 0, 1e-9, 1e6, 1e6 + 1),
        (common.Scale, "points_to_double_odds", 0, 1, 1000, 1001),
        (common.Tolerance, "months_from_establishment", -1, 0, 120, 121),
        (draws.PlanTerms, "annual_month", 0, 1, 12, 13),
        (draws.PlanTerms, "annual_day", 0, 1, 31, 32),
        (draws.PlanTerms, "places", 1, 2, 10, 11),
        (training.LeakLimits, "year_rate_ratio_above", 1, 1 + 1e-9, 100, 100 + 1e-9),
        (training.LeakLimits, "year_psi_above", 0, 1e-9, 10, 10 + 1e-9),
        (training.Gates, "slope_from", 0, 1e-9, 1, 1 + 1e-9),
        (training.Gates, "slope_to", 1 - 1e-9, 1, 10, 10 + 1e-9),
        (training.Gates, "rate_ratio_below", 1, 1 + 1e-9, 10, 10 + 1e-9),
        (training.Gates, "month_psi_below", 0, 1e-9, 10, 10 + 1e-9),
        (training.Gates, "group_least", 0, 1, 10_000, 10_001),
        (training.Gates, "visited_share", 0, 1e-9, 1 - 1e-9, 1),
        (training.ShadowTerms, "least_days", 0, 1, 366, 367),
        (training.ShadowTerms, "within_days", 0, 1, 366, 367),
    )
}
BOUNDS = SHARED | KEYS


@pytest.mark.parametrize(
    ("number_type", "below", "least", "most", "above"), BOUNDS.values(), ids=BOUNDS
)
def test_numbers_from_the_least_to_the_greatest_pass_and_beyond_they_are_refused(
    number_type, below, least, most, above
):
    adapter = TypeAdapter(number_type)

    assert [adapter.validate_python(number) for number in (least, most)] == [least, most]
    with pytest.raises(ValidationError, match=r"should be greater than"):
        adapter.validate_python(below)
    with pytest.raises(ValidationError, match=r"should be less than"):
        adapter.validate_python(above)


#: lists of which an empty one would say nothing, each with an item
LISTS = {
    "alerts.AllowedValues": (alerts.AllowedValues, "a"),
    **{
        f"{shape.__name__}.{key}": (key_type(shape, key), item)
        for shape, key, item in (
            (alerts.Related, "through", "address"),
            (alerts.Proving, "outcomes", alerts.Events(table="penalty")),
            (alerts.Picture, "through", "address"),
            (calendar.YearOff, "days_off", (date(2026, 1, 1), date(2026, 1, 3))),
            (draws.CoverageDuty, "forms", "daily"),
            (draws.InspectionCap, "forms", "daily"),
            (draws.Exclusions, "statuses", "cancelled"),
            (draws.Exclusions, "higher_agencies", "市"),
            (draws.TrustTerms, "tiers", "A"),
            (draws.ChainTerms, "reviews", "passed"),
            (draws.RemoteCheckItems, "items", "licence"),
            (training.Outcome, "events", "penalty"),
        )
    },
}


@pytest.mark.parametrize(("list_type", "item"), LISTS.values(), ids=LISTS)
def test_a_list_may_have_a_single_item_and_may_not_be_empty(list_type, item):
    adapter = TypeAdapter(list_type)

    assert adapter.validate_python((item,)) == (item,)
    with pytest.raises(ValidationError, match="should have at least 1 item"):
        adapter.validate_python(())


RATIO_OFF = {
    "kind": "ratio",
    "family": "f",
    "colour": "blue",
    "quiet_days": 1,
    "events": {"table": "t"},
    "part": "p",
    "whole": "w",
    "days": 1,
}
FLOW = {
    "due_working_days": {"blue": 15, "yellow": 10, "orange": 5, "red": 2},
    "two_persons": (),
    "expires_days": 1,
    "snooze_days": 1,
    "snooze_times": 1,
}
CAP = {"most": 2, "most_in_all": 2, "forms": ("daily",), "warn_in_all": 1}
OUTCOME = {"horizon_months": 12, "events": ("e",), "observed": "inspected", "fields": ("food",)}
SCALE = {
    "anchor_points": 1,
    "anchor_odds": 20.0,
    "points_to_double_odds": 50,
    "lowest": 0,
    "highest": 2,
}
MONTHS_OF_WHAT = "months without only or small_fines, or these without; give both"

#: a value of a shape that passes, what is changed in it, and for what it is then refused
CONTRADICTIONS = {
    "a ratio without a bound": (
        alerts.RatioOff,
        {**RATIO_OFF, "above": 1.0},
        {"above": None},
        "0 bounds; give one of above, below, fell_by",
    ),
    "a ratio of two bounds": (
        alerts.RatioOff,
        {**RATIO_OFF, "below": 1.0},
        {"fell_by": 0.5},
        "2 bounds; give one of above, below, fell_by",
    ),
    "a colour without a term": (
        alerts.Flow,
        FLOW,
        {"due_working_days": {"blue": 15, "yellow": 10, "red": 2}},
        'no term for "orange"; name every colour in due_working_days',
    ),
    "a cap above that of all": (
        draws.InspectionCap,
        CAP,
        {"most": 3},
        "most 3 of one department is above most_in_all 2; correct one",
    ),
    "an inspected outcome of no field": (
        training.Outcome,
        OUTCOME,
        {"fields": ()},
        'observed inspected with fields []; name fields if, and only if, observed is "inspected"',
    ),
    "an outcome of everybody with a field": (
        training.Outcome,
        OUTCOME,
        {"observed": "all"},
        "observed all with fields ['food']; name fields if, and only if, observed is \"inspected\"",
    ),
    "penalties that end without months": (
        restoration.SelfEndingPenalties,
        {"only": ("warning",), "months": 3},
        {"months": None},
        MONTHS_OF_WHAT,
    ),
    "small fines that end without months": (
        restoration.SelfEndingPenalties,
        {"small_fines": True, "months": 3},
        {"months": None},
        MONTHS_OF_WHAT,
    ),
    "months of nothing": (restoration.SelfEndingPenalties, {}, {"months": 3}, MONTHS_OF_WHAT),
    "limits of no step": (
        restoration.TimeLimits,
        {"unit": "days", "steps": {"decide": 7}},
        {"steps": {}},
        "no step; name at least one, such as decide",
    ),
    "an anchor on the lowest score": (
        common.Scale,
        SCALE,
        {"lowest": 1},
        "anchor 1 is not inside 1-2; put lowest < anchor_points < highest",
    ),
    "an anchor on the highest score": (
        common.Scale,
        SCALE,
        {"highest": 1},
        "anchor 1 is not inside 0-1; put lowest < anchor_points < highest",
    ),
    "grades with the same score": (
        common.Cutoffs,
        {"A": 600, "B": 500, "C": 400},
        {"C": 500},
        "A 600, B 500, C 500 do not fall; give the safer grade the higher score",
    ),
}


@pytest.mark.parametrize(
    ("shape", "value", "change", "problem"), CONTRADICTIONS.values(), ids=CONTRADICTIONS
)
def test_a_value_that_contradicts_itself_is_refused_and_without_the_change_it_passes(
    shape, value, change, problem
):
    assert isinstance(shape.model_validate(value), shape)
    with pytest.raises(ValidationError, match=f"Value error, {re.escape(problem)} \\["):
        shape.model_validate({**value, **change})
