"""Both sides of every bound of the numbers that rules on restoration hold."""

import pytest
from pydantic import ValidationError

from xhcredit.rules.families import shape_of

MONTHS, DAYS, YUAN = 600, 400, 1_000_000_000_000
CLASSES = {"minor": None, "ordinary": 3, "serious": 12}
SEVERITY = {
    "minor_procedures": (),
    "minor_kinds": (),
    "serious_kinds": (),
    "huge_yuan": 1,
    "huge_yuan_by_field": {},
    "listings": {},
}
NUMBERS = {
    **{
        f"months of the shortest publication, {name}": (
            "restoration.ndrc.minimum_publication",
            lambda n, name=name: {
                "clock": "decided_on", "months": CLASSES | {name: n}, "fields": {},
            },
            MONTHS,
        )
        for name in CLASSES
    },
    "months of a field": (
        "restoration.ndrc.minimum_publication",
        lambda n: {"clock": "decided_on", "months": CLASSES, "fields": {"food": n}},
        MONTHS,
    ),
    "months of what ends by itself": (
        "restoration.samr.maximum_publication",
        lambda n: {
            "clock": "decided_on",
            "months": CLASSES,
            "by_itself": {"small_fines": True, "months": n},
            "bans_prolong": True,
        },
        MONTHS,
    ),
    "months of a correction": (
        "restoration.samr.abnormal_list", lambda n: {"minimum_months": n}, MONTHS,
    ),
    "months on a list": (
        "restoration.samr.serious_list", lambda n: {"term_months": n, "minimum_months": 1}, MONTHS,
    ),
    "months to early removal": (
        "restoration.samr.serious_list", lambda n: {"term_months": 1, "minimum_months": n}, MONTHS,
    ),
    "months of a spot check": (
        "restoration.samr.spot_check",
        lambda n: {"minimum_months": n, "with_penalty": True},
        MONTHS,
    ),
    "months of a bar": ("restoration.ndrc.false_materials", lambda n: {"months": n}, MONTHS),
    "days of a step": (
        "restoration.ndrc.time_limits", lambda n: {"unit": "days", "steps": {"decide": n}}, DAYS,
    ),
    "small fines of persons": (
        "restoration.samr.small_fine",
        lambda n: {"person_yuan": n, "organisation_yuan": 1},
        YUAN,
    ),
    "small fines of organisations": (
        "restoration.samr.small_fine",
        lambda n: {"person_yuan": 1, "organisation_yuan": n},
        YUAN,
    ),
    "huge fines": ("restoration.ndrc.severity", lambda n: SEVERITY | {"huge_yuan": n}, YUAN),
    "huge fines of a field": (
        "restoration.ndrc.severity",
        lambda n: SEVERITY | {"huge_yuan_by_field": {"food": n}},
        YUAN,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule_id", "value_with", "largest"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_reaches_from_zero_to_its_bound_and_not_beyond(rule_id, value_with, largest):
    shape = shape_of(rule_id)

    for number in (0, largest):
        assert str(number) in str(shape.validate_python(value_with(number)))
    with pytest.raises(ValidationError, match="should be greater than or equal to 0 "):
        shape.validate_python(value_with(-1))
    with pytest.raises(ValidationError, match=f"should be less than or equal to {largest} "):
        shape.validate_python(value_with(largest + 1))


def test_time_limits_name_a_step():
    with pytest.raises(ValidationError, match="no step; name at least one, such as decide"):
        shape_of("restoration.ndrc.time_limits").validate_python({"unit": "days", "steps": {}})


@pytest.mark.parametrize(
    "by_itself",
    [{"months": 3}, {"only": ("warning",)}, {"small_fines": True}, {"classes": (), "months": 0}],
)
def test_what_ends_by_itself_has_months_with_its_kinds_or_neither(by_itself):
    value = {
        "clock": "decided_on", "months": CLASSES, "by_itself": by_itself, "bans_prolong": True,
    }  # fmt: skip

    with pytest.raises(ValidationError, match="months without only or small_fines, or these"):
        shape_of("restoration.samr.maximum_publication").validate_python(value)
