"""The reader of text tables refuses what it would otherwise pass over in silence."""

from __future__ import annotations

import pytest

from xhcredit.features.worked_cases import number, read_cases


def test_a_case_that_expects_nothing_is_refused(tmp_path):
    file = tmp_path / "table.txt"
    file.write_text("## empty\npenalty:\n| occurred_on |\n| 2026-01-01 |\n", encoding="utf-8")

    with pytest.raises(ValueError, match='case "empty" expects nothing'):
        read_cases(file)


def test_a_word_is_no_number():
    with pytest.raises(ValueError, match='"one" is no number'):
        number("one")
