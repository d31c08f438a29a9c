"""kill -9 of a draw, between its steps and within each: never a part of a draw, never two."""

import json
import shutil

import duckdb
import pytest

from tests.serving.district import write_nights
from tests.store.core.test_kills_writers import orphans
from tests.store.draw_victims import CLOCK_TIME, DAY, PEOPLE, STEPS, do_until
from tests.store.killed import run
from xhcredit.draws import record
from xhcredit.draws.inspectors import read_inspectors
from xhcredit.draws.verify import PublishedFiles, verify_record
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.draws import steps
from xhcredit.jobs.night.publish import publish
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.store import Store

#: moments between two kills; the steps that cost little are met at nearly every moment
STRIDES = {"plan": 1, "freeze": 6, "seed": 1, "run": 2, "results": 5, "publish": 3}
FROZEN = {"commitment.json", "frame.csv", "strata.json", "plan.json", "inspectors.csv",
          "recusals.csv"}  # fmt: skip
#: what a draw holds in each state, nothing more and nothing less
FILES_BY_STATE = {
    "frozen": FROZEN,
    "seeded": FROZEN,
    "drawn": FROZEN | {"record.json"},
    "published": FROZEN | {"record.json"},
}
ORDER = list(FILES_BY_STATE)


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    return write_nights(tmp_path_factory.mktemp("killed"))


@pytest.fixture
def nights(once, tmp_path):
    """A warehouse of one's own, since results are entered into it."""
    return shutil.copytree(once, tmp_path / "nights")


@pytest.fixture
def store(address, nights):
    with Store.open(address, clock=lambda: CLOCK_TIME) as opened:
        publish(nights / f"{DAY}", opened, actor="night")
        yield opened


def rows(store, table):
    with store.database.reading() as con:
        return con.exec_driver_sql(f"SELECT * FROM {table}").mappings().all()


def whole(store):
    """No broken chain, no row without its entry, no part of a draw."""
    assert verify(store.database).whole
    assert find_faults(store.database) == []
    assert orphans(store) == []
    for draw in store.draws.list_draws():
        stored_draw = store.draws.get(draw["id"])
        done = [s["state"] for s in stored_draw["steps"]]
        files = {f["name"] for f in rows(store, "draw_files") if f["draw"] == draw["id"]}
        assert done == ORDER[: len(done)]
        assert files == FILES_BY_STATE[stored_draw["state"]]
        seeds = [s for s in rows(store, "draw_seeds") if s["round"] == draw["round"]]
        assert len(seeds) == ("seeded" in done)
        drawn = steps.record_of(store, draw["id"])["selected"] if "drawn" in done else []
        assert len(stored_draw["results"]) in (0, len(drawn))


def written(folder):
    """Files that are there in full; the ones that were being written have another name."""
    return {f.name: f.read_bytes() for f in folder.iterdir()} if folder.exists() else {}


def as_drawn_without_a_kill(store, draw):
    """The record as it must be: from the frozen files and the seed alone."""
    frame, commitment_body = steps.frame_of(store, draw), steps.commitment_of(store, draw)
    [entered] = [s for s in store.draws.get(draw)["steps"] if s["state"] == "seeded"]
    entry = store.draws.activity_entry(entered["activity"])
    people = read_inspectors(PEOPLE.encode())
    draw_record = record.record(
        frame, commitment_body, entered["details"], people, frozenset(), entry
    )
    return canonical(draw_record).encode()


def delivered(warehouse, draw):
    """How many inspections of a draw the warehouse holds, and of how many enterprises."""
    read_warehouse = Warehouse(warehouse)
    rows_sql = "SELECT count(*), count(DISTINCT code) FROM inspection WHERE draw_id = ?"
    with read_warehouse.reading(), duckdb.connect() as con:
        create_views(con, read_warehouse)
        return con.execute(rows_sql, [draw]).fetchone()


def test_a_draw_killed_anywhere_is_no_draw_or_one_that_goes_on(store, address, nights, tmp_path):
    warehouse, out, kills = nights / "warehouse", tmp_path / "out", dict.fromkeys(STEPS, 0)
    offset = address.startswith("postgresql")
    for step in STEPS:
        lived, limit = False, 1 + offset
        while not lived:
            lived = run(do_until, address, step, "d1", str(warehouse), str(out), limit)
            limit, kills[step] = limit + STRIDES[step], kills[step] + (not lived)
            whole(store)
        if step == "seed":
            expected = as_drawn_without_a_kill(store, "d1")

    assert sum(kills.values()) >= 100, kills
    assert min(kills.values()) >= 8, kills
    files = written(out)
    assert files["record.json"] == store.draws.file("d1", "record.json") == expected
    assert store.draws.get("d1")["state"] == "published"
    drawn = len(json.loads(expected)["selected"])
    assert delivered(warehouse, "d1") == (drawn, drawn)
    names = ("commitment.json", "frame.csv", "inspectors.csv", "recusals.csv", "record.json")
    checks = verify_record(
        json.loads(files["record.json"]), PublishedFiles(*(files[n] for n in names))
    )
    assert all(check.holds for check in checks)
