"""Identifiers of inspectors and row numbers: nuisance variables, never learned from.

None of it is ever learned from.  An honest sample is not ordered by it either, so ``alarms`` looks
whether it tells the outcome all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np

from xhcredit.engine.columns import Array, EventColumns
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.rules.schemas.training import Outcome
from xhcredit_training.dataset import Dataset

_IDENTIFIER_COLUMNS = ("inspector", "agency")
_KEY_SPAN = (
    10_000_000  # larger than any day number, so that one sorted key serves enterprise and day
)


@dataclass(frozen=True)
class Inspections:
    """Inspections sorted by enterprise and day: position in the store, day number, field, and who
    inspected (``inspector``, ``agency``) as whole numbers, NaN if not delivered.
    """

    ent: Array
    day: Array
    field: Array
    identifiers: Mapping[str, Array]


def inspections(warehouse: Path, event_columns: EventColumns) -> Inspections:
    """Read inspections with their inspectors and agencies; there may be none."""
    rank_columns = ", ".join(
        f"CASE WHEN {w} IS NOT NULL THEN dense_rank() OVER (ORDER BY {w}) END AS {w}"
        for w in _IDENTIFIER_COLUMNS
    )
    with duckdb.connect() as con:
        opened_warehouse = Warehouse(warehouse)
        with opened_warehouse.reading():
            create_views(con, opened_warehouse)
            table = con.sql(
                "SELECT code, date_diff('day', DATE '1970-01-01', occurred_on) AS day, field, "
                f"{rank_columns} FROM inspection ORDER BY code, occurred_on"
            ).to_arrow_table()
    codes = table.column("code").to_numpy(zero_copy_only=False).astype(event_columns.codes.dtype)
    column_by_name = {
        n: table.column(n).to_numpy(zero_copy_only=False)
        for n in ("day", "field", *_IDENTIFIER_COLUMNS)
    }
    return Inspections(
        np.searchsorted(event_columns.codes, codes).astype(np.int64),
        column_by_name["day"].astype(np.int64),
        column_by_name["field"].astype(str),
        {w: column_by_name[w].astype(float) for w in _IDENTIFIER_COLUMNS},
    )


def with_inspectors(sample: Dataset, inspection_rows: Inspections, outcome: Outcome) -> Dataset:
    """The sample with ``inspector`` and ``agency`` of each row's first inspection in the horizon.

    Only where the outcome is what an inspection finds; else nobody inspected for it, and the
    sample stays as it is.  A row without such an inspection has NaN.
    """
    in_fields = np.isin(inspection_rows.field, outcome.fields)
    if outcome.observed == "all" or not in_fields.any():
        return sample
    ent, day = inspection_rows.ent[in_fields], inspection_rows.day[in_fields]
    # The first inspection after the as-of day: later ones may have been sent because of what it
    # found.
    first_index = np.searchsorted(
        ent * _KEY_SPAN + day, sample.ent * _KEY_SPAN + sample.day, side="right"
    )
    index = np.minimum(first_index, ent.size - 1)
    has_inspection = (first_index < ent.size) & (ent[index] == sample.ent)
    has_inspection &= day[index] <= sample.day + outcome.horizon_days
    identifier_values = {
        name: np.where(has_inspection, values[in_fields][index], np.nan)
        for name, values in inspection_rows.identifiers.items()
    }
    return replace(sample, identifiers={**sample.identifiers, **identifier_values})


def numbering(sample: Dataset) -> dict[str, Array]:
    """How rows are numbered: the place of a row among those of its as-of day."""
    row_number = np.zeros(len(sample))
    for day in np.unique(sample.day):
        same_day = sample.day == day
        row_number[same_day] = np.arange(same_day.sum())
    return {"row": row_number}
