"""The demo from the shell: what it says, whose clock its commands read, and what it refuses."""

from __future__ import annotations

import shutil

import pytest

from tests.cli.shell import inside
from xhcredit.errors import BadInput
from xhcredit.jobs.demo.draws import FINISHED


def test_a_demo_that_is_there_is_told_of_and_left_alone(demo):
    outcome = inside("demo", "--out", demo.folder, "--json")

    assert outcome.exit_code == 0, outcome.err
    assert outcome.json["repeated"] is True
    assert outcome.json["fallen"]["code"]


def test_it_says_what_to_look_at_and_the_one_command_that_opens_it(demo):
    outcome = inside("demo", "--out", demo.folder)
    code = inside("demo", "--out", demo.folder, "--json").json["fallen"]["code"]

    assert f"xhcredit-serve --demo {demo.folder}" in outcome.out
    assert outcome.out.count(code) == 2
    for word in ("预警 alerts", "抽查 draws", "信用修复 restoration", "fell furthest"):
        assert word in outcome.words


def test_it_writes_over_nothing_that_is_no_demo(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    outcome = inside("demo", "--out", tmp_path, "--anew")

    assert outcome.exit_code == BadInput.exit_code
    assert "no demo of this version" in outcome.err


@pytest.fixture
def demo_copy(demo, tmp_path):
    return shutil.copytree(demo.folder, tmp_path / "demo")


def test_commands_in_a_demo_take_its_day(demo_copy):
    """The day of the machine is long after the demo's; the demo's own morning is 1 July 2026."""
    store, warehouse = demo_copy / "store.db", demo_copy / "warehouse"
    late = inside(
        "score", "--as-of", "2026-08-01", "--warehouse", warehouse, "--out", demo_copy / "n"
    )
    shown = inside("draw", "show", "--store", store, "--json")

    assert "2026-08-01 has not come; choose 2026-07-01" in late.err
    assert shown.exit_code == 0, shown.err


def test_the_shells_verifier_says_that_it_was_a_demo(demo_copy):
    outcome = inside("draw", "verify", demo_copy / "draw" / "record.json")

    assert outcome.exit_code == 0, outcome.err
    assert "demo store with a clock of its own" in outcome.words
    assert FINISHED in (demo_copy / "draw" / "record.json").read_text(encoding="utf-8")
