"""Draws laid over one another, by hand: visits, items, teams, odds, and who checks the record."""

import copy
import json
from datetime import date
from fractions import Fraction

import pytest

from tests.draws.worlds import code, drawn, salt, stratified_frame
from xhcredit.draws.commitment import DEMO, canonical, digest_of
from xhcredit.draws.frame import FrameRow, decoded, frame_of
from xhcredit.draws.joint import (
    Member,
    Reach,
    odds_of,
    overlay_draws,
    probabilities,
    reach,
    reach_of,
)
from xhcredit.draws.joint_verify import verify_joint_record
from xhcredit.errors import BadInput, BadPlan, RecordRefuted

PERIOD = (date(2026, 7, 6), date(2026, 7, 31))
HALF, THIRD, FIFTH = Fraction(1, 2), Fraction(1, 3), Fraction(1, 5)


def member(draw, bureau, items, selected, odds=None, *, round_id=None, plan=None, **other):
    """A member whose record has only what is read of it; ``selected`` are teams by code."""
    record = {
        "draw_id": draw,
        "round_id": round_id or draw,
        "plan": {"id": plan or f"p-{draw}", "digest": f"plan of {draw}"},
        "commitment": {"frame_root": f"root of {draw}"},
        "selected": [{"code": c, "inspectors": team} for c, team in selected.items()],
        **other,
    }
    return Member(record, f"digest of {draw}", bureau, items, odds)


MARKET = member(
    "d1", "市监局", ("disclosure", "address"), {"91B": ["I2", "I1"], "91A": ["I3", "I1"]},
    {"91A": HALF, "91B": HALF, "91C": HALF},
)  # fmt: skip
CIVIL = member(
    "d2", "民政局", ("fees", "disclosure"), {"91B": ["I9", "I8"]}, {"91B": THIRD, "91D": THIRD}
)


def test_a_joint_record_names_each_door_once_with_its_draws_items_and_teams():
    joint_record = overlay_draws("j1", PERIOD, [CIVIL, MARKET])
    exact = {"at_least": "0.500000000000", "at_most": "0.500000000000"}
    # 1 - (1 - 1/2)(1 - 1/3)
    both = {"at_least": "0.666666666667", "at_most": "0.666666666667"}

    assert joint_record == {
        "protocol": "xhcredit-joint/1",
        "joint_id": "j1",
        "period": {"first": "2026-07-06", "last": "2026-07-31"},
        "members": [
            {
                "draw_id": "d1", "round_id": "d1", "bureau": "市监局",
                "plan": {"id": "p-d1", "digest": "plan of d1"}, "items": ["address", "disclosure"],
                "record_digest": "digest of d1", "frame_root": "root of d1", "selected": 2,
            },
            {
                "draw_id": "d2", "round_id": "d2", "bureau": "民政局",
                "plan": {"id": "p-d2", "digest": "plan of d2"}, "items": ["disclosure", "fees"],
                "record_digest": "digest of d2", "frame_root": "root of d2", "selected": 1,
            },
        ],
        "inspections": 3,
        "visits": 2,
        "together": 1,
        "saved": 1,
        "selected": [
            {
                "code": "91A", "draws": ["d1"], "items": ["address", "disclosure"],
                "team": {"市监局": ["I1", "I3"]}, "inclusion_probability": exact,
            },
            {
                "code": "91B", "draws": ["d1", "d2"], "items": ["address", "disclosure", "fees"],
                "team": {"市监局": ["I1", "I2"], "民政局": ["I8", "I9"]},
                "inclusion_probability": both,
            },
        ],
    }  # fmt: skip


def test_two_draws_of_one_bureau_send_one_team():
    again = member("d3", "市监局", ("fees",), {"91B": ["I2", "I5"]})
    [visit] = [
        v for v in overlay_draws("j", PERIOD, [MARKET, again])["selected"] if v["code"] == "91B"
    ]

    assert visit["team"] == {"市监局": ["I1", "I2", "I5"]}


def test_without_one_frame_nobody_is_told_a_probability():
    blind = member("d3", "民政局", ("fees",), {"91B": ["I9", "I8"]})
    joint_record = overlay_draws("j", PERIOD, [MARKET, blind])

    assert all("inclusion_probability" not in v for v in joint_record["selected"])


def test_the_mark_of_a_demo_is_carried_over():
    demo = member("d3", "民政局", ("fees",), {"91B": ["I9", "I8"]}, **DEMO)

    assert overlay_draws("j", PERIOD, [demo, member("d4", "市监局", (), {}, **DEMO)]).items() >= (
        DEMO.items()
    )
    assert "demo" not in overlay_draws("j", PERIOD, [MARKET, CIVIL])


def test_who_stands_in_no_frame_is_not_visited_and_lists_of_nobody_are_laid_over_too():
    empty = member("d3", "民政局", ("fees",), {}, {})

    assert overlay_draws("j", PERIOD, [MARKET, empty])["saved"] == 0
    assert reach_of("91Z", [MARKET, empty]) == Reach(Fraction(0), Fraction(0))


@pytest.mark.parametrize("members", [[], [MARKET], [MARKET, MARKET]])
def test_one_draw_is_no_joint_draw(members):
    with pytest.raises(BadPlan, match=r"^a joint draw lays two draws or more over one another; "):
        overlay_draws("j", PERIOD, members)


def test_two_draws_of_one_plan_are_refused_and_the_plan_is_named():
    twin = member("d3", "市监局", (), {}, plan="p-d1")

    with pytest.raises(BadPlan, match=r'^two draws of the plan "p-d1": they depend on one another'):
        overlay_draws("j", PERIOD, [CIVIL, MARKET, twin])


@pytest.mark.parametrize(
    ("rounds", "at_least", "at_most"),
    [
        ([[HALF, FIFTH]], HALF, Fraction(7, 10)),  # one round: between the largest and the sum
        ([[FIFTH, HALF]], HALF, Fraction(7, 10)),
        ([[HALF], [FIFTH]], Fraction(3, 5), Fraction(3, 5)),  # 1 - 1/2 · 4/5
        ([[HALF, HALF, FIFTH]], HALF, Fraction(1)),  # a sum above one is one
        ([[HALF, FIFTH], [THIRD]], Fraction(2, 3), Fraction(4, 5)),  # 1 - 3/10 · 2/3
        ([], Fraction(0), Fraction(0)),
    ],
)
def test_draws_of_one_seed_have_bounds_and_of_several_seeds_an_exact_probability(
    rounds, at_least, at_most
):
    assert reach(rounds) == Reach(at_least, at_most)


def test_rounds_are_told_apart_by_their_id():
    same = member("d3", "民政局", (), {}, {"91A": FIFTH}, round_id="d1")
    other = member("d3", "民政局", (), {}, {"91A": FIFTH})

    assert reach_of("91A", [MARKET, same]) == Reach(HALF, Fraction(7, 10))
    assert reach_of("91A", [MARKET, other]) == Reach(Fraction(3, 5), Fraction(3, 5))


def test_everybody_in_any_frame_is_listed_with_each_probability():
    blind = member("d0", "税务局", (), {})
    rows = list(probabilities([CIVIL, MARKET, blind]))

    assert rows == [
        ("code", "d0", "d1", "d2", "at_least", "at_most"),
        ("91A", "", "0.500000000000", "", "0.500000000000", "0.500000000000"),
        ("91B", "", "0.500000000000", "0.333333333333", "0.666666666667", "0.666666666667"),
        ("91C", "", "0.500000000000", "", "0.500000000000", "0.500000000000"),
        ("91D", "", "", "0.333333333333", "0.333333333333", "0.333333333333"),
    ]


def test_a_half_in_the_last_digit_is_rounded_to_the_even_one():
    unit = Fraction(1, 10**12)

    assert Reach(unit / 2, unit * 3 / 2).as_json() == {
        "at_least": "0.000000000000", "at_most": "0.000000000002",
    }  # fmt: skip


FRAME = stratified_frame({"s01": 3, "s02": 2})


def test_odds_in_a_stratified_frame_are_the_ratios_and_nothing_for_the_paused():
    record, _ = drawn(FRAME, {"s01": "0.25", "s02": "0"})

    assert odds_of(record, decoded(FRAME.encoded())) == {
        row.code: Fraction(1, 4) if row.stratum == "s01" else Fraction(0) for row in FRAME.rows
    }
    with pytest.raises(BadPlan, match=r'^this is not the frame of draw "d-2026-07"; take the froz'):
        odds_of(record, stratified_frame({"s01": 3, "s02": 1}))


def test_odds_of_an_individual_design_are_those_of_each_row():
    frame = frame_of([FrameRow(code(n), "s01", f"0.{n:<012d}", salt(n)) for n in (2, 3, 5)])
    record, _ = drawn(frame, {}, design="individual")

    assert odds_of(record, frame) == {code(n): Fraction(n, 10) for n in (2, 3, 5)}


def plan_of(bureau, *items):
    return canonical({"bureau": bureau, "items": list(items)})


PLANS = {"d1": plan_of("市监局", "disclosure"), "d2": plan_of("民政局", "fees", "disclosure")}


@pytest.fixture(scope="module")
def published():
    """Joint record of two draws, with the members' records, plans and frames as published."""
    records, frames, members = {}, {}, []
    for draw, ratios, size in (("d1", {"s01": "1", "s02": "0"}, 3), ("d2", {"s01": "1"}, 4)):
        frame = stratified_frame({s: size - k for k, s in enumerate(ratios)})
        record, files = drawn(
            frame, ratios, draw_id=draw, round_id=draw, plan_id=f"p-{draw}",
            plan_digest=digest_of(PLANS[draw]),
        )  # fmt: skip
        records[draw], frames[draw] = files["record.json"], files["frame.csv"]
        plan = json.loads(PLANS[draw])
        odds = odds_of(record, frame)
        digest = digest_of(records[draw])
        members.append(Member(record, digest, plan["bureau"], tuple(plan["items"]), odds))
    return json.loads(canonical(overlay_draws("j1", PERIOD, members))), records, frames


def test_what_was_checked_of_a_joint_record_is_told(published):
    joint_record, records, frames = published
    least = [
        ("成员记录 d1", "member record d1"), ("成员记录 d2", "member record d2"),
    ]  # fmt: skip
    visits = [
        ("合并到户、事项与人员", "visits, items and inspectors"),
        ("减少的上门次数", "visits saved"),
    ]  # fmt: skip
    plans = [("成员计划 d1", "plan of d1"), ("成员计划 d2", "plan of d2")]

    def words(*beside):
        checks = verify_joint_record(joint_record, records, *beside)
        assert all(c.holds for c in checks)
        return [(c.zh, c.en) for c in checks]

    assert joint_record["together"] > 0
    assert words() == [*least, *visits]
    assert words(PLANS) == [*least, *plans, *visits]
    assert words({"d2": PLANS["d2"]}, frames) == [
        *least, plans[1], *visits, ("被检查概率", "probabilities of being visited"),
    ]  # fmt: skip
    # one frame alone leaves the probabilities untold, and unchecked
    assert words(None, {"d1": frames["d1"]}) == [*least, *visits]


@pytest.mark.parametrize(
    "name",
    ["protocol", "joint_id", "period", "members", "inspections", "visits", "together", "saved",
     "selected"],
)  # fmt: skip
def test_a_part_that_is_missing_or_changed_is_refuted(published, name):
    joint_record, records, frames = published
    changed = copy.deepcopy(joint_record)
    changed[name] = -1 if isinstance(joint_record[name], int) else changed[name][:-1] if isinstance(
        joint_record[name], list) else "other"  # fmt: skip
    missing = {key: value for key, value in joint_record.items() if key != name}

    for wrong in (changed, missing):
        if name == "joint_id" and name in wrong:
            continue  # any id follows from itself
        with pytest.raises(RecordRefuted, match=f'(^"{name}" does not follow|does not hold: .*"?)'):
            verify_joint_record(wrong, records, PLANS, frames)


def test_what_nobody_can_derive_is_refuted_by_name(published):
    joint_record, records, _ = published

    with pytest.raises(RecordRefuted, match=r'^"saved" does not follow from the members'):
        verify_joint_record({**joint_record, "saved": joint_record["saved"] + 1}, records)
    with pytest.raises(RecordRefuted, match=r'^"more" does not follow'):
        verify_joint_record({**joint_record, "more": 1}, records)
    with pytest.raises(RecordRefuted, match=r"^the joint record does not hold: 'period'; do not "):
        verify_joint_record({k: v for k, v in joint_record.items() if k != "period"}, records)


def test_probabilities_are_computed_again_where_the_frames_are_there(published):
    joint_record, records, frames = published
    forged = copy.deepcopy(joint_record)
    forged["selected"][0]["inclusion_probability"]["at_least"] = "0.100000000000"

    assert verify_joint_record(forged, records)  # nobody can tell without the frames
    with pytest.raises(RecordRefuted, match=r'^"selected" does not follow'):
        verify_joint_record(forged, records, None, frames)


def test_members_files_must_be_those_that_were_laid_over(published):
    joint_record, records, frames = published

    with pytest.raises(
        RecordRefuted, match=r'^the record of draw "d2" is not at hand; put it besi'
    ):
        verify_joint_record(joint_record, {"d1": records["d1"]})
    with pytest.raises(RecordRefuted, match=r'^the record of draw "d1" is not the one that was la'):
        verify_joint_record(joint_record, {**records, "d1": records["d1"] + b" "})
    with pytest.raises(RecordRefuted, match=r'^this is not the plan of draw "d1"'):
        verify_joint_record(joint_record, records, {"d1": PLANS["d2"]})
    with pytest.raises(RecordRefuted, match=r'not hold: this is not the frame of draw "d1"'):
        verify_joint_record(joint_record, records, None, {"d1": frames["d2"]})


def test_a_members_record_is_itself_checked_byte_by_byte(published):
    joint_record, records, _ = published
    forged = json.loads(records["d1"])
    forged["selected"][0]["inspectors"] = forged["selected"][0]["inspectors"][:1]
    loose = json.dumps(forged).encode()

    for member_bytes in (canonical(forged), loose):
        wrong = copy.deepcopy(joint_record)
        wrong["members"][0]["record_digest"] = digest_of(member_bytes)
        with pytest.raises(RecordRefuted, match=r"^(两名以上人员|规范写法) / not so: "):
            verify_joint_record(wrong, {**records, "d1": member_bytes})
    wrong = copy.deepcopy(joint_record)
    wrong["members"][0]["record_digest"] = digest_of(b"[]")
    with pytest.raises(BadInput, match="this is no JSON"):
        verify_joint_record(wrong, {**records, "d1": b"[]"})


def test_the_plan_says_whose_a_draw_is_and_for_which_items(published):
    joint_record, records, _ = published
    forged = copy.deepcopy(joint_record)
    forged["members"][1]["items"] = ["fees"]
    for visit in forged["selected"]:
        visit["items"] = sorted({"disclosure", *visit["items"]} if "d1" in visit["draws"] else
                                {"fees"})  # fmt: skip

    assert verify_joint_record(forged, records)
    with pytest.raises(RecordRefuted, match=r'^"members" does not follow'):
        verify_joint_record(forged, records, PLANS)
