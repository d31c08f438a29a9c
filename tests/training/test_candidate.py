"""The candidate that the demo submits is what training makes of the sample district."""

import json

import pytest

from data.sample.candidate import SAMPLE, candidate
from xhcredit.scores.release import release_of


def leaves(content, place=""):
    """Each number, word and flag of nested data, by its place."""
    if isinstance(content, dict | list):
        pairs = content.items() if isinstance(content, dict) else enumerate(content)
        for name, inner in pairs:
            yield from leaves(inner, f"{place}.{name}")
    else:
        yield place, content


def test_training_on_the_sample_makes_the_shipped_candidate_again(tmp_path):
    """To eleven digits: linear algebra adds in another order on another kind of processor."""
    shipped = json.loads((SAMPLE / "candidate.json").read_text(encoding="utf-8"))
    trained = candidate(tmp_path)

    again, shipped_leaves = (
        dict(leaves(release_of(dict(release), "test").as_data()))
        for release in (trained.release, shipped["release"])
    )
    assert again.keys() == shipped_leaves.keys()
    wrong = "run: python -m data.sample.candidate FILE"
    for place, value in shipped_leaves.items():
        close = pytest.approx(value, rel=1e-11) if isinstance(value, float) else value
        assert again[place] == close, (place, wrong)
    assert [(g["gate"], g["open"]) for g in trained.gates] == [
        (g["gate"], g["open"]) for g in shipped["gates"]
    ]
