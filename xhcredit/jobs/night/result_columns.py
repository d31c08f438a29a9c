"""Result columns of a night while it is computed: on disk, slice by slice of enterprises.

Memory holds what one slice needs, whatever the number of enterprises; a night that was cut off
goes on at the first slice that is not done.  When the night is written, the folder of the columns
is what the next night carries on from.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xhcredit.engine.columns import Array, EventColumns, release_pages
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.result_table import ColumnSpec, NightResults, empty_columns

#: enterprises that are scored, and written, at a time
SLICE = 200_000
FOLDER = ".night"


@dataclass(frozen=True)
class NightColumns:
    """Columns of a night.

    ``rows``: positions in the store; ``due``: until which day each result stays; ``neighbours``:
    their indicators, one row each; ``carried``: who was carried over.  ``folder``: where the
    columns lie, ``None``: in memory alone.
    """

    results: NightResults
    rows: Array
    due: Array
    neighbours: Array
    carried: Array
    folder: Path | None = None

    def slices(self) -> Iterator[slice]:
        """All slices, in the order of the enterprises."""
        size = self.rows.shape[0]
        return (slice(a, min(a + SLICE, size)) for a in range(0, size, SLICE))

    def open_slices(self) -> Iterator[slice]:
        """Slices that are not done; a yielded slice is marked done when the next is asked for.

        A slice is on the disk before it is marked, so that a power cut marks none that is not.
        """
        for row_slice in self.slices():
            done_file = self.folder and self.folder / f"{row_slice.start}.done"
            if done_file and done_file.exists():
                continue
            yield row_slice
            if done_file and self.rows.shape[0] > SLICE:
                self._flush()
                done_file.touch()
            self.release_pages()

    def slice_results(self, row_slice: slice) -> NightResults:
        """The results of a slice."""
        columns = {name: column[row_slice] for name, column in self.results.columns.items()}
        return NightResults(self.results.model, row_slice.stop - row_slice.start, columns)

    def release_pages(self) -> None:
        """Release the memory pages of the columns; they are read again when used."""
        release_pages(self._arrays().values())

    def move_to(self, target_folder: Path) -> None:
        """Move the columns to the new folder ``target_folder``, from which the next night
        reuses rows."""
        if self.folder is None:
            target_folder.mkdir()
            for name, array in self._arrays().items():
                np.save(target_folder / f"{name}.npy", array)
        else:
            for done_file in self.folder.glob("*.done"):
                done_file.unlink()
            os.replace(self.folder, target_folder)
        (target_folder / "carried.npy").unlink()  # of this night alone

    def discard(self) -> None:
        """Discard the columns."""
        if self.folder is not None:
            shutil.rmtree(self.folder)

    def _arrays(self) -> dict[str, Array]:
        own_arrays = {"due": self.due, "neighbours": self.neighbours, "carried": self.carried}
        return {**self.results.columns, "rows": self.rows, **own_arrays}

    def _flush(self) -> None:
        for array in self._arrays().values():
            if isinstance(array, np.memmap):
                array.flush()


def open_columns(
    out: Path | None, event_columns: EventColumns, model: Model, rows: Array, *, full: bool
) -> NightColumns:
    """Columns of a night, empty or as a night that was cut off left them.

    Args:
        out: folder of the night, whose columns are then kept on disk; ``None``: in memory.
        event_columns: what is scored from.
        model: release, rules and day.
        rows: positions in the store.
        full: nothing is carried over; such a night does not go on with one that carried.

    Raises:
        OSError: the disk is full.
    """
    empty = _empty_night_columns(model, rows)
    if out is None:
        return _night_columns(
            model, {name: np.full(*column_spec) for name, column_spec in empty.items()}, rows
        )
    night_key = f"{sorted(model.provenance(event_columns.digest).items())} {full} {rows.shape[0]}"
    folder = out / FOLDER / hashlib.sha256(night_key.encode()).hexdigest()[:16]
    for other_folder in (out / FOLDER).glob("*"):
        if other_folder != folder:
            shutil.rmtree(other_folder)
    if not folder.exists():
        _make_files(folder, empty, rows)
    files = {name: np.load(folder / f"{name}.npy", mmap_mode="r+") for name in empty}
    return _night_columns(model, files, rows, folder)


def _empty_night_columns(model: Model, rows: Array) -> dict[str, ColumnSpec]:
    """All columns before anything is scored."""
    size = rows.shape[0]
    neighbours = sum(f.aggregate == "neighbours" for f in model.compiled.features)
    own_columns: dict[str, ColumnSpec] = {
        "due": ((size,), 0, np.int64),
        "neighbours": ((size, neighbours), 0, np.float64),
        "carried": ((size,), 0, np.bool_),
    }
    return {**empty_columns(model, size), **own_columns}


def _night_columns(
    model: Model, arrays: Mapping[str, Array], rows: Array, folder: Path | None = None
) -> NightColumns:
    columns = dict(arrays)
    own_columns = {name: columns.pop(name) for name in ("due", "neighbours", "carried")}
    return NightColumns(
        NightResults(model, rows.shape[0], columns), rows, **own_columns, folder=folder
    )


def _make_files(folder: Path, empty: Mapping[str, ColumnSpec], rows: Array) -> None:
    """Make the files of the columns; room is taken on the disk now, not when it is written to."""
    part_folder = folder.with_suffix(".part")
    part_folder.mkdir(parents=True)
    np.save(part_folder / "rows.npy", rows)
    for name, (shape, fill_value, dtype) in empty.items():
        file = part_folder / f"{name}.npy"
        array = np.lib.format.open_memmap(file, "w+", dtype, shape)
        if hasattr(os, "posix_fallocate"):  # not on every system
            with file.open("rb+") as open_file:
                os.posix_fallocate(open_file.fileno(), 0, file.stat().st_size)
        array[...] = fill_value
        release_pages([array])
    os.replace(part_folder, folder)
