"""Score changes between runs: points are compared, facts are told."""

import json

from xhcredit.jobs.enterprise.score_changes import with_score_changes

FACT = {"value": 10.0, "since": "2026-06-20", "bin": None}


def run_of(number, composite, **points_lost):
    """A run whose reasons count days, each with the points that it costs."""
    reasons = [
        {
            "score": "general", "indicator": name, "zh": name, "en": name,
            **FACT, "value": FACT["value"] + number, "points_lost": points,
        }
        for name, points in points_lost.items()
    ]  # fmt: skip
    return {
        "run": number, "as_of": f"2026-06-{29 + number}", "published_at": "", "tier": "B",
        "composite": composite, "general": composite, "x": {}, "etag": "", "bureau": "",
        "bureaus": "", "body": json.dumps({"reasons": reasons}).encode(),
    }  # fmt: skip


def test_a_value_that_moved_without_a_point_is_no_change():
    latest, oldest = with_score_changes([run_of(1, 700.0, days=5.0), run_of(0, 700.0, days=5.0)])

    assert (latest["moved"], latest["moved_by"], latest["unexplained"]) == (0.0, [], 0.0)
    assert (oldest["moved"], oldest["moved_by"], oldest["unexplained"]) == (None, [], None)


def test_a_reason_that_moved_the_score_tells_its_fact_on_both_days():
    latest, _ = with_score_changes(
        [run_of(1, 690.0, days=5.0, new=12.0), run_of(0, 700.0, days=2.0, gone=1.0)]
    )
    changes = {
        c["indicator"]: (c["before"], c["after"], c["composite"]) for c in latest["moved_by"]
    }

    assert changes == {
        "days": (FACT, FACT | {"value": 11.0}, -3.0),
        "new": (None, FACT | {"value": 11.0}, -12.0),
        "gone": (FACT, None, 1.0),
    }
    assert list(changes) == ["new", "days", "gone"]
    assert latest["unexplained"] == 4.0
