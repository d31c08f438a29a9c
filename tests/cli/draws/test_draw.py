"""``xhcredit draw``: from plan to estimate as an officer goes, and what it refuses on the way."""

import shutil
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing

import pytest
import yaml

from tests.cli.office import Office, done, refused
from tests.cli.shell import inside, xhcredit
from tests.serving.district import CODES, write_nights
from tests.store.draw_victims import CLOCK_TIME, DAY, PEOPLE, SOURCE
from xhcredit.errors import (
    BadInput,
    BadPlan,
    NothingKnown,
    RecordRefuted,
    UnknownRecord,
    Unstaffable,
    WrongState,
)
from xhcredit.jobs.night.publish import publish
from xhcredit.store.store import Store

PUBLIC = {"commitment.json", "record.json", "inspectors.csv", "recusals.csv", "verify_draw.py"}
HEAD = "code,result,inspected_on,item,note\n"


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    folder = write_nights(tmp_path_factory.mktemp("draw"))
    with Store.open(str(folder / "store.db"), clock=lambda: CLOCK_TIME) as store:
        publish(folder / f"{DAY}", store, actor="night")
    return folder


@pytest.fixture
def office(district, tmp_path):
    shutil.copy(district / "store.db", tmp_path)
    (tmp_path / "warehouse").symlink_to(district / "warehouse")
    return Office(tmp_path)


@pytest.fixture(scope="module")
def drawn_once(district, tmp_path_factory):
    """A draw as the commands made it, to be copied."""
    folder = tmp_path_factory.mktemp("drawn")
    shutil.copy(district / "store.db", folder)
    (folder / "warehouse").symlink_to(district / "warehouse")
    office = Office(folder)
    for outcome in (office.plan(), office.freeze(), office.seed(), office.run()):
        done(outcome)
    return folder


@pytest.fixture
def drawn(drawn_once, tmp_path):
    return Office(shutil.copytree(drawn_once, tmp_path / "office", symlinks=True))


def test_from_plan_to_estimate_as_an_officer_goes(office):
    assert "p-d1" in done(office.plan()).out
    assert "commitment.json" in done(office.freeze()).out
    assert not (office.out / "record.json").exists()
    assert "xhcredit draw run d1" in done(office.seed()).out
    done(office.run())
    [listed] = done(office.say("show", "--json")).json
    record = yaml.safe_load((office.out / "record.json").read_bytes())
    codes = [s["code"] for s in record["selected"]]
    first = record["selected"][0]
    replaced = done(
        office.say(
            "replace", "d1", first["code"], first["inspectors"][0], "--why", "病假", "--json"
        )
    ).json
    rows = [
        f"{c},{'corrected' if n % 2 else 'no_problem'},2025-04-03,,\n" for n, c in enumerate(codes)
    ]
    entered = done(office.results(office.write("r.csv", HEAD + "".join(rows)))).out
    done(office.say("publish", "d1", "--out", office.out))
    estimate = done(office.say("estimate", "d1", "--json")).json

    assert (listed["id"], listed["state"]) == ("d1", "drawn")
    assert replaced["instead"] not in first["inspectors"]
    assert entered.startswith(f"{len(codes)} results entered")
    assert (estimate["drawn"], estimate["comparison"]["violations_found"]) == (
        len(codes),
        len(codes) // 2,
    )
    assert estimate["total"]["violations"] > 0
    assert done(office.say("show", "d1", "--json")).json["state"] == "published"
    public = (office.out / "public_list.csv").read_text(encoding="utf-8-sig")
    assert all(code in public for code in codes)


def test_the_files_are_checked_by_the_program_and_by_a_stranger(drawn):
    out = drawn.out
    outcome = xhcredit("draw", "verify", out / "record.json", "--frame", out / "frame.csv")
    names = ("record.json", "commitment.json", "frame.csv", "inspectors.csv", "recusals.csv")
    command = [sys.executable, "-I", out / "verify_draw.py", *(out / name for name in names)]
    alone = subprocess.run(command, check=False, capture_output=True, timeout=60)

    assert "名单一致" in done(outcome).out
    assert alone.returncode == 0, alone.stdout
    done(drawn.say("export", "d1", "--public", "--out", drawn.folder / "public"))
    assert {f.name for f in (drawn.folder / "public").iterdir()} == PUBLIC
    assert set(PUBLIC) < {f.name for f in out.iterdir()}


def test_the_same_run_again_writes_the_files_again_and_draws_nothing_anew(drawn):
    record = (drawn.out / "record.json").read_bytes()
    rows, _ = drawn.rows_and_files()
    shutil.rmtree(drawn.out)

    done(drawn.run())

    assert (drawn.out / "record.json").read_bytes() == record
    assert drawn.rows_and_files()[0] == rows
    refused(drawn.freeze(), WrongState, "is frozen", "xhcredit draw export d1", "new draw")
    refused(drawn.seed(), WrongState, "is drawn, not frozen")
    refused(drawn.plan(), WrongState, "filed before", "new id")
    assert drawn.rows_and_files()[0] == rows


def test_nothing_is_drawn_without_a_seed_and_no_seed_counts_before_the_commitment(office):
    before = office.rows_and_files()
    refused(office.seed(), UnknownRecord, 'no draw "d1"', "commitment comes before the seed")
    done(office.plan())
    refused(office.seed(), UnknownRecord, 'no draw "d1"')
    assert office.rows_and_files()[0]["draw_seeds"] == before[0]["draw_seeds"] == []
    done(office.freeze())
    frozen = office.rows_and_files()
    refused(office.run(), UnknownRecord, "no seed yet", "xhcredit draw seed")
    refused(office.seed(source="我的骰子"), BadPlan, SOURCE, "我的骰子")
    refused(office.seed(value=" "), BadPlan, "0 characters")
    assert office.rows_and_files() == frozen


BAD_PLANS = {
    "ratio above 1": ({"ratios": {"A": "0.03", "B": "0.1", "C": "0.3", "D": "1.2"}}, "ratios.D"),
    "ratio that is a number": ({"ratios": {"A": 0.03}}, "ratios.A"),
    "no ratio for a tier": ({"ratios": {"A": "0.03"}}, "no ratio for tier B, C, D"),
    "item outside the base": ({"items": ["party"]}, '"party" is not in the item base'),
    "unknown key": ({"colour": "red"}, "colour"),
}


@pytest.mark.parametrize("wrong", BAD_PLANS)
def test_a_bad_plan_is_refused_and_not_filed(office, wrong):
    change, words = BAD_PLANS[wrong]
    before = office.rows_and_files()

    refused(office.plan(**change), BadPlan, words)
    assert office.rows_and_files() == before


def test_a_file_that_is_no_plan_is_refused(office):
    for text, words in (("- a\n", "holds no plan"), ("a: [", "is not YAML")):
        refused(office.say("plan", office.write("x.yaml", text)), BadInput, words)
    refused(office.say("plan", office.folder / "none.yaml"), BadInput, "name an existing file")


@pytest.mark.parametrize(
    "scope",
    [
        {"streets": ["香樟街道", "没有的街道"]},
        {"streets": ["没有的街道"]},
        {"kinds": ["moon_base"]},
    ],
)
def test_an_empty_stratum_is_named_and_nothing_is_frozen(office, scope):
    done(office.plan(scope=scope))
    before = office.rows_and_files()

    refused(office.freeze(), BadPlan, next(iter(scope.values()))[-1], "nobody is left")
    assert office.rows_and_files() == before


BAD_LISTS = {
    "nobody qualified": (PEOPLE.replace("general", "food"), BadPlan, 'qualified for "general"'),
    "somebody twice": (PEOPLE + "I0,general,一所,3\n", BadInput, "row 8, column inspector"),
    "no list": ("", BadInput, "row 1"),
}


@pytest.mark.parametrize("wrong", BAD_LISTS)
def test_a_list_of_inspectors_that_cannot_serve_is_refused(office, wrong):
    people, error, words = BAD_LISTS[wrong]
    done(office.plan())
    before = office.rows_and_files()
    office.write("people.csv", people)

    refused(office.freeze(people="people.csv"), error, words)
    assert office.rows_and_files() == before


def test_a_list_that_cannot_staff_the_draw_is_refused_with_enterprise_and_constraint(office):
    office.write("one.csv", PEOPLE[: PEOPLE.index("I1")])
    office.write("recusals.csv", "inspector,code,reason\n")
    for outcome in (office.plan(), office.freeze(people="one.csv"), office.seed()):
        done(outcome)
    before = office.rows_and_files()

    refused(office.run(), Unstaffable, "fewer different inspectors", CODES[0][:8])
    assert office.rows_and_files() == before


def test_a_recusal_of_nobody_is_refused(office):
    office.write("recusals.csv", f"inspector,code,reason\nI99,{CODES[0]},亲属\n")
    done(office.plan())
    refused(office.freeze(), BadInput, "row 2, column inspector", "I99")


def changed(content, old, new):
    assert old in content
    return content.replace(old, new, 1)


def test_a_changed_frame_is_found_with_its_place(drawn):
    good = (drawn.out / "frame.csv").read_bytes()
    lines = good.splitlines(keepends=True)
    salt = lines[3][-5:-1]
    cases = {
        "a salt": (changed(good, salt, b"0000" if salt != b"0000" else b"1111"), "committed root"),
        "a row less": (b"".join(lines[:-1]), "committed"),
        "a code twice": (good + lines[-1], "comes twice"),
        "out of order": (b"".join([lines[0], *reversed(lines[1:])]), "is out of order"),
        "other line ends": (good.replace(b"\n", b"\r\n"), "line ends"),
        "a spreadsheet's mark": (b"\xef\xbb\xbf" + good, "header"),
        "nothing": (b"", "frame.csv"),
    }
    for content, words in cases.values():
        (drawn.out / "other.csv").write_bytes(content)
        refused(drawn.verify(frame="other.csv"), RecordRefuted, words)
    done(drawn.verify())


def test_a_frame_changed_inside_the_store_is_not_drawn_from(office):
    """Whoever owns the disk can take the guards away; the commitment is published by then."""
    for outcome in (office.plan(), office.freeze(), office.seed()):
        done(outcome)
    with closing(sqlite3.connect(office.store)) as con, con:
        guards = con.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'draw_files'"
        ).fetchall()
        frame_in_store = "FROM draw_files WHERE draw = 'd1' AND name = 'frame.csv'"
        [frame] = con.execute(f"SELECT packed {frame_in_store}").fetchone()
        lines = zlib.decompress(frame).splitlines(keepends=True)
        packed = zlib.compress(b"".join([*lines[:1], *lines[2:]]))
        with pytest.raises(sqlite3.IntegrityError, match=r"append-only|never|kept"):
            con.execute("UPDATE draw_files SET packed = ? WHERE name = 'frame.csv'", [packed])
        for (name,) in guards:
            con.execute(f'DROP TRIGGER "{name}"')
        con.execute("UPDATE draw_files SET packed = ? WHERE name = 'frame.csv'", [packed])

    refused(office.run(), BadPlan, "committed was", "as it was frozen")
    assert done(office.say("show", "d1", "--json")).json["state"] == "seeded"
    assert not (office.out / "record.json").exists()


def test_a_changed_record_commitment_or_list_is_found(drawn):
    out = drawn.out
    record = (out / "record.json").read_bytes()
    for content, words in (
        (changed(record, b'"1 2 3"', b'"1 2 4"'), "seed"),
        (record.replace(b'"draw_id":"d1"', b'"draw_id":"d2"'), "d"),
        (record + b"\n", "canonical"),
    ):
        (out / "other.json").write_bytes(content)
        refused(drawn.verify(record="other.json"), RecordRefuted, words)
    (out / "other.json").write_bytes(record[:900])
    refused(drawn.verify(record="other.json"), BadInput, "no JSON")
    for name, option in (("commitment.json", "--commitment"), ("inspectors.csv", "--inspectors")):
        other = drawn.write(
            "x",
            (out / name)
            .read_text(encoding="utf-8")
            .replace("I1", "I7", 1)
            .replace("2025", "2024", 1),
        )
        refused(drawn.verify("record.json", "frame.csv", option, other), RecordRefuted)


def test_results_that_do_not_fit_are_refused_as_a_whole(drawn):
    record = yaml.safe_load((drawn.out / "record.json").read_bytes())
    code = record["selected"][0]["code"]
    strange = next(c for c in CODES if c not in {s["code"] for s in record["selected"]})
    good = f"{code},no_problem,2025-04-03,,\n"
    before = drawn.rows_and_files()
    for text, error, words in (
        (HEAD + good + good, BadInput, f'row 3, column code: "{code}" comes twice'),
        (HEAD + good + f"{strange},no_problem,2025-04-03,,\n", BadPlan, f'"{strange}" was not'),
        (HEAD + good + f"{code[:-1]}*,no_problem,2025-04-03,,\n", BadInput, "row 3, column code"),
        (HEAD + good.replace("no_problem", "好"), BadInput, "row 2, column result"),
        (HEAD, BadInput, "holds no result"),
    ):
        refused(drawn.results(drawn.write("r.csv", text)), error, words)
        assert drawn.rows_and_files() == before
    refused(drawn.say("estimate", "d1"), NothingKnown, "no result yet")


def test_who_is_not_there_cannot_be_replaced(drawn):
    before = drawn.rows_and_files()
    record = yaml.safe_load((drawn.out / "record.json").read_bytes())
    first = record["selected"][0]
    free = next(f"I{n}" for n in range(6) if f"I{n}" not in first["inspectors"])

    refused(
        drawn.say("replace", "d1", first["code"], free, "--why", "病假"),
        BadPlan,
        "does not visit",
        *first["inspectors"],
    )
    refused(drawn.say("replace", "d1", "X", free, "--why", "病假"), BadPlan, "was not drawn")
    refused(drawn.say("show", "d9"), UnknownRecord, 'no draw "d9"')
    assert drawn.rows_and_files() == before


def test_a_slip_of_the_pen_makes_no_store(office):
    words = ("draw", "show", "--store", office.folder / "sotre.db")

    refused(inside(*words), BadInput, "there is no store")
    assert not (office.folder / "sotre.db").exists()
