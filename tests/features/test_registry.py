"""What must hold of every declared indicator, and what the registry refuses."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from xhcredit.engine.compile import compile_features, with_inputs
from xhcredit.errors import BadDeclaration
from xhcredit.features.describe import describe
from xhcredit.features.registry import (
    GENERAL,
    check_features,
    feature,
    features,
    features_for_score,
    in_dimension,
    score_names,
    scored_features,
)
from xhcredit.rules.check import referenced_features
from xhcredit.rules.field_files import FIELDS, SHIPPED_FIELDS
from xhcredit.rules.rulebook import Rulebook

BOOK = Rulebook.load()
ALL = list(features().values())
PENALTIES = feature("penalties_24m")


def test_there_are_about_sixty_general_and_eight_to_fifteen_of_each_x():
    assert 55 <= len(features_for_score("general")) <= 80
    for score in score_names()[1:]:
        assert 8 <= len(features_for_score(score)) <= 15, score


def test_every_folder_of_a_field_is_a_score():
    folders = [p.name for p in (SHIPPED_FIELDS / FIELDS).iterdir() if p.is_dir()]

    assert sorted(score_names()[1:]) == sorted(f"x_{name}" for name in folders)


def test_every_dimension_has_indicators():
    assert {f.dimension for f in ALL} >= set(GENERAL)
    assert all(scored_features(dimension) for dimension in GENERAL)


def test_the_rulebook_finds_what_it_reads():
    assert [name for name in referenced_features(BOOK) if name not in features()] == []


@pytest.mark.parametrize("f", ALL, ids=lambda f: f.id)
def test_every_indicator_says_all_about_itself(f):
    """Both names, what missing means, and a source that ends with how far we have read it."""
    words = describe(f, BOOK)

    assert re.search(r"[\u4e00-\u9fff]", f.zh)
    assert f.en.isascii()
    assert f.missing
    assert re.search(r" \[(V[123]|M-[HML])\]$", f.source), f.source
    assert all(isinstance(value, str) for value in words.values())
    assert words["how"]


@pytest.mark.parametrize("f", ALL, ids=lambda f: f.id)
def test_names_follow_the_glossary(f):
    assert (f.unit == "yuan") == ("_yuan" in f.id)
    assert f.unit != "share" or "_share" in f.id
    assert f.unit != "days" or "days" in f.id
    if re.search(r"_\d+[md]$", f.id) and f.aggregate not in ("derived", "decayed", "neighbours"):
        stated = f.id.rsplit("_", 1)[1]
        assert f.window in (stated, "") or "after" in f.en, f.id


def test_names_are_unique_in_both_languages():
    assert len({f.zh for f in ALL}) == len(ALL)
    assert len({f.en for f in ALL}) == len(ALL)


def test_a_scored_share_never_divides_by_a_bare_zero():
    """A points table needs a stated missing bin: every derived share says what missing means."""
    for f in ALL:
        if f.aggregate == "derived" and "/" in f.derive:
            assert "missing" in f.missing or "prior" in f.missing or "0 =" in f.missing, f.id


def test_inputs_of_a_score_run_without_the_rest():
    wanted = with_inputs([f.id for f in features_for_score("x_food")], features())

    assert {f.dimension for f in wanted} == {"food"}
    compile_features(wanted, jit=False)


def test_an_unknown_name_is_refused():
    with pytest.raises(BadDeclaration, match='no feature "penalties_7m"; see'):
        feature("penalties_7m")
    with pytest.raises(BadDeclaration, match='no score "x_tax"; there are: general'):
        features_for_score("x_tax")


def test_the_same_id_twice_is_refused():
    with pytest.raises(BadDeclaration, match='"penalties_24m" is declared twice'):
        check_features([PENALTIES, PENALTIES])


def test_a_feature_in_the_wrong_module_is_refused():
    with pytest.raises(BadDeclaration, match=r'stands in "social\.py"; move it'):
        in_dimension("social", [PENALTIES])


def test_reading_what_is_not_there_is_refused():
    share = feature("inspection_failed_share_12m")

    with pytest.raises(BadDeclaration, match='reads "inspections_failed_12m", which is not'):
        check_features([share])


def test_a_circle_is_refused():
    a = replace(feature("inspection_failed_share_12m"), id="a", derive="b + 1")
    b = replace(a, id="b", derive="a + 1")

    with pytest.raises(BadDeclaration, match="in a circle: a -> b -> a"):
        check_features([a, b])


def test_neighbours_of_neighbours_are_refused():
    near = feature("representative_penalties_24m")
    far = replace(near, id="far", of=near.id)

    with pytest.raises(BadDeclaration, match="neighbours go one step only"):
        check_features([PENALTIES, near, far])


def test_an_unknown_unit_is_refused():
    with pytest.raises(BadDeclaration, match='unit "pieces" is not one of count, days'):
        check_features([replace(PENALTIES, unit="pieces")])
