"""Scores, explanations and indicators of the Python API are those of the night, as known then."""

import numpy as np
import pandas as pd
import pytest

import xhcredit
from tests.api.conftest import SAMPLE, ingest_sample
from xhcredit.errors import (
    BadDeclaration,
    BadInput,
    NothingKnown,
    RuleNotInForce,
    UnknownEnterprise,
)
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on

DAY = "2026-06-30"
BEFORE = "2023-06-30"


@pytest.fixture(scope="module")
def scored(district):
    return xhcredit.score_enterprises(district, DAY)


@pytest.fixture(scope="module")
def explained(district, scored):
    """The explanation of every fortieth enterprise."""
    return {c: xhcredit.explain_enterprise(district, c, DAY) for c in scored.frame.index[::40]}


def test_scores_are_those_that_the_night_writes(district, scored, tmp_path):
    model = model_on(xhcredit.load_rules(), xhcredit.load_release(), scored.as_of)
    report = run_night(district.folder, tmp_path, model)
    night = pd.read_parquet(report.scores).set_index("code")
    plain = [c for c in night if c != "reasons"]

    pd.testing.assert_frame_equal(scored.frame[plain], night[plain])
    assert list(map(str, scored.frame["reasons"])) == list(map(str, night["reasons"]))
    assert (scored.tiers, scored.provenance) == (report.tiers, report.provenance)


def test_an_explanation_adds_up_to_the_score(scored, explained):
    for code, explanation in explained.items():
        row = scored.frame.loc[code]
        weighted = (explanation.scores["points"] * explanation.scores["weight"]).sum()

        assert (explanation.composite, explanation.tier) == (row["composite"], row["tier"])
        assert explanation.decided_by == row["decided_by"]
        assert weighted == pytest.approx(explanation.composite)
        assert explanation.indicators["costs_composite"].is_monotonic_decreasing


@pytest.mark.parametrize("day", [BEFORE, DAY])
def test_nothing_is_shown_that_was_known_only_later(district, day):
    codes = xhcredit.feature_table(district, day).index[::60]
    events = pd.concat([xhcredit.explain_enterprise(district, c, day).events for c in codes])

    assert len(events) > 100
    assert events["known_on"].max() <= day
    assert events["occurred_on"].max() <= day


def test_an_enterprise_without_events_has_an_empty_table(deliveries):
    opened = deliveries.deliver("register.csv")
    code = xhcredit.feature_table(opened, DAY, ids=["age_days"]).index[0]
    events = xhcredit.explain_enterprise(opened, code, DAY).events

    assert len(events) == 0
    assert "known_on" in events.columns


def test_indicators_are_those_that_explain(district, explained):
    table = xhcredit.feature_table(district, DAY, codes=list(explained))
    for code, explanation in explained.items():
        general = explanation.indicators.query("score == 'general'").set_index("indicator")

        np.testing.assert_array_equal(
            general["value"].astype(float), table.loc[code, general.index]
        )


def test_indicators_come_in_the_order_that_was_asked_for(district):
    table = xhcredit.feature_table(district, DAY, ids=["penalties_24m", "age_days"])
    some = list(table.index[[5, 2, 9]])
    part = xhcredit.feature_table(district, DAY, ids=["age_days"], codes=some)

    assert list(table.columns) == ["penalties_24m", "age_days"]
    assert list(part.index) == some
    pd.testing.assert_frame_equal(part, table.loc[some, ["age_days"]])


def test_the_catalogue_describes_every_indicator_of_a_table(district):
    catalogue = xhcredit.feature_catalogue()

    for score in ("general", "x_food", "x_elderly_care", "x_construction"):
        ids = xhcredit.feature_table(district, DAY, score=score).columns
        assert (catalogue.loc[ids, "use"] == "score").all()
    assert (catalogue[["zh", "en", "missing", "source"]].map(len) > 0).all(axis=None)


def test_what_cannot_be_answered_is_refused_in_words(district):
    young = sorted(
        set(xhcredit.feature_table(district, DAY).index)
        - set(xhcredit.feature_table(district, BEFORE).index)
    )
    with pytest.raises(UnknownEnterprise, match=f"was not known on {BEFORE}"):
        xhcredit.feature_table(district, BEFORE, codes=young[:1])
    with pytest.raises(UnknownEnterprise, match=f"was not known on {BEFORE}"):
        xhcredit.explain_enterprise(district, young[0], BEFORE)
    with pytest.raises(UnknownEnterprise, match="no enterprise"):
        xhcredit.feature_table(district, DAY, codes=["91310115MA1K3CUM7M"])
    with pytest.raises(BadDeclaration, match='no score "x_mining"'):
        xhcredit.feature_table(district, DAY, score="x_mining")
    with pytest.raises(BadDeclaration, match='no feature "luck"'):
        xhcredit.feature_table(district, DAY, ids=["luck"])
    with pytest.raises(NothingKnown, match="no enterprise was known"):
        xhcredit.feature_table(district, "1900-01-01")
    with pytest.raises(BadInput, match='as_of "30 June" is not a day'):
        xhcredit.score_enterprises(district, "30 June")
    with pytest.raises(RuleNotInForce, match="2001"):
        xhcredit.score_enterprises(district, "2001-01-01")


def test_a_warehouse_without_data_is_refused(tmp_path):
    with pytest.raises(NothingKnown, match="holds no ingested data"):
        xhcredit.open_warehouse(tmp_path / "nothing")


def test_the_same_files_again_change_nothing(district):
    report = ingest_sample(SAMPLE / "exports", district.folder)

    assert report.entered() == {}
    assert report.warehouse_digest == district.digest
