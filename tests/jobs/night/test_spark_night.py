"""The night on a real Spark with two worker processes: bit-equal, also if one is killed."""

import sys
import threading
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tests.jobs.sparks import TWO_WORKERS, kill_one_when
from tests.jobs.warehouses import random_warehouse
from xhcredit.errors import BadInput, NightRefuted
from xhcredit.jobs.night import spark_slices
from xhcredit.jobs.night.result_columns import open_columns
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.night.score import score_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.scoring.score_columns import present_rows
from xhcredit.jobs.spark.session import check_engine
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release

pytestmark = [
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # py4j leaves its sockets to the end
]


@pytest.fixture(scope="module")
def model():
    return model_on(Rulebook.load(), load_release(), date(2025, 3, 31))


@pytest.fixture(scope="module")
def spark_night(tmp_path_factory, model):
    """A warehouse and its night without Spark."""
    folder = tmp_path_factory.mktemp("spark")
    random_warehouse(folder / "warehouse")
    return folder, run_night(folder / "warehouse", folder / "here", model)


def test_a_worker_killed_in_the_middle_leaves_the_night_as_it_is_without_spark(
    spark_night, model, monkeypatch
):
    """Bytes of both files are those of the embedded night, and the next night carries on."""
    folder, report = spark_night
    monkeypatch.setattr(spark_slices, "SLICES", 6)
    over, killed = threading.Event(), []
    watch = threading.Thread(
        target=kill_one_when,
        args=(lambda: any((folder / "there" / ".slices").glob("*/*.npz")), over, killed),
    )
    watch.start()
    try:
        spark = run_night(folder / "warehouse", folder / "there", model, engine=TWO_WORKERS)
    finally:
        over.set()
        watch.join()

    assert killed
    assert spark.scores.read_bytes() == report.scores.read_bytes()
    assert (spark.tiers, spark.scored_x) == (report.tiers, report.scored_x)
    assert not list((folder / "there" / ".slices").iterdir())
    later = model_on(model.rules, model.release, date(2025, 4, 1))
    after = run_night(folder / "warehouse", folder / "there", later)
    assert after.carried > 0
    full = run_night(folder / "warehouse", folder / "full", later, full=True)
    assert after.scores.read_bytes() == full.scores.read_bytes()


@pytest.fixture
def task(spark_night, model, tmp_path):
    store = open_event_columns(spark_night[0] / "warehouse")
    task = spark_slices._spark_task(tmp_path, store, model, 3)
    Path(task.slices).mkdir(parents=True)
    return store, task


def test_slices_in_any_order_and_number_are_the_whole_night(task, model):
    store, task = task
    for k in (2, 0, 1, 0):  # a slice may run twice
        spark_slices.score_slice(task, k)
    rows = present_rows(store, model.as_of)
    quiet = {"progress": lambda *_: None}
    columns = open_columns(None, store, model, rows, full=True)
    gathered = spark_slices._gather_slices(task, columns, **quiet).columns
    whole = score_night(Path(), None, store, model, rows, full=True, check=0, **quiet).columns

    for name, column in whole.results.columns.items():
        np.testing.assert_array_equal(gathered.results.columns[name], column)
    np.testing.assert_array_equal(gathered.due, whole.due)
    np.testing.assert_array_equal(gathered.neighbours, whole.neighbours)
    assert not list(Path(task.slices).glob("*.part"))


def test_a_worker_with_another_program_is_refused(task):
    _, task = task
    task.provenance["code_version"] = "another"

    with pytest.raises(NightRefuted, match="a worker has another code_version"):
        spark_slices.score_slice(task, 0)
    assert not list(Path(task.slices).iterdir())


def test_a_slice_of_other_enterprises_is_refused(task, model):
    store, task = task
    for k in range(3):
        spark_slices.score_slice(task, k)
    spark_slices._slice_file(task, 0).write_bytes(spark_slices._slice_file(task, 1).read_bytes())

    columns = open_columns(None, store, model, present_rows(store, model.as_of), full=True)
    with pytest.raises(NightRefuted, match="slice 0 holds other enterprises"):
        spark_slices._gather_slices(task, columns, lambda *_: None)


@pytest.mark.parametrize("engine", ["dask://here", "local-cluster[2]", "spark://", "local[2"])
def test_an_engine_that_does_not_exist_is_refused_in_words(engine):
    with pytest.raises(BadInput, match="is no engine; write spark://HOST:PORT"):
        check_engine(engine)


def test_without_java_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(BadInput, match="install Java 17"):
        check_engine("local[2]")


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)

    with pytest.raises(BadInput, match="extra: pip install"):
        check_engine("local[2]")
