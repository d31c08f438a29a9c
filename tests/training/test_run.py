"""The shell from sample to comparison, the run's folder, MLflow, and a registry that is down."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date

import numpy as np
import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner
from xhcredit_training.cli import app
from xhcredit_training.comparison import side_by_side
from xhcredit_training.points_spreadsheet import table_rows, write_spreadsheet
from xhcredit_training.promotion_gates import LEAKS
from xhcredit_training.registry import find_run, log_run, read_run, registry, tracking_uri
from xhcredit_training.run import TrainingRequest, train
from xhcredit_training.sample_io import load_sample, save_sample
from xhcredit_training.search import search

from tests.training.samples import known
from tests.walks import ROOT
from xhcredit.errors import BadInput, BadSample, NotWritable, RegistryUnavailable
from xhcredit.features.registry import features, features_for_score, score_names
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release, release_problems

RULES = Rulebook.load()
ON = date(2026, 6, 30)
PARTS = {"calibrate_from": date(2018, 9, 1), "judge_from": date(2020, 8, 1)}


def quiet(what, done, total):
    """Tell nobody."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs on one sample whose indicators bear names that are declared."""
    folder = tmp_path_factory.mktemp("runs")
    sample = known(3000)
    names = {"riskier": [], "safer": []}
    for f in features_for_score("general"):
        names[f.direction].append(f.id)
    up, down = names["riskier"], names["safer"]
    wanted = [(0, up[0], "riskier"), (1, down[0], "safer"), (4, up[1], "riskier")]
    columns = tuple(sample.columns[0].__class__(i, d) for _, i, d in wanted)
    sample = sample.__class__(
        columns,
        sample.x[[k for k, _, _ in wanted]],
        sample.bad,
        sample.weight,
        sample.day,
        sample.ent,
        sample.groups,
    )
    path = folder / "s.parquet"
    save_sample(sample, path, {"score": "general", "horizon_days": 365, "weights": {}})
    done = {
        kind: train(TrainingRequest(path, kind, folder / kind, ON, **PARTS), RULES, quiet)
        for kind in ("woe", "full")
    }
    return folder, done


def test_a_run_is_kept_whole(runs):
    folder, done = runs
    there = {p.name for p in (folder / "woe").rglob("*") if p.is_file()}

    assert {
        "release.json",
        "points.xlsx",
        "run.json",
        "judged.parquet",
        "roc.png",
        "ks.png",
        "calibration.png",
        "lift.png",
        "points.png",
        "tier_moves.png",
    } <= there
    run_json = read_run(folder / "woe")
    assert run_json["metrics"]["auc"] == pytest.approx(done["woe"].report.metrics["auc"].value)
    assert (
        run_json["metrics"]["auc_low"]
        < run_json["metrics"]["auc"]
        < run_json["metrics"]["auc_high"]
    )
    assert run_json["release_digest"] == load_release(folder / "woe" / "release.json").digest
    assert sum(map(sum, run_json["tier_moves"])) == done["woe"].report.rows
    assert (folder / "full" / "model.txt").exists()


def test_the_release_of_a_run_may_score(runs):
    """Declared, lawful, in the declared direction, on the scale in force, beside all X tables."""
    folder, _ = runs
    release = load_release(folder / "woe" / "release.json")
    declared = {f.id: f for s in score_names() for f in features_for_score(s)}

    assert release_problems(release, declared, ()) == []
    assert set(release.tables) == set(load_release().tables)
    assert release.general.made_by == "woe"
    assert release.general.scale == load_release().general.scale


def test_the_sheet_holds_every_row_of_the_table(runs, tmp_path):
    folder, _ = runs
    release = load_release(folder / "woe" / "release.json")

    write_spreadsheet(release, tmp_path / "p.xlsx", features())

    book = openpyxl.load_workbook(tmp_path / "p.xlsx")
    assert set(book.sheetnames) == set(release.tables)
    sheet_points = [r[5].value for r in book["general"].iter_rows(min_row=2)]
    assert sheet_points == pytest.approx([r[5] for r in table_rows(release.general, features())])
    with pytest.raises(NotWritable, match="cannot be used"):
        write_spreadsheet(release, tmp_path / "no" / "where.xlsx", features())


def test_two_runs_are_compared_on_the_same_rows(runs):
    folder, _ = runs

    comparison = side_by_side(folder / "woe", folder / "full")

    woe_auc, other, gap = comparison["auc"]
    assert gap.value == pytest.approx(woe_auc - other)
    assert gap.low <= gap.value <= gap.high


def test_runs_on_different_rows_are_not_compared(runs, tmp_path):
    folder, _ = runs
    order = TrainingRequest(
        folder / "s.parquet",
        "woe",
        tmp_path / "other",
        ON,
        calibrate_from=date(2018, 9, 1),
        judge_from=date(2021, 1, 1),
    )
    train(order, RULES, quiet)

    with pytest.raises(BadInput, match="judged on different rows"):
        side_by_side(folder / "woe", tmp_path / "other")


def test_who_inspected_closes_the_gate_of_leaks(runs, tmp_path):
    """Nine of ten bad rows are one inspector's: a run says so, and its candidate has a leak."""
    folder, done = runs
    sample, about = load_sample(folder / "s.parquet")
    odd = np.random.default_rng(0).random(len(sample)) < 0.1
    by = np.where(odd, 1 - sample.bad, sample.bad).astype(float)
    save_sample(replace(sample, identifiers={"inspector": by}), tmp_path / "s.parquet", about)

    leaky = train(
        TrainingRequest(tmp_path / "s.parquet", "woe", tmp_path / "leaky", ON, **PARTS),
        RULES,
        quiet,
    )

    assert [(a.code, a.about) for a in leaky.alarms if a.code == "identifier"] == [
        ("identifier", "inspector")
    ]
    assert "identifier" in LEAKS
    assert [a for a in done["woe"].alarms if a.code == "identifier"] == []
    assert "inspector" not in leaky.fitted.model.ids


def test_mlflow_holds_what_the_folder_holds_and_serves_the_points(runs):
    folder, _ = runs
    run_json = read_run(folder / "woe")
    run_json["trials"] = [{"parameters": {"price": 2.0}, "auc": 0.7}]
    (folder / "woe" / "run.json").write_text(json.dumps(run_json), encoding="utf-8")
    uri = tracking_uri(folder)
    run_id = log_run(folder / "woe", uri)

    with registry(uri, folder / "artifacts") as mlflow:
        run = mlflow.get_run(run_id)
        nested = mlflow.search_runs(search_all_experiments=True)
        model = mlflow.search_logged_models(output_format="list")[0]
        served = mlflow.pyfunc.load_model(model.model_uri)
        general = load_release(folder / "woe" / "release.json").general
        values = pd.DataFrame({f: [0.0, np.nan, 3.0] for f in general.features})
        points = served.predict(values)["points"].tolist()
    assert run.data.metrics["auc"] == pytest.approx(run_json["metrics"]["auc"])
    assert run.data.tags["release_digest"] == run_json["release_digest"]
    assert (nested["tags.mlflow.parentRunId"] == run_id).sum() == 1
    fetched = find_run(folder, run_id, uri)
    assert (fetched / "release.json").read_bytes() == (folder / "woe/release.json").read_bytes()
    assert points == [general.score_of(row) for row in values.to_dict("records")]


def test_a_registry_that_is_down_costs_nothing(runs):
    folder, _ = runs

    with pytest.raises(RegistryUnavailable, match="results are in the run's folder"):
        log_run(folder / "woe", "http://127.0.0.1:9")
    assert read_run(folder / "woe")["model"] == "woe"
    # The next command of the process goes to its own registry again.
    assert tracking_uri(folder) == f"sqlite:///{folder / 'mlflow.db'}"


def test_an_address_with_a_password_is_not_shown(runs):
    folder, _ = runs

    with pytest.raises(RegistryUnavailable, match=r"://\*\*\*@127") as refusal:
        log_run(folder / "woe", "http://officer:geheim@127.0.0.1:9")
    assert "geheim" not in str(refusal.value)


def test_searching_tries_every_setting_and_puts_the_best_first():
    trials = search("woe", known(1500), quiet)

    aucs = [t.auc for t in trials]
    assert len(trials) == 6
    assert aucs == sorted(aucs, reverse=True)
    with pytest.raises(BadSample, match='"expert" has no settings'):
        search("expert", known(1500), quiet)


def test_the_shell_says_what_is_wrong_in_words(tmp_path):
    shell = CliRunner()
    (tmp_path / "s.parquet").write_bytes(b"nothing")

    bad_day = shell.invoke(app, ["sample", "--out", str(tmp_path / "x"), "--from", "soon"])
    no_sample = shell.invoke(app, ["fit", str(tmp_path / "s.parquet")])
    no_runs = shell.invoke(app, ["runs", "--runs", str(tmp_path)])

    assert "is not a day; write it as 2026-06-30" in str(bad_day.exception)
    assert "is no sample" in str(no_sample.exception)
    assert "no run in" in str(no_runs.exception)


def test_the_program_ends_with_the_error_s_own_code(tmp_path):
    """As its user runs it: one sentence, no traceback, the exit code of ``BadSample``."""
    ask = [sys.executable, "-m", "xhcredit_training.cli", "fit", str(tmp_path / "none.parquet")]
    wide = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(ask, capture_output=True, text=True, check=False, env=wide, cwd=ROOT)

    assert done.returncode == BadSample.exit_code
    assert "is no sample" in done.stderr
    assert "Traceback" not in done.stderr
