"""Models learn a known rule, in the declared direction, and become points tables exactly."""

import numpy as np
import pytest
from xhcredit_training.additive_model import Additive
from xhcredit_training.boosted import Boosting, boost, compile_trees, fit_boosted, mean_of
from xhcredit_training.calibrate import calibrate
from xhcredit_training.challenger import fit_challenger
from xhcredit_training.dataset import Column, make_dataset
from xhcredit_training.metrics import auc, calibration_slope
from xhcredit_training.models import MODELS, expert, fit, from_table
from xhcredit_training.woe import fit_woe

from tests.training.samples import known
from xhcredit.engine.spec import Feature
from xhcredit.errors import BadSample
from xhcredit.features.registry import features
from xhcredit.scores.bulk import scores_of
from xhcredit.scores.points import Scale, points_table
from xhcredit.scores.release import is_monotone, load_release, release_of

SCALE = Scale(anchor_points=600, anchor_odds=20, points_to_double_odds=50)
QUICK = Boosting(leaves=3, rate=0.2, rounds=60, patience=20)
LEARN, LATER = known(), known(seed=2)
ODD = np.array(
    [
        [np.nan, 1e9, -1e9, 0.0, -0.0],
        [np.nan, 0.5, 1e-300, -1e9, 3.0],
        [-9, np.nan, -8.999, 5.0, -9.0000001],
        [0, 4, 3, np.nan, 2],
        [0.1, np.nan, 2.0, -2.0, 0.0],
    ]
)


def table_of(model, **parts):
    table = model.table(SCALE, "general", ("分", "score"), "test")
    return points_table(table.model_dump(mode="json") | parts, "test")


def ordered(model, sample):
    risk = model.risk(sample.x, sample.ids)
    return auc(risk, sample.bad, sample.weight)


@pytest.fixture(scope="module")
def grown():
    booster, laid = boost(LEARN, QUICK, one_per_tree=True)
    return booster, laid, compile_trees(booster, LEARN.columns, laid, LEARN.x)


@pytest.mark.parametrize("x", [LEARN.x, LATER.x], ids=["learned", "later"])
def test_compiled_trees_equal_the_booster(grown, x):
    """The promise of the official form: nothing is lost between booster and table."""
    from xhcredit_training.boosted import lay_out_columns

    booster, _, model = grown
    raw = booster.predict(lay_out_columns(LEARN.columns, x).matrix, raw_score=True)

    assert np.abs(model.risk(x, LEARN.ids) - raw).max() < 1e-9


def test_compiled_trees_equal_the_booster_on_odd_values(grown):
    from xhcredit_training.boosted import lay_out_columns

    booster, _, model = grown
    raw = booster.predict(lay_out_columns(LEARN.columns, ODD).matrix, raw_score=True)
    never_missing = np.isnan(ODD[1:]).any(axis=0)  # only "up" was ever missing

    assert np.abs(model.risk(ODD, LEARN.ids) - raw)[~never_missing].max() < 1e-9


@pytest.mark.parametrize("kind", ["woe", "boosted"])
def test_points_equal_the_model_row_by_row_through_json(kind):
    model = MODELS[kind](LEARN)
    table = table_of(model)
    x = np.concatenate([LATER.x, ODD], axis=1)
    points = scores_of(
        table.model_copy(update={"scale": SCALE.model_copy(update={"lowest": -1e9})}), x, LEARN.ids
    )
    unclamped = points < SCALE.highest
    log_odds_by_points = np.array([-SCALE.log_odds(p) for p in points])

    assert np.abs(log_odds_by_points - model.risk(x, LEARN.ids))[unclamped].max() < 1e-9
    assert release_of({"release": "r", "tables": [table.model_dump(mode="json")]}, "r")


@pytest.mark.parametrize("fitted", [fit_woe, lambda s: fit_boosted(s, QUICK)])
def test_points_follow_the_declared_direction(fitted):
    table = table_of(fitted(LEARN))
    words = {c.id: c.direction for c in LEARN.columns if c.direction != "none"}

    followed = [is_monotone(i, words[i.feature]) for i in table.indicators if i.feature in words]

    assert len(followed) >= 2
    assert all(followed)


def test_the_challenger_follows_the_declared_direction():
    model = fit_challenger(LEARN)
    x = np.repeat(LATER.x[:, :200], 21, axis=1)
    x[0] = np.tile(np.linspace(-3, 3, 21), 200)

    steps = np.diff(model.risk(x, LEARN.ids).reshape(200, 21), axis=1)

    assert steps.min() >= -1e-12


@pytest.mark.parametrize("kind", ["woe", "boosted", "full"])
def test_models_learn_what_there_is_to_learn(kind):
    """The rule itself orders these outcomes with an AUC of about 0.82."""
    assert ordered(MODELS[kind](LEARN), LATER) > 0.79


def test_missing_and_special_values_get_rows_of_their_own():
    shapes = {s.column.id: s for s in fit_woe(LEARN).shapes}

    assert shapes["coded"].special[-9.0] > max(shapes["coded"].values)
    assert shapes["up"].missing < 0
    assert len(shapes["kind"].special) == 5


@pytest.mark.parametrize("kind", ["woe", "boosted"])
def test_a_category_never_seen_is_average_and_nothing_breaks(kind):
    model = MODELS[kind](LEARN)
    shape = next(s for s in model.shapes if s.column.id == "kind")
    category_points = list(shape.special.values())

    assert (
        min(category_points) <= float(shape.log_odds(np.array([77.0]))[0]) <= max(category_points)
    )


def test_a_row_for_missing_values_never_seen_is_neutral_and_said_so():
    model = fit_woe(LEARN)
    table = table_of(model)
    row = next(i for i in table.indicators if i.feature == "down")

    assert row.missing == 0
    assert "down" in table.note


def test_the_mean_of_additive_models_is_additive():
    models = [fit_boosted(LEARN, QUICK), fit_boosted(LEARN, Boosting(**{**vars(QUICK), "seed": 7}))]

    expected = sum(m.risk(LATER.x, LATER.ids) for m in models) / 2

    assert np.abs(mean_of(models).risk(LATER.x, LATER.ids) - expected).max() < 1e-12


def test_trees_on_top_of_a_model_are_one_points_table_and_correct_it():
    start = fit_woe(LEARN).without(["up"])
    model = fit_boosted(LEARN, QUICK, start)
    booster, laid = boost(LEARN, QUICK, one_per_tree=True, start=start.risk(LEARN.x, LEARN.ids))
    trees = compile_trees(booster, LEARN.columns, laid, LEARN.x)

    expected = start.risk(LATER.x, LATER.ids) + trees.risk(LATER.x, LATER.ids)

    assert np.abs(model.risk(LATER.x, LATER.ids) - expected).max() < 1e-9
    assert ordered(model, LATER) > ordered(start, LATER) + 0.02


def test_a_nuisance_is_estimated_and_then_left_out():
    """Who inspected explains outcomes, but no row of the score may depend on it."""
    model = fit_woe(LEARN)
    clean = model.without(["kind"])
    x = LATER.x.copy()
    x[3] = 0

    assert "kind" not in clean.ids
    assert np.array_equal(clean.risk(x, LATER.ids), clean.risk(LATER.x, LATER.ids))


def test_weights_count_as_repeated_rows():
    few = np.round(LEARN.x * 2) / 2  # so that fine bins are the values themselves
    again = np.concatenate([np.arange(len(LEARN)), np.flatnonzero(LEARN.bad == 1)])
    doubled = make_dataset(LEARN.columns, few[:, again], LEARN.bad[again])
    weighted = make_dataset(LEARN.columns, few, LEARN.bad, weight=1.0 + LEARN.bad)

    risks = [fit_woe(sample).risk(few, LEARN.ids) for sample in (doubled, weighted)]

    assert np.abs(risks[0] - risks[1]).max() < 0.02


def test_calibration_is_folded_into_the_table_exactly():
    twice = fit_woe(LEARN).scaled(2.0, -1.0)
    right = calibrate(twice, LATER)
    risk = right.model.risk(LATER.x, LATER.ids)

    assert right.slope == pytest.approx(0.5, abs=0.1)
    assert calibration_slope(risk, LATER.bad, LATER.weight) == pytest.approx(1, abs=0.02)
    line = right.shift + right.slope * twice.risk(LATER.x, LATER.ids)
    assert np.abs(risk - line).max() < 1e-9
    rates = [rate for _, rate in right.steps]
    assert rates == sorted(rates)


def test_calibration_refuses_risks_that_run_backwards():
    with pytest.raises(BadSample, match="risks run against outcomes"):
        calibrate(fit_woe(LEARN).scaled(-1.0, 0.0), LATER)


def test_the_expert_table_as_a_model_gives_its_own_points():
    table = load_release().general
    sample = make_dataset(
        [Column(i.feature) for i in table.indicators],
        np.random.default_rng(3).gamma(1, 2, (len(table.indicators), 50)),
        [0, 1] * 25,
    )
    wide = table.model_copy(
        update={"scale": SCALE.model_copy(update={"lowest": -1e9, "highest": 1e9})}
    )

    risk = expert(sample).risk(sample.x, sample.ids)

    log_odds_by_points = np.array(
        [-SCALE.log_odds(p) for p in scores_of(wide, sample.x, sample.ids)]
    )
    assert np.abs(risk - log_odds_by_points).max() < 1e-9
    assert isinstance(from_table(table), Additive)


def test_the_plain_rule_orders_by_the_share_of_earlier_failures():
    x = np.array([[0.0, 0.2, np.nan, 0.5] * 10])
    sample = make_dataset([Column("inspection_failed_share_60m", "riskier")], x, [0, 1, 0, 1] * 10)

    risk = MODELS["plain"](sample).risk(x, sample.ids)

    assert risk[0] < risk[1] < risk[3]


def alone(x, bad, **parts):
    return make_dataset([Column("f", **parts)], np.asarray(x, float).reshape(1, -1), bad)


@pytest.mark.parametrize("kind", ["woe", "boosted", "full"])
@pytest.mark.parametrize(
    ("sample", "match"),
    [
        (alone(np.arange(99), np.zeros(99)), "all 99 rows are good"),
        (alone(np.arange(99), np.ones(99)), "all 99 rows are bad"),
        (alone(np.arange(400), np.arange(400) < 10), "10 cases of one outcome in 400 rows"),
        (alone(np.ones(200), np.arange(200) % 2), "every indicator is constant or missing"),
        (alone(np.full(200, np.nan), np.arange(200) % 2), "every indicator is constant or missing"),
    ],
)
def test_samples_that_teach_nothing_are_refused_in_words(kind, sample, match):
    with pytest.raises(BadSample, match=match):
        MODELS[kind](sample)


@pytest.mark.parametrize("kind", ["woe", "boosted", "full"])
def test_constant_and_empty_indicators_are_left_out_and_the_rest_is_learned(kind):
    size = len(LEARN)
    x = np.concatenate([LEARN.x, np.ones((1, size)), np.full((1, size), np.nan)])
    sample = make_dataset(
        [*LEARN.columns, Column("same", "riskier"), Column("gone")], x, LEARN.bad, ent=LEARN.ent
    )

    model = MODELS[kind](sample)

    assert {"same", "gone"}.isdisjoint(model.ids)


def test_what_cannot_be_a_sample_is_refused_in_words():
    columns, x = [Column("f")], np.zeros((1, 3))
    with pytest.raises(BadSample, match="neither 0 nor 1"):
        make_dataset(columns, x, [0, 1, 2])
    with pytest.raises(BadSample, match="a weight is not positive"):
        make_dataset(columns, x, [0, 1, 0], weight=[1, 0, 1])
    with pytest.raises(BadSample, match="infinite"):
        make_dataset(columns, x + np.inf, [0, 1, 0])
    with pytest.raises(BadSample, match="expected 1 indicators by 3 rows"):
        make_dataset(columns, np.zeros((2, 3)), [0, 1, 0])
    with pytest.raises(BadSample, match="do not have the 3 rows"):
        make_dataset(columns, x, [0, 1, 0], day=[1])
    with pytest.raises(BadSample, match='no model "forest"; there are: woe, boosted, blend'):
        fit("forest", LEARN, None)
    with pytest.raises(BadSample, match='has no indicator "g"'):
        LEARN.only(["g"])


def test_directions_of_a_sample_are_those_of_the_declarations():
    declared = [f for f in features().values() if f.use == "score"]

    assert all(isinstance(f, Feature) and f.direction != "none" for f in declared)
