"""Scores of the enterprises in a clustered store on the model's day, all in memory."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from xhcredit.domain.progress import Progress, ignore_progress
from xhcredit.engine.columns import EventColumns
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import NothingKnown
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.result_table import NightResults


def present_rows(event_columns: EventColumns, as_of: date) -> np.ndarray:
    """Positions of the enterprises of a day.

    Raises:
        NothingKnown: nobody was known by then; says from which day on somebody was.
    """
    rows = event_columns.present(day_number(as_of))
    if rows.shape[0] == 0:
        first_day = (
            date(1970, 1, 1) + timedelta(days=int(event_columns.known.min()))
            if len(event_columns)
            else None
        )
        raise NothingKnown(
            f"no enterprise was known on {as_of}; "
            + (
                f"the first became known on {first_day}: choose that day or a later one"
                if first_day
                else ""
            )
        )
    return rows


def score_rows(
    event_columns: EventColumns,
    model: Model,
    rows: np.ndarray,
    progress: Progress = ignore_progress,
) -> NightResults:
    """Score the enterprises at ``rows`` of a store on the model's day."""
    day = day_number(model.as_of)
    days = np.full(rows.shape, day, np.int32)
    results = NightResults(model, rows.shape[0])
    chunk_sizes: list[int] = []

    def put_chunk(row_slice: slice, x: np.ndarray) -> None:
        results.put_chunk(row_slice, x)
        chunk_sizes.append(x.shape[1])
        progress("score", sum(chunk_sizes), rows.shape[0])

    neighbour_features = model.compiled.neighbours(event_columns, rows, days)
    model.compiled.in_chunks(event_columns, rows, days, neighbour_features, put_chunk)
    return results
