"""Does the program answer the lawyers' cases as they expect?"""

from collections import Counter
from pathlib import Path

import pytest

from xhcredit.restoration.cases import case_from, differences, line_of, load_cases
from xhcredit.rules.rulebook import Rulebook

FOLDER = Path(__file__).parent.parent / "cases" / "restoration"
FILES = sorted(FOLDER.glob("*.yaml"))
CASES = [(file.stem, case) for file in FILES for _, case in load_cases(file)]
BOOK = Rulebook.load()


@pytest.mark.parametrize(
    ("file", "case_fields"), CASES, ids=lambda x: x if isinstance(x, str) else ""
)
def test_the_answer_is_what_the_lawyer_expects(file, case_fields):
    case = case_from(case_fields)

    assert list(differences(case, case.answer(BOOK))) == []


def test_there_are_enough_cases_and_each_says_its_source_and_what_it_expects():
    assert len(CASES) >= 60
    assert [
        g["name"] for _, g in CASES if not g.get("source") or "eligible" not in g["expect"]
    ] == []


def test_names_are_told_apart():
    twice = [n for n, count in Counter((f, g["name"]) for f, g in CASES).items() if count > 1]

    assert twice == []


def test_a_line_has_the_fixed_keys_in_order():
    case = case_from(CASES[0][1])

    assert list(line_of(case.name, case.answer(BOOK))) == [
        "name",
        "eligible",
        "earliest_on",
        "publication_ends_on",
        "unmet",
        "severity",
    ]


def test_a_wrong_expectation_is_told():
    case = case_from(CASES[0][1] | {"expect": {"eligible": False}})

    assert list(differences(case, case.answer(BOOK))) == [
        f"{case.name}: eligible: expected False, answered True"
    ]
