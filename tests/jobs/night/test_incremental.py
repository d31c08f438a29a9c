"""Incremental nights: equal to full ones to the last bit, and made anew where they must be."""

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.jobs.growing import Growing, same, twin
from xhcredit.engine import stores
from xhcredit.errors import NightRefuted
from xhcredit.ingest.schema import directory
from xhcredit.jobs.night import reuse
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import Model, model_on
from xhcredit.jobs.scoring.score_columns import present_rows, score_rows
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.supervision import register_columns
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release, release_of

BOOK, RELEASE = Rulebook.load(), load_release()
NIGHTS = 60


def _anew(warehouse: Path, model: Model) -> pa.Table:
    """The table that a night without any past writes."""
    store = open_event_columns(warehouse)
    rows = present_rows(store, model.as_of)
    register = register_columns(warehouse, store, model.as_of).take(pa.array(rows))
    return score_rows(store, model, rows).table(store.codes[rows], register)


def _differing(a: pa.Table, b: pa.Table) -> list[str]:
    return [n for n in b.column_names if not a.column(n).equals(b.column(n))]


def test_sixty_nights_carried_on_are_sixty_full_nights(tmp_path):
    """Late, withdrawn, corrected, ended, moved; new enterprises, entries done again, quiet days."""
    world = Growing(tmp_path / "w", seed=4, enterprises=60)
    other = twin(tmp_path / "w", tmp_path / "other")
    carried, spliced = 0, 0
    for number in range(NIGHTS):
        world.night()
        model = model_on(BOOK, RELEASE, world.day)
        report = run_night(tmp_path / "w", tmp_path / "out", model, check=0.05)
        table, full = pq.read_table(report.scores), _anew(tmp_path / "w", model)
        assert not _differing(table, full), world.day
        assert table.equals(full)
        carried += report.carried > 0
        store = open_event_columns(tmp_path / "w")
        if number % 10 == 9:
            same(store, open_event_columns(other, rebuild=True))
        spliced += "base" in stores.read_notes(Path(str(store.path)))

    assert carried > NIGHTS / 2
    assert spliced > NIGHTS / 2


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A world and its first night."""
    folder = tmp_path_factory.mktemp("first")
    world = Growing(folder / "w", seed=5, enterprises=150, events=60)
    model = model_on(BOOK, RELEASE, world.day)
    run_night(folder / "w", folder / "out", model)
    return folder, model


@pytest.fixture
def night(first, tmp_path):
    """The folders of the first night, to be carried on, and its model."""
    folder, model = first
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return tmp_path, model


def _next(night, model, **options):
    folder, _ = night
    return run_night(folder / "w", folder / "out", model, **options)


def _tomorrow(model, release=RELEASE, rules=BOOK):
    return model_on(rules, release, model.as_of + timedelta(days=1))


def test_a_quiet_day_computes_only_what_is_due(night):
    report = _next(night, _tomorrow(night[1]))

    assert report.carried > 0
    assert "到期 due by time" in report.why
    assert not _differing(pq.read_table(report.scores), _anew(night[0] / "w", _tomorrow(night[1])))


def test_another_release_computes_everybody(night):
    raw = RELEASE.as_data()
    raw["tables"][0]["base"] += 1
    report = _next(night, _tomorrow(night[1], release_of(raw, "test")))

    assert (report.carried, report.why) == (0, "另一模型版本 another release")


def test_a_changed_rule_computes_everybody_from_its_day_on(night, tmp_path):
    """A rule that comes into force between two nights counts although no file was touched."""
    model = night[1]
    cutoffs = (Path(stores.__file__).parents[1] / "rules/data/tiers/cutoffs.yaml").read_text()
    rules_folder = tmp_path / "rules" / "tiers"
    rules_folder.mkdir(parents=True)
    day = model.as_of + timedelta(days=2)
    entry = f"""
  - effective_from: {day}
    value: {{A: 900, B: 700, C: 500}}
    verification: proposal
    source: {{title: 试行, number: 无, article: 无, published_on: {day}}}
"""
    (rules_folder / "cutoffs.yaml").write_text(cutoffs.rstrip() + entry, encoding="utf-8")
    rules = Rulebook.load(tmp_path / "rules")
    before = _next(night, _tomorrow(model, rules=rules))
    after = _next(night, _tomorrow(_tomorrow(model), rules=rules))

    assert before.carried > 0
    assert (after.carried, after.why) == (0, "规则有变 other rules in force")


def test_another_program_computes_everybody(night, monkeypatch):
    monkeypatch.setattr(reuse, "code_version", lambda: "another")
    report = _next(night, _tomorrow(night[1]))

    assert (report.carried, report.why) == (0, "程序有变 another version of the program")


def test_an_earlier_day_computes_everybody(night):
    report = _next(night, model_on(BOOK, RELEASE, night[1].as_of - timedelta(days=1)))

    assert report.carried == 0
    assert "of a later day" in report.why


def test_a_full_night_carries_nothing_over(night):
    report = _next(night, _tomorrow(night[1]), full=True)

    assert (report.carried, report.why) == (0, "要求全量 as asked for")


def test_a_changed_register_computes_whom_it_concerns(night):
    folder, model = night
    store = open_event_columns(folder / "w")
    rows = present_rows(store, model.as_of)
    code = store.codes[rows[0]].decode()
    world = Growing.again(folder / "w", model.as_of)
    world.write(
        {"enterprise": [{"code": code, "known_on": model.as_of, "name": "改名", "size": "large"}]}
    )
    report = _next(night, model)
    named = {r["code"]: r["name"] for r in pq.read_table(report.scores).to_pylist()}

    assert report.why == "有新数据 something came in 1"
    assert (report.carried, named[code]) == (report.enterprises - 1, "改名")


def test_entries_that_were_taken_back_without_a_trace_are_noticed(night):
    """Who removes files by hand gets a store and a night made anew."""
    folder, model = night
    world = Growing.again(folder / "w", model.as_of)
    entry = world.write(
        {
            "penalty": [
                {
                    "code": "x",
                    "occurred_on": model.as_of,
                    "known_on": model.as_of,
                    "document_no": "1",
                }
            ]
        }
    )
    _next(night, model)
    (folder / "w" / "manifest" / f"{entry.name}.json").unlink()
    report = _next(night, _tomorrow(model))

    assert report.carried == 0
    assert "taken back" in report.why
    assert "base" not in stores.read_notes(Path(str(open_event_columns(folder / "w").path)))


@pytest.mark.parametrize("name", ["composite", "tier", "reason", "lost", "due"])
def test_the_self_check_names_whom_was_carried_over_wrongly(night, name):
    folder, model = night
    file = folder / "out" / reuse.FOLDER / f"{name}.npy"
    carried_scores = np.load(file)
    if name == "due":
        carried_scores[:] = np.iinfo(np.int64).max  # nobody is due any more
        model = model_on(BOOK, RELEASE, model.as_of + timedelta(days=60))
    else:
        carried_scores[...] = carried_scores + 1
        model = _tomorrow(model)
    np.save(file, carried_scores)
    before = {f.name: f.read_bytes() for f in (folder / "out").iterdir() if f.is_file()}
    with pytest.raises(NightRefuted, match=r'self-check: "\w+" of 91[0-9A-Z]{16} was carried over'):
        _next(night, model, check=1)

    assert {f.name: f.read_bytes() for f in (folder / "out").iterdir() if f.is_file()} == before


def test_the_self_check_names_whose_events_the_store_holds_wrongly(night):
    folder, model = night
    path = open_event_columns(folder / "w").path
    file = Path(str(path)) / "penalty" / "known.npy"
    known_days = np.load(file)
    np.save(file, known_days - 1)
    with pytest.raises(NightRefuted, match=r'other events of 91\w{16} in "penalty"'):
        _next(night, _tomorrow(model), check=1)
    assert _next(night, _tomorrow(model), full=True).enterprises > 0


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_kill_anywhere_leaves_a_night_from_which_the_next_goes_on(night, monkeypatch):
    """Either the earlier night or the new one lies there whole, or none says it is finished."""
    folder, model = night
    world = Growing.again(folder / "w", model.as_of)
    world.write({"enterprise": [{"code": "91" + "A" * 16, "known_on": model.as_of, "name": "新"}]})
    tomorrow, real, limit = _tomorrow(model), os.replace, 0
    old = (
        (folder / "out" / "run.json").read_bytes(),
        (folder / "out" / "scores.parquet").read_bytes(),
    )
    killed = True
    while killed:
        limit, calls, killed = limit + 1, [0], False
        copied_night = folder / f"k{limit}"
        for name in ("w", "out"):
            shutil.copytree(folder / name, copied_night / name)

        def replaced(*args, calls=calls, limit=limit):
            calls[0] += 1
            if 2 * limit - 1 == 2 * calls[0] - 1:
                raise Killed
            real(*args)

        monkeypatch.setattr(os, "replace", replaced)
        try:
            run_night(copied_night / "w", copied_night / "out", tomorrow)
        except Killed:
            killed = True
        monkeypatch.setattr(os, "replace", real)
        _whole_or_none(copied_night / "out", old)
        report = run_night(copied_night / "w", copied_night / "out", tomorrow)
        assert not _differing(pq.read_table(report.scores), _anew(copied_night / "w", tomorrow))
        assert report.carried > 0
    assert limit >= 4


def _whole_or_none(out: Path, old: tuple[bytes, bytes]) -> None:
    run, scores = out / "run.json", out / "scores.parquet"
    if run.exists() and (run.read_bytes(), scores.read_bytes()) != old:
        provenance = json.loads(run.read_text())["provenance"]
        inside = pq.read_schema(scores).metadata
        assert {k: inside[f"xhcredit.{k}".encode()].decode() for k in provenance} == provenance


def test_what_comes_in_of_one_computes_those_whose_indicators_read_it(tmp_path):
    """A listing of one enterprise moves the other under the same controller, and nobody else."""
    world = Growing(tmp_path / "w", seed=6, enterprises=0, events=0)
    day = world.day
    codes = [f"91{letter * 16}" for letter in "ABC"]
    known = {"known_on": day - timedelta(days=900), "occurred_on": day - timedelta(days=900)}
    relations = [
        {"code": c, **known, "kind": "controller", "node": c[2] if c != codes[1] else "A"}
        for c in codes
    ]
    register = [
        {"code": c, "known_on": known["known_on"], "established_on": known["known_on"]}
        for c in codes
    ]
    world.write({"enterprise": register, "relation": relations})
    run_night(tmp_path / "w", tmp_path / "out", model_on(BOOK, RELEASE, day))
    listed = {"code": codes[0], "occurred_on": day, "known_on": day}
    keys = {name: "1" for name in directory()["serious_listing"].key if name not in listed}
    world.write({"serious_listing": [listed | keys]})
    model = model_on(BOOK, RELEASE, day)
    report = run_night(tmp_path / "w", tmp_path / "out", model)
    rows = {r["code"]: r["reasons"] for r in pq.read_table(report.scores).to_pylist()}

    assert "有新数据 something came in 1; 关联主体有变 neighbours changed 1" in report.why
    assert "controller_serious_listings_open" in [r["indicator"] for r in rows[codes[1]]]
    assert pq.read_table(report.scores).equals(_anew(tmp_path / "w", model))
