"""Rules of a day: law and policy as dated entries, working days, tiers.

```python
import xhcredit

in_force = xhcredit.rules_in_force("2026-06-30")
print(in_force.loc["tiers.cutoffs", ["value", "effective_from", "verification"]])
print(xhcredit.tier_of_score(712.5, "2026-06-30"))
print(xhcredit.add_working_days("2026-09-28", 10).day)
```
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xhcredit.api.days import Day, as_day, rules_or_shipped
from xhcredit.domain.calendar import LastDay
from xhcredit.errors import BadInput
from xhcredit.rules.check import describe
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.common import Cutoffs
from xhcredit.scores.rulebook import load_rulebook
from xhcredit.tiers.assign import TIERS, TierName, grade_scores

__all__ = [
    "LastDay", "Rulebook", "add_working_days", "load_rules", "rules_in_force", "tier_of_score",
]  # fmt: skip


def load_rules(folder: Path | str | None = None) -> Rulebook:
    """Load the shipped rulebook, with a district's own entries and fields if a folder is named.

    Args:
        folder: what ``--rules`` of the program takes: YAML files that extend shipped rules or have
            new ids.

    Returns:
        A ``Rulebook``: ``rules`` by id, ``digest`` (SHA-256, hex), ``calendar``, and
        ``value(id, shape, as_of=day)`` for one number.

    Raises:
        BadRule: a file is refused; the message names file, place and remedy.
    """
    return rules_or_shipped(None) if folder is None else load_rulebook(Path(folder))


def rules_in_force(on: Day, *, rules: Rulebook | None = None) -> pd.DataFrame:
    """Rules in force on a day, with source and verification mark.

    Args:
        on: the day.
        rules: a rulebook; the shipped one by default.

    Returns:
        One row per rule, index ``rule``, in order of id: ``name_zh``, ``name_en``, ``value`` (plain
        values), ``unit``, ``effective_from``, ``last_day`` (None: no end is known),
        ``verification`` (V1 … proposal), ``confirmed`` (by a lawyer), ``in_service`` (its pack is
        not switched off), ``title`` and ``article`` of the source.

    Raises:
        BadInput: ``on`` is no day.
    """
    day = as_day(on, "on")
    rows = [
        _rule_row(describe(current.rule, day)) | {"in_service": current.in_service}
        for current in rules_or_shipped(rules).in_force(day)
    ]
    return pd.DataFrame(rows).set_index("rule")


def _rule_row(description: dict[str, Any]) -> dict[str, Any]:
    plain = ("name_zh", "name_en", "value", "unit", "effective_from", "last_day")
    return {
        "rule": description["id"],
        **{name: description[name] for name in plain},
        "verification": description["verification"]["id"],
        "confirmed": description["status"]["confirmed"],
        "title": description["source"]["title"],
        "article": description["source"]["article"],
    }


def tier_of_score(composite: float, as_of: Day, *, rules: Rulebook | None = None) -> TierName:
    """Tier of a composite score by the cut-offs of a day alone.

    Caps, direct assignments and the tolerance period look at facts and may give another tier:
    ``score_enterprises`` applies them. The tier is an internal reference and never public.

    Args:
        composite: points, more is safer.
        as_of: the day whose cut-offs (rule ``tiers.cutoffs``) hold.
        rules: a rulebook; the shipped one by default.

    Returns:
        ``A`` (low risk) to ``D``.

    Raises:
        BadInput: the score is missing or infinite; nobody may get a tier from that.
        RuleNotInForce: there were no cut-offs on that day.
    """
    if not math.isfinite(composite):
        raise BadInput(f"composite {composite} is no score; give points, such as 712.5")
    day = as_day(as_of)
    cutoffs = rules_or_shipped(rules).serving("tiers.cutoffs", Cutoffs, as_of=day)
    return TIERS[int(grade_scores(np.array([composite]), cutoffs)[0])]


def add_working_days(day: Day, count: int, *, rules: Rulebook | None = None) -> LastDay:
    """Last day of a term of working days (工作日) by the State Council's notices.

    Args:
        day: on which the term begins; it is not counted (民法典第201条).
        count: working days, 0 or more; 0 is the day itself.
        rules: a rulebook; the shipped one by default. ``rules.calendar`` answers more
            (``is_working_day``, ``working_days_between`` …).

    Returns:
        A ``LastDay``: ``day``, and ``provisional`` if it lies in a year whose notice is not known.

    Raises:
        BeyondCalendar: the term ends beyond the calendar, or ``count`` is negative.
    """
    return rules_or_shipped(rules).calendar.term(as_day(day, "day"), count)
