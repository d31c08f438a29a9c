"""Tests for counts keep their level, the budget holds, precision has intervals."""

from datetime import date

import numpy as np
import pytest
from scipy import stats

from xhcredit.alerts.budget import AlertCandidate, EarlierAlert, choose_alerts
from xhcredit.alerts.precision import precision_of
from xhcredit.alerts.spike_triggers import Counts, discoveries, gamma_of, own_test, peer_test
from xhcredit.rules.schemas.alerts import Budget, Retirement

DAY = date(2026, 6, 30)
BUDGET = Budget.model_validate(
    {
        "per_officer_and_week": 2,
        "officers": {"市监局": 1},
        "officers_elsewhere": 1,
        "never_held": ("orange", "red"),
    }
)


def counts(seed, shape):
    """Counts of many whose rates differ (gamma) but did not change."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(shape, 1 / shape, 4000) * 3 / 365
    exposure = np.full(4000, 365)
    return Counts(rng.poisson(rate * 90), rng.poisson(rate * 365), exposure, np.zeros(4000, int))


@pytest.mark.parametrize("shape", [0.3, 2.0, 1000.0])
@pytest.mark.parametrize("test", [own_test, peer_test])
def test_who_did_not_change_is_seldom_called_a_spike(test, shape):
    p = test(counts(1, shape), 90)

    for level in (0.05, 0.01, 0.001):
        assert (p <= level).mean() <= level * 1.5 + 0.001


def test_a_plain_poisson_test_would_cry_wolf_where_enterprises_differ():
    c = counts(1, 0.3)
    plain = stats.poisson.sf(c.window - 1, c.baseline.mean() * 90 / 365)

    assert (plain <= 0.01).mean() > 0.05


def test_a_true_spike_is_found_by_both():
    c = Counts(np.array([12]), np.array([2]), np.array([365]), np.array([0]))
    many = counts(2, 2.0)
    both = Counts(
        *(
            np.append(a, b)
            for a, b in zip(
                (many.window, many.baseline, many.exposure, many.peers),
                (c.window, c.baseline, c.exposure, c.peers),
                strict=True,
            )
        )
    )

    assert own_test(both, 90)[-1] < 1e-4
    assert peer_test(both, 90)[-1] < 1e-4


def test_the_gamma_distribution_behind_counts_is_recovered():
    c = counts(3, 0.5)
    shape, rate = gamma_of(c.baseline, c.exposure)

    assert shape == pytest.approx(0.5, rel=0.2)
    assert shape / rate == pytest.approx(3 / 365, rel=0.1)


def test_the_false_discovery_rate_is_held_over_many_nights():
    rng = np.random.default_rng(4)
    false = []
    for _ in range(300):
        p = np.concatenate([rng.random(95), rng.random(5) * 1e-4])
        discovered = discoveries(list(p), 100, 0.1)
        false.append(sum(discovered[:95]) / max(sum(discovered), 1))

    assert np.mean(false) <= 0.11


def candidate(n, colour="blue", trigger="t", strength=1.0, bureau="市监局", **fields):
    return AlertCandidate(
        trigger,
        "d",
        "food",
        "enterprise",
        f"c{n}",
        f"c{n}",
        "",
        bureau,
        "",
        fields.pop("fact", "f"),
        colour,
        strength,
        **{"quiet_days": 30, **fields},
    )


def earlier(n, days_ago=1, colour="blue", fact="old", trigger="t"):
    on = date.fromordinal(DAY.toordinal() - days_ago).isoformat()
    return EarlierAlert(n, trigger, f"c{n}", fact, colour, on, "市监局")


def subjects(choice):
    return [c.subject for c, _ in choice.new]


def test_the_budget_takes_the_worst_and_strongest_and_holds_the_rest():
    candidates = [
        candidate(1),
        candidate(2, strength=9),
        candidate(3, "yellow"),
        candidate(4, "red"),
        candidate(5, bureau="民政局"),
    ]
    choice = choose_alerts(candidates, [], BUDGET, DAY)

    assert subjects(choice) == ["c4", "c3", "c2", "c5"]
    assert [c.subject for c in choice.held_back] == ["c1"]


def test_strengths_of_two_triggers_are_not_compared():
    candidates = [candidate(n, strength=100 - n) for n in range(3)]
    choice = choose_alerts([*candidates, candidate(9, trigger="u", strength=0.1)], [], BUDGET, DAY)

    assert subjects(choice) == ["c0", "c9"]


def test_what_was_told_this_week_uses_up_the_budget_and_next_week_is_new():
    earlier_alerts = [earlier(n) for n in (7, 8)]

    assert subjects(choose_alerts([candidate(1)], earlier_alerts, BUDGET, DAY)) == []
    late = [earlier(n, days_ago=7) for n in (7, 8)]
    assert subjects(choose_alerts([candidate(1)], late, BUDGET, DAY)) == ["c1"]


def test_a_fact_is_told_once_and_the_next_one_names_the_last_alert():
    earlier_alerts = [earlier(1, days_ago=40, fact="f")]

    again = choose_alerts([candidate(1), candidate(1, fact="g")], earlier_alerts, BUDGET, DAY)
    assert [(c.fact, before) for c, before in again.new] == [("g", 1)]
    assert again.known_count == 1
    soon = choose_alerts([candidate(1, fact="g")], [earlier(1, days_ago=20)], BUDGET, DAY)
    assert (soon.new, soon.quiet_count) == ([], 1)
    worse = choose_alerts(
        [candidate(1, "orange", fact="g")], [earlier(1, days_ago=20)], BUDGET, DAY
    )
    assert len(worse.new) == 1


RETIRE = Retirement(verified_at_least=20, precision_surely_below=0.2, confidence=0.95)


def test_a_trigger_that_cries_wolf_is_proposed_for_retirement_and_not_too_early():
    assert precision_of("t", 30, {"true": 0, "false": 30}, RETIRE).propose_retirement
    assert not precision_of("t", 19, {"false": 19}, RETIRE).propose_retirement
    assert not precision_of("t", 30, {"true": 6, "false": 24}, RETIRE).propose_retirement
    unknown = precision_of("t", 5, {"cannot_tell": 5}, RETIRE)
    assert (unknown.precision, unknown.lowest) == (None, None)
    half = precision_of("t", 20, {"true": 10, "false": 10}, RETIRE)
    assert half.lowest == pytest.approx(0.299, abs=0.001)
    assert half.highest == pytest.approx(0.701, abs=0.001)
