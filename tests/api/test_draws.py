"""Draws of the Python API: frozen, drawn, verified by both verifiers, refuted when touched."""

import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import yaml

import xhcredit
from tests.walks import ROOT
from xhcredit.errors import BadInput, BadPlan, NothingKnown, NotWritable

SAMPLE = ROOT / "data" / "sample" / "draw"
PLAN = yaml.safe_load((SAMPLE / "plan.yaml").read_text(encoding="utf-8"))
FROZEN_AT, LATER = datetime(2026, 7, 1, 9, tzinfo=UTC), datetime(2026, 7, 3, 9, tzinfo=UTC)
SEED = "3-1-4-1-5-9-2"


def freeze(tiers, plan=PLAN, **other):
    lists = {n: (SAMPLE / f"{n}.csv").read_bytes() for n in ("inspectors", "recusals")}
    terms = {"as_of": "2026-06-30", "draw": "d-1", "committed_at": FROZEN_AT, **lists, **other}
    return xhcredit.freeze_draw(plan, tiers, **terms)


@pytest.fixture(scope="module")
def tiers(district):
    return xhcredit.score_enterprises(district, "2026-06-30").frame["tier"]


@pytest.fixture(scope="module")
def frozen(tiers):
    return freeze(tiers)


@pytest.fixture
def folder(frozen, tmp_path):
    xhcredit.run_draw(frozen, SEED, entered_at=LATER).write(tmp_path)
    return tmp_path


def test_everybody_stands_in_the_frame_with_the_ratio_of_the_tier(frozen, tiers):
    by_tier = frozen.strata.set_index("tier")

    assert by_tier["size"].to_dict() == tiers.value_counts().to_dict()
    assert by_tier["ratio"].to_dict() == PLAN["ratios"]
    assert frozen.commitment["frame_size"] == len(tiers)


def test_the_same_seed_draws_the_same_and_another_seed_another_list(frozen):
    first, again = (xhcredit.run_draw(frozen, SEED, entered_at=LATER) for _ in range(2))
    other = xhcredit.run_draw(frozen, "2-7-1-8-2-8-1", entered_at=LATER)

    assert first.files == again.files
    assert list(first.selected.index) != list(other.selected.index)


def test_as_many_are_drawn_as_the_ratios_say_by_two_inspectors_each(frozen, tiers):
    selected = xhcredit.run_draw(frozen, SEED, entered_at=LATER).selected
    target = sum(len(tiers[tiers == t]) * float(ratio) for t, ratio in PLAN["ratios"].items())

    assert abs(len(selected) - target) < 1
    assert (selected["tier"] == tiers[selected.index]).all()
    assert all(len(set(team)) == PLAN["places"] for team in selected["inspectors"])


def test_both_verifiers_find_that_the_draw_holds(folder):
    verification = xhcredit.verify_draw(folder)
    files = [folder / name for name in ("verify_draw.py", "record.json")]
    alone = subprocess.run([sys.executable, *files], capture_output=True, text=True, check=False)

    assert verification.holds
    assert verification.against == ("commitment", "frame", "inspectors", "recusals")
    assert alone.returncode == 0, alone.stdout + alone.stderr


@pytest.mark.parametrize("name", ["record.json", "commitment.json", "frame.csv", "inspectors.csv"])
def test_a_file_that_was_touched_refutes_the_draw(folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content.replace(b"2", b"3", 1))

    assert not xhcredit.verify_draw(folder).holds


def test_without_the_frame_the_public_part_is_checked(folder):
    (folder / "frame.csv").unlink()
    verification = xhcredit.verify_draw(folder)

    assert verification.holds
    assert "frame" not in verification.against


def test_what_is_no_lawful_draw_is_refused(frozen, tiers):
    with pytest.raises(BadPlan, match="not later than the commitment"):
        xhcredit.run_draw(frozen, SEED, entered_at=FROZEN_AT)
    with pytest.raises(BadInput, match="no time zone"):
        freeze(tiers, committed_at=datetime(2026, 7, 1, 9))  # noqa: DTZ001 - the case
    with pytest.raises(BadPlan, match='tier "E" has no ratio'):
        freeze({"91310115MA1K3CUM7M": "E"})
    with pytest.raises(BadPlan, match="check digit"):
        freeze({"91310115MA1K3CUM7X": "A"})
    with pytest.raises(BadPlan, match="nobody is left in the frame"):
        freeze({})
    with pytest.raises(BadPlan, match='only the design "stratified"'):
        freeze(tiers, PLAN | {"design": "individual", "pause_rounds": 1})
    with pytest.raises(BadPlan, match="1 inspectors per visit"):
        freeze(tiers, PLAN | {"places": 1})
    with pytest.raises(BadPlan, match="nobody on the list of inspectors"):
        freeze(tiers, inspectors=b"inspector,qualifications,unit,capacity\nJ1,food,x,9\n",
               recusals=b"inspector,code,reason\n")  # fmt: skip


def test_a_folder_without_a_record_or_that_cannot_be_written_is_told(frozen, tmp_path):
    with pytest.raises(BadInput, match=r"holds no record\.json"):
        xhcredit.verify_draw(tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(NotWritable, match="file"):
        xhcredit.run_draw(frozen, SEED, entered_at=LATER).write(tmp_path / "file")


def test_an_estimate_counts_everybody_of_the_frame(frozen, tiers):
    """Everybody drawn: the estimate is the count itself."""
    failed = pd.array(np.arange(len(tiers)) % 7 == 0, dtype="boolean")
    frame = pd.DataFrame({"code": tiers.index, "stratum": tiers.array, "tier": tiers.array})
    estimates = xhcredit.estimate_draw(frame.assign(odds="1", drawn=True, failed=failed))

    assert estimates.whole["violations_found"] == estimates.violations == failed.sum()
    assert estimates.groups["tier"]["enterprises"].to_dict() == tiers.value_counts().to_dict()
    with pytest.raises(NothingKnown, match="no drawn enterprise has a result"):
        xhcredit.estimate_draw(frame.assign(odds="1", drawn=True, failed=None))
