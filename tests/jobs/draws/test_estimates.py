"""Estimates of one draw as a job: plain data out of an internal frame with results."""

import json

import numpy as np
import pandas as pd
import pytest

from xhcredit.errors import BadInput, NothingKnown
from xhcredit.jobs.draws.estimates import burden_report, estimate, exploration_report


@pytest.fixture
def frame():
    """600 enterprises in four tiers, one with a pause; every fourth visit found a violation."""
    rows = []
    for tier, size, odds, drawn in [
        ("A", 300, "0.05", 15),
        ("B", 200, "0.1", 20),
        ("D", 80, "0.5", 40),
        ("D", 20, "0", 0),
    ]:
        for n in range(size):
            failed = n % 4 == 0 if n < drawn else None
            rate = {"A": 0.05, "B": 0.1, "D": 0.31}[tier]
            code, stratum = f"{tier}{odds}{n}", f"s-{tier}-{odds}"
            rows.append((code, stratum, odds, n < drawn, failed, tier, rate))
    columns = ["code", "stratum", "odds", "drawn", "failed", "tier", "rate"]
    frame_rows = pd.DataFrame(rows, columns=columns)
    frame_rows["failed"] = frame_rows["failed"].astype("boolean")
    return frame_rows.assign(risk=np.linspace(0, 1, 600), probability=0.25, street="东里")


def test_everything_is_plain_data(frame):
    report = json.loads(json.dumps(estimate(frame), allow_nan=False))

    assert report["drawn"] == 75
    assert report["whole"]["rate"] == pytest.approx((300 * 4 / 15 + 200 / 4 + 100 / 4) / 600)
    assert report["total"]["violations"] == pytest.approx(4 / 0.05 + 5 / 0.1 + 10 / 0.5)
    assert report["total"]["in_pause"] == 20
    assert [g["group"] for g in report["groups"]["tier"]] == ["A", "B", "D"]
    assert report["groups"]["tier"][2]["enterprises"] == 100
    assert report["groups"]["street"][0]["low"] < report["whole"]["rate"] < report["whole"]["high"]
    assert report["comparison"]["violations_found"] == 19
    assert 0 <= report["score"]["auc"]["low"] <= report["score"]["auc"]["high"] <= 1
    assert report["score"]["observed_over_promised"]["value"] == pytest.approx(1.03, abs=0.05)


def test_an_enterprise_without_a_result_is_counted_and_left_out(frame):
    frame.loc[0, "failed"] = pd.NA

    report = estimate(frame)

    assert (report["without_result"], report["groups"]["tier"][0]["visits"]) == (1, 14)


def test_an_individual_design_uses_the_documented_approximation(frame):
    report = estimate(frame.assign(stratum="s01"), design="individual")

    assert report["total"]["method"] == "Deville's approximation"
    assert report["total"]["standard_error"] > 0
    # 300 * 4/15 + 200 * 5/20 + 80 * 10/40 of 600; the shares of visits
    # are far from those of the frame, so an unweighted rate would be 19/75
    assert report["whole"]["rate"] == pytest.approx(150 / 600, abs=0.03)
    assert report["whole"]["low"] < 150 / 600 < report["whole"]["high"]


def test_what_cannot_be_estimated_is_refused(frame):
    with pytest.raises(BadInput, match="no column odds"):
        estimate(frame.drop(columns="odds"))
    with pytest.raises(BadInput, match="twice"):
        estimate(pd.concat([frame, frame.head(1)]))
    with pytest.raises(BadInput, match="was not drawn"):
        estimate(frame.assign(drawn=False))
    with pytest.raises(NothingKnown, match="no drawn enterprise"):
        estimate(frame.assign(failed=pd.NA))


def test_burden_and_exploration_are_reported(frame):
    visits = pd.DataFrame({"code": ["x", "x", "y"], "round": [0, 9, 3]})
    firms = pd.DataFrame({"code": ["x", "y", "z"], "small_or_micro": [True, False, True]})

    report = burden_report(visits, firms, pause=4, rounds_per_year=4, cap=1)

    assert report["plot"] == {"visits": [0, 1, 2], "enterprises": [1, 1, 1]}
    assert report["shares"]["small_or_micro"]["visits"] == pytest.approx(2 / 3)
    with pytest.raises(BadInput, match="y was visited"):
        burden_report(visits, firms.head(1), pause=4, rounds_per_year=4, cap=1)
    explored = exploration_report(frame)
    assert (explored["visits"], explored["violations_found"]) == (35, 9)
    assert explored["hidden"] == pytest.approx(300 * 4 / 15 + 200 * 5 / 20)
