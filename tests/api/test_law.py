"""Rules, tiers, working days, restoration and codes of the Python API, as the floors below."""

from datetime import date

import pytest

import xhcredit
from tests.walks import ROOT
from xhcredit.errors import BadInput, BadRule, BeyondCalendar, RuleNotInForce
from xhcredit.restoration.as_json import record_json
from xhcredit.restoration.cases import case_from, load_cases
from xhcredit.rules.schemas.common import Cutoffs

CASES = sorted((ROOT / "tests" / "cases" / "restoration").glob("*.yaml"))
DAY = date(2026, 6, 30)


def answer(function, *parameters, **named):
    """What a function answers, or which error it raises, in words."""
    try:
        return function(*parameters, **named)
    except xhcredit.XhcreditError as error:
        return type(error), str(error)


@pytest.mark.parametrize("file", CASES, ids=lambda f: f.stem)
def test_every_case_is_assessed_as_by_the_floor_below(file):
    cases = [answer(case_from, fields) for _, fields in load_cases(file)]
    rules = xhcredit.load_rules()
    readable = [case for case in cases if not isinstance(case, tuple)]

    assert readable
    for case in readable:
        expected = answer(case.answer, rules)
        for record in (case.record, record_json(case.record)):
            assert expected == answer(
                xhcredit.assess_restoration, record, case.applied_on, applicant=case.applicant
            )


def test_rules_of_a_day_are_those_in_force_with_their_source():
    rules = xhcredit.load_rules()
    frame = xhcredit.rules_in_force(DAY)

    assert list(frame.index) == [r.rule.id for r in rules.in_force(DAY)]
    assert (frame["effective_from"] <= DAY.isoformat()).all()
    assert set(frame["verification"]) <= {"V1", "V2", "V3", "M-H", "M-M", "M-L", "proposal"}
    assert len(xhcredit.rules_in_force("2016-01-01")) < len(frame)


def test_a_district_of_its_own_rules_is_loaded_and_a_wrong_folder_refused(tmp_path):
    with pytest.raises(BadRule, match="nothing"):
        xhcredit.load_rules(tmp_path / "nothing")


def test_a_tier_follows_from_both_sides_of_every_cut_off():
    cutoffs = xhcredit.load_rules().value("tiers.cutoffs", Cutoffs, as_of=DAY)
    for tier, below in (("A", "B"), ("B", "C"), ("C", "D")):
        bound = getattr(cutoffs, tier)

        assert xhcredit.tier_of_score(bound, DAY) == tier
        assert xhcredit.tier_of_score(bound - 1e-9, DAY) == below


@pytest.mark.parametrize("missing", [float("nan"), float("inf")])
def test_no_tier_follows_from_no_score(missing):
    with pytest.raises(BadInput, match="is no score"):
        xhcredit.tier_of_score(missing, DAY)
    with pytest.raises(RuleNotInForce, match="was not in force on 1999-12-31"):
        xhcredit.tier_of_score(700, "1999-12-31")


def test_working_days_go_round_the_national_day_and_beyond_notices_are_provisional():
    assert xhcredit.add_working_days("2025-09-28", 0).day == date(2025, 9, 28)
    # notice of 2025: Sunday 28 September and Saturday 11 October are worked, 1 to 8 October are off
    assert xhcredit.add_working_days("2025-09-26", 5).day == date(2025, 10, 10)
    assert xhcredit.add_working_days("2025-09-26", 6).day == date(2025, 10, 11)
    assert not xhcredit.add_working_days("2025-09-26", 6).provisional
    assert xhcredit.add_working_days("2029-09-26", 6).provisional
    with pytest.raises(BeyondCalendar, match="-1 working days"):
        xhcredit.add_working_days("2025-09-28", -1)


def test_a_code_is_put_right_and_judged():
    right = xhcredit.check_code(" ９１310115ma1k3cum7m")

    assert (right.code, right.valid) == ("91310115MA1K3CUM7M", True)
    assert not xhcredit.check_code("91310115MA1K3CUM7X").valid
    assert "should be 'M'" in xhcredit.check_code("91310115MA1K3CUM7X").problem
    assert xhcredit.check_code("").problem == "length 0 instead of 18"
