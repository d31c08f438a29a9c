"""The candidate that the demo submits is what training makes of the sample district."""

import json

from data.sample.candidate import SAMPLE, candidate
from xhcredit.scores.release import release_of


def test_training_on_the_sample_makes_the_shipped_candidate_again(tmp_path):
    shipped = json.loads((SAMPLE / "candidate.json").read_text(encoding="utf-8"))
    made = candidate(tmp_path)

    again, kept = (release_of(dict(r), "test") for r in (made.release, shipped["release"]))
    assert again.digest == kept.digest, "run: python -m data.sample.candidate FILE"
    assert [(g["gate"], g["open"]) for g in made.gates] == [
        (g["gate"], g["open"]) for g in shipped["gates"]
    ]
