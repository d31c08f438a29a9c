"""What is really so: risks, probabilities, odds, future outcomes.  Ingestion never reads it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from .book import Serial
from .calendar import Calendar, Floats, Ints
from .parameters import FIELDS
from .population import Population
from .visits import Inspectors, Visits

HORIZON = 365


def truth_tables(
    pop: Population, visits: Visits, grave: list[tuple[Ints, Ints]], end: int
) -> dict[str, pa.Table]:
    """``risk`` per enterprise and quarter of its life, each field's own, ``visits``."""
    tables = {"risk": _general(pop, visits, _adverse(pop, grave, end))}
    for name in FIELDS:
        tables[f"risk_{name}"] = _of_field(pop, visits, name)
    tables["visits"] = _visits(pop, visits)
    return tables


def _keys(pop: Population, who: Ints, quarter: Ints) -> dict[str, pa.Array]:
    """Code and quarter; a dictionary of codes keeps it small."""
    _, first = np.unique(who, return_index=True)
    chosen = np.sort(who[first])
    codes = pop.codes.take(pa.array(chosen))
    indices = pa.array(np.searchsorted(chosen, who).astype(np.int32))
    names = pa.array(pop.calendar.names())
    return {
        "code": pa.DictionaryArray.from_arrays(indices, codes),
        "quarter": pa.DictionaryArray.from_arrays(pa.array(quarter.astype(np.int8)), names),
    }


def _rounded(values: Floats, digits: int) -> pa.Array:
    return pa.array(np.round(values, digits).astype(np.float32), from_pandas=True)


def _general(pop: Population, visits: Visits, adverse: np.ndarray) -> pa.Table:
    who, quarter = np.nonzero(pop.exposure > 0)
    at = (who, quarter)
    outcome = adverse[at]
    seen = visits.classes[at]
    letters = pa.array(["A", "B", "C", "D"])
    return pa.table(
        _keys(pop, who, quarter)
        | {
            "risk": _rounded(pop.risk[at], 2),
            "p_violation": _rounded(pop.violation()[at], 4),
            "observed_class": pa.DictionaryArray.from_arrays(
                pa.array(seen, mask=seen < 0), letters
            ),
            "inclusion_probability": _rounded(visits.frame["general"][at], 4),
            "adverse_12m": pa.array(outcome > 0, mask=outcome < 0),
        }
    )


def _of_field(pop: Population, visits: Visits, name: str) -> pa.Table:
    rows = pop.members(name)
    place, quarter = np.nonzero(pop.exposure[rows] > 0)
    at = (place, quarter)
    return pa.table(
        _keys(pop, rows[place], quarter)
        | {
            "risk": _rounded(pop.field_risk[name][at], 2),
            "p_violation": _rounded(pop.violation(name)[at], 4),
            "inclusion_probability": _rounded(visits.frame[name][at], 4),
        }
    )


def _adverse(pop: Population, grave: list[tuple[Ints, Ints]], end: int) -> np.ndarray:
    """Whether a grave event happens in the year after the quarter's last day; -1 if not yet over.

    Grave: a penalty of ordinary or serious degree, a serious listing, a dishonest debtor.
    """
    result = np.zeros(pop.risk.shape, np.int8)
    who = np.concatenate([rows for rows, _ in grave])
    days = np.concatenate([when for _, when in grave])
    for q, last in enumerate(pop.calendar.ends - 1):
        inside = (days > last) & (days <= last + HORIZON)
        result[who[inside], q] = 1
        if last + HORIZON > end:
            result[:, q] = -1
    return result


def _visits(pop: Population, visits: Visits) -> pa.Table:
    numbers = pop.chunk.number * 10_000_000 + 1 + np.arange(len(visits.who))
    return pa.table(
        {
            "inspection_no": Serial("JC", numbers).take(np.arange(len(numbers))),
            "p_violation": _rounded(visits.truth, 4),
            "inspector": Serial("J", visits.inspector + 1, width=6).take(np.arange(len(numbers))),
        }
    )


def inspector_table(inspectors: Inspectors) -> pa.Table:
    """Severity of each inspector, as shift of the log-odds."""
    count = len(inspectors.severity)
    field = np.searchsorted(inspectors.first, np.arange(count), side="right") - 1
    names = np.array(["general", *FIELDS])[field]
    return pa.table(
        {
            "inspector": [f"J{i + 1:06d}" for i in range(count)],
            "field": names,
            "severity": _rounded(inspectors.severity, 4),
        }
    )


def world_json(parameters: dict[str, object], calendar: Calendar) -> dict[str, object]:
    """Parameters and period, as plain data."""
    return {"quarters": calendar.names(), "parameters": parameters}
