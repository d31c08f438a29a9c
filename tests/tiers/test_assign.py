"""Tiers: cut-offs, tolerance, caps, direct assignments, in that order."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.common import Cap, Cutoffs, Direct, PackState, Tolerance
from xhcredit.tiers.assign import (
    TIERS,
    Policy,
    assign_tiers,
    capped_grades,
    grade_scores,
    policy_on,
)

WORDS = {"zh": "词", "en": "word"}
POLICY = Policy(
    cutoffs=Cutoffs(A=650, B=550, C=450),
    tolerance=Tolerance.model_validate(
        {
            "months_from_establishment": 12,
            "covers": {"new_form": True, "sizes": (), "kinds": ()},
            "no_worse_than": "B",
            "never": ("penalties_serious_24m",),
        }
    ),
    caps=(
        Cap(
            id="abnormal", feature="abnormal_listings_open", at_least=1, no_better_than="C", **WORDS
        ),
    ),
    directs=(
        Direct(
            id="serious",
            feature="serious_listings_open",
            at_least=1,
            tier="D",
            article="1",
            **WORDS,
        ),
        Direct(id="revoked", feature="is_revoked", at_least=1, tier="C", article="2", **WORDS),
    ),
)
IDS = POLICY.features()


def tier(score, under=POLICY, **values):
    """Tier and decider of one enterprise; features not named are 0, old enough for no tolerance."""
    ids = under.features()
    x = np.array([[float({"age_days": 4000.0, **values}.get(name, 0.0))] for name in ids])
    result = assign_tiers(x, ids, np.array([score]), under)
    return TIERS[result.tier[0]], under.deciders[result.decided_by[0]]


@pytest.mark.parametrize(
    ("score", "expected"),
    [(1000, "A"), (650, "A"), (649.99, "B"), (550, "B"), (450, "C"), (449.9, "D")],
)
def test_a_cut_off_is_the_lowest_score_of_its_tier(score, expected):
    assert tier(score) == (expected, "tiers.cutoffs")


def test_a_cap_lowers_and_never_lifts():
    assert tier(700, abnormal_listings_open=1) == ("C", "tiers.caps.abnormal")
    assert tier(300, abnormal_listings_open=1) == ("D", "tiers.cutoffs")


def test_the_worst_direct_assignment_counts_whatever_the_score():
    assert tier(999, serious_listings_open=2) == ("D", "tiers.direct.serious")
    assert tier(999, is_revoked=1) == ("C", "tiers.direct.revoked")
    assert tier(999, is_revoked=1, serious_listings_open=1) == ("D", "tiers.direct.serious")


def test_tolerance_lifts_the_young_and_new_to_b():
    assert tier(400, age_days=100, is_new_form=1) == ("B", "tolerance.period")
    assert tier(400, age_days=364, is_new_form=1) == ("B", "tolerance.period")
    assert tier(400, age_days=365, is_new_form=1) == ("D", "tiers.cutoffs")
    assert tier(400, age_days=100) == ("D", "tiers.cutoffs")


def test_tolerance_never_covers_the_grave_nor_undoes_caps_and_direct_assignments():
    young = {"age_days": 100, "is_new_form": 1}

    assert tier(400, **young, penalties_serious_24m=1) == ("D", "tiers.cutoffs")
    assert tier(400, **young, abnormal_listings_open=1) == ("C", "tiers.caps.abnormal")
    assert tier(400, **young, serious_listings_open=1) == ("D", "tiers.direct.serious")


def test_tolerance_never_lowers_a_good_tier_nor_claims_what_the_score_reached():
    young = {"age_days": 30, "is_new_form": 1}

    assert tier(900, **young) == ("A", "tiers.cutoffs")
    assert tier(600, **young) == ("B", "tiers.cutoffs")
    assert tier(500, **young) == ("B", "tolerance.period")


@pytest.mark.parametrize(("age", "expected"), [(0, "B"), (-1, "D"), (364.9, "B"), (365, "D")])
def test_tolerance_begins_on_the_day_of_establishment_and_not_before(age, expected):
    assert tier(400, age_days=age, is_new_form=1)[0] == expected


def policy(**changes):
    """The policy of these tests with other parts."""
    parts = {n: getattr(POLICY, n) for n in ("cutoffs", "tolerance", "caps", "directs")}
    return Policy(**parts | changes)


def tolerance(**changes):
    whole = {
        "months_from_establishment": 12,
        "covers": {"new_form": True, "sizes": (), "kinds": ()},
        "no_worse_than": "B",
        "never": (),
    }
    return Tolerance.model_validate(whole | changes)


def test_whoever_is_covered_by_any_of_the_features_is_covered():
    covers = {"new_form": True, "sizes": ("small", "micro"), "kinds": ("individual",)}
    wide = policy(tolerance=tolerance(covers=covers))

    assert wide.tolerance.covers.features
    for feature in wide.tolerance.covers.features:
        assert tier(400, wide, age_days=10, **{feature: 1}) == ("B", "tolerance.period")
        assert tier(400, wide, age_days=10, **{feature: 0.9}) == ("D", "tiers.cutoffs")
        assert tier(400, wide, age_days=10, **{feature: 2}) == ("B", "tolerance.period")


def test_any_grave_fact_ends_the_tolerance():
    grave = policy(tolerance=tolerance(never=("penalties_serious_24m", "is_revoked")), directs=())
    young = {"age_days": 10, "is_new_form": 1}

    assert tier(400, grave, **young) == ("B", "tolerance.period")
    assert tier(400, grave, **young, penalties_serious_24m=0.9) == ("B", "tolerance.period")
    assert tier(400, grave, **young, penalties_serious_24m=2) == ("D", "tiers.cutoffs")
    assert tier(400, grave, **young, is_revoked=1) == ("D", "tiers.cutoffs")


def cap(id_, feature, bound, at_least=1):
    return Cap(id=id_, feature=feature, at_least=at_least, no_better_than=bound, **WORDS)


def direct(id_, feature, to, at_least=1):
    return Direct(id=id_, feature=feature, at_least=at_least, tier=to, article="1", **WORDS)


CAPS = (cap("first", "a", "B"), cap("second", "b", "C", 2), cap("third", "c", "C"))
CAPPED = Policy(cutoffs=POLICY.cutoffs, tolerance=None, caps=CAPS, directs=())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"a": 1}, ("B", "tiers.caps.first")),
        ({"a": 0.9}, ("A", "tiers.cutoffs")),
        ({"b": 2}, ("C", "tiers.caps.second")),
        ({"b": 1.9}, ("A", "tiers.cutoffs")),
        ({"a": 1, "b": 2}, ("C", "tiers.caps.second")),  # the last that lowered it
        ({"b": 2, "c": 1}, ("C", "tiers.caps.second")),  # an equal cap lowers nothing
        ({"a": 1, "c": 1}, ("C", "tiers.caps.third")),
    ],
)
def test_of_several_caps_the_one_that_lowers_the_tier_last_decides(values, expected):
    assert tier(700, CAPPED, **values) == expected


def test_a_cap_that_equals_the_tier_of_the_score_does_not_decide():
    assert tier(600, CAPPED, a=1) == ("B", "tiers.cutoffs")
    assert tier(500, CAPPED, b=2) == ("C", "tiers.cutoffs")


DIRECTS = (
    direct("good", "a", "A"),
    direct("bad", "b", "D", 2),
    direct("as_bad", "c", "D"),
    direct("middling", "d", "C"),
)
DIRECTED = Policy(cutoffs=POLICY.cutoffs, tolerance=None, caps=CAPS[:1], directs=DIRECTS)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"a": 1}, ("A", "tiers.direct.good")),  # whatever the score, the best tier too
        ({"b": 2}, ("D", "tiers.direct.bad")),
        ({"b": 1.9}, ("D", "tiers.cutoffs")),
        ({"c": 1}, ("D", "tiers.direct.as_bad")),
        ({"b": 2, "c": 1}, ("D", "tiers.direct.bad")),  # of two equally bad the first is named
        ({"d": 1, "c": 1}, ("D", "tiers.direct.as_bad")),
        ({"a": 1, "d": 1}, ("C", "tiers.direct.middling")),
    ],
)
def test_of_several_direct_assignments_the_first_of_the_worst_decides(values, expected):
    assert tier(300, DIRECTED, **values) == expected


def test_each_enterprise_of_a_batch_gets_its_own_tier():
    x = np.array([[1.0, 0, 0], [0, 2, 0], [0, 0, 0]])
    result = assign_tiers(x, ["a", "b", "c"], np.array([700.0, 700, 700]), CAPPED)

    assert [TIERS[t] for t in result.tier] == ["B", "C", "A"]
    assert [CAPPED.deciders[k] for k in result.decided_by] == [
        "tiers.caps.first",
        "tiers.caps.second",
        "tiers.cutoffs",
    ]
    assert (result.tier.dtype, result.decided_by.dtype) == (np.int8, np.int16)


def test_nobody_gets_a_tier_from_a_missing_score():
    with pytest.raises(
        ValueError, match=r"^a composite score is missing; nobody may get .* from that$"
    ):
        assign_tiers(np.zeros((3, 2)), ["a", "b", "c"], np.array([700.0, np.nan]), CAPPED)


def test_a_grade_counts_the_cut_offs_above_the_score():
    grades = grade_scores(np.array([650.0, 649.9, 549.9, 449.9, np.nan]), POLICY.cutoffs)

    assert grades.tolist() == [0, 1, 2, 3, 0]
    assert grades.dtype == np.int8


def test_the_features_of_a_policy_are_named_once_each_in_the_order_of_the_rules():
    assert IDS == [
        "abnormal_listings_open",
        "serious_listings_open",
        "is_revoked",
        "age_days",
        "is_new_form",
        "penalties_serious_24m",
    ]
    assert CAPPED.features() == ["a", "b", "c"]
    twice = policy(directs=(direct("again", "abnormal_listings_open", "D"),), tolerance=None)
    assert twice.features() == ["abnormal_listings_open"]


def test_deciders_are_the_rules_by_name_caps_before_direct_assignments():
    assert POLICY.deciders == (
        "tiers.cutoffs",
        "tolerance.period",
        "tiers.caps.abnormal",
        "tiers.direct.serious",
        "tiers.direct.revoked",
    )


def test_an_unknown_value_is_never_at_least():
    assert tier(700, abnormal_listings_open=np.nan, serious_listings_open=np.nan)[0] == "A"
    assert tier(400, age_days=np.nan, is_new_form=1)[0] == "D"


flags = st.fixed_dictionaries(
    {name: st.sampled_from([0.0, 1.0]) for name in IDS if name != "age_days"}
)


@given(
    flags=flags,
    age=st.sampled_from([100.0, 4000.0]),
    low=st.floats(0, 1000),
    gain=st.floats(0, 500),
)
def test_a_higher_score_never_gives_a_worse_tier(flags, age, low, gain):
    def position(score):
        return TIERS.index(tier(score, **flags, age_days=age)[0])

    assert position(low + gain) <= position(low)


def test_general_d_forbids_grade_a_in_any_x():
    caps = [cap("d_forbids_a", "national_grade", "B", 3), cap("other", "b", "C")]
    x = np.array([[3.0, 2.0, np.nan, 3.0, 2.9, 4.0], [0, 0, 0, 0, 1, 1]])
    graded = np.array([0, 0, 0, 2, 0, 3], np.int8)

    assert list(capped_grades(x, ["national_grade", "b"], graded, caps)) == [1, 0, 0, 2, 2, 3]
    assert list(graded) == [0, 0, 0, 2, 0, 3]  # the grades given stay as they are


RULES = Rulebook.load()


def test_the_shipped_rulebook_forbids_a_from_the_day_of_the_national_plan():
    assert RULES.caps("scores.x_caps", as_of=date(2026, 4, 1)) == ()
    assert [c.no_better_than for c in RULES.caps("scores.x_caps", as_of=date(2026, 4, 2))] == ["B"]


def test_the_policy_of_a_day_holds_that_days_rules():
    day = date(2026, 6, 30)
    policy = policy_on(RULES, day)

    assert policy.cutoffs == RULES.value("tiers.cutoffs", Cutoffs, as_of=day)
    assert policy.tolerance == RULES.value("tolerance.period", Tolerance, as_of=day)
    assert policy.caps == RULES.caps("tiers.caps", as_of=day) != ()
    assert policy.directs == RULES.directs(as_of=day) != ()


def with_entries(rule, *entries):
    """The shipped rules with one rule's entries exchanged."""
    changed = RULES.rule(rule).model_copy(update={"entries": entries})
    return RULES.replaced(changed)


def test_before_its_policy_nobody_is_tolerated():
    later = RULES.rule("tolerance.period").entries[-1]
    rules = with_entries("tolerance.period", later)

    day = later.effective_from
    whole = RULES.value("tolerance.period", Tolerance, as_of=day)
    assert policy_on(rules, day).tolerance == whole
    assert policy_on(rules, day - timedelta(days=1)).tolerance is None


def test_out_of_service_nobody_is_tolerated_and_tiers_go_on():
    day = date(2026, 6, 30)
    switch = RULES.rule("packs.tolerance").entries[-1]
    off = switch.model_copy(update={"value": PackState(in_service=False, why="test")})
    policy = policy_on(with_entries("packs.tolerance", off), day)

    assert policy.tolerance is None
    assert (policy.cutoffs, policy.caps) == (
        policy_on(RULES, day).cutoffs,
        policy_on(RULES, day).caps,
    )
