"""The main job from end to end with the real program: exports, warehouse, scores, reasons."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.shell import xhcredit
from xhcredit.errors import UnknownEnterprise
from xhcredit.scores.composite import REASONS

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
DAY = "2026-06-30"
COLUMNS = [
    "code", "as_of", "general", "x_food", "x_elderly_care", "x_construction",
    "composite", "tier", "reasons",
]  # fmt: skip
X = ("x_food", "x_elderly_care", "x_construction")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("district")


@pytest.fixture(scope="module")
def first(folder):
    return whole_job(folder)


def whole_job(folder):
    """Ingest the sample's exports and score its day; what both commands said."""
    mapping, into = SAMPLE / "mappings", folder / "warehouse"
    ingested = xhcredit(
        "ingest", SAMPLE / "exports", "--mapping", mapping, "--into", into, "--json"
    )
    scored = xhcredit("score", "--warehouse", into, "--as-of", DAY, "--out", folder, "--json")
    assert (ingested.exit_code, scored.exit_code) == (0, 0), ingested.err + scored.err
    return {"ingested": ingested.json, "night": scored.json}


@pytest.fixture(scope="module")
def rows(first):
    """What the night wrote, the lowest composite first."""
    return pq.read_table(first["night"]["scores"]).sort_by("composite").to_pylist()


def explained(folder, code):
    outcome = xhcredit(
        "explain", code, "--warehouse", folder / "warehouse", "--as-of", DAY, "--json"
    )
    assert outcome.exit_code == 0, outcome.err
    return outcome.json


@pytest.fixture(scope="module", params=["lowest", "most scores"])
def pair(request, folder, rows):
    """A row of the night and its explanation: the lowest, and who has the most scores."""
    most = max(rows, key=lambda r: sum(r[x] is not None for x in X))
    row = rows[0] if request.param == "lowest" else most
    return row, explained(folder, row["code"])


def test_every_export_goes_in_and_every_enterprise_gets_a_tier(first):
    files = first["ingested"]["files"]

    assert {f["status"] for f in files} == {"entered"}
    assert first["ingested"]["unmatched"] == []
    assert sum(first["night"]["tiers"].values()) == first["night"]["enterprises"] > 1000
    assert all(first["night"]["tiers"].values())
    assert set(first["night"]["scored_x"]) == set(X)


def test_what_is_quarantined_can_be_read_as_a_list(first):
    spoilt = [f for f in first["ingested"]["files"] if f["rows_quarantined"]]

    assert spoilt
    assert all(Path(f["quarantine_csv"]).is_file() for f in spoilt)


def test_the_same_again_changes_nothing(folder, first):
    written = Path(first["night"]["scores"])
    before = written.read_bytes(), written.stat().st_mtime_ns

    again = whole_job(folder)

    assert {f["status"] for f in again["ingested"]["files"]} == {"unchanged"}
    assert again["night"]["repeated"]
    assert again["night"] == first["night"] | {"repeated": True}
    assert (written.read_bytes(), written.stat().st_mtime_ns) == before


def test_the_table_of_scores_has_the_agreed_columns(rows):
    assert list(rows[0])[: len(COLUMNS)] == COLUMNS
    assert {str(r["as_of"]) for r in rows} == {DAY}
    assert len({r["code"] for r in rows}) == len(rows)


def test_points_add_up_to_every_score(pair):
    _, explanation = pair

    for score in explanation["scores"]:
        total = score["base"] + sum(i["points"] for i in score["indicators"])
        assert score["points"] == pytest.approx(min(max(total, 0), 1000), abs=1e-6)


def test_scores_and_weights_add_up_to_the_composite(pair):
    row, explanation = pair
    composite = sum(s["weight"] * s["points"] for s in explanation["scores"])

    assert sum(s["weight"] for s in explanation["scores"]) == pytest.approx(1)
    assert explanation["composite"] == pytest.approx(composite, abs=1e-6)
    assert explanation["composite"] == pytest.approx(row["composite"], abs=1e-6)


def test_the_explanation_tells_what_the_night_wrote(pair):
    row, explanation = pair

    assert (explanation["tier"], explanation["decided_by"]) == (row["tier"], row["decided_by"])
    points = {s["score"]: s["points"] for s in explanation["scores"]}
    for name in ("general", *X):
        assert points.get(name) == (row[name] and pytest.approx(row[name], abs=1e-6))


def test_reasons_are_the_costliest_indicators(pair):
    row, explanation = pair
    costs = {
        (s["score"], i["indicator"]): i["costs_composite"]
        for s in explanation["scores"]
        for i in s["indicators"]
        if i["costs_composite"] > 0
    }
    expected = sorted(costs.values(), reverse=True)[:REASONS]

    assert [r["points_lost"] for r in row["reasons"]] == pytest.approx(expected, abs=1e-6)
    for r in row["reasons"]:
        assert costs[r["score"], r["indicator"]] == pytest.approx(r["points_lost"], abs=1e-6)


def test_only_events_known_by_the_day_stand_behind_it(pair):
    _, explanation = pair

    assert explanation["events"]
    assert max(e["known_on"] for e in explanation["events"]) <= DAY
    assert all(e["source_file"] and int(e["source_row"]) > 0 for e in explanation["events"])


def test_the_tier_is_marked_as_internal(pair):
    assert pair[1]["mark"].startswith("内部参考")


def test_people_read_the_same_and_can_paste_a_code_as_it_comes(folder, rows):
    pasted = f" {rows[0]['code'].lower()}"
    outcome = xhcredit("explain", pasted, "--warehouse", folder / "warehouse", "--as-of", DAY)

    assert f"等级 tier {rows[0]['tier']}" in outcome.out
    assert rows[0]["reasons"][0]["zh"] in outcome.out


def test_an_enterprise_outside_the_register_is_said_to_be_unknown(folder, first):
    outcome = xhcredit("explain", "91310115MA1K3CUM7M", "--warehouse", folder / "warehouse")

    assert outcome.exit_code == UnknownEnterprise.exit_code
    assert outcome.err.startswith("unknown_enterprise: ")
