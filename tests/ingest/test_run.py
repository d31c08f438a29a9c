"""A run: all of a file or nothing, twice is once, in whatever order."""

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from xhcredit.domain.persons import KEY_VARIABLE
from xhcredit.errors import BadInput
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.warehouse.ingest import run_ingest

from .tools import (
    HEADER,
    PENALTIES,
    PENALTY_COLUMNS,
    REGISTER,
    TODAY,
    A,
    B,
    C,
    ingest,
    penalties,
    query,
    write_mappings,
    write_penalties,
    write_register,
)

LINES = [f"{A},D1,2024-01-02,罚款,100", f"{B},D2,2024-01-02,罚款,x"]

#: what counts after all that was ingested
COUNTING_ROWS_SQL = (
    "SELECT doc_no, amount_yuan::INT FROM penalty WHERE withdrawn_on IS NULL ORDER BY 1"
)

# A real process that is really killed, at the n-th step of its work.
KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from xhcredit.jobs.warehouse.ingest import run_ingest
steps = 0
def step(*_):
    global steps
    steps += 1
    if steps == int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)
run_ingest(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), today=date(2026, 6, 30),
           progress=step)
"""


def snapshot(folder):
    """Every file that counts and its bytes."""
    files = (f for f in Path(folder).rglob("*") if f.is_file() and f.name != ".lock")
    return {str(f.relative_to(folder)): f.read_bytes() for f in files}


def prepare(tmp_path, *lines):
    write_register(tmp_path / "in", A, B)
    write_penalties(tmp_path / "in", *(lines or LINES))


def test_twice_is_once(tmp_path):
    prepare(tmp_path)
    first = ingest(tmp_path, REGISTER, PENALTIES)
    first_snapshot = snapshot(tmp_path / "warehouse")
    again = ingest(tmp_path, REGISTER, PENALTIES)

    assert {f.status for f in first.files} == {"entered"}
    assert {f.status for f in again.files} == {"unchanged"}
    assert first.quarantined() == again.quarantined() == {"bad_number": 1}
    assert again.entered() == {}
    assert snapshot(tmp_path / "warehouse") == first_snapshot


def test_the_same_content_under_another_name_is_the_same_file(tmp_path):
    prepare(tmp_path)
    ingest(tmp_path, REGISTER, PENALTIES)
    (tmp_path / "in" / "penalties.csv").rename(tmp_path / "in" / "penalties-new.csv")

    assert ingest(tmp_path, REGISTER, PENALTIES).files[1].status == "unchanged"


@pytest.mark.parametrize("step", [2, 3, 4, 5, 7, 8, 9])
def test_a_kill_leaves_all_of_a_file_or_nothing(tmp_path, step):
    """Killed at any step, every file is whole or absent, and another run completes it."""
    prepare(tmp_path)
    folder = write_mappings(tmp_path, REGISTER, PENALTIES)
    target = tmp_path / "warehouse"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "in"), str(folder), str(target), str(step)],
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    entries = {e.source: e.parts for e in Warehouse(target).entries()}
    counts = {
        name: query(tmp_path, f"SELECT count(*) FROM {name}")[0][0]
        for name in ("enterprise", "penalty")
    }
    run_ingest(str(tmp_path / "in"), folder, target, today=TODAY)
    clean = tmp_path / "clean"
    run_ingest(str(tmp_path / "in"), folder, clean, today=TODAY)

    assert killed.returncode == -signal.SIGKILL
    assert counts["enterprise"] == (2 if "register.csv" in entries else 0)
    assert counts["penalty"] == (1 if "penalties.csv" in entries else 0)
    assert snapshot(target) == snapshot(clean)


def test_rows_of_unknown_enterprises_go_in_once_the_register_has_them(tmp_path):
    write_penalties(tmp_path / "in", f"{A},D1,2024-01-02,罚款,1", f"{C},D2,2024-01-02,罚款,1")
    write_register(tmp_path / "in", A)
    first = ingest(tmp_path, REGISTER, PENALTIES)
    write_register(tmp_path / "in", A, C)
    second = ingest(tmp_path, REGISTER, PENALTIES)
    third = ingest(tmp_path, REGISTER, PENALTIES)

    assert first.quarantined() == {"unknown_enterprise": 1}
    assert second.quarantined() == {}
    assert query(tmp_path, "SELECT doc_no FROM penalty ORDER BY 1") == [("D1",), ("D2",)]
    assert {f.status for f in third.files} == {"unchanged"}
    assert not list((tmp_path / "warehouse" / "quarantine").glob("*"))


def test_a_file_done_again_does_not_overrule_later_corrections(tmp_path):
    """It takes the place of its first ingestion, before the correction."""
    write_penalties(tmp_path / "in", f"{A},D1,2024-01-02,罚款,1", f"{C},D2,2024-01-02,罚款,1")
    write_register(tmp_path / "in", A)
    ingest(tmp_path, REGISTER, PENALTIES)
    old = tmp_path / "in" / "penalties.csv"
    old.rename(tmp_path / "old.csv")
    write_penalties(tmp_path / "in", f"{A},D1,2024-01-02,罚款,2", name="penalties2.csv")
    ingest(tmp_path, REGISTER, PENALTIES)
    write_register(tmp_path / "in", A, C)
    (tmp_path / "old.csv").rename(old)
    ingest(tmp_path, REGISTER, PENALTIES)

    assert query(tmp_path, COUNTING_ROWS_SQL) == [("D1", 2), ("D2", 1)]


def test_content_that_comes_back_is_the_later_word_and_a_folder_done_again_is_not(tmp_path):
    """A, B, A alone: A counts.  Then the folder of A and B: B counts, and once more is a no-op."""
    write_register(tmp_path / "in", A)
    first = write_penalties(tmp_path / "in", f"{A},D1,2024-01-02,罚款,1")
    ingest(tmp_path, REGISTER, PENALTIES, today=date(2026, 1, 1))
    second = write_penalties(tmp_path / "in", f"{A},D1,2024-01-02,罚款,2", name="penalties2.csv")
    assert ingest(tmp_path, REGISTER, PENALTIES, today=date(2026, 2, 1)).entered() == {"penalty": 1}
    again = ingest(tmp_path, REGISTER, PENALTIES, today=date(2026, 3, 1))
    assert {f.status for f in again.files} == {"unchanged"}
    second.rename(tmp_path / "away.csv")
    back = ingest(tmp_path, PENALTIES, source=first, today=date(2026, 4, 1))

    assert back.files[0].status == "entered"
    days = "SELECT amount_yuan::INT, known_on, withdrawn_on FROM penalty ORDER BY known_on"
    assert query(tmp_path, days) == [
        (1, date(2024, 1, 2), date(2026, 2, 1)),
        (2, date(2026, 2, 1), date(2026, 4, 1)),
        (1, date(2026, 4, 1), None),
    ]
    assert ingest(tmp_path, PENALTIES, source=first).files[0].status == "unchanged"
    (tmp_path / "away.csv").rename(second)
    assert ingest(tmp_path, REGISTER, PENALTIES).entered() == {"penalty": 1}
    assert query(tmp_path, COUNTING_ROWS_SQL) == [("D1", 2)]
    assert ingest(tmp_path, REGISTER, PENALTIES).entered() == {}


def test_a_changed_mapping_corrects_every_entry_of_the_same_content_in_its_place(tmp_path):
    write_register(tmp_path / "in", A)
    first = write_penalties(tmp_path / "in", f"{A},D1,2024-01-02,罚款,1")
    other = write_penalties(tmp_path, f"{A},D1,2024-01-02,罚款,2", name="penalties2.csv")
    for source in (tmp_path / "in", other, first):
        ingest(tmp_path, REGISTER, PENALTIES, source=source)
    changed = penalties(columns={"amount_yuan": {"column": "金额", "unit": "万元"}})
    ingest(tmp_path, REGISTER, changed)

    entries = Warehouse(tmp_path / "warehouse").entries()
    assert [e.seq for e in entries] == [1, 2, 3, 4]
    assert query(tmp_path, COUNTING_ROWS_SQL) == [("D1", 10_000)]
    assert ingest(tmp_path, REGISTER, changed).entered() == {}


def test_rows_held_for_a_day_ahead_go_in_once_it_has_come(tmp_path):
    prepare(tmp_path, f"{A},D1,2024-01-02,罚款,1", f"{A},D2,2026-07-10,罚款,1")
    first = ingest(tmp_path, REGISTER, PENALTIES)
    too_early = ingest(tmp_path, REGISTER, PENALTIES, today=date(2026, 7, 9))
    then = ingest(tmp_path, REGISTER, PENALTIES, today=date(2026, 7, 10))

    assert first.quarantined() == too_early.quarantined() == {"future_date": 1}
    assert too_early.entered() == {}
    assert (then.quarantined(), then.entered()) == ({}, {"penalty": 2})
    again = ingest(tmp_path, REGISTER, PENALTIES, today=date(2026, 7, 11))
    assert {f.status for f in again.files} == {"unchanged"}


def test_names_are_found_whatever_the_order_of_the_files(tmp_path):
    """A file that names enterprises comes before the file that brings them along."""
    by_name = penalties(
        mapping="by_name",
        files="a*.csv",
        columns={"code": {"column": "代码", "else_by_name": "名称"}},
    )
    bringing = PENALTIES | {
        "mapping": "bringing",
        "files": "b*.csv",
        "tables": [
            {"table": "penalty", "columns": PENALTY_COLUMNS},
            {
                "table": "enterprise",
                "optional": True,
                "columns": {"code": "代码", "name": "名称", "known_on": "日期"},
            },
        ],
    }
    by_name["tables"].append(bringing["tables"][1])
    header = HEADER + ",名称"
    write_penalties(tmp_path / "in", ",D1,2024-01-02,罚款,1,甲", header=header, name="a.csv")
    write_penalties(tmp_path / "in", f"{A},D2,2024-01-02,罚款,1,甲", header=header, name="b.csv")
    report = ingest(tmp_path, by_name, bringing)
    again = ingest(tmp_path, by_name, bringing)

    assert query(tmp_path, "SELECT doc_no, code FROM penalty ORDER BY 1") == [("D1", A), ("D2", A)]
    assert report.quarantined() == {}
    assert {f.status for f in again.files} == {"unchanged"}


def test_a_changed_mapping_replaces_what_the_old_one_brought(tmp_path):
    prepare(tmp_path, f"{A},D1,2024-01-02,罚款,2")
    ingest(tmp_path, REGISTER, PENALTIES)
    changed = penalties(columns={"amount_yuan": {"column": "金额", "unit": "万元"}})
    ingest(tmp_path, REGISTER, changed)

    rows = query(tmp_path, "SELECT amount_yuan::INT, withdrawn_on FROM penalty")
    assert rows == [(20_000, None)]


def test_one_bad_file_of_a_folder_does_not_stop_the_others(tmp_path):
    prepare(tmp_path)
    write_penalties(tmp_path / "in", LINES[0], name="penalties-b.csv", header="代码;文号;日期")
    (tmp_path / "in" / "readme.txt").write_text("x", encoding="utf-8")
    unused = PENALTIES | {"mapping": "unused", "files": "fines*"}
    report = ingest(tmp_path, REGISTER, PENALTIES, unused)

    assert [f.source for f in report.refused] == ["penalties-b.csv"]
    assert "semicolon" in str(report.refused[0].error)
    assert report.entered() == {"enterprise": 2, "penalty": 1}
    assert (report.unmatched, report.unused) == (("readme.txt",), ("unused",))


def test_another_key_for_persons_is_refused(tmp_path, monkeypatch):
    relation = {"mapping": "relations", "files": "relations*", "tables": [
        {"table": "relation", "columns": {"code": "代码", "kind": "类型", "node": "人员",
         "occurred_on": "日期", "known_on": {"else": "occurred_on"}}}]}  # fmt: skip
    write_register(tmp_path / "in", A)
    for name in ("relations1.csv", "relations2.csv"):
        write_penalties(
            tmp_path / "in",
            f"{A},法定代表人,{name},2024-01-02",
            header="代码,类型,人员,日期",
            name=name,
        )
    folder = write_mappings(tmp_path, REGISTER, relation)
    target = tmp_path / "warehouse"
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    (tmp_path / "in" / "relations2.csv").rename(tmp_path / "relations2.csv")
    run_ingest(str(tmp_path / "in"), folder, target, today=TODAY)

    assert (target / "person.key").exists()
    with pytest.raises(BadInput, match=r"not the one .* was ingested with, .* use that key"):
        run_ingest(
            str(tmp_path / "relations2.csv"), folder, target, today=TODAY, person_key=b"x" * 16
        )


def test_progress_is_told(tmp_path):
    prepare(tmp_path)
    progress_steps = []
    ingest(tmp_path, REGISTER, PENALTIES, progress=lambda *step: progress_steps.append(step))

    assert progress_steps[0] == ("register.csv: reading", 0, 2)
    assert progress_steps[-1] == ("done", 2, 2)


def test_row_digests_do_not_depend_on_the_order_of_columns(tmp_path):
    mapping = penalties(columns={"doc_no": {"row_digest": True}, "conduct": "文号"})
    write_register(tmp_path / "in", A)
    write_penalties(tmp_path / "in", LINES[0])
    turned = f"100,罚款,2024-01-02,D1,{A}"
    write_penalties(
        tmp_path / "in", turned, header="金额,种类,日期,文号,代码", name="penalties2.csv"
    )
    ingest(tmp_path, REGISTER, mapping)

    assert query(tmp_path, "SELECT count(*) FROM penalty") == [(1,)]
