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
    made = pd.DataFrame(rows, columns=columns)
    made["failed"] = made["failed"].astype("boolean")
    return made.assign(risk=np.linspace(0, 1, 600), probability=0.25, street="东里")


def test_everything_is_plain_data(frame):
    got = json.loads(json.dumps(estimate(frame), allow_nan=False))

    assert got["drawn"] == 75
    assert got["whole"]["rate"] == pytest.approx((300 * 4 / 15 + 200 / 4 + 100 / 4) / 600)
    assert got["total"]["violations"] == pytest.approx(4 / 0.05 + 5 / 0.1 + 10 / 0.5)
    assert got["total"]["in_pause"] == 20
    assert [g["group"] for g in got["groups"]["tier"]] == ["A", "B", "D"]
    assert got["groups"]["tier"][2]["enterprises"] == 100
    assert got["groups"]["street"][0]["low"] < got["whole"]["rate"] < got["whole"]["high"]
    assert got["comparison"]["violations_found"] == 19
    assert 0 <= got["score"]["auc"]["low"] <= got["score"]["auc"]["high"] <= 1
    assert got["score"]["observed_over_promised"]["value"] == pytest.approx(1.03, abs=0.05)


def test_an_enterprise_without_a_result_is_counted_and_left_out(frame):
    frame.loc[0, "failed"] = pd.NA

    got = estimate(frame)

    assert (got["without_result"], got["groups"]["tier"][0]["visits"]) == (1, 14)


def test_an_individual_design_uses_the_documented_approximation(frame):
    got = estimate(frame.assign(stratum="s01"), design="individual")

    assert got["total"]["method"] == "Deville's approximation"
    assert got["total"]["standard_error"] > 0


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

    got = burden_report(visits, firms, pause=4, rounds_per_year=4, cap=1)

    assert got["plot"] == {"visits": [0, 1, 2], "enterprises": [1, 1, 1]}
    assert got["shares"]["small_or_micro"]["visits"] == pytest.approx(2 / 3)
    with pytest.raises(BadInput, match="y was visited"):
        burden_report(visits, firms.head(1), pause=4, rounds_per_year=4, cap=1)
    explored = exploration_report(frame)
    assert (explored["visits"], explored["violations_found"]) == (35, 9)
    assert explored["hidden"] == pytest.approx(300 * 4 / 15 + 200 * 5 / 20)
