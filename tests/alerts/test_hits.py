"""Every kind of trigger to the letter: whom it finds, the fact, its strength, events and figures.

Bounds are tried on the last day on which they hold, and on the first on which they do not.
"""

import numpy as np
import pytest

from tests.alerts.districts import TODAY_NUMBER, ago, district, enterprises, event
from tests.engine.world import CODES
from xhcredit.alerts.detect import KINDS, ActiveTrigger, detect
from xhcredit.alerts.hits import EventRef, Hit
from xhcredit.alerts.spike_triggers import Counts, own_test, peer_test, spikes
from xhcredit.alerts.visible_events import World
from xhcredit.rules.schemas.alerts import TRIGGER, Discovery


def fined(who, days_ago, **columns):
    return event(who, days_ago, doc_no=f"{who}/{days_ago}/{len(columns)}", procedure="ordinary",
                 penalty_kinds="fine", **columns)  # fmt: skip


def grade(who, days_ago, letter):
    return event(who, days_ago, category="catering", risk_grade=letter)


def report(who, days_ago, residents, beds=100):
    return event(who, days_ago, beds=beds, residents=residents, staff=20)


def permit(who, days_left, **columns):
    return event(who, 700, permit_no=f"p{who}", kind="food", expires_on=ago(-days_left), **columns)


def finding(who, days_ago, **columns):
    return event(who, days_ago, finding_no=f"f{who}/{days_ago}", severity="major", **columns)


def relation(who, node, days_ago=300, kind="address"):
    return event(who, days_ago, kind=kind, node=node)


TABLES = {
    "penalty": [
        *(fined(1, n) for n in (90, 40, 40, 10)), fined(1, 40, known=35),
        *(fined(2, n) for n in (89, 30)), fined(3, 5),
    ],
    "food_business": [
        grade(1, 400, "A"), grade(1, 5, "C"), grade(2, 400, "A"), grade(2, 29, "B"),
        grade(3, 400, "A"), grade(3, 30, "D"), grade(4, 5, "D"),
    ],
    "elderly_institution": [
        report(1, 190, 90), report(1, 100, 60), report(2, 199, 81), report(3, 200, 99),
        report(4, 100, 80), report(5, 100, 10, 0), report(6, 300, 0), report(6, 100, 40),
    ],
    "permit": [
        permit(1, 90), permit(2, 91), permit(3, 30), permit(4, 0), permit(5, -1),
        permit(6, -20), permit(7, -21), permit(8, 10, ended=1),
    ],
    "construction_finding": [
        finding(1, 31), finding(1, 45), finding(2, 30), finding(3, 359), finding(4, 360),
        finding(5, 40, ended=1),
    ],
    "elderly_check": [
        event(1, 100, check_no="d1", kind="drill", passed=True),
        event(2, 101, check_no="d2", kind="drill", passed=True),
    ],
    "annual_report": [event(n, 60, year=2025) for n in range(4, 20)] + [event(1, 60, year=2024)],
    "relation": [
        *(relation(n, "old") for n in range(6)), *(relation(n, "new", n - 1) for n in range(6, 9)),
        *(relation(n, "boss", kind="controller") for n in (1, 2, 3)),
        *(relation(n, "hub", kind="controller") for n in (1, 10, 11, 12)),
    ],
    "serious_listing": [event(1, 9, list_kind="tax"), event(4, 10, list_kind="tax")],
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    register = enterprises()
    register[0]["known_on"] = ago(100)
    register[3]["known_on"] = ago(180)  # Thursday 1 January 2026
    register[2]["known_on"] = ago(181)
    return district(tmp_path_factory.mktemp("district"), TABLES, register)


def hits_of(world, on=TODAY_NUMBER, /, *, kind, **numbers):
    numbers = {"kind": kind, "family": "f", "colour": "blue", "quiet_days": 0, **numbers}
    return list(KINDS[kind](world, TRIGGER.validate_python(numbers), on))


def rows(world, table, *places):
    """Events by their place among those of the table, sorted by enterprise and day."""
    assert all(place < len(world.event_columns.tables[table]["occurred"]) for place in places)
    return tuple(EventRef(table, place) for place in places)


def day(days_ago):
    return ago(days_ago).isoformat()


def test_an_event_is_a_hit_per_enterprise_and_day_of_happening(world):
    event_hits = hits_of(world, kind="event", events={"table": "penalty"}, days=41)

    assert event_hits == [
        # three of one day: two known at once, one 35 days later, all within 41 days
        Hit("enterprise", 1, f"{day(40)}x3", 3.0, rows(world, "penalty", 1, 2, 3),
            {"events": 3, "on": day(40)}),
        Hit("enterprise", 1, f"{day(10)}x1", 1.0, rows(world, "penalty", 4),
            {"events": 1, "on": day(10)}),
        Hit("enterprise", 2, f"{day(30)}x1", 1.0, rows(world, "penalty", 6),
            {"events": 1, "on": day(30)}),
        Hit("enterprise", 3, f"{day(5)}x1", 1.0, rows(world, "penalty", 7),
            {"events": 1, "on": day(5)}),
    ]  # fmt: skip
    within = hits_of(world, kind="event", events={"table": "penalty"}, days=40)
    assert [h.fact for h in within if h.position == 1] == [f"{day(40)}x1", f"{day(10)}x1"]


def test_a_count_within_its_days_worse_from_a_number_on(world):
    numbers = {"kind": "count", "events": {"table": "penalty"}, "days": 90, "at_least": 2}

    assert hits_of(world, **numbers, worse_from=4) == [
        Hit("enterprise", 1, f"{day(10)}x4", 2.0, rows(world, "penalty", 1, 2, 3, 4),
            {"events": 4, "days": 90}, worse=True),
        Hit("enterprise", 2, f"{day(30)}x2", 1.0, rows(world, "penalty", 5, 6),
            {"events": 2, "days": 90}),
    ]  # fmt: skip
    assert [h.worse for h in hits_of(world, **numbers, worse_from=5)] == [False, False]
    assert [h.worse for h in hits_of(world, **numbers)] == [False, False]
    longer = numbers | {"days": 91, "at_least": 3}
    assert [(h.position, h.figures["events"]) for h in hits_of(world, **longer)] == [(1, 5)]


def test_a_grade_against_the_one_before_it(world):
    numbers = {"kind": "worsens", "events": {"table": "food_business"}, "column": "risk_grade"}

    assert hits_of(world, **numbers, days=30, steps=1) == [
        Hit("enterprise", 1, day(5), 2.0, rows(world, "food_business", 0, 1),
            {"column": "risk_grade", "steps": 2}),
        Hit("enterprise", 2, day(29), 1.0, rows(world, "food_business", 2, 3),
            {"column": "risk_grade", "steps": 1}),
    ]  # fmt: skip
    assert [h.position for h in hits_of(world, **numbers, days=31, steps=2)] == [1, 3]
    assert [h.position for h in hits_of(world, **numbers, days=31, steps=3)] == [3]


OCCUPANCY = {"kind": "ratio", "events": {"table": "elderly_institution"}, "part": "residents",
             "whole": "beds"}  # fmt: skip


def test_a_ratio_above_its_bound_by_how_much(world):
    ratio_hits = hits_of(world, **OCCUPANCY, days=200, above=0.5)
    of = ["residents", "beds"]

    assert [(h.position, h.fact, h.events, h.figures) for h in ratio_hits] == [
        (1, day(100), rows(world, "elderly_institution", 1),
         {"ratio": 0.6, "of": of, "before": 0.9}),
        (2, day(199), rows(world, "elderly_institution", 2), {"ratio": 0.81, "of": of}),
        (4, day(100), rows(world, "elderly_institution", 4), {"ratio": 0.8, "of": of}),
    ]  # fmt: skip
    assert [h.strength for h in ratio_hits] == pytest.approx([0.2, 0.62, 0.6])
    assert [h.position for h in hits_of(world, **OCCUPANCY, days=201, above=0.8)] == [2, 3]


def test_a_ratio_below_its_bound_and_one_that_fell(world):
    below = hits_of(world, **OCCUPANCY, days=200, below=0.6)
    fell = hits_of(world, **OCCUPANCY, days=200, fell_by=0.3)

    assert [(h.position, h.strength) for h in below] == [(6, pytest.approx(1 / 3))]
    assert [(h.position, h.strength) for h in fell] == [(1, pytest.approx(1 / 3))]
    assert hits_of(world, **OCCUPANCY, days=200, fell_by=0.34) == []


def test_each_stage_of_a_deadline_is_a_fact(world):
    numbers = {"kind": "deadline", "events": {"table": "permit"}, "column": "expires_on"}
    deadline_hits = hits_of(world, **numbers, stages=(90, 30, 0), past_days=20)

    def hit(who, place, left, stage):
        return Hit(
            "enterprise",
            who,
            f"{day(-left)}/{stage}:{day(700)}",
            float(-left),
            rows(world, "permit", place),
            {"due_on": day(-left), "days_left": left},
        )

    assert deadline_hits == [
        hit(1, 0, 90, 90), hit(3, 2, 30, 30), hit(4, 3, 0, 30), hit(5, 4, -1, 0),
        hit(6, 5, -20, 0),
    ]  # fmt: skip
    assert [h.position for h in hits_of(world, **numbers, stages=(90,), past_days=20)] == [1, 3, 4]
    assert [h.position for h in hits_of(world, **numbers, stages=(0,), past_days=20)] == [5, 6]
    assert hits_of(world, **numbers, stages=(), past_days=20) == []
    assert [
        (h.position, h.fact[-12:-11]) for h in hits_of(world, **numbers, stages=(1,), past_days=1)
    ] == [(4, "1")]


def test_what_stays_open_beyond_its_days(world):
    open_hits = hits_of(world, kind="open", events={"table": "construction_finding"}, days=30,
                 until_days=360)  # fmt: skip

    assert open_hits == [
        Hit("enterprise", 1, f"{day(31)}x2", 45.0, rows(world, "construction_finding", 0, 1),
            {"open": 2, "days_open": 45}),
        Hit("enterprise", 3, f"{day(359)}x1", 359.0, rows(world, "construction_finding", 3),
            {"open": 1, "days_open": 359}),
    ]  # fmt: skip


def test_of_whom_nothing_was_heard(world):
    numbers = {
        "kind": "lapsed", "events": {"table": "elderly_check", "where": {"kind": ("drill",)}},
        "member": {"table": "elderly_institution"}, "member_days": 200, "days": 100,
    }  # fmt: skip
    silence_hits = hits_of(world, **numbers)

    assert silence_hits[:2] == [
        Hit("enterprise", 2, day(101), 1.0, figures={"last_on": day(101), "days": 100}),
        Hit("enterprise", 4, "never", 1.0, figures={"last_on": None, "days": 100}),
    ]
    assert [h.position for h in silence_hits] == [
        2,
        4,
        5,
        6,
    ]  # 1 on day 100 yet, 3 reported 200 days ago
    assert [h.position for h in hits_of(world, **numbers | {"member_days": 201})] == [2, 3, 4, 5, 6]
    assert next(h.position for h in hits_of(world, TODAY_NUMBER + 1, **numbers)) == 1


def test_who_came_to_the_district_too_late_is_not_asked(tmp_path):
    register = enterprises(3)
    register[1]["known_on"], register[2]["known_on"] = ago(100), ago(101)
    world = district(
        tmp_path, {"elderly_institution": [report(n, 50, 9) for n in (1, 2)]}, register
    )

    assert [h.position for h in hits_of(
        world, kind="lapsed", events={"table": "elderly_check"}, days=100, member_days=200,
        member={"table": "elderly_institution"},
    )] == [2]  # fmt: skip


def test_who_has_not_filed_for_the_year_before(world):
    numbers = {"kind": "not_filed", "events": {"table": "annual_report"}, "year": "year",
               "month": 7, "day": 10, "days_before": 10}  # fmt: skip
    figures = {"year": 2025, "due_on": "2026-07-10", "days_left": 10}

    # 1 filed for another year, 3 is of this year; 30 June is ten days before
    assert hits_of(world, **numbers) == [
        Hit("enterprise", who, "2025", -10.0, figures=figures) for who in (1, 2)
    ]
    last = hits_of(world, TODAY_NUMBER + 10, **numbers)
    assert [(h.position, h.strength, h.figures["days_left"]) for h in last] == [
        (1, 0.0, 0),
        (2, 0.0, 0),
    ]
    assert (
        hits_of(world, TODAY_NUMBER - 1, **numbers)
        == hits_of(world, TODAY_NUMBER + 11, **numbers)
        == []
    )


def nodes_of(world, who):
    """Numbers of the nodes of an enterprise."""
    edges = world.event_columns.relations.edges
    owners = np.repeat(np.arange(len(world.event_columns)), np.diff(edges["offsets"]))
    return {int(n) for n in edges["node"][owners == who]}


def test_a_node_with_many_members_or_many_new_ones(world):
    numbers = {"kind": "cluster", "through": ("address",), "days": 8}
    [old] = nodes_of(world, 0)
    [new] = nodes_of(world, 6)
    large = Hit("node", old, day(300), 1.2, figures={
        "members": 6, "new": 0, "days": 8, "enterprises": [0, 1, 2, 3, 4, 5],
    })  # fmt: skip
    # new since 5, 6 and 7 days
    grown = Hit("node", new, day(5), 1.5, figures={
        "members": 3, "new": 3, "days": 8, "enterprises": [6, 7, 8],
    })  # fmt: skip

    both = hits_of(world, **numbers, at_least=5, growth=2)
    assert sorted(both, key=lambda h: h.figures["new"]) == [large, grown]
    assert [h.position for h in hits_of(world, **numbers, at_least=6, growth=4)] == [old]
    assert [h.position for h in hits_of(world, **numbers, at_least=7, growth=3)] == [new]
    assert hits_of(world, **numbers | {"days": 7}, at_least=7, growth=3) == []
    bosses = hits_of(world, **numbers | {"through": ("controller",)}, at_least=3, growth=9)
    assert sorted(h.figures["enterprises"] for h in bosses) == [[1, 2, 3], [1, 10, 11, 12]]
    white = World(world.event_columns, white_nodes=frozenset({min(old, new)}))
    assert [h.position for h in hits_of(white, **numbers, at_least=3, growth=3)] == [max(old, new)]


def test_who_shares_a_node_with_somebody_grave(world):
    numbers = {"kind": "related", "events": {"table": "serious_listing"}, "days": 10,
               "through": ("controller",)}  # fmt: skip
    [boss] = (nodes_of(world, 2) & nodes_of(world, 3)) - nodes_of(world, 0)
    fact = f"{CODES[1]}:{day(9)}"
    [place] = [n for n, d in enumerate(world.event_columns.tables["serious_listing"]["occurred"])
               if d == TODAY_NUMBER - 9]  # fmt: skip

    def hit(who):
        return Hit("enterprise", who, fact, 1.0, rows(world, "serious_listing", place),
                   {"of": CODES[1], "node": boss})  # fmt: skip

    assert hits_of(world, **numbers, hub_above=3) == [hit(2), hit(3)]
    assert {h.position for h in hits_of(world, **numbers, hub_above=4)} == {2, 3, 10, 11, 12}
    assert hits_of(world, **numbers | {"days": 9}, hub_above=4) == []
    white = World(world.event_columns, white_nodes=frozenset({boss}))
    assert hits_of(white, **numbers, hub_above=3) == []


def complaint(who, days_ago, number):
    return event(who, days_ago, complaint_no=f"c{who}-{number}", outcome="verified",
                 topic="quality")  # fmt: skip


SPIKE = {"kind": "spike", "family": "f", "colour": "blue", "quiet_days": 0, "days": 30,
         "baseline_days": 300, "events": {"table": "complaint"}}  # fmt: skip


def test_a_spike_is_told_with_what_was_expected(tmp_path):
    rows_ = [complaint(7, n, n) for n in (0, 1, 28, 29)] + [complaint(7, 30, 30)]
    rows_ += [complaint(7, 329, 1), complaint(7, 330, 2), complaint(3, 100, 1)]
    world = district(tmp_path, {"complaint": rows_}, enterprises(8, industry="F"))
    trigger = TRIGGER.validate_python(SPIKE | {"at_least": 4, "ratio": 20})
    [hit], tests = spikes(world, trigger, TODAY_NUMBER)

    # within 30 days: 0 to 29 days ago; before: 30 to 329 days ago
    assert tests == 8
    assert hit.figures == {"events": 4, "days": 30, "before": 2, "baseline_days": 300,
                           "expected": 0.2, "p": hit.p}  # fmt: skip
    assert (hit.subject, hit.position, hit.place, hit.fact) == ("enterprise", 7, "", day(0))
    assert hit.strength == pytest.approx(-np.log(hit.p))
    assert [world.event_columns.tables["complaint"]["occurred"][e.row] for e in hit.events] == [
        TODAY_NUMBER - n for n in (29, 28, 1, 0)
    ]
    counts = Counts(*(np.array(column) for column in (
        [0] * 7 + [4], [0, 0, 0, 1, 0, 0, 0, 2], [300] * 8, [world.industries[0]] * 8,
    )))  # fmt: skip
    assert hit.p == pytest.approx(max(own_test(counts, 30)[7], peer_test(counts, 30)[7]))
    for numbers in ({"at_least": 5, "ratio": 1}, {"at_least": 4, "ratio": 20.1}):
        assert spikes(world, TRIGGER.validate_python(SPIKE | numbers), TODAY_NUMBER) == ([], 8)


def test_an_area_is_a_street_with_an_industry_where_somebody_is(tmp_path):
    register = enterprises(6, industry=["F", "C", None])
    register[4]["deregistered_on"] = ago(1)
    rows_ = [complaint(n, 3, n) for n in range(6)]
    world = district(tmp_path, {"complaint": rows_}, register)
    trigger = TRIGGER.validate_python(SPIKE | {"at_least": 1, "ratio": 1, "by": "street_industry"})

    assert spikes(world, trigger, TODAY_NUMBER) == ([], 0)  # streets are not at hand
    world.streets = np.array(["甲", "甲", "甲", "", "乙", "乙"])
    hits, tests = spikes(world, trigger, TODAY_NUMBER)
    assert tests == 2  # 甲|F and 甲|C; no street, no industry, gone
    assert [(h.subject, h.position, h.place, h.figures["events"]) for h in hits] == [
        ("area", -1, "甲|C", 1), ("area", -1, "甲|F", 1),
    ]  # fmt: skip


def test_the_history_of_a_newcomer_is_as_long_as_it_is_known(tmp_path):
    register = enterprises(3)
    register[1]["known_on"], register[2]["known_on"] = ago(40), ago(20)
    rows_ = [complaint(n, 3, n) for n in range(3)]
    world = district(tmp_path, {"complaint": rows_}, register)
    hits, _ = spikes(
        world, TRIGGER.validate_python(SPIKE | {"at_least": 1, "ratio": 1}), TODAY_NUMBER
    )

    # of 300 days at most, ten days before the window, and one day where there was none
    assert {h.position: h.figures["baseline_days"] for h in hits} == {0: 300}
    low = TRIGGER.validate_python(SPIKE | {"at_least": 1, "ratio": 1, "days": 5})
    low_hits = spikes(world, low, TODAY_NUMBER)[0]
    baseline_days = {h.position: h.figures["baseline_days"] for h in low_hits}
    assert baseline_days == {0: 300, 1: 35, 2: 15}


def test_what_tests_found_is_held_to_the_rate_in_each_family_of_its_own(tmp_path):
    rows_ = [complaint(n, 35 + 30 * k, k) for n in range(20) for k in range(9)]
    rows_ += [complaint(7, n, 100 + n) for n in range(30)]
    world = district(tmp_path, {"complaint": rows_}, enterprises(20, industry="F"))
    other = SPIKE | {"family": "g"}
    triggers = [
        ActiveTrigger(
            name, "名", name, TRIGGER.validate_python(numbers | {"at_least": 1, "ratio": 1}), ""
        )
        for name, numbers in (("one", SPIKE), ("two", other))
    ]

    detections = detect(world, triggers, Discovery(rate=0.1), TODAY_NUMBER)
    assert [(f.trigger.id, f.hit.position, f.colour) for f in detections] == [
        ("one", 7, "blue"), ("two", 7, "blue"),
    ]  # fmt: skip
