"""How features move from day to day, read from their declarations."""

import pytest

from xhcredit.engine.spec import Feature
from xhcredit.engine.valid_until import moves
from xhcredit.features.declare import derived_feature
from xhcredit.features.registry import features


def declared(aggregate, **parts):
    words = {"zh": "f", "en": "f", "dimension": "basic", "source": "s", "missing": "m"}
    defaults = {"unit": "days", "direction": "riskier", "table": "abnormal_listing"}
    return Feature(id="f", aggregate=aggregate, **(words | defaults | parts))


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        (declared("days_since"), "elapses"),
        (declared("days_since_first"), "elapses"),
        (declared("attribute", value="as_of - established_on", table="enterprise"), "elapses"),
        (declared("max", value="duration", where="open"), "elapses"),
        (declared("last", value="age"), "elapses"),
        (declared("last", value="age", unit="points"), "climbs"),
        (declared("max", value="duration"), "climbs"),
        (declared("max", value="duration", where="ended"), "stands"),
        (declared("max", value="duration", where="ended or open"), "climbs"),
        (declared("mean", value="age"), "restless"),
        (declared("max", value="age", unit="yuan"), "restless"),
        (declared("max", value="duration - age", where="open"), "stands"),
        (declared("min", value="established_on - as_of", table="enterprise"), "restless"),
        (declared("count", unit="count", window="24m"), "stands"),
        (declared("decayed", value="1", half_life=365, unit="count"), "decays"),
    ],
)
def test_a_value_elapses_only_if_it_counts_the_days_from_one_day_on(feature, expected):
    assert moves([feature]) == {"f": expected}


def test_what_is_derived_from_moving_features_moves_otherwise():
    counted = declared("days_since")
    halved = derived_feature("d", "d", "d", "f / 2", dimension="basic", source="s", missing="m")

    assert moves([counted, halved]) == {"f": "elapses", "d": "derived"}


def test_all_declared_features_that_count_days_from_a_day_elapse():
    declared_features = list(features().values())
    elapsing = {
        name for name, movement in moves(declared_features).items() if movement == "elapses"
    }

    assert {"age_days", "days_since_last_penalty", "abnormal_listing_days_open"} <= elapsing
    assert {f.unit for f in declared_features if f.id in elapsing} == {"days"}
