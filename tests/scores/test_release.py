"""The shipped release: lawful, monotone, and the same numbers in Python, in bulk and in SQL."""

import hashlib
import json
import math
from dataclasses import replace
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest
import rfc8785

from xhcredit.errors import BadDeclaration, BadRule
from xhcredit.features.registry import features
from xhcredit.jobs.scoring.model import _refuse_windows, model_on, refuse_release
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.composite import Pool
from xhcredit.scores.points import Indicator, Special
from xhcredit.scores.release import is_monotone, load_release, release_of, release_problems
from xhcredit.scores.sql import indicator_sql, release_sql


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
            is_missing = rng.random(enterprises) < 0.5
            row[is_missing] = rng.choice(
                [*i.cuts, *(np.nextafter(c, -np.inf) for c in i.cuts)], is_missing.sum()
            )
    return x


def test_every_indicator_is_declared_scored_and_runs_in_its_direction():
    assert release_problems(load_release(), features(), ()) == []


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
    with pytest.raises(BadDeclaration, match=r"^test: tables differ in scale; points must mean"):
        release_of(raw, "test")


def without_general(raw):
    raw["tables"] = raw["tables"][1:]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r.update(note=""), 'a release has "release" and "tables", and nothing else$'),
        (lambda r: r.pop("release"), 'a release has "release" and "tables", and nothing else$'),
        (lambda r: r.update(tables={}), '"tables" is no list; give one points table per score$'),
        (lambda r: r["tables"].append(r["tables"][1]), "two tables for one score; keep one$"),
        (without_general, 'no table for "general"; every enterprise needs it$'),
        (lambda r: r["tables"][1].pop("base"), "table 2: base: Field required$"),
    ],
)
def test_what_is_no_release_is_refused_in_words(change, words):
    raw = load_release().as_data()
    change(raw)

    with pytest.raises(BadDeclaration, match=f"^test: {words}"):
        release_of(raw, "test")
    with pytest.raises(BadDeclaration, match=r"nothing else$"):
        release_of([raw], "test")


def test_a_release_survives_its_file_and_its_digest_is_over_canonical_json(tmp_path):
    shipped = load_release()
    shipped.save(tmp_path / "r.json")
    again = load_release(tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text(encoding="utf-8")

    assert again == shipped
    assert shipped.as_data() == json.loads(text)
    assert again.digest == hashlib.sha256(rfc8785.dumps(json.loads(text))).hexdigest()
    assert text.startswith('{\n "release": ')
    assert shipped.general.name_zh in text
    assert text.endswith("}\n")


def test_the_general_table_comes_first_and_the_others_keep_their_order():
    raw = load_release().as_data()
    names = [t["score"] for t in raw["tables"]]
    raw["tables"].reverse()
    turned = release_of(raw, "test")

    assert names[0] == "general"
    assert list(turned.tables) == ["general", *reversed(names[1:])]
    assert list(turned.x) == list(reversed(names[1:]))
    assert turned.general is turned.tables["general"]


def test_the_features_of_a_release_are_named_once_in_order():
    shipped = load_release()
    feature_ids = [f for t in shipped.tables.values() for f in t.features]

    assert shipped.features() == sorted(set(feature_ids), key=feature_ids.index)


@pytest.mark.parametrize("text", ["[", "[]"])
def test_a_file_that_is_no_release_is_named(tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(BadDeclaration, match=r"r\.json"):
        load_release(tmp_path / "r.json")
    with pytest.raises(BadDeclaration, match=r'away.json" cannot be read as a release: '):
        load_release(tmp_path / "away.json")


def small_release(**indicators):
    """A release whose general score reads these indicators, each given as its points."""
    rows = [
        {"feature": name, "cuts": list(range(1, len(points))), "points": points, "missing": 0}
        for name, points in indicators.items()
    ]
    general = load_release().as_data()["tables"][0] | {"indicators": rows}
    return release_of({"release": "r", "tables": [general]}, "test")


def test_every_problem_of_a_release_is_told_with_its_score_and_indicator():
    declared = features()
    release = small_release(
        nosuch=[0], national_grade=[0, 5], penalties_24m=[0, 5], penalties_12m=[0, -5]
    )

    assert release_problems(release, declared, {"penalties_12m"}) == [
        'general: "nosuch" is not declared',
        f'general: "national_grade" may not be scored (use: {declared["national_grade"].use})',
        'general: "penalties_24m": points do not follow the direction riskier',
        'general: "penalties_12m" may not be scored (use: score)',
    ]


@pytest.mark.parametrize(
    ("points", "riskier", "safer"),
    [
        ((0, -5, -5), True, False),
        ((-5, 0, 0), False, True),
        ((0, 0, 0), True, True),
        ((0, -5, 0), False, False),
    ],
)
def test_points_never_rise_as_risk_grows(points, riskier, safer):
    indicator = Indicator(feature="f", cuts=(1, 2), points=points, missing=0)

    assert is_monotone(indicator, "riskier") is riskier
    assert is_monotone(indicator, "safer") is safer


def test_an_indicator_as_sql_is_a_case_of_doubles_missing_first():
    indicator = Indicator(
        feature="f",
        cuts=(1, 2),
        points=(10, 0, -10),
        missing=-3,
        seen_range=(0, 3),
        unseen=-20,
        special=(Special(value=-9, points=3),),
    )

    def double(number):
        return f"CAST('{float(number)}' AS DOUBLE)"

    assert indicator_sql(indicator) == (
        f'CASE WHEN "f" IS NULL THEN {double(-3)} WHEN "f" = {double(-9)} THEN {double(3)} '
        f'WHEN "f" < {double(0)} OR "f" > {double(3)} THEN {double(-20)} '
        f'WHEN "f" < {double(1)} THEN {double(10)} WHEN "f" < {double(2)} THEN {double(0)} '
        f"ELSE {double(-10)} END"
    )


def test_the_statement_reads_the_table_that_is_named():
    release = small_release(penalties_24m=[0, -5])

    assert release_sql(release, Pool(1.0, {}), "register").endswith("\nFROM register)")
    assert release_sql(release, Pool(1.0, {})).endswith("\nFROM features)")


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
