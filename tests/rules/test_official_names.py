"""Which bureau or street does a text mean, and what if the district has none of that name?"""

import re
from datetime import date

import pytest

from tests.rules.files import district_list
from xhcredit.errors import BadInput, BadRule
from xhcredit.rules.official_names import (
    BUREAUS,
    STREETS,
    bureau_to_revoke,
    official_bureau,
    official_name,
)
from xhcredit.rules.rulebook import Rulebook

BOOK = Rulebook.load()
DAY = date(2026, 12, 1)
XUHUI = "{徐汇区市场监督管理局: [市场监管局, 区市场监管局], 徐汇区民政局: []}"


@pytest.mark.parametrize("rule_id", [BUREAUS, STREETS])
def test_every_spelling_means_its_official_name(rule_id):
    for name, aliases in BOOK.rule(rule_id).on(DAY).value.root.items():
        for spelling in (name, *aliases):
            assert official_name(BOOK, rule_id, f" {spelling}\n", DAY) == name


@pytest.mark.parametrize(
    ("rule_id", "text", "message"),
    [
        (BUREAUS, "市场监管据", "no bureau \"市场监管据\" in the district's list "
         '(district.bureaus); did you mean "市场监管局"?'),
        (BUREAUS, "", 'no bureau ""'),
        (BUREAUS, "海关", "it has: 示例区市场监督管理局、"),
        (STREETS, "梧桐街", 'did you mean "梧桐街道'),
    ],
)  # fmt: skip
def test_an_unknown_name_is_refused_with_the_nearest(rule_id, text, message):
    with pytest.raises(BadInput, match=re.escape(message)):
        official_name(BOOK, rule_id, text, DAY)


def test_a_districts_list_takes_the_place_of_the_shipped_one(tmp_path):
    book = Rulebook.load(district_list(tmp_path, BUREAUS, XUHUI))

    assert official_bureau(book, "市场监管局", DAY) == "徐汇区市场监督管理局"
    with pytest.raises(BadInput, match="there is no bureau"):
        official_bureau(book, "示例区市场监督管理局", DAY)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{甲局: [局], 乙局: [局]}", '"局" stands twice; let it mean one name only'),
        ("{甲局: [乙局], 乙局: []}", '"乙局" stands twice'),
        ("{甲局: [甲局]}", '"甲局" stands twice'),
        ("{甲;局: []}", '"甲;局" holds'),
        ("{甲局: [甲、乙]}", '"甲、乙" holds'),
        ("{甲局: ['']}", "is empty; say what is meant"),
        ("{甲局: [' 甲']}", 'holds ";", "、" or outer blanks'),
    ],
)
def test_a_list_in_which_a_text_could_mean_two_things_is_refused(tmp_path, value, message):
    with pytest.raises(BadRule, match=re.escape(message)):
        Rulebook.load(district_list(tmp_path, BUREAUS, value))


def test_another_list_of_the_district_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(BadRule, match=r'did you mean "district\.bureaus"\?'):
        Rulebook.load(district_list(tmp_path, "district.bureau", XUHUI))


@pytest.mark.parametrize(
    ("text", "bureau"),
    [
        ("已撤销的局", "已撤销的局"),  # granted before there was a list
        ("市场监管局", "示例区市场监督管理局"),
        ("无此局", "无此局"),  # the store then says that there is no such grant
    ],
)
def test_a_grant_is_taken_back_as_it_was_granted_or_by_the_official_name(text, bureau):
    granted = frozenset({"已撤销的局", "示例区市场监督管理局"})

    assert bureau_to_revoke(BOOK, text, DAY, granted) == bureau
