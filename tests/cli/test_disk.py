"""Whatever the shell writes, a place that is full or forbidden ends in a sentence and a code."""

from __future__ import annotations

import shutil

import pytest

from tests.cli.shell import inside
from tests.cramped import file_limit, read_only, small_disk
from tests.walks import ROOT
from xhcredit.ingest.warehouse import Warehouse

SAMPLE = ROOT / "data" / "sample"
FULL, BARRED, STORE = 38, 39, 19
LIMITS = (0, 20_000)  #: bytes of a file: nothing can be written, or the first files only


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    """Sixty enterprises with their penalties: warehouse, night, store."""
    folder = tmp_path_factory.mktemp("district")
    exports = folder / "exports"
    exports.mkdir()
    register = (SAMPLE / "exports/register.csv").read_text("utf-8-sig").splitlines()[:61]
    codes = {cell for line in register for cell in line.split(",") if len(cell) == 18}
    penalties = (SAMPLE / "exports/penalties.csv").read_text("utf-8-sig").splitlines()
    theirs = [line for line in penalties if line.split(",")[0] in codes]
    (exports / "register.csv").write_text("\n".join(register), "utf-8")
    (exports / "penalties.csv").write_text("\n".join([penalties[0], *theirs]), "utf-8")
    done = inside(*ingest(folder, folder / "w"))
    assert done.exit_code == 0, done.err
    done = inside(*score(folder, folder / "night"), "--store", folder / "s.db")
    assert done.exit_code == 0, done.err
    return folder


def ingest(folder, into):
    return ("ingest", folder / "exports", "--mapping", SAMPLE / "mappings", "--into", into)


def score(folder, out):
    return ("score", "--as-of", "2026-06-30", "--warehouse", folder / "w", "--out", out)


#: each command writes into ``to``; ``d`` is a district that is there
COMMANDS = {
    "ingest": lambda d, to: ingest(d, to / "w"),
    "score": lambda d, to: score(d, to / "night"),
    "quality": lambda d, to: ("quality", "--warehouse", d / "w", "--out", to / "quality"),
    "publish": lambda d, to: ("publish", d / "night", "--store", to / "s.db"),
    "migrate": lambda d, to: ("store", "migrate", "--store", to / "s.db"),
    "backup": lambda d, to: ("store", "backup", to / "b", "--store", d / "s.db"),
    "restore": lambda d, to: ("store", "restore", d / "b", "--store", to / "s.db"),
    "export": lambda d, to: ("audit", "export", to / "a.csv", "--store", d / "s.db"),
}


@pytest.fixture(scope="module")
def saved(district):
    """The district with a backup of its store."""
    done = inside("store", "backup", district / "b", "--store", district / "s.db")
    assert done.exit_code == 0, done.err
    return district


def refusal(outcome):
    """Exit code of a command that told its error in one sentence."""
    assert "Traceback" not in outcome.err
    assert outcome.err.strip().count("\n") == 0, outcome.err
    return outcome.exit_code


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_disk_that_is_full_at_any_moment_is_told(command, limit, saved, tmp_path):
    with file_limit(limit):
        outcome = inside(*COMMANDS[command](saved, tmp_path / "to"))

    assert outcome.exit_code == 0 or refusal(outcome) in (FULL, STORE), outcome.err
    if limit == 0:
        assert outcome.exit_code in (FULL, STORE)
        return
    again = inside(*COMMANDS[command](saved, tmp_path / "to"))
    assert again.exit_code == 0, again.err  # the same again, now that there is room


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_is_read_only_is_told(command, saved, tmp_path):
    with read_only(tmp_path / "to"):
        outcome = inside(*COMMANDS[command](saved, tmp_path / "to"))

    assert refusal(outcome) in (BARRED, STORE), outcome.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_where_a_folder_should_be_is_told(command, saved, tmp_path):
    (tmp_path / "to").write_text("x")

    assert refusal(inside(*COMMANDS[command](saved, tmp_path / "to"))) in (BARRED, STORE)


@pytest.mark.parametrize("command", ["ingest", "score", "publish", "backup", "restore"])
def test_long_work_is_refused_before_it_begins_where_there_is_no_room(command, saved, tmp_path):
    with small_disk(tmp_path / "to", 8 << 20) as mounted:
        if not mounted:  # ``need_room`` itself is tested beside its code
            return
        outcome = inside(*COMMANDS[command](saved, tmp_path / "to"))

        assert refusal(outcome) == FULL
        assert "8 MB free" in outcome.err
        assert "Nothing was begun" in outcome.err


def test_a_full_disk_leaves_the_warehouse_as_it_was(saved, tmp_path):
    shutil.copytree(saved / "w", tmp_path / "w")
    (tmp_path / "exports").mkdir()
    names = ("register.csv", "penalties.csv")
    for name in names:
        text = (saved / "exports" / name).read_text("utf-8").splitlines()
        (tmp_path / "exports" / name).write_text("\n".join(text[:-1]), "utf-8")
    before = Warehouse(tmp_path / "w").digest()
    with file_limit(3_000):
        outcome = inside(*ingest(tmp_path, tmp_path / "w"))

    assert refusal(outcome) == FULL
    assert Warehouse(tmp_path / "w").digest() == before


def _emptied(file):
    file.write_bytes(b"")


def _scrambled(file):
    """Its footer is as it was; the values before it are not."""
    content = bytearray(file.read_bytes())
    content[4:64] = bytes(b ^ 0xA5 for b in content[4:64])
    file.write_bytes(content)


HARMS = {"gone": lambda file: file.unlink(), "empty": _emptied, "scrambled": _scrambled}


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("command", ["score", "quality"])
def test_a_damaged_part_of_the_warehouse_is_told(command, harm, saved, tmp_path):
    shutil.copytree(saved / "w", tmp_path / "w", ignore=shutil.ignore_patterns("clustered"))
    HARMS[harm](next((tmp_path / "w" / "parts" / "penalty").glob("*.parquet")))
    outcome = inside(*COMMANDS[command](tmp_path, tmp_path / "to"))

    assert refusal(outcome) == 12
    assert "damaged" in outcome.err


@pytest.mark.parametrize("name", ["codes.npy", "known.npy"])
def test_damaged_clustered_events_are_told(name, saved, tmp_path):
    shutil.copytree(saved / "w", tmp_path / "w")
    for file in (tmp_path / "w" / "clustered").rglob(name):
        _emptied(file)
    outcome = inside(*score(tmp_path, tmp_path / "to"))

    assert refusal(outcome) == 12
    assert "remove that folder" in outcome.err


@pytest.mark.parametrize("name", ["run.json", "scores.parquet"])
def test_a_damaged_night_is_not_published(name, saved, tmp_path):
    shutil.copytree(saved / "night", tmp_path / "night")
    _emptied(tmp_path / "night" / name)
    outcome = inside(*COMMANDS["publish"](tmp_path, tmp_path))

    assert refusal(outcome) == 12
    assert "damaged" in outcome.err
