"""By when must an objection (异议) be marked, passed on and decided?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from xhcredit.domain.calendar import Calendar
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.shapes_restoration import TimeLimits

RULE = "restoration.shanghai.objection"


def objection_clocks(
    filed_on: date, rules: Rulebook, calendar: Calendar | None = None
) -> Mapping[str, date]:
    """The last day of each step of an objection filed on a day, in working days.

    ``provider_decides`` runs from the last day of ``forward``, the others from the filing.

    Raises:
        RuleNotInForce: there was no such rule on that day.
        BeyondCalendar: a step ends beyond the calendar.

    Source: 上海市社会信用条例第36条.
    """
    days = calendar or rules.calendar
    steps = rules.value(RULE, TimeLimits, applied_on=filed_on).steps
    clocks = {step: days.add_working_days(filed_on, count) for step, count in steps.items()}
    if "provider_decides" in steps and "forward" in clocks:
        last = days.add_working_days(clocks["forward"], steps["provider_decides"])
        clocks["provider_decides"] = last
    return clocks
