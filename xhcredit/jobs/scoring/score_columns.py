"""Scores of the enterprises in a clustered store on the model's day, all in memory."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.columns import Store
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import NothingKnown
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.result_table import Results


def present(store: Store, as_of: date) -> np.ndarray:
    """Positions of the enterprises of a day.

    Raises:
        NothingKnown: nobody was known by then; says from which day on somebody was.
    """
    rows = store.present(day_number(as_of))
    if rows.shape[0] == 0:
        first = date(1970, 1, 1) + timedelta(days=int(store.known.min())) if len(store) else None
        raise NothingKnown(
            f"no enterprise was known on {as_of}; "
            + (
                f"the first became known on {first}: choose that day or a later one"
                if first
                else ""
            )
        )
    return rows


def score_store(
    store: Store, model: Model, rows: np.ndarray, progress: Progress = ignore_progress
) -> Results:
    """Score the enterprises at ``rows`` of a store on the model's day."""
    day = day_number(model.as_of)
    days = np.full(rows.shape, day, np.int32)
    results = Results(model, rows.shape[0])
    done: list[int] = []

    def put(at: slice, x: np.ndarray) -> None:
        results.put(at, x)
        done.append(x.shape[1])
        progress("score", sum(done), rows.shape[0])

    shared = model.compiled.neighbours(store, rows, days)
    model.compiled.in_chunks(store, rows, days, shared, put)
    return results
