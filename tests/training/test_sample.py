"""Samples from the sample district agree with its truth, which ingestion never saw."""

from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow.parquet as pq
import pytest
from xhcredit_training.identifiers import inspections, with_inspectors
from xhcredit_training.labels import EVENTS, observe_outcomes, outcome_of
from xhcredit_training.sample import (
    SampleSpec,
    build_sample,
    learnable_features,
    pair_grid,
    quarter_ends,
)
from xhcredit_training.sample_io import load_sample, save_sample
from xhcredit_training.visits import Visits, first_visit, logged_visits
from xhcredit_training.weights import inverse_weights, propensity

from tests.walks import ROOT
from xhcredit.engine.compile import compile_features, with_inputs
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import BadRule, BadSample, RuleNotInForce
from xhcredit.features.registry import features, score_names
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.ingest import run_ingest
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.training import Outcome

RULES = Rulebook.load()
SAMPLE = ROOT / "data" / "sample"
ON = date(2026, 6, 30)
DAYS = quarter_ends(date(2022, 1, 1), date(2025, 6, 20))


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    """The sample district: its warehouse, store and logged draws."""
    warehouse = tmp_path_factory.mktemp("training")
    run_ingest(str(SAMPLE / "exports"), SAMPLE / "mappings", warehouse, today=date(2026, 7, 1))
    store = open_event_columns(warehouse)
    return warehouse, store, logged_visits(warehouse, store)


def test_outcomes_agree_with_the_truth_of_the_district(district):
    """The world knows who had a grave event in the year after each quarter.

    They need not agree in all: what becomes known after the horizon, or is withdrawn within it,
    does not count for us.
    """
    _, store, _ = district
    truth = pq.read_table(SAMPLE / "truth" / "risk.parquet").to_pandas()
    truth = truth[truth.adverse_12m.notna()]
    codes = truth.code.to_numpy().astype("S18")
    rows = np.searchsorted(store.codes, codes)
    known = (rows < len(store)) & (store.codes[np.minimum(rows, len(store) - 1)] == codes)
    days = np.array([day_number(d) for d in quarter_day(truth)], np.int32)
    known &= days + 365 <= day_number(ON)
    outcome = outcome_of(RULES, "general", as_of=ON)

    ours = observe_outcomes(store, rows[known], days[known], outcome).bad
    theirs = truth.adverse_12m.to_numpy().astype(int)[known]

    assert theirs.sum() > 200
    assert (ours == theirs).mean() > 0.99
    assert ours[theirs == 1].mean() > 0.8
    assert theirs[ours == 1].mean() > 0.9


def quarter_day(truth):
    """Last day of each row's quarter."""
    ends = {"1": (3, 31), "2": (6, 30), "3": (9, 30), "4": (12, 31)}
    return [date(int(q[:4]), *ends[q[-1]]) for q in truth.quarter.astype(str)]


def test_who_inspected_goes_along_where_an_inspection_is_the_outcome(district, tmp_path):
    """By the inspections themselves: the first after the as-of day, in a field of the outcome."""
    warehouse, store, visits = district
    known = inspections(warehouse, store)
    sample, outcome = build_sample(store, RULES, SampleSpec("x_food", DAYS, ON), visits=visits)

    sample = with_inspectors(sample, known, outcome)

    for row in range(0, len(sample), 97):
        known_visits = (known.ent == sample.ent[row]) & np.isin(known.field, outcome.fields)
        after = known_visits & (known.day > sample.day[row])
        assert sample.identifiers["inspector"][row] == known.identifiers["inspector"][after][0]
    save_sample(sample, tmp_path / "s.parquet", {})
    again, _ = load_sample(tmp_path / "s.parquet")
    assert np.array_equal(again.identifiers["agency"], sample.identifiers["agency"])
    general = outcome_of(RULES, "general", as_of=ON)
    assert with_inspectors(replace(sample, identifiers={}), known, general).identifiers == {}


def test_features_of_a_sample_are_those_of_the_night(district):
    """The same declarations, the same kernel: a row of the sample is a row of that night."""
    _, store, visits = district
    sample, _ = build_sample(store, RULES, SampleSpec("general", DAYS[:3], ON), visits=visits)
    day = day_number(DAYS[1])
    compiled = compile_features(with_inputs(sample.ids, features()))
    rows = store.present(day)
    night = compiled.vector(store, rows, day)

    on_day = sample.day == day

    assert np.array_equal(sample.ent[on_day], rows)
    for k, name in enumerate(sample.ids):
        assert np.array_equal(sample.x[k, on_day], night[name], equal_nan=True), name


def test_what_is_learned_from_is_lawful_and_scored():
    for score in score_names():
        assert {f.use for f in learnable_features(score, RULES)} == {"score"}


def test_inspected_only_outcomes_are_weighted_by_the_logged_odds(district):
    """Weighted, the rate found is near the world's true rate; unweighted it overstates it."""
    _, store, visits = district
    sample, _ = build_sample(store, RULES, SampleSpec("x_food", DAYS, ON), visits=visits)

    assert sample.notes["weights"]["method"] == "logged"
    assert set(np.round(1 / sample.weight, 4)) <= {0.02, 0.04, 0.1, 0.2}
    weighted = np.average(sample.bad, weights=sample.weight)
    assert weighted < sample.bad.mean()


def test_without_logged_odds_a_propensity_is_estimated_and_doubted(district):
    _, store, _ = district

    sample, _ = build_sample(store, RULES, SampleSpec("x_food", DAYS, ON))
    doubt = sample.notes["weights"]

    assert doubt["method"] == "propensity"
    assert 0.5 < doubt["predictable"] < 1
    assert doubt["effective_rows"] < doubt["rows"]
    with pytest.raises(BadSample, match='no draw logged its probability; choose weighting "prop'):
        build_sample(store, RULES, SampleSpec("x_food", DAYS, ON, "logged"))
    with pytest.raises(BadSample, match='no weighting "guess"'):
        build_sample(store, RULES, SampleSpec("x_food", DAYS, ON, "guess"))


def test_a_known_propensity_is_recovered():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 8000))
    true = 1 / (1 + np.exp(1 - x[0]))

    odds_found, predictable = propensity(x, rng.random(8000) < true, np.arange(8000))

    assert np.abs(odds_found - true).mean() < 0.05
    assert predictable > 0.65


def test_weights_are_cut_and_it_is_said():
    weight, doubt = inverse_weights(np.array([1.0, 0.5, 0.001]), "logged", float("nan"))

    assert weight.tolist() == [1, 2, 50]
    assert doubt.cut_share == pytest.approx(1 / 3)
    with pytest.raises(BadSample, match="not within"):
        inverse_weights(np.array([0.0, 0.5]), "logged", float("nan"))


def test_outcomes_that_are_not_yet_over_are_refused(district):
    _, store, _ = district
    rows, days = pair_grid(store, [date(2026, 3, 31)])

    with pytest.raises(BadSample, match=r"end the grid \d+ days earlier"):
        observe_outcomes(store, rows, days, outcome_of(RULES, "general", as_of=ON))


def test_what_is_not_defined_is_refused():
    with pytest.raises(BadRule, match=r'no rule "outcomes.x_toys"'):
        outcome_of(RULES, "x_toys", as_of=ON)
    with pytest.raises(RuleNotInForce, match="not in force on 2016-01-01"):
        outcome_of(RULES, "general", as_of=date(2016, 1, 1))


def test_every_event_that_code_knows_is_named_and_every_named_one_is_known():
    named = {
        e
        for s in ("general", "x_food", "x_elderly_care", "x_construction")
        for e in outcome_of(RULES, s, as_of=ON).events
    }

    assert named <= set(EVENTS)


def test_the_first_draw_within_the_horizon_counts_and_nothing_known_later():
    outcome = Outcome(
        horizon_months=12, events=("failed_inspection",), observed="inspected", fields=("food",)
    )
    visits = Visits(
        ent=np.array([0, 0, 0, 1, 2]),
        day=np.array([90, 150, 200, 150, 150]),
        known=np.array([91, 151, 201, 900, 151]),
        withdrawn=np.array([10**6, 10**6, 10**6, 10**6, 300]),
        field=np.array(["food"] * 5),
        failed=np.array([1, 0, 1, 1, 1]),
        probability=np.array([0.1, 0.2, 0.3, 0.4, 0.5]),
    )

    chance, failed, day = first_visit(visits, np.arange(4), np.full(4, 100), outcome)

    assert chance[0] == 0.2  # not the one before the as-of day, not the second within
    assert (failed[0], day[0]) == (0, 150)
    assert np.isnan(chance[1:]).all()  # known too late; withdrawn by then; never visited


def test_a_sample_comes_back_from_disk_as_it_was(district, tmp_path):
    _, store, visits = district
    sample, _ = build_sample(store, RULES, SampleSpec("x_food", DAYS, ON), visits=visits)

    save_sample(sample, tmp_path / "s.parquet", {"score": "x_food"})
    again, provenance = load_sample(tmp_path / "s.parquet")

    assert again.digest == sample.digest
    assert provenance == {"score": "x_food"}
    assert all(np.array_equal(again.groups[n], v) for n, v in sample.groups.items())
    (tmp_path / "no.parquet").write_bytes(b"PAR1 but not really")
    with pytest.raises(BadSample, match="is no sample"):
        load_sample(tmp_path / "no.parquet")
