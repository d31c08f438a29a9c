"""Pauses from inspections before the plan's first draw.

The rounds before a plan are so many months each, as the plan says.  Whoever was inspected in one
of the last T - 1 of them is in a pause; the others of the tier are renewed by the share of the tier
that was: an enterprise of the tier is free with just that probability, so that the tier keeps its
long-run rate in the first draws too.  Without known inspections nobody is in a pause and the odds
of the first draw are the long-run rate itself.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from fractions import Fraction
from pathlib import Path

import duckdb
import pandas as pd

from xhcredit.domain.calendar import add_months
from xhcredit.draws.plan import Plan
from xhcredit.draws.strata import decimal
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse

_LAST_INSPECTION_SQL = (
    "SELECT code, max(occurred_on) FROM inspection WHERE known_on <= $day "
    "AND occurred_on <= $first AND (withdrawn_on IS NULL OR withdrawn_on > $day) "
    "AND list_contains($fields, field) GROUP BY code"
)


def rounds_ago(
    plan: Plan, warehouse: Path, first_draw_on: date, as_of: date, missing: int
) -> dict[str, int]:
    """How many rounds before the plan's first draw somebody was last inspected in its fields.

    Args:
        plan: its ``round_months`` are the length of a round; without them nobody is told.
        warehouse: where inspections are.
        first_draw_on: the day of the plan's first draw; later inspections are those of its own
        rounds. as_of: what was not known by this day is not asked.
        missing: so many rounds back; 1 is the last one before the first draw.
    """
    if plan.round_months is None or missing < 1:
        return {}
    opened_warehouse = Warehouse(warehouse)
    with opened_warehouse.reading(), duckdb.connect() as con:
        create_views(con, opened_warehouse)
        sql_parameters = {"day": as_of, "first": first_draw_on, "fields": list(plan.fields)}
        rows = con.execute(_LAST_INSPECTION_SQL, sql_parameters).fetchall()
    rounds_by_day = {
        day: -(-_months_before(first_draw_on, day) // plan.round_months)
        for day in {day for _, day in rows}
    }
    return {code: rounds_by_day[day] for code, day in rows if rounds_by_day[day] <= missing}


def _months_before(first_draw_on: date, day: date) -> int:
    """Number of the month before the first draw in which a day lies, from 1."""
    months = 1
    while day <= add_months(first_draw_on, -months):
        months += 1
    return months


def rates_before_plan(
    enterprises: pd.DataFrame, plan: Plan, ago: dict[str, int], rounds: int
) -> tuple[pd.DataFrame, pd.Series[bool]]:
    """Rates of each enterprise in the rounds before the plan, the oldest first, and who pauses.

    Args:
        enterprises: ``code``, ``tier`` and ``duty`` of each enterprise of the frame.
        plan: its long-run rates by tier.
        ago: from ``rounds_ago``.
        rounds: rounds of the plan itself that lie within the pause.

    A pause that a tier's rate does not allow is shortened from its oldest round on.
    """
    rounds_back = enterprises["code"].map(ago).where(~enterprises["duty"])
    known_rounds = sorted({int(k) for k in rounds_back.dropna()}, reverse=True)
    past_rates = pd.DataFrame(
        "0", index=enterprises.index, columns=[f"before-{k}" for k in known_rounds]
    )
    paused = pd.Series(False, index=enterprises.index)
    for tier, tier_rows in enterprises.groupby("tier").groups.items():
        counts = Counter(rounds_back[tier_rows].dropna().astype(int))
        size = max(1, int((~enterprises.loc[tier_rows, "duty"]).sum()))
        used_share = Fraction(plan.by_tier[str(tier)]) * (rounds + 1)
        for k in sorted(counts):
            share = Fraction(counts[k], size)
            if used_share + share > 1:
                break
            used_share += share
            past_rates.loc[tier_rows, f"before-{k}"] = decimal(share)
            paused |= (enterprises["tier"] == tier) & rounds_back.eq(k)
    return past_rates, paused
