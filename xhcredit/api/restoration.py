"""Credit restoration (信用修复): whether a record can be restored, from when, and on what basis.

```python
import xhcredit

record = {
    "kind": "penalty",
    "authority": "samr",
    "decided_on": "2025-11-03",
    "published_on": "2025-11-05",
    "penalty_kinds": ["fine"],
    "amount_yuan": 60000,
    "duties_done_on": "2025-12-01",
    "pledge": True,
}
assessment = xhcredit.assess_restoration(record, applied_on="2026-03-02")
print(assessment.eligible, assessment.earliest_on, assessment.summary.en)
for condition in assessment.unmet:
    print(condition.text.zh, condition.met_from, condition.basis.title, condition.basis.article)
```
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xhcredit.api.days import Day, as_day, rules_or_shipped
from xhcredit.restoration.assess import assess
from xhcredit.restoration.assessment import Assessment
from xhcredit.restoration.record import AdverseRecord, record_from
from xhcredit.rules.rulebook import Rulebook

__all__ = ["Assessment", "assess_restoration"]


def assess_restoration(
    record: Mapping[str, Any] | AdverseRecord,
    applied_on: Day,
    *,
    applicant: str = "",
    rules: Rulebook | None = None,
) -> Assessment:
    """Assess whether a record can be restored by an application on a day; "no" is an answer.

    Args:
        record: a penalty or listing as plain values, keys as in a case file: ``kind``,
            ``authority`` (``ndrc``, ``samr``, ``shanghai``) and ``decided_on`` at least; a key that
            is left out is not known.
        applied_on: the day of filing; the rules of this day hold.
        applicant: code of who applies; empty for a mere question.
        rules: a rulebook; the shipped one by default.

    Returns:
        An ``Assessment``: ``eligible``, ``route``, ``earliest_on`` (None: no day can be named),
        ``publication_ends_on``, ``severity``, ``conditions`` and ``unmet`` with basis and day,
        ``deadlines`` of the authority, ``materials``, ``summary`` (``zh``, ``en``), ``lawyer``
        (what must be confirmed before a decision).

    Raises:
        BadInput: an unknown key or value, or a record that contradicts itself.
        WrongApplicant: the applicant is not the enterprise of the record.
        BeyondCalendar: the day is many years beyond the notices on holidays.
        RuleNotInForce: the rulebook does not reach that day.
    """
    adverse_record = record if isinstance(record, AdverseRecord) else record_from(record)
    return assess(
        adverse_record,
        applied_on=as_day(applied_on, "applied_on"),
        rules=rules_or_shipped(rules),
        applicant=applicant,
    )
