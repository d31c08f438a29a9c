"""The night's result as an Arrow table: one row per enterprise, reasons in words."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.domain.files import write_whole
from xhcredit.engine.columns import Array
from xhcredit.features.registry import features
from xhcredit.jobs.scoring.model import NATIONAL_GRADE, Model
from xhcredit.jobs.scoring.reason_facts import ReasonEncoding, ReasonFacts
from xhcredit.scores.composite import REASONS
from xhcredit.tiers.assign import TIERS

_LETTERS = pa.array(TIERS)
#: every result carries it: the tier is no credit evaluation of the enterprise
MARK = (
    "内部参考：仅用于配置监管资源，不是信用评价，不得公开 "
    "(internal reference for placing supervision resources; no credit evaluation; not public)"
)


#: of a column: its shape, what stands in it before anything is scored, and its type
ColumnSpec = tuple[tuple[int, ...], float, type]


def empty_columns(model: Model, n: int) -> dict[str, ColumnSpec]:
    """The columns of ``n`` results."""
    x = model.release.x
    return {
        **{name: ((n,), np.nan, np.float64) for name in ("general", *x, "composite")},
        **{f"{name}_grade": ((n,), -1, np.int8) for name in x},
        "tier": ((n,), 0, np.int8),
        "decided_by": ((n,), 0, np.int16),
        "national": ((n,), -1, np.int8),
        "reason": ((n, REASONS), -1, np.int16),
        "lost": ((n, REASONS), 0, np.float64),
        "fact": ((n, REASONS), np.nan, np.float64),
    }


@dataclass
class NightResults:
    """Columns of the night, filled chunk by chunk; chunks may come in any order.

    The columns are made if none are given.
    """

    model: Model
    size: int
    columns: dict[str, Array] = field(default_factory=dict)
    encoding: ReasonEncoding = field(init=False)

    def __post_init__(self) -> None:
        self.encoding = ReasonEncoding(self.model)
        if not self.columns:
            column_specs = empty_columns(self.model, self.size).items()
            self.columns = {name: np.full(*column_spec) for name, column_spec in column_specs}

    def put_chunk(self, row_slice: slice | Array, x: Array) -> None:
        """Score a chunk of features and keep what the table needs."""
        scored, tiers, x_grades = self.model.score(x)
        columns = self.columns
        columns["general"][row_slice], columns["composite"][row_slice] = (
            scored.general,
            scored.composite,
        )
        for name, score in scored.x.items():
            columns[name][row_slice], columns[f"{name}_grade"][row_slice] = score, x_grades[name]
        columns["tier"][row_slice], columns["decided_by"][row_slice] = tiers.tier, tiers.decided_by
        national = x[self.model.compiled.ids.index(NATIONAL_GRADE)]
        columns["national"][row_slice] = np.where(np.isnan(national), -1, national).astype(np.int8)
        for name, part in (
            ("reason", scored.reason),
            ("lost", scored.lost),
            ("fact", self.encoding.encode(scored.reason, scored.value)),
        ):
            columns[name][row_slice] = part.T

    def distribution(self) -> dict[str, int]:
        """How many enterprises are in each tier."""
        counts = np.bincount(self.columns["tier"], minlength=len(TIERS))
        return {tier: int(n) for tier, n in zip(TIERS, counts, strict=True)}

    def count_by_x(self) -> dict[str, int]:
        """To how many enterprises each X applies."""
        names = self.model.release.x
        return {n: int(np.count_nonzero(~np.isnan(self.columns[n]))) for n in names}

    def table(self, codes: Array, places: pa.Table | None = None) -> pa.Table:
        """The Arrow table, in the order of ``codes`` (18 bytes each), with ``places`` beside."""
        c = self.columns
        model = self.model
        day = pa.scalar(model.as_of, pa.date32())
        table: dict[str, pa.Array] = {"code": _strings(codes), "as_of": pa.repeat(day, self.size)}
        for name in ("general", *model.release.x, "composite"):
            table[name] = _numbers(c[name])
        table["tier"] = _letters(c["tier"])
        table["reasons"] = self._reasons()
        table["decided_by"] = _dictionary_labels(c["decided_by"], model.policy.deciders)
        for name in model.release.x:
            table[f"{name}_grade"] = _letters(c[f"{name}_grade"])
        table["national_evaluation"] = _letters(c["national"])
        register_columns = (
            {} if places is None else dict(zip(places.column_names, places.columns, strict=True))
        )
        return pa.table({**table, **register_columns})

    def _reasons(self) -> pa.Array:
        """List of {score, indicator, zh, en, value, since, bin, points_lost}, the largest loss
        first."""
        reason = self.columns["reason"]
        is_reason = reason >= 0
        reason_positions = reason[is_reason]
        declared = features(self.model.rules)
        vocabulary = self.model.scorer.vocabulary
        facts = self.encoding.decode(reason_positions, self.columns["fact"][is_reason])
        struct = {
            "score": _dictionary_labels(reason_positions, [s for s, _ in vocabulary]),
            "indicator": _dictionary_labels(reason_positions, [f for _, f in vocabulary]),
            "zh": _dictionary_labels(reason_positions, [declared[f].zh for _, f in vocabulary]),
            "en": _dictionary_labels(reason_positions, [declared[f].en for _, f in vocabulary]),
            "value": _numbers(facts.value),
            "since": _days(facts.since),
            "bin": _bins(facts),
            "points_lost": pa.array(self.columns["lost"][is_reason]),
        }
        offsets = np.zeros(self.size + 1, np.int32)
        np.cumsum(is_reason.sum(axis=1), out=offsets[1:])
        structs = pa.StructArray.from_arrays(list(struct.values()), list(struct))
        return pa.ListArray.from_arrays(pa.array(offsets), structs)


def _numbers(values: Array) -> pa.Array:
    """Numbers, NaN as missing."""
    return pa.array(values, mask=np.isnan(values))


def _days(days: Array) -> pa.Array:
    """Days since 1970 as dates, NaN as missing."""
    is_missing = np.isnan(days)
    return pa.array(np.where(is_missing, 0, days).astype(np.int32), mask=is_missing).cast(
        pa.date32()
    )


def _bins(facts: ReasonFacts) -> pa.Array:
    """Bins as {at_least, below}, missing where neither edge is."""
    edges = [facts.at_least, facts.below]
    no_bin = np.logical_and.reduce([np.isnan(edge) for edge in edges])
    names = ["at_least", "below"]
    return pa.StructArray.from_arrays([_numbers(e) for e in edges], names, mask=pa.array(no_bin))


def _strings(codes: Array) -> pa.Array:
    """18-byte codes as Arrow strings without a loop."""
    code_bytes = np.ascontiguousarray(codes)
    offsets = np.arange(code_bytes.shape[0] + 1, dtype=np.int32) * code_bytes.dtype.itemsize
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(code_bytes)]
    return pa.Array.from_buffers(pa.string(), code_bytes.shape[0], buffers)


def _dictionary_labels(index: Array, labels: list[str] | tuple[str, ...]) -> pa.Array:
    """Positions as dictionary-encoded words; several positions may share a word."""
    unique = list(dict.fromkeys(labels)) or [""]
    word_position = np.array([unique.index(w) for w in labels] or [0], np.int16)
    return pa.DictionaryArray.from_arrays(pa.array(word_position[index]), pa.array(unique))


def _letters(grade: Array) -> pa.Array:
    """Grades 0-3 as letters, -1 as missing."""
    index = pa.array(grade, mask=grade < 0)
    return pa.DictionaryArray.from_arrays(index, _LETTERS)


def write_atomic(
    table: pa.Table,
    path: Path,
    metadata: Mapping[str, str],
    before_rename: Callable[[], None] = lambda: None,
) -> None:
    """Write Parquet, whole or not at all; ``metadata`` travels in the file.

    ``before_rename`` is called when all is written, before the file takes its place.
    """
    write_parts([table], path, metadata, before_rename)


def write_parts(
    tables: Iterable[pa.Table],
    path: Path,
    metadata: Mapping[str, str],
    before_rename: Callable[[], None] = lambda: None,
) -> None:
    """Write tables of the same columns, one at least, below each other as ``write_atomic`` does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file_metadata = {f"xhcredit.{k}": v for k, v in {**metadata, "mark": MARK}.items()}
    part_file = path.with_name(path.name + ".part")
    table_iterator = iter(tables)
    first_table = next(table_iterator)
    schema = first_table.schema.with_metadata(file_metadata)
    flat_columns = [f.name for f in schema if not pa.types.is_nested(f.type)]
    with pq.ParquetWriter(
        part_file, schema, compression="zstd", write_statistics=flat_columns
    ) as writer:
        for table in itertools.chain([first_table], table_iterator):
            writer.write_table(table.replace_schema_metadata(file_metadata))
    before_rename()
    os.replace(part_file, path)


def provenance_of(path: Path) -> dict[str, str]:
    """Provenance kept inside a result; an ``OSError`` or ``ValueError`` if it cannot be read."""
    file_metadata = pq.read_schema(path).metadata or {}
    metadata_texts = {k.decode(): v.decode() for k, v in file_metadata.items()}
    prefix = "xhcredit."
    own_metadata = {
        k.removeprefix(prefix): v for k, v in metadata_texts.items() if k.startswith(prefix)
    }
    return {k: v for k, v in own_metadata.items() if k != "mark"}


def write_json(content: object, path: Path) -> None:
    """Write JSON, whole or not at all."""
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    write_whole(path, text.encode())
