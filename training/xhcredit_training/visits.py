"""Inspections with a logged inclusion probability; never a feature."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from xhcredit.engine.codes import NEVER
from xhcredit.engine.columns import Array, EventColumns
from xhcredit.errors import BadSample
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.rules.schemas.training import Outcome

_INCONCLUSIVE = ("unreachable", "no_activity")  #: results that tell nothing about conduct


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


def logged_visits(warehouse: Path, event_columns: EventColumns) -> Visits:
    """Read the visits by draw that logged a probability; there may be none."""
    with duckdb.connect() as con:
        opened_warehouse = Warehouse(warehouse)
        with opened_warehouse.reading():
            create_views(con, opened_warehouse)
            visit_columns = con.execute(
                "SELECT code, date_diff('day', DATE '1970-01-01', occurred_on) AS day, "
                "date_diff('day', DATE '1970-01-01', known_on) AS known, "
                f"coalesce(date_diff('day', DATE '1970-01-01', withdrawn_on), {NEVER}) AS gone, "
                "field, failed, inclusion_probability FROM inspection WHERE form = 'random' "
                "AND inclusion_probability IS NOT NULL AND list_contains(?, result) = false "
                "ORDER BY code, occurred_on",
                [list(_INCONCLUSIVE)],
            ).fetchnumpy()
    codes = np.asarray(visit_columns["code"]).astype(event_columns.codes.dtype)
    return Visits(
        np.searchsorted(event_columns.codes, codes),
        *(
            np.asarray(visit_columns[c])
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
    in_fields = np.isin(visits.field.astype(str), outcome.fields)
    ent, day, probability = (
        visits.ent[in_fields],
        visits.day[in_fields],
        visits.probability[in_fields].astype(float),
    )
    if not ((probability > 0) & (probability <= 1)).all():
        raise BadSample("a logged probability is not within (0, 1]; correct it at its source")
    key_span = 10_000_000  # larger than any day number, so that one sorted key serves both
    keys = ent.astype(np.int64) * key_span + day
    next_index = np.searchsorted(keys, rows * key_span + days, side="right")
    index = np.minimum(next_index, max(keys.size - 1, 0))
    if not keys.size:
        no_failures = np.zeros(rows.shape, np.int8)
        return np.full(rows.shape, np.nan), no_failures, days
    horizon_ends = days + outcome.horizon_days
    has_visit = (next_index < keys.size) & (ent[index] == rows) & (day[index] <= horizon_ends)
    # By the end of the horizon, as every outcome: what was reported later, or withdrawn by
    # then, was not known.
    has_visit &= (visits.known[in_fields][index] <= horizon_ends) & (
        visits.withdrawn[in_fields][index] > horizon_ends
    )
    failed = visits.failed[in_fields].astype(np.int8)[index]
    is_failed = np.where(has_visit, failed, 0).astype(np.int8)
    return np.where(has_visit, probability[index], np.nan), is_failed, day[index]
