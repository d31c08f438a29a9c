"""The least and the greatest number of a rule's value pass; the next beyond either is refused."""

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
