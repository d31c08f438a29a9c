"""Training by the public names of ``xhcredit_training``, as notebooks use it."""

import ast
import inspect
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
import xhcredit_training as training
from xhcredit_training.sample import SampleSpec, build_sample

import xhcredit
from tests.training.samples import known
from tests.walks import ROOT
from xhcredit.errors import BadInput, BadSample

DAY = "2026-06-30"
DAYS = training.quarter_ends(date(2021, 1, 1), date(2025, 6, 30))
FUNCTIONS = [n for n in training.__all__ if inspect.isfunction(getattr(training, n))]


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    sample, warehouse = ROOT / "data" / "sample", tmp_path_factory.mktemp("w")
    xhcredit.ingest_folder(sample / "exports", sample / "mappings", warehouse, today="2026-11-22")
    return xhcredit.open_warehouse(warehouse)


@pytest.fixture(scope="module")
def sample(district):
    return training.outcome_sample(district, DAYS)


@pytest.fixture(scope="module")
def models(sample):
    """Two models that learn little: the expert tables, and the plain rule."""
    parts = training.split_sample(sample)
    return [training.train_model(parts, kind, on=DAY) for kind in ("expert", "plain")]


def frame_and_bad():
    rows = known()
    return pd.DataFrame(rows.x.T, columns=rows.ids), pd.Series(rows.bad), rows


def test_the_type_checker_sees_the_names_that_are_there():
    text = (ROOT / "training" / "xhcredit_training" / "__init__.py").read_text(encoding="utf-8")
    [checked] = [
        n for n in ast.parse(text).body if isinstance(n, ast.If) and isinstance(n.test, ast.Name)
    ]
    [typed] = checked.body

    assert sorted(alias.name for alias in typed.names) == sorted(training.__all__)
    assert set(training.__all__) <= set(dir(training))
    with pytest.raises(AttributeError, match='no public name "fit_all"'):
        training.fit_all  # noqa: B018 - looking is the act


def test_importing_the_package_imports_nothing_that_takes_time():
    program = "import sys, xhcredit_training; print({'pandas', 'lightgbm'} & set(sys.modules))"
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert finished.stdout.strip() == "set()"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_is_described(name):
    function = getattr(training, name)
    described = set(re.findall(r"^ {4}(\w+): ", inspect.getdoc(function), flags=re.MULTILINE))

    assert set(inspect.signature(function).parameters) - described in (set(), {"first", "last"})


def test_a_sample_is_that_of_the_floor_below_with_codes_and_days(district, sample):
    rules, days = xhcredit.load_rules(), SampleSpec("general", DAYS, DAYS[-1])
    expected, outcome = build_sample(district.event_columns, rules, days)

    assert sample.dataset.digest == expected.digest
    assert sample.horizon_days == outcome.horizon_days
    assert set(sample.frame.index.get_level_values("as_of").date) == set(DAYS)
    assert sample.frame["bad"].sum() == expected.bad.sum()
    for day in DAYS[::6]:
        rows = sample.frame.xs(pd.Timestamp(day), level="as_of")
        known_then = xhcredit.feature_table(district, day, codes=list(rows.index))
        pd.testing.assert_frame_equal(rows[known_then.columns], known_then)


def test_parts_lie_a_horizon_apart(sample):
    summary = training.split_sample(sample).summary
    gaps = [(summary["first"].iloc[k + 1] - summary["last"].iloc[k]).days for k in range(2)]

    assert min(gaps) > sample.horizon_days
    with pytest.raises(BadInput, match="give both"):
        training.split_sample(sample, judge_from="2024-09-30")
    with pytest.raises(BadSample, match="no row is left"):
        training.split_sample(sample, calibrate_from="2019-01-01", judge_from="2024-09-30")


def test_the_gate_of_stability_judges_the_figure_that_was_computed(models):
    limit = xhcredit.rules_in_force(DAY).loc["promotion.gates", "value"]["month_psi_below"]
    for model in models:
        verdicts = training.gate_verdicts(model, DAY)
        worst = model.months["psi"].max()

        assert model.figures["psi_worst_month"] == worst
        assert verdicts.loc["stable", "open"] == (worst < limit)
        assert f"{worst:.3f}" in verdicts.loc["stable", "en"]


def test_the_champion_against_itself_differs_in_nothing(models):
    expert, _ = models
    comparison = training.compare_models(expert, expert)

    assert (comparison["difference"] == 0).all()
    assert training.gate_verdicts(expert, DAY).loc["fair", "open"]


def test_groups_are_told_with_their_rows(models):
    rates = training.group_rates(models[0], 0.1)
    judged = models[0].parts.summary.loc["judging", "rows"]

    assert {"grouping", "value", "rows", "selected", "missed", "differs"} <= set(rates.columns)
    assert (rates["rows"] < judged).all()


def test_what_cannot_be_compared_or_promoted_is_refused(models, sample):
    expert, _ = models
    with pytest.raises(BadInput, match="of different parts"):
        training.compare_models(expert, replace(expert, parts=training.split_sample(sample)))
    with pytest.raises(BadInput, match="no points table"):
        training.gate_verdicts(replace(expert, release=None), DAY)
    with pytest.raises(BadInput, match='no model "oracle"'):
        training.train_model(expert.parts, "oracle", on=DAY)


def test_rows_from_elsewhere_are_learned_from_in_the_declared_direction():
    frame, bad, rows = frame_and_bad()
    directions = {"up": "riskier", "down": "safer"}
    cases = training.sample_of_frame(
        frame, bad, directions=directions, enterprise=pd.Series(rows.ent)
    )
    model = training.fit_model("woe", cases)
    figures = training.ranking_figures(model, cases)

    assert [c.direction for c in cases.dataset.columns[:2]] == ["riskier", "safer"]
    assert figures["auc"] > 0.7
    assert list(cases.frame.columns[:2]) == ["bad", "weight"]


def test_problems_are_met_earlier_by_as_many_days_as_can_be_counted():
    """Two visits, ten days apart; the bad one is the riskier and came last: ten days earlier."""
    frame, bad, _ = frame_and_bad()
    model = training.fit_model("woe", training.sample_of_frame(frame, bad))
    two = pd.DataFrame([[-2, 2, 0, 0, 0], [2, -2, 0, 4, 0]], columns=frame.columns, dtype=float)
    days = pd.Series(pd.to_datetime(["2026-06-01", "2026-06-11"]))
    late = training.sample_of_frame(two, pd.Series([0, 1]), day=days)

    assert training.ranking_figures(model, late)["days_earlier"] == 10


def test_rows_that_do_not_fit_are_refused():
    frame, bad, _ = frame_and_bad()
    with pytest.raises(BadSample, match="expected 5 indicators"):
        training.sample_of_frame(frame, bad[:10])
    with pytest.raises(BadSample, match="neither 0 nor 1"):
        training.sample_of_frame(frame, bad + 1)
    with pytest.raises(BadSample, match="infinite"):
        training.sample_of_frame(frame.replace(frame.iloc[0, 1], np.inf), bad)
