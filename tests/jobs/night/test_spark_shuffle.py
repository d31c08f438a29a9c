"""Events shuffled on a real Spark: the store of one machine to the last bit, if a worker dies."""

import shutil
import threading
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.jobs.growing import Growing, same, twin
from tests.jobs.sparks import TWO_WORKERS, kill_one_when
from xhcredit.engine import cluster, stores
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.spark import shuffle
from xhcredit.jobs.spark.session import Spark
from xhcredit.jobs.warehouse.clustered_store import open_event_columns

pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # py4j leaves its sockets to the end
]


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A warehouse of many entries: corrected, withdrawn, ended, replaced, late rows."""
    folder = tmp_path_factory.mktemp("shuffle") / "w"
    world = Growing(folder, seed=9, enterprises=40)
    for _ in range(12):
        world.night()
    return folder


def test_a_store_shuffled_by_two_workers_is_that_of_one_machine_though_one_dies(
    grown, tmp_path, monkeypatch
):
    monkeypatch.setattr(shuffle, "RUNS", 6)
    monkeypatch.setattr(shuffle, "_ROWS", 100)  # several tasks read
    there = twin(grown, tmp_path / "there")
    over, killed = threading.Event(), []
    watch = threading.Thread(
        target=kill_one_when,
        args=(lambda: any(there.glob("clustered/*/half/.runs/0*")), over, killed),
    )
    watch.start()
    try:
        with Spark(TWO_WORKERS) as spark:
            shuffled = open_event_columns(there, spark=spark)
    finally:
        over.set()
        watch.join()

    assert killed
    same(shuffled, open_event_columns(twin(grown, tmp_path / "here")))
    assert not [f for f in there.rglob("*") if f.name == ".runs" or f.suffix == ".part"]


def in_turn(warehouse, count, rng):
    """A way to sort without Spark: rows in any order, in batches of any size, some runs twice."""

    def sort(con, t, enterprises, out):
        holding = [entry for entry in warehouse.entries() if t.name in entry.parts]
        runs = out.resolve() / ".runs"
        runs.mkdir(parents=True)
        sorting = shuffle._sort_plan(warehouse, t, holding, enterprises, runs)
        sorting = replace(sorting, count=min(count, enterprises))
        tasks = shuffle._tasks(t, warehouse, holding)
        numbers = pa.RecordBatch.from_arrays([pa.array(range(len(tasks)))], ["id"])
        rows = pa.Table.from_batches(shuffle.read_pieces(sorting, tasks, iter([numbers])))
        rows = rows.take(rng.permutation(len(rows)))
        sizes = {}
        for k in [*range(sorting.count), 0]:
            run_batches = rows.filter(pc.equal(rows["_run"], k)).to_batches(max_chunksize=7)
            for sorted_batch in shuffle.sort_run(sorting, iter(run_batches)):
                sizes[sorted_batch["run"][0].as_py()] = sorted_batch["size"][0].as_py()
        shuffle._merge_runs(t, runs, sorting, sizes, out / t.name)
        shutil.rmtree(runs)
        return sum(sizes.values())

    return sort


@pytest.mark.parametrize("count", [1, 4])
def test_runs_of_any_number_from_rows_in_any_order_are_one_store(grown, tmp_path, count):
    warehouse = Warehouse(grown)
    with duckdb.connect() as con:
        create_views(con, warehouse)
        for name, sort in (
            ("here", cluster.write_table),
            ("there", in_turn(warehouse, count, np.random.default_rng(count))),
        ):
            cluster.build(con, tmp_path / name, sort=sort)

    same(stores.load(tmp_path / "there"), stores.load(tmp_path / "here"))


def test_without_versions_only_what_is_stored_travels(tmp_path):
    Growing(tmp_path / "w", seed=1)
    t = directory()["penalty"]
    warehouse = Warehouse(tmp_path / "w")
    sorting = shuffle._sort_plan(warehouse, t, warehouse.entries(), 30, tmp_path / "a" / "b")

    assert not sorting.versions
    assert {"code", "event_id", "known_on", "occurred_on"} <= set(sorting.columns)
    assert "doc_no" not in sorting.columns
    stored = {
        name.removeprefix("c_") for name, _, _ in cluster.stored_columns(t) if name[:2] == "c_"
    }
    assert stored <= set(sorting.columns)
