"""Everything that an answer may say: each sentence stands in ``sentences.txt``, to be read.

The sentences are those of all written cases, each also put in other circumstances; days are shown
as ``〔日〕`` and ``〔day〕``, so that a sentence stands there once.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.restoration.test_cases import CASES
from xhcredit.errors import XhcreditError
from xhcredit.restoration.as_json import assessment_json
from xhcredit.restoration.assess import assess
from xhcredit.restoration.cases import case_from
from xhcredit.restoration.notice import Parties, notice
from xhcredit.rules.rulebook import Rulebook

BOOK = Rulebook.load()
FILE = Path(__file__).with_name("sentences.txt")
US = Parties("示例食品有限公司", "91310115MA1K3CUM7M", "示例区市场监督管理局", "示罚〔2026〕1号")


def texts_of(part: Any) -> Iterator[str]:
    """All texts of an answer, whatever holds them; ids and titles of rules are left out."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for key, value in part.items():
            if key not in ("basis", "rule", "title", "article"):
                yield from texts_of(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from texts_of(value)


def circumstances(record) -> Iterator[Any]:
    """A record as it is, and as it would be otherwise."""
    day = record.decided_on
    yield record
    yield replace(record, duties_done_on=None, corrected_on=None, pledge=False)
    yield replace(record, harm_remains=True, on_serious_list=True, same_kind_again_on=day)
    yield replace(record, false_materials_on=day, on_abnormal_list=True)
    yield replace(record, decision_revoked_on=day)
    yield replace(record, reorganisation_approved_on=day, duties_done_on=None)


def plainly(text: str) -> str:
    """A sentence without its days, its number in a list and its blanks."""
    text = re.sub(r"\d{4}年\d{1,2}月\d{1,2}日", "〔日〕", text)
    text = re.sub(r"\d{4}-\d{2}-\d{2}", "〔day〕", text)
    return re.sub(r"^\d+\. ", "", " ".join(text.split()))


def sentences(file: str) -> set[str]:
    """Every sentence of the cases of a file in every circumstance, and of their notices."""
    sentences_used: set[str] = set()
    for case in (case_from(case_fields) for name, case_fields in CASES if name == file):
        for number, record in enumerate(circumstances(case.record)):
            try:
                answer = assess(record, applied_on=case.applied_on, rules=BOOK)
                sentences_used |= {plainly(t) for t in texts_of(assessment_json(answer))}
                if number == 0:
                    letter = notice(record, US, BOOK)
                    sentences_used |= {
                        plainly(t) for t in [*letter.text.splitlines(), *letter.lawyer]
                    }
            except XhcreditError:
                continue
    return sentences_used - {""}


def listed() -> set[str]:
    return set(FILE.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("file", sorted({name for name, _ in CASES}))
def test_every_sentence_is_one_that_was_read(file):
    assert sorted(sentences(file) - listed()) == [], "read these, and put them into sentences.txt"


@pytest.mark.slow
def test_every_listed_sentence_is_still_said():
    spoken = set().union(*(sentences(file) for file in {name for name, _ in CASES}))

    assert sorted(listed() - spoken) == [], "nobody says these any more; take them out"
