"""The written cases: what each group of indicators says about small lives, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.features.tables import Case, read_cases
from xhcredit.engine.compile import with_inputs
from xhcredit.engine.one_enterprise import compute_one
from xhcredit.features.registry import features

SPEC = Path(__file__).parent / "spec"
CASES = [(file.stem, case) for file in sorted(SPEC.glob("*.md")) for case in read_cases(file)]


@pytest.mark.parametrize(("group", "case"), CASES, ids=[f"{g}: {c.title}" for g, c in CASES])
def test_case(group: str, case: Case):
    for as_of, expected in case.expected.items():
        wanted = with_inputs(list(expected), features())

        values = compute_one(wanted, case.events, as_of)

        for name, value in expected.items():
            assert values[name] == pytest.approx(value, rel=1e-6, nan_ok=True), (name, as_of)


def test_every_scored_indicator_stands_in_a_case():
    """Neighbours need others' events; they are told in test_relation.py."""
    named_in_cases = {name for _, c in CASES for values in c.expected.values() for name in values}
    scored = {f.id for f in features().values() if f.use == "score" and f.aggregate != "neighbours"}

    assert sorted(scored - named_in_cases) == []
