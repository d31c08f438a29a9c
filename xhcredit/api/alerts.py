"""Early warning: which alerts are new on a day, compared with an earlier one.

```python
import xhcredit

district = xhcredit.open_warehouse("out/warehouse")
alerts = xhcredit.alerts_between(district, "2026-06-23", "2026-06-30")
print(alerts.groupby(["trigger", "colour"]).size())
```
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from xhcredit.alerts.back_test import TierChanges
from xhcredit.alerts.budget import AlertCandidate, ordered_by_urgency
from xhcredit.alerts.detect import Finding, active_triggers, detect
from xhcredit.api.days import Day, as_day, rules_or_shipped
from xhcredit.api.warehouse import OpenWarehouse
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import BadInput, BadStore
from xhcredit.jobs.alerts.back_test import tier_falls, tiers_on
from xhcredit.jobs.alerts.context import DistrictContext
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import Discovery
from xhcredit.scores.release import Release, load_release

_Key = tuple[str, str, str]  #: trigger, subject, fact
_COLUMNS = ("trigger", "colour", "kind", "subject", "code", "name", "bureau", "street", "fact")


def alerts_between(
    warehouse: OpenWarehouse,
    earlier: Day,
    later: Day,
    *,
    rules: Rulebook | None = None,
    release: Release | None = None,
) -> pd.DataFrame:
    """Alerts that the triggers in force raise on the later day and not yet on the earlier.

    Each day is judged as known then, by its own rules and white list. All triggers in force speak;
    a published night raises only those that were back-tested, within quiet periods and the alert
    budget.

    Args:
        warehouse: an open warehouse.
        earlier: the earlier day; whatever holds on it counts as told.
        later: the later day.
        rules: a rulebook; the shipped one by default.
        release: points tables for falls of tiers; the shipped expert tables by default.

    Returns:
        One row per alert, most urgent first: ``trigger``, ``colour``, ``kind`` (``enterprise``,
        ``node``, ``area``), ``subject``, ``code`` (empty unless an enterprise), ``name``,
        ``bureau``, ``street``, ``fact``, ``zh`` and ``en`` (name of the trigger), ``figures``,
        ``events`` (the rows behind it). No row if nothing is new.

    Raises:
        BadInput: the later day is not after the earlier one.
        BadStore: something was ingested since the warehouse was opened; open it again.
        RuleNotInForce: alert rules or scoring rules do not reach one of the days.
    """
    days = as_day(earlier, "earlier"), as_day(later, "later")
    if days[0] >= days[1]:
        raise BadInput(f"earlier {days[0]} is not before later {days[1]}; exchange them")
    rulebook = rules_or_shipped(rules)
    tables = load_release(None, rulebook) if release is None else release
    tiers = [tiers_on(warehouse.event_columns, rulebook, tables, day_number(d)) for d in days]
    _, told_before = _candidates(warehouse, rulebook, days[0], {})
    district, candidates = _candidates(warehouse, rulebook, days[1], tier_falls(*tiers))
    fresh = [(c, None) for key, (c, _) in candidates.items() if key not in told_before]
    rows = [
        {
            **{name: getattr(candidate, name) for name in _COLUMNS},
            **district.evidence(candidates[_key(candidate)][1]),
        }
        for candidate, _ in ordered_by_urgency(fresh)
    ]
    return pd.DataFrame(rows, columns=[*_COLUMNS, "zh", "en", "figures", "events"])


def _key(candidate: AlertCandidate) -> _Key:
    return candidate.trigger, candidate.subject, candidate.fact


def _candidates(
    warehouse: OpenWarehouse, rules: Rulebook, day: date, falls: TierChanges
) -> tuple[DistrictContext, dict[_Key, tuple[AlertCandidate, Finding]]]:
    """All that the triggers of a day find, by trigger, subject and fact.

    Raises:
        BadStore: something was ingested since the warehouse was opened.
    """
    district = DistrictContext.open(warehouse.folder, rules, day)
    # Names and rows behind an alert are read from the folder: they must be those that were scored.
    if district.event_columns.digest != warehouse.digest:
        problem = f'"{warehouse.folder}" holds more than when it was opened'
        raise BadStore(f"{problem}; open it again: xhcredit.open_warehouse")
    district.world.tier_changes = falls
    rate = rules.value("alerts.discovery", Discovery, as_of=day)
    findings = detect(district.world, active_triggers(rules, day), rate, day_number(day))
    candidates = ((district.candidate(finding), finding) for finding in findings)
    return district, {_key(candidate): (candidate, finding) for candidate, finding in candidates}
