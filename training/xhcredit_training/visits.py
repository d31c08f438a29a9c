"""Inspections with a logged inclusion probability; never a feature."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from xhcredit.engine.codes import NEVER
from xhcredit.engine.columns import Store
from xhcredit.errors import BadSample
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.rules.schemas.training import Outcome
from xhcredit_training.dataset import Array

_EMPTY = ("unreachable", "no_activity")  #: results that tell nothing about conduct


@dataclass(frozen=True)
class Visits:
    """Conclusive visits by draw, sorted by enterprise and day: position in the store, day, day
    known, day withdrawn, field, found a problem, probability of having been drawn.
    """

    ent: Array
    day: Array
    known: Array
    withdrawn: Array
    field: Array
    failed: Array
    probability: Array


def logged(warehouse: Path, store: Store) -> Visits:
    """Read the visits by draw that logged a probability; there may be none."""
    with duckdb.connect() as con:
        kept = Warehouse(warehouse)
        with kept.reading():
            create_views(con, kept)
            found = con.execute(
                "SELECT code, date_diff('day', DATE '1970-01-01', occurred_on) AS day, "
                "date_diff('day', DATE '1970-01-01', known_on) AS known, "
                f"coalesce(date_diff('day', DATE '1970-01-01', withdrawn_on), {NEVER}) AS gone, "
                "field, failed, inclusion_probability FROM inspection WHERE form = 'random' "
                "AND inclusion_probability IS NOT NULL AND list_contains(?, result) = false "
                "ORDER BY code, occurred_on",
                [list(_EMPTY)],
            ).fetchnumpy()
    codes = np.asarray(found["code"]).astype(store.codes.dtype)
    return Visits(
        np.searchsorted(store.codes, codes),
        *(
            np.asarray(found[c])
            for c in ("day", "known", "gone", "field", "failed", "inclusion_probability")
        ),
    )


def first_visit(
    visits: Visits, rows: Array, days: Array, outcome: Outcome
) -> tuple[Array, Array, Array]:
    """Of each pair the first visit by draw within the horizon: probability, finding, day.

    The first alone, so that a row stands for one draw with one known probability (that no earlier
    draw of the horizon chose it is left out; with probabilities of a few per cent that is little).
    Without such a visit the probability is NaN.

    Raises:
        BadSample: a logged probability is not within (0, 1].
    """
    own = np.isin(visits.field.astype(str), outcome.fields)
    ent, day, chance = visits.ent[own], visits.day[own], visits.probability[own].astype(float)
    if not ((chance > 0) & (chance <= 1)).all():
        raise BadSample("a logged probability is not within (0, 1]; correct it at its source")
    span = 10_000_000  # larger than any day number, so that one sorted key serves both
    keys = ent.astype(np.int64) * span + day
    at = np.searchsorted(keys, rows * span + days, side="right")
    inside = np.minimum(at, max(keys.size - 1, 0))
    if not keys.size:
        nobody = np.zeros(rows.shape, np.int8)
        return np.full(rows.shape, np.nan), nobody, days
    until = days + outcome.horizon_days
    there = (at < keys.size) & (ent[inside] == rows) & (day[inside] <= until)
    there &= (visits.known[own][inside] <= until) & (visits.withdrawn[own][inside] > until)
    failed = visits.failed[own].astype(np.int8)[inside]
    found = np.where(there, failed, 0).astype(np.int8)
    return np.where(there, chance[inside], np.nan), found, day[inside]
