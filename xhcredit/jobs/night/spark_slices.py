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

from xhcredit.domain.log import log_duration
from xhcredit.domain.progress import Progress
from xhcredit.engine import stores
from xhcredit.engine.columns import Array, EventColumns
from xhcredit.errors import BadInput, NightRefuted
from xhcredit.jobs.night.result_columns import SLICE, NightColumns, open_columns
from xhcredit.jobs.night.score import NightScores, score_night
from xhcredit.jobs.scoring.model import Model, model_on
from xhcredit.jobs.scoring.score_columns import present_rows
from xhcredit.jobs.spark.session import Spark, at_worker
from xhcredit.rules.rule import Rule
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.fields import SupervisedField
from xhcredit.scores.release import release_of

#: slices at least, so that few enterprises are shared out too
SLICES = 4


@dataclass(frozen=True)
class SparkTask:
    """What a worker needs to know: where the store is, what scores, and who is asked for."""

    store: str
    slices: str
    release: dict[str, Any]
    rules: tuple[Rule, ...]
    fields: tuple[SupervisedField, ...]
    provenance: dict[str, str]
    count: int


def score_on_spark(
    spark: Spark,
    out: Path,
    event_columns: EventColumns,
    model: Model,
    rows: Array,
    progress: Progress,
) -> NightScores:
    """Score the enterprises at ``rows`` on a cluster; equal to ``score_night`` to the last bit.

    Args:
        spark: the cluster.
        out: folder of the night, which the workers can write.
        event_columns: clustered columns in a folder that the workers can read.
        model: release, rules and day.
        rows: positions in the store.
        progress: told how many slices are done.

    Raises:
        BadInput: there is no cluster; or the workers gave up (with Spark's own words).
        NightRefuted: the workers run another program, or read another store.
    """
    if event_columns.path is None:
        raise BadInput("this store lies in no folder; open it with open_store")
    task = _spark_task(out, event_columns, model, max(SLICES, -(-rows.shape[0] // SLICE)))
    slices_folder = Path(task.slices)
    _remove_other_nights(slices_folder)
    slices_folder.mkdir(parents=True, exist_ok=True)
    progress("spark", 0, task.count)
    open_slices = [k for k in range(task.count) if not _slice_file(task, k).exists()]
    if open_slices:
        _run_on_cluster(spark, task, open_slices)
    night_scores = _gather_slices(
        task, open_columns(out, event_columns, model, rows, full=True), progress
    )
    shutil.rmtree(slices_folder)
    return night_scores


def _spark_task(out: Path, event_columns: EventColumns, model: Model, count: int) -> SparkTask:
    provenance = model.provenance(event_columns.digest)
    name = hashlib.sha256(f"{sorted(provenance.items())} {count}".encode()).hexdigest()[:16]
    return SparkTask(
        store=str(Path(str(event_columns.path)).resolve()),
        slices=str((out / ".slices" / name).resolve()),
        release=model.release.as_data(),
        rules=tuple(model.rules.rules.values()),
        fields=model.rules.fields,
        provenance=provenance,
        count=count,
    )


def _remove_other_nights(current_folder: Path) -> None:
    """Remove slices of nights that were cut off and are not this one."""
    for folder in current_folder.parent.glob("*"):
        if folder != current_folder:
            shutil.rmtree(folder, ignore_errors=True)


def _slice_file(task: SparkTask, k: int) -> Path:
    return Path(task.slices) / f"{k:06d}.npz"


def _run_on_cluster(spark: Spark, task: SparkTask, open_slices: list[int]) -> None:
    """Let the cluster compute slices; each is one partition, which Spark repeats if it is lost."""
    worker_function = at_worker("xhcredit.jobs.night.spark_slices:score_slices", task, open_slices)
    with spark.translate_errors():
        positions = spark.session.range(
            0, len(open_slices), 1, len(open_slices)
        )  # one partition each
        positions.mapInArrow(worker_function, "id long").collect()


def score_slices(task: SparkTask, open_slices: list[int], batches: Iterator[Any]) -> Iterator[Any]:
    """On a worker: score the slices whose places in ``open_slices`` come, and pass the places
    on."""
    for batch in batches:
        for position in batch.column(0).to_pylist():
            score_slice(task, open_slices[position])
        yield batch


def score_slice(task: SparkTask, k: int) -> None:
    """Score one slice and write it, whole or not at all.

    Raises:
        NightRefuted: this worker runs another program than the driver, or reads another store.
    """

    event_columns = stores.load(Path(task.store))
    day = date.fromisoformat(task.provenance["as_of"])
    rules = Rulebook.of(task.rules, task.fields)
    model = model_on(rules, release_of(task.release, "Spark's driver"), day)
    local_provenance = model.provenance(event_columns.digest)
    differing = [name for name, value in task.provenance.items() if local_provenance[name] != value]
    if differing:
        raise NightRefuted(f"a worker has another {', '.join(differing)}; install the same version")
    rows = _rows_of(present_rows(event_columns, day), k, task.count)
    night_scores = score_night(
        Path(), None, event_columns, model, rows, full=True, check=0.0, progress=lambda *_: None
    )
    _write_slice(task, k, night_scores)


def _rows_of(rows: Array, k: int, count: int) -> Array:
    """The rows of slice ``k``."""
    return rows[rows.shape[0] * k // count : rows.shape[0] * (k + 1) // count]


def _write_slice(task: SparkTask, k: int, night_scores: NightScores) -> None:
    """Write a slice under a name of its own until it is complete: it may run twice at a time."""
    night = night_scores.columns
    night_arrays = {"rows": night.rows, "due": night.due, "neighbours": night.neighbours}
    columns = {f"c_{name}": column for name, column in night.results.columns.items()}
    buffer = io.BytesIO()
    np.savez(buffer, **night_arrays, **columns)  # type: ignore[arg-type]
    handle, part_file = tempfile.mkstemp(dir=task.slices, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(buffer.getbuffer())
    os.replace(part_file, _slice_file(task, k))


def _gather_slices(task: SparkTask, columns: NightColumns, progress: Progress) -> NightScores:
    """The night of all slices, in the order of the enterprises."""
    rows = columns.rows
    for k in range(task.count):
        start, stop = (rows.shape[0] * i // task.count for i in (k, k + 1))
        slice_log = log_duration("night.slice", first=start, enterprises=stop - start, carried=0)
        # Without pickles: no code may come along with arrays out of a shared folder.
        with slice_log, np.load(_slice_file(task, k), allow_pickle=False) as slice_arrays:
            if not np.array_equal(slice_arrays["rows"], rows[start:stop]):
                raise NightRefuted(f"slice {k} holds other enterprises; remove {task.slices}")
            for name, column in columns.results.columns.items():
                column[start:stop] = slice_arrays[f"c_{name}"]
            columns.due[start:stop] = slice_arrays["due"]
            columns.neighbours[start:stop] = slice_arrays["neighbours"]
        columns.release_pages()
        progress("spark", k + 1, task.count)
    return NightScores(columns, 0, f"Spark {task.count} 片 slices")
