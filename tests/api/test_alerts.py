"""Alerts of the Python API: new on the later day, on record for every row, and none twice."""

from itertools import pairwise

import pytest

import xhcredit
from xhcredit.errors import BadInput, BadStore

DAYS = ("2026-06-23", "2026-06-30", "2026-07-07")
KEY = ["trigger", "subject", "fact"]


@pytest.fixture(scope="module")
def weeks(district):
    return [xhcredit.alerts_between(district, a, b) for a, b in pairwise(DAYS)]


def keys(alerts):
    return set(alerts[KEY].itertuples(index=False, name=None))


def test_what_was_new_in_one_week_is_not_new_in_the_next(weeks):
    first, second = weeks

    assert keys(first)
    assert keys(second)
    assert keys(first) & keys(second) == set()


def test_every_alert_names_what_it_rests_on_and_nothing_later(weeks):
    for alerts, day in zip(weeks, DAYS[1:], strict=True):
        assert len(keys(alerts)) == len(alerts)
        for alert in alerts.itertuples():
            assert alert.zh
            assert alert.events or alert.figures
            assert all(event["known_on"] <= day for event in alert.events)


def test_a_tier_that_fell_is_the_tier_of_both_days(district, weeks):
    tiers = [xhcredit.score_enterprises(district, day).frame["tier"] for day in DAYS[:2]]
    fallen = weeks[0].query("trigger == 'tier_fell'")["code"]

    assert len(fallen)
    assert all(tiers[0][code] < tiers[1][code] for code in fallen)


def test_days_the_wrong_way_round_are_refused(district):
    for earlier, later in ((DAYS[1], DAYS[0]), (DAYS[0], DAYS[0])):
        with pytest.raises(BadInput, match="is not before later"):
            xhcredit.alerts_between(district, earlier, later)


def test_a_warehouse_that_grew_since_it_was_opened_is_refused(deliveries):
    opened = deliveries.deliver("register.csv")
    deliveries.deliver("honours.csv")

    with pytest.raises(BadStore, match="holds more than when it was opened"):
        xhcredit.alerts_between(opened, *DAYS[:2])
