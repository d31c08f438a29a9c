"""Explanation of a score and tier: points, rules and events."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from xhcredit.engine.columns import EventColumns
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import UnknownEnterprise
from xhcredit.ingest.schema import directory
from xhcredit.jobs.enterprise.event_rows import event_row, latest_first
from xhcredit.jobs.enterprise.event_uses import event_uses
from xhcredit.jobs.enterprise.rows import Explanation
from xhcredit.jobs.scoring.model import Model
from xhcredit.jobs.scoring.reasons import applicable_scores, result_of
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.jobs.warehouse.rows_by_enterprise import open_rows


def explain(
    warehouse: Path,
    event_columns: EventColumns,
    model: Model,
    code: str,
    shown_on: date | None = None,
) -> Explanation:
    """Full explanation of one enterprise's result, as JSON-ready values.

    Each event names the indicators that read it on the model's day, or why none does (see
    ``EventUse``).  With ``shown_on``, what is withdrawn by that day is left out, as the law wants
    it where scores are read.

    Raises:
        UnknownEnterprise: nobody has this code, or it was not yet known on the model's day.
    """
    row = event_columns.row(code)
    day = day_number(model.as_of)
    if event_columns.known[row] > day:
        raise UnknownEnterprise(
            f'enterprise "{code}" was not known on {model.as_of}; choose a later day'
        )
    result = result_of(model, model.compiled.run(event_columns, np.array([row]), np.array([day])))
    uses = event_uses(model, open_rows(warehouse, event_columns), row, applicable_scores(result))
    events = [
        event_row(directory()[name], use)
        for name, uses_of_table in uses.items()
        for use in uses_of_table
        if not (shown_on and use.withdrawn_on and use.withdrawn_on <= shown_on)
    ]
    return {
        "code": code,
        "mark": MARK,
        "provenance": model.provenance(event_columns.digest),
        **result,
        "events": latest_first(events),
    }
