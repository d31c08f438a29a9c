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

from xhcredit.engine.columns import Array, Store, let_go
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.result_table import Empty, Results, empty_columns

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

    results: Results
    rows: Array
    due: Array
    neighbours: Array
    carried: Array
    folder: Path | None = None

    def slices(self) -> Iterator[slice]:
        """All slices, in the order of the enterprises."""
        size = self.rows.shape[0]
        return (slice(a, min(a + SLICE, size)) for a in range(0, size, SLICE))

    def todo(self) -> Iterator[slice]:
        """Slices that are not done; a yielded slice is marked done when the next is asked for.

        A slice is on the disk before it is marked, so that a power cut marks none that is not.
        """
        for at in self.slices():
            mark = self.folder and self.folder / f"{at.start}.done"
            if mark and mark.exists():
                continue
            yield at
            if mark and self.rows.shape[0] > SLICE:
                self._flush()
                mark.touch()
            self.let_go()

    def part(self, at: slice) -> Results:
        """The results of a slice."""
        columns = {name: column[at] for name, column in self.results.columns.items()}
        return Results(self.results.model, at.stop - at.start, columns)

    def let_go(self) -> None:
        """Release the memory pages of the columns; they are read again when used."""
        let_go(self._arrays().values())

    def leave(self, into: Path) -> None:
        """Move the columns to the new folder ``into``, from which the next night reuses rows."""
        if self.folder is None:
            into.mkdir()
            for name, array in self._arrays().items():
                np.save(into / f"{name}.npy", array)
        else:
            for mark in self.folder.glob("*.done"):
                mark.unlink()
            os.replace(self.folder, into)
        (into / "carried.npy").unlink()  # of this night alone

    def forget(self) -> None:
        """Discard the columns."""
        if self.folder is not None:
            shutil.rmtree(self.folder)

    def _arrays(self) -> dict[str, Array]:
        own = {"due": self.due, "neighbours": self.neighbours, "carried": self.carried}
        return {**self.results.columns, "rows": self.rows, **own}

    def _flush(self) -> None:
        for array in self._arrays().values():
            if isinstance(array, np.memmap):
                array.flush()


def open_columns(
    out: Path | None, store: Store, model: Model, rows: Array, *, full: bool
) -> NightColumns:
    """Columns of a night, empty or as a night that was cut off left them.

    Args:
        out: folder of the night, whose columns are then kept on disk; ``None``: in memory.
        store: what is scored from.
        model: release, rules and day.
        rows: positions in the store.
        full: nothing is carried over; such a night does not go on with one that carried.

    Raises:
        OSError: the disk is full.
    """
    empty = _empty(model, rows)
    if out is None:
        return _columns(model, {name: np.full(*made) for name, made in empty.items()}, rows)
    told = f"{sorted(model.provenance(store.digest).items())} {full} {rows.shape[0]}"
    folder = out / FOLDER / hashlib.sha256(told.encode()).hexdigest()[:16]
    for other in (out / FOLDER).glob("*"):
        if other != folder:
            shutil.rmtree(other)
    if not folder.exists():
        _make(folder, empty, rows)
    files = {name: np.load(folder / f"{name}.npy", mmap_mode="r+") for name in empty}
    return _columns(model, files, rows, folder)


def _empty(model: Model, rows: Array) -> dict[str, Empty]:
    """All columns before anything is scored."""
    size = rows.shape[0]
    neighbours = sum(f.aggregate == "neighbours" for f in model.compiled.features)
    own: dict[str, Empty] = {
        "due": ((size,), 0, np.int64),
        "neighbours": ((size, neighbours), 0, np.float64),
        "carried": ((size,), 0, np.bool_),
    }
    return {**empty_columns(model, size), **own}


def _columns(
    model: Model, arrays: Mapping[str, Array], rows: Array, folder: Path | None = None
) -> NightColumns:
    columns = dict(arrays)
    own = {name: columns.pop(name) for name in ("due", "neighbours", "carried")}
    return NightColumns(Results(model, rows.shape[0], columns), rows, **own, folder=folder)


def _make(folder: Path, empty: Mapping[str, Empty], rows: Array) -> None:
    """Make the files of the columns; room is taken on the disk now, not when it is written to."""
    part = folder.with_suffix(".part")
    part.mkdir(parents=True)
    np.save(part / "rows.npy", rows)
    for name, (shape, content, kind) in empty.items():
        file = part / f"{name}.npy"
        array = np.lib.format.open_memmap(file, "w+", kind, shape)
        if hasattr(os, "posix_fallocate"):  # not on every system
            with file.open("rb+") as opened:
                os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
        array[...] = content
        let_go([array])
    os.replace(part, folder)
