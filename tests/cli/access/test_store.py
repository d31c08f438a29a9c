"""``publish``, ``audit`` and ``store``, as an operator and an auditor use them."""

import csv
import json
import sqlite3
from contextlib import closing

import pytest

from tests.cli.shell import xhcredit
from tests.store.nights import night
from xhcredit.errors import BadInput, BadStore, ChainBroken
from xhcredit.jobs.night.publish import publish
from xhcredit.scores.release import load_release
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store


@pytest.fixture
def there(tmp_path):
    """A store with one night, and acts whose words a spreadsheet would run."""
    address = tmp_path / "store.db"
    folder = night(tmp_path / "n", "2026-06-30", "ABCD")
    with Store.open(str(address)) as store:
        publish(folder, store, actor="night")
        store.act(Act("=cmd|' /C calc'!A0", "file.read", "+1+1"), lambda tx: None)
    return address


def test_publishing_twice_changes_nothing(tmp_path):
    folder = night(tmp_path / "n", "2026-06-30", "ABCD", release=load_release())
    words = ("publish", folder, "--store", tmp_path / "s.db", "--json")
    first, second = xhcredit(*words), xhcredit(*words)

    assert (first.exit_code, first.json["run"], first.json["repeated"]) == (0, 1, False)
    assert (second.exit_code, second.json["run"], second.json["repeated"]) == (0, 1, True)
    assert "run 1" in xhcredit("publish", folder, "--store", tmp_path / "s.db").out


def test_points_tables_are_kept_only_if_they_scored_the_night(tmp_path):
    folder = night(tmp_path / "n", "2026-06-30", "ABCD")
    outcome = xhcredit("publish", folder, "--store", tmp_path / "s.db", "--actor", "me")

    assert outcome.exit_code == 0, outcome.err
    with Store.open(str(tmp_path / "s.db")) as store:
        assert store.reader.releases() == []


def test_the_chain_is_walked_and_its_head_can_be_held_against_it(there):
    head = xhcredit("audit", "head", "--store", there).out.strip()
    whole = xhcredit("audit", "verify", "--store", there, "--head", head)

    assert (whole.exit_code, "whole: 3 entries" in whole.out) == (0, True)
    wrong = xhcredit("audit", "verify", "--store", there, "--head", f"3:{'0' * 64}")
    assert (wrong.exit_code, "written anew" in wrong.err) == (ChainBroken.exit_code, True)
    assert xhcredit("audit", "verify", "--store", there, "--head", "x").exit_code == 12


def test_a_broken_chain_names_its_first_broken_entry_and_fails(there):
    with closing(sqlite3.connect(there)) as con, con:
        con.execute("DROP TRIGGER keep_activity_update")
        con.execute("UPDATE activity SET actor = 'nobody' WHERE seq = 2")
    outcome = xhcredit("audit", "verify", "--store", there)

    assert outcome.exit_code == ChainBroken.exit_code
    assert "broken at entry 2" in outcome.err
    checked = xhcredit("store", "check", "--store", there)
    assert checked.exit_code == ChainBroken.exit_code


def test_checking_a_store_tells_missing_guards_and_leaves_them_to_migrating(there):
    with closing(sqlite3.connect(there)) as con, con:
        con.execute("DROP TRIGGER keep_runs_update")
    outcomes = [xhcredit("store", "check", "--store", there) for _ in range(2)]

    assert [x.exit_code for x in outcomes] == [ChainBroken.exit_code] * 2
    assert all('guard "keep_runs_update" is missing or changed' in x.err for x in outcomes)
    assert "put back: keep_runs_update" in xhcredit("store", "migrate", "--store", there).words
    assert xhcredit("store", "check", "--store", there).exit_code == 0


def test_checking_a_store_of_another_version_says_what_to_do_and_changes_nothing(there):
    for version, remedy in (("0009", "publish the night anew"), ("9999", "install the newer")):
        with closing(sqlite3.connect(there)) as con, con:
            con.execute("UPDATE alembic_version SET version_num = ?", [version])
        outcome = xhcredit("store", "check", "--store", there)

        assert outcome.exit_code == BadStore.exit_code
        assert remedy in " ".join(outcome.err.split())
        with closing(sqlite3.connect(there)) as con:
            assert con.execute("SELECT version_num FROM alembic_version").fetchall() == [(version,)]


def test_exports_hold_every_entry_and_run_no_formula(there, tmp_path):
    xhcredit("audit", "export", tmp_path / "a.csv", "--store", there)
    xhcredit("audit", "export", tmp_path / "a.jsonl", "--store", there)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [json.loads(x) for x in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]

    assert [row["seq"] for row in rows] == ["1", "2", "3"]
    assert (rows[2]["actor"], rows[2]["purpose"]) == ("'=cmd|' /C calc'!A0", "'+1+1")
    assert lines[2]["actor"] == "=cmd|' /C calc'!A0"
    assert lines[2]["previous"] == lines[1]["digest"]
    only = xhcredit("audit", "export", tmp_path / "b.csv", "--store", there, "--by", "night")
    assert only.out.startswith("1 entries")
    refused = xhcredit("audit", "export", tmp_path / "c.xls", "--store", there)
    assert (refused.exit_code, "choose one" in refused.err) == (BadInput.exit_code, True)


def test_what_is_saved_can_be_brought_back(there, tmp_path):
    saved = xhcredit("store", "backup", tmp_path / "b", "--store", there)
    restored = xhcredit("store", "restore", tmp_path / "b", "--store", tmp_path / "again.db")
    heads = [xhcredit("audit", "head", "--store", s).out for s in (there, tmp_path / "again.db")]

    assert (saved.exit_code, restored.exit_code) == (0, 0), restored.err
    assert heads[0] == heads[1]


def test_runs_are_listed_and_switched(there, tmp_path):
    folder = night(tmp_path / "m", "2026-07-01", "BBCD", release=load_release())
    xhcredit("publish", folder, "--store", there)
    switched = xhcredit("store", "switch", 1, "--store", there, "--why", "wrong data")
    listed = xhcredit("store", "runs", "--store", there, "--json").json

    assert "1 enterprises changed" in switched.words
    assert (listed["current"], [r["run"] for r in listed["runs"]]) == (1, [2, 1])
    assert "* 1" in xhcredit("store", "runs", "--store", there).out


def test_migrating_and_retention_say_what_they_found(there):
    assert "is of version" in xhcredit("store", "migrate", "--store", there).out
    kinds = xhcredit("store", "retention", "--store", there, "--as-of", "2040-01-01", "--json").json
    rows_by_rule = {kind["rule"]: kind["rows"] for kind in kinds}

    assert rows_by_rule["retention.activity_months"] == 3
    assert (
        rows_by_rule["retention.snapshot_months"] == 0
    )  # the run that answers is never among them
    assert "proposal" in xhcredit("store", "retention", "--store", there).words


def test_a_slip_in_the_address_makes_no_new_store(tmp_path):
    outcome = xhcredit("audit", "verify", "--store", tmp_path / "none.db")

    assert (outcome.exit_code, "there is no store at" in outcome.err) == (BadInput.exit_code, True)
    assert not (tmp_path / "none.db").exists()


def test_only_changes_past_their_time_are_removed(there, tmp_path):
    with Store.open(str(there)) as store:
        publish(night(tmp_path / "m", "2026-07-01", "BBCD"), store, actor="night")
    words = ("store", "prune", "--store", there, "--as-of")

    assert "0 changes" in xhcredit(*words, "2026-07-01").out
    assert "1 changes" in xhcredit(*words, "2040-01-01").out  # of two, the last stays
    assert "0 changes" in xhcredit(*words, "2040-01-01").out
