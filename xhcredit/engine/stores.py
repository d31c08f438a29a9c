"""One clustered store on disk: made whole, described by ``store.json``, memory-mapped."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xhcredit.engine.columns import Array, Relations, Store, frozen
from xhcredit.errors import BadInput
from xhcredit.ingest.schema import directory

#: what the register tells of an enterprise and lists show or filter by
PLACES = ["bureau", "street", "name", "kind", "size"]


def unfinished(out: Path) -> Path:
    """The empty folder in which a store is made before it gets its name."""
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    return part


def begun(out: Path) -> Path:
    """Build folder of a store, kept between attempts.

    The name of the store says what it is built from, so what is there fits.
    """
    part = out.with_name(out.name + ".build")
    part.mkdir(parents=True, exist_ok=True)
    return part


def finish(part: Path, out: Path, about: dict[str, Any]) -> None:
    """Publish a store atomically; ``orphans``: events of unregistered codes were left out."""
    (part / "store.json").write_text(json.dumps(about))
    if out.exists():  # made anew; who reads it keeps its mapped files
        shutil.rmtree(out)
    os.replace(part, out)


def about(folder: Path) -> dict[str, Any]:
    """Metadata of a store (``store.json``)."""
    told: dict[str, Any] = json.loads((folder / "store.json").read_text())
    return told


def _arrays(folder: Path) -> dict[str, Array]:
    return {f.stem: frozen(np.load(f, mmap_mode="r")) for f in sorted(folder.glob("*.npy"))}


def load(path: Path) -> Store:
    """Map a clustered store into memory; nothing is read until it is used.

    Raises:
        BadInput: a file of it is gone or damaged.
    """
    try:
        return _mapped(path)
    except (EOFError, ValueError, KeyError, TypeError, FileNotFoundError) as error:
        raise BadInput(
            f'the clustered events in "{path}" are damaged ({type(error).__name__}: {error}); '
            f"remove that folder, it is made anew when it is needed"
        ) from error


def _mapped(path: Path) -> Store:
    register = _arrays(path / "register")
    return Store(
        codes=register["codes"],
        known=register["known"],
        deregistered=register["deregistered"],
        tables={name: _arrays(path / name) for name in directory()},
        relations=Relations(
            _arrays(path / "edges"),
            _arrays(path / "members"),
            frozen(np.load(path / "node_kind.npy")),
        ),
        digest=about(path)["digest"],
        path=path,
    )


def places_of(store: Store) -> pa.Table:
    """Register attributes of all enterprises of a store (columns ``PLACES``), mapped."""
    if store.path is None:
        raise BadInput("this store lies in no folder; open it with open_store")
    return read_places(store.path)


def read_places(folder: Path) -> pa.Table:
    """The same from the folder of a store."""
    return pa.ipc.open_file(pa.memory_map(str(folder / "register" / "places.arrow"))).read_all()
