"""What is mutated, what is left out and why, and that a changed token does kill or survive."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.mutation import __main__ as program
from tests.mutation import covering as recording
from tests.mutation import mutants as source
from tests.mutation.trial import Trial, anew, forked, verdict_of
from tests.walks import ROOT, python_files

TIERS = source.found_in("xhcredit/tiers/assign.py")


def test_properties_constants_and_conditions_are_mutated_too():
    conditions = source.found_in("xhcredit/features/conditions.py")
    points = source.found_in("xhcredit/scores/points.py")

    assert {"PointsTable.digest", "Indicator._fits", ""} <= {m.function for m in points}
    assert any("'closure_' in penalty_kinds" in m.after for m in conditions)
    assert any(m.before.count(" or ") > m.after.count(" or ") for m in conditions)


def test_a_mutant_changes_one_place_of_a_file_that_still_compiles():
    for mutant in TIERS[::10]:
        changed = source.source_with(mutant)
        compile(changed, mutant.path, "exec")

        assert changed != (ROOT / mutant.path).read_text(encoding="utf-8")


def test_every_mutant_has_a_key_of_its_own_and_a_sample_is_drawn_by_it():
    assert len({m.key for m in TIERS}) == len(TIERS)
    drawn = source.drawn(TIERS, 20, seed=1)

    assert drawn == source.drawn(reversed(TIERS), 20, seed=1)
    assert drawn != source.drawn(TIERS, 20, seed=2)
    # who is gone leaves the others where they were
    assert source.drawn([m for m in TIERS if m != drawn[0]], 19, seed=1) == drawn[1:]


def test_mutants_are_listed_once_for_the_content_of_a_file(tmp_path):
    path = "xhcredit/tiers/assign.py"

    assert source.stored(path, tmp_path) == source.stored(path, tmp_path) == TIERS
    assert len(list(tmp_path.iterdir())) == 1


def test_what_covers_a_line_is_read_again_for_the_content_of_sources_and_tests(tmp_path):
    packages, group = ["xhcredit/tiers"], ["tests/tiers"]
    recording_path = Path(recording.__file__).relative_to(ROOT).as_posix()
    key = recording.content(group, recording.content([*packages, recording_path]))
    known = {"tests": ["", "a", "b"], "lines": {"x.py": {"3": [1], "4": [1, 2]}},
             "seconds": {"a": 0.5, "b": 1}, "failed": ["b"]}  # fmt: skip
    (tmp_path / f"{key}.json").write_text(json.dumps(known))
    read = recording.covering(packages, [group], 1, tmp_path)

    assert (read.of_lines("x.py", 3, 3), read.of_lines("x.py", 3, 4)) == ({"a"}, {"a", "b"})
    assert (read.seconds, read.failed) == ({"a": 0.5, "b": 1}, {"b"})
    assert recording.content(["tests/draws"], "") != recording.content(["tests/tiers"], "")
    assert recording.content(group, "") != recording.content(group, "other sources")


def test_what_is_left_out_is_named_with_its_reason_and_under_one_in_a_hundred():
    listed = yaml.safe_load(program.EXCLUDED.read_text("utf-8"))
    texts = {e["path"]: (ROOT / e["path"]).read_text("utf-8") for e in listed}
    mutants = program.every_mutant(program.FLOORS, workers=1) if listed else TIERS

    assert all(e["why"].strip() and e["text"] in texts[e["path"]] for e in listed)
    assert len(mutants) - len(program.excluding(mutants)) < len(mutants) / 100


def test_every_survivor_that_is_excused_still_exists_and_has_its_reason():
    listed = yaml.safe_load(program.SURVIVORS.read_text("utf-8"))
    mutant_names = {
        program.named(
            {"path": m.path, "function": m.function, "before": m.before, "after": m.after}
        )
        for path in {s["path"] for s in listed}
        for m in source.found_in(path)
    }

    assert all(s["why"].strip() for s in listed)
    assert [s for s in listed if program.named(s) not in mutant_names] == []


def test_no_source_leaves_itself_out():
    pragma = re.compile(r"pragma:\s*no mutate")
    files = [f for folder in ("xhcredit", "training") for f in python_files(folder)]

    assert [f.name for f in files if pragma.search(f.read_text("utf-8"))] == []


def test_every_package_and_its_tests_are_there():
    for package, tests in program.FLOORS.items():
        assert (ROOT / package).exists()
        assert all((ROOT / t).exists() for t in tests)


@pytest.mark.parametrize(("count", "wanted"), [(300, 270), (301, 271), (10, 9), (9, 9), (0, 0)])
def test_nine_in_ten_must_be_killed(count, wanted):
    assert program.least(count) == wanted


@pytest.mark.parametrize(("killed", "sure", "fails"), [
    (269, False, True), (270, False, False), (269, True, False), (259, True, False),
    (258, True, True),
])  # fmt: skip
def test_a_sample_fails_surely_only_where_its_whole_interval_is_below_the_goal(killed, sure, fails):
    assert program.too_few(killed, 300, sure=sure) is fails


PLANTED = """
import pytest
from xhcredit.tiers.assign import grade_scores
from xhcredit.rules.schemas.common import Cutoffs
import numpy as np

def test_a_score_on_the_cut_off_has_its_tier():
    assert grade_scores(np.array([650.0]), Cutoffs(A=650, B=550, C=450)).tolist() == [0]
"""


@pytest.mark.parametrize(("after", "verdict"), [("<= bound", "killed"), ("cutoffs.B", "survived")])
def test_a_mutant_is_killed_by_a_test_that_sees_it_and_survives_one_that_does_not(
    tmp_path, monkeypatch, after, verdict
):
    (tmp_path / "test_planted.py").write_text(PLANTED)
    monkeypatch.syspath_prepend(str(ROOT))
    wanted = [m for m in TIERS if m.function == "grade_scores" and m.after.strip() == after]
    wanted = wanted or [m for m in TIERS if m.function == "capped_grades"]
    trials = [Trial(wanted[0], (str(tmp_path / "test_planted.py"),), 0.1)]

    [ended] = forked(trials, anew, workers=1)
    assert verdict_of(ended.code) == verdict


def test_a_module_whose_own_doctests_are_run_is_the_mutated_one():
    path = "xhcredit/domain/codes.py"
    [mutant] = [m for m in source.found_in(path) if m.after == "ORGANISATION_WEIGHTS = None"]

    [ended] = forked([Trial(mutant, (path,), 0.1)], anew, workers=1)
    assert verdict_of(ended.code) == "killed"
