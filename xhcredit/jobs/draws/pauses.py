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

_LAST = (
    "SELECT code, max(occurred_on) FROM inspection WHERE known_on <= $day "
    "AND occurred_on <= $first AND (withdrawn_on IS NULL OR withdrawn_on > $day) "
    "AND list_contains($fields, field) GROUP BY code"
)


def rounds_ago(
    plan: Plan, warehouse: Path, first: date, as_of: date, missing: int
) -> dict[str, int]:
    """How many rounds before the plan's first draw somebody was last inspected in its fields.

    Args:
        plan: its ``round_months`` are the length of a round; without them nobody is told.
        warehouse: where inspections are.
        first: the day of the plan's first draw; later inspections are those of its own rounds.
        as_of: what was not known by this day is not asked.
        missing: so many rounds back; 1 is the last one before the first draw.
    """
    if plan.round_months is None or missing < 1:
        return {}
    kept = Warehouse(warehouse)
    with kept.reading(), duckdb.connect() as con:
        create_views(con, kept)
        asked = {"day": as_of, "first": first, "fields": list(plan.fields)}
        rows = con.execute(_LAST, asked).fetchall()
    ago = {day: -(-_months(first, day) // plan.round_months) for day in {day for _, day in rows}}
    return {code: ago[day] for code, day in rows if ago[day] <= missing}


def _months(first: date, day: date) -> int:
    """Number of the month before the first draw in which a day lies, from 1."""
    months = 1
    while day <= add_months(first, -months):
        months += 1
    return months


def from_before(
    kept: pd.DataFrame, plan: Plan, ago: dict[str, int], rounds: int
) -> tuple[pd.DataFrame, pd.Series[bool]]:
    """Rates of each enterprise in the rounds before the plan, the oldest first, and who pauses.

    Args:
        kept: ``code``, ``tier`` and ``duty`` of each enterprise of the frame.
        plan: its long-run rates by tier.
        ago: from ``rounds_ago``.
        rounds: rounds of the plan itself that lie within the pause.

    A pause that a tier's rate does not allow is shortened from its oldest round on.
    """
    at = kept["code"].map(ago).where(~kept["duty"])
    known = sorted({int(k) for k in at.dropna()}, reverse=True)
    past = pd.DataFrame("0", index=kept.index, columns=[f"before-{k}" for k in known])
    paused = pd.Series(False, index=kept.index)
    for tier, own in kept.groupby("tier").groups.items():
        counts = Counter(at[own].dropna().astype(int))
        size = max(1, int((~kept.loc[own, "duty"]).sum()))
        taken = Fraction(plan.by_tier[str(tier)]) * (rounds + 1)
        for k in sorted(counts):
            share = Fraction(counts[k], size)
            if taken + share > 1:
                break
            taken += share
            past.loc[own, f"before-{k}"] = decimal(share)
            paused |= (kept["tier"] == tier) & at.eq(k)
    return past, paused
