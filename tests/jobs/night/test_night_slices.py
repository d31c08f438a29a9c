"""The night in slices: as in one piece, within bounded memory, and it goes on where it was cut."""

import signal
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.jobs.warehouses import random_warehouse
from xhcredit.engine.compile import compile_features, with_inputs
from xhcredit.errors import BadInput, NightRefuted
from xhcredit.features.registry import features
from xhcredit.ingest.schema import directory
from xhcredit.jobs.night import result_columns
from xhcredit.jobs.night.result_columns import open_columns
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.memory_limit import for_sorting
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release, release_of

DAY = date(2025, 3, 31)
SLICE = 2


def model_of(day):
    return model_on(Rulebook.load(), load_release(), day)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A warehouse, and its night in one slice."""
    folder = tmp_path_factory.mktemp("slices")
    random_warehouse(folder / "w")
    return folder, run_night(folder / "w", folder / "whole", model_of(DAY))


@pytest.fixture
def in_slices(monkeypatch):
    monkeypatch.setattr(result_columns, "SLICE", SLICE)


def told_by(progress):
    """How far scoring was each time it was told."""
    return [done for what, done, _ in progress if what == "score"]


def run(folder, out, model, **options):
    progress = []
    report = run_night(
        folder / "w", out, model, progress=lambda *step: progress.append(step), **options
    )
    return report, progress


def test_a_night_in_slices_is_the_night_in_one(whole, in_slices, tmp_path):
    folder, expected = whole
    report, progress = run(folder, tmp_path / "out", model_of(DAY))

    assert told_by(progress) == [*range(SLICE, report.enterprises, SLICE), report.enterprises]
    file = pq.ParquetFile(report.scores)
    assert file.metadata.num_row_groups == len(told_by(progress)) > 3
    assert pq.read_table(report.scores).equals(pq.read_table(expected.scores))
    assert (report.tiers, report.scored_x, report.why) == (
        expected.tiers,
        expected.scored_x,
        expected.why,
    )
    assert not list((tmp_path / "out" / ".night").iterdir())
    assert not list((tmp_path / "out" / ".carry").glob("*.done"))


def test_the_next_night_carries_on_from_slices_in_slices(whole, in_slices, tmp_path):
    folder, _ = whole
    run(folder, tmp_path / "out", model_of(DAY))
    later = model_of(DAY + timedelta(days=1))
    report, _ = run(folder, tmp_path / "out", later, check=1.0)
    full, _ = run(folder, tmp_path / "full", later, full=True)

    assert 0 < report.carried < report.enterprises
    computed = [int(part.rpartition(" ")[2]) for part in report.why.split("; ")]
    assert sum(computed) == report.enterprises - report.carried
    assert report.scores.read_bytes() == full.scores.read_bytes()


KILLED = """
import os, signal, sys
from datetime import date, timedelta
from pathlib import Path
from xhcredit.jobs.night import result_columns as night_columns
from xhcredit.jobs.warehouse.memory_limit import for_sorting
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.night.run import run_night
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release, release_of

def until(what, done, _):
    if [what, str(done)] == sys.argv[3:]:
        os.kill(os.getpid(), signal.SIGKILL)

night_columns.SLICE = 2
model = model_on(Rulebook.load(), load_release(), date(2025, 3, 31))
run_night(Path(sys.argv[1]), Path(sys.argv[2]), model, progress=until)
"""


def kill_at(folder, out, what, done):
    program = [sys.executable, "-c", KILLED, str(folder / "w"), str(out), what, str(done)]
    ended = subprocess.run(program, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


@pytest.mark.parametrize(
    ("what", "done", "first"),
    [("score", 3 * SLICE, 3 * SLICE), ("write", 2 * SLICE, None)],
)
def test_a_killed_night_goes_on_where_it_was_with_the_same_bytes(
    whole, in_slices, tmp_path, what, done, first
):
    """The slice that was not yet done is scored again, those before are not."""
    folder, _ = whole
    uncut, _ = run(folder, tmp_path / "uncut", model_of(DAY))
    kill_at(folder, tmp_path / "out", what, done)
    assert not (tmp_path / "out" / "scores.parquet").exists()
    report, progress = run(folder, tmp_path / "out", model_of(DAY))

    assert told_by(progress)[:1] == ([first] if first else [])
    assert not report.repeated
    assert report.scores.read_bytes() == uncut.scores.read_bytes()
    for file in (tmp_path / "uncut" / ".carry").iterdir():
        assert file.read_bytes() == (tmp_path / "out" / ".carry" / file.name).read_bytes()


def test_what_another_night_left_is_not_gone_on_with(whole, in_slices, tmp_path):
    folder, _ = whole
    later = model_of(DAY + timedelta(days=40))
    kill_at(folder, tmp_path / "out", "score", 3 * SLICE)
    _, progress = run(folder, tmp_path / "out", later)

    assert told_by(progress)[0] == SLICE
    assert not list((tmp_path / "out" / ".night").iterdir())


def test_a_refuted_night_is_not_gone_on_with(whole, in_slices, tmp_path):
    folder, _ = whole
    run(folder, tmp_path / "out", model_of(DAY))
    carried_file = tmp_path / "out" / ".carry" / "general.npy"
    np.save(carried_file, np.load(carried_file) + 1)
    later = model_of(DAY + timedelta(days=1))

    with pytest.raises(NightRefuted, match=r'"general" of \w+ was carried over'):
        run(folder, tmp_path / "out", later, check=1.0)
    assert not list((tmp_path / "out" / ".night").iterdir())


def reads_neighbours(feature):
    return any(f.aggregate == "neighbours" for f in with_inputs([feature], features()))


def test_columns_of_a_model_without_neighbours_are_made_and_found_again(whole, tmp_path):
    folder, _ = whole
    raw_release = load_release().as_data()
    for table in raw_release["tables"]:
        indicators = [i for i in table["indicators"] if not reads_neighbours(i["feature"])]
        table["indicators"] = indicators
    model = model_on(Rulebook.load(), release_of(raw_release, "alone"), DAY)
    scored = with_inputs([feature for _, feature in model.scorer.vocabulary], features())
    alone = replace(model, compiled=compile_features(scored))
    store = open_event_columns(folder / "w")
    columns = open_columns(tmp_path, store, alone, np.arange(3), full=True)
    columns.due[:] = 5
    again = open_columns(tmp_path, store, alone, np.arange(3), full=True)

    assert again.neighbours.shape == (3, 0)
    assert again.due.tolist() == [5, 5, 5]
    assert again.folder == columns.folder


def files_of(folder):
    return {str(f.relative_to(folder)): f for f in sorted(folder.rglob("*")) if f.is_file()}


def test_killed_clustering_goes_on_with_the_tables_that_are_done(whole, tmp_path):
    """Files of tables that were done stay the very files; the store is that of an uncut run."""
    random_warehouse(tmp_path / "w")
    names = list(directory())
    kill_at(tmp_path, tmp_path / "out", names[5], 5)
    (part,) = (tmp_path / "w" / "clustered").iterdir()
    begun = {k: f.stat().st_ino for k, f in files_of(part).items() if k.split("/")[0] in names}
    assert {k.split("/")[0] for k in begun} == set(names[:5])
    (part / "half" / names[5]).mkdir(parents=True)
    (part / "half" / names[5] / "known.npy").write_bytes(b"half a file")
    finished_files = files_of(open_event_columns(tmp_path / "w").path)

    assert {k: finished_files[k].stat().st_ino for k in begun} == begun
    uncut = files_of(open_event_columns(whole[0] / "w").path)
    assert {k: f.read_bytes() for k, f in finished_files.items()} == {
        k: f.read_bytes() for k, f in uncut.items()
    }
    assert [f.name for f in (tmp_path / "w" / "clustered").iterdir()] == [
        next(iter(finished_files.values())).relative_to(tmp_path / "w" / "clustered").parts[0]
    ]


@pytest.mark.parametrize(
    ("setting", "byte_limit"),
    [("1GB", 520_000_000), ("1.5 GiB", 1_130_612_736), ("", None)],
)
def test_sorting_may_take_what_the_program_leaves(setting, byte_limit):
    assert for_sorting(setting) == byte_limit


@pytest.mark.parametrize("setting", ["much", "2", "2gb", "-2GB", "2GB;", "2GB 500MB", "3Gbit"])
def test_what_is_no_amount_of_memory_is_refused(setting):
    with pytest.raises(BadInput, match=f'"{setting}" is no amount of memory; write it as 2GB'):
        for_sorting(setting)


def test_too_little_memory_is_told(whole, tmp_path):
    with pytest.raises(BadInput, match='"999MB" is too little for a night; give it 1GB'):
        run(whole[0], tmp_path / "out", model_of(DAY), memory="999MB")


def test_a_night_within_little_memory_is_the_same(whole, tmp_path):
    _, expected = whole
    random_warehouse(tmp_path / "w")
    report, _ = run(tmp_path, tmp_path / "out", model_of(DAY), memory="1GB")

    assert report.scores.read_bytes() == expected.scores.read_bytes()
