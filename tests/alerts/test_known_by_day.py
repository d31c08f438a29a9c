"""Which events does a trigger see on a day?  Both sides of every day that decides."""

import pytest

from tests.alerts.districts import TODAY_NUMBER, ago, district, event
from xhcredit.rules.schemas.alerts import Events

ALL = Events(table="inspection")
PASSED = Events(table="inspection", where={"recheck_passed": (True,)})
UNLESS_PASSED = Events(table="inspection", unless={"recheck_passed": (True,)})


def inspection(who, days_ago, **columns):
    return event(who, days_ago, inspection_no=f"n{who}", form="random", result="corrected",
                 failed=True, **columns)  # fmt: skip


INSPECTIONS = [
    inspection(1, 10),
    inspection(2, 10, known=4),
    inspection(3, 10, withdrawn_on=ago(6)),
    # passed 8 days ago, which became known 7 days ago
    inspection(4, 10, recheck_passed=True, ended_on=ago(8), ended_known_on=ago(7)),
    inspection(5, 10, recheck_passed=False, ended_on=ago(8), ended_known_on=ago(7)),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return district(tmp_path_factory.mktemp("district"), {"inspection": INSPECTIONS})


def enterprises(world, events, days_ago, **since):
    """Enterprises with an event that counts on a day."""
    return world.pick(events).visible_on(TODAY_NUMBER - days_ago, **since).ent.tolist()


@pytest.mark.parametrize(
    ("events", "days_ago", "expected"),
    [
        (ALL, 11, []),
        (ALL, 10, [1, 3, 4, 5]),
        (ALL, 7, [1, 3, 4, 5]),
        (ALL, 6, [1, 2, 4, 5]),  # the second is known, the third withdrawn, from this day on
        (PASSED, 8, []),
        (PASSED, 7, [4]),
        (UNLESS_PASSED, 8, [1, 3, 4, 5]),
        (UNLESS_PASSED, 7, [1, 3, 5]),
    ],
)
def test_an_event_counts_from_the_day_it_is_known_until_it_is_withdrawn_or_its_outcome_known(
    world, events, days_ago, expected
):
    assert enterprises(world, events, days_ago) == expected


def test_an_event_of_the_very_day_since_which_is_asked_is_not_among_the_new(world):
    assert enterprises(world, ALL, 0, since=TODAY_NUMBER - 10) == []
    assert enterprises(world, ALL, 0, since=TODAY_NUMBER - 11) == [1, 2, 4, 5]


def test_an_event_that_happens_tomorrow_is_not_seen_today_though_it_is_announced(tmp_path):
    announced = {"inspection": [inspection(1, -1, known=-3), inspection(2, 0)]}
    world = district(tmp_path, announced)

    assert enterprises(world, ALL, 0) == [2]
    assert enterprises(world, ALL, -1) == [1, 2]
