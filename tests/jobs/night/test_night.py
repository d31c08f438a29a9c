"""The night: what it writes, that it repeats, and that a kill leaves nothing half-done."""

import json
import math
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib.resources import files
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.jobs.warehouses import random_warehouse
from xhcredit.errors import (
    BadInput,
    BadRule,
    NothingKnown,
    NotWritable,
    RuleNotInForce,
    UnknownEnterprise,
)
from xhcredit.jobs.enterprise.explanation import explain
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.scoring.result_table import provenance_of
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release, release_of

DAY = date(2025, 3, 31)


@pytest.fixture(scope="module")
def model():
    return model_on(Rulebook.load(), load_release(), DAY)


@pytest.fixture(scope="module")
def night(tmp_path_factory, model):
    """A warehouse and the report of its night."""
    folder = tmp_path_factory.mktemp("night")
    random_warehouse(folder / "warehouse")
    return folder, run_night(folder / "warehouse", folder / "out", model)


def test_the_result_has_one_row_per_enterprise_with_provenance_inside(night):
    _, report = night
    table = pq.read_table(report.scores)
    expected = ["code", "as_of", "general", "x_food", "x_elderly_care", "x_construction",
                "composite", "tier", "reasons"]  # fmt: skip

    assert set(expected) <= set(table.column_names)
    assert table.num_rows == report.enterprises == len(set(table.column("code").to_pylist()))
    assert sum(report.tiers.values()) == report.enterprises
    metadata = {k.decode(): v.decode() for k, v in table.schema.metadata.items()}
    assert {k: metadata[f"xhcredit.{k}"] for k in report.provenance} == report.provenance
    assert "内部参考" in metadata["xhcredit.mark"]


def test_the_same_provenance_again_changes_nothing(night, model):
    folder, report = night
    before = report.scores.read_bytes(), report.scores.stat().st_mtime_ns
    again = run_night(folder / "warehouse", folder / "out", model)

    assert again.repeated
    assert (again.tiers, again.enterprises) == (report.tiers, report.enterprises)
    assert (report.scores.read_bytes(), report.scores.stat().st_mtime_ns) == before


def test_a_new_event_makes_a_new_night(tmp_path, model):
    random_warehouse(tmp_path / "w", seed=1)
    first = run_night(tmp_path / "w", tmp_path / "out", model)
    random_warehouse(tmp_path / "w", seed=2)
    second = run_night(tmp_path / "w", tmp_path / "out", model)

    assert not second.repeated
    assert first.provenance["data_digest"] != second.provenance["data_digest"]


def test_explaining_one_enterprise_tells_what_the_night_wrote(night, model):
    """Points and base add up to each score; reasons are the costliest indicators."""
    folder, report = night
    store = open_event_columns(folder / "warehouse")
    for row in pq.read_table(report.scores).to_pylist():
        explanation = explain(folder / "warehouse", store, model, row["code"])
        assert (explanation["composite"], explanation["tier"]) == (row["composite"], row["tier"])
        assert explanation["decided_by"] == row["decided_by"]
        assert explanation["national_evaluation"] == row["national_evaluation"]
        for score in explanation["scores"]:
            base = model.release.tables[score["score"]].base
            total = base + math.fsum(i["points"] for i in score["indicators"])
            assert score["points"] == pytest.approx(min(max(total, 0), 1000))
            assert score["points"] == row[score["score"]]
        costs = [i["costs_composite"] for s in explanation["scores"] for i in s["indicators"]]
        top = sorted((c for c in costs if c > 0), reverse=True)[:4]
        assert [r["points_lost"] for r in row["reasons"]] == pytest.approx(top)


def test_a_withdrawn_event_is_told_but_does_not_count(night, model):
    folder, report = night
    store = open_event_columns(folder / "warehouse")
    codes = pq.read_table(report.scores).column("code").to_pylist()
    explanations = [explain(folder / "warehouse", store, model, code) for code in codes]
    events = [e for explanation in explanations for e in explanation["events"]]
    withdrawn = [e for e in events if [r["reason"] for r in e["why_none"]] == ["withdrawn"]]

    assert withdrawn
    assert all(e["withdrawn_on"] <= DAY.isoformat() for e in withdrawn)
    assert not any(e["counts"] or e["indicators"] for e in withdrawn)
    assert all(e["withdrawn_on"] is None for e in events if e["counts"])


def test_a_day_before_anybody_was_known_says_which_day_to_choose(tmp_path):
    random_warehouse(tmp_path / "w")
    early = model_on(Rulebook.load(), load_release(), date(2019, 1, 1))
    with pytest.raises(NothingKnown, match=r"no enterprise was known on 2019-01-01.*2023-"):
        run_night(tmp_path / "w", tmp_path / "out", early)


def test_tables_that_nobody_delivered_are_named(tmp_path, model):
    """A missing table is said, not taken silently for a clean record."""
    random_warehouse(tmp_path / "w", events=0)
    report = run_night(tmp_path / "w", tmp_path / "out", model)

    assert "penalty" in report.not_delivered
    assert "enterprise" not in report.not_delivered
    assert "spared_violation" not in report.not_delivered


@pytest.mark.parametrize("damage", ["run.json", "scores.parquet"])
def test_a_damaged_result_is_made_anew(tmp_path, model, damage):
    random_warehouse(tmp_path / "w")
    first = run_night(tmp_path / "w", tmp_path / "out", model)
    whole = first.scores.read_bytes()
    (tmp_path / "out" / damage).write_bytes(b"")
    again = run_night(tmp_path / "w", tmp_path / "out", model)

    assert not again.repeated
    assert first.scores.read_bytes() == whole


def test_two_nights_into_one_folder_leave_one_whole_night(tmp_path, model):
    """What run.json says is what scores.parquet holds, whoever came last."""
    random_warehouse(tmp_path / "w")
    other = model_on(Rulebook.load(), load_release(), date(2024, 9, 30))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda m: run_night(tmp_path / "w", tmp_path / "out", m), [model, other] * 3))
    provenance = json.loads((tmp_path / "out" / "run.json").read_text())["provenance"]

    assert provenance == provenance_of(tmp_path / "out" / "scores.parquet")


def test_nothing_is_ingested_while_a_night_reads(tmp_path):
    warehouse = random_warehouse(tmp_path / "w")
    refused = pytest.raises(BadInput, match="an ingestion or a night is at work")
    with warehouse.reading(), refused, warehouse.lock():
        pytest.fail("the lock let an ingestion in")


def test_a_pack_out_of_service_issues_no_tiers(tmp_path):
    """The kill switch of the core pack: no tier from that day on, as before on earlier days."""
    rules_folder = tmp_path / "packs"
    rules_folder.mkdir()
    shipped = (files("xhcredit.rules") / "data" / "packs" / "core.yaml").read_text(encoding="utf-8")
    entry = """
  - effective_from: 2025-01-01
    value: {in_service: false, why: 上级叫停}
    verification: proposal
    source: {title: 停用通知, number: 无, article: 无, published_on: 2025-01-01}
"""
    (rules_folder / "core.yaml").write_text(shipped.rstrip() + entry, encoding="utf-8")
    rules = Rulebook.load(tmp_path)

    assert model_on(rules, load_release(), date(2024, 12, 31)).policy.directs
    with pytest.raises(RuleNotInForce, match=r'out of service on 2025-01-01 with its pack "core"'):
        model_on(rules, load_release(), date(2025, 1, 1))


@pytest.mark.parametrize("memory", ["abc", "2", "GB", "-1GB"])
def test_a_wrong_amount_of_memory_is_told(tmp_path, model, memory):
    random_warehouse(tmp_path / "w")
    with pytest.raises(BadInput, match="write it as 2GB"):
        run_night(tmp_path / "w", tmp_path / "out", model, memory=memory)


def test_a_folder_that_cannot_be_written_is_told(tmp_path, model):
    random_warehouse(tmp_path / "w")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritable, match="name another place"):
        run_night(tmp_path / "w", tmp_path / "file", model)


def test_two_nights_at_once_build_one_store(tmp_path, model):
    random_warehouse(tmp_path / "w")
    with ThreadPoolExecutor(2) as pool:
        outs = [tmp_path / "a", tmp_path / "b"]
        first, second = pool.map(lambda out: run_night(tmp_path / "w", out, model), outs)

    assert first.scores.read_bytes() == second.scores.read_bytes()
    assert len(list((tmp_path / "w" / "clustered").iterdir())) == 1


def test_an_empty_warehouse_says_what_to_run(tmp_path, model):
    with pytest.raises(NothingKnown, match='run "xhcredit ingest"'):
        run_night(tmp_path / "none", tmp_path / "out", model)


def test_a_day_without_rules_is_an_error_not_a_guess():
    with pytest.raises(RuleNotInForce, match="first day in force is 2017-10-01"):
        model_on(Rulebook.load(), load_release(), date(2017, 9, 30))


def test_a_release_on_another_scale_than_the_rule_is_refused():
    raw = load_release().as_data()
    for table in raw["tables"]:
        table["scale"]["points_to_double_odds"] = 40
    with pytest.raises(BadRule, match="retrain it on the scale in force"):
        model_on(Rulebook.load(), release_of(raw, "test"), DAY)


def test_an_unknown_enterprise_is_told_so(night, model):
    folder, _ = night
    store = open_event_columns(folder / "warehouse")
    with pytest.raises(UnknownEnterprise, match="check the code"):
        explain(folder / "warehouse", store, model, "91000000000000099X")


KILLED = """
import os, signal, sys
from datetime import date
from importlib.resources import files
from pathlib import Path
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.result_table import provenance_of
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release

calls, limit = [0], int(sys.argv[2])
real = os.replace

def step(*_):
    calls[0] += 1
    if calls[0] == limit:
        os.kill(os.getpid(), signal.SIGKILL)

def replace(*args):  # a kill just before and just after each file becomes visible
    step()
    real(*args)
    step()

os.replace = replace
folder = Path(sys.argv[1])
model = model_on(Rulebook.load(), load_release(), date(2025, 3, 31))
run_night(folder / "w", folder / "out", model, progress=step)
"""


def test_a_kill_along_the_way_leaves_no_night_or_a_whole_one(tmp_path, model):
    random_warehouse(tmp_path / "w")
    expected = run_night(tmp_path / "w", tmp_path / "whole", model)
    limit, killed = 0, True
    while killed:
        limit += 11  # odd: just before and just after a file becomes visible take turns
        shutil.rmtree(tmp_path / "w" / "clustered", ignore_errors=True)
        program = [sys.executable, "-c", KILLED, str(tmp_path), str(limit)]
        done = subprocess.run(program, check=False, capture_output=True)
        assert done.returncode in (0, -9), done.stderr.decode()
        killed = done.returncode != 0
        run = tmp_path / "out" / "run.json"
        if run.exists():
            assert json.loads(run.read_text())["provenance"] == expected.provenance
            scores = tmp_path / "out" / "scores.parquet"
            assert scores.read_bytes() == expected.scores.read_bytes()

    assert limit > 14
    assert Path(tmp_path / "out" / "run.json").exists()
