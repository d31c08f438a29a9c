"""``--log``: a night can be read afterwards, by who was not there; nothing is written unasked."""

import json
import re
import shutil
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from tests.cli.office import Office, done
from tests.cli.shell import inside, xhcredit
from tests.cramped import file_limit, read_only
from tests.serving.district import BUREAUS, CODES, DAYS, STREETS, write_nights, write_warehouse
from tests.store.draw_victims import CLOCK_TIME
from tests.walks import ROOT
from xhcredit.errors import BadInput, DiskFull, NotWritable
from xhcredit.jobs.night import result_columns
from xhcredit.jobs.night.publish import publish
from xhcredit.store.store import Store

DAY, NEXT = DAYS
SLICE = 3
CODE = re.compile(r"[0-9A-Z]{18}")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    return write_warehouse(tmp_path_factory.mktemp("logged") / "warehouse")


@pytest.fixture
def folder(warehouse, tmp_path):
    """A folder with a warehouse of its own."""
    shutil.copytree(warehouse, tmp_path / "warehouse")
    return tmp_path


def score(folder, day=DAY):
    return (
        "score",
        "--as-of",
        day,
        "--warehouse",
        folder / "warehouse",
        "--out",
        folder / "night",
        "--store",
        folder / "s.db",
        "--json",
    )


def lines_of(file):
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def named(lines, name):
    return [line for line in lines if line["event"] == name]


def test_a_night_tells_its_start_its_slices_and_what_was_published(folder, monkeypatch):
    monkeypatch.setattr(result_columns, "SLICE", SLICE)
    file = folder / "log.jsonl"
    night = done(inside("--log", file, *score(folder))).json
    lines = lines_of(file)
    slices = named(lines, "night.slice")
    [scored], [published] = named(lines, "night.scored"), named(lines, "night.published")
    with Store.open(str(folder / "s.db")) as store:
        run = store.reader.current_run()

    order = [line["event"] for line in lines]
    assert (order[0], order[-1]) == ("command.started", "command.finished")
    expected = [
        "night.started",
        "cluster.built",
        *["night.slice"] * len(slices),
        "night.scored",
        "restorable.listed",
        "night.published",
        "rows.written",
        "alert.raised",
    ]
    assert order[order.index("night.started") : -1] == expected
    assert [s["first"] for s in slices] == list(range(0, run["enterprises"], SLICE))
    assert len(slices) > 2
    assert sum(s["enterprises"] for s in slices) == run["enterprises"]
    assert (scored["enterprises"], scored["tiers"]) == (night["enterprises"], night["tiers"])
    assert published["run"] == run["run"]
    assert published["enterprises"] == run["enterprises"] == sum(run["tiers"].values())
    assert named(lines, "restorable.listed")[0]["records"] == night["restorable"]
    alerts = night["alerts"] | {"waiting": len(night["alerts"]["waiting"])}
    assert named(lines, "alert.raised")[0].items() >= alerts.items()


def test_the_next_night_tells_how_many_were_carried_over(folder):
    done(inside(*score(folder)))
    night = done(inside("--log", folder / "l", *score(folder, NEXT))).json
    lines = lines_of(folder / "l")

    assert night["carried"] > 0
    assert named(lines, "night.scored")[0]["carried"] == night["carried"]
    assert sum(s["carried"] for s in named(lines, "night.slice")) == night["carried"]
    assert named(lines, "night.published")[0]["changed"] == night["published"]["changed"]


def test_every_line_has_a_moment_in_utc_a_level_an_event_and_who_wrote_it(folder):
    done(inside("--log", folder / "l", *score(folder)))
    lines = lines_of(folder / "l")

    for line in lines:
        assert list(line)[:5] == ["timestamp", "level", "event", "command", "process"]
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)
        assert (line["level"], line["command"]) == ("info", "score")
    durations = [line["seconds"] for line in lines if "seconds" in line]
    assert len(durations) == len(lines) - 2, "all but the two starts took some time"
    assert min(durations) >= 0


def test_unasked_nothing_is_written_and_asked_the_answers_stay_the_same(folder):
    done(inside(*score(folder)))
    before = sorted(folder.iterdir())
    quiet = xhcredit(*score(folder))
    spoken = xhcredit("--log", folder / "l", *score(folder))

    assert sorted(folder.iterdir()) == [folder / "l", *before]
    assert (quiet.out, quiet.err, quiet.exit_code) == (spoken.out, spoken.err, spoken.exit_code)
    assert (quiet.err, quiet.exit_code) == ("", 0)


def test_a_shell_that_logs_nothing_does_not_load_what_logs():
    program = "import sys, xhcredit.cli.main; sys.exit('structlog' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_environment_asks_too_and_a_dash_is_standard_error(folder):
    words = ("store", "migrate", "--store", folder / "s.db")
    outcome = xhcredit(*words, machine={"XHCREDIT_LOG": "-"})
    lines = [json.loads(line) for line in outcome.err.splitlines()]

    assert [line["event"] for line in lines] == [
        "command.started",
        "store.migrated",
        "command.finished",
    ]
    assert (lines[1]["before"], bool(lines[1]["after"])) == ("", True)
    assert "the store came from nothing" in outcome.out


def spoil_store(folder):
    """Leave a clustered store with a file whose head nobody can read; numpy quotes it."""
    done(inside(*score(folder)))
    head = CODES[0].encode()
    for file in (folder / "warehouse" / "clustered").rglob("codes.npy"):
        file.write_bytes(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head)


def block_publishing(folder):
    (folder / "s.db.publishing").mkdir()


FAILING = {
    "before_it_begins": (
        lambda folder: None,
        "1990-01-01",
        "night.prepared",
        "rule_not_in_force",
        16,
    ),
    "nobody_known": (lambda folder: None, "2018-01-01", "night.scored", "nothing_known", 17),
    "not_published": (block_publishing, DAY, "night.published", "not_writable", 39),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_night_that_fails_leaves_its_step_and_the_code_of_its_error(folder, name):
    prepare, day, step, code, exit_code = FAILING[name]
    prepare(folder)
    outcome = inside("--log", folder / "l", *score(folder, day))
    lines = lines_of(folder / "l")
    [failed], last = named(lines, "night.failed"), lines[-1]

    assert outcome.exit_code == exit_code
    assert outcome.err.startswith(f"{code}: ")
    assert (failed["error"], failed["step"], failed["level"]) == (code, step, "error")
    assert (last["event"], last["error"], last["level"]) == ("command.failed", code, "error")
    assert last["exit_code"] == exit_code
    assert named(lines, "night.published") == []


def test_what_a_damaged_file_holds_is_not_told_to_the_log(folder):
    spoil_store(folder)
    outcome = inside("--log", folder / "l", *score(folder, NEXT))
    lines = lines_of(folder / "l")
    [failed], last = named(lines, "night.failed"), lines[-1]

    assert outcome.exit_code == last["exit_code"] == 12
    assert failed["error"] == last["error"] == "bad_input"
    assert CODES[0][:6] not in (folder / "l").read_text()


PLACES = {
    "no_folder": (lambda folder: folder / "nowhere" / "log", NotWritable),
    "a_folder": (lambda folder: folder, NotWritable),
    "below_a_file": (lambda folder: folder / "warehouse.txt" / "log", NotWritable),
    "full": (lambda folder: "/dev/full", DiskFull),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_log_that_cannot_be_written_is_refused_before_work_begins(folder, name):
    (folder / "warehouse.txt").write_text("a file")
    place, error = PLACES[name]
    before = sorted(folder.rglob("*"))
    outcome = inside("--log", place(folder), *score(folder))

    assert (outcome.exit_code, outcome.out) == (error.exit_code, "")
    assert outcome.err.startswith(f"{error.code}: ")
    assert sorted(folder.rglob("*")) == before


def test_a_read_only_folder_is_refused_too(folder):
    with read_only(folder / "ro"):
        outcome = inside("--log", folder / "ro" / "l", *score(folder))

    assert outcome.exit_code == NotWritable.exit_code
    assert str(folder / "ro" / "l") in outcome.err
    assert not (folder / "s.db").exists()


def test_a_log_that_is_full_in_the_middle_stops_no_work(folder):
    size, file = 64 << 20, folder / "l"
    file.touch()
    with file.open("r+b") as opened:  # room for the first event, not for all
        opened.truncate(size - 300)
    with file_limit(size):
        outcome = inside("--log", file, *score(folder))

    assert outcome.exit_code == 0, outcome.err
    assert file.stat().st_size <= size
    with Store.open(str(folder / "s.db")) as store:
        assert store.reader.current_run()["enterprises"] == outcome.json["enterprises"]


def test_a_file_of_a_delivery_that_is_refused_is_an_event_with_its_code(folder):
    exports, sample = folder / "exports", ROOT / "data" / "sample"
    exports.mkdir()
    register = (sample / "exports" / "register.csv").read_text("utf-8-sig").splitlines()[:61]
    (exports / "register.csv").write_text("\n".join(register), "utf-8")
    (exports / "honours.csv").write_text("不相干\n1\n", "utf-8")
    words = ("ingest", exports, "--mapping", sample / "mappings", "--into", folder / "w")
    outcome = inside("--log", folder / "l", *words)
    lines = lines_of(folder / "l")
    [finished], files = named(lines, "ingest.finished"), named(lines, "ingest.file")

    assert [(f["status"], f.get("error")) for f in files] == [
        ("entered", None),
        ("refused", "bad_mapping"),
    ]
    assert (finished["files"], finished["refused"]) == (2, 1)
    assert finished["entered"] == {"enterprise": files[0]["rows"]} == {"enterprise": 60}
    assert lines[-1].get("exit_code", 0) == outcome.exit_code


def test_backup_and_restore_are_told_with_their_rows(folder):
    done(inside("store", "migrate", "--store", folder / "s.db"))
    done(inside("--log", folder / "l", "store", "backup", folder / "b", "--store", folder / "s.db"))
    done(
        inside(
            "--log", folder / "l", "store", "restore", folder / "b", "--store", folder / "other.db"
        )
    )
    lines = lines_of(folder / "l")
    [saved], [back] = named(lines, "store.backed_up"), named(lines, "store.restored")

    assert (
        saved["rows"]
        == back["rows"]
        == sum(json.loads((folder / "b.json").read_text())["rows"].values())
        > 0
    )
    refused = inside(
        "--log", folder / "m", "store", "backup", folder / "b", "--store", folder / "s.db"
    )
    [failed] = named(lines_of(folder / "m"), "store.failed")
    assert (failed["step"], failed["error"]) == ("store.backed_up", "bad_input")
    assert refused.exit_code == BadInput.exit_code


def test_a_draw_is_told_step_by_step_without_anybody(tmp_path, monkeypatch):
    folder = write_nights(tmp_path)
    with Store.open(str(folder / "store.db"), clock=lambda: CLOCK_TIME) as store:
        publish(folder / f"{DAY}", store, actor="night")
    monkeypatch.setenv("XHCREDIT_LOG", str(tmp_path / "l"))
    office = Office(folder)
    for outcome in (office.plan(), office.freeze(), office.seed(), office.run()):
        done(outcome)
    assert office.run("nosuch").exit_code != 0
    done(office.say("publish", "d1", "--out", office.out))
    lines = lines_of(tmp_path / "l")
    draw_lines = [line for line in lines if line["event"].startswith("draw.")]

    assert [(line["event"], line.get("draw")) for line in draw_lines] == [
        ("draw.planned", None),
        ("draw.frozen", "d1"),
        ("draw.seeded", "d1"),
        ("draw.drawn", "d1"),
        ("draw.failed", None),
        ("draw.published", "d1"),
    ]
    assert [line["level"] for line in draw_lines] == ["info"] * 4 + ["warning", "info"]
    record = json.loads((office.out / "record.json").read_bytes())
    assert draw_lines[3]["selected"] == len(record["selected"])
    text = (tmp_path / "l").read_text("utf-8")
    assert not CODE.search(text), "no code of an enterprise"
    names = {name for s in record["selected"] for name in s["inspectors"]}
    assert not [name for name in names if f'"{name}"' in text], "no inspector"
    assert "nosuch" not in text, "what somebody typed may be anything"


def test_a_night_names_no_enterprise_and_no_place(folder):
    done(inside("--log", folder / "l", *score(folder)))
    text = (folder / "l").read_text("utf-8")

    assert not CODE.search(text)
    assert not [word for word in (*filter(None, BUREAUS), *STREETS, str(folder)) if word in text]
