"""By when must each step be done?  Days counted by hand, over holidays and changes of the rule."""

from datetime import date

import pytest

from xhcredit.domain.calendar import calendar_of
from xhcredit.restoration.clocks import clocks
from xhcredit.rules.rulebook import Rulebook

BOOK = Rulebook.load()
SAMR, ABNORMAL = ("samr", "penalty"), ("samr", "abnormal_listing")


def days_by_step(steps, on, about=SAMR, kind="restoration"):
    step_clocks = clocks(kind, about, steps, on, BOOK)
    return {c.step: (c.due_on, c.done_on, c.is_overdue(on)) for c in step_clocks}


def test_accepting_runs_from_filing_and_deciding_from_acceptance():
    # Spring Festival 2026: 15 to 23 February are off, Saturdays 14 and 28 are worked
    filed, accepted = date(2026, 2, 13), date(2026, 2, 24)
    assert days_by_step([("file", filed)], date(2026, 2, 24)) == {
        "accept": (date(2026, 2, 24), None, False)
    }
    assert days_by_step([("file", filed)], date(2026, 2, 25))["accept"][2]

    known = days_by_step([("file", filed), ("accept", accepted)], date(2026, 3, 5))
    assert known["accept"] == (date(2026, 2, 24), accepted, False)
    # 25, 26, 27, 28 February, 2, 3, 4 March
    assert known["decide"] == (date(2026, 3, 4), None, True)


def test_the_limits_are_those_of_the_day_of_filing():
    before, after = date(2025, 12, 24), date(2025, 12, 25)
    [old] = [
        c
        for c in clocks("restoration", SAMR, [("file", before), ("accept", before)], before, BOOK)
        if c.step == "decide"
    ]
    [new] = [
        c
        for c in clocks("restoration", SAMR, [("file", after), ("accept", after)], after, BOOK)
        if c.step == "decide"
    ]

    assert (old.days, new.days) == (15, 7)


def test_what_was_done_later_is_not_known_then():
    filed, accepted = date(2026, 8, 3), date(2026, 8, 10)
    steps = [("file", filed), ("accept", accepted)]

    assert days_by_step(steps, date(2026, 8, 6)) == {"accept": (date(2026, 8, 5), None, True)}
    assert days_by_step(steps, accepted)["accept"] == (date(2026, 8, 5), accepted, True)
    assert days_by_step(steps, date(2026, 8, 2)) == {}


def test_what_is_returned_stops_and_what_is_filed_again_begins_anew():
    filed, returned, again = date(2026, 8, 3), date(2026, 8, 4), date(2026, 9, 1)
    steps = [("file", filed), ("return", returned)]

    assert days_by_step(steps, date(2026, 8, 31))["accept"] == (date(2026, 8, 5), returned, False)
    assert days_by_step([*steps, ("refile", again)], again)["accept"] == (
        date(2026, 9, 3),
        None,
        False,
    )


def test_the_abnormal_list_has_one_quick_step():
    assert days_by_step([("file", date(2026, 8, 3))], date(2026, 8, 11), ABNORMAL) == {
        "remove_abnormal": (date(2026, 8, 10), None, True)
    }


def test_after_a_grant_others_are_to_be_told():
    steps = [("file", date(2026, 8, 3)), ("accept", date(2026, 8, 3)), ("grant", date(2026, 8, 4))]
    late = days_by_step(steps, date(2026, 8, 10))

    assert late["take_down"] == (date(2026, 8, 7), None, True)
    published = days_by_step([*steps, ("publish", date(2026, 8, 7))], date(2026, 8, 10))
    assert published["take_down"] == (date(2026, 8, 7), date(2026, 8, 7), False)


@pytest.mark.parametrize(("act", "provider"), [("forward", date(2026, 8, 12)), ("uphold", None)])
def test_an_objection_is_marked_in_one_day_and_decided_or_passed_on(act, provider):
    """1, 5, 2 and 5 working days; who decides itself need not pass on."""
    steps = [("file", date(2026, 8, 3)), ("mark", date(2026, 8, 4)), (act, date(2026, 8, 5))]
    known = days_by_step(steps, date(2026, 8, 12), kind="objection")

    assert known["mark"] == (date(2026, 8, 4), date(2026, 8, 4), False)
    assert known["centre_decides"] == (date(2026, 8, 10), date(2026, 8, 5), False)
    assert not known["forward"][2]
    assert known.get("provider_decides", (None,))[0] == provider


def test_the_steps_of_an_objection_run_over_the_spring_festival():
    # 12 February 2026 is a Thursday; 15 to 23 February are off, Saturdays 14 and 28 are worked
    steps = [("file", date(2026, 2, 12)), ("forward", date(2026, 2, 14))]
    known = days_by_step(steps, date(2026, 2, 14), kind="objection")

    assert known["mark"] == (date(2026, 2, 13), None, True)
    assert known["forward"] == (date(2026, 2, 14), date(2026, 2, 14), False)
    assert known["centre_decides"][0] == date(2026, 2, 26)
    # from the day it was passed on: 24, 25, 26, 27, 28 February
    assert known["provider_decides"] == (date(2026, 2, 28), None, False)


def test_beyond_the_notices_a_clock_runs_to_a_provisional_day():
    """Two working days after Thursday 31 December 2026: 4 and 5 January 2027."""
    filed, late = [("file", date(2026, 12, 31))], date(2027, 1, 6)
    [accept] = [c for c in clocks("restoration", SAMR, filed, late, BOOK) if c.step == "accept"]

    assert (accept.due_on, accept.provisional) == (date(2027, 1, 5), True)
    assert accept.is_overdue(late)
    assert not accept.is_due_unknown


def test_before_the_calendar_nobody_can_say():
    known = calendar_of({2027: ((), ())}, lambda _: (), 2027)
    filed = [("file", date(2026, 12, 31))]
    step_clocks = clocks("restoration", SAMR, filed, filed[0][1], BOOK, known)

    assert {c.due_on for c in step_clocks} == {None}
    assert all(c.is_due_unknown and not c.is_overdue(date(2030, 1, 1)) for c in step_clocks)


FILED, THEN = ("file", date(2026, 8, 3)), date(2026, 8, 4)
GRANTED = [FILED, ("accept", date(2026, 8, 3)), ("grant", THEN)]
#: which acts end the time of a step, on the day on which they are done
ENDS = [
    ("restoration", SAMR, [FILED], "accept", {"accept", "return", "withdraw"}),
    ("restoration", SAMR, [FILED, ("accept", THEN)], "decide", {"grant", "refuse", "withdraw"}),
    ("restoration", ABNORMAL, [FILED], "remove_abnormal",
     {"return", "grant", "refuse", "withdraw"}),
    ("restoration", SAMR, GRANTED, "take_down", {"publish", "revoke"}),
    ("objection", SAMR, [FILED], "mark", {"mark", "withdraw"}),
    ("objection", SAMR, [FILED], "centre_decides", {"forward", "uphold", "reject", "withdraw"}),
    ("objection", SAMR, [FILED], "forward", {"forward"}),
    ("objection", SAMR, [FILED, ("forward", THEN)], "provider_decides",
     {"uphold", "reject", "withdraw"}),
]  # fmt: skip
ACTS = ("accept", "return", "withdraw", "grant", "refuse", "publish", "revoke", "mark", "forward",
        "uphold", "reject", "classify", "resume")  # fmt: skip


@pytest.mark.parametrize(("kind", "about", "steps", "step", "ends"), ENDS)
@pytest.mark.parametrize("act", ACTS)
def test_the_time_of_a_step_ends_with_these_acts_and_no_other(kind, about, steps, step, ends, act):
    done = date(2026, 8, 5)
    known = days_by_step([*steps, (act, done)], done, about, kind)

    if act in dict(steps):  # the act from which the time runs
        return
    assert known[step][1] == (done if act in ends else None)


def test_the_quick_step_of_the_abnormal_list_begins_anew_when_filed_again():
    again = date(2026, 9, 1)
    steps = [FILED, ("return", THEN), ("refile", again)]

    # five working days from Tuesday 1 September
    assert days_by_step(steps, again, ABNORMAL)["remove_abnormal"] == (
        date(2026, 9, 8),
        None,
        False,
    )


NDRC, SHANGHAI_RULE, SAMR_RULE = (
    f"restoration.{a}.time_limits" for a in ("ndrc", "shanghai", "samr")
)


@pytest.mark.parametrize(
    ("about", "steps"),
    [
        (
            ("samr", "penalty"),
            {"accept": (2, SAMR_RULE), "decide": (7, SAMR_RULE), "take_down": (3, SAMR_RULE)},
        ),
        (("samr", "abnormal_listing"), {"remove_abnormal": (5, SAMR_RULE)}),
        # the platform's own limits stand beside the national ones, and before them
        (
            ("shanghai", "penalty"),
            {
                "decide": (3, NDRC),
                "answer": (10, NDRC),
                "share": (3, SHANGHAI_RULE),
                "delete": (3, SHANGHAI_RULE),
            },
        ),
        (
            ("shanghai", "abnormal_listing"),
            {"answer": (10, NDRC), "share": (3, SHANGHAI_RULE), "delete": (3, SHANGHAI_RULE)},
        ),
    ],
)
def test_each_step_has_the_limit_of_its_authority_and_kind_of_record(about, steps):
    step_clocks = clocks("restoration", about, GRANTED, THEN, BOOK)

    assert {c.step: (c.days, c.basis.rule_id) for c in step_clocks} == steps


def test_the_steps_of_an_objection_are_those_of_its_rule_whatever_the_record():
    steps = [FILED, ("forward", THEN)]

    for about in (SAMR, ABNORMAL, ("shanghai", "penalty")):
        step_clocks = clocks("objection", about, steps, THEN, BOOK)
        assert {c.step: c.days for c in step_clocks} == {
            "mark": 1,
            "centre_decides": 5,
            "forward": 2,
            "provider_decides": 5,
        }
        assert {c.basis.rule_id for c in step_clocks} == {"restoration.shanghai.objection"}
