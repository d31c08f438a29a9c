"""The walks of the house rules find what is planted for them, and nothing in clean text."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests import walks

CLEAN = '''
"""A module that keeps the rules."""

def test_it():
    with pytest.raises(BadRule, match="what was found"):
        book.rule("nosuch")
'''


def complaints(walk, text, name="planted.py", **limits):
    return list(walk(name, dedent(text).strip("\n"), **limits))


def long_parts(name, text):
    return walks.long_parts(name, text, file=8, function=4)


WALKS = [
    long_parts, walks.blind_raises, walks.mocks, walks.clocks, walks.machine_clocks,
    walks.durations, walks.bare_numbers,
    walks.undocumented_package, walks.unexplained, walks.banned_text,
]  # fmt: skip


@pytest.mark.parametrize("walk", WALKS, ids=lambda w: w.__name__)
def test_clean_text_passes(walk):
    assert complaints(walk, CLEAN) == []


def test_long_files_are_found():
    assert complaints(long_parts, "x = 0\n" * 9) == [
        "planted.py: 9 lines; split it by what its parts answer (at most 8)"
    ]


def test_long_functions_are_found_and_a_docstring_does_not_make_them_longer():
    body = "def f():\n" + "    x = 0\n" * 4
    source_text = 'def f():\n    """One.\n\n    Two.\n    """\n' + "    x = 0\n" * 3

    assert "f has 5 lines; give its steps names" in complaints(long_parts, body)[0]
    assert complaints(long_parts, source_text) == []


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import date\nday = date.today()",
        "from datetime import date as d\nday = d.today()",
        "import datetime as dt\nmoment = dt.datetime.now(dt.UTC)",
        "import time\nread = time.time",
        "from time import time_ns\nread = time_ns",
        "import pandas as pd\nmoment = pd.Timestamp.now()",
        'query = "SELECT current_date"',
        "query = f\"SELECT date('now') FROM {table}\"",
        'query = "SELECT NOW()"',
    ],
)
def test_whatever_asks_the_machine_for_the_day_is_found(text):
    assert "take the day from" in " ".join(complaints(walks.machine_clocks, text))


@pytest.mark.parametrize(
    "text", ["import time\nt = time.perf_counter()", "a = champion.now()", 'b = "it is known now"']
)
def test_durations_and_other_things_called_now_pass(text):
    assert complaints(walks.machine_clocks, text) == []


@pytest.mark.parametrize(
    "text",
    ["import time\nt = time.perf_counter()", "from time import monotonic as tick\nt = tick()"],
)
def test_own_stopwatches_are_found(text):
    assert "measure with the stopwatch" in complaints(walks.durations, text)[0]


def test_lines_that_name_any_are_found_once_and_imports_pass():
    text = (
        "from typing import Any\n\ndef f(a: Any) -> Any:\n    b: dict[str, Any] = a\n    return b"
    )

    assert [line.split(":")[1] for line in complaints(walks.untyped_lines, text)] == ["3", "4"]


@pytest.mark.parametrize("call", ["pytest.raises(ValueError)", "raises(ValueError)"])
def test_raises_without_match_is_found(call):
    assert (
        "planted.py:1: raises without match"
        in complaints(walks.blind_raises, f"with {call}: f()")[0]
    )


@pytest.mark.parametrize(
    "text",
    [
        "import unittest.mock",
        "from unittest import mock",
        "from unittest.mock import patch",
        "import pytest_mock",
        "def test_it(mocker): ...",
    ],
)
def test_mocks_are_found(text):
    assert "planted.py:1: a mock; write a small real thing" in complaints(walks.mocks, text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "time.sleep(1)",
        "datetime.date.today()",
        "date.today()",
        "datetime.now(UTC)",
        "from time import perf_counter\nperf_counter()",
        "from time import monotonic as tick\ntick()",
        "import time as t\nt.time()",
        "from datetime import datetime as moment\nmoment.now(UTC)",
        "import datetime as dt\ndt.date.today()",
        "def test_it():\n    from time import process_time\n    process_time()",
        "from time import perf_counter\nclock = perf_counter",
    ],
)
def test_clocks_are_found_whatever_they_are_called(text):
    assert "give the test its own day" in complaints(walks.clocks, text)[0]


def test_names_that_only_sound_like_clocks_pass():
    assert (
        complaints(walks.clocks, "from book import now\nbook.now(); page.time(); sleep = 3") == []
    )


@pytest.mark.parametrize(
    "text", ["publication = {'serious': 12}", "if months >= 36: ...", "x = 0.6"]
)
def test_legal_numbers_are_found(text):
    assert "put it into a dated rule" in complaints(walks.bare_numbers, text)[0]


def test_silent_packages_are_found():
    assert "no docstring" in complaints(walks.undocumented_package, "x = 0", "a/__init__.py")[0]


@pytest.mark.parametrize("text", ["x = 1  # noqa", "x = 1  # noqa: S101", "x = 1  # noqa - why"])
def test_silenced_linters_without_a_reason_are_found(text):
    assert "write `noqa: X000 - why`" in complaints(walks.unexplained, text)[0]


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        (("see /", "work/", "main"), "path of one machine"),
        (("open('/", "home/", "li/x.csv')"), "path of one machine"),
        (("https://py", "pi.org/", "simple"), "package registry"),
        (("https://mirr", "ors.example.", "cn"), "package registry"),
        (("--index", "-url=x"), "package registry"),
        (("-----BEGIN RSA PRIV", "ATE KEY", "-----"), "a secret"),
        (("gh", "p_", "a" * 36), "a secret"),
    ],
)
def test_what_no_file_may_hold_is_found(parts, what):
    assert what in complaints(walks.banned_text, "".join(parts))[0]


@pytest.mark.parametrize(
    "parts",
    [("https://example.cn/wo", "rk/2.html"), ("out/wo", "rk/x"), ("w/ho", "me/x"), ("1/2",)],
)
def test_addresses_and_relative_paths_are_no_paths_of_a_machine(parts):
    assert complaints(walks.banned_text, "".join(parts)) == []


def test_rule_ids_are_found_where_they_stand_alone():
    text = '''
    """Reads tiers.caps."""
    cutoffs = rules.value("tiers.cutofs", as_of=day)  # a slip that is to be found
    words = "the rule tiers.direct of that day"
    out = folder / "scores.parquet"
    '''

    assert walks.rule_ids(dedent(text), {"tiers", "scores"}) == {"tiers.cutofs": 3}


def test_a_lock_without_hashes_is_found():
    lock = (
        "a-b==1.0 \\\n  --hash=sha256:00 \\\n  --hash=sha256:01\nC_d==2.0 ; python_version < '4'\n"
    )

    assert walks.pins(lock) == {"a-b": ("1.0", 2), "c-d": ("2.0", 0)}
