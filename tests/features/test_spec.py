"""The written cases: what each group of indicators says about small lives, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from xhcredit.features.registry import features
from xhcredit.features.worked_cases import read_cases, wrong_values
from xhcredit.rules.field_files import CASES_FILE, SHIPPED_FIELDS, field_folders

SPEC = Path(__file__).parent / "spec"
FILES = {file.stem: file for file in sorted(SPEC.glob("*.md"))} | {
    folder.name: folder / CASES_FILE for folder in field_folders(SHIPPED_FIELDS)
}
CASES = [(group, case) for group, file in FILES.items() for case in read_cases(file)]


@pytest.mark.parametrize(("group", "case"), CASES, ids=[f"{g}: {c.title}" for g, c in CASES])
def test_case(group, case):
    assert list(wrong_values(case, features())) == []


def test_every_scored_indicator_stands_in_a_case():
    """Neighbours need others' events; they are told in test_relation.py."""
    named_in_cases = {name for _, c in CASES for values in c.expected.values() for name in values}
    scored = {f.id for f in features().values() if f.use == "score" and f.aggregate != "neighbours"}

    assert sorted(scored - named_in_cases) == []
