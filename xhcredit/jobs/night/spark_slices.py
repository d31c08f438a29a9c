"""The night on Apache Spark: the same kernel, points tables and tiers, by slices of enterprises.

The store is clustered by enterprise before (``shuffle``), so a slice is a run of enterprises
with all their events; it must lie where every worker can read it, and the results' folder where
every worker can write.  A slice is computed by the very function of the embedded night, neighbours
included (they are looked up in the whole store), and written whole under its own name: a slice may
run twice, be lost with its worker, or be there from a night that was cut off.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from xhcredit.domain.log import measured
from xhcredit.domain.progress import Progress
from xhcredit.engine import stores
from xhcredit.engine.columns import Array, Store
from xhcredit.errors import BadInput, NightRefuted
from xhcredit.jobs.night.result_columns import SLICE, NightColumns, open_columns
from xhcredit.jobs.night.score import NightScores, score_night
from xhcredit.jobs.scoring.model import Model, model_on
from xhcredit.jobs.scoring.score_columns import present
from xhcredit.jobs.spark.session import Spark, at_worker
from xhcredit.rules.rule import Rule
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import release_of

#: slices at least, so that few enterprises are shared out too
SLICES = 4


@dataclass(frozen=True)
class Task:
    """What a worker needs to know: where the store is, what scores, and who is asked for."""

    store: str
    slices: str
    release: dict[str, Any]
    rules: tuple[Rule, ...]
    provenance: dict[str, str]
    count: int


def score_on_spark(
    spark: Spark, out: Path, store: Store, model: Model, rows: Array, progress: Progress
) -> NightScores:
    """Score the enterprises at ``rows`` on a cluster; equal to ``score_night`` to the last bit.

    Args:
        spark: the cluster.
        out: folder of the night, which the workers can write.
        store: clustered columns in a folder that the workers can read.
        model: release, rules and day.
        rows: positions in the store.
        progress: told how many slices are done.

    Raises:
        BadInput: there is no cluster; or the workers gave up (with Spark's own words).
        NightRefuted: the workers run another program, or read another store.
    """
    if store.path is None:
        raise BadInput("this store lies in no folder; open it with open_store")
    task = _task(out, store, model, max(SLICES, -(-rows.shape[0] // SLICE)))
    done = Path(task.slices)
    _forget_other_nights(done)
    done.mkdir(parents=True, exist_ok=True)
    progress("spark", 0, task.count)
    todo = [k for k in range(task.count) if not _file(task, k).exists()]
    if todo:
        _run(spark, task, todo)
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


def _run(spark: Spark, task: Task, todo: list[int]) -> None:
    """Let the cluster compute slices; each is one partition, which Spark repeats if it is lost."""
    work = at_worker("xhcredit.jobs.night.spark_slices:score_slices", task, todo)
    with spark.patience():
        places = spark.session.range(0, len(todo), 1, len(todo))  # one partition each
        places.mapInArrow(work, "id long").collect()


def score_slices(task: Task, todo: list[int], batches: Iterator[Any]) -> Iterator[Any]:
    """On a worker: score the slices whose places in ``todo`` come, and pass the places on."""
    for batch in batches:
        for place in batch.column(0).to_pylist():
            score_slice(task, todo[place])
        yield batch


def score_slice(task: Task, k: int) -> None:
    """Score one slice and write it, whole or not at all.

    Raises:
        NightRefuted: this worker runs another program than the driver, or reads another store.
    """

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
        noted = measured("night.slice", first=start, enterprises=stop - start, carried=0)
        with noted, np.load(_file(task, k), allow_pickle=False) as part:
            if not np.array_equal(part["rows"], rows[start:stop]):
                raise NightRefuted(f"slice {k} holds other enterprises; remove {task.slices}")
            for name, column in columns.results.columns.items():
                column[start:stop] = part[f"c_{name}"]
            columns.due[start:stop] = part["due"]
            columns.neighbours[start:stop] = part["neighbours"]
        columns.let_go()
        progress("spark", k + 1, task.count)
    return NightScores(columns, 0, f"Spark {task.count} 片 slices")
