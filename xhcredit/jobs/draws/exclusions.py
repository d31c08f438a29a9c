"""Exclusions from a frame and duties of statutory coverage, as known on the day."""

from __future__ import annotations

from collections.abc import Set
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from xhcredit.draws.commitment import ExcludedGroup
from xhcredit.draws.plan import Plan
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.draws.trust_rule import trusted_codes
from xhcredit.rules.official_names import BUREAUS, spellings_of
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import CoverageDuty, Exclusions, InspectionCaps, Items

_KNOWN_SQL = (
    "known_on <= $day AND occurred_on <= $day AND (withdrawn_on IS NULL OR withdrawn_on > $day)"
)


def _codes_from_warehouse(warehouse: Path, sql: str, **values: object) -> set[str]:
    """Codes that a query on the warehouse returns."""
    opened_warehouse = Warehouse(warehouse)
    with opened_warehouse.reading(), duckdb.connect() as con:
        create_views(con, opened_warehouse)
        return {code for (code,) in con.execute(sql, values).fetchall()}


def apply_exclusions(
    scope: pd.DataFrame,
    plan: Plan,
    warehouse: Path,
    rules: Rulebook,
    as_of: date,
    codes_under_check: Set[str] = frozenset(),
) -> tuple[pd.DataFrame, list[ExcludedGroup]]:
    """Exclude enterprises by the rules of the day; each is counted by its first reason.

    ``codes_under_check`` are codes with an open triggered check in a field of the plan.
    """
    law = rules.serving("draws.exclusions", Exclusions, as_of=as_of)
    reasons = [
        (
            "歇业或注销 suspended or de-registered",
            "draws.exclusions",
            _by_status(warehouse, law, as_of),
        ),
        (
            # 国办发〔2024〕54号: each field publishes its yearly cap on inspections.
            "已达年度检查次数上限 yearly cap reached",
            "draws.caps",
            _capped(plan, warehouse, rules, law, as_of),
        ),
        (
            # 食品: after a higher bureau's check the same items are left alone for three months
            # as a rule (总局令第49号 第四十二条).
            "上级近期已检查同一事项 inspected lately by a higher bureau",
            "draws.exclusions",
            _inspected_by_higher(plan, warehouse, rules, law, as_of),
        ),
        (
            "个案检查未结 complaint-led check pending",
            "draws.exclusions",
            _with_pending_check(plan, warehouse, law, as_of) | codes_under_check,
        ),
        (
            # 无感监管对象清单: 沪府办发〔2024〕34号、沪法治政府办〔2024〕11号.
            "无感监管对象 on the list of remote checks",
            "draws.trust",
            trusted_codes(scope, plan, warehouse, rules, as_of),
        ),
    ]
    remaining, exclusions = scope, []
    for reason, rule, codes in reasons:
        is_excluded = remaining["code"].isin(codes)
        if is_excluded.any():
            exclusions.append(ExcludedGroup(reason, rule, int(is_excluded.sum())))
            remaining = remaining[~is_excluded]
    return remaining.reset_index(drop=True), exclusions


def _by_status(warehouse: Path, law: Exclusions, as_of: date) -> set[str]:
    """Whose status of the day is one of the rule's; a status without its day counts always."""
    sql = (
        "SELECT code FROM enterprise WHERE (list_contains($statuses, status) "
        "AND (status_on IS NULL OR status_on <= $day)) OR deregistered_on <= $day"
    )
    return _codes_from_warehouse(warehouse, sql, statuses=list(law.statuses), day=as_of)


def _capped(plan: Plan, warehouse: Path, rules: Rulebook, law: Exclusions, as_of: date) -> set[str]:
    """Inspected this year as often as the cap of a field of the plan allows.

    The cap holds for the plan's bureau at the district's level, and for all departments and
    levels together.  A bureau is recognised by every spelling that the district's list has of its
    name; an inspection that does not name its organ counts for every bureau.
    """
    caps = rules.serving("draws.caps", InspectionCaps, as_of=as_of)
    sql = f"""
        WITH visits AS (
          SELECT code,
            (agency IS NULL OR list_contains($spellings, agency))
            AND coalesce(level, CASE WHEN list_bool_or(
              list_transform($higher, lambda a: starts_with(agency, a))) THEN '' ELSE $level END
            ) = $level AS own
          FROM inspection WHERE {_KNOWN_SQL} AND field = $field
            AND list_contains($forms, form) AND occurred_on >= $since)
        SELECT code FROM visits GROUP BY code
        HAVING count(*) FILTER (own) >= $most OR count(*) >= $most_in_all"""
    names = spellings_of(rules, BUREAUS, as_of)
    official = names.get(plan.bureau, plan.bureau)
    spellings = [plan.bureau, *(text for text, name in names.items() if name == official)]
    capped: set[str] = set()
    for field in plan.fields:
        if field in caps.fields:
            cap = caps.fields[field]
            capped |= _codes_from_warehouse(
                warehouse,
                sql,
                day=as_of,
                field=field,
                forms=list(cap.forms),
                since=as_of.replace(month=1, day=1),
                most=cap.most,
                most_in_all=cap.most_in_all,
                spellings=spellings,
                level=caps.own_level,
                higher=list(law.higher_agencies),
            )
    return capped


def _inspected_by_higher(
    plan: Plan, warehouse: Path, rules: Rulebook, law: Exclusions, as_of: date
) -> set[str]:
    """Inspected for the same items by a higher bureau a short time ago."""
    items_by_id = rules.serving("draws.items", Items, as_of=as_of).root
    sql = (
        f"SELECT code FROM inspection WHERE {_KNOWN_SQL} "
        "AND occurred_on + to_months($months) >= $day AND list_contains($items, item) "
        "AND list_bool_or(list_transform($agencies, lambda a: starts_with(agency, a)))"
    )
    return _codes_from_warehouse(
        warehouse,
        sql,
        day=as_of,
        months=law.higher_months,
        items=[items_by_id[i].zh for i in plan.items],
        agencies=list(law.higher_agencies),
    )


def _with_pending_check(plan: Plan, warehouse: Path, law: Exclusions, as_of: date) -> set[str]:
    sql = (
        f"SELECT code FROM inspection WHERE {_KNOWN_SQL} AND form = $form AND result = $result "
        "AND list_contains($fields, field) AND (ended_on IS NULL OR ended_known_on > $day)"
    )
    return _codes_from_warehouse(
        warehouse,
        sql,
        day=as_of,
        form=law.pending_form,
        result=law.pending_result,
        fields=list(plan.fields),
    )


def with_duty(
    enterprises: pd.DataFrame, plan: Plan, warehouse: Path, rules: Rulebook, as_of: date
) -> pd.DataFrame:
    """Mark enterprises whose statutory coverage falls due within the period of the plan.

    Only an inspection that the duty's rule accepts (its form, and where the law says so one of
    all points) postpones it.
    """
    is_due = pd.Series(False, index=enterprises.index)
    sql = (
        f"SELECT code FROM inspection WHERE {_KNOWN_SQL} AND field = $field "
        "AND occurred_on + to_months($months) > $last AND list_contains($forms, form) "
        "AND (NOT $all_points OR coalesce(completeness, '') = 'all_points')"
    )
    # 食品: all points at least once in two years (总局令第49号 第二十二条第一款); flying checks
    # and single items do not count (第二十七条).
    duties = rules.serving_family("draws.coverage.", CoverageDuty, as_of=as_of)
    for duty in duties.values():
        if duty.field in plan.fields:
            covered = _codes_from_warehouse(
                warehouse,
                sql,
                day=as_of,
                field=duty.field,
                months=duty.months,
                last=plan.period.last,
                forms=list(duty.forms),
                all_points=duty.all_points,
            )
            has_duty = enterprises["fields"].str.contains(f";{duty.x};", regex=False)
            is_due |= has_duty & ~enterprises["code"].isin(covered)
    return enterprises.assign(duty=is_due)
