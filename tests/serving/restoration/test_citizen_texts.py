"""Do the pages about restoration call things what the directory and the law call them?"""

import re
from pathlib import Path

import xhcredit_serving.console
from xhcredit_serving.console.restoration.calculator import QUESTIONS_BY_STEP
from xhcredit_serving.console.shell.language import translated

from xhcredit.ingest.schema import directory
from xhcredit.restoration import citizen_texts

TEMPLATE = Path(xhcredit_serving.console.__file__).parent / "templates" / "restoration_words.html"


def words_of(macro):
    """The English words of a macro of the template, by what they stand for."""
    text = TEMPLATE.read_text(encoding="utf-8")
    body = text.split(f"macro {macro}(")[1].split("endmacro")[0]
    return dict(re.findall(r'"(\w+)": _\("([^"]+)"\)', body))


def test_kinds_of_penalty_are_called_as_the_directory_calls_them():
    named = directory()["penalty"].column("penalty_kinds").values
    kind_names = {kind: translated(words_of("means")[kind], language="zh") for kind, _ in named}

    assert kind_names == dict(named)
    assert dict(named) == citizen_texts.KINDS


def test_everything_that_is_asked_and_may_be_answered_has_words():
    questions = [question for page in QUESTIONS_BY_STEP.values() for question in page.items()]

    assert [name for name, _ in questions if name not in words_of("asks")] == []
    assert [
        c for _, question in questions for c in question.choices if c not in words_of("means")
    ] == []
