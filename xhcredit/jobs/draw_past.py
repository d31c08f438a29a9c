"""Who is left out of a frame, and for whom coverage falls due: from what was known on the day."""

from __future__ import annotations

from collections.abc import Set
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from xhcredit.domain.calendar import add_months
from xhcredit.draws.commitment import Excluded
from xhcredit.draws.plan import Plan
from xhcredit.errors import RuleNotInForce
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.draw_trust import trusted_codes
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.shapes_draws import Caps, Duties, Exclusions, Items

_KNOWN = (
    "known_on <= $day AND occurred_on <= $day AND (withdrawn_on IS NULL OR withdrawn_on > $day)"
)


def _asked(warehouse: Path, sql: str, **values: object) -> set[str]:
    """Codes that a question to the warehouse gives."""
    kept = Warehouse(warehouse)
    with kept.reading(), duckdb.connect() as con:
        create_views(con, kept)
        return {code for (code,) in con.execute(sql, values).fetchall()}


def left_out(
    scope: pd.DataFrame,
    plan: Plan,
    warehouse: Path,
    rules: Rulebook,
    as_of: date,
    checked: Set[str] = frozenset(),
) -> tuple[pd.DataFrame, list[Excluded]]:
    """Take out whom the rules of the day leave out; each is counted once, by its first reason.

    ``checked`` are codes with an open triggered check in a field of the plan.
    """
    law = rules.serving("draws.exclusions", Exclusions, as_of=as_of)
    reasons = [
        ("歇业或注销 suspended or de-registered", "draws.exclusions",
         _by_status(warehouse, law, as_of)),
        ("已达年度检查次数上限 yearly cap reached", "draws.caps",
         _capped(plan, warehouse, rules, as_of)),
        ("上级近期已检查同一事项 inspected lately by a higher bureau", "draws.exclusions",
         _by_higher(plan, warehouse, rules, law, as_of)),
        ("个案检查未结 complaint-led check pending", "draws.exclusions",
         _pending(plan, warehouse, law, as_of) | checked),
        ("无感监管对象 on the list of remote checks", "draws.trust",
         trusted_codes(scope, plan, warehouse, rules, as_of)),
    ]  # fmt: skip
    kept, told = scope, []
    for reason, rule, codes in reasons:
        out = kept["code"].isin(codes)
        if out.any():
            told.append(Excluded(reason, rule, int(out.sum())))
            kept = kept[~out]
    return kept.reset_index(drop=True), told


def _by_status(warehouse: Path, law: Exclusions, as_of: date) -> set[str]:
    """Whose status of the day is one of the rule's; a status without its day counts always."""
    sql = (
        "SELECT code FROM enterprise WHERE (list_contains($statuses, status) "
        "AND (status_on IS NULL OR status_on <= $day)) OR deregistered_on <= $day"
    )
    return _asked(warehouse, sql, statuses=list(law.statuses), day=as_of)


def _capped(plan: Plan, warehouse: Path, rules: Rulebook, as_of: date) -> set[str]:
    """Inspected as often this year as the cap of a field of the plan allows."""
    caps = rules.serving("draws.caps", Caps, as_of=as_of).root
    sql = (
        f"SELECT code FROM inspection WHERE {_KNOWN} AND field = $field "
        "AND list_contains($forms, form) AND occurred_on >= $since GROUP BY code "
        "HAVING count(*) >= $most"
    )
    found: set[str] = set()
    for field in plan.fields:
        if field in caps:
            cap = caps[field]
            found |= _asked(
                warehouse, sql, day=as_of, field=field, forms=list(cap.forms),
                since=as_of.replace(month=1, day=1), most=cap.most,
            )  # fmt: skip
    return found


def _by_higher(
    plan: Plan, warehouse: Path, rules: Rulebook, law: Exclusions, as_of: date
) -> set[str]:
    """Inspected for the same items by a higher bureau a short time ago."""
    base = rules.serving("draws.items", Items, as_of=as_of).root
    sql = (
        f"SELECT code FROM inspection WHERE {_KNOWN} AND occurred_on > $since "
        "AND list_contains($items, item) "
        "AND list_bool_or(list_transform($agencies, lambda a: starts_with(agency, a)))"
    )
    return _asked(
        warehouse, sql, day=as_of, since=add_months(as_of, -law.higher_months),
        items=[base[i].zh for i in plan.items], agencies=list(law.higher_agencies),
    )  # fmt: skip


def _pending(plan: Plan, warehouse: Path, law: Exclusions, as_of: date) -> set[str]:
    sql = (
        f"SELECT code FROM inspection WHERE {_KNOWN} AND form = $form AND result = $result "
        "AND list_contains($fields, field) AND (ended_on IS NULL OR ended_known_on > $day)"
    )
    return _asked(
        warehouse, sql, day=as_of, form=law.pending_form, result=law.pending_result,
        fields=list(plan.fields),
    )  # fmt: skip


def with_duty(
    kept: pd.DataFrame, plan: Plan, warehouse: Path, rules: Rulebook, as_of: date
) -> pd.DataFrame:
    """Mark for whom coverage by law falls due within the period of the plan.

    Whoever was not inspected in the field since so many months before the period's last day is
    due.
    """
    try:
        duties = rules.serving("draws.coverage", Duties, as_of=as_of).root
    except RuleNotInForce:
        return kept.assign(duty=False)
    due = pd.Series(False, index=kept.index)
    sql = f"SELECT code FROM inspection WHERE {_KNOWN} AND field = $field AND occurred_on > $since"
    for duty in duties.values():
        if duty.field in plan.fields:
            since = add_months(plan.period.last, -duty.months)
            seen = _asked(warehouse, sql, day=as_of, field=duty.field, since=since)
            owed = kept["fields"].str.contains(f";{duty.x};", regex=False)
            due |= owed & ~kept["code"].isin(seen)
    return kept.assign(duty=due)
