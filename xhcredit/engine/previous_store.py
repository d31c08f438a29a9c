"""Incremental update of clustered columns: the previous store beside the new one."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from xhcredit.engine import cluster
from xhcredit.engine.columns import Array
from xhcredit.engine.splice import moved_counts, positions_in, spans
from xhcredit.ingest.changes import TableChanges, WarehouseChanges

#: by what the rows of one enterprise are ordered
ORDER = ("occurred", "event_id", "known")


@dataclass
class StoreUpdate:
    """Folders and registers of both; ``place`` is where each enterprise of before stands now."""

    changed: WarehouseChanges
    base: Path
    part: Path
    codes_before: Array
    orphans: bool
    codes: Array = field(init=False)
    place: Array = field(init=False)

    def __post_init__(self) -> None:
        self.codes, self.place = self.codes_before, np.arange(self.codes_before.shape[0])

    @property
    def has_new_enterprises(self) -> bool:
        """Whether enterprises were added."""
        return self.codes.shape != self.codes_before.shape

    def query(self, sql: str) -> pa.Table:
        """Run SQL where the changes stand."""
        return self.changed.con.sql(sql).to_arrow_table().combine_chunks()

    def removed_rows(self, table: TableChanges, old_columns: dict[str, Array]) -> Array:
        """Positions of the rows of before whose key changed, sorted."""
        if not table.before:
            return np.zeros(0, np.int64)
        owners = positions_in(np.unique(table.codes), self.codes_before)
        positions = spans(old_columns["offsets"], owners[owners >= 0])[0]
        return np.asarray(positions[np.isin(old_columns["event_id"][positions], table.ids)])

    def link(self, *names: str) -> None:
        """Let files or folders of before stand in the new store as they are."""
        for name in names:
            source, target = self.base / name, self.part / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, copy_function=_link_or_copy, dirs_exist_ok=True)
            elif source.exists():
                _link_or_copy(str(source), str(target))

    def save(self, folder: str, arrays: dict[str, Array]) -> None:
        """Write arrays of now."""
        (self.part / folder).mkdir(parents=True, exist_ok=True)
        for name, array in arrays.items():
            target = self.part / folder / f"{name}.npy"
            target.unlink(missing_ok=True)  # a link: the file of before must stay
            np.save(target, array)

    def load(self, folder: str) -> dict[str, Array]:
        """Map arrays of before."""
        return {f.stem: np.load(f, mmap_mode="r") for f in (self.base / folder).glob("*.npy")}

    def widened_offsets(self, name: str) -> Array:
        """Offsets of before, with the new enterprises, of which nothing is known, between."""
        offsets = np.load(self.base / name / "offsets.npy")
        counts = moved_counts(offsets, self.place, self.codes.shape[0])
        return np.concatenate([[0], np.cumsum(counts)])


def column(arrow_table: pa.Table, k: int, kind: str) -> Array:
    """A column of a query's result as it is stored."""
    chunked = arrow_table.column(k)
    array = chunked.chunk(0) if chunked.num_chunks else pa.array([], chunked.type)
    return cluster.numpy_values(array, kind)


def _link_or_copy(source: str, target: str) -> None:
    """Link a file, or copy it where links are not to be had."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
