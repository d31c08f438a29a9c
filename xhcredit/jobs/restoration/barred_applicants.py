"""Applicants that are barred for a time, after false materials or a broken pledge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from xhcredit.jobs.restoration.candidates import SOON_DAYS, RestorableRecord
from xhcredit.jobs.restoration.records import RecordKey, stored_record
from xhcredit.restoration.assess import assess
from xhcredit.rules.rulebook import Rulebook


def without_barred(
    candidates: Sequence[RestorableRecord],
    barred: Mapping[str, date],
    warehouse: Path,
    rules: Rulebook,
    as_of: date,
) -> list[RestorableRecord]:
    """The list without records that no application can succeed for in the days it looks ahead.

    Args:
        candidates: as ``restorable`` gives it, which knows the warehouse only.
        barred: by enterprise the day on which it was found out, from the store; a later day than
            the list's was not known then and bars nobody from it.
        warehouse: where the records are.
        rules: the rulebook; it says how long the bar lasts.
        as_of: the day of the list.
    """
    horizon = as_of + timedelta(days=SOON_DAYS)

    def is_barred(row: RestorableRecord) -> bool:
        record_key = RecordKey(row.table, json.loads(row.key))
        record, _ = stored_record(warehouse, row.code, record_key, as_of)
        assessment = assess(
            replace(record, false_materials_on=barred[row.code]), applied_on=as_of, rules=rules
        )
        bar_conditions = [c for c in assessment.unmet if c.rule_id.endswith(".false_materials")]
        return any(c.met_from is None or c.met_from > horizon for c in bar_conditions)

    barred_codes = {code for code, day in barred.items() if day <= as_of}
    return [row for row in candidates if row.code not in barred_codes or not is_barred(row)]
