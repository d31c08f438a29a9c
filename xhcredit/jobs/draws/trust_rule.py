"""Rule of the trust list: who is checked remotely first (无感监管), with reasons."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from xhcredit.domain.calendar import add_months
from xhcredit.draws.plan import Plan
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import CoverageDuty, TrustTerms

_KNOWN_SQL = "known_on <= $day AND (withdrawn_on IS NULL OR withdrawn_on > $day)"
#: the last failed inspection or penalty of everybody
_BLEMISHES_SQL = f"""
SELECT code, max(occurred_on) AS last FROM (
  SELECT code, occurred_on FROM inspection WHERE {_KNOWN_SQL} AND failed
  UNION ALL SELECT code, occurred_on FROM penalty WHERE {_KNOWN_SQL}
) GROUP BY code
"""


def trust_table(tiers: pd.DataFrame, warehouse: Path, rules: Rulebook, as_of: date) -> pd.DataFrame:
    """Trust list of a day; enterprises that are not listed have the reason.

    Args:
        tiers: ``code`` and ``tier`` as published.
        warehouse: where events are.
        rules: the rulebook.
        as_of: the day.

    Returns:
        ``code``, ``listed``, ``reason`` (both languages), ``last_blemish`` (day or missing),
        ``free_on`` (day from which the record is clean enough; missing if it is).
    """
    law = rules.serving("draws.trust", TrustTerms, as_of=as_of)
    opened_warehouse = Warehouse(warehouse)
    with opened_warehouse.reading(), duckdb.connect() as con:
        create_views(con, opened_warehouse)
        blemishes = con.execute(_BLEMISHES_SQL, {"day": as_of}).df()
    table = tiers[["code", "tier"]].merge(blemishes, on="code", how="left")
    clean_since = pd.Timestamp(add_months(as_of, -law.months))
    has_low_tier = table["tier"].isin(law.tiers)
    # Not `<=`: who has no blemish has no day, and a comparison with a missing day is false.
    has_clean_record = ~(table["last"] > clean_since)
    reason = pd.Series("等级不符 tier is not low enough", index=table.index)
    reason[has_low_tier & ~has_clean_record] = (
        "近期有问题记录 a failed inspection or penalty lately"
    )
    reason[has_low_tier & has_clean_record] = "低风险且记录清白 low risk and a clean record"
    return table.assign(listed=has_low_tier & has_clean_record, reason=reason).rename(
        columns={"last": "last_blemish"}
    )


def trusted_codes(
    scope: pd.DataFrame, plan: Plan, warehouse: Path, rules: Rulebook, as_of: date
) -> set[str]:
    """Codes that a plan excludes because they are on the trust list.

    Only fields that the law does not cover in full: statutory coverage goes before.  And only a
    share of a tier that keeps a chance to be drawn can be learned from, so a plan with odds for
    the tier draws from the rest of it.
    """
    duties = rules.serving_family("draws.coverage.", CoverageDuty, as_of=as_of)
    if {d.field for d in duties.values()} & set(plan.fields) or not plan.spare_trusted:
        return set()
    trust_rows = trust_table(scope, warehouse, rules, as_of)
    return set(trust_rows.loc[trust_rows["listed"], "code"])
