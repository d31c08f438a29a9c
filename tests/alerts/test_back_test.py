"""A back-test by hand: which nights tell what, how often that was right, and how early."""

import math

import numpy as np
import pytest

from tests.alerts.districts import TODAY_NUMBER, ago, district, enterprises, event
from tests.alerts.test_triggers import penalty, shipped
from xhcredit.alerts.back_test import (
    Outcomes,
    Proof,
    Replay,
    members,
    proof_json,
    proposed_threshold,
)
from xhcredit.alerts.hits import Hit
from xhcredit.engine.codes import NEVER
from xhcredit.rules.schemas.alerts import Discovery, Events, Proving

PENALTIES = Events(table="penalty")
#: two months are 60 days: nights 60, 50, … 0 days ago
RULE = Proving(
    months=2, step_days=10, horizon_days=20, valid_days=30, confidence=0.95, outcomes=(PENALTIES,)
)


def replay(world, rule=RULE, **options):
    return Replay(world, rule, Discovery(rate=0.1), TODAY_NUMBER, **options)


def listing(who, days_ago):
    return event(who, days_ago, list_kind="tax")


def alerts_of(world, trigger, **options):
    """Days ago and position of each alert."""
    detections = replay(world, **options).alerts(trigger)
    return [(TODAY_NUMBER - day, detection.hit.position) for day, detection in detections]


@pytest.fixture
def world(tmp_path):
    register = enterprises()
    register[19]["deregistered_on"] = ago(100)
    listings = [listing(*n) for n in ((1, 45), (2, 70), (3, 15), (4, 55), (5, 35), (6, 25))]
    fined = [
        penalty(1, 25),
        penalty(4, 50),
        penalty(4, 30),
        penalty(5, 9),
        penalty(6, 0),
        penalty(5, 15, known=16),  # nobody knew of it by now
    ]
    return district(tmp_path, {"serious_listing": listings, "penalty": fined}, register)


def test_nights_go_back_so_many_months_by_steps():
    assert replay(None).days() == [TODAY_NUMBER - n for n in (60, 50, 40, 30, 20, 10, 0)]


def test_a_back_test_counts_alerts_hits_base_and_lead_by_hand(world):
    trigger = shipped("serious_listed", quiet_days=0)
    outcomes = Outcomes.of(world, RULE.outcomes, TODAY_NUMBER)
    proof = replay(world).prove(trigger, outcomes)

    # each listing is told on the first night that knows it; what stood on the first night, never
    assert alerts_of(world, trigger) == [(50, 4), (40, 1), (30, 5), (20, 6), (10, 3)]
    # the last alert's horizon goes beyond what is known; enterprise 5 was fined a day too late;
    # a fine on the night itself comes not after it, one on the last day of the horizon counts
    low, high = wilson(3, 4)
    assert proof == Proof(
        "serious_listed",
        trigger.digest,
        weeks=8,
        alerts=5,
        per_week=0.62,
        judged_alerts=4,
        right=0.75,
        lowest=pytest.approx(low),
        highest=pytest.approx(high),
        base=pytest.approx((1 + 2 + 1 + 2) / 19 / 4),
        lead_days=20.0,
    )
    assert world.tier_changes == {}


def wilson(right, of, z=1.959963984540054):
    """Wilson 1927, equation by equation."""
    share = right / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return middle - half, middle + half


def test_without_alerts_nothing_is_said_of_their_precision(tmp_path):
    world = district(tmp_path, {"penalty": [penalty(1, 25)]})
    trigger = shipped("serious_listed")

    assert replay(world).prove(trigger, Outcomes.of(world, RULE.outcomes, TODAY_NUMBER)) == Proof(
        "serious_listed", trigger.digest, 8, 0, 0.0, 0, None, None, None, None, None
    )


def test_a_short_trial_lasts_a_week_at_least(world):
    short = RULE.model_copy(update={"months": 1, "step_days": 30})
    night = RULE.model_copy(update={"months": 1, "step_days": 31})
    trigger, outcomes = shipped("serious_listed"), Outcomes.of(world, RULE.outcomes, TODAY_NUMBER)

    assert replay(world, short).prove(trigger, outcomes).weeks == 4
    assert replay(world, night).prove(trigger, outcomes).weeks == 1


@pytest.mark.parametrize(
    ("quiet_days", "alert_days"), [(0, [30, 10]), (20, [30, 10]), (21, [30, 0]), (31, [30])]
)
def test_a_trigger_is_silent_about_a_subject_for_its_quiet_days(tmp_path, quiet_days, alert_days):
    world = district(tmp_path, {"serious_listing": [listing(1, 35), listing(1, 12)]})

    assert alerts_of(world, shipped("serious_listed", quiet_days=quiet_days)) == [
        (days, 1) for days in alert_days
    ]


def test_what_got_worse_is_told_in_the_quiet_days_and_nothing_else(tmp_path):
    days = (55, 54, 35, 15)  # a third one makes it worse, a fourth does not
    world = district(tmp_path, {"penalty": [penalty(1, d) for d in days]})
    trigger = shipped("penalties_often", at_least=2, worse_from=3, days=90, quiet_days=90)

    assert alerts_of(world, trigger) == [(50, 1), (30, 1)]
    assert alerts_of(
        world, shipped("penalties_often", at_least=2, worse_from=3, days=90, quiet_days=0)
    ) == [(50, 1), (30, 1), (10, 1)]


def test_each_night_sees_the_tiers_that_moved_in_it(tmp_path):
    world = district(tmp_path, {})
    moves = {TODAY_NUMBER - 60: {1: ("A", "D")}, TODAY_NUMBER - 30: {2: ("A", "D")}}

    assert alerts_of(world, shipped("tier_fell"), moves=moves) == [(30, 2)]
    assert world.tier_changes == {}


def test_outcomes_are_the_first_after_a_day_and_only_what_was_known(world):
    outcomes = Outcomes.of(world, (PENALTIES, Events(table="serious_listing")), TODAY_NUMBER)

    def first(day, who):
        first_day = outcomes.first_after(TODAY_NUMBER - day, 20)[who]
        return None if first_day == NEVER else TODAY_NUMBER - first_day

    assert [first(100, who) for who in (1, 2, 4, 5, 0)] == [45, 70, 55, 35, None]
    assert [first(day, 4) for day in (56, 55, 50, 31, 30)] == [55, 50, 30, 30, None]
    assert list(outcomes.ent) == sorted(outcomes.ent)
    assert outcomes.until == TODAY_NUMBER
    earlier = Outcomes.of(world, (PENALTIES,), TODAY_NUMBER - 26)
    assert sorted(TODAY_NUMBER - earlier.day) == [30, 50]


def test_a_hit_is_about_its_enterprise_the_members_of_its_node_or_its_area(tmp_path):
    register = enterprises(6, industry=["F", "C"], street=["甲街道", "甲街道", "乙街道"])
    world = district(tmp_path, {}, register)
    area = Hit("area", -1, "f", 1.0, place="甲街道|F")

    assert members(world, Hit("enterprise", 3, "f", 1.0)).tolist() == [3]
    node = Hit("node", 3, "f", 1.0, figures={"enterprises": [2, 5]})
    assert members(world, node).tolist() == [2, 5]
    assert members(world, Hit("node", 3, "f", 1.0)).tolist() == []
    assert members(world, area).tolist() == []  # streets are not at hand
    assert members(world, area).dtype == np.int64
    world.streets = np.array(["甲街道", "甲街道", "乙街道"] * 2)
    assert members(world, area).tolist() == [0, 4]


def test_an_alert_about_several_is_right_by_the_share_of_them(tmp_path):
    """Six share an address since 45 days; two of them are fined within the horizon."""
    rows = [event(n, 45, kind="address", node="n") for n in range(6)]
    fined = [penalty(1, 35), penalty(2, 20), penalty(3, 19)]
    world = district(tmp_path, {"relation": rows, "penalty": fined})
    trigger = shipped("address_cluster", at_least=6, growth=6, quiet_days=60)
    proof = replay(world).prove(trigger, Outcomes.of(world, RULE.outcomes, TODAY_NUMBER))

    assert (proof.alerts, proof.judged_alerts) == (1, 1)
    assert proof.right == pytest.approx(1 / 3)
    assert proof.base == pytest.approx(2 / 20)
    assert proof.lead_days == (5 + 20) / 2
    assert (proof.lowest, proof.highest) == pytest.approx(wilson(0, 1))


@pytest.mark.parametrize(
    ("per_week", "most", "expected"),
    [
        (0.36, 3, 2),  # three in 60 / 7 weeks are 0.35
        (0.34, 3, 3),  # two: 0.233
        (0.2, 3, 4),  # one: 0.117
        (0.1, 3, 5),  # none
        (0.1, 2, None),  # up to twice its own
        (0.2, 2, 4),
    ],
)
def test_the_lowest_threshold_that_keeps_within_the_week_is_proposed(
    tmp_path, per_week, most, expected
):
    fined = [penalty(who, 45 + n) for who in (1, 2, 3) for n in range(who + 1)]
    world = district(tmp_path, {"penalty": fined})
    trigger = shipped("penalties_often", at_least=2, worse_from=None, days=90, quiet_days=60)

    assert proposed_threshold(replay(world), trigger, per_week, most) == expected


def test_high_thresholds_go_up_by_a_seventh(tmp_path):
    fined = [penalty(1, 45 + n / 2) for n in range(15)]
    world = district(tmp_path, {"penalty": fined})
    trigger = shipped("penalties_often", at_least=14, worse_from=None, days=90, quiet_days=60)

    assert proposed_threshold(replay(world), trigger, 0.1, 2) == 16
    assert proposed_threshold(replay(world), shipped("serious_listed"), 0.0, 2) is None


def test_a_proof_is_written_with_four_digits():
    written_proof = proof_json(Proof("t", "d", 8, 5, 0.62, 4, 0.123456, 2 / 3, None, 0.0, 20.0))

    assert written_proof == {
        "trigger": "t",
        "numbers": "d",
        "weeks": 8,
        "alerts": 5,
        "per_week": 0.62,
        "judged_alerts": 4,
        "right": 0.1235,
        "lowest": 0.6667,
        "highest": None,
        "base": 0.0,
        "lead_days": 20.0,
        "proposed_at_least": None,
    }
