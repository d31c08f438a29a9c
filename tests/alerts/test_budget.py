"""Which findings become alerts, on both sides of each bound: quiet days, the week, the budget."""

from datetime import date, timedelta

import pytest
from scipy import stats

from tests.alerts.test_numbers import BUDGET, DAY, RETIRE, candidate
from xhcredit.alerts.budget import (
    EarlierAlert,
    choose_alerts,
    is_quiet,
    ordered_by_urgency,
    weekly_capacity,
)
from xhcredit.alerts.precision import interval, precision_of


def earlier_alert(
    number, days_ago, colour="blue", subject="c1", fact="old", bureau="市监局", trigger="t"
):
    on = (DAY - timedelta(days=days_ago)).isoformat()
    return EarlierAlert(number, trigger, subject, fact, colour, on, bureau)


@pytest.mark.parametrize(
    ("days_ago", "colour", "quiet"),
    [
        (29, "blue", True),
        (30, "blue", False),  # thirty days of quiet are over
        (31, "blue", False),
        (1, "red", True),  # it got better: no reason to speak
        (1, "yellow", True),
    ],
)
def test_a_trigger_is_quiet_for_its_days_unless_it_got_worse(days_ago, colour, quiet):
    assert is_quiet(candidate(1), earlier_alert(1, days_ago, colour), DAY) is quiet
    assert not is_quiet(candidate(1, "red"), earlier_alert(1, days_ago, "orange"), DAY)


def test_the_alert_with_the_highest_number_is_the_last_one():
    before = [earlier_alert(7, 8), earlier_alert(9, 60), earlier_alert(8, 9)]
    [(_, number)] = choose_alerts([candidate(1, quiet_days=5)], before, BUDGET, DAY).new

    assert number == 9


def test_only_the_same_trigger_subject_and_fact_are_the_same_alert():
    before = [
        earlier_alert(1, 60, fact="f", trigger="u"),
        earlier_alert(2, 60, fact="f", subject="c2"),
        earlier_alert(3, 60, fact="g"),
    ]
    choice = choose_alerts([candidate(1)], before, BUDGET, DAY)

    assert [number for _, number in choice.new] == [3]
    assert (choice.known_count, choice.quiet_count, choice.held_back) == (0, 0, [])
    none = choose_alerts([candidate(4)], before, BUDGET, DAY)
    assert [number for _, number in none.new] == [None]


def test_every_finding_is_counted_where_it_ends():
    before = [
        earlier_alert(1, 3, fact="f"),
        earlier_alert(2, 3, subject="c2"),
        earlier_alert(3, 3, subject="c3"),
    ]
    candidates = [candidate(1), candidate(1), candidate(2), candidate(3), candidate(4)]
    choice = choose_alerts(candidates, before, BUDGET, DAY)

    assert (choice.known_count, choice.quiet_count) == (2, 2)
    assert [c.subject for c in choice.held_back] == [
        "c4"
    ]  # three of two a week were raised already


@pytest.mark.parametrize(("days_ago", "left"), [(-1, 2), (0, 1), (6, 1), (7, 2), (8, 2)])
def test_the_week_of_the_budget_is_today_and_the_six_days_before(days_ago, left):
    candidates = [candidate(n) for n in range(10, 15)]
    choice = choose_alerts(candidates, [earlier_alert(1, days_ago, subject="c9")], BUDGET, DAY)

    assert len(choice.new) == left
    assert len(choice.held_back) == 5 - left


def test_grave_alerts_neither_wait_for_the_budget_nor_use_it_up():
    before = [earlier_alert(n, 1, "red", f"c{n}") for n in range(20, 25)]
    candidates = [candidate(n, "orange") for n in range(5)] + [candidate(n) for n in range(5, 9)]
    choice = choose_alerts(candidates, before, BUDGET, DAY)

    assert [c.colour for c, _ in choice.new] == ["orange"] * 5 + ["blue"] * 2


@pytest.mark.parametrize(("bureau", "count"), [("市监局", 2), ("民政局", 6), ("", 10)])
def test_a_bureau_follows_up_so_many_a_week_as_its_officers_can(bureau, count):
    budget = BUDGET.model_copy(
        update={"officers": {"市监局": 1, "全区": 5}, "officers_elsewhere": 3}
    )

    assert weekly_capacity(budget, bureau) == count


def test_the_worst_colour_goes_first_then_the_first_of_each_trigger():
    candidates = [
        candidate(1, strength=5),
        candidate(2, strength=9),
        candidate(3, trigger="u", strength=1),
        candidate(4, "yellow", strength=0),
        candidate(5, "red", trigger="u", strength=0),
        candidate(6, strength=5),
        candidate(6, strength=5, fact="e"),
    ]
    names = [(c.subject, c.fact) for c, _ in ordered_by_urgency([(c, None) for c in candidates])]

    assert names == [
        ("c5", "f"),
        ("c4", "f"),  # red, yellow
        ("c2", "f"),
        ("c3", "f"),  # the strongest of t, of u
        ("c1", "f"),
        ("c6", "e"),
        ("c6", "f"),  # equally strong: by subject and fact
    ]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ({}, (0, 0, 0, None)),
        ({"cannot_tell": 3}, (0, 0, 3, None)),
        ({"true": 3, "false": 1, "cannot_tell": 2}, (3, 1, 2, 0.75)),
        ({"true": 0, "false": 5}, (0, 5, 0, 0.0)),
        ({"true": 5}, (5, 0, 0, 1.0)),
    ],
)
def test_what_nobody_could_tell_counts_for_neither(verdicts, expected):
    precision = precision_of("t", 9, verdicts, RETIRE)

    assert (precision.trigger, precision.alerts) == ("t", 9)
    assert (precision.true, precision.false, precision.cannot_tell, precision.precision) == expected
    assert (precision.lowest is None) is (precision.highest is None) is (expected[3] is None)


def test_a_trigger_is_retired_when_its_interval_is_below_the_bound_and_it_was_looked_at_enough():
    high = interval(1, 30, 0.95)[1]

    def proposed(true, false, **rule):
        counts = {"true": true, "false": false}
        return precision_of("t", 99, counts, RETIRE.model_copy(update=rule)).propose_retirement

    assert proposed(1, 29, precision_surely_below=high + 1e-9)
    assert not proposed(1, 29, precision_surely_below=high)
    assert proposed(1, 29, verified_at_least=30)
    assert not proposed(1, 29, verified_at_least=31)


def test_the_interval_is_wilsons():
    z = stats.norm.ppf(0.95)
    share, n = 3 / 20, 20
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5

    assert interval(3, 20, 0.9) == pytest.approx((middle - half, middle + half))
    assert date(2026, 6, 30) == DAY
