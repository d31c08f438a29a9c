"""When does an answer ask for a lawyer, and in which words?"""

from datetime import date

import pytest

from tests.restoration.records import listing, penalty
from tests.restoration.test_boundaries import with_value
from xhcredit.restoration.assess import assess
from xhcredit.rules.rulebook import Rulebook

BOOK = Rulebook.load()
DAY = date(2026, 8, 10)
NATIONAL, SHANGHAI = (f"restoration.{a}.minimum_publication" for a in ("ndrc", "shanghai"))
MONTHS = {"minor": 0, "ordinary": 3, "serious": 12}


def with_months(rule_id, months, **fields):
    """The rulebook with these months of the shortest publication in one rule."""
    return with_value(BOOK, rule_id, clock="decided_on", months=MONTHS | months, fields=fields)


def reasons(record, rules=BOOK):
    answer = assess(record, applied_on=DAY, rules=rules)
    return [(reason.zh, reason.en) for reason in answer.lawyer]


def differing(local_day, national_day, followed_rule, months):
    """The reason that tells both days, decided on 10 May 2026."""
    local, national = months
    return (
        f"最短公示期按本市条例至{local_day}、按第36号令至{national_day}届满，"
        f"暂按{followed_rule}答复，须由法制确认。",
        f"Shanghai's regulation asks {local} months, Order 36 {national}; a lawyer must confirm",
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"field": "food"}, differing("2027年5月10日", "2026年8月10日", "本市条例", (12, 3))),
        (
            {"penalty_kinds": ["warning"]},
            differing("2026年8月10日", "2026年5月10日", "第36号令", (3, 0)),
        ),
    ],
)
def test_both_days_are_said_where_shanghai_and_the_nation_differ(changes, reason):
    assert reasons(penalty(authority="shanghai", **changes)) == [reason]


def test_where_shanghai_and_the_nation_ask_the_same_months_nobody_need_confirm():
    assert reasons(penalty(authority="shanghai")) == []


@pytest.mark.parametrize("rule_id", [NATIONAL, SHANGHAI])
def test_no_shortest_publication_is_one_of_no_months(rule_id):
    """What one text leaves out and the other puts at nought is no difference."""
    other = SHANGHAI if rule_id == NATIONAL else NATIONAL
    value = {"clock": "decided_on", "months": MONTHS, "fields": {}}
    book = with_value(with_months(rule_id, {"minor": None}), other, **value)
    record = penalty(authority="shanghai", penalty_kinds=["warning"])

    assert reasons(record, book) == []


def test_a_year_of_a_field_in_the_national_text_too_is_no_difference():
    book = with_months(NATIONAL, {}, food=12)

    assert reasons(penalty(authority="shanghai", field="food"), book) == []
    assert len(reasons(penalty(authority="shanghai", field="fire"), book)) == 1


def with_mark(rule_id, mark):
    """The rulebook with every entry of one rule marked so."""
    rule = BOOK.rule(rule_id)
    entries = tuple(entry.model_copy(update={"verification": mark}) for entry in rule.entries)
    return BOOK.replaced(rule.model_copy(update={"entries": entries}))


@pytest.mark.parametrize(
    ("mark", "is_unread"),
    [
        ("V1", False),
        ("V2", False),
        ("V3", False),
        ("M-H", True),
        ("M-M", True),
        ("M-L", True),
        ("proposal", True),
    ],
)
def test_the_abnormal_list_is_confirmed_if_its_text_was_not_read(mark, is_unread):
    book = with_mark("restoration.samr.abnormal_list", mark)
    unread = (
        "规则 restoration.samr.abnormal_list（企业经营异常名录管理暂行办法）尚未与原文核对"
        f"（{mark}），须由法制确认。",
        f"restoration.samr.abnormal_list is marked {mark}: not compared with the original yet",
    )
    record = listing("abnormal_listing", corrected_on="2026-06-01")

    assert reasons(record, book) == ([unread] if is_unread else [])
    assert reasons(penalty(), book) == []
