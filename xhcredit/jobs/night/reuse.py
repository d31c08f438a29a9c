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
from xhcredit.engine.columns import Array, Store
from xhcredit.engine.one_enterprise import day_number
from xhcredit.engine.splice import moved
from xhcredit.ingest.changes import changes
from xhcredit.ingest.schema import directory_digest
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.night.result_columns import NightColumns
from xhcredit.jobs.scoring.model import Model, code_version

FOLDER = ".carry"

#: what must be as it was for anything to be carried over, and how its change is told
_WHY = {
    "release": "另一模型版本 another release",
    "rules": "规则有变 other rules in force",
    "features": "指标定义有变 other definitions of indicators",
    "directory": "目录有变 another directory of tables",
    "code": "程序有变 another version of the program",
}


@dataclass(frozen=True)
class Carried:
    """Earlier night; ``rows`` are the positions of its enterprises in its store."""

    as_of: date
    digest: str
    entries: list[str]
    codes: Array
    rows: Array
    due: Array
    neighbours: Array
    columns: Mapping[str, Array]


def fit(model: Model) -> dict[str, str]:
    """Digests of all that a result depends on besides the facts of its enterprise."""
    pool, policy = model.scorer.pool, model.policy
    ruled = repr((pool, policy, model.x_caps, model.x_cutoffs))
    return {
        "release": model.release.digest,
        "rules": hashlib.sha256(ruled.encode()).hexdigest(),
        "features": model.feature_digest,
        "directory": directory_digest(),
        "code": code_version(),
    }


def load(out: Path, model: Model) -> Carried | str:
    """Earlier night to reuse from a folder of results; else the reason why there is none."""
    folder = out / FOLDER
    try:
        told = json.loads((folder / "carry.json").read_text(encoding="utf-8"))
        found = _mapped(folder, told)
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return "没有前一夜 no earlier night to carry on"
    now = fit(model)
    for name, why in _WHY.items():
        if told["fit"].get(name) != now[name]:
            return why
    if found.as_of > model.as_of:
        return f"前一夜为{found.as_of} the earlier night is of a later day, {found.as_of}"
    return found


def _mapped(folder: Path, told: Mapping[str, Any]) -> Carried:
    arrays = {f.stem: np.load(f, mmap_mode="r") for f in folder.glob("*.npy")}
    sizes = {name: int(arrays[name].shape[0]) for name in told["columns"]}
    if set(sizes.values()) != {told["enterprises"]}:
        raise ValueError("columns of different length")
    return Carried(
        as_of=date.fromisoformat(told["as_of"]),
        digest=told["digest"],
        entries=told["entries"],
        codes=arrays.pop("codes"),
        rows=arrays.pop("rows"),
        due=arrays.pop("due"),
        neighbours=arrays.pop("neighbours"),
        columns=arrays,
    )


def keep(out: Path, store: Store, columns: NightColumns) -> None:
    """Store a night for reuse by the next.

    Args:
        out: folder of the night's results.
        store: what it was scored from.
        columns: of the night; their folder becomes what the next carries on from.
    """
    if store.path is None:
        return
    part = out / f"{FOLDER}.part"
    shutil.rmtree(part, ignore_errors=True)
    columns.leave(part)
    codes = store.path / "register" / "codes.npy"
    try:
        os.link(codes, part / "codes.npy")
    except OSError:  # another disk, or no links there
        shutil.copyfile(codes, part / "codes.npy")
    told = {
        "as_of": columns.results.model.as_of.isoformat(),
        "digest": store.digest,
        "entries": stores.about(store.path).get("entries", []),
        "enterprises": int(columns.rows.shape[0]),
        "columns": [*columns.results.columns, "rows", "due", "neighbours"],
        "fit": fit(columns.results.model),
    }
    (part / "carry.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    shutil.rmtree(out / FOLDER, ignore_errors=True)
    os.replace(part, out / FOLDER)


def forget(out: Path) -> None:
    """Discard what the next night would reuse."""
    shutil.rmtree(out / FOLDER, ignore_errors=True)


def rows_before(
    carried: Carried, store: Store, rows: Array, day: date
) -> tuple[Array, dict[str, int]]:
    """Row in the earlier night by enterprise of today, and counts of those without a valid one.

    -1: it was not there, or is due.
    """
    place = moved(carried.codes, store.codes)
    row_of = np.full(len(store), -1, np.int64)
    stands = place[carried.rows] >= 0
    row_of[place[carried.rows][stands]] = np.flatnonzero(stands)
    before = row_of[rows]
    new = before < 0
    due = ~new & (carried.due[before] <= day_number(day))
    why = {"新增 new": int(new.sum()), "到期 due by time": int(due.sum())}
    return np.where(due, -1, before), why


def touched_rows(warehouse: Path, carried: Carried, store: Store) -> Array | None:
    """Positions of enterprises with new data since; ``None`` if this cannot be known."""
    codes = _touched(warehouse, carried, store)
    if codes is None or not len(store):
        return None
    at = np.searchsorted(store.codes, codes)
    at[at == len(store)] = 0
    return np.asarray(at[store.codes[at] == codes])


def _touched(warehouse: Path, carried: Carried, store: Store) -> Array | None:
    if carried.digest == store.digest:
        return np.zeros(0, store.codes.dtype)
    if store.path and stores.about(store.path).get("base") == carried.digest:
        return np.asarray(np.load(store.path / "touched.npy"))
    kept = Warehouse(warehouse)
    with kept.reading(), duckdb.connect() as con:
        if kept.digest() != store.digest:  # something came in since the store was opened
            return None
        found = changes(con, kept, carried.entries)
        return None if found is None else np.asarray(found.codes)
