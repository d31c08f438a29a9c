"""Every alarm is raised by its trap in real data, and is silent on an honest sample."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from xhcredit_training.alarms import (
    drift_alarms,
    identifier_alarms,
    own_row_leaks,
    random_gap_alarms,
    too_good_indicators,
    year_rate_alarms,
)
from xhcredit_training.binning import Fineness, find_bins
from xhcredit_training.dataset import Column, make_dataset
from xhcredit_training.metrics import precision
from xhcredit_training.woe import fit_woe

from tests.training.samples import known
from xhcredit.errors import BadSample
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.training import LeakLimits

LIMITS = Rulebook.load().serving("promotion.leak_limits", LeakLimits, as_of=date(2026, 11, 23))
EARLY, LATE = known(), known(seed=2)


@pytest.fixture(scope="session")
def sets(real_data):
    """Loaders of real sets; they look for the data where the tests found it."""
    from benchmarks import training_sets, training_visits

    training_sets.REAL = training_visits.REAL = real_data
    return training_visits


def test_honest_samples_raise_no_alarm():
    named = replace(EARLY, identifiers={"inspector": np.arange(len(EARLY)) % 12})

    assert too_good_indicators(EARLY, LIMITS) == []
    assert own_row_leaks(EARLY, LATE, LIMITS) == []
    assert year_rate_alarms(EARLY, replace_limit(year_rate_ratio_above=3.0)) == []
    assert drift_alarms(EARLY, LATE, LIMITS) == []
    assert identifier_alarms(named, LIMITS, {"row": np.arange(len(EARLY))}) == []


def replace_limit(**parts):
    return LIMITS.model_copy(update=parts)


def test_an_indicator_that_is_the_outcome_is_too_good():
    leak = EARLY.bad + np.random.default_rng(0).normal(0, 0.3, len(EARLY))
    sample = replace(
        EARLY, columns=(*EARLY.columns, Column("after", "riskier")), x=np.vstack([EARLY.x, leak])
    )

    assert [(a.code, a.about) for a in too_good_indicators(sample, LIMITS)] == [
        ("too_good", "after")
    ]


def test_what_was_found_at_the_visit_is_too_good_in_beijing(real_data):
    """The trap: the text of what was checked in ``miyun_emergency`` is known only afterwards."""
    raw = pd.read_csv(real_data / "beijing" / "inspections.csv.gz", dtype=str)
    raw = raw[(raw.source == "miyun_emergency") & raw.fail.notna()]
    length = raw.item.fillna("").str.len().to_numpy(float)
    words = pd.factorize(raw.item.fillna("").str[:12])[0].astype(float)
    sample = make_dataset(
        [Column("length"), Column("words", category=True)],
        np.stack([length, words]),
        raw.fail.astype(float).to_numpy(),
        ent=pd.factorize(raw.entity)[0],
    )

    assert {a.about for a in too_good_indicators(sample, LIMITS)} & {"length", "words"}


def test_who_inspects_carries_signal_in_chicago(sets):
    """The trap: most of the published gain is who inspects, not what is inspected."""
    learn, _ = sets.chicago()
    named = replace(
        learn, identifiers={"inspector": learn.groups["inspector"], "licence": learn.ent % 97}
    )

    assert [a.about for a in identifier_alarms(named, LIMITS)] == ["inspector"]


def test_who_inspects_is_no_alarm_by_chance_in_a_small_sample():
    few = known(120, seed=3)
    named = replace(few, identifiers={"inspector": np.arange(len(few)) % 4})

    assert identifier_alarms(named, LIMITS, {"row": np.arange(len(few))}) == []


def test_the_order_of_rows_raises_an_alarm_where_it_tells_the_outcome():
    sorted_by_outcome = EARLY.rows(np.argsort(EARLY.bad, kind="stable"))

    alarms = identifier_alarms(sorted_by_outcome, LIMITS, {"row": np.arange(len(EARLY))})

    assert [(a.code, a.about) for a in alarms] == [("identifier", "row")]


def test_target_encoding_on_own_rows_is_caught_in_customs(sets):
    """The trap: encoded on own rows, precision at 5 % collapses; strictly earlier, it does not."""
    (learn, judge), (honest, honest_judge) = sets.customs(own_rows=True), sets.customs()
    shares = [i for i in learn.ids if i.endswith("_share")]
    learn, judge, honest, honest_judge = (
        part.only(shares) for part in (learn, judge, honest, honest_judge)
    )
    caught = {a.about for a in own_row_leaks(learn, judge, LIMITS)}

    assert {"importer_share", "seller_share", "importer_hs_share"} <= caught
    assert own_row_leaks(honest, honest_judge, LIMITS) == []
    precision_at = precision(0.05)
    even = np.ones(len(judge))
    leaky = fit_woe(learn).risk(judge.x, judge.ids)
    clean = fit_woe(honest).risk(honest_judge.x, honest_judge.ids)
    assert precision_at(leaky, judge.bad, even) < precision_at(clean, judge.bad, even) - 0.1


def test_random_folds_promise_more_than_time_keeps_in_miyun(real_data):
    """The trap: 0.75 with random folds, 0.63 in time: the same enterprises on both sides."""
    raw = pd.read_csv(real_data / "beijing" / "inspections.csv.gz", dtype=str)
    raw = raw[(raw.source == "miyun_emergency") & raw.fail.notna()]
    who, day = pd.factorize(raw.entity)[0], days_of(raw.date)
    x = np.stack([pd.factorize(raw[c])[0].astype(float) for c in ("entity", "street", "date")])
    columns = [Column(c, category=True) for c in ("entity", "street")] + [Column("date")]
    sample = make_dataset(columns, x, raw.fail.astype(float).to_numpy(), day=day, ent=who)

    def learn(part):
        model = fit_woe(part)
        return lambda later_rows: model.risk(later_rows.x, later_rows.ids)

    alarms = random_gap_alarms(sample, learn, LIMITS, int(np.quantile(day, 0.7)))

    assert [a.code for a in alarms] == ["random_gap"]


def days_of(text):
    return pd.to_datetime(text).to_numpy().astype("datetime64[D]").astype(np.int64)


def test_years_drift_in_beijing(real_data):
    """The trap: 2.1 % in 2021, 0.9 % in 2022, 3.5 % in 2023."""
    raw = pd.read_csv(real_data / "beijing" / "inspections.csv.gz", dtype=str)
    raw = raw[raw.fail.notna() & (raw.date >= "2021") & (raw.source != "miyun_emergency")]
    sample = make_dataset(
        [Column("f")],
        np.zeros((1, len(raw))),
        raw.fail.astype(float).to_numpy(),
        day=days_of(raw.date),
    )

    assert "2022-2023" in [a.about for a in year_rate_alarms(sample, LIMITS)]


def test_random_folds_need_both_sides():
    with pytest.raises(BadSample, match="nothing lies before, or after"):
        random_gap_alarms(EARLY, lambda part: lambda later_rows: later_rows.x[0], LIMITS, 0)


def test_optimal_bins_agree_with_published_information_values_of_heloc(real_data):
    """The best three and the order of all 23 of FICO's set, against optbinning's published ones."""
    raw = pd.read_csv(real_data / "heloc" / "heloc_dataset_v1.csv")
    bad = (raw.pop("RiskPerformance") == "Bad").to_numpy(int)
    published_values = pd.read_csv(
        real_data / "heloc" / "published" / "iv_published_vs_reproduced.csv"
    )
    published = published_values.set_index("variable").published_iv
    ours = pd.Series(
        {
            name: find_bins(
                Column(name, special=(-9.0, -8.0, -7.0)),
                raw[name].to_numpy(float),
                bad,
                np.ones(len(raw)),
                Fineness(fine_bins=128, max_bins=20, min_share=0.03, price=0),
            ).information_value()
            for name in published.index
        }
    )

    assert ours["ExternalRiskEstimate"] == pytest.approx(1.018, rel=0.05)
    assert ours.rank().corr(published.rank()) > 0.97


def test_limits_are_read_from_the_rulebook():
    assert too_good_indicators(EARLY, replace_limit(single_auc_above=0.5)) != []
