"""The night on Apache Spark: the same kernel, points tables and tiers, by slices of enterprises.

The store is clustered by enterprise before (``open_store``), so a slice is a run of enterprises
with all their events; it must lie where every worker can read it, and the results' folder where
every worker can write.  A slice is computed by the very function of the embedded night, neighbours
included (they are looked up in the whole store), and written whole under its own name: a slice may
run twice, be lost with its worker, or be there from a night that was cut off.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xhcredit.engine import stores
from xhcredit.engine.columns import Array, Store
from xhcredit.errors import BadInput, NightRefuted
from xhcredit.jobs.model import Model, model_on
from xhcredit.jobs.night_columns import SLICE, NightColumns, open_columns
from xhcredit.jobs.night_scores import NightScores, Progress, score_night
from xhcredit.rules.rule import Rule
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import release_of

#: slices at least, so that few enterprises are shared out too
SLICES = 4
#: name under which the program's text arrives at the workers
_PROGRAM = "xhcredit_program"
_MASTERS = r"local(\[[\w,*]+\])?|local-cluster\[\d+,\d+,\d+\]|spark://.+|k8s://.+|yarn"


@dataclass(frozen=True)
class Task:
    """What a worker needs to know: where the store is, what scores, and who is asked for."""

    store: str
    slices: str
    release: dict[str, Any]
    rules: tuple[Rule, ...]
    provenance: dict[str, str]
    count: int


def check_engine(engine: str) -> None:
    """Refuse an engine that cannot be used here, before any work is done.

    Raises:
        BadInput: no such engine; or the extra ``spark`` or Java is not installed.
    """
    if not re.fullmatch(_MASTERS, engine):
        raise BadInput(
            f'"{engine}" is no engine; write spark://HOST:PORT, yarn, local[2] or '
            "local-cluster[2,1,1024], or leave --engine out"
        )
    try:
        import pyspark  # noqa: F401 - an optional extra
    except ImportError:
        raise BadInput(
            'Spark is not installed; install xhcredit with the extra: pip install "xhcredit[spark]"'
        ) from None
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java", path=f"{home}/bin" if home else None):
        raise BadInput(
            "Java is not there, and Spark runs on it; install Java 17 "
            "(apt-get install openjdk-17-jre-headless) or set JAVA_HOME"
        )


def score_on_spark(
    engine: str, out: Path, store: Store, model: Model, rows: Array, progress: Progress
) -> NightScores:
    """Score the enterprises at ``rows`` on a cluster; equal to ``score_night`` to the last bit.

    Args:
        engine: Spark's master URL.
        out: folder of the night, which the workers can write.
        store: clustered columns in a folder that the workers can read.
        model: release, rules and day.
        rows: positions in the store.
        progress: told how many slices are done.

    Raises:
        BadInput: the engine cannot be used; or the workers gave up (with Spark's own words).
        NightRefuted: the workers run another program, or read another store.
    """
    check_engine(engine)
    if store.path is None:
        raise BadInput("this store lies in no folder; open it with open_store")
    task = _task(out, store, model, max(SLICES, -(-rows.shape[0] // SLICE)))
    done = Path(task.slices)
    _forget_other_nights(done)
    done.mkdir(parents=True, exist_ok=True)
    progress("spark", 0, task.count)
    todo = [k for k in range(task.count) if not _file(task, k).exists()]
    if todo:
        _run(engine, task, todo)
    scored = _gathered(task, open_columns(out, store, model, rows, full=True), progress)
    shutil.rmtree(done)
    return scored


def _task(out: Path, store: Store, model: Model, count: int) -> Task:
    provenance = model.provenance(store.digest)
    name = hashlib.sha256(f"{sorted(provenance.items())} {count}".encode()).hexdigest()[:16]
    return Task(
        store=str(Path(str(store.path)).resolve()),
        slices=str((out / ".slices" / name).resolve()),
        release=model.release.as_data(),
        rules=tuple(model.rules.rules.values()),
        provenance=provenance,
        count=count,
    )


def _forget_other_nights(keep: Path) -> None:
    """Remove slices of nights that were cut off and are not this one."""
    for folder in keep.parent.glob("*"):
        if folder != keep:
            shutil.rmtree(folder, ignore_errors=True)


def _file(task: Task, k: int) -> Path:
    return Path(task.slices) / f"{k:06d}.npz"


def _run(engine: str, task: Task, todo: list[int]) -> None:
    """Let the cluster compute slices; each is one partition, which Spark repeats if it is lost."""
    from pyspark import cloudpickle  # an optional extra
    from pyspark.errors import PySparkException

    packed = cloudpickle.dumps(task)  # type: ignore[no-untyped-call]
    with _session(engine) as spark:
        places = spark.range(0, len(todo), 1, len(todo))  # one partition each
        try:
            places.mapInArrow(_work(packed, todo), "id long").collect()
        except PySparkException as error:
            said = [line for line in str(error).splitlines() if "xhcredit.errors" in line]
            if any("NightRefuted" in line for line in said):
                raise NightRefuted(said[0].partition("NightRefuted: ")[2]) from None
            raise BadInput(
                f'Spark at "{engine}" gave up: {_cause(error)}; see its logs, '
                "then run again: the slices that are done are kept"
            ) from error


def _work(packed: bytes, todo: list[int]) -> Any:
    """The function of the workers; it is sent by value, and first finds the program beside it."""
    program = _PROGRAM

    def work(batches: Iterator[Any]) -> Iterator[Any]:
        from pyspark import SparkFiles

        place = SparkFiles.get(program)
        if place not in sys.path:
            sys.path.insert(0, place)
        from xhcredit.jobs.spark_night import score_slices

        yield from score_slices(packed, todo, batches)

    work.__module__ = "__main__"  # else only its name would travel
    return work


def score_slices(packed: bytes, todo: list[int], batches: Iterator[Any]) -> Iterator[Any]:
    """On a worker: score the slices whose places in ``todo`` come, and pass the places on."""
    from pyspark import cloudpickle  # an optional extra

    task: Task = cloudpickle.loads(packed)
    for batch in batches:
        for place in batch.column(0).to_pylist():
            score_slice(task, todo[place])
        yield batch


def score_slice(task: Task, k: int) -> None:
    """Score one slice and write it, whole or not at all.

    Raises:
        NightRefuted: this worker runs another program than the driver, or reads another store.
    """
    from datetime import date

    from xhcredit.jobs.night import present

    store = stores.load(Path(task.store))
    day = date.fromisoformat(task.provenance["as_of"])
    model = model_on(Rulebook.of(task.rules), release_of(task.release, "Spark's driver"), day)
    here = model.provenance(store.digest)
    other = [name for name, value in task.provenance.items() if here[name] != value]
    if other:
        raise NightRefuted(f"a worker has another {', '.join(other)}; install the same version")
    rows = _rows_of(present(store, day), k, task.count)
    scored = score_night(
        Path(), None, store, model, rows, full=True, check=0.0, progress=lambda *_: None
    )
    _write(task, k, scored)


def _rows_of(rows: Array, k: int, count: int) -> Array:
    """The rows of slice ``k``."""
    return rows[rows.shape[0] * k // count : rows.shape[0] * (k + 1) // count]


def _write(task: Task, k: int, scored: NightScores) -> None:
    """Write a slice under a name of its own until it is complete: it may run twice at a time."""
    night = scored.columns
    own = {"rows": night.rows, "due": night.due, "neighbours": night.neighbours}
    columns = {f"c_{name}": column for name, column in night.results.columns.items()}
    content = io.BytesIO()
    np.savez(content, **own, **columns)  # type: ignore[arg-type]
    handle, part = tempfile.mkstemp(dir=task.slices, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(content.getbuffer())
    os.replace(part, _file(task, k))


def _gathered(task: Task, columns: NightColumns, progress: Progress) -> NightScores:
    """The night of all slices, in the order of the enterprises."""
    rows = columns.rows
    for k in range(task.count):
        start, stop = (rows.shape[0] * i // task.count for i in (k, k + 1))
        with np.load(_file(task, k), allow_pickle=False) as part:
            if not np.array_equal(part["rows"], rows[start:stop]):
                raise NightRefuted(f"slice {k} holds other enterprises; remove {task.slices}")
            for name, column in columns.results.columns.items():
                column[start:stop] = part[f"c_{name}"]
            columns.due[start:stop] = part["due"]
            columns.neighbours[start:stop] = part["neighbours"]
        columns.let_go()
        progress("spark", k + 1, task.count)
    return NightScores(columns, 0, f"Spark {task.count} 片 slices")


@contextmanager
def _session(engine: str) -> Iterator[Any]:
    """A session of its own; the program's text travels along, so every worker runs this one."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    building = SparkSession.builder.master(engine).appName("xhcredit score")
    building = building.config("spark.ui.enabled", "false").config("spark.log.level", "ERROR")
    building = building.config("spark.ui.showConsoleProgress", "false")  # we tell it ourselves
    if engine.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        building = building.config("spark.driver.host", "127.0.0.1")
    if engine.startswith("local-cluster"):  # an executor may take what its worker has
        memory = engine.rstrip("]").rpartition(",")[2]
        building = building.config("spark.executor.memory", f"{memory}m")
    try:
        spark = building.getOrCreate()
    except Exception as error:  # of py4j or of the JVM, by what fails
        raise BadInput(
            f'no Spark at "{engine}": {_cause(error)}; check the master\'s address and that it runs'
        ) from error
    try:
        with tempfile.TemporaryDirectory(prefix="xhcredit-spark-") as folder:
            spark.sparkContext.addArchive(f"{_program(Path(folder))}#{_PROGRAM}")
            yield spark
    finally:
        spark.stop()


def _cause(error: Exception) -> str:
    """What the JVM said: its message, not the way it took to Python."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if re.match(r"(: |Caused by: )?[\w.]+(Exception|Error)\b", line)]
    return (told or lines or [type(error).__name__])[0].removeprefix(": ")


def _program(folder: Path) -> str:
    """This program as an archive."""
    root, staged = Path(__file__).parents[1], folder / "program"
    shutil.copytree(root, staged / root.name, ignore=shutil.ignore_patterns("__pycache__"))
    return shutil.make_archive(str(folder / _PROGRAM), "zip", staged)
