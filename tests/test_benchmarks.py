"""What `make bench` promises: every part can be started, and every target has a part."""

import importlib.util
import re
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.everything import PARTS, Part, missing, run

ROOT = Path(__file__).parents[1]
#: shown by no page (S7d only then), and measured by browser tests (S15)
ELSEWHERE = {"S7d", "S15"}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_part_names_a_program_and_files_that_are_there(part):
    for words in filter(None, (part.words, part.quick)):
        assert importlib.util.find_spec(words[0]) is not None
        files = [word for word in words if word.startswith("tests/")]
        assert [file for file in files if not (ROOT / file).exists()] == []


def test_every_target_has_a_part():
    part_targets = " ".join(part.targets for part in PARTS)
    wanted = {f"A{n}" for n in range(1, 7)} | {f"D{n}" for n in range(1, 5)}
    wanted |= {f"S{n}" for n in range(1, 16)} | {f"R{n}" for n in range(1, 6)} | {"S7b", "S7c"}

    assert wanted - set(re.findall(r"\b[ADRS]\d+[bc]?\b", part_targets)) - ELSEWHERE == set()


def test_what_a_part_prints_is_kept_and_a_failure_is_told(tmp_path):
    part = Part("help", "", ())
    quiet = Console(quiet=True)

    assert run(part, ("benchmarks.everything", "--help"), quiet, tmp_path)[0] == "measured"
    assert "--quick" in (tmp_path / "help.txt").read_text()
    assert run(part, ("benchmarks.everything", "nope"), quiet, tmp_path)[0] == (
        "FAILED, exit code 2"
    )
    assert "invalid choice" in (tmp_path / "help.txt").read_text()


def test_what_cannot_be_measured_here_says_why(monkeypatch, tmp_path):
    monkeypatch.setenv("XHCREDIT_REAL_DATA", str(tmp_path / "none"))

    assert "set XHCREDIT_REAL_DATA" in missing(Part("x", "", (), needs=("data",)))
    assert missing(Part("x", "", (), needs=("no-such-program",))) == (
        '"no-such-program" is not installed'
    )
    assert missing(Part("x", "", ())) == ""
