"""Rates by group against a hand count and fairlearn, differences found, tolerance shown."""

from datetime import date

import numpy as np
import pytest
from typer.testing import CliRunner
from xhcredit_training.cli import app
from xhcredit_training.fairness import (
    RATES,
    group_treatments,
    rate,
    rates_by_membership,
    tolerance_effect,
)
from xhcredit_training.promotion_gates import riskiest
from xhcredit_training.sample import groups_of

from tests.serving.district import write_warehouse
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import BadSample
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.scoring.score_columns import present_rows
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release

DAY = date(2025, 4, 1)


def rows(size=4000, push=0.0):
    """Two groups alike, of which the second is pushed up without cause."""
    rng = np.random.default_rng(7)
    risk = rng.normal(-2, 1, size)
    bad = (rng.random(size) < 1 / (1 + np.exp(-risk))).astype(float)
    group = rng.integers(0, 2, size)
    return {
        "risk": risk + push * (group == 1),
        "bad": bad,
        "weight": rng.uniform(1, 3, size),
        "day": np.zeros(size),
        "ent": np.arange(size),
        "group_size": group,
        "group_rare": np.where(np.arange(size) < 3, 1, 0),
    }


def test_rates_are_those_of_fairlearn():
    sample = rows()
    flag, is_single = riskiest(sample, 0.1), sample["group_size"] == 1
    theirs = rates_by_membership(sample, flag, is_single)
    for name in RATES:
        ours = rate(name, sample["bad"], flag, sample["weight"] * is_single)
        assert ours == pytest.approx(theirs.loc[True, name], abs=1e-12)


def test_groups_alike_do_not_differ_and_small_ones_are_not_told():
    treatments = group_treatments(rows(), 0.1, 100)
    assert [(t.grouping, t.value) for t in treatments] == [
        ("size", 0),
        ("size", 1),
        ("rare", 0),
    ]
    assert [t.differs for t in treatments[:2]] == [[], []]


def test_a_group_that_is_pushed_is_found():
    """More often selected, more false alarms, chances overstated; its bad ones missed less."""
    _, pushed, _ = group_treatments(rows(push=1.0), 0.1, 100)
    assert pushed.differs == ["selected", "false_alarms", "missed", "overstated"]
    assert pushed.against["false_alarms"].low > 0
    assert pushed.against["missed"].high < 0
    assert pushed.against["overstated"].low > 0


def test_one_outcome_is_refused():
    with pytest.raises(BadSample, match="one outcome only"):
        group_treatments(rows() | {"bad": np.zeros(4000)}, 0.1)


def test_the_tolerance_period_lifts_and_never_lowers(tmp_path):
    store = open_event_columns(write_warehouse(tmp_path / "w"))
    model = model_on(Rulebook.load(), load_release(), DAY)
    rows_present = present_rows(store, DAY)
    days = np.full(rows_present.shape, day_number(DAY), np.int32)
    effects = tolerance_effect(store, model, groups_of(store, rows_present, days))
    assert {t.grouping for t in effects} >= {"size", "new_form", "kind", "age"}
    for t in effects:
        assert sum(t.without.values()) == sum(t.with_it.values()) == t.enterprises
        worse = [t.without[x] - t.with_it[x] for x in "CD"]
        assert min(worse) >= 0
        assert sum(worse) == t.lifted


def test_the_effect_of_the_tolerance_period_is_shown_by_group(tmp_path):
    words = ("tolerance", "--as-of", str(DAY), "--warehouse", str(write_warehouse(tmp_path / "w")))
    outcome = CliRunner().invoke(app, words)

    assert outcome.exit_code == 0, outcome.exception
    for group in ("size: 微型 micro", "age: 18 个月内 under 18 months", "new_form: 是 yes"):
        assert group in outcome.output
    wrong = CliRunner().invoke(app, ("tolerance", "--as-of", "soon"))
    assert "is not a day" in str(wrong.exception)
