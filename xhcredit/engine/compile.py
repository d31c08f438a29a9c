"""Compilation of feature declarations: writes the kernel's source, compiles and runs it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from xhcredit.engine import derive
from xhcredit.engine.columns import Array, Store, frozen
from xhcredit.engine.jit import has_numba, load_module
from xhcredit.engine.kernel_source import DECAY_DAYS, DECAY_ONE, TableKernel, table_kernel
from xhcredit.engine.neighbours import neighbour_values
from xhcredit.engine.spec import Feature
from xhcredit.errors import BadDeclaration
from xhcredit.ingest.schema import directory

#: enterprises that are computed together: their features stay in the processor's cache
CHUNK = 8192

_HEADER = '''"""Written by xhcredit.engine.compile from the feature declarations; do not edit."""
'''


@cache
def decay_weights(half_life: int) -> Array:
    """Fixed-point weights 2^(-days/half_life): whole numbers, the same on every engine."""
    days = np.arange(DECAY_DAYS, dtype=np.float64)
    return frozen(np.round(np.power(2.0, -days / half_life) * DECAY_ONE).astype(np.int64))


def ordered(features: Sequence[Feature]) -> list[Feature]:
    """Put features so that each stands after those it reads.

    Raises:
        BadDeclaration: a feature reads one that is not given, or they read each other in a circle.
    """
    by_id = {f.id: f for f in features}
    done: dict[str, Feature] = {}

    def visit(f: Feature, path: tuple[str, ...]) -> None:
        if f.id in done:
            return
        if f.id in path:
            raise BadDeclaration(
                f"features read each other in a circle: {' -> '.join((*path, f.id))}"
            )
        for name in reads(f):
            if name not in by_id:
                raise BadDeclaration(f'feature "{f.id}" reads "{name}", which is not declared')
            visit(by_id[name], (*path, f.id))
        done[f.id] = f

    for f in features:
        visit(f, ())
    return list(done.values())


def reads(f: Feature) -> list[str]:
    """Ids of the features that a feature is made of."""
    if f.aggregate == "derived":
        return derive.names(f.derive, f'feature "{f.id}"')
    return [f.of] if f.aggregate == "neighbours" else []


def with_inputs(wanted: Sequence[str], features: Mapping[str, Feature]) -> list[Feature]:
    """The wanted features and all that they read, in running order."""
    need: dict[str, Feature] = {}
    stack = list(wanted)
    while stack:
        name = stack.pop()
        if name not in features:
            raise BadDeclaration(f'no feature "{name}" is declared')
        if name not in need:
            need[name] = features[name]
            stack += reads(features[name])
    return ordered([f for name, f in features.items() if name in need])


def _source(kernels: Sequence[TableKernel], derived: str, *, jit: bool) -> str:
    """Assemble the module: one function per table and one for derived features."""
    lines = [_HEADER, derive.PREAMBLE]
    body = "\n\n".join([*(k.source for k in kernels), derived])
    text = "\n".join(lines) + "\n\n" + body
    if jit:
        text = text.replace("\ndef ", "\n@compiled\ndef ")
        imports = "from math import nan\n\nfrom xhcredit.engine.jit import compiled\n"
        text = text.replace("from math import nan\n", imports)
    return text


@dataclass(frozen=True, repr=False)
class Compiled:
    """Features ready to run; row ``k`` of the output belongs to ``features[k]``."""

    features: tuple[Feature, ...]
    kernels: tuple[TableKernel, ...]
    source: str
    _module: Any
    _base: Compiled | None

    def __repr__(self) -> str:
        return f"Compiled({len(self.features)} features)"

    @property
    def ids(self) -> list[str]:
        """Feature ids in output order."""
        return [f.id for f in self.features]

    def _arguments(self, kernel: TableKernel, store: Store) -> list[Array]:
        table = store.tables[kernel.table]
        return [
            decay_weights(int(name.removeprefix("weights_")))
            if name.startswith("weights_")
            else table[name]
            for name in kernel.arrays
        ]

    def fill(
        self, store: Store, rows: Array, days: Array, out: Array, shared: Mapping[int, Array]
    ) -> None:
        """Compute all features of the pairs ``(rows[i], days[i])`` into ``out[:, i]``.

        Args:
            store: clustered columns.
            rows: positions in the store, int64.
            days: as-of day numbers, int32, one per row.
            out: float64, features by pairs; missing is NaN.
            shared: neighbour features of these pairs, by output row (see ``neighbours``).
        """
        for kernel in self.kernels:
            function: Callable[..., None] = getattr(self._module, kernel.name)
            function(rows, days, *self._arguments(kernel, store), out)
        for k, values in shared.items():
            out[k] = values
        self._module.kernel_derived(out)

    def neighbours(self, store: Store, rows: Array, days: Array) -> dict[int, Array]:
        """Neighbour features of the pairs; they need others' features of the same day."""
        found: dict[int, Array] = {}
        if self._base is None:
            return found
        for k, f in enumerate(self.features):
            if f.aggregate == "neighbours":
                found[k] = neighbour_values(store, self._base, f, rows, days)
        return found

    def run(self, store: Store, rows: Array, days: Array, *, threads: int = 2) -> Array:
        """Compute the features of all pairs: float64, features by pairs, missing is NaN.

        ``rows`` are positions in the store and ``days`` as-of day numbers, one per pair.  The
        result does not depend on threads or on what else is asked for in the same call.
        """
        rows, days = np.ascontiguousarray(rows, np.int64), np.ascontiguousarray(days, np.int32)
        out = np.empty((len(self.features), rows.shape[0]), dtype=np.float64)
        shared = self.neighbours(store, rows, days)
        self.in_chunks(
            store, rows, days, shared, lambda at, part: out[:, at].__setitem__(..., part), threads
        )
        return out

    def in_chunks(
        self,
        store: Store,
        rows: Array,
        days: Array,
        shared: Mapping[int, Array],
        use: Callable[[slice, Array], None],
        threads: int = 2,
    ) -> None:
        """Compute chunk by chunk and hand each to ``use`` (which must be safe in threads)."""

        def one(start: int) -> None:
            at = slice(start, min(start + CHUNK, rows.shape[0]))
            part = np.empty((len(self.features), at.stop - at.start), dtype=np.float64)
            own = {k: values[at] for k, values in shared.items()}
            self.fill(store, frozen(rows[at]), frozen(days[at]), part, own)
            use(at, part)

        starts = range(0, rows.shape[0], CHUNK)
        if len(starts) < 2 or threads < 2:
            for start in starts:
                one(start)
            return
        one(0)  # compiles before the threads start
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, starts[1:]))

    def vector(
        self, store: Store, rows: npt.ArrayLike, day: int, **options: Any
    ) -> dict[str, Array]:
        """Features of one day as a dictionary by id."""
        positions = np.asarray(rows, np.int64)
        out = self.run(store, positions, np.full(positions.shape, day, np.int32), **options)
        return dict(zip(self.ids, out, strict=True))


def compile_features(features: Sequence[Feature], *, jit: bool | None = None) -> Compiled:
    """Compile declarations into a kernel.

    Args:
        features: all that is wanted and all that it reads, in any order.
        jit: compile with numba; by default if it is installed.  The plain twin is the same
            source run by Python itself.

    Raises:
        BadDeclaration: an expression is outside the language, or a feature that is read is missing.
    """
    order = ordered(features)
    use_jit = has_numba() if jit is None else jit
    positions = {f.id: k for k, f in enumerate(order)}
    kernels = []
    for name in directory():
        own = [(k, f) for k, f in enumerate(order) if f.table == name]
        if own:
            kernels.append(table_kernel(name, own))
    derived = derive.derived_source(
        [(k, f) for k, f in enumerate(order) if f.aggregate == "derived"], positions
    )
    source = _source(kernels, derived, jit=use_jit)
    name = "xhkernel_" + hashlib.sha256(source.encode()).hexdigest()[:16]
    base_ids = sorted({f.of for f in order if f.aggregate == "neighbours"})
    base = None
    if base_ids:
        base = compile_features(with_inputs(base_ids, {f.id: f for f in order}), jit=use_jit)
    return Compiled(tuple(order), tuple(kernels), source, load_module(name, source), base)
