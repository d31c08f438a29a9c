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
from xhcredit.engine.columns import Array, EventColumns, read_only
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
    # The power, not exp(-d ln 2 / h): only it rounds alike in Python, NumPy and DuckDB for
    # every day (measured).
    return read_only(np.round(np.power(2.0, -days / half_life) * DECAY_ONE).astype(np.int64))


def dependency_order(features: Sequence[Feature]) -> list[Feature]:
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
        for name in inputs_of(f):
            if name not in by_id:
                raise BadDeclaration(f'feature "{f.id}" reads "{name}", which is not declared')
            visit(by_id[name], (*path, f.id))
        done[f.id] = f

    for f in features:
        visit(f, ())
    return list(done.values())


def inputs_of(f: Feature) -> list[str]:
    """Ids of the features that a feature is made of."""
    if f.aggregate == "derived":
        return derive.input_ids(f.derive, f'feature "{f.id}"')
    return [f.of] if f.aggregate == "neighbours" else []


def with_inputs(feature_ids: Sequence[str], features: Mapping[str, Feature]) -> list[Feature]:
    """The wanted features and all that they read, in running order."""
    needed_features: dict[str, Feature] = {}
    stack = list(feature_ids)
    while stack:
        name = stack.pop()
        if name not in features:
            raise BadDeclaration(f'no feature "{name}" is declared')
        if name not in needed_features:
            needed_features[name] = features[name]
            stack += inputs_of(features[name])
    return dependency_order([f for name, f in features.items() if name in needed_features])


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
class CompiledFeatures:
    """Features ready to run; row ``k`` of the output belongs to ``features[k]``."""

    features: tuple[Feature, ...]
    kernels: tuple[TableKernel, ...]
    source: str
    _module: Any
    _base: CompiledFeatures | None

    def __repr__(self) -> str:
        return f"Compiled({len(self.features)} features)"

    @property
    def ids(self) -> list[str]:
        """Feature ids in output order."""
        return [f.id for f in self.features]

    def _arguments(self, kernel: TableKernel, event_columns: EventColumns) -> list[Array]:
        table = event_columns.tables[kernel.table]
        return [
            decay_weights(int(name.removeprefix("weights_")))
            if name.startswith("weights_")
            else table[name]
            for name in kernel.arrays
        ]

    def fill(
        self,
        event_columns: EventColumns,
        rows: Array,
        days: Array,
        out: Array,
        shared: Mapping[int, Array],
    ) -> None:
        """Compute all features of the pairs ``(rows[i], days[i])`` into ``out[:, i]``.

        Args:
            event_columns: clustered columns.
            rows: positions in the store, int64.
            days: as-of day numbers, int32, one per row.
            out: float64, features by pairs; missing is NaN.
            shared: neighbour features of these pairs, by output row (see ``neighbours``).
        """
        for kernel in self.kernels:
            function: Callable[..., None] = getattr(self._module, kernel.name)
            function(rows, days, *self._arguments(kernel, event_columns), out)
        for k, values in shared.items():
            out[k] = values
        self._module.kernel_derived(out)

    def neighbours(self, event_columns: EventColumns, rows: Array, days: Array) -> dict[int, Array]:
        """Neighbour features of the pairs; they need others' features of the same day."""
        values_by_position: dict[int, Array] = {}
        if self._base is None:
            return values_by_position
        for k, f in enumerate(self.features):
            if f.aggregate == "neighbours":
                values_by_position[k] = neighbour_values(event_columns, self._base, f, rows, days)
        return values_by_position

    def run(
        self, event_columns: EventColumns, rows: Array, days: Array, *, threads: int = 2
    ) -> Array:
        """Compute the features of all pairs: float64, features by pairs, missing is NaN.

        ``rows`` are positions in the store and ``days`` as-of day numbers, one per pair.  The
        result does not depend on threads or on what else is asked for in the same call.
        """
        rows, days = np.ascontiguousarray(rows, np.int64), np.ascontiguousarray(days, np.int32)
        out = np.empty((len(self.features), rows.shape[0]), dtype=np.float64)
        shared = self.neighbours(event_columns, rows, days)
        self.in_chunks(
            event_columns,
            rows,
            days,
            shared,
            lambda pair_slice, part: out[:, pair_slice].__setitem__(..., part),
            threads,
        )
        return out

    def in_chunks(
        self,
        event_columns: EventColumns,
        rows: Array,
        days: Array,
        shared: Mapping[int, Array],
        consume: Callable[[slice, Array], None],
        threads: int = 2,
    ) -> None:
        """Compute chunk by chunk and hand each to ``consume`` (which must be safe in threads)."""

        def compute_chunk(start: int) -> None:
            pair_slice = slice(start, min(start + CHUNK, rows.shape[0]))
            part = np.empty(
                (len(self.features), pair_slice.stop - pair_slice.start), dtype=np.float64
            )
            chunk_shared = {k: values[pair_slice] for k, values in shared.items()}
            self.fill(
                event_columns,
                read_only(rows[pair_slice]),
                read_only(days[pair_slice]),
                part,
                chunk_shared,
            )
            consume(pair_slice, part)

        starts = range(0, rows.shape[0], CHUNK)
        if len(starts) < 2 or threads < 2:
            for start in starts:
                compute_chunk(start)
            return
        compute_chunk(0)  # compiles before the threads start
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(compute_chunk, starts[1:]))

    def vector(
        self, event_columns: EventColumns, rows: npt.ArrayLike, day: int, **options: Any
    ) -> dict[str, Array]:
        """Features of one day as a dictionary by id."""
        positions = np.asarray(rows, np.int64)
        out = self.run(event_columns, positions, np.full(positions.shape, day, np.int32), **options)
        return dict(zip(self.ids, out, strict=True))


def compile_features(features: Sequence[Feature], *, jit: bool | None = None) -> CompiledFeatures:
    """Compile declarations into a kernel.

    Args:
        features: all that is wanted and all that it reads, in any order.
        jit: compile with numba; by default if it is installed.  The plain twin is the same
            source run by Python itself.

    Raises:
        BadDeclaration: an expression is outside the language, or a feature that is read is missing.
    """
    order = dependency_order(features)
    use_jit = has_numba() if jit is None else jit
    positions = {f.id: k for k, f in enumerate(order)}
    kernels = []
    for name in directory():
        table_features = [(k, f) for k, f in enumerate(order) if f.table == name]
        if table_features:
            kernels.append(table_kernel(name, table_features))
    derived = derive.derived_source(
        [(k, f) for k, f in enumerate(order) if f.aggregate == "derived"], positions
    )
    source = _source(kernels, derived, jit=use_jit)
    # Named by the digest of its source: other declarations are another module, never a stale
    # cache.
    name = "xhkernel_" + hashlib.sha256(source.encode()).hexdigest()[:16]
    base_ids = sorted({f.of for f in order if f.aggregate == "neighbours"})
    base = None
    if base_ids:
        base = compile_features(with_inputs(base_ids, {f.id: f for f in order}), jit=use_jit)
    return CompiledFeatures(tuple(order), tuple(kernels), source, load_module(name, source), base)
