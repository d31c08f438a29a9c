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

from xhcredit.engine.columns import Store
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.rules.schemas.training import Outcome
from xhcredit_training.dataset import Array, Frame

_WHO = ("inspector", "agency")
_SPAN = 10_000_000  # larger than any day number, so that one sorted key serves enterprise and day


@dataclass(frozen=True)
class Inspections:
    """Inspections sorted by enterprise and day: position in the store, day number, field, and who
    inspected (``inspector``, ``agency``) as whole numbers, NaN if not delivered.
    """

    ent: Array
    day: Array
    field: Array
    who: Mapping[str, Array]


def inspections(warehouse: Path, store: Store) -> Inspections:
    """Read inspections with their inspectors and agencies; there may be none."""
    numbered = ", ".join(
        f"CASE WHEN {w} IS NOT NULL THEN dense_rank() OVER (ORDER BY {w}) END AS {w}" for w in _WHO
    )
    with duckdb.connect() as con:
        kept = Warehouse(warehouse)
        with kept.reading():
            create_views(con, kept)
            table = con.sql(
                "SELECT code, date_diff('day', DATE '1970-01-01', occurred_on) AS day, field, "
                f"{numbered} FROM inspection ORDER BY code, occurred_on"
            ).to_arrow_table()
    codes = table.column("code").to_numpy(zero_copy_only=False).astype(store.codes.dtype)
    column = {n: table.column(n).to_numpy(zero_copy_only=False) for n in ("day", "field", *_WHO)}
    return Inspections(
        np.searchsorted(store.codes, codes).astype(np.int64),
        column["day"].astype(np.int64),
        column["field"].astype(str),
        {w: column[w].astype(float) for w in _WHO},
    )


def with_inspectors(sample: Frame, known: Inspections, outcome: Outcome) -> Frame:
    """The sample with ``inspector`` and ``agency`` of each row's first inspection in the horizon.

    Only where the outcome is what an inspection finds; else nobody inspected for it, and the
    sample stays as it is.  A row without such an inspection has NaN.
    """
    inside = np.isin(known.field, outcome.fields)
    if outcome.observed == "all" or not inside.any():
        return sample
    ent, day = known.ent[inside], known.day[inside]
    first = np.searchsorted(ent * _SPAN + day, sample.ent * _SPAN + sample.day, side="right")
    at = np.minimum(first, ent.size - 1)
    there = (first < ent.size) & (ent[at] == sample.ent)
    there &= day[at] <= sample.day + outcome.horizon_days
    who = {name: np.where(there, values[inside][at], np.nan) for name, values in known.who.items()}
    return replace(sample, identifiers={**sample.identifiers, **who})


def numbering(sample: Frame) -> dict[str, Array]:
    """How rows are numbered: the place of a row among those of its as-of day."""
    place = np.zeros(len(sample))
    for day in np.unique(sample.day):
        at = sample.day == day
        place[at] = np.arange(at.sum())
    return {"row": place}
