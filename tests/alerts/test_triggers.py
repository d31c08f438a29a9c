"""Every kind of trigger: what it finds, what it does not, and nothing from the future."""

import numpy as np
import pytest

from tests.alerts.districts import TODAY, TODAY_NUMBER, ago, district, enterprises, event
from xhcredit.alerts.detect import PREFIX, ActiveTrigger, active_triggers, detect, digest_of
from xhcredit.alerts.visible_events import World
from xhcredit.errors import BadRule
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import TRIGGER, Discovery

BOOK = Rulebook.load()
RATE = Discovery(rate=0.1)


def shipped(name, **changed):
    """A shipped trigger, with other numbers if given."""
    rule = BOOK.rule(PREFIX + name)
    numbers = rule.on(TODAY).value.model_copy(update=changed)
    return ActiveTrigger(name, rule.name_zh, rule.name_en, numbers, digest_of(numbers))


def hits(world, name, day=TODAY_NUMBER, **changed):
    return detect(world, [shipped(name, **changed)], RATE, day)


def who(detections):
    return [f.hit.position for f in detections]


def penalty(position, days_ago, **columns):
    return event(
        position,
        days_ago,
        doc_no=f"{position}/{days_ago}/{len(columns)}",
        procedure="ordinary",
        penalty_kinds="fine",
        **columns,
    )


def test_a_count_is_reached_within_its_window_and_slight_ones_do_not_count(tmp_path):
    rows = [
        penalty(1, 10),
        penalty(1, 80),
        penalty(2, 10),
        penalty(2, 100),
        penalty(3, 5),
        penalty(3, 6, severity="minor"),
        *[penalty(4, d) for d in (1, 2, 3)],
    ]
    detections = hits(district(tmp_path, {"penalty": rows}), "penalties_often")

    assert [(f.hit.position, f.hit.figures["events"], f.colour) for f in detections] == [
        (1, 2, "yellow"),
        (4, 3, "orange"),
    ]
    assert detections[0].hit.fact == f"{ago(10)}x2"


def test_what_becomes_known_later_or_was_withdrawn_does_not_count(tmp_path):
    gone = penalty(2, 10) | {"withdrawn_on": ago(5), "withdrawn_why": "revoked"}
    rows = [penalty(1, 10), penalty(1, 20, known=30), penalty(2, 20), gone]
    world = district(tmp_path, {"penalty": rows})

    assert who(hits(world, "penalties_often")) == []
    assert who(hits(world, "penalties_often", TODAY_NUMBER - 6)) == [2]
    assert who(hits(world, "penalties_often", TODAY_NUMBER + 20)) == [1]


def test_an_event_alerts_by_the_day_on_which_it_became_known(tmp_path):
    rows = [
        event(1, 200, known=190, list_kind="tax"),
        event(2, 200, known=3, list_kind="tax"),
    ]
    detections = hits(district(tmp_path, {"serious_listing": rows}), "serious_listed")

    assert [(f.hit.position, f.colour, f.hit.fact) for f in detections] == [
        (1, "red", f"{ago(200)}x1")
    ]


def test_a_deadline_has_stages_and_ends_with_the_permit(tmp_path):
    def permit(position, days_left, **columns):
        return event(
            position,
            700,
            permit_no=f"p{position}",
            kind="food",
            expires_on=ago(-days_left),
            **columns,
        )

    rows = [
        permit(1, 89),
        permit(2, 91),
        permit(3, 30),
        permit(4, -1),
        permit(5, -40),
        permit(6, 10, ended=1),
        permit(7, 0),
    ]
    detections = hits(district(tmp_path, {"permit": rows}), "permit_expires")

    assert {f.hit.position: f.hit.fact.partition(":")[0].partition("/")[2] for f in detections} == {
        1: "90",
        3: "30",
        4: "0",
        7: "30",
    }


def test_what_stays_open_alerts_and_what_was_ended_in_time_does_not(tmp_path):
    def finding(position, days_ago, **columns):
        return event(position, days_ago, finding_no=f"f{position}", severity="major", **columns)

    rows = [finding(1, 31), finding(2, 29), finding(3, 31, ended=2), finding(4, 500)]
    world = district(tmp_path, {"construction_finding": rows})

    assert who(hits(world, "construction_open")) == [1]
    assert who(hits(world, "construction_open", TODAY_NUMBER + 2)) == [1, 2]


def test_a_grade_that_worsens_alerts_and_one_that_improves_does_not(tmp_path):
    def grade(position, days_ago, letter):
        return event(position, days_ago, category="catering", risk_grade=letter)

    rows = [
        grade(1, 400, "A"),
        grade(1, 5, "C"),
        grade(2, 400, "C"),
        grade(2, 5, "B"),
        grade(3, 5, "D"),
        grade(4, 400, "A"),
        grade(4, 100, "B"),
    ]
    detections = hits(district(tmp_path, {"food_business": rows}), "food_grade_worse")

    assert [(f.hit.position, f.hit.figures["steps"]) for f in detections] == [(1, 2)]


def test_ratios_of_the_last_report_and_their_fall(tmp_path):
    def report(position, days_ago, residents, yuan=0):
        return event(
            position, days_ago, beds=100, residents=residents, staff=20, prepaid_balance_yuan=yuan
        )

    rows = [
        report(1, 190, 90),
        report(1, 100, 60),
        report(2, 190, 90),
        report(2, 100, 80),
        report(3, 100, 10, 7_000_000),
        report(4, 300, 90),
        report(4, 200, 10),
    ]
    world = district(tmp_path, {"elderly_institution": rows})

    fell = hits(world, "elderly_occupancy_drop")
    assert [(f.hit.position, f.hit.figures["ratio"], f.hit.figures["before"]) for f in fell] == [
        (1, 0.6, 0.9)
    ]
    assert [
        (f.hit.position, f.hit.figures["ratio"]) for f in hits(world, "elderly_prepaid_high")
    ] == [(3, 70000.0)]
    assert who(hits(world, "elderly_staff_short")) == []


def test_a_drill_is_missed_only_by_who_runs_an_institution(tmp_path):
    reports = [event(n, 60, beds=10) for n in (1, 2)] + [event(3, 60, beds=10, closed=True)]
    drills = [event(1, 100, check_no="d1", kind="drill", passed=True)]
    tables = {"elderly_institution": reports, "elderly_check": drills}

    assert who(hits(district(tmp_path, tables), "elderly_drill_missed")) == [2]


def test_the_annual_report_is_asked_for_in_june_only(tmp_path):
    rows = [event(0, 60, year=2025, outcome="on_time")]
    world = district(tmp_path, {"annual_report": rows}, enterprises(3))

    assert who(hits(world, "annual_report_due")) == [1, 2]
    assert who(hits(world, "annual_report_due", TODAY_NUMBER + 1)) == []
    assert who(hits(world, "annual_report_due", TODAY_NUMBER - 31)) == []


def relation(position, kind, node, days_ago=300, **columns):
    return event(position, days_ago, kind=kind, node=node, **columns)


def test_clusters_and_relations_know_hubs_and_white_lists(tmp_path):
    rows = [relation(n, "address", "old") for n in range(6)]
    rows += [relation(n, "address", "new", 5) for n in range(6, 9)]
    rows += [relation(n, "controller", "boss") for n in (1, 2, 3)]
    listed = [event(1, 5, list_kind="tax")]
    world = district(tmp_path, {"relation": rows, "serious_listing": listed})
    small = {"at_least": 6, "growth": 3}

    detections = hits(world, "address_cluster", **small)
    assert sorted((f.hit.figures["members"], f.hit.figures["new"]) for f in detections) == [
        (3, 3),
        (6, 0),
    ]
    white = World(world.event_columns, white_nodes=frozenset({detections[0].hit.position}))
    assert len(hits(white, "address_cluster", **small)) == 1
    assert who(hits(world, "related_to_serious")) == [2, 3]
    assert who(hits(world, "related_to_serious", hub_above=2)) == []
    spared = World(world.event_columns, white_rows=frozenset({2}))
    assert who(hits(spared, "related_to_serious")) == [3]


def complaint(position, days_ago, number, **columns):
    return event(
        position,
        days_ago,
        complaint_no=f"c{position}-{number}",
        ended=max(days_ago - 5, 0),
        outcome="verified",
        topic="quality",
        **columns,
    )


def test_a_surge_of_one_is_told_and_a_surge_of_nobody_is_not(tmp_path):
    steady = [complaint(n, 20 + 30 * k, k) for n in range(20) for k in range(12)]
    surge = [complaint(7, 10 + k, 100 + k) for k in range(30)]
    claimant = [complaint(8, 10 + k, 200 + k, serial_claimant=True) for k in range(30)]
    register = enterprises(20, industry="F", street="甲街道")
    calm = district(tmp_path / "calm", {"complaint": steady}, register)
    world = district(tmp_path / "surge", {"complaint": [*steady, *surge, *claimant]}, register)

    assert hits(calm, "complaints_surge") == []
    detections = hits(world, "complaints_surge")
    assert who(detections) == [7]
    assert detections[0].hit.p < 1e-4
    world.streets = np.array(["甲街道"] * 20)
    area = hits(world, "area_complaints")
    assert [(f.hit.subject, f.hit.place) for f in area] == [("area", "甲街道|F")]


def test_a_tier_that_falls_is_told_by_the_night_only(tmp_path):
    world = district(tmp_path, {})
    assert hits(world, "tier_fell") == []

    world.tier_changes = {3: ("A", "C"), 4: ("A", "B")}
    assert who(hits(world, "tier_fell")) == who(hits(world, "tier_fell_far")) == [3]


def test_who_left_the_register_does_not_alert(tmp_path):
    register = enterprises()
    register[1]["deregistered_on"] = ago(3)
    world = district(tmp_path, {"serious_listing": [event(1, 5, list_kind="tax")]}, register)

    assert who(hits(world, "serious_listed")) == []
    assert who(hits(world, "serious_listed", TODAY_NUMBER - 4)) == [1]


def test_a_trigger_that_names_what_is_not_there_is_refused_in_words(tmp_path):
    world = district(tmp_path, {})
    shared = {"family": "food", "colour": "red", "quiet_days": 0, "days": 1}
    for events, words in (
        ({"table": "nosuch"}, 'reads "nosuch", which is no table of events'),
        ({"table": "penalty", "where": {"conduct": ("x",)}}, 'reads "penalty.conduct"'),
        ({"table": "penalty", "where": {"severity": ("dire",)}}, '"dire" is no value'),
    ):
        numbers = TRIGGER.validate_python({"kind": "event", "events": events, **shared})
        with pytest.raises(BadRule, match=words):
            detect(world, [ActiveTrigger("x", "", "", numbers, "")], RATE, TODAY_NUMBER)


def test_every_shipped_trigger_runs_on_an_empty_district(tmp_path):
    triggers = active_triggers(BOOK, TODAY)

    assert len(triggers) > 30
    reminder = {f.trigger.id for f in detect(district(tmp_path, {}), triggers, RATE, TODAY_NUMBER)}
    assert reminder == {"annual_report_due"}
