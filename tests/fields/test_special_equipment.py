"""A district adds 特种设备 (special equipment) by one folder of its own: from a CSV to a draw.

No file of ours knows of it: every step is a command that is given the district's folder.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner
from xhcredit_training.cli import app
from xhcredit_training.sample_io import load_sample

from tests.cli.shell import inside
from tests.fields.exports import write_inspections
from tests.walks import ROOT
from xhcredit.cli.clock import today
from xhcredit.scores.release import load_release
from xhcredit.store.store import Store
from xhcredit.store.watchlist import WatchlistQuery

pytestmark = pytest.mark.slow

RULES = Path(__file__).parent / "district"
WITH_RULES = ("--rules", RULES)
MAPPINGS = RULES / "fields/special_equipment/mappings"
SAMPLE = ROOT / "data/sample"
X, TRIGGER, DAY = "x_special_equipment", "special_equipment_failed", "2026-06-30"
PLAN = {
    "id": "tz-2026",
    "bureau": "示例区市场监督管理局",
    "title": "特种设备使用单位抽查",
    "kind": "annual",
    "period": {"first": "2026-01-01", "last": "2026-12-31"},
    "fields": ["special_equipment"],
    "items": ["special_equipment_use"],
    "scope": {"x": X},
    "ratios": {"A": "0.03", "B": "0.1", "C": "0.3", "D": "0.5"},
    "places": 2,
    "qualification": "special_equipment",
    "pause_rounds": 1,
    "published_on": "2026-03-01",
    "filed_no": "1号",
    "seed_source": "体彩 2026-07-03",
    "seed_due": "2026-07-03",
}


def done(*words):
    """What a command printed; it must have succeeded."""
    call = inside(*words)
    assert call.exit_code == 0, call.err
    return call


def trained(*words):
    """What a command of ``xhcredit-train`` printed; it must have succeeded."""
    ran = CliRunner().invoke(app, list(map(str, words)))
    assert ran.exit_code == 0, (ran.output, ran.exception)
    return ran.output


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    """A folder with a warehouse: the sample's register, and the department's own export."""
    folder = tmp_path_factory.mktemp("district")
    register, export = SAMPLE / "exports/register.csv", folder / "特种设备检查台账.csv"
    write_inspections(export, register)
    for file, mapping in ((register, SAMPLE / "mappings/register.yaml"), (export, MAPPINGS)):
        done("ingest", file, "--mapping", mapping, "--into", folder / "warehouse")
    return folder


@pytest.fixture(scope="module")
def night(district):
    """The district with a published night of the expert tables."""
    scored(district, district / "night")
    return district


def scored(district, out):
    places = ("--warehouse", district / "warehouse", "--out", out, "--store", district / "store.db")
    return done("score", "--as-of", DAY, *places, *WITH_RULES, "--json").json


@pytest.fixture(scope="module")
def run(night):
    """A run that was trained on the district's own field."""
    sample, runs = night / "s.parquet", night / "runs"
    days = ("--from", "2020-03-31", "--to", "2025-03-31")
    where = ("--warehouse", night / "warehouse", "--score", X)
    trained("sample", "--out", sample, *where, *days, *WITH_RULES)
    fitted = ("--model", "woe", "--name", "lifts", "--runs", runs, "--on", DAY)
    trained("fit", sample, *fitted, *WITH_RULES)
    return runs / "lifts"


def rows_in_scope(folder):
    rows = pq.read_table(folder / "scores.parquet").to_pylist()
    return {row["code"]: row for row in rows if row[X] is not None}


def test_who_uses_special_equipment_has_the_score_and_its_reasons(night):
    with (night / "特种设备检查台账.csv").open(encoding="utf-8") as lines:
        inspected = {row["使用单位代码"] for row in csv.DictReader(lines)}
    rows = rows_in_scope(night / "night")
    lowest = min(rows, key=lambda code: rows[code][X])

    explanation = done(
        "explain", lowest, "--warehouse", night / "warehouse", "--as-of", DAY, *WITH_RULES, "--json"
    ).json

    assert rows.keys() <= inspected
    assert len(rows) > 1000
    [x_score] = [score for score in explanation["scores"] if score["score"] == X]
    assert x_score["points"] == pytest.approx(rows[lowest][X])
    assert x_score["weight"] == pytest.approx(0.3 / 0.9, abs=1e-3)
    assert "近36个月特种设备检查问题率（平滑）" in [i["zh"] for i in x_score["indicators"]]


def test_the_watchlist_is_filtered_by_the_field(night):
    with Store.open(str(night / "store.db")) as store:
        page = store.watchlist.page(WatchlistQuery(field=(X,)), 10**4)

    assert {row["code"] for row in page.rows} == rows_in_scope(night / "night").keys()


def test_a_trigger_of_the_field_is_proven_and_raises_alerts_for_its_departments(night):
    where = ("--warehouse", night / "warehouse", "--store", night / "store.db")
    done("alerts", "backtest", TRIGGER, "--as-of", DAY, *where, *WITH_RULES)

    done("alerts", "run", "--as-of", DAY, *where, *WITH_RULES)

    alerts = done("alerts", "list", "--as-of", DAY, *where[2:], *WITH_RULES, "--json").json
    assert {alert["trigger"] for alert in alerts} == {TRIGGER}
    assert {alert["subject"] for alert in alerts} <= rows_in_scope(night / "night").keys()


def test_a_model_learns_from_the_indicators_of_the_field_alone(run):
    sample, _ = load_sample(run.parents[1] / "s.parquet")
    release = load_release(run / "release.json")

    assert set(sample.ids) == {
        "special_equipment_inspections_failed_24m",
        "special_equipment_inspection_failed_share_36m",
        "last_special_equipment_inspection_failed",
        "special_equipment_penalties_36m",
    }
    assert release.tables[X].name_zh == "特种设备安全专业分"
    assert set(load_release().tables) < set(release.tables)


def test_a_release_with_the_field_is_submitted_approved_and_switched_on(night, run):
    store, sample = ("--store", night / "store.db"), ("--sample", run.parents[1] / "s.parquet")
    trained("gates", run, *sample, "--on", DAY, *WITH_RULES)
    trained(
        "submit",
        run,
        *sample,
        "--why",
        "首版",
        "--actor",
        "modeler",
        "--on",
        DAY,
        *store,
        *WITH_RULES,
    )
    for officer in ("li", "wu"):
        done("models", "approve", 1, "--why", "已核对", "--actor", officer, *store)
    where = ("--warehouse", night / "warehouse", "--out", night / "shadow")
    done("models", "shadow", 1, "--as-of", today().isoformat(), *where, *store, *WITH_RULES)
    switch = ("--from", today().isoformat(), "--why", "首版", "--actor", "li")
    done("models", "switch", 1, *switch, *store, *WITH_RULES)

    places = ("--warehouse", night / "warehouse", "--out", night / "later")
    report = done(
        "score", "--as-of", today().isoformat(), *places, *store, *WITH_RULES, "--json"
    ).json
    assert X in report["scored_x"]
    assert json.loads((night / "later/run.json").read_bytes())["provenance"]["release"] == "lifts"


def test_users_of_special_equipment_are_drawn_for_its_item(night, tmp_path):
    store, out = ("--store", night / "store.db"), tmp_path / "draw"
    people = "inspector,qualifications,unit,capacity\n" + "".join(
        f"I{n},special_equipment,一所,90\n" for n in range(20)
    )
    (tmp_path / "inspectors.csv").write_text(people, encoding="utf-8")
    (tmp_path / "recusals.csv").write_text("inspector,code,reason\n", encoding="utf-8")
    plan = tmp_path / "plan.yaml"
    plan.write_text(yaml.safe_dump(PLAN, allow_unicode=True), encoding="utf-8")
    lists = (
        "--inspectors", tmp_path / "inspectors.csv", "--recusals", tmp_path / "recusals.csv",
    )  # fmt: skip
    done("draw", "plan", plan, "--on", "2026-03-01", *store, *WITH_RULES)
    where = ("--as-of", DAY, "--warehouse", night / "warehouse", "--out", out)
    done("draw", "freeze", "tz-1", "--plan", PLAN["id"], *where, *lists, *store, *WITH_RULES)
    done("draw", "seed", "tz-1", "1 2 3", "--source", PLAN["seed_source"], *store)
    done("draw", "run", "tz-1", "--out", out, *store)

    record = json.loads((out / "record.json").read_bytes())
    drawn = {selected["code"] for selected in record["selected"]}
    assert drawn
    assert drawn <= rows_in_scope(night / "night").keys()
