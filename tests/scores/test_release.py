"""The shipped release: lawful, monotone, and the same numbers in Python, in bulk and in SQL."""

import math
from dataclasses import replace
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest

from xhcredit.errors import BadDeclaration, BadRule
from xhcredit.features.registry import features
from xhcredit.jobs.model import _refuse_windows, model_on, refuse_release
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release, problems, release_of
from xhcredit.scores.sql import release_sql


@pytest.fixture(scope="module")
def model():
    return model_on(Rulebook.load(), load_release(), date(2026, 6, 30))


def random_features(model, enterprises=4000):
    """Values around every cut, missing ones, and values beyond."""
    rng = np.random.default_rng(5)
    x = rng.integers(-1, 6, (len(model.compiled.ids), enterprises)).astype(float)
    x += rng.choice([0.0, 0.03, 0.5], x.shape)
    x[rng.random(x.shape) < 0.2] = np.nan
    for table in model.release.tables.values():
        for i in table.indicators:
            row = x[model.compiled.ids.index(i.feature)]
            at = rng.random(enterprises) < 0.5
            row[at] = rng.choice([*i.cuts, *(np.nextafter(c, -np.inf) for c in i.cuts)], at.sum())
    return x


def test_every_indicator_is_declared_scored_and_runs_in_its_direction():
    assert problems(load_release(), features(), ()) == []


def test_a_forbidden_or_contrary_indicator_is_refused():
    raw = load_release().as_data()
    raw["tables"][0]["indicators"] = [
        {"feature": "is_small_or_micro", "cuts": [0.5], "points": [0, -5], "missing": 0},
        {"feature": "penalties_24m", "cuts": [0.5], "points": [0, 5], "missing": 0},
        {"feature": "nosuch", "cuts": [], "points": [0], "missing": 0},
    ]
    with pytest.raises(BadDeclaration, match=r"is_small_or_micro.*penalties_24m.*nosuch"):
        refuse_release(release_of(raw, "test"), features())


def test_a_feature_that_looks_back_beyond_publicity_is_refused():
    """The window of penalties is law as data: 60 months until 2021-08-31, 36 from then on."""
    declared = features()
    longer = replace(declared["penalties_24m"], window="60m")

    _refuse_windows(Rulebook.load(), [longer], date(2021, 8, 31))
    with pytest.raises(BadRule, match="allows 36 months"):
        _refuse_windows(Rulebook.load(), [longer], date(2021, 9, 1))
    with pytest.raises(BadRule, match="without end"):
        _refuse_windows(Rulebook.load(), [replace(longer, window="")], date(2026, 6, 30))


def test_tables_on_two_scales_are_refused():
    raw = load_release().as_data()
    raw["tables"][1]["scale"]["anchor_points"] = 500
    with pytest.raises(BadDeclaration, match="differ in scale"):
        release_of(raw, "test")


def test_sql_gives_the_same_scores_to_the_last_bit(model):
    x = random_features(model)
    frame = pd.DataFrame(x.T, columns=model.compiled.ids)
    with duckdb.connect() as con:
        con.register("frame", frame)
        columns = ", ".join(
            f'CASE WHEN isnan("{c}") THEN NULL ELSE "{c}" END AS "{c}"' for c in frame
        )
        con.execute(f"CREATE TABLE features AS SELECT {columns} FROM frame")
        by_sql = con.sql(release_sql(model.release, model.scorer.pool)).df()
    scored = model.scorer.score(x)

    np.testing.assert_array_equal(scored.composite, by_sql["composite"])
    np.testing.assert_array_equal(scored.general, by_sql["general"])
    for name, values in scored.x.items():
        np.testing.assert_array_equal(values, by_sql[name].to_numpy(dtype=float))
        assert 0 < np.isnan(values).sum() < len(values)


def test_one_at_a_time_equals_all_at_once(model):
    x = random_features(model, 300)
    scored = model.scorer.score(x)
    for i in range(x.shape[1]):
        values = dict(zip(model.compiled.ids, x[:, i], strict=True))
        assert model.release.general.score_of(values) == scored.general[i]


def test_losses_of_the_composite_add_up(model):
    """What the reasons are the largest of explains the whole distance to the best composite."""
    x = random_features(model, 50)
    scored = model.scorer.score(x)
    for i in range(x.shape[1]):
        values = dict(zip(model.compiled.ids, x[:, i], strict=True))
        weights = {"general": model.scorer.pool.general}
        weights |= {
            n: model.scorer.pool.x[n].weight for n, s in scored.x.items() if not math.isnan(s[i])
        }
        lost = [
            value * weights[name] / sum(weights.values())
            for name in weights
            for value in model.release.tables[name].lost(values).values()
        ]
        top = sorted((v for v in lost if v > 0), reverse=True)[:4]
        np.testing.assert_allclose(scored.lost[: len(top), i], top)
