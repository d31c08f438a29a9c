"""Tiers: cut-offs, tolerance, caps, direct assignments, in that order."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.shapes import Cap, Cutoffs, Direct, Tolerance
from xhcredit.tiers.assign import TIERS, Policy, assign, capped_grades, policy_on

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


def tier(score, **values):
    """Tier and decider of one enterprise; features not named are 0, old enough for no tolerance."""
    x = np.array([[float({"age_days": 4000.0, **values}.get(name, 0.0))] for name in IDS])
    result = assign(x, IDS, np.array([score]), POLICY)
    return TIERS[result.tier[0]], POLICY.deciders[result.decided_by[0]]


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
    more=st.floats(0, 500),
)
def test_a_higher_score_never_gives_a_worse_tier(flags, age, low, more):
    def position(score):
        return TIERS.index(tier(score, **flags, age_days=age)[0])

    assert position(low + more) <= position(low)


def test_general_d_forbids_grade_a_in_any_x():
    cap = Cap(id="d_forbids_a", feature="national_grade", at_least=3, no_better_than="B", **WORDS)
    x = np.array([[3.0, 2.0, np.nan, 3.0]])
    grades = np.array([0, 0, 0, 2], np.int8)

    assert list(capped_grades(x, ["national_grade"], grades, [cap])) == [1, 0, 0, 2]


def test_the_shipped_rulebook_forbids_a_from_the_day_of_the_national_plan():
    rules = Rulebook.load()

    assert rules.caps("scores.x_caps", as_of=date(2026, 4, 1)) == ()
    assert [c.no_better_than for c in rules.caps("scores.x_caps", as_of=date(2026, 4, 2))] == ["B"]
    assert policy_on(rules, date(2026, 6, 30)).directs
