"""Sample file: Parquet with its provenance in the metadata."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xhcredit.errors import BadSample
from xhcredit_training.dataset import Array, Column, Frame, frame

_OWN = ("_bad", "_weight", "_day", "_ent")


def save(sample: Frame, path: Path, told: dict[str, Any]) -> None:
    """Write a sample; ``told`` (outcome, horizon, digests) travels in the file."""
    parts = {
        **dict(zip(sample.ids, sample.x, strict=True)),
        **dict(zip(_OWN, (sample.bad, sample.weight, sample.day, sample.ent), strict=True)),
        **{f"_group_{name}": values for name, values in sample.groups.items()},
        **{f"_identifier_{name}": values for name, values in sample.identifiers.items()},
    }
    meta = {
        "columns": [asdict(c) for c in sample.columns],
        "notes": dict(sample.notes),
        "told": told,
    }
    table = pa.table(parts).replace_schema_metadata({"xhcredit.sample": json.dumps(meta)})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def load(path: Path) -> tuple[Frame, dict[str, Any]]:
    """Read a sample with the same checks as when it was made, and its provenance.

    Raises:
        BadSample: the file is not there, or is no sample.
    """
    try:
        table = pq.read_table(path)
        meta = json.loads((table.schema.metadata or {})[b"xhcredit.sample"])
    except (OSError, KeyError, ValueError) as error:
        raise BadSample(f'"{path}" is no sample: {error}; make it with "sample"') from None
    columns = [Column(**{**c, "special": tuple(c["special"])}) for c in meta["columns"]]
    part = {name: table.column(name).to_numpy() for name in table.column_names}
    made = frame(
        columns,
        np.stack([part[c.id] for c in columns]),
        part["_bad"],
        weight=part["_weight"],
        day=part["_day"],
        ent=part["_ent"],
        groups=_prefixed(part, "_group_"),
        notes=meta["notes"],
        identifiers=_prefixed(part, "_identifier_"),
    )
    return made, meta["told"]


def _prefixed(part: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {n.removeprefix(prefix): v for n, v in part.items() if n.startswith(prefix)}
