"""The loop of deliveries outlives what nobody expected: told, after a growing pause, and on."""

import io
import json
import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import certifi
import pytest
from sqlalchemy import text

from tests.serving.receivers import receiving
from tests.store.delivery.test_deliveries import ACT, PLAN, say, states
from tests.store.nights import night
from xhcredit.domain.log import events_to, json_lines
from xhcredit.errors import WrongState
from xhcredit.jobs.delivery.webhooks import delivery_passes
from xhcredit.jobs.night.publish import publish
from xhcredit.store.store import Store

PASS_SECONDS = 7.0


class Loop:
    """Passes over a store in a folder of its own; each rest is noted instead of taken."""

    def __init__(self, folder, plan=PLAN) -> None:
        self.folder, self.log, self.rests = folder, io.StringIO(), []
        self.store = Store.open(str(folder / "s.db"))
        self.authority = folder / "authority.pem"
        self._passes = delivery_passes(
            self.store, plan, PASS_SECONDS, self.rests.append, random_share=lambda: 1.0
        )

    def go(self):
        with events_to(json_lines(self.log)):
            return next(self._passes)

    def events(self, name):
        lines = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [line for line in lines if line["event"] == name]


@pytest.fixture
def loop(tmp_path):
    (tmp_path / "own").mkdir()
    delivery_loop = Loop(
        tmp_path / "own", replace(PLAN, ca_file=tmp_path / "own" / "authority.pem")
    )
    shutil.copy(certifi.where(), delivery_loop.authority)
    with delivery_loop.store:
        yield delivery_loop


@contextmanager
def moved_away(loop):
    """The store's folder is somewhere else for a while."""
    aside = loop.folder.with_name("aside")
    loop.folder.rename(aside)
    yield
    aside.rename(loop.folder)


@contextmanager
def lock_of_another_kind(loop):
    """Where the lock should be is a folder."""
    lock = loop.folder / "s.db.delivering"
    lock.unlink()
    lock.mkdir()
    yield
    lock.rmdir()


@contextmanager
def authority_gone(loop):
    authority_bytes = loop.authority.read_bytes()
    loop.authority.unlink()
    yield
    loop.authority.write_bytes(authority_bytes)


@contextmanager
def authority_damaged(loop):
    authority_bytes = loop.authority.read_bytes()
    loop.authority.write_text("-----BEGIN nothing")
    yield
    loop.authority.write_bytes(authority_bytes)


@contextmanager
def no_more_files(loop):
    """The process may open no file."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


KINDS = {
    moved_away: "FileNotFoundError", lock_of_another_kind: "not_writable",
    authority_gone: "FileNotFoundError", authority_damaged: "SSLError", no_more_files: "OSError",
}  # fmt: skip


@pytest.mark.parametrize("trouble", KINDS, ids=lambda t: t.__name__)
def test_what_nobody_expected_is_logged_and_outlived(loop, trouble):
    with receiving() as receiver:
        loop.store.subscriptions.add(ACT, "平台", receiver.url, (), "")
        say(loop.store, {"code": "1"})
        [first] = loop.go()
        say(loop.store, {"code": "2"})
        with trouble(loop):
            errors = [loop.go(), loop.go()]
        [last] = loop.go()

    assert (first.delivered, last.delivered) == (1, 1)
    assert all(isinstance(error, Exception) for error in errors)
    failed, [recovered] = loop.events("deliver.failed"), loop.events("deliver.recovered")
    assert [(f["error"], f["failures"], f["again_in"]) for f in failed] == [
        (KINDS[trouble], 1, 0.5),
        (KINDS[trouble], 2, 1.0),
    ]
    assert recovered["failures"] == 2
    assert loop.rests == [PASS_SECONDS, 0.5, 1.0], "the pause grows while it fails"
    assert states(loop.store) == {"delivered": 2}
    assert len(receiver.received) == 2


def test_the_pause_begins_anew_after_a_pass_that_went_well(loop):
    for trouble in (authority_gone, authority_damaged):
        loop.go()
        with trouble(loop):
            loop.go()
    loop.go()

    assert loop.rests == [PASS_SECONDS, 0.5, PASS_SECONDS, 0.5]


def test_a_refusal_ends_the_loop_as_before(loop):
    loop.go()
    with Store.open(str(loop.folder / "s.db")) as other, other.database.delivering() as alone:
        assert alone
        with pytest.raises(WrongState, match="another deliverer"):
            loop.go()


def test_a_restored_store_is_opened_anew(loop):
    """Open connections would go on reading the file that was taken away."""
    loop.go()
    with moved_away(loop):
        loop.go()
    loop.store.database.path.unlink()
    with Store.open(str(loop.folder / "s.db")) as restored:
        restored.subscriptions.add(ACT, "另一平台", "http://127.0.0.1:9/x", (), "")
    [report] = loop.go()

    assert report.name == "另一平台"


def spoil_secret(store, number):
    with store.database.writing() as con:
        named = {"number": number}
        con.execute(text("UPDATE subscriptions SET secret = '密' WHERE id = :number"), named)


def test_one_who_cannot_be_told_keeps_nobody_from_being_told(loop, tmp_path):
    """The row of one is damaged in the store."""
    with receiving() as receiver:
        for name in ("甲", "乙", "丙"):
            loop.store.subscriptions.add(ACT, name, f"{receiver.url}/{name}", (), "")
        publish(night(tmp_path / "1", "2026-07-01", "A"), loop.store, actor="n")
        publish(night(tmp_path / "2", "2026-07-02", "B"), loop.store, actor="n")
        spoil_secret(loop.store, 1)
        error = loop.go()

    assert isinstance(error, ValueError)
    assert {k: states(loop.store, k).get("delivered", 0) for k in (1, 2, 3)} == {1: 0, 2: 1, 3: 1}
    assert [f["error"] for f in loop.events("deliver.failed")] == [type(error).__name__]


def test_the_program_goes_on_and_says_where_the_fault_is(tmp_path):
    with Store.open(str(tmp_path / "s.db")) as store:
        store.subscriptions.add(ACT, "甲", "http://127.0.0.1:9/x", (), "")
        say(store, {"code": "1"})
        spoil_secret(store, 1)
    words = (
        "--log",
        tmp_path / "l",
        "deliver",
        "--store",
        tmp_path / "s.db",
        "--every",
        "0.01",
        "--allow",
        "127.0.0.0/8",
    )
    command = [sys.executable, "-m", "xhcredit.cli.main", *map(str, words)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
        printed_lines = []
        while sum("the next pass begins" in line for line in printed_lines) < 2:
            printed_lines.append(program.stderr.readline())
            assert printed_lines[-1], "it ended"
        program.terminate()
    lines = [json.loads(line) for line in (tmp_path / "l").read_text("utf-8").splitlines()]
    failed = [line for line in lines if line["event"] == "deliver.failed"]

    assert "signatures.py" in "".join(printed_lines)
    assert [f["failures"] for f in failed][:2] == [1, 2]
    assert (failed[0]["error"], failed[0]["level"]) == ("ValueError", "error")
