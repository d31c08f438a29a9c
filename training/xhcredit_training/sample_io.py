"""Sample file: Parquet with its provenance in the metadata."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.engine.columns import Array
from xhcredit.errors import BadSample
from xhcredit_training.dataset import Column, Dataset, make_dataset
from xhcredit_training.rows import Provenance

_ROW_COLUMNS = ("_bad", "_weight", "_day", "_ent")


def save_sample(sample: Dataset, path: Path, provenance: Provenance) -> None:
    """Write a sample; ``provenance`` (outcome, horizon, digests) travels in the file."""
    array_by_column = {
        **dict(zip(sample.ids, sample.x, strict=True)),
        **dict(zip(_ROW_COLUMNS, (sample.bad, sample.weight, sample.day, sample.ent), strict=True)),
        **{f"_group_{name}": values for name, values in sample.groups.items()},
        **{f"_identifier_{name}": values for name, values in sample.identifiers.items()},
    }
    metadata = {
        "columns": [asdict(c) for c in sample.columns],
        "notes": dict(sample.notes),
        "provenance": provenance,
    }
    table = pa.table(array_by_column).replace_schema_metadata(
        {"xhcredit.sample": json.dumps(metadata)}
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def load_sample(path: Path) -> tuple[Dataset, Provenance]:
    """Read a sample with the same checks as when it was made, and its provenance.

    Raises:
        BadSample: the file is not there, or is no sample.
    """
    try:
        table = pq.read_table(path)
        metadata = json.loads((table.schema.metadata or {})[b"xhcredit.sample"])
    except (OSError, KeyError, ValueError) as error:
        raise BadSample(f'"{path}" is no sample: {error}; make it with "sample"') from None
    columns = [Column(**{**c, "special": tuple(c["special"])}) for c in metadata["columns"]]
    array_by_column = {name: table.column(name).to_numpy() for name in table.column_names}
    dataset = make_dataset(
        columns,
        np.stack([array_by_column[c.id] for c in columns]),
        array_by_column["_bad"],
        weight=array_by_column["_weight"],
        day=array_by_column["_day"],
        ent=array_by_column["_ent"],
        groups=_prefixed(array_by_column, "_group_"),
        notes=metadata["notes"],
        identifiers=_prefixed(array_by_column, "_identifier_"),
    )
    return dataset, metadata["provenance"]


def _prefixed(array_by_column: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {n.removeprefix(prefix): v for n, v in array_by_column.items() if n.startswith(prefix)}
