"""What must hold for every record on every day?"""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.restoration.records import penalty
from xhcredit.restoration.assess import assess, examine_record
from xhcredit.restoration.assessment import NOTHING_TO_APPLY_FOR
from xhcredit.restoration.bulk import WAYS, answers, mendable, terms
from xhcredit.restoration.bulk import add_months as add_months_bulk
from xhcredit.restoration.law import Law
from xhcredit.restoration.periods import by_the_other_clock
from xhcredit.restoration.record import AdverseRecord, Field, HolderKind, PenaltyKind
from xhcredit.restoration.severity import small_fine_readings
from xhcredit.rules.rulebook import Rulebook

BOOK = Rulebook.load()
FIRST, LAST = date(2023, 5, 1), date(2031, 12, 31)

days = st.dates(FIRST, LAST)
maybe = st.none() | st.dates(FIRST, LAST)
kinds = st.frozensets(st.sampled_from(PenaltyKind.__args__), min_size=1, max_size=3)


@st.composite
def records(draw):
    """Any penalty or listing decided since the first day on which all regimes rule."""
    decided = draw(st.dates(FIRST, date(2028, 12, 31)))
    gap = draw(st.none() | st.integers(0, 40))
    return AdverseRecord(
        kind=draw(st.sampled_from(["penalty", "penalty", "abnormal_listing", "serious_listing"])),
        authority=draw(st.sampled_from(["ndrc", "samr", "shanghai"])),
        decided_on=decided,
        field=draw(st.sampled_from(Field.__args__)),
        procedure=draw(st.sampled_from(["ordinary", "ordinary", "summary"])),
        penalty_kinds=draw(kinds),
        amount_yuan=draw(st.sampled_from([0, 5000, 5001, 50_000, 50_001, 100_000, 1_000_000])),
        holder_kind=draw(st.none() | st.sampled_from(HolderKind.__args__)),
        published_on=None if gap is None else decided + timedelta(days=gap),
        duties_done_on=draw(maybe),
        ground="annual_report",
        corrected_on=draw(maybe),
        same_kind_again_on=draw(st.none() | st.none() | days),
        on_abnormal_list=draw(st.booleans() | st.just(False)),
        pledge=draw(st.just(True) | st.booleans()),
        ban_months=draw(st.sampled_from([0, 0, 60])),
        false_materials_on=draw(st.none() | st.none() | days),
        reorganisation_approved_on=draw(st.none() | st.none() | days),
    )


@st.composite
def records_and_days(draw):
    """A record, a day on which somebody asks, and a later one."""
    record = draw(records())
    day = record.decided_on + timedelta(days=draw(st.integers(0, 1200)))
    return record, day, day + timedelta(days=draw(st.integers(0, 500)))


def assessed(record, day, rules=BOOK):
    return assess(record, applied_on=day, rules=rules)


def changes(record, day, later):
    """Whether something comes to light after a day that speaks against the enterprise."""
    against = (record.same_kind_again_on, record.false_materials_on)
    return any(day < d <= later for d in against if d)


@given(records_and_days())
def test_once_eligible_always_eligible_until_publication_ends(question):
    """Across changes of the law too, as the milder rule counts; until the facts change."""
    record, day, later = question
    first, then = assessed(record, day), assessed(record, later)
    ends = ("maximum_publication", "serious_list", "negative_years")
    over = not then.eligible and then.unmet[0].rule_id.endswith(ends)

    assert not first.eligible or then.eligible or over or changes(record, day, later)


@given(records_and_days())
def test_a_fulfilled_condition_never_takes_eligibility_away(question):
    record, day, _ = question
    better = replace(
        record,
        pledge=True,
        on_abnormal_list=False,
        duties_done_on=record.duties_done_on or day,
        corrected_on=record.corrected_on or day,
    )

    assert assessed(better, day).eligible or not assessed(record, day).eligible


@given(records_and_days())
def test_the_answer_depends_only_on_rules_in_force_that_day(question):
    record, day, _ = question

    assert assessed(record, day, known_by(day)) == assessed(record, day)


def known_by(day):
    """The rulebook as it was written on a day: later entries are not known."""
    rules = []
    for rule in BOOK.rules.values():
        entries = tuple(e for e in rule.entries if e.effective_from <= day)
        rules.append(rule.model_copy(update={"entries": entries or rule.entries[:1]}))
    return Rulebook.of(rules)


@given(records_and_days())
def test_who_may_apply_has_no_unmet_condition_and_a_day_that_has_come(question):
    record, day, _ = question
    answered = assessed(record, day)

    if answered.eligible:
        assert answered.unmet == ()
        assert answered.earliest_on is not None
        assert record.decided_on <= answered.earliest_on <= day
    else:
        assert answered.unmet


@given(records_and_days())
def test_on_the_earliest_day_one_may_apply_if_nothing_else_changes(question):
    record, day, _ = question
    answered = assessed(record, day)
    earliest = answered.earliest_on

    if not answered.eligible and earliest is not None and not changes(record, day, earliest):
        assert assessed(record, earliest).eligible


@given(records_and_days(), st.lists(st.integers(-900, 0), min_size=1, max_size=6))
def test_a_column_of_days_gives_what_one_record_at_a_time_gives(question, shifts):
    record, day, _ = question
    record = replace(record, kind="penalty")
    gap = record.published_on and record.published_on - record.decided_on
    law = Law(BOOK, record.authority, day)
    shifts = of_one_standard(record, law, shifts)
    each = [record.decided_on + timedelta(days=n) for n in shifts]
    published = [None if gap is None else d + gap for d in each]
    each_one = [
        examine_record(replace(record, decided_on=d, published_on=p), law)
        for d, p in zip(each, published, strict=True)
    ]

    least, most = terms(record, each_one[0].severity, law, column(each), column(published))

    assert [WAYS[n] for n in most.way] == [a.most.way for a in each_one]
    assert least.day.astype(object).tolist() == [a.least.day for a in each_one]
    assert most.day.astype(object).tolist() == [a.most.day for a in each_one]
    for bulk, side in ((least, "least"), (most, "most")):
        assert bulk.is_transitional.tolist() == [getattr(a, side).is_transitional for a in each_one]
        dated = [
            replace(record, decided_on=d, published_on=p)
            for d, p in zip(each, published, strict=True)
        ]
        assert bulk.has_other_clock.tolist() == [
            by_the_other_clock(getattr(a, side), row, law) is not None
            for a, row in zip(each_one, dated, strict=True)
        ]


@given(records_and_days(), st.lists(st.integers(-900, 0), min_size=1, max_size=6))
def test_a_column_of_records_is_answered_as_one_record_at_a_time(question, shifts):
    record, day, _ = question
    record = replace(
        record,
        kind="penalty",
        reorganisation_approved_on=None,
        false_materials_on=None,
        corrected_on=None,
        pledge=True,
    )
    law = Law(BOOK, record.authority, day)
    shifts = of_one_standard(record, law, shifts)
    names = ("decided_on", "published_on", "duties_done_on", "same_kind_again_on")
    rows = [replace(record, **{n: moved(record, n, shift) for n in names}) for shift in shifts]
    each = [examine_record(row, law) for row in rows]
    horizon = day + timedelta(days=30)
    columns = {n: column(getattr(row, n) for row in rows) for n in names}

    column_answers = answers(record, law, columns, np.datetime64(horizon, "D"))

    assert column_answers.eligible.tolist() == [a.eligible for a in each]
    assert column_answers.over.tolist() == [is_over(a) for a in each]
    for n, assessment in enumerate(each):
        if not column_answers.over[n]:
            open_ = assessment.route not in NOTHING_TO_APPLY_FOR
            assert column_answers.earliest[n].astype(object) == assessment.earliest_on
            assert column_answers.can_be_met[n] == (
                open_ and all(can_be_met(c, horizon) for c in assessment.unmet)
            )


def is_over(answered):
    ends = ("maximum_publication", "negative_years")
    return answered.route == "none" and answered.conditions[0].rule_id.endswith(ends)


def of_one_standard(record, law, shifts):
    """Shifts that leave a fine what it is: small or not, by the standard of its day."""

    def standing(shift):
        row = replace(record, decided_on=record.decided_on + timedelta(days=shift))
        return small_fine_readings(row, law), law.small_fines(row.decided_on) is None

    return [shift for shift in shifts if standing(shift) == standing(0)] or [0]


def moved(record, name, shift):
    day = getattr(record, name)
    return day and day + timedelta(days=shift)


def can_be_met(condition, horizon):
    in_time = condition.met_from is not None and condition.met_from <= horizon
    return in_time or mendable(condition)


def column(values):
    return np.array(list(values), dtype="datetime64[D]")


@pytest.mark.parametrize("months", [0, 3, 12, 36])
def test_months_of_a_column_are_months_of_the_civil_code(months):
    from xhcredit.domain.calendar import add_months

    days = [date(2023, 1, 1) + timedelta(days=n) for n in range(800)]

    expected = [add_months(day, months) for day in days]
    assert add_months_bulk(column(days), months).astype(object).tolist() == expected


def test_a_question_needs_no_more_than_a_record():
    assert assessed(penalty(), date(2026, 8, 10)).eligible
