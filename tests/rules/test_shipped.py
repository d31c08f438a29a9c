"""Does the shipped rulebook load, hang together and tell honestly what it is?"""

from datetime import date

import pytest

from xhcredit.errors import RuleNotInForce
from xhcredit.features.registry import features
from xhcredit.rules.check import MARKS, check, describe, referenced_features
from xhcredit.rules.families import families, shape_of
from xhcredit.rules.field_files import FEATURES_FILE, FIELDS, NAMES_FILE, SHIPPED_FIELDS
from xhcredit.rules.loader import SHIPPED
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.common import Cutoffs, PackState, Scale, Tolerance, Weights

BOOK = Rulebook.load()
TODAY = date(2026, 11, 22)


def test_every_file_is_a_rule_and_its_path_is_its_id():
    fields = SHIPPED_FIELDS / FIELDS
    no_rules = (NAMES_FILE, FEATURES_FILE)
    of_fields = [f for f in fields.rglob("*.yaml") if f.name not in no_rules]
    by_path = [".".join(f.relative_to(SHIPPED).with_suffix("").parts) for f in yaml_below(SHIPPED)]

    assert set(by_path) <= set(BOOK.rules)
    assert len(BOOK.rules) == len(by_path) + len(of_fields)


def yaml_below(folder):
    return folder.rglob("*.yaml")


@pytest.mark.parametrize("rule_id", BOOK.rules)
def test_a_shipped_rule_is_marked_unconfirmed_until_a_lawyer_has_read_it(rule_id):
    rule = BOOK.rule(rule_id)
    shown = describe(rule, TODAY)

    assert shown["status"]["confirmed"] == (rule.status == "reviewed")
    assert shown["verification"]["zh"] == MARKS[rule.on(TODAY).verification][0]


@pytest.mark.parametrize("rule_id", BOOK.rules)
def test_a_proposal_of_ours_never_passes_as_law(rule_id):
    """Our own numbers say so in their source; the text of a law never carries our title."""
    for entry in BOOK.rule(rule_id).entries:
        ours = entry.source.title.startswith("xhcredit 建议值")
        assert not ours or (entry.verification == "proposal" and entry.source.note)
        assert ours or entry.verification != "proposal" or "建议" in str(entry.source.note)


def test_rules_read_only_features_that_are_declared():
    assert set(referenced_features(BOOK)) <= set(features())


def test_every_family_that_is_declared_has_rules():
    used = {p for p in families() if any(shape_of(i) is shape_of(p) for i in BOOK.rules)}

    assert set(families()) == used


@pytest.mark.parametrize("day", [date(2017, 10, 1), date(2023, 12, 31), TODAY])
def test_a_night_finds_all_it_needs_on_any_day_from_the_first(day):
    assert BOOK.value("tiers.cutoffs", Cutoffs, as_of=day).grade(600) == "B"
    assert BOOK.value("scores.x_grades", Cutoffs, as_of=day).grade(449) == "D"
    assert BOOK.value("scores.scale", Scale, as_of=day).anchor_points == 600
    weights = BOOK.value("scores.weights", Weights, as_of=day)
    assert set(BOOK.scopes(as_of=day)) == set(weights.x)
    assert {direct.tier for direct in BOOK.directs(as_of=day)} == {"D"}
    assert all(BOOK.in_service(pack, day) for pack in BOOK.packs())


def test_before_the_first_day_nothing_is_graded():
    with pytest.raises(RuleNotInForce, match="the first day in force is 2017-10-01"):
        BOOK.entry("tiers.cutoffs", as_of=date(2017, 9, 30))


def test_general_d_forbids_grade_a_in_any_x_since_the_national_plan():
    [cap] = BOOK.caps("scores.x_caps", as_of=date(2026, 4, 2))

    assert (cap.feature, cap.at_least, cap.no_better_than) == ("national_grade", 3, "B")
    assert BOOK.caps("scores.x_caps", as_of=date(2026, 4, 1)) == ()


def test_the_tolerance_period_begins_with_the_district_plan():
    before, since = (
        BOOK.value("tolerance.period", Tolerance, as_of=date(year, 6, 1)) for year in (2022, 2023)
    )

    assert (before.days, before.covers.features) == (0, ())
    assert (since.days, since.no_worse_than) == (365, "B")
    assert since.covers.features == ("is_new_form", "is_small_or_micro", "is_individual")


def test_negative_information_lives_five_years():
    assert BOOK.value("query.negative_years", int, as_of=TODAY) == 5


def test_the_shipped_rulebook_needs_nothing_but_a_lawyer_and_next_years_notice():
    assert {finding.kind for finding in check(BOOK, TODAY)} == {"unconfirmed", "notice_missing"}


def test_every_pack_has_its_own_switch_and_nothing_else():
    for pack in BOOK.packs():
        rule = BOOK.rule(f"packs.{pack}")
        assert rule.pack == pack
        assert all(isinstance(entry.value, PackState) for entry in rule.entries)
