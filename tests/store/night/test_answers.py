"""Stored bodies become answers: days are counted, run and tier before are added."""

import json

import pytest

from xhcredit.store.night.answers import answer_etag, complete_answer

STANDING = {"value": 1.0, "since": None, "bin": None}
COUNTED = {"value": None, "since": "2026-03-14", "bin": None}
BINNED = {"value": None, "since": None, "bin": {"at_least": 0.05, "below": None}}


def stored(*reasons, name="甲"):
    """A stored body with some reasons."""
    content = {"code": "91", "name": name, "reasons": list(reasons)}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def completed(body, as_of="2026-06-30", run=7, previous_tier="B"):
    return json.loads(complete_answer(body, run, as_of, previous_tier))


def test_an_answer_says_its_run_its_day_and_the_tier_before():
    answer = completed(stored(STANDING, BINNED))

    assert answer == {
        "run": 7, "as_of": "2026-06-30", "previous_tier": "B",
        "code": "91", "name": "甲", "reasons": [STANDING, BINNED],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("as_of", "days"),
    [("2026-03-14", 0.0), ("2026-03-15", 1.0), ("2026-06-30", 108.0), ("2028-03-14", 731.0)],
)
def test_days_are_counted_from_the_day_of_the_fact_to_that_of_the_answer(as_of, days):
    answer = completed(stored(STANDING, COUNTED, COUNTED), as_of)

    assert [r["value"] for r in answer["reasons"]] == [1.0, days, days]
    assert [r["since"] for r in answer["reasons"]] == [None, "2026-03-14", "2026-03-14"]


def test_a_text_that_looks_like_a_reason_is_left_alone():
    name = 'x"value":null,"since":"2026-03-14","as_of":"y'
    answer = completed(stored(COUNTED, name=name))

    assert answer["name"] == name
    assert answer["reasons"][0]["value"] == 108.0


def test_an_answer_of_a_store_from_before_is_read_as_it_stands():
    reason = {"indicator": "age_days", "value": 63.0}
    before = {"run": 3, "as_of": "2026-06-01", "previous_tier": "", "reasons": [reason]}
    body = json.dumps(before, separators=(",", ":")).encode()

    assert completed(body) == {**before, "reasons": [{**reason, "since": None, "bin": None}]}
    assert answer_etag(body, 7, "2026-06-30", "B") == answer_etag(body, 8, "2026-07-01", "C")


def test_whatever_an_answer_says_its_tag_names():
    body = stored(COUNTED)
    tags = {
        answer_etag(body, 7, "2026-06-30", "B"),
        answer_etag(body, 8, "2026-06-30", "B"),
        answer_etag(body, 7, "2026-07-01", "B"),
        answer_etag(body, 7, "2026-06-30", "C"),
        answer_etag(stored(STANDING), 7, "2026-06-30", "B"),
    }

    assert len(tags) == 5
    assert answer_etag(body, 7, "2026-06-30", "B") in tags
