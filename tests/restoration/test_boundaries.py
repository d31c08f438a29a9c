"""Both sides of every bound of an answer, with the days counted by hand."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from tests.restoration.records import listing, penalty
from xhcredit.errors import BadInput, RuleNotInForce, WrongApplicant
from xhcredit.restoration.assess import assess
from xhcredit.restoration.bulk import answers
from xhcredit.restoration.law import Law
from xhcredit.restoration.legal_review import SEVERAL as SEVERAL_DIFFER
from xhcredit.rules.families import shape_of
from xhcredit.rules.rulebook import Rulebook

BOOK = Rulebook.load()
DAY = date(2026, 8, 10)
NEXT = timedelta(days=1)


def assessed(record, on=DAY, **facts):
    assessment = assess(record, applied_on=on, rules=BOOK, **facts)
    return assessment.route, assessment.eligible, assessment.earliest_on


OPEN = {
    "penalty_kinds": ["suspension"],
    "duties_done_on": None,
    "pledge": False,
    "decided_on": date(2024, 3, 1),
}


@pytest.mark.parametrize(
    ("authority", "approved", "since"),
    [
        ("ndrc", date(2025, 1, 10), date(2025, 6, 22)),  # no shield before the rule's first day
        ("ndrc", date(2025, 6, 21), date(2025, 6, 22)),
        ("ndrc", date(2025, 6, 23), date(2025, 6, 23)),
        ("ndrc", date(2024, 1, 1), date(2025, 6, 22)),
        ("samr", date(2025, 1, 10), date(2025, 12, 25)),
        ("samr", date(2026, 1, 10), date(2026, 1, 10)),
    ],
)
def test_a_reorganisation_shields_from_its_approval_but_not_before_the_rule(
    authority, approved, since
):
    record = penalty(authority=authority, reorganisation_approved_on=approved, **OPEN)

    assert assessed(record) == ("shielding", True, since)


def test_what_was_decided_after_the_approval_is_shielded_from_its_decision_on():
    record = penalty(
        reorganisation_approved_on=date(2025, 7, 1), **OPEN | {"decided_on": date(2025, 9, 1)}
    )

    assert assessed(record) == ("shielding", True, date(2025, 9, 1))


def test_the_shield_begins_on_the_day_of_approval_and_needs_a_rule_in_force():
    record = penalty(reorganisation_approved_on=DAY, **OPEN)

    assert assessed(record)[:2] == ("shielding", True)
    assert assessed(record, DAY - NEXT)[:2] == ("none", False)
    early = penalty(reorganisation_approved_on=date(2025, 1, 10), **OPEN)
    assert assessed(early, date(2025, 6, 21))[:2] == ("none", False)
    assert assessed(early, date(2025, 6, 22))[:2] == ("shielding", True)


def test_who_gave_false_materials_is_not_shielded_while_barred():
    barred = penalty(
        reorganisation_approved_on=date(2025, 7, 1), false_materials_on=date(2026, 1, 1), **OPEN
    )
    over = penalty(
        reorganisation_approved_on=date(2025, 7, 1),
        false_materials_on=date(2023, 8, 10),
        **OPEN | {"decided_on": date(2023, 8, 1)},
    )

    assert assessed(barred)[:2] == ("none", False)
    assert assessed(over)[:2] == ("shielding", True)  # 36 months were over on 10 August 2026


SEVERAL = [
    penalty(authority="ndrc", also_under=["shanghai"], field="food"),
    penalty(authority="shanghai", also_under=["ndrc"], field="food"),
    penalty(authority="samr", also_under=["ndrc"], field="food"),
    penalty(authority="ndrc", also_under=["samr", "shanghai"], penalty_kinds=["suspension"]),
    penalty(authority="ndrc", also_under=["shanghai"], decided_on=date(2025, 5, 10)),
    penalty(authority="shanghai", also_under=["ndrc"], decided_on=date(2024, 12, 1)),
    # where it is not published, only the national clock has begun
    penalty(authority="ndrc", also_under=["samr"], published_on=None, amount_yuan=60_000),
]


def alone(record, authority):
    """The same record under one authority only."""
    return replace(record, authority=authority, also_under=())


@pytest.mark.parametrize("record", SEVERAL, ids=range(len(SEVERAL)))
@pytest.mark.parametrize("on", [DAY, date(2026, 6, 1), date(2027, 5, 9), date(2027, 5, 11)])
def test_of_several_regimes_the_last_to_allow_and_the_last_to_end_publication_count(record, on):
    parts = [assess(alone(record, a), applied_on=on, rules=BOOK) for a in record.authorities]
    whole = assess(record, applied_on=on, rules=BOOK)
    days = [part.earliest_on for part in parts]
    ends = [part.publication_ends_on for part in parts]

    assert whole.eligible is all(part.eligible for part in parts)
    assert whole.earliest_on == (max(days) if all(days) else None)
    assert whole.publication_ends_on == (max(ends) if all(ends) else None)
    assert {c.rule_id for c in whole.conditions} == {
        c.rule_id for part in parts for c in part.conditions
    }
    assert len(whole.deadlines) == sum(len(part.deadlines) for part in parts)
    assert {reason for part in parts for reason in part.lawyer} <= set(whole.lawyer)
    assert (SEVERAL_DIFFER in whole.lawyer) is (
        len({(p.eligible, p.earliest_on) for p in parts}) > 1
    )


@pytest.mark.parametrize(
    ("changes", "on", "words"),
    [
        ({}, DAY, "may not apply on 2026-08-10; from 2027-05-10 on, all else being equal"),
        ({}, date(2027, 5, 10), "may apply on 2027-05-10"),
        ({"decision_revoked_on": DAY}, DAY,
         "the decision fell: the authority takes the record down, no application is needed"),
    ],
)  # fmt: skip
def test_the_summary_of_several_regimes_is_that_of_their_joint_answer(changes, on, words):
    """The national rules ask for three months of publication, Shanghai's for a year."""
    record = penalty(authority="ndrc", also_under=["shanghai"], field="food", **changes)

    assert assess(record, applied_on=on, rules=BOOK).summary.en == words


@pytest.mark.parametrize("authorities", [("ndrc", "samr"), ("samr", "ndrc")])
def test_the_way_of_several_regimes_is_that_of_one_that_bars_it(authorities):
    """A repeated offence bars market supervision's restoration, and not the national one."""
    first, *others = authorities
    record = penalty(authority=first, also_under=others, amount_yuan=60_000,
                     same_kind_again_on=date(2026, 6, 1))  # fmt: skip
    parts = {a: assess(alone(record, a), applied_on=DAY, rules=BOOK) for a in authorities}
    whole = assess(record, applied_on=DAY, rules=BOOK)

    assert (parts["ndrc"].route, parts["samr"].route) == ("restoration", "none")
    assert (whole.route, whole.eligible) == ("none", False)
    assert whole.summary.en == "may not apply on 2026-08-10"


def test_regimes_of_these_records_do_differ_in_their_last_days():
    """Otherwise the test above could not tell the first from the last."""
    differ = [
        len(
            {
                assess(alone(r, a), applied_on=DAY, rules=BOOK).publication_ends_on
                for a in r.authorities
            }
        )
        > 1
        for r in SEVERAL
    ]

    assert any(differ)


def test_publication_may_be_cut_short_until_its_last_day_and_not_after():
    # one year at most, three months at least
    record = penalty(decided_on=date(2025, 8, 10), duties_done_on=date(2025, 8, 10))
    assessment = assess(record, applied_on=DAY, rules=BOOK)

    assert assessment.publication_ends_on == DAY
    assert assessed(record) == ("restoration", True, date(2025, 11, 10))
    assert assessed(record, DAY + NEXT) == ("none", False, None)


def test_an_open_duty_keeps_publication_open_beyond_its_last_day():
    late = penalty(decided_on=date(2025, 8, 10), duties_done_on=DAY)
    open_ = penalty(decided_on=date(2025, 8, 10), duties_done_on=None)

    assert assessed(late, DAY + NEXT)[0] == "none"  # done on the last day: it ended by itself
    after = penalty(decided_on=date(2025, 8, 10), duties_done_on=DAY + NEXT)
    assert assessed(after, DAY + NEXT) == ("restoration", True, DAY + NEXT)
    assert assessed(open_, DAY + NEXT)[:2] == ("none", False)


@pytest.mark.parametrize(("on", "route"), [(date(2030, 3, 1), "x"), (date(2030, 3, 2), "none")])
def test_after_the_years_of_query_nothing_is_left_to_restore(on, route):
    record = penalty(
        decided_on=date(2025, 6, 1), conduct_ended_on=date(2025, 3, 1), duties_done_on=None
    )
    assessment = assess(record, applied_on=on, rules=BOOK)

    over = [c for c in assessment.conditions if c.rule_id == "query.negative_years"]
    assert bool(over) is (route == "none")
    if over:
        assert (assessment.route, assessment.eligible, assessment.earliest_on) == (
            "none",
            False,
            None,
        )


def test_a_listing_is_queried_as_long_as_it_lasts():
    old = listing("abnormal_listing", decided_on=date(2018, 1, 1), corrected_on=date(2026, 8, 1))

    assert assessed(old) == ("removal", True, date(2026, 8, 1))


def test_a_decision_that_fell_is_taken_down_from_that_day_on():
    record = penalty(decision_revoked_on=DAY)

    assert assessed(record) == ("takedown", True, DAY)
    assert assessed(record, DAY - NEXT)[0] != "takedown"


def test_nobody_applies_before_the_decision_and_only_the_holder_does():
    record = penalty(holder="91310115MA1K3CUM7M")

    with pytest.raises(BadInput, match=r"decided_on 2026-05-10 is after applied_on 2026-05-09"):
        assessed(record, date(2026, 5, 9))
    assert assessed(record, date(2026, 5, 10))[1] is False
    with pytest.raises(WrongApplicant, match=r'^"913" applies, but the record is of "91310115MA'):
        assessed(record, applicant="913")
    assert assessed(record, applicant="91310115MA1K3CUM7M") == assessed(record)
    assert assessed(penalty(), applicant="913") == assessed(penalty())


def test_the_day_of_eligibility_is_the_last_of_all_conditions():
    late = penalty(duties_done_on=date(2026, 9, 1))

    assert assessed(penalty()) == ("restoration", True, date(2026, 8, 10))
    assert assessed(penalty(), DAY - NEXT) == ("none", False, date(2026, 8, 10))
    assert assessed(late, date(2026, 8, 31)) == ("none", False, date(2026, 9, 1))
    assert assessed(late, date(2026, 9, 1)) == ("restoration", True, date(2026, 9, 1))
    assert assessed(penalty(duties_done_on=None)) == ("none", False, None)
    assert assessed(penalty(pledge=False)) == ("none", False, None)


def test_where_the_local_rule_prevails_before_there_is_one_no_rule_is_in_force():
    """A district's own entry may say so; it is refused with the rule that is missing."""
    book = with_value(BOOK, "restoration.conflicts.shanghai", prevails="national", fields=("fire",))
    record = penalty(authority="shanghai", field="fire", decided_on=date(2023, 6, 15))

    with pytest.raises(RuleNotInForce, match=r"restoration\.shanghai\.minimum_publication"):
        assess(record, applied_on=date(2024, 6, 15), rules=book)


@pytest.mark.parametrize("authority", ["ndrc", "samr", "shanghai"])
def test_where_no_duties_need_be_done_one_may_apply_with_open_ones(authority):
    book = with_value(BOOK, f"restoration.{authority}.duties_done", required=False)
    record = penalty(authority=authority, duties_done_on=None, amount_yuan=200_000)
    law = Law(book, authority, DAY)
    days = {name: getattr(record, name) for name in COLUMNS}
    columns = {name: np.array([day], "datetime64[D]") for name, day in days.items()}

    assessment = assess(record, applied_on=DAY, rules=book)
    column = answers(record, law, columns, np.datetime64(DAY))

    assert assessment.eligible
    assert column.eligible[0]
    assert assessment.earliest_on == column.earliest[0].astype(object)
    assert not any(c.rule_id.endswith("duties_done") for c in assessment.conditions)


def earliest_of_a_column(record, on):
    """The first day on which one may apply, as a column of records is answered."""
    columns = {n: np.array([getattr(record, n)], "datetime64[D]") for n in COLUMNS}
    column_answers = answers(record, Law(BOOK, record.authority, on), columns, np.datetime64(on))
    return column_answers.earliest[0].astype(object)


def test_duties_done_on_the_last_day_of_publication_count_in_a_column_too():
    """One year of publication from 10 August 2025."""
    record = penalty(decided_on=date(2025, 8, 10), duties_done_on=DAY)

    assert earliest_of_a_column(record, DAY) == assessed(record, DAY)[2] == DAY


def test_what_is_barred_until_after_publication_has_no_first_day_in_a_column_either():
    """False materials bar for longer than the one year of publication that ends on ``DAY``."""
    record = penalty(
        decided_on=date(2025, 8, 10), duties_done_on=DAY, false_materials_on=date(2025, 9, 1)
    )
    open_ = replace(record, duties_done_on=DAY + NEXT)

    assert earliest_of_a_column(record, DAY) is assessed(record, DAY)[2] is None
    assert earliest_of_a_column(open_, DAY) == assessed(open_, DAY)[2] > DAY


def test_a_bar_that_has_passed_still_sets_the_first_day_of_a_column():
    """Three months of publication ended in November 2025, the three years of the bar later."""
    record = penalty(
        decided_on=date(2025, 8, 10), duties_done_on=date(2025, 8, 10),
        false_materials_on=date(2023, 8, 1),
    )  # fmt: skip

    assert earliest_of_a_column(record, DAY) == assessed(record, DAY)[2] == date(2026, 8, 1)


COLUMNS = ("decided_on", "published_on", "duties_done_on", "same_kind_again_on")


def with_value(book, rule_id, **value):
    """The rulebook with this value in every entry of one rule."""
    rule = book.rule(rule_id)
    shape = shape_of(rule_id).validate_python(value)
    entries = tuple(entry.model_copy(update={"value": shape}) for entry in rule.entries)
    return book.replaced(rule.model_copy(update={"entries": entries}))


@pytest.mark.parametrize(
    ("done", "earliest"),
    [(date(2030, 3, 1), date(2030, 3, 1)), (date(2030, 3, 2), None)],
)
def test_the_day_of_eligibility_is_no_later_than_the_last_on_which_one_may_ask(done, earliest):
    """Five years from the end of the conduct on 1 March 2025."""
    record = penalty(
        decided_on=date(2025, 6, 1), conduct_ended_on=date(2025, 3, 1), duties_done_on=done
    )

    assert assessed(record) == ("none", False, earliest)


@pytest.mark.parametrize(
    ("changes", "on", "rules"),
    [
        ({"field": "food"}, date(2029, 5, 11), "shanghai"),
        ({"field": "general"}, date(2029, 5, 11), "ndrc"),
        ({"field": "food", "penalty_kinds": ["warning"]}, date(2026, 8, 11), "ndrc"),
    ],
)
def test_the_end_of_publication_names_the_rules_that_prevail_in_a_field(changes, on, rules):
    """In Shanghai the city's own periods prevail for food, unless the penalty is a minor one."""
    [over] = assess(penalty(authority="shanghai", **changes), applied_on=on, rules=BOOK).unmet

    assert over.rule_id == f"restoration.{rules}.maximum_publication"
