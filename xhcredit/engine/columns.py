"""Event columns clustered by enterprise: the memory-mapped input of the kernel."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xhcredit.engine.codes import NEVER
from xhcredit.errors import UnknownEnterprise

Array = npt.NDArray[Any]


def read_only(array: Array) -> Array:
    """Return a read-only view, so that compiled code sees one type whatever the array's origin."""
    view = np.asarray(array).view(np.ndarray)
    view.flags.writeable = False
    return view


def release_pages(arrays: Iterable[Array]) -> None:
    """Release memory-mapped pages of arrays; they are read again on use."""
    for array in arrays:
        base: Any = array
        while isinstance(base, np.ndarray):
            base = base.base
        if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            base.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True)
class Relations:
    """Shared nodes: edges by enterprise, and members by node.

    ``edges``: ``offsets`` (one per enterprise + 1), ``node`` and the five days of each edge, sorted
    by enterprise and node.  ``members``: the same edges, ``offsets`` one per node + 1, ``ent``
    instead of ``node``, sorted by node and enterprise.  ``node_kind``: code of the relation's kind.
    """

    edges: Mapping[str, Array]
    members: Mapping[str, Array]
    node_kind: Array


@dataclass(frozen=True)
class EventColumns:
    """All canonical tables as arrays; enterprise ``i`` is ``codes[i]``.

    ``tables[name]`` has ``offsets`` (n+1), ``occurred``, ``known``, ``withdrawn``, ``ended``,
    ``ended_known`` (day numbers; ``NEVER`` if none) and ``c_<column>``.  The register's columns
    have one value per enterprise.  ``known`` and ``deregistered`` are the register's days.
    """

    codes: Array
    known: Array
    deregistered: Array
    tables: Mapping[str, Mapping[str, Array]]
    relations: Relations
    digest: str = ""
    path: Path | None = None
    _position: dict[bytes, int] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return int(self.codes.shape[0])

    def row(self, code: str) -> int:
        """Position of an enterprise.

        Raises:
            UnknownEnterprise: nobody has this code.
        """
        i = int(np.searchsorted(self.codes, code.encode()))
        if i == len(self) or self.codes[i] != code.encode():
            raise UnknownEnterprise(
                f'no enterprise "{code}" in the register; check the code, or ingest its register'
            )
        return i

    def release_pages(self) -> None:
        """Release the memory-mapped pages of the events."""
        for arrays in (*self.tables.values(), self.relations.edges, self.relations.members):
            release_pages(arrays.values())

    def present(self, as_of: int) -> npt.NDArray[np.int64]:
        """Positions of the enterprises that were known and not yet de-registered on a day."""
        return np.flatnonzero((self.known <= as_of) & (self.deregistered > as_of))


def offsets_of(ents: Array, size: int) -> npt.NDArray[np.int64]:
    """Where each enterprise's events begin, from a sorted column of enterprise positions."""
    offsets = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(np.bincount(ents, minlength=size), out=offsets[1:])
    return offsets


def empty_days(size: int) -> dict[str, Array]:
    """Day columns of ``size`` events that happened at day 0, known at once, never ended."""
    return {
        "occurred": np.zeros(size, np.int32),
        "known": np.zeros(size, np.int32),
        "withdrawn": np.full(size, NEVER, np.int32),
        "ended": np.full(size, NEVER, np.int32),
        "ended_known": np.full(size, NEVER, np.int32),
    }
