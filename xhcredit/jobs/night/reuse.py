"""Reuse of a night's results by the next night: rows and the day until which each is valid.

``<out>/.carry`` holds the columns of a night, the due day of each row and the values of neighbours'
indicators, one ``.npy`` each, and ``carry.json``: of which data, rules, release and program they
are.  It appears as a whole after the night itself, so that it is never newer than what it carries.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from xhcredit.engine import stores
from xhcredit.engine.columns import Array, EventColumns
from xhcredit.engine.one_enterprise import day_number
from xhcredit.engine.splice import moved_positions
from xhcredit.ingest.changes import warehouse_changes
from xhcredit.ingest.schema import directory_digest
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.night.result_columns import NightColumns
from xhcredit.jobs.scoring.model import Model, code_version

FOLDER = ".carry"

#: what must be as it was for anything to be carried over, and how its change is told
_REASON_BY_DEPENDENCY = {
    "release": "另一模型版本 another release",
    "rules": "规则有变 other rules in force",
    "features": "指标定义有变 other definitions of indicators",
    "directory": "目录有变 another directory of tables",
    "code": "程序有变 another version of the program",
}


@dataclass(frozen=True)
class EarlierNight:
    """Earlier night; ``rows`` are the positions of its enterprises in its store."""

    as_of: date
    digest: str
    entries: list[str]
    codes: Array
    rows: Array
    due: Array
    neighbours: Array
    columns: Mapping[str, Array]


def dependency_digests(model: Model) -> dict[str, str]:
    """Digests of all that a result depends on besides the facts of its enterprise."""
    pool, policy = model.scorer.pool, model.policy
    rules_text = repr((pool, policy, model.x_caps, model.x_cutoffs))
    return {
        "release": model.release.digest,
        "rules": hashlib.sha256(rules_text.encode()).hexdigest(),
        "features": model.feature_digest,
        "directory": directory_digest(),
        "code": code_version(),
    }


def load_earlier_night(out: Path, model: Model) -> EarlierNight | str:
    """Earlier night to reuse from a folder of results; else the reason why there is none."""
    folder = out / FOLDER
    try:
        manifest = json.loads((folder / "carry.json").read_text(encoding="utf-8"))
        earlier_night = _memory_mapped(folder, manifest)
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return "没有前一夜 no earlier night to carry on"
    current_digests = dependency_digests(model)
    for name, reason in _REASON_BY_DEPENDENCY.items():
        if manifest["fit"].get(name) != current_digests[name]:
            return reason
    if earlier_night.as_of > model.as_of:
        day = earlier_night.as_of
        return f"前一夜为{day} the earlier night is of a later day, {day}"
    return earlier_night


def _memory_mapped(folder: Path, manifest: Mapping[str, Any]) -> EarlierNight:
    arrays = {f.stem: np.load(f, mmap_mode="r") for f in folder.glob("*.npy")}
    sizes = {name: int(arrays[name].shape[0]) for name in manifest["columns"]}
    if set(sizes.values()) != {manifest["enterprises"]}:
        raise ValueError("columns of different length")
    return EarlierNight(
        as_of=date.fromisoformat(manifest["as_of"]),
        digest=manifest["digest"],
        entries=manifest["entries"],
        codes=arrays.pop("codes"),
        rows=arrays.pop("rows"),
        due=arrays.pop("due"),
        neighbours=arrays.pop("neighbours"),
        columns=arrays,
    )


def keep_for_next_night(out: Path, event_columns: EventColumns, columns: NightColumns) -> None:
    """Store a night for reuse by the next.

    Args:
        out: folder of the night's results.
        event_columns: what it was scored from.
        columns: of the night; their folder becomes what the next carries on from.
    """
    if event_columns.path is None:
        return
    part_folder = out / f"{FOLDER}.part"
    shutil.rmtree(part_folder, ignore_errors=True)
    columns.move_to(part_folder)
    codes = event_columns.path / "register" / "codes.npy"
    try:
        os.link(codes, part_folder / "codes.npy")
    except OSError:  # another disk, or no links there
        shutil.copyfile(codes, part_folder / "codes.npy")
    manifest = {
        "as_of": columns.results.model.as_of.isoformat(),
        "digest": event_columns.digest,
        "entries": stores.read_notes(event_columns.path).get("entries", []),
        "enterprises": int(columns.rows.shape[0]),
        "columns": [*columns.results.columns, "rows", "due", "neighbours"],
        "fit": dependency_digests(columns.results.model),
    }
    (part_folder / "carry.json").write_text(
        json.dumps(manifest, ensure_ascii=False), encoding="utf-8"
    )
    shutil.rmtree(out / FOLDER, ignore_errors=True)
    # A kill between the two lines leaves nothing to carry on: one full night more, never a
    # wrong one.
    os.replace(part_folder, out / FOLDER)


def discard_earlier_night(out: Path) -> None:
    """Discard what the next night would reuse."""
    shutil.rmtree(out / FOLDER, ignore_errors=True)


def earlier_rows_of(
    earlier_night: EarlierNight, event_columns: EventColumns, rows: Array, day: date
) -> tuple[Array, dict[str, int]]:
    """Row in the earlier night by enterprise of today, and counts of those without a valid one.

    -1: it was not there, or is due.
    """
    new_position = moved_positions(earlier_night.codes, event_columns.codes)
    row_of = np.full(len(event_columns), -1, np.int64)
    is_present = new_position[earlier_night.rows] >= 0
    row_of[new_position[earlier_night.rows][is_present]] = np.flatnonzero(is_present)
    earlier_rows = row_of[rows]
    is_new = earlier_rows < 0
    is_due = ~is_new & (earlier_night.due[earlier_rows] <= day_number(day))
    reasons = {"新增 new": int(is_new.sum()), "到期 due by time": int(is_due.sum())}
    return np.where(is_due, -1, earlier_rows), reasons


def touched_rows(
    warehouse: Path, earlier_night: EarlierNight, event_columns: EventColumns
) -> Array | None:
    """Positions of enterprises with new data since; ``None`` if this cannot be known."""
    codes = _touched_codes(warehouse, earlier_night, event_columns)
    if codes is None or not len(event_columns):
        return None
    positions = np.searchsorted(event_columns.codes, codes)
    positions[positions == len(event_columns)] = 0
    return np.asarray(positions[event_columns.codes[positions] == codes])


def _touched_codes(
    warehouse: Path, earlier_night: EarlierNight, event_columns: EventColumns
) -> Array | None:
    if earlier_night.digest == event_columns.digest:
        return np.zeros(0, event_columns.codes.dtype)
    if (
        event_columns.path
        and stores.read_notes(event_columns.path).get("base") == earlier_night.digest
    ):
        return np.asarray(np.load(event_columns.path / "touched.npy"))
    opened_warehouse = Warehouse(warehouse)
    with opened_warehouse.reading(), duckdb.connect() as con:
        if (
            opened_warehouse.digest() != event_columns.digest
        ):  # something came in since the store was opened
            return None
        change_set = warehouse_changes(con, opened_warehouse, earlier_night.entries)
        return None if change_set is None else np.asarray(change_set.codes)
