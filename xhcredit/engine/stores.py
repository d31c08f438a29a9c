"""One clustered store on disk: made whole, described by ``store.json``, memory-mapped."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xhcredit.engine.columns import Array, EventColumns, Relations, read_only
from xhcredit.errors import BadInput
from xhcredit.ingest.schema import directory

#: what the register tells of an enterprise and lists show or filter by
PLACES = ["bureau", "street", "name", "kind", "size"]


def empty_part_folder(out: Path) -> Path:
    """The empty folder in which a store is made before it gets its name."""
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    return part


def build_folder(out: Path) -> Path:
    """Build folder of a store, kept between attempts.

    The name of the store says what it is built from, so what is there fits.
    """
    part = out.with_name(out.name + ".build")
    part.mkdir(parents=True, exist_ok=True)
    return part


def finish(part: Path, out: Path, notes: dict[str, Any]) -> None:
    """Publish a store atomically; ``orphans``: events of unregistered codes were left out."""
    (part / "store.json").write_text(json.dumps(notes))
    if out.exists():  # made anew; who reads it keeps its mapped files
        shutil.rmtree(out)
    os.replace(part, out)


def read_notes(folder: Path) -> dict[str, Any]:
    """Metadata of a store (``store.json``)."""
    notes: dict[str, Any] = json.loads((folder / "store.json").read_text())
    return notes


def _arrays(folder: Path) -> dict[str, Array]:
    return {f.stem: read_only(np.load(f, mmap_mode="r")) for f in sorted(folder.glob("*.npy"))}


def load(path: Path) -> EventColumns:
    """Map a clustered store into memory; nothing is read until it is used.

    Raises:
        BadInput: a file of it is gone or damaged.
    """
    try:
        return _map_store(path)
    except (EOFError, ValueError, KeyError, TypeError, FileNotFoundError) as error:
        raise BadInput(
            f'the clustered events in "{path}" are damaged ({type(error).__name__}: {error}); '
            f"remove that folder, it is made anew when it is needed"
        ) from error


def _map_store(path: Path) -> EventColumns:
    register = _arrays(path / "register")
    return EventColumns(
        codes=register["codes"],
        known=register["known"],
        deregistered=register["deregistered"],
        tables={name: _arrays(path / name) for name in directory()},
        relations=Relations(
            _arrays(path / "edges"),
            _arrays(path / "members"),
            read_only(np.load(path / "node_kind.npy")),
        ),
        digest=read_notes(path)["digest"],
        path=path,
    )


def places_table(event_columns: EventColumns) -> pa.Table:
    """Register attributes of all enterprises of a store (columns ``PLACES``), mapped."""
    if event_columns.path is None:
        raise BadInput("this store lies in no folder; open it with open_store")
    return read_places(event_columns.path)


def read_places(folder: Path) -> pa.Table:
    """The same from the folder of a store."""
    return pa.ipc.open_file(pa.memory_map(str(folder / "register" / "places.arrow"))).read_all()
