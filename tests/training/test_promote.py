"""From a run to a candidate, judged beside the champion; and the page of two runs."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from xhcredit_training.comparison import side_by_side
from xhcredit_training.comparison_page import write_page
from xhcredit_training.promotion import evaluation_of, make_submission
from xhcredit_training.run import TrainingRequest, train
from xhcredit_training.sample_io import save_sample

from tests.training.declared import declared
from xhcredit.errors import BadInput, BadSample
from xhcredit.jobs.models.promotion import champion_release, submit_candidate
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

RULES, ON = Rulebook.load(), date(2026, 6, 30)
PARTS = {"calibrate_from": date(2018, 9, 1), "judge_from": date(2020, 8, 1)}
TARGET = {"score": "general", "horizon_days": 365, "weights": {}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    save_sample(declared(), folder / "s.parquet", TARGET)
    for kind in ("woe", "full"):
        order = TrainingRequest(folder / "s.parquet", kind, folder / kind, ON, **PARTS)
        train(order, RULES, lambda what, done, total: None)
    return folder


def test_a_run_is_submitted_with_its_gates_and_figures_beside_the_champions(runs, tmp_path):
    with Store.open(str(tmp_path / "s.db")) as store:
        champion = champion_release(store, RULES, ON)
        submission, verdicts = make_submission(
            runs / "woe", runs / "s.parquet", champion, RULES, ON
        )
        submitted = submit_candidate(
            store, Act("modeler", "model.submit", "季度"), submission, RULES, ON
        )
        stored_candidate = store.models.get(submitted["candidate"])
    assert [g["gate"] for g in stored_candidate["gates"]] == [v.gate for v in verdicts]
    assert stored_candidate["digest"] == load_release(runs / "woe" / "release.json").digest
    candidate_auc, other, gap = stored_candidate["evaluation"]["compared"]["auc"]
    assert gap["low"] <= candidate_auc - other <= gap["high"]
    assert stored_candidate["evaluation"]["champion"]["digest"] == champion.digest


def test_what_is_no_table_or_not_what_was_judged_is_refused(runs, tmp_path):
    with pytest.raises(BadInput, match="only a table can be promoted"):
        evaluation_of(runs / "full")
    other = replace(declared(seed=9), ent=np.arange(3000) + 90_000)
    save_sample(other, tmp_path / "o.parquet", TARGET)
    with pytest.raises(BadSample, match="judged on"):
        make_submission(runs / "woe", tmp_path / "o.parquet", load_release(), RULES, ON)
    run = json.loads((runs / "woe" / "run.json").read_text(encoding="utf-8"))
    forged = tmp_path / "forged"
    forged.mkdir()
    (forged / "run.json").write_text(json.dumps(run), encoding="utf-8")
    load_release().save(forged / "release.json")
    with pytest.raises(BadInput, match="not the one that was judged"):
        evaluation_of(forged)


def test_the_page_shows_both_runs_and_loads_nothing(runs, tmp_path):
    both = side_by_side(runs / "woe", runs / "full")
    write_page(runs / "woe", runs / "full", both, tmp_path / "p" / "page.html")
    body = (tmp_path / "p" / "page.html").read_text(encoding="utf-8")
    assert all(name in body for name in ("woe", "full", "calibration_slope"))
    assert "http" not in body
    assert "<script" not in body
