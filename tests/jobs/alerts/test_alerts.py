"""The night's alerts on a district: proven triggers only, once per night, and no tier moves."""

from datetime import date

import pyarrow.parquet as pq
import pytest

from tests.jobs.warehouses import random_warehouse
from xhcredit.errors import BadInput
from xhcredit.jobs.alerts.back_test import back_test, store_back_tests
from xhcredit.jobs.alerts.follow_up import cluster
from xhcredit.jobs.alerts.nightly_update import update_alerts
from xhcredit.jobs.night.publish import publish
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.alerts.alert_queries import AlertQuery
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

DAY = date(2025, 3, 31)
BOOK = Rulebook.load()
ACT = Act("night", "alert.update", "test")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alerts") / "w"
    random_warehouse(folder, 3, 400)
    return folder


@pytest.fixture
def store(tmp_path):
    with Store.open(str(tmp_path / "s.db")) as opened:
        yield opened


@pytest.fixture(scope="module")
def proofs(warehouse):
    return back_test(warehouse, BOOK, DAY, propose=True)


def test_without_a_back_test_no_trigger_speaks(warehouse, store):
    done = update_alerts(warehouse, store, BOOK, DAY, ACT)

    assert (done.raised, done.detections) == (0, 0)
    assert "serious_listed" in done.waiting


def test_a_back_test_says_how_many_how_early_how_right(proofs):
    proof_by_trigger = {p["trigger"]: p for p in proofs[1]}

    listed = proof_by_trigger["serious_listed"]
    assert listed["alerts"] > 0
    assert 0 <= listed["lowest"] <= listed["right"] <= listed["highest"] <= 1
    assert listed["lead_days"] > 0
    assert proof_by_trigger["penalties_often"]["proposed_at_least"] >= 2
    assert "tier_fell" not in proof_by_trigger


def test_past_tiers_are_computed_where_a_release_is_given(warehouse):
    _, reports = back_test(warehouse, BOOK, DAY, only=["tier_fell"], release=load_release())

    assert [p["trigger"] for p in reports] == ["tier_fell"]
    assert reports[0]["alerts"] > 0


def test_a_trigger_that_is_not_in_force_cannot_be_tried(warehouse):
    with pytest.raises(BadInput, match='no trigger "nosuch" in force'):
        back_test(warehouse, BOOK, DAY, only=["nosuch"])


def test_the_same_night_again_does_nothing_and_the_next_tells_only_news(warehouse, store, proofs):
    data_digest, reports = proofs
    assert store_back_tests(store, ACT, DAY, data_digest, reports) == len(reports)
    first = update_alerts(warehouse, store, BOOK, DAY, ACT)
    again = update_alerts(warehouse, store, BOOK, DAY, ACT)

    assert first.raised == len(store.alerts.read_page(AlertQuery(limit=1000))) > 0
    assert first.waiting == ["tier_fell", "tier_fell_far"]
    assert (again.repeated, again.raised) == (True, first.raised)
    assert len(store.alerts.read_page(AlertQuery(limit=1000))) == first.raised
    tomorrow = update_alerts(warehouse, store, BOOK, date(2025, 4, 1), ACT)
    assert tomorrow.told_before + tomorrow.quiet >= first.raised / 2


def test_evidence_names_the_rows_behind_an_alert(warehouse, store, proofs):
    store_back_tests(store, ACT, DAY, *proofs)
    update_alerts(warehouse, store, BOOK, DAY, ACT)
    alerts = store.alerts.read_page(AlertQuery(limit=1000))
    evidence_by_alert = [
        (a, e) for a in alerts for e in a["evidence"]["events"] if a["kind"] == "enterprise"
    ]

    assert len(evidence_by_alert) > 0
    for alert, event in evidence_by_alert:
        assert event["source_file"] == "test.csv"
        assert event["known_on"] <= DAY.isoformat()
        assert event["code"] == alert["code"] or alert["trigger"] == "related_to_serious"


def test_a_warning_alone_never_changes_a_tier(warehouse, store, proofs, tmp_path):
    def night(name):
        run_night(warehouse, tmp_path / name, model_on(BOOK, load_release(), DAY))
        return pq.read_table(tmp_path / name / "scores.parquet")

    before = night("before")
    publish(tmp_path / "before", store, actor="night", release=load_release().as_data())
    store_back_tests(store, ACT, DAY, *proofs)
    assert update_alerts(warehouse, store, BOOK, DAY, ACT).raised > 0
    after = night("after")

    assert before.equals(after)
    assert before.schema.metadata == after.schema.metadata
    assert publish(tmp_path / "after", store, actor="night").repeated


def test_the_cluster_of_an_enterprise_is_a_picture(warehouse):
    code = f"9100000000000000{3:02d}"
    picture = cluster(warehouse, BOOK, code, DAY)

    ids = {n["id"] for n in picture["nodes"]}
    assert picture["nodes"][0]["id"] == code
    assert all(e["enterprise"] in ids and e["node"] in ids for e in picture["edges"])
    assert picture["size"] == sum(n["kind"] == "enterprise" for n in picture["nodes"])
